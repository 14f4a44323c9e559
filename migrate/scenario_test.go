package migrate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// TestScenarios runs the files under testdata/scenarios:
//
//	from, to                  the two schemas, in the text form without their `process` line
//	check [rename=OLD:NEW]    one run a line; prints the verdict under the strict criterion, L (loops), D (deletions),
//	                          R (order) and their unions, equal ones together
//
// A run is what happened, in order: `a` started and completed, `a+` only started, `a{"v": 1}` completed with these
// results, `a!` occurred (an event; it may have data too), `a~code` failed with a business error. The first word may be
// {"v": 1}: the input.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		var from, to *schema.Process
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "from", "to":
				p, err := schema.Parse(d.Cmd+".yaml", []byte("process: p\n"+d.Input))
				if err != nil {
					return err.Error() + "\n"
				}
				if d.Cmd == "from" {
					from = p
				} else {
					to = p
				}
				return ""
			case "check":
				var b strings.Builder
				for _, line := range strings.Split(d.Input, "\n") {
					if strings.TrimSpace(line) != "" {
						fmt.Fprintf(&b, "%s\n%s", line, verdicts(t, from, to, line, renames(d)))
					}
				}
				return b.String()
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}

// The rows of the scenarios that the criteria of this package decide have their files. Those that need an engine are in
// workflow/testdata/moves.
func TestScenariosHaveAllRows(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^# ([0-9][0-9, ]*)`).FindAllStringSubmatch(string(b), -1) {
			for _, row := range strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' }) {
				told[row] = true
			}
		}
	}
	for _, row := range strings.Fields("1 2 3 5 6 7 9 10 11 13 15 16 18 19 21 22 25 26 28 30 31 33 35 36 39 50 59") {
		if !told[row] {
			t.Errorf("row %s has no scenario", row)
		}
	}
}

func renames(d *datadriven.TestData) map[string]string {
	m := map[string]string{}
	for _, a := range d.CmdArgs {
		if old, now, ok := strings.Cut(strings.Join(a.Vals, ""), ":"); a.Key == "rename" && ok {
			m[old] = now
		}
	}
	return m
}

var sets = []struct {
	name string
	c    migrate.Criteria
}{
	{"strict", migrate.Strict},
	{"L", migrate.Loops},
	{"D", migrate.Deletions},
	{"R", migrate.Order},
	{"LD", migrate.Loops | migrate.Deletions},
	{"LR", migrate.Loops | migrate.Order},
	{"DR", migrate.Deletions | migrate.Order},
	{"LDR", migrate.Default},
}

// verdicts prints the verdict for each set of criteria, and holds what must be true of all of them.
func verdicts(t *testing.T, from, to *schema.Process, line string, rename map[string]string) string {
	t.Helper()
	run := drive(t, from, line)
	var out []string
	var names [][]string
	accepted := map[migrate.Criteria]bool{}
	for _, s := range sets {
		c, err := migrate.NewChecker(from, to, &migrate.Options{Criteria: s.c | migrate.Strict, Rename: rename})
		if err != nil {
			return "  plan error: " + strings.ReplaceAll(err.Error(), "\n", "\n  ") + "\n"
		}
		v, landing := c.CheckRun(run)
		accepted[s.c] = v.Accepted()
		text := v.String()
		if v.Accepted() {
			checkLanding(t, to, landing)
			text = fmt.Sprintf("-> {%s}", strings.Join(v.Target.Offered, " "))
			if len(v.Target.Running) > 0 {
				text = fmt.Sprintf("-> {%s} running {%s}", strings.Join(v.Target.Offered, " "), strings.Join(v.Target.Running, " "))
			}
			if landing.State.Ended() {
				text = "-> ended"
			}
			for _, w := range v.Warnings {
				text += "; warning: " + w.Message
			}
		}
		if k := len(out) - 1; k >= 0 && out[k] == text {
			names[k] = append(names[k], s.name)
			continue
		}
		out, names = append(out, text), append(names, []string{s.name})
	}
	monotone(t, line, accepted)
	var b strings.Builder
	for i := range out {
		fmt.Fprintf(&b, "  %s: %s\n", strings.Join(names[i], " "), out[i])
	}
	return b.String()
}

