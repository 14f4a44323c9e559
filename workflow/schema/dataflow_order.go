package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
)

// races reports pairs of transitions that can fire in either order in one state, one of which writes what the other
// reads or writes.
func (d *dataFlow) races() {
	rivals := d.rivals()
	reported := make(map[[3]int32]bool)
	found := func(state, t, u, slot int) {
		if slot == completer {
			d.separateFinding(state, t, u, reported)
			return
		}
		if d.idle(state, t, slot) || d.idle(state, u, slot) {
			return
		}
		a, b := d.actor(t, slot), d.actor(u, slot)
		if a > b {
			a, b, t, u = b, a, u, t
		}
		pair := [3]int32{a, b, int32(slot)}
		if a < 0 || reported[pair] || len(reported) == maxData {
			return
		}
		reported[pair] = true
		d.raceFinding(state, t, u, a, b, slot)
	}
	var waiting []int32
	compare := func(state int, t int32) {
		for _, u := range waiting {
			for _, slot := range rivals.over(t, u) {
				found(state, int(t), int(u), slot)
			}
		}
	}
	for i := range d.space.Len() {
		if d.small != nil && len(reported) == maxData {
			return
		}
		m := d.space.Marking(i)
		known := false
		for _, move := range d.space.Moves(i) {
			t := d.ofProgram(move.Trans)
			if t < 0 {
				continue
			}
			for _, u := range rivals.separate[t] {
				if d.enabled(m, int(u)) {
					found(i, int(t), int(u), completer)
				}
			}
			if !rivals.effect(t).touches() {
				continue
			}
			if !known {
				waiting, known = rivals.enabled(m, waiting[:0]), true
			}
			compare(i, t)
		}
		if d.small != nil && !d.space.Complete && len(d.space.Moves(i)) == 0 && rivals.resting(m) { // it was not looked at
			waiting = rivals.enabled(m, waiting[:0])
			for _, t := range waiting {
				compare(i, t)
			}
		}
	}
}

// atOnce is the effect of t, or, if it is the first step of an inclusive decision, of all its steps: they happen in one
// go, so that nothing that they set off can come between them.
func (d *dataFlow) atOnce(t int) effect {
	if d.net.Trans(t).Class == petri.Underway {
		return effect{}
	}
	e := d.effects[t]
	a := &d.prog.Acts[t]
	if a.Decision < 0 || !d.prog.Decisions[a.Decision].Inclusive {
		return e
	}
	for u := range d.effects {
		if d.prog.Acts[u].Decision == a.Decision {
			e.reads = append(slices.Clip(e.reads), d.effects[u].reads...)
			e.opens = append(slices.Clip(e.opens), d.effects[u].opens...)
		}
	}
	return e
}

// independent reports whether neither firing takes the tokens that the other needs.
func independent(t, u *petri.Trans) bool {
	return !t.Takes().Meets(u.Pre) && !t.Takes().Meets(u.Read) && !u.Takes().Meets(t.Pre) && !u.Takes().Meets(t.Read) &&
		!slices.ContainsFunc(t.Inputs, u.Takes().Has)
}

// conflicts are the variables that one of two effects writes and the other reads or writes.
func conflicts(a, b *effect) []int {
	var slots []int
	for _, x := range []struct{ writer, other *effect }{{a, b}, {b, a}} {
		o := x.other
		for _, w := range [][]int{x.writer.writes, x.writer.maybe} {
			for _, slot := range w {
				if contains(o.reads, slot) || contains(o.opens, slot) || contains(o.writes, slot) || contains(o.maybe, slot) {
					slots = append(slots, slot)
				}
			}
		}
	}
	return ascending(slots)
}

// actor is the node that reads or writes slot when t fires.
func (d *dataFlow) actor(t, slot int) int32 {
	e := d.atOnce(t)
	if contains(e.reads, slot) || contains(e.writes, slot) || contains(e.maybe, slot) {
		return d.prog.Acts[t].Node
	}
	of := d.prog.Acts[t].Decision
	for u, a := range d.prog.Acts {
		if u != t && (of < 0 || a.Decision != of || !d.prog.Decisions[of].Inclusive) {
			continue
		}
		if waiting := d.openers(d.prog.Net.Trans(u).Post, slot); len(waiting) > 0 {
			return waiting[0]
		}
	}
	return -1
}

// raceFinding reports that t and u, where nodes a and b use slot, can fire in either order in a state.
func (d *dataFlow) raceFinding(state, t, u int, a, b int32, slot int) {
	writes := func(t int) bool { return contains(d.effects[t].writes, slot) || contains(d.effects[t].maybe, slot) }
	node, other := a, b
	how := "writes %q while %s reads it"
	switch {
	case writes(t) && writes(u):
		how = "writes %q while %s writes it too"
	case writes(u):
		node, other = b, a
	}
	args := []any{d.name(node), d.prog.Vars[slot].Name, d.name(other)}
	d.report(Fatal, "data/race", d.step(node).id.at, d.prog.Nodes[node].ID, d.tell(d.space.Run(state), true),
		"put one after the other, or give each branch a variable of its own",
		"%s "+how+": the outcome depends on which comes first", args...)
}

// separateFinding warns that a task is separate from another that can be done at the same time.
func (d *dataFlow) separateFinding(state, t, u int, reported map[[3]int32]bool) {
	a, b := d.prog.Acts[t].Node, d.prog.Acts[u].Node
	if reported[[3]int32{a, b, completer}] {
		return
	}
	reported[[3]int32{a, b, completer}] = true
	d.report(Warning, "data/race", d.step(a).id.at, d.prog.Nodes[a].ID, d.space.Run(state), "put one after the other",
		"%s is separate from %q, but both can be open at once: who does %q later is not compared", d.name(a), d.prog.Nodes[b].ID, d.prog.Nodes[b].ID)
}
