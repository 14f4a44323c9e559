package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// TestMoveScenarios runs the files under testdata/moves: what a move does to work that runs, timers, messages and
// variables, told as stories. migrate/testdata/scenarios has those that only ask for verdicts.
//
//	from, to   the two schemas, in the text form without their `process` line
//	story      one command a line, in virtual time; prints what its commands print
//
// A story is told under the strict criterion, L (loops), D (deletions), R (order) and their unions, each on an engine of
// its own; equal ones stand together. Its commands:
//
//	start NAME [VARS]           starts an instance of the first version; the first that was started need not be named later
//	deploy                      deploys the second version
//	claim NODE, complete NODE [RESULT], finish NODE [RESULT]
//	                            of a person's task (release gives a claim back); of a job, whose handler runs until then. NODE may be NAME.NODE
//	send MESSAGE [DATA]         prints what became of the message
//	wait 5d                     lets time pass
//	check [NAME], migrate [NAME] [timers=keep|reset]
//	                            prints the verdict
//	show [NAME]                 prints where the instance is, and its variables
//	events [NAME]               prints the events of its history from the first move on, or that there was none
//	race A | B                  both at once. The story is told with A before B, with B before A, and with both at the same
//	                            time, which must be as one of the other two
func TestMoveScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/moves", func(t *testing.T, path string) {
		var from, to string
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "from":
				from = "process: p\n" + d.Input + "\n"
			case "to":
				to = "process: p\n" + d.Input + "\n"
			case "story":
				return tellAll(t, from, to, strings.Split(d.Input, "\n"))
			default:
				t.Fatalf("unknown command %s", d.Cmd)
			}
			return ""
		})
	})
}

// Every row of the scenarios that needs an engine has its file.
func TestMoveScenariosHaveAllRows(t *testing.T) {
	files, err := filepath.Glob("testdata/moves/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^# ([0-9, ]+):`).FindAllStringSubmatch(string(b), -1) {
			for _, row := range strings.Split(m[1], ",") {
				told[strings.TrimSpace(row)] = true
			}
		}
	}
	if got := slices.Sorted(maps.Keys(told)); fmt.Sprint(got) != "[41 42 44 45 61]" {
		t.Errorf("rows %v", got)
	}
}

