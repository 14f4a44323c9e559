package kernel_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// TestScenarios runs the files under testdata/scenarios. Each begins with a schema; the commands are those of people,
// handlers, clocks and senders, and every one prints the events it made and what the instance waits for then. The
// invariants of world.check hold after each.
//
//	schema                    text form of a process
//	start [VARS]              VARS and RESULT are JSON
//	claim N [by=WHO]          N is a node id
//	release N [by=WHO]
//	complete N [RESULT] [by=WHO]
//	fail N cause=C | code=C [RESULT] | permanent cause=C | delay=D cause=C
//	receive N [RESULT]
//	refuse N cause=C          a message that does not fit
//	fire N
//	retry N
//	after DURATION            time passes
//	trace                     the effective trace
//	key                       whether the set digest equals that of the run remembered under the same name: key name=A
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		var w *world
		var m *kernel.Machine
		keys := map[string]kernel.Digest{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "schema":
				m = machine(t, d.Input)
				return ""
			case "start":
				w = newWorld(t, m)
				wrote, err := m.Inputs(value(t, object(t, d.Input)))
				if err != nil {
					return "refused: " + err.Error() + "\n"
				}
				return w.tell(kernel.Command{Kind: kernel.Start, Writes: wrote})
			case "after":
				pause, err := time.ParseDuration(d.CmdArgs[0].Key)
				if err != nil {
					t.Fatal(err)
				}
				w.now += pause.Milliseconds()
				return ""
			case "trace":
				return w.letters()
			case "key":
				return sameKey(keys, arg(d, "name"), w.s.Key)
			}
			w.t = t
			return w.tell(w.command(d))
		})
	})
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var x map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&x); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return x
}

func arg(d *datadriven.TestData, name string) string {
	for _, a := range d.CmdArgs {
		if a.Key == name && len(a.Vals) > 0 {
			return strings.Join(a.Vals, ",")
		}
	}
	return ""
}

func (w *world) command(d *datadriven.TestData) kernel.Command {
	c := kernel.Command{
		Node: w.node(d.CmdArgs[0].Key), Actor: arg(d, "by"), Cause: arg(d, "cause"), Code: arg(d, "code"),
		Permanent: slices.ContainsFunc(d.CmdArgs, func(a datadriven.CmdArg) bool { return a.Key == "permanent" }),
		Result:    value(w.t, object(w.t.(*testing.T), d.Input)),
	}
	if delay := arg(d, "delay"); delay != "" {
		p, err := time.ParseDuration(delay)
		if err != nil {
			w.t.Fatal(err)
		}
		c.Delay = p
	}
	kinds := map[string]kernel.CommandKind{
		"claim": kernel.Claim, "release": kernel.Release, "complete": kernel.CompleteTask, "fail": kernel.FailJob,
		"receive": kernel.Receive, "refuse": kernel.Refuse, "fire": kernel.Fire, "retry": kernel.Retry,
	}
	kind, ok := kinds[d.Cmd]
	if !ok {
		w.t.Fatalf("unknown command %s", d.Cmd)
	}
	if c.Kind = kind; kind == kernel.CompleteTask && w.m.Program().Nodes[c.Node].Kind == program.ServiceTask {
		c.Kind = kernel.CompleteJob
	}
	return c
}

// tell runs a command and tells what came of it.
func (w *world) tell(c kernel.Command) string {
	from := len(w.events)
	if err := w.do(c); err != nil {
		return "refused: " + err.Error() + "\n"
	}
	w.check()
	var b strings.Builder
	for i := range w.events[from:] {
		b.WriteString(w.event(&w.events[from+i]) + "\n")
	}
	if w.s.Ended() {
		return b.String() + "-> ended\n"
	}
	fmt.Fprintf(&b, "-> waits at %s\n", strings.Join(w.waits(), ", "))
	return b.String()
}

func (w *world) event(e *kernel.Event) string {
	p := w.m.Program()
	parts := []string{fmt.Sprint(e.Seq), e.Kind.String()}
	if e.Node >= 0 {
		parts = append(parts, p.Nodes[e.Node].ID)
	}
	if e.Kind == history.Decided || e.Kind == history.LoopedBack {
		parts = append(parts, "["+strings.Join(w.flows(e), ", ")+"]")
	}
	if e.Attempt > 0 {
		parts = append(parts, fmt.Sprintf("attempt=%d", e.Attempt))
	}
	if e.Due != 0 {
		parts = append(parts, "due=+"+(time.Duration(e.Due-e.At)*time.Millisecond).String())
	}
	for _, x := range [][2]string{{"by", e.Actor}, {"key", e.Key}, {"code", e.Code}, {"note", e.Note}} {
		if x[1] != "" {
			parts = append(parts, x[0]+"="+x[1])
		}
	}
	for _, x := range e.Wrote {
		parts = append(parts, fmt.Sprintf("%s:=%v", p.Vars[x.Slot].Name, x.Value))
	}
	return strings.Join(parts, " ")
}

func (w *world) flows(e *kernel.Event) []string {
	var ids []string
	for _, d := range w.m.Program().Decisions {
		if d.Node != e.Node {
			continue
		}
		ids = nil
		for i, f := range d.Flows {
			if e.Flows&(1<<i) != 0 {
				ids = append(ids, f.ID)
			}
		}
	}
	return ids
}

func (w *world) letters() string {
	trace, _, err := w.m.Effective(w.history())
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range trace.Letters {
		fmt.Fprintf(&b, "%d %v %s", l.Seq, l.Kind, w.m.Program().Nodes[l.Node].ID)
		for _, it := range l.Path {
			fmt.Fprintf(&b, " %s@%d", w.m.Program().Loops[it.Loop].ID, it.N)
		}
		for _, r := range l.Reads {
			fmt.Fprintf(&b, " reads %s(%d)", w.m.Program().Vars[r.Slot].Name, r.Seq)
		}
		for _, x := range l.Wrote {
			fmt.Fprintf(&b, " %s:=%v", w.m.Program().Vars[x.Slot].Name, x.Value)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func sameKey(keys map[string]kernel.Digest, name string, k kernel.Digest) string {
	old, known := keys[name]
	keys[name] = k
	switch {
	case !known:
		return "noted\n"
	case old == k:
		return "same\n"
	}
	return "other\n"
}