// monotone: what is accepted under a set is accepted under every superset.
func monotone(t *testing.T, line string, accepted map[migrate.Criteria]bool) {
	t.Helper()
	for _, a := range sets {
		for _, b := range sets {
			x, y := a.c&^migrate.Strict, b.c&^migrate.Strict
			if x&^y == 0 && accepted[a.c] && !accepted[b.c] {
				t.Errorf("%s: accepted under %s, not under %s", line, a.name, b.name)
			}
		}
	}
}

// checkLanding: the rewritten trace, replayed on the target by the strict criterion, gives the landing.
func checkLanding(t tb, to *schema.Process, l *migrate.Landing) {
	t.Helper()
	m := kernel.New(to.Program())
	s, err := m.Replay(l.Trace)
	if err != nil {
		t.Errorf("the rewritten trace cannot be replayed: %v", err)
		return
	}
	for _, x := range [][2]any{{s.Marking, l.State.Marking}, {s.Slots, l.State.Slots}, {s.Loops, l.State.Loops}, {s.Key, l.State.Key}} {
		if fmt.Sprint(x[0]) != fmt.Sprint(x[1]) {
			t.Errorf("replay of the rewritten trace gives %v, the landing has %v", x[0], x[1])
		}
	}
}

// drive runs an instance of p as the line tells.
func drive(t *testing.T, p *schema.Process, line string) migrate.Run {
	t.Helper()
	m := kernel.New(p.Program())
	s := m.NewState()
	var events []kernel.Event
	now := int64(1_000_000)
	do := func(c kernel.Command) {
		t.Helper()
		now += 1000
		c.At = now
		if c.Kind == kernel.Fire {
			c.At = max(now, s.Work(c.Node).Due)
		}
		var err error
		if events, err = m.Decide(s, kernel.Context{}, &c, events); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	words := split(line)
	input := map[string]any{}
	if len(words) > 0 && strings.HasPrefix(words[0], "{") {
		input = object(t, words[0])
		words = words[1:]
	}
	in, err := m.Inputs(dyn(t, input))
	if err != nil {
		t.Fatal(err)
	}
	do(kernel.Command{Kind: kernel.Start, Writes: in})
	for _, w := range words {
		id := w
		if i := strings.IndexAny(w, "{+!~"); i >= 0 {
			id = w[:i]
		}
		rest := w[len(id):]
		n, ok := p.Program().ByID[id]
		if !ok {
			t.Fatalf("%s: no node %s", line, id)
		}
		c := kernel.Command{Node: int32(n)}
		kind := p.Program().Nodes[n].Kind
		switch {
		case rest == "+":
			if kind == program.ServiceTask {
				continue // it runs already
			}
			c.Kind, c.Actor = kernel.Claim, "somebody"
		case strings.HasPrefix(rest, "~"):
			c.Kind, c.Code = kernel.FailJob, rest[1:]
		case strings.HasPrefix(rest, "!"):
			c.Kind = kernel.Receive
			if p.Program().Nodes[n].Timer != nil {
				c.Kind = kernel.Fire
			}
			rest = rest[1:]
		case kind == program.ServiceTask:
			c.Kind = kernel.CompleteJob
		default:
			c.Kind = kernel.CompleteTask
		}
		if strings.HasPrefix(rest, "{") {
			c.Result = dyn(t, object(t, rest))
		}
		do(c)
	}
	trace, folded, err := m.Effective(func(yield func(kernel.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return migrate.Run{Trace: trace, State: folded}
}

// split divides a line at blanks outside of braces.
func split(line string) []string {
	var words []string
	depth, from := 0, 0
	for i, r := range line + " " {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == ' ' && depth == 0:
			if i > from {
				words = append(words, line[from:i])
			}
			from = i + 1
		}
	}
	return words
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var x map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&x); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return x
}

func dyn(t *testing.T, x map[string]any) expr.Value {
	t.Helper()
	typ, err := expr.ParseType("dyn", nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := expr.FromGo(typ, x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
