package schema

import "slices"

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
