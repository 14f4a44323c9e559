package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

func TestDeployVersions(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	one, two := "process: p\nsteps: [{user: a}]", "process: p\nsteps: [{user: a}, {user: b}]"
	for _, c := range []struct {
		name, src string
		number    int
		isNew     bool
	}{
		{"the first", one, 1, true},
		{"the same", one, 1, false},
		{"the same in another layout", "{steps: [{user: a}], process: p}", 1, false},
		{"another", two, 2, true},
		{"the first again is a new one", one, 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := deploy(t, d, c.src).Versions[0]
			if v.Process != "p" || v.Number != c.number || v.New != c.isNew || v.Deployed.IsZero() {
				t.Errorf("got %+v", v)
			}
		})
	}
	old := begin(t, d, "p", nil, &workflow.StartOptions{Version: 2})
	begin(t, d, "p", nil, nil)
	var list []string
	for v, err := range d.Versions(t.Context(), "p") {
		must(t, err)
		list = append(list, fmt.Sprintf("%d: %d live", v.Number, v.Live))
	}
	if got := strings.Join(list, ", "); got != "3: 1 live, 2: 1 live, 1: 0 live" {
		t.Error(got)
	}
	p, err := d.Schema(t.Context(), "p", 2)
	must(t, err)
	if p.Node("b") == nil {
		t.Error("version 2 has no node b")
	}
	if info, _ := settled(t, old); info.Version != 2 {
		t.Errorf("started on version %d", info.Version)
	}
	_, err = d.Schema(t.Context(), "p", 4)
	wants(t, err, workflow.ErrNotFound, "1 to 3")
}

// All or none: one bad source keeps the good ones out, and every finding of every source is told.
func TestDeployAllOrNone(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	_, err := d.Deploy(t.Context(),
		workflow.Text("process: good\nsteps: [{user: a}]"),
		workflow.Text("process: bad\nsteps: [{usr: a}]"),
		workflow.Text("process: worse\nsteps: [{user: a, out: [nothing]}]"))
	var wrong *schema.Error
	if !errors.As(err, &wrong) || len(wrong.Findings) < 2 {
		t.Fatalf("got %v", err)
	}
	for _, text := range []string{"user", "nothing"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v\ndoes not say %q", err, text)
		}
	}
	_, err = d.Start(t.Context(), "good", nil, nil)
	wants(t, err, workflow.ErrNotFound)

	same := workflow.Text("process: p\nsteps: [{user: a}]")
	if _, err := d.Deploy(t.Context(), same, same); err == nil || !strings.Contains(err.Error(), `"p" is there twice`) {
		t.Errorf("twice: %v", err)
	}
}

// What no engine runs yet is refused by name, whatever kind of source it comes from.
func TestDeployRefusesWhatDoesNotRun(t *testing.T) {
	const src = "process: p\nsteps:\n  - {send: tell, message: m}\n  - user: a\n    boundary: [{timer: t, after: P1D, interrupt: false}]\n"
	p, err := schema.Parse("p.yaml", []byte(src))
	must(t, err)
	for _, source := range []schema.Source{
		workflow.Text(src),
		workflow.Files(fstest.MapFS{"p.yaml": {Data: []byte(src)}}, "*.yaml"),
		schema.New("p", schema.Send("tell", "m", ""), schema.User("a").Boundary(schema.Timer("t").After("P1D").Continue())),
		p,
	} {
		_, err := newEngine(t, nil).Default().Deploy(t.Context(), source)
		var wrong *schema.Error
		if !errors.As(err, &wrong) || len(wrong.Findings) != 2 {
			t.Fatalf("%T: %v", source, err)
		}
		for i, node := range []string{"tell", "t"} {
			if f := wrong.Findings[i]; f.Code != "schema/not-run-yet" || f.Node != node || f.Hint == "" {
				t.Errorf("%T: %v", source, f)
			}
		}
	}
}

