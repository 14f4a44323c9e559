package schema

import (
	"slices"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Data flow, after the anti-patterns of Trčka, van der Aalst and Sidorova ("Data-flow anti-patterns: discovering
// data-flow errors in workflows"), on the explored state space: missing data (a variable is read that on some path
// nobody wrote), races (two things that can happen in either order, one of which writes what the other reads or
// writes), lost data (written, and never read before it is overwritten) and redundant data (never read at all).
//
// A variable is read and written as a whole. A task reads its input when it starts and writes when it completes; a
// timer's instant and a message's key are read when the wait begins; a guard when the closure reaches it.

// slots is a set of variables.
type slots []uint64

func (s slots) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }
func (s slots) add(list ...int) {
	for _, i := range list {
		s[i>>6] |= 1 << (i & 63)
	}
}

// effect is what firing one transition does to the variables: it reads, then writes, then resets, then reads what the
// waits need that it opens.
type effect struct {
	reads  []int
	writes []int // certainly
	maybe  []int // "v?": the result may leave it out
	resets []int // locals that have no value now
	opens  []int
	undone []int // those of the reads that compensations make which it lets run, if they do
	byUndo []int // all that only compensations read or write
	owed   []int // what the compensation of the activity that it completes may read or write some day
}

// touches reports whether the effect reads or writes anything.
func (e *effect) touches() bool {
	return len(e.reads)+len(e.writes)+len(e.maybe)+len(e.opens)+len(e.owed) > 0
}

// surely are the reads that are made whenever the transition fires.
func (e *effect) surely() []int {
	if len(e.undone) == 0 {
		return e.reads
	}
	var reads []int
	for _, slot := range e.reads {
		if !contains(e.undone, slot) {
			reads = append(reads, slot)
		}
	}
	return reads
}

// dataFlow is the analysis of one process.
type dataFlow struct {
	*verifier
	words   int // length of a slots, at least 1: an empty set is not nil
	effects []effect
	first   effect           // of the initial marking
	small   *shrunk          // the space is that of a reduced net; nil: of the net
	undos   []undo           // see undoes; nil until they are asked for
	done    map[int32][]bool // see complete
	doneIn  *petri.Space
}

// dataFlow reports what is wrong with the flow of data.
func (v *verifier) dataFlow() {
	d := &dataFlow{verifier: v, words: len(v.prog.Vars)/64 + 1}
	for t := range v.net.Len() {
		d.effects = append(d.effects, d.effect(t))
	}
	d.first.opens = d.opening(v.prog.Initial)
	d.missing()
	d.races()
	if v.space.Complete {
		read, kept := d.redundant()
		d.lostWrites(read, kept)
		d.separations()
	}
}

// effect computes what firing t does.
func (d *dataFlow) effect(t int) effect {
	var e effect
	a := &d.prog.Acts[t]
	if a.Decision >= 0 {
		e.reads = d.asked(a)
	}
	if a.Node >= 0 && (a.Phase != 0 || d.prog.Nodes[a.Node].Kind == program.StartEvent) {
		n := &d.prog.Nodes[a.Node]
		if n.Running != petri.NoPlace {
			e = d.childEffect(a)
		}
		switch {
		case a.Phase == program.Start:
			e.reads = append(e.reads, n.Reads...)
		case a.Phase == program.Complete && n.Occur >= 0: // the last child behind an event
		default:
			e.reads = append(e.reads, n.OutReads...)
			for _, out := range n.Out {
				if out.Optional {
					e.maybe = append(e.maybe, out.Slot)
				} else {
					e.writes = append(e.writes, out.Slot)
				}
			}
		}
	}
	if a.Reset >= 0 {
		for _, slot := range d.prog.Scopes[a.Reset].Locals {
			if d.prog.Vars[slot].Default.Absent() {
				e.resets = append(e.resets, slot)
			}
		}
	}
	e.opens = d.opening(d.prog.Net.Trans(t).Post)
	d.undoing(t, &e)
	return e
}

// asked are the variables that a decision reads before it takes the flow of a: an exclusive one asks its guards in
// order, an inclusive one a guard at a time.
func (d *dataFlow) asked(a *program.Act) []int {
	dec := &d.prog.Decisions[a.Decision]
	if !dec.Inclusive {
		var reads []int
		for k := range a.Flow + 1 {
			reads = append(reads, dec.Flows[k].Reads...)
		}
		return ascending(reads)
	}
	if a.Flow >= 0 {
		return dec.Flows[a.Flow].Reads
	}
	for t := range d.prog.Acts { // "not this flow": the step of the chain that asks the same guard
		for _, chain := range [][]int32{dec.Chain, dec.ChainSome} {
			for k, c := range chain {
				if c == int32(t) && a == &d.prog.Acts[t] {
					return dec.Flows[k/2].Reads
				}
			}
		}
	}
	return nil
}

// opening are the variables that the waits opened at places read at once.
func (d *dataFlow) opening(places petri.Marking) []int {
	var reads []int
	for p := range places.Each {
		for _, i := range d.prog.OpenedBy[p] {
			if n := &d.prog.Nodes[i]; n.Start < 0 {
				reads = append(reads, n.Reads...)
			}
		}
	}
	return ascending(reads)
}

// given is the set of variables that have a value when an instance starts.
func (d *dataFlow) given() slots {
	s := make(slots, d.words)
	s.add(d.prog.In...)
	for i, v := range d.prog.Vars {
		if !v.Default.Absent() || i < d.prog.Outer {
			s.add(i)
		}
	}
	return s
}

// written computes, for each state, the variables that have a value on every path to it.
func (d *dataFlow) written() []slots {
	must := make([]slots, d.space.Len())
	must[0] = d.given()
	queued := make([]bool, d.space.Len())
	todo := []int32{0}
	next := make(slots, d.words)
	for len(todo) > 0 {
		i := todo[0]
		todo = todo[1:]
		queued[i] = false
		for _, m := range d.space.Moves(int(i)) {
			copy(next, must[i])
			e := d.does(m.Trans)
			next.add(e.writes...)
			for _, slot := range e.resets {
				next[slot>>6] &^= 1 << (slot & 63)
			}
			changed := false
			if must[m.To] == nil {
				must[m.To] = append(slots(nil), next...)
				changed = true
			} else {
				for w, old := range must[m.To] {
					if both := old & next[w]; both != old {
						must[m.To][w] = both
						changed = true
					}
				}
			}
			if changed && !queued[m.To] {
				queued[m.To] = true
				todo = append(todo, m.To)
			}
		}
	}
	return must
}

// missing reports reads of variables that may have no value, and output variables that may have none at the end.
func (d *dataFlow) missing() {
	must := d.written()
	type place struct {
		node int32
		slot int
	}
	seen := make(map[place]bool)
	check := func(state int, t int32, have slots, reads []int, nodes func(slot int) []int32) {
		for _, slot := range reads {
			if have.has(slot) {
				continue
			}
			for _, node := range nodes(slot) {
				if len(seen) < maxData && !seen[place{node, slot}] {
					seen[place{node, slot}] = true
					d.missingFinding(state, t, node, slot)
				}
			}
		}
	}
	check(0, -1, must[0], d.first.opens, func(slot int) []int32 { return d.openers(d.prog.Initial, slot) })
	after := make(slots, d.words)
	for i := range d.space.Len() {
		if must[i] == nil {
			continue
		}
		for _, m := range d.space.Moves(i) {
			e, t := d.does(m.Trans), d.ofProgram(m.Trans)
			check(i, m.Trans, must[i], e.surely(), func(int) []int32 { return []int32{d.prog.Acts[t].Node} })
			copy(after, must[i])
			after.add(e.writes...)
			check(i, m.Trans, after, e.opens, func(slot int) []int32 { return d.openers(d.prog.Net.Trans(int(t)).Post, slot) })
		}
	}
	d.missingUndone()
	for i := range d.space.Len() {
		if must[i] == nil || !d.space.Marking(i).Empty() {
			continue
		}
		for k, slot := range d.prog.Out {
			switch {
			case must[i].has(slot), d.small != nil && d.small.slot != slot:
			case d.prog.Outer > 0:
				d.uncollected(i, slot)
			default:
				d.report(Warning, "data/out-missing", d.p.out[k].at, "", d.tell(d.unwrittenRun(i, slot), false), "write it on every way, or give it a default",
					"the process may end without a value for its output %q", d.prog.Vars[slot].Name)
			}
		}
	}
}

// openers are the nodes that wait at places and read slot for it.
func (d *dataFlow) openers(places petri.Marking, slot int) []int32 {
	var nodes []int32
	for p := range places.Each {
		for _, i := range d.prog.OpenedBy[p] {
			n := &d.prog.Nodes[i]
			for _, r := range n.Reads {
				if r == slot && n.Start < 0 {
					nodes = append(nodes, i)
				}
			}
		}
	}
	return nodes
}

// missingFinding reports that node reads a slot that may have no value when t fires in a state.
func (d *dataFlow) missingFinding(state int, t, node int32, slot int) {
	run := d.unwrittenRun(state, slot)
	if t >= 0 {
		run = append(run, int(t))
	}
	run = d.tell(run, false)
	if t >= 0 && len(run) > 0 {
		if a := &d.prog.Acts[d.ofProgram(t)]; a.Phase == 0 || a.Node == node {
			run = run[:len(run)-1]
		}
	}
	d.report(Fatal, "data/missing", d.reader(node, slot), d.prog.Nodes[node].ID, run,
		"write it before on every way (also where an output is optional or a boundary event interrupts), or give it a default",
		"%s reads %q, which may have no value then", d.name(node), d.prog.Vars[slot].Name)
}

func contains(list []int, slot int) bool {
	for _, s := range list {
		if s == slot {
			return true
		}
	}
	return false
}

// reader is the place of the source where node reads slot.
func (d *dataFlow) reader(node int32, slot int) mark {
	n, s := &d.prog.Nodes[node], d.step(node)
	reads := func(p *expr.Program) bool { return p != nil && contains(p.Reads(), slot) }
	params := slices.Concat(s.in, s.data)
	for k, in := range n.In {
		if in.Expr == nil && in.Slot == slot {
			return params[k].name.at
		}
		if reads(in.Expr) {
			return params[k].expr.at
		}
	}
	for _, x := range s.elementTexts(n) {
		if reads(x.program) {
			return x.text.at
		}
	}
	switch {
	case reads(n.Key):
		return s.key.at
	case n.Timer != nil && reads(n.Timer.At):
		return s.instant.at
	}
	for k, out := range n.Out {
		if reads(out.Expr) {
			return s.out[k].expr.at
		}
	}
	for i := range d.prog.Decisions {
		dec := &d.prog.Decisions[i]
		if dec.Node != node {
			continue
		}
		for _, f := range dec.Flows {
			if !contains(f.Reads, slot) {
				continue
			}
			for _, t := range []text{s.while, s.until} {
				if t.s == f.Guard.Source() {
					return t.at
				}
			}
			for _, b := range s.cases {
				if b.when.s == f.Guard.Source() {
					return b.when.at
				}
			}
		}
	}
	return s.id.at
}
