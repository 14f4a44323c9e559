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
	for i := range d.space.Len() {
		m := d.space.Marking(i)
		for _, move := range d.space.Moves(i) {
			t := int(d.ofProgram(move.Trans))
			if t < 0 {
				continue
			}
			for _, r := range rivals[t] {
				if d.enabled(m, r.trans) {
					found(i, t, r.trans, r.slot)
				}
			}
		}
	}
}

// rival is a letter that must not be enabled together with another transition, because of a variable, or of who
// completed a task last.
type rival struct{ trans, slot int }

// completer stands for a variable in a rival whose node another wants to be separate from.
const completer = -1

// rivals lists them for each transition.
func (d *dataFlow) rivals() [][]rival {
	rivals := make([][]rival, d.net.Len())
	for i := range d.prog.Nodes {
		if d.small != nil {
			break // of one variable
		}
		for _, w := range d.prog.Nodes[i].Separate {
			if t := d.prog.Nodes[i].Start; w != int32(i) {
				rivals[t] = append(rivals[t], rival{int(d.prog.Nodes[w].Complete), completer})
			}
		}
	}
	for t := range rivals {
		e := d.atOnce(t)
		if !e.touches() {
			continue
		}
		for u := d.net.Silent(); u < d.net.Len(); u++ {
			if u == t || !independent(d.prog.Net.Trans(t), d.prog.Net.Trans(u)) {
				continue
			}
			for _, slot := range conflicts(&e, &d.effects[u]) {
				rivals[t] = append(rivals[t], rival{u, slot})
			}
		}
	}
	return rivals
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

// redundant reports variables that nobody ever reads. What can be searched by value, or is an output of the process,
// counts as read. It returns which variables are read, and which are after the end.
func (d *dataFlow) redundant() (read, kept slots) {
	read = make(slots, d.words)
	read.add(d.first.opens...)
	for i := range d.effects {
		read.add(d.effects[i].reads...)
		read.add(d.effects[i].opens...)
	}
	for i := range d.prog.Decisions {
		for _, f := range d.prog.Decisions[i].Flows {
			read.add(f.Reads...)
		}
	}
	for _, child := range d.prog.Children {
		read.add(child.Program.AllReads()...)
	}
	read.add(d.prog.Out...)
	kept = make(slots, d.words)
	kept.add(d.prog.Out...)
	if d.prog.Outer > 0 { // who reads what lies around a child is known there
		read.add(d.prog.In...)
		for i := range d.prog.Outer {
			read.add(i)
			kept.add(i)
		}
	}
	for i, v := range d.prog.Vars {
		if v.Index {
			read.add(i)
			kept.add(i)
		}
	}
	for i := range d.prog.Vars {
		if !read.has(i) && !d.element(i) {
			d.add(Warning, "data/redundant", d.declared(i), "", "remove it, or make it an output or an index", "nothing reads %q", d.prog.Vars[i].Name)
		}
	}
	return read, kept
}

// lostWrites reports writes to variables that are read, but never before the next write: nothing comes of them.
func (d *dataFlow) lostWrites(read, kept slots) {
	live := d.live(kept)
	useful := make(map[[2]int]bool) // transition, slot
	fired := make([]bool, len(d.effects))
	for i := range d.space.Len() {
		for _, m := range d.space.Moves(i) {
			e, t := d.does(m.Trans), int(d.ofProgram(m.Trans))
			if t < 0 {
				continue
			}
			fired[t] = true
			for _, slot := range slices.Concat(e.writes, e.maybe) {
				if live[m.To].has(slot) || contains(e.opens, slot) {
					useful[[2]int{t, slot}] = true
				}
			}
		}
	}
	for t := range d.effects {
		e := &d.effects[t]
		if !fired[t] {
			continue
		}
		node := d.prog.Acts[t].Node
		for _, slot := range slices.Concat(e.writes, e.maybe) {
			if read.has(slot) && !useful[[2]int{t, slot}] {
				d.add(Warning, "data/lost", d.step(node).id.at, d.prog.Nodes[node].ID, "remove it from out, or read it before it is written again",
					"nothing reads what %s writes to %q", d.name(node), d.prog.Vars[slot].Name)
			}
		}
	}
}

// live computes, for each state, the variables that may still be read, as they are now, on some path from it.
func (d *dataFlow) live(kept slots) []slots {
	live := make([]slots, d.space.Len())
	for i := range live {
		live[i] = make(slots, d.words)
		copy(live[i], kept)
	}
	before := make(slots, d.words)
	for changed := true; changed; {
		changed = false
		for i := len(live) - 1; i >= 0; i-- {
			for _, m := range d.space.Moves(i) {
				e := d.does(m.Trans)
				copy(before, live[m.To])
				before.add(e.opens...)
				for _, w := range e.writes {
					before[w>>6] &^= 1 << (w & 63)
				}
				before.add(e.reads...)
				for w, x := range before {
					if x&^live[i][w] != 0 {
						live[i][w] |= x
						changed = true
					}
				}
			}
		}
	}
	return live
}

// element reports whether a variable is what an each gives its body, which has to name it even if it only counts.
func (d *dataFlow) element(slot int) bool {
	return slices.ContainsFunc(d.p.all, func(s *step) bool {
		return s.as.given() && s.id.s+"."+s.as.s == d.prog.Vars[slot].Name
	})
}

// declared is where the source declares slot.
func (d *dataFlow) declared(slot int) mark {
	if slot < len(d.p.vars) {
		return d.p.vars[slot].name.at
	}
	for _, s := range d.p.all {
		for _, v := range s.vars {
			if s.id.s+"."+v.name.s == d.prog.Vars[slot].Name {
				return v.name.at
			}
		}
	}
	return d.p.id.at
}
