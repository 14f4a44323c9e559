package migrate_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// control reads a schema for its control flow only.
func control(t tb, text string) *schema.Process {
	t.Helper()
	p, err := schema.ParseControl("control.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// What the kernel did with data is possible without: the trace of a run is one that its own schema can produce, its
// state is one of the targets on the schema itself, and a run that may move strictly may move by control flow, to one of
// the targets.
func TestControlAllowsWhatHappened(t *testing.T) {
	tally := map[string]int{}
	randtest.Check(t, randtest.Keys(tally, "judged", "accepted"), func(t *rapid.T) {
		roll := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "roll") }
		from := birth(t, roll)
		to := from.change(roll, &edits{})
		if to == nil {
			to = from
		}
		old, now := control(t, from.tree.Text()), control(t, to.tree.Text())
		x := from.begin(t, roll)
		for range roll(12) {
			if x.s.Ended() {
				break
			}
			x.step(roll)
		}
		run := x.run()
		var steps []migrate.Step
		for _, l := range run.Trace.Letters {
			if l.Phase == 0 {
				return // a gateway could not decide; free ones always can
			}
			steps = append(steps, migrate.Step{Kind: migrate.StepKind(l.Phase), Node: from.m.Program().Nodes[l.Node].ID})
		}
		if run.State.Incidents() > 0 {
			return
		}
		tally["judged"]++
		for _, target := range []struct {
			p    *schema.Process
			data *schema.Process
		}{{old, from.p}, {now, to.p}} {
			strict, err := migrate.NewChecker(from.p, target.data, &migrate.Options{Criteria: migrate.Strict})
			if err != nil {
				continue // a plan error is not one of control flow
			}
			want, _ := strict.CheckRun(run)
			c, err := migrate.NewControl(old, target.p, nil)
			if err != nil {
				t.Fatalf("%v", err)
			}
			got, err := c.Check(steps)
			if errors.Is(err, migrate.ErrTooMany) {
				continue
			}
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, tell(from.m.Program(), run), from.tree.Text())
			}
			if !got.Accepted() {
				explained(t, got.Verdict, func() string { return from.tree.Text() + "\n---\n" + to.tree.Text() })
			}
			if !want.Accepted() {
				continue
			}
			tally["accepted"]++
			found := slices.ContainsFunc(got.Targets, func(x migrate.Target) bool { return fmt.Sprint(x) == fmt.Sprint(want.Target) })
			if !got.Accepted() || !found {
				t.Fatalf("with data it is %v, by control flow %v %v\n%s\n%s\n---\n%s", want, got.Verdict, got.Targets,
					tell(from.m.Program(), run), from.tree.Text(), to.tree.Text())
			}
		}
	})
}

// The oracle: a state space, built by exploration, in which a trace is a path.
type graph struct {
	p *program.Program
	s *petri.Space
}

// rest is the set of states at rest that silent moves lead to from states.
func (g graph) rest(states map[int]bool) map[int]bool {
	out, seen := map[int]bool{}, map[int]bool{}
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		if g.s.AtRest(i) {
			out[i] = true
			return
		}
		for _, m := range g.s.Moves(i) {
			visit(int(m.To))
		}
	}
	for i := range states {
		visit(i)
	}
	return out
}

// by is the set of states that letter t leads to from states, before the closure.
func (g graph) by(states map[int]bool, t int32) map[int]bool {
	out := map[int]bool{}
	for i := range states {
		for _, m := range g.s.Moves(i) {
			if t >= 0 && m.Trans == t && g.s.AtRest(i) {
				out[int(m.To)] = true
			}
		}
	}
	return out
}

// letter is where a step leads to. A task without a start of its own is started and completed at once.
func (g graph) letter(states map[int]bool, node int32, phase program.Phase) map[int]bool {
	n := &g.p.Nodes[node]
	switch phase {
	case program.Start:
		if n.Start < 0 {
			return maps.Collect(func(yield func(int, bool) bool) {
				for i := range states {
					if g.s.Marking(i).Has(n.Wait) && !yield(i, true) {
						return
					}
				}
			})
		}
		return g.by(states, n.Start)
	case program.Complete:
		out := g.by(states, n.Complete)
		if n.Start >= 0 {
			maps.Copy(out, g.by(g.by(states, n.Start), n.Complete))
		}
		return out
	}
	return g.by(states, n.Occur)
}

func (g graph) running(i int) string {
	var ids []string
	for k := range g.p.Nodes {
		if g.s.Marking(i).Has(g.p.Nodes[k].Running) {
			ids = append(ids, g.p.Nodes[k].ID)
		}
	}
	return strings.Join(ids, " ")
}

