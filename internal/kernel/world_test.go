package kernel_test

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// A world drives one instance and keeps its history, as an engine would.
type world struct {
	t      testing.TB
	m      *kernel.Machine
	s      *kernel.State
	events []kernel.Event
	now    int64

	violated, refused int // rules, so far
}

func machine(t testing.TB, src string) *kernel.Machine {
	t.Helper()
	p, err := schema.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return kernel.New(p.Program())
}

func newWorld(t testing.TB, m *kernel.Machine) *world {
	return &world{t: t, m: m, s: m.NewState(), now: 1_000_000}
}

// Value makes a world the store that its own state reads from.
func (w *world) Value(slot int, version uint64) (expr.Value, error) {
	for _, x := range w.events[version-1].Wrote {
		if int(x.Slot) == slot {
			return x.Value, nil
		}
	}
	return expr.Value{}, fmt.Errorf("event %d wrote no slot %d", version, slot)
}

func (w *world) context() kernel.Context { return kernel.Context{Values: w} }

func (w *world) do(c kernel.Command) error {
	w.t.Helper()
	c.At = w.now
	var err error
	w.events, err = w.m.Decide(w.s, w.context(), &c, w.events)
	if errors.Is(err, kernel.ErrRule) {
		w.refused++
	}
	return err
}

func (w *world) must(c kernel.Command) {
	w.t.Helper()
	if err := w.do(c); err != nil {
		w.t.Fatalf("%+v: %v", c, err)
	}
}

func (w *world) start(vars map[string]any) {
	w.t.Helper()
	wrote, err := w.m.Inputs(value(w.t, vars))
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(kernel.Command{Kind: kernel.Start, Writes: wrote})
}

func (w *world) node(id string) int32 {
	w.t.Helper()
	n, ok := w.m.Program().ByID[id]
	if !ok {
		w.t.Fatalf("no node %s", id)
	}
	return int32(n)
}

// waits are the nodes with open work, in document order.
func (w *world) waits() []string {
	var out []string
	for _, x := range w.s.Works {
		id := w.m.Program().Nodes[x.Node].ID
		if x.Incident {
			id += "!"
		}
		out = append(out, id)
	}
	return out
}

func value(t testing.TB, x map[string]any) expr.Value {
	t.Helper()
	if x == nil {
		return expr.Value{}
	}
	dyn, err := expr.ParseType("dyn", nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := expr.FromGo(dyn, x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// durable is the part of a state that survives, for comparison.
func durable(w *world, s *kernel.State) map[string]any {
	values := map[string]any{}
	for i := range w.m.Program().Vars {
		v, err := w.m.Var(s, w.context(), i)
		if err != nil {
			panic(err)
		}
		values[w.m.Program().Vars[i].Name] = v.Go()
	}
	return map[string]any{
		"status": s.Status, "seq": s.Seq, "created": s.Created, "updated": s.Updated,
		"marking": fmt.Sprint(s.Marking), "slots": fmt.Sprint(s.Slots), "works": fmt.Sprintf("%+v", s.Works),
		"loops": fmt.Sprintf("%+v", s.Loops), "key": s.Key, "order": s.Order, "superseded": fmt.Sprint(s.Superseded),
		"env": fmt.Sprint(s.EnvWritten), "actors": fmt.Sprint(s.Actors), "rules": fmt.Sprint(s.Rules), "values": fmt.Sprint(values),
	}
}

// replayed is the part of it that a replay of the effective trace must reach too.
func replayed(w *world, s *kernel.State, released bool) map[string]any {
	d := durable(w, s)
	for _, k := range []string{"status", "seq", "updated", "works", "rules"} {
		delete(d, k)
	}
	if released {
		delete(d, "order") // it keeps claims that were taken back
	}
	return d
}

func same(t testing.TB, what string, got, want map[string]any) {
	t.Helper()
	for _, k := range keysOf(want) {
		if !reflect.DeepEqual(got[k], want[k]) {
			t.Fatalf("%s: %s is\n%v, want\n%v", what, k, got[k], want[k])
		}
	}
}

func keysOf(m map[string]any) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

// history is the instance's history as the kernel reads it.
func (w *world) history() iter.Seq2[kernel.Event, error] {
	return func(yield func(kernel.Event, error) bool) {
		for _, e := range w.events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// check holds the invariants: fold(history) = head, replay(schema, effective trace) = head, and work = marking.
func (w *world) check() {
	w.t.Helper()
	trace, folded, err := w.m.Effective(w.history())
	if err != nil {
		w.t.Fatalf("fold: %v", err)
	}
	same(w.t, "fold(history)", durable(w, folded), durable(w, w.s))
	released := slices.ContainsFunc(w.events, func(e kernel.Event) bool { return e.Kind == history.Released })
	again, err := w.m.Replay(trace)
	if err != nil {
		w.t.Fatalf("replay: %v", err)
	}
	same(w.t, "replay(effective trace)", replayed(w, again, released), replayed(w, w.s, released))
	w.checkWork()
}

func (w *world) checkWork() {
	w.t.Helper()
	p := w.m.Program()
	for i := range p.Nodes {
		n, x := &p.Nodes[i], w.s.Work(int32(i))
		waits := w.s.Marking.Has(n.Wait) && n.Kind != program.BoundaryEvent || w.s.Marking.Has(n.Running)
		if n.Kind == program.BoundaryEvent {
			waits = w.s.Marking.Has(n.Wait) && (n.Timer != nil || n.Message != "")
		}
		gateway := n.Kind >= program.ExclusiveGateway && n.Kind <= program.EventGateway
		if !gateway && waits != (x != nil) {
			w.t.Fatalf("%s: waits %v, work %+v, marking %v", n.ID, waits, x, w.s.Marking)
		}
	}
	if (w.s.Status == kernel.Completed) != w.s.Marking.Empty() {
		w.t.Fatalf("status %v with marking %v", w.s.Status, w.s.Marking)
	}
}
