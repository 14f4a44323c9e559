package picture

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
	"github.com/replank/replank/workflow/workflowtest"
)

// An instance in the engine, and its picture from what the engine tells of it.
func TestEngineInstance(t *testing.T) {
	p, err := schema.Parse("p.yaml", []byte(`
process: p
in: [v]
vars: {v: int}
steps:
  - user: a
  - parallel: both
    branches:
      - service: s
      - do:
          - choose: c
            cases: [{when: v > 1, do: [{user: b}]}, {else: []}]
`))
	if err != nil {
		t.Fatal(err)
	}
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		w.Deploy(p)
		w.Stub("s", nil)
		in := w.Begin("p", map[string]any{"v": 5})
		w.Complete(in, "a", nil)
		pic, err := Instance(p, Run{Events: in.History(context.Background(), 1), Waits: w.Waits(in)})
		if err != nil {
			t.Fatal(err)
		}
		m := pic.Marks()
		for id, want := range map[string]Mark{"a": Done, "both": Done, "s": Done, "c": Done, "b": Running, "both.join": 0, ":end": 0} {
			if m.Nodes[id] != want {
				t.Errorf("%s is marked %v, want %v", id, m.Nodes[id], want)
			}
		}
		for id, want := range map[string]Mark{"c->b": Done, "c->c.join": 0, "s->both.join": Done, "b->c.join": 0} {
			if m.Flows[id] != want {
				t.Errorf("the flow %s is marked %v, want %v", id, m.Flows[id], want)
			}
		}
	})
}

// What an instance waits for is marked so, what it has done is marked so, and some marked flow leads to each of them.
func TestRandomRuns(t *testing.T) {
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "ended"), func(t *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		p, err := schema.Parse("a.yaml", []byte(randschema.Make(intn, randschema.Config{})))
		if err != nil {
			t.Fatal(err)
		}
		r := &runner{p: p.Program(), m: kernel.New(p.Program())}
		r.s = r.m.NewState()
		r.begin(t)
		for range 12 {
			checkRun(t, p, r)
			if r.s.Ended() || len(r.s.Works) == 0 {
				seen["ended"]++
				return
			}
			r.step(t, &r.s.Works[intn(len(r.s.Works))])
		}
	})
}

// A runner makes an instance go on.
type runner struct {
	p   *program.Program
	m   *kernel.Machine
	s   *kernel.State
	log []kernel.Event
	now int64
}

func (r *runner) do(t *rapid.T, c kernel.Command) {
	r.now += 1000
	c.At = r.now
	var err error
	if r.log, err = r.m.Decide(r.s, kernel.Context{}, &c, r.log); err != nil {
		t.Fatal(err)
	}
}

func (r *runner) values(t *rapid.T, names []string) expr.Value {
	dyn, err := expr.ParseType("dyn", nil)
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]any{}
	for _, name := range names {
		vars[name] = int64(rapid.IntRange(0, 9).Draw(t, "value"))
	}
	v, err := expr.FromGo(dyn, vars)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (r *runner) begin(t *rapid.T) {
	var names []string
	for _, slot := range r.p.In {
		names = append(names, r.p.Vars[slot].Name)
	}
	in, err := r.m.Inputs(r.values(t, names))
	if err != nil {
		t.Fatal(err)
	}
	r.do(t, kernel.Command{Kind: kernel.Start, Writes: in})
}

func (r *runner) step(t *rapid.T, w *kernel.Work) {
	n := &r.p.Nodes[w.Node]
	names := []string{}
	if n.OpenResult {
		names = append(names, "x") // what random expressions read
	}
	for i := range r.p.Vars {
		if n.OpenResult || slices.ContainsFunc(n.Out, func(o program.Output) bool { return int(o.Slot) == i }) {
			names = append(names, r.p.Vars[i].Name)
		}
	}
	c := kernel.Command{Node: w.Node, Result: r.values(t, names)}
	switch {
	case n.Timer != nil:
		c.Kind, c.Result = kernel.Fire, expr.Value{}
		r.now = max(r.now, w.Due)
	case n.Message != "":
		c.Kind = kernel.Receive
	case w.Job:
		c.Kind = kernel.CompleteJob
	default:
		c.Kind = kernel.CompleteTask
	}
	r.do(t, c)
}

func (r *runner) history(yield func(history.Event, error) bool) {
	for _, e := range r.log {
		h := history.Event{Seq: e.Seq, Kind: e.Kind}
		if e.Node >= 0 {
			h.Node = r.p.Nodes[e.Node].ID
		}
		for i := range r.p.Decisions {
			if d := &r.p.Decisions[i]; d.Node == e.Node && h.Flow == "" {
				var names []string
				for k := range d.Flows {
					if e.Flows&(1<<k) != 0 {
						names = append(names, d.Flows[k].ID)
					}
				}
				h.Flow = strings.Join(names, ",")
			}
		}
		if !yield(h, nil) {
			return
		}
	}
}

func checkRun(t *rapid.T, p *schema.Process, r *runner) {
	run := Run{Events: r.history}
	for _, w := range r.s.Works {
		run.Waits = append(run.Waits, r.p.Nodes[w.Node].ID)
	}
	pic, err := Instance(p, run)
	if err != nil {
		t.Fatal(err)
	}
	g, m := p.Graph(), pic.Marks()
	led := map[string]bool{}
	for _, f := range g.Flows {
		led[f.To] = led[f.To] || m.Flows[f.ID] == Done
	}
	completed := map[string]bool{}
	for _, e := range r.log {
		if e.Kind == history.Completed || e.Kind == history.Fired || e.Kind == history.Received || e.Kind == history.Caught {
			completed[r.p.Nodes[e.Node].ID] = true
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		waits := slices.Contains(run.Waits, n.ID)
		want := Mark(0)
		switch {
		case waits:
			want = Running
		case completed[n.ID]:
			want = Done
		case n.Node == nil || n.Joins || !task(n.Kind):
			continue // follows from the others
		}
		if m.Nodes[n.ID] != want {
			t.Errorf("%s is marked %v, want %v", n.ID, m.Nodes[n.ID], want)
		}
		raced := n.Kind == schema.CatchEvent && !completed[n.ID]
		if want != 0 && n.Host == "" && !raced && !led[n.ID] {
			t.Errorf("%s is marked %v, but no flow that leads to it\n%s\n%s", n.ID, want, p.YAML(), pic.Mermaid())
		}
	}
}

func task(k schema.Kind) bool {
	return k == schema.UserTask || k == schema.ServiceTask || k == schema.ScriptTask || k == schema.ReceiveTask
}