var criteriaSets = []struct {
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

// tellAll tells a story under each set of criteria.
func tellAll(t *testing.T, from, to string, lines []string) string {
	t.Helper()
	var texts []string
	var names [][]string
	for _, set := range criteriaSets {
		text := tell(t, from, to, lines, set.c, 0)
		if strings.Contains(strings.Join(lines, "\n"), "race ") {
			other := tell(t, from, to, lines, set.c, 1)
			for range 3 {
				if both := tell(t, from, to, lines, set.c, 2); both != text && both != other {
					t.Errorf("%s: at the same time\n%s\none after the other\n%s\nor\n%s", set.name, both, text, other)
				}
			}
			text = "one first:\n" + text + "the other first:\n" + other
		}
		if i := slices.Index(texts, text); i >= 0 {
			names[i] = append(names[i], set.name)
			continue
		}
		texts, names = append(texts, text), append(names, []string{set.name})
	}
	var b strings.Builder
	for i := range texts {
		fmt.Fprintf(&b, "%s:\n  %s\n", strings.Join(names[i], " "), strings.ReplaceAll(strings.TrimSuffix(texts[i], "\n"), "\n", "\n  "))
	}
	return b.String()
}

// telling is one story being told.
type telling struct {
	t         *testing.T
	tn        *Tenant
	to        string
	criteria  migrate.Criteria
	order     int // of races
	instances map[string]*Instance
	first     string
	tasks     map[string]string    // by NAME.NODE: the id of the open task, as it was before the command
	jobs      map[string]chan vars // results of handlers that run, by their kind
	out       strings.Builder
}

// tell tells a story and returns what it printed. Afterwards the store must be whole.
func tell(t *testing.T, from, to string, lines []string, c migrate.Criteria, order int) string {
	t.Helper()
	var text string
	synctest.Test(t, func(t *testing.T) {
		e, s := openOn(t, store.NewDisk(), nil)
		x := &telling{t: t, to: to, criteria: c, order: order, instances: map[string]*Instance{}, jobs: map[string]chan vars{}}
		x.tn = begin(t, e, from, func(e *Engine) {
			for _, src := range []string{from, to} {
				x.register(e, src)
			}
		})
		for _, line := range lines {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			x.look()
			a, b, race := strings.Cut(strings.TrimPrefix(line, "race "), " | ")
			switch {
			case !race:
				x.out.WriteString(x.do(line))
			case order == 0:
				x.out.WriteString(x.do(a))
				synctest.Wait()
				x.out.WriteString(x.do(b))
			case order == 1:
				later := x.do(b)
				synctest.Wait()
				x.out.WriteString(x.do(a) + later)
			default:
				var texts [2]string
				var wait sync.WaitGroup
				for i, line := range []string{a, b} {
					wait.Go(func() { texts[i] = x.do(line) })
				}
				wait.Wait()
				x.out.WriteString(texts[0] + texts[1])
			}
			synctest.Wait()
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		s.Close()
		text = x.out.String()
	})
	return text
}

// register serves the service tasks of a schema with handlers that run until the story finishes them.
func (x *telling) register(e *Engine, src string) {
	p, err := schema.Parse("story.yaml", []byte(src))
	if err != nil {
		x.t.Fatal(err)
	}
	for i := range p.Program().Nodes {
		n := &p.Program().Nodes[i]
		if n.Kind != program.ServiceTask || x.jobs[n.Handler] != nil {
			continue
		}
		results := make(chan vars)
		x.jobs[n.Handler] = results
		Handle(e, n.Handler, func(ctx context.Context, _ vars) (vars, error) {
			select {
			case v := <-results:
				return v, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
	}
}

// do carries out one command and returns what it prints.
func (x *telling) do(line string) string {
	ctx := x.t.Context()
	line, data := object(x.t, line)
	words := strings.Fields(line)
	verb, args := words[0], words[1:]
	switch verb {
	case "start":
		in, err := x.tn.Start(ctx, "p", data, &StartOptions{Version: 1})
		if err != nil {
			x.t.Fatalf("%s: %v", line, err)
		}
		x.instances[args[0]] = in
		if x.first == "" {
			x.first = args[0]
		}
		synctest.Wait()
		return ""
	case "deploy":
		if _, err := x.tn.Deploy(ctx, Text(x.to)); err != nil {
			return fmt.Sprintf("deploy: %s\n", strings.SplitN(err.Error(), "\n", 2)[0])
		}
		return ""
	case "claim", "release", "complete":
		in, node := x.at(args[0])
		k := x.tn.As("ann").Task(x.tasks[in+"."+node])
		var err error
		switch verb {
		case "claim":
			err = k.Claim(ctx)
		case "release":
			err = k.Release(ctx)
		default:
			err = k.Complete(ctx, data)
		}
		switch {
		case errors.Is(err, ErrState):
			return fmt.Sprintf("%s %s: it was withdrawn\n", verb, node)
		case err != nil:
			return fmt.Sprintf("%s %s: %v\n", verb, node, err)
		}
		return ""
	case "finish":
		_, node := x.at(args[0])
		x.jobs[node] <- data
		return ""
	case "send":
		d, err := x.tn.Send(ctx, Message{Name: args[0], Data: data})
		if err != nil {
			return fmt.Sprintf("send %s: %v\n", args[0], err)
		}
		return fmt.Sprintf("send %s: %s\n", args[0], x.delivered(d))
	case "wait":
		time.Sleep(duration(x.t, args[0]))
		return ""
	case "check", "migrate", "show", "events":
		return x.instance(verb, args)
	}
	x.t.Fatalf("unknown command %s", line)
	return ""
}

// at is the instance and node that a word names.
func (x *telling) at(word string) (in, node string) {
	if in, node, named := strings.Cut(word, "."); named {
		return in, node
	}
	return x.first, word
}

// look notes the open tasks.
func (x *telling) look() {
	x.tasks = map[string]string{}
	for name, in := range x.instances {
		info, err := in.Info(x.t.Context())
		if err != nil {
			x.t.Fatal(err)
		}
		for _, w := range info.Waits {
			x.tasks[name+"."+w.Node] = w.Task
		}
	}
}

func (x *telling) delivered(d Delivery) string {
	var names []string
	for name, in := range x.instances {
		if slices.Contains(d.Instances, in.ID()) {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		slices.Sort(names)
		return "to " + strings.Join(names, ", ")
	case d.Kept:
		return "kept"
	}
	return "to nobody"
}

func (x *telling) instance(verb string, args []string) string {
	ctx, name := x.t.Context(), x.first
	m := Move{To: 2, Options: migrate.Options{Criteria: x.criteria}}
	for _, a := range args {
		switch policy, is := strings.CutPrefix(a, "timers="); {
		case !is:
			name = a
		case policy == "keep":
			m.Options.Timers = migrate.KeepDue
		case policy == "reset":
			m.Options.Timers = migrate.Reset
		default:
			x.t.Fatalf("unknown policy %s", policy)
		}
	}
	in := x.instances[name]
	switch verb {
	case "show":
		return fmt.Sprintf("%s %s\n", name, x.show(in))
	case "events":
		return fmt.Sprintf("%s %s\n", name, x.events(in))
	case "check":
		v, err := in.CheckMigrate(ctx, m)
		if err != nil {
			return fmt.Sprintf("check %s: %v\n", name, err)
		}
		return fmt.Sprintf("check %s: %s\n", name, answer(&v)[0])
	}
	v, err := in.Migrate(ctx, m)
	switch {
	case errors.Is(err, ErrState):
		return fmt.Sprintf("migrate %s: it has ended\n", name)
	case err != nil && !errors.Is(err, ErrRefused):
		return fmt.Sprintf("migrate %s: %v\n", name, err)
	}
	return fmt.Sprintf("migrate %s: %s\n", name, answer(&v)[0])
}

// show tells where an instance is.
func (x *telling) show(in *Instance) string {
	ctx := x.t.Context()
	info, err := in.Info(ctx)
	if err != nil {
		x.t.Fatal(err)
	}
	data, err := Vars[vars](ctx, in)
	if err != nil {
		x.t.Fatal(err)
	}
	parts := []string{fmt.Sprintf("%v on version %d", info.State, info.Version)}
	for _, w := range info.Waits {
		part := w.Node
		switch {
		case w.Task != "":
			task, err := x.tn.Task(w.Task).Info(ctx)
			if err != nil {
				x.t.Fatal(err)
			}
			part += " " + task.State.String()
			if task.Assignee != "" {
				part += " by " + task.Assignee
			}
		case w.Kind == schema.ServiceTask:
			part += " running"
		}
		if !w.Until.IsZero() {
			part += fmt.Sprintf(" due in %v", time.Until(w.Until))
		}
		parts = append(parts, part)
	}
	if len(data) > 0 {
		parts = append(parts, fmt.Sprint(data))
	}
	return strings.Join(parts, "; ")
}

// events tells the history of an instance from its first move on.
func (x *telling) events(in *Instance) string {
	var parts []string
	for ev, err := range in.History(x.t.Context(), 1) {
		if err != nil {
			x.t.Fatal(err)
		}
		if ev.Kind == history.Migrated || parts != nil {
			parts = append(parts, strings.TrimSpace(fmt.Sprint(ev.Kind, " ", ev.Node)))
		}
	}
	if parts == nil {
		return "has not moved"
	}
	return strings.Join(parts, "; ")
}

// object takes the JSON object off the end of a line.
func object(t *testing.T, line string) (string, vars) {
	t.Helper()
	i := strings.IndexByte(line, '{')
	if i < 0 {
		return line, nil
	}
	var data vars
	if err := json.Unmarshal([]byte(line[i:]), &data); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return line[:i], data
}

// duration is time.ParseDuration with days.
func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	unit := time.Duration(1)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text, unit = days+"h", 24
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d * unit
}