func TestDeployFiles(t *testing.T) {
	e := newEngine(t, nil)
	files := fstest.MapFS{
		"a.yaml":    {Data: []byte("process: a\nsteps: [{user: u}]")},
		"b.json":    {Data: []byte(`{"process": "b", "steps": [{"user": "u"}]}`)},
		"notes.txt": {Data: []byte("not a schema")},
		"sub/c.yml": {Data: []byte("nonsense: [")},
	}
	got, err := e.Default().Deploy(t.Context(), workflow.Files(files, "*.yaml", "*.json"))
	must(t, err)
	if len(got.Versions) != 2 || got.Versions[0].Process != "a" || got.Versions[1].Process != "b" {
		t.Errorf("got %+v", got)
	}
	_, err = e.Default().Deploy(t.Context(), workflow.Files(files, "sub/*.yml"))
	if err == nil || !strings.Contains(err.Error(), "sub/c.yml") {
		t.Errorf("a broken file: %v", err)
	}
	if _, err := e.Default().Deploy(t.Context(), workflow.Files(files, "*.xml")); err == nil {
		t.Error("a glob that matches nothing was accepted")
	}
}

func TestVerifyHasNoEffect(t *testing.T) {
	e := newEngine(t, nil)
	got, err := e.Default().Verify(t.Context(), workflow.Text("process: p\nsteps: [{user: a}]"))
	must(t, err)
	if v := got.Versions[0]; !v.New || v.Number != 1 || !v.Deployed.IsZero() {
		t.Errorf("got %+v", v)
	}
	_, err = e.Default().Start(t.Context(), "p", nil, nil)
	wants(t, err, workflow.ErrNotFound)
}

func TestDeployLimits(t *testing.T) {
	e := newEngine(t, &workflow.Options{Limits: workflow.Limits{Nodes: 3, Vars: 1}})
	_, err := e.Default().Deploy(t.Context(), workflow.Text("process: p\nsteps: [{user: a}, {user: b}, {user: c}, {user: d}]"))
	wants(t, err, workflow.ErrLimit, "Limits.Nodes is 3")
	_, err = e.Default().Deploy(t.Context(), workflow.Text("process: p\nin: [x, y]\nvars: {x: int, y: int}\nsteps: [{user: a, in: [x, y]}]"))
	wants(t, err, workflow.ErrLimit, "Limits.Vars is 1")
}

// Tasks and the Go types of their handlers are compared when a schema is deployed.
func TestDeployComparesHandlers(t *testing.T) {
	type in struct {
		Amount int     `json:"amount"`
		Note   *string `json:"note"`
	}
	type out struct {
		Points int `json:"points"`
	}
	e := newEngine(t, nil)
	workflow.Handle(e, "score", func(context.Context, in) (out, error) { return out{}, nil })
	workflow.Handle(e, "free", func(context.Context, vars) (vars, error) { return nil, nil })
	workflow.Handle(e, "noop", func(context.Context, workflow.None) (workflow.None, error) { return workflow.None{}, nil })
	const head = "process: p\nin: [amount, sum, name]\nvars: {amount: int, sum: int, name: string, points: int, grade: string}\nsteps:\n  - "
	for _, c := range []struct {
		name, step string
		code       string // of the one finding, "": none
		fatal      bool
		text       string
	}{
		{"fits", "{service: score, in: [amount], out: [points]}", "", false, ""},
		{"fits by expression", "{service: score, in: {amount: sum}, out: {grade: string(result.points)}}", "", false, ""},
		{"maps fit anything", "{service: free, in: [name], out: [grade]}", "", false, ""},
		{"no handler", "{service: scor, in: [amount], out: [points]}", "handler/missing", false, `did you mean "score"?`},
		{"a field is not handed over", "{service: score, in: {amont: sum}, out: [points]}", "handler/in-missing", true, `wants "amount"`},
		{"a field nobody reads", "{service: score, in: [amount, name], out: [points]}", "handler/in-unused", false, "name is handed over"},
		{"another type comes in", "{service: score, in: {amount: name}, out: [points]}", "handler/in-type", true, "amount is string"},
		{"the result lacks a variable", "{service: score, in: [amount], out: [points, grade]}", "handler/out-missing", true, "the task writes grade"},
		{"the result may lack it", "{service: score, in: [amount], out: [points, \"grade?\"]}", "", false, ""},
		{"the result has too much", "{service: score, in: [amount]}", "handler/out-undeclared", true, `has "points"`},
		{"no result", "{service: noop, out: [points]}", "handler/out-missing", true, "has no result"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := e.Default().Verify(t.Context(), workflow.Text(head+c.step))
			var found []schema.Finding
			if err == nil {
				found = got.Versions[0].Warnings
			}
			var wrong *schema.Error
			if errors.As(err, &wrong) {
				found = wrong.Findings
			} else if err != nil {
				t.Fatal(err)
			}
			var ours []schema.Finding
			for _, f := range found {
				if strings.HasPrefix(f.Code, "handler/") {
					ours = append(ours, f)
				} else if f.Severity == schema.Fatal {
					t.Fatalf("the schema itself is wrong: %v", f)
				}
			}
			if c.code == "" {
				if len(ours) > 0 {
					t.Errorf("got %v", ours)
				}
				return
			}
			ok := false
			for _, f := range ours {
				if f.Code != c.code {
					continue
				}
				ok = true
				if (f.Severity == schema.Fatal) != c.fatal || f.Pos.Line != 5 || !strings.Contains(f.String(), c.text) {
					t.Errorf("got %v at line %d, severity %v; want %q, fatal %v", f, f.Pos.Line, f.Severity, c.text, c.fatal)
				}
			}
			if !ok {
				t.Errorf("got %v, want %s", found, c.code)
			}
		})
	}
}

