package migrate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
)

// A run is one trace prepared for a replay on the target: its letters with their nodes and variables of the target.
type run struct {
	c      *Checker
	trace  *kernel.Trace
	state  *kernel.State
	input  []kernel.Write
	env    []kernel.Env // converted values that belong to no letter
	items  []item
	iterat map[string]uint32 // see newest

	byValues bool // a replay so far depended on values, see byValue
}

// An item is one letter of the run.
type item struct {
	kernel.Letter // Node and Wrote are those of the target; Node is -1 if the target deleted it
	from          *kernel.Letter
	runs          bool  // a start whose activity runs now
	reads, writes []int // variables that it depends on: slots of the target, or -1-slot of the old schema
}

// prepare maps a run. The error is a *refusal.
func (c *Checker) prepare(trace *kernel.Trace, state *kernel.State) (*run, *refusal) {
	r := &run{c: c, trace: trace, state: state}
	var err *refusal
	if r.input, err = r.writes(trace.Input, 1, nil); err != nil {
		return nil, err
	}
	for _, e := range trace.Env { // of an earlier move
		w, err := r.writes([]kernel.Write{e.Write}, e.Seq, nil)
		if err != nil {
			return nil, err
		}
		for _, w := range w {
			r.env = append(r.env, kernel.Env{Seq: e.Seq, Write: w})
		}
	}
	done := make([]bool, len(trace.Letters)) // starts that were completed
	open := map[int32]int{}
	for i := range trace.Letters {
		l := &trace.Letters[i]
		switch l.Phase {
		case program.Start:
			open[l.Node] = i
		case program.Complete:
			if k, ok := open[l.Node]; ok {
				done[k] = true
				delete(open, l.Node)
			}
		}
	}
	for i := range trace.Letters {
		l := &trace.Letters[i]
		x := item{Letter: *l, from: l}
		x.Node = c.node[l.Node]
		if l.Phase == program.Start && !done[i] { // it runs, or was canceled
			w := state.Work(l.Node)
			x.runs = w != nil && w.Started && open[l.Node] == i
		}
		if x.Wrote, err = r.writes(l.Wrote, l.Seq, l); err != nil {
			return nil, err
		}
		r.depend(&x)
		r.items = append(r.items, x)
	}
	if err := r.convert(); err != nil {
		return nil, err
	}
	r.newest()
	return r, nil
}

// writes maps writes of the old schema to variables of the target. A value whose type changed is refused, unless a
// converter makes it; one whose variable is gone is dropped.
func (r *run) writes(list []kernel.Write, seq uint64, l *kernel.Letter) ([]kernel.Write, *refusal) {
	var out []kernel.Write
	for _, w := range list {
		if why := r.c.changed[w.Slot]; why != "" {
			return nil, &refusal{letter: l, message: why, blame: "the type of " + r.c.s.Program().Vars[w.Slot].Name + " was changed", remedies: []string{"a converter: `from` at the variable"}}
		}
		if to := r.c.slot[w.Slot]; to >= 0 {
			out = append(out, kernel.Write{Slot: to, Value: w.Value})
		}
	}
	slices.SortFunc(out, func(a, b kernel.Write) int { return int(a.Slot) - int(b.Slot) })
	return out, nil
}

// convert computes the converted variables, one value for each version of what they read, so that guards see the value
// of their time.
func (r *run) convert() *refusal {
	for slot := range r.c.convert {
		cv := &r.c.convert[slot]
		if cv.program == nil {
			continue
		}
		now := &values{list: make([]expr.Value, len(r.c.s.Program().Vars))}
		for i := range now.list {
			now.list[i] = r.c.s.Program().Vars[i].Default
		}
		for i, x := range r.written() {
			touched := i == 0 // what the instance began with: its input, and defaults
			for _, w := range x.list {
				now.list[w.Slot] = w.Value
				touched = touched || slices.Contains(cv.reads, int(w.Slot))
			}
			if !touched || !now.have(cv.reads) {
				continue
			}
			v, err := cv.program.Eval(now)
			if err != nil {
				name := r.c.t.Program().Vars[slot].Name
				return &refusal{
					letter: x.letter, message: fmt.Sprintf("from of variable %s: %v", name, err), blame: "`from` was given to " + name,
					remedies: []string{"a converter that allows for the values of this run"},
				}
			}
			r.env = append(r.env, kernel.Env{Seq: x.seq, Write: kernel.Write{Slot: int32(slot), Value: v}})
		}
	}
	return nil
}

// written is everything that was written, in order; the input comes first, also if it is empty.
func (r *run) written() []written {
	all := []written{{1, r.trace.Input, nil}}
	for i := range r.trace.Letters {
		l := &r.trace.Letters[i]
		all = append(all, written{l.Seq, l.Wrote, l})
	}
	for _, e := range r.trace.Env {
		all = append(all, written{e.Seq, []kernel.Write{e.Write}, nil})
	}
	slices.SortStableFunc(all, func(a, b written) int { return cmp.Compare(a.seq, b.seq) })
	return all
}

type written struct {
	seq    uint64
	list   []kernel.Write
	letter *kernel.Letter
}

// values are the variables of the old schema at one moment.
type values struct{ list []expr.Value }

// Slot implements expr.Vars.
func (v *values) Slot(i int) expr.Value { return v.list[i] }

func (v *values) have(slots []int) bool {
	return !slices.ContainsFunc(slots, func(s int) bool { return v.list[s].Absent() })
}

// depend collects what the letter depends on. A running activity counts with all that it may write; one that was
// canceled wrote nothing.
func (r *run) depend(x *item) {
	s, t := r.c.s.Program(), r.c.t.Program()
	old := &s.Nodes[x.from.Node]
	reads, writes := old.Reads, []int(nil)
	if x.Phase == program.Complete || x.Phase == program.Occur {
		reads = old.OutReads
		for _, w := range x.from.Wrote {
			writes = append(writes, int(w.Slot))
		}
	}
	if x.runs {
		writes = old.Writes
	}
	for _, slot := range reads {
		x.reads = append(append(x.reads, r.variable(slot)), r.converted(slot)...)
	}
	for _, slot := range writes {
		x.writes = append(append(x.writes, r.variable(slot)), r.converted(slot)...)
	}
	if x.Node >= 0 {
		n := &t.Nodes[x.Node]
		switch {
		case x.Phase == program.Start || n.Start < 0 && x.Phase == program.Complete:
			x.reads = append(x.reads, n.Reads...)
		case x.Phase == program.Complete || x.Phase == program.Occur:
			x.reads = append(x.reads, n.OutReads...)
		}
		if x.runs {
			x.writes = append(x.writes, n.Writes...)
		}
	}
}

func (r *run) variable(slot int) int {
	if to := r.c.slot[slot]; to >= 0 {
		return int(to)
	}
	return -1 - slot
}

// converted are the variables of the target that are made from one of the old schema.
func (r *run) converted(slot int) []int {
	var list []int
	for to := range r.c.convert {
		if slices.Contains(r.c.convert[to].reads, slot) {
			list = append(list, to)
		}
	}
	return list
}