// Verdict, first impossible step and targets are those of the state space, for random walks through the old one.
func TestControlAgainstStateSpace(t *testing.T) {
	tally := map[string]int{}
	randtest.Check(t, randtest.Keys(tally, "accept", "never"), func(t *rapid.T) {
		roll := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "roll") }
		from := birth(t, roll)
		to := from.change(roll, &edits{})
		if to == nil {
			return
		}
		old, now := control(t, from.tree.Text()), control(t, to.tree.Text())
		explore := func(p *schema.Process) graph {
			return graph{p.Program(), p.Program().Net.Explore(p.Program().Initial, petri.Options{Budget: 20_000})}
		}
		s, g := explore(old), explore(now)
		if !s.s.Complete || !g.s.Complete || len(s.s.Unsafe)+len(g.s.Unsafe) > 0 {
			return
		}
		type step struct {
			node  int32
			phase program.Phase
		}
		var walk []step
		var steps []migrate.Step
		at := 0
		for len(walk) < 10 {
			moves := s.s.Moves(at)
			if len(moves) == 0 || len(walk) > 0 && s.s.AtRest(at) && roll(6) == 0 {
				break
			}
			m := moves[roll(len(moves))]
			at = int(m.To)
			if a := s.p.Acts[m.Trans]; a.Phase != 0 && int(m.Trans) >= s.p.Net.Silent() {
				walk = append(walk, step{a.Node, a.Phase})
				steps = append(steps, migrate.Step{Kind: migrate.StepKind(a.Phase), Node: s.p.Nodes[a.Node].ID})
			}
		}
		was, is := s.rest(map[int]bool{0: true}), g.rest(map[int]bool{0: true})
		failed := 0 // the number of the first impossible step, from 1
		for i, x := range walk {
			was = s.rest(s.letter(was, x.node, x.phase))
			if failed > 0 {
				continue
			}
			next := map[int]bool{}
			if n := mapped(s.p, g.p, x.node); n >= 0 {
				next = g.rest(g.letter(is, n, x.phase))
			}
			if is = next; len(is) == 0 {
				failed = i + 1
			}
		}
		if len(was) == 0 {
			t.Fatalf("the walk is not in the graph that it was made in")
		}
		c, err := migrate.NewControl(old, now, nil)
		if err != nil {
			t.Fatalf("%v", err)
		}
		got, err := c.Check(steps)
		if err != nil {
			t.Fatalf("%v\n%v\n%s", err, steps, from.tree.Text())
		}
		runs := map[string]bool{} // what may run, in the words of the target
		for i := range was {
			var ids []string
			for k := range s.p.Nodes {
				if s.s.Marking(i).Has(s.p.Nodes[k].Running) {
					if n := mapped(s.p, g.p, int32(k)); n >= 0 {
						ids = append(ids, g.p.Nodes[n].ID)
					}
				}
			}
			slices.Sort(ids)
			runs[strings.Join(ids, " ")] = true
		}
		want := map[string]bool{}
		for i := range is {
			ids := strings.Fields(g.running(i))
			slices.Sort(ids)
			if failed == 0 && runs[strings.Join(ids, " ")] {
				var offered []string
				for k := range g.p.Nodes {
					n := &g.p.Nodes[k]
					if n.Kind != program.BoundaryEvent && g.s.Marking(i).Has(n.Wait) && !g.s.Marking(i).Has(n.Running) {
						offered = append(offered, n.ID)
					}
				}
				want[fmt.Sprint(migrate.Target{Offered: offered, Running: strings.Fields(g.running(i))})] = true
			}
		}
		have := map[string]bool{}
		for _, x := range got.Targets {
			have[fmt.Sprint(x)] = true
		}
		tally[got.Outcome.String()]++
		if int(got.Event) != failed || got.Accepted() != (len(want) > 0) || !maps.Equal(have, want) || len(have) != len(got.Targets) {
			t.Fatalf("%v\ngot %v at %d, %v\nwant targets %v, failing at %d\n%s\n---\n%s", steps, got.Verdict, got.Event, got.Targets, want, failed,
				from.tree.Text(), to.tree.Text())
		}
	})
}

// A gateway that nothing decides leaves every target, until the trace tells what it decided.
func TestControlDecisions(t *testing.T) {
	p := control(t, `
process: p
steps:
  - user: a
  - some: g
    cases:
      - {id: x, when: "?", do: [{user: b}]}
      - {id: y, when: "?", do: [{user: c}]}
      - {id: z, else: [{user: d}]}
`)
	c, err := migrate.NewControl(p, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := migrate.Step{Kind: migrate.StepComplete, Node: "a"}
	takes := func(f string) migrate.Step {
		return migrate.Step{Kind: migrate.StepDecide, Node: "g", Arg: f}
	}
	for _, x := range []struct {
		steps []migrate.Step
		want  string
	}{
		{[]migrate.Step{a}, "[{[b] []} {[b c] []} {[c] []} {[d] []}]"},
		{[]migrate.Step{a, takes("x")}, "[{[b] []}]"},
		{[]migrate.Step{a, takes("x"), takes("y")}, "[{[b c] []}]"},
		{[]migrate.Step{a, takes("z")}, "[{[d] []}]"},
		{[]migrate.Step{a, takes("x"), takes("z")}, "event 1 (g): the gateway does not decide so at this moment"},
		{[]migrate.Step{takes("x"), a}, "event 0 (g): the gateway does not decide so at this moment"},
		{[]migrate.Step{a, takes("w")}, `event 1 (g): it does not decide about a flow "w"`},
	} {
		v, err := c.Check(x.steps)
		got := fmt.Sprint(v.Targets)
		if err != nil {
			got = err.Error()
		}
		if got != x.want {
			t.Errorf("%v: %s, want %s", x.steps, got, x.want)
		}
	}
}

// A set of states that grows beyond all bounds is refused, and says what would help.
func TestControlTooMany(t *testing.T) {
	var b strings.Builder
	b.WriteString("process: p\nsteps:\n  - some: g\n    cases:\n")
	for i := range 16 {
		fmt.Fprintf(&b, "      - {id: f%d, when: \"?\", do: [{user: u%d}]}\n", i, i)
	}
	p := control(t, b.String())
	c, err := migrate.NewControl(p, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Check(nil); !errors.Is(err, migrate.ErrTooMany) {
		t.Errorf("Check says %v, want ErrTooMany", err)
	}
	v, err := c.Check([]migrate.Step{{Kind: migrate.StepDecide, Node: "g", Arg: "f3"}})
	if err != nil || fmt.Sprint(v.Targets) != "[{[u3] []}]" {
		t.Errorf("with the decision told: %v, %v", v, err)
	}
}