func TestDeployReportsMistakesInHandle(t *testing.T) {
	e, err := workflow.Open(workflow.Memory, nil)
	must(t, err)
	defer e.Close()
	noop := func(context.Context, workflow.None) (workflow.None, error) { return workflow.None{}, nil }
	workflow.Handle(e, "noop", noop)
	workflow.Handle(e, "noop", noop)
	_, err = e.Default().Deploy(t.Context(), workflow.Text("process: p\nsteps: [{user: a}]"))
	for _, err := range []error{err, e.Start(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), `kind "noop" is registered already`) || !strings.Contains(err.Error(), "deploy_test.go:") {
			t.Errorf("got %v", err)
		}
	}
}

// Deployments of one tenant at the same time get numbers of their own, and end with one of them current.
func TestDeployConcurrently(t *testing.T) {
	e := newEngine(t, nil)
	const n = 20
	numbers := make([]int, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			got, err := e.Default().Deploy(t.Context(), workflow.Text(fmt.Sprintf("process: p\nsteps: [{user: a%d}]", i)))
			if err != nil {
				t.Error(err)
				return
			}
			numbers[i] = got.Versions[0].Number
		})
	}
	all.Wait()
	seen := make(map[int]bool)
	for i, number := range numbers {
		if number < 1 || number > n || seen[number] {
			t.Fatalf("numbers %v", numbers)
		}
		seen[number] = true
		p, err := e.Default().Schema(t.Context(), "p", number)
		must(t, err)
		if p.Node(fmt.Sprintf("a%d", i)) == nil {
			t.Errorf("version %d is not what it was deployed as", number)
		}
	}
	p, err := e.Default().Schema(t.Context(), "p", 0)
	must(t, err)
	last, err := e.Default().Schema(t.Context(), "p", n)
	must(t, err)
	if p.Digest() != last.Digest() {
		t.Error("the newest version is not current")
	}
}

// What no run was shown to keep is not deployed: a process, or a rule that nothing watches at run time.
func TestDeployNeedsProofs(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes all states of the budget")
	}
	e := newEngine(t, nil)
	var src strings.Builder
	src.WriteString("process: p\nsteps:\n  - parallel: all\n    branches:\n")
	for i := range 16 {
		fmt.Fprintf(&src, "      - {user: u%d}\n", i)
	}
	deploy := func(rule string) error {
		_, err := e.Default().Deploy(t.Context(), workflow.Text(src.String()+rule))
		return err
	}
	must(t, deploy("rules: [{rule: r, declare: \"exactly(u0, 1)\"}]\n"))
	wants(t, deploy("rules: [{rule: r, ltlf: \"G(u0 -> WX(F u1 | true))\"}, {rule: s, ltlf: \"F(u0 & X true) | F(u1 & X true)\"}]\n"), workflow.ErrUnverified, `rule "s"`)
	must(t, deploy("rules: [{rule: s, ltlf: \"F(u0 & X true) | F(u1 & X true)\", on: flag}]\n"))
}
