package migrate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// Random runs of random schemas, made by the kernel as an engine makes them.

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// dice draws a number in [0, n).
type dice func(n int) int

// dicing makes the dice of one check. rapid favours small numbers, so every other check has fair ones.
func dicing(t *rapid.T) dice {
	if rapid.Bool().Draw(t, "fair") {
		var seed [32]byte
		copy(seed[:], rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "seed"))
		return rand.New(rand.NewChaCha8(seed)).IntN
	}
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
}

// version is one schema with its tree, to be edited further.
type version struct {
	tree *randschema.Tree
	p    *schema.Process
	m    *kernel.Machine
}

// shapes are the schemas that are made: small ones, which the tests go through in great numbers, and wide and deep ones.
var shapes = []randschema.Config{
	{Depth: 2, Width: 2, Vars: 3, Required: 1, Locals: true},
	{Depth: 1, Width: 3, Vars: 4},
	{Depth: 2, Width: 3, Vars: 4, Required: 1, Locals: true},
	{Depth: 3, Width: 2, Vars: 4, Required: 2, Locals: true},
	{Depth: 2, Width: 2, Vars: 3, Required: 1, Locals: true, Ends: true},
	{Depth: 1, Width: 2, Vars: 3, Graphs: true},
	{Depth: 2, Width: 2, Vars: 4, Required: 1, Ends: true, Graphs: true},
}

// birth makes a random schema.
func birth(t tb, roll dice) *version {
	tree := randschema.New(roll, shapes[roll(len(shapes))])
	p, err := schema.Parse("random.yaml", []byte(tree.Text()))
	if err != nil {
		t.Fatalf("%v\n%s", err, tree.Text())
	}
	return &version{tree, p, kernel.New(p.Program())}
}

// edits counts what became of edits.
type edits struct{ good, bad, void int }

// change edits a version one to three times; nil if the outcome is refused by the verification.
func (v *version) change(roll dice, count *edits) *version {
	tree := v.tree
	for range 1 + roll(3)/2 {
		if next, _ := randschema.Change(tree, roll); next != nil {
			tree = next
		}
	}
	if tree == v.tree {
		count.void++
		return nil
	}
	p, err := schema.Parse("edited.yaml", []byte(tree.Text()))
	if err != nil || p.Verify(schema.Budget{}).Unverified {
		count.bad++
		return nil
	}
	if _, err := migrate.NewChecker(v.p, p, nil); err != nil { // a converter that reads what there was not
		count.bad++
		return nil
	}
	count.good++
	return &version{tree, p, kernel.New(p.Program())}
}

// instance is one instance and its history.
type instance struct {
	t      tb
	m      *kernel.Machine
	s      *kernel.State
	events []kernel.Event
	now    int64
	base   *kernel.Trace // of the time before the last move; nil: it has not moved
}

func (v *version) begin(t tb, roll dice) *instance {
	x := &instance{t: t, m: v.m, s: v.m.NewState(), now: 1_000_000}
	in, err := x.m.Inputs(record(t, map[string]any{"v0": roll(4)}))
	if err != nil {
		t.Fatalf("%v", err)
	}
	x.do(kernel.Command{Kind: kernel.Start, Writes: in})
	return x
}

func (x *instance) do(c kernel.Command) {
	x.now += 1000
	c.At = x.now
	// A command may be refused: four eyes, say. That is no event.
	if events, err := x.m.Decide(x.s, kernel.Context{}, &c, x.events); err == nil {
		x.events = events
	}
}

// step does one random thing that the instance waits for.
func (x *instance) step(roll dice) {
	w := x.s.Works[roll(len(x.s.Works))]
	n := &x.m.Program().Nodes[w.Node]
	c := kernel.Command{Node: w.Node}
	result := map[string]any{}
	for _, o := range n.Out {
		if o.Expr != nil {
			result["x"] = roll(5)
		} else if !o.Optional || roll(2) == 0 {
			result[o.Name] = roll(5)
			if x.m.Program().Vars[o.Slot].Type.String() == "string" {
				result[o.Name] = fmt.Sprint(roll(5))
			}
		}
	}
	c.Result = record(x.t, result)
	switch {
	case w.Incident:
		c.Kind = kernel.Retry
	case n.Kind == program.UserTask:
		switch k := roll(8); {
		case k < 3 && !w.Started:
			c.Kind = kernel.Claim
		case k == 0:
			c.Kind = kernel.Release
		case k == 1:
			c.Kind, c.Code, c.Result = kernel.FailJob, fmt.Sprintf("c%d", roll(3)), expr.Value{}
		default:
			c.Kind = kernel.CompleteTask
		}
	case w.Job:
		c.Kind = kernel.CompleteJob
		if k := roll(10); k == 0 {
			c.Kind, c.Permanent, c.Result = kernel.FailJob, true, expr.Value{}
		} else if k < 3 {
			c.Kind, c.Code, c.Result = kernel.FailJob, fmt.Sprintf("c%d", roll(3)), expr.Value{}
		}
	case n.Timer != nil:
		c.Kind = kernel.Fire
		x.now = max(x.now, w.Due)
	default:
		c.Kind = kernel.Receive
		if len(result) == 0 {
			c.Result = expr.Value{}
		}
	}
	x.do(c)
}

// run is the instance as a migration gets it.
func (x *instance) run() migrate.Run {
	x.t.Helper()
	if x.base != nil {
		return x.moved()
	}
	trace, state, err := x.m.Effective(func(yield func(kernel.Event, error) bool) {
		for _, e := range x.events {
			if !yield(e, nil) {
				return
			}
		}
	})
	if err != nil {
		x.t.Fatalf("fold: %v", err)
	}
	return migrate.Run{Trace: trace, State: state}
}

var dynamic = func() expr.Type {
	t, err := expr.ParseType("dyn", nil)
	if err != nil {
		panic(err) // a constant
	}
	return t
}()

func record(t tb, x map[string]any) expr.Value {
	t.Helper()
	v, err := expr.FromGo(dynamic, x)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return v
}

// tell shows a run, for messages.
func tell(p *program.Program, r migrate.Run) string {
	text := ""
	for _, l := range r.Trace.Letters {
		text += fmt.Sprintf(" %d:%s.%d%v", l.Seq, p.Nodes[l.Node].ID, l.Phase, l.Path)
		for _, w := range l.Wrote {
			text += fmt.Sprintf("{%s=%v}", p.Vars[w.Slot].Name, w.Value)
		}
	}
	for _, d := range r.Trace.Decided {
		text += fmt.Sprintf("\n  at %d %s decided %b back %v %v", d.Seq, p.Nodes[d.Node].ID, d.Flows, d.Back, d.Path)
	}
	for _, e := range r.Trace.Env {
		text += fmt.Sprintf("\n  env %d %s=%v", e.Seq, p.Vars[e.Slot].Name, e.Value)
	}
	return text
}

var _ tb = testing.TB(nil)
