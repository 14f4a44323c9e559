package schema

import (
	"slices"

	"github.com/replank/replank/internal/program"
)

// The data of compensations. What undoes an activity is a child of it, which runs when a step compensates: what it reads it
// reads then, if the activity is complete by then, and what it writes it may write then. The compensations that a child
// asks for in the program around it are left aside.

// An undo is what the compensation of an activity does to the variables of the program.
type undo struct {
	host          int32 // the activity; or the node of the program in whose child it lies
	of            *step // the activity
	reads, writes []int
}

// undoes finds the compensations of the program, and those in its children.
func (d *dataFlow) undoes() []undo {
	if d.undos != nil {
		return d.undos
	}
	d.undos = []undo{}
	own := func(slots []int) (list []int) {
		for _, slot := range slots {
			if slot < len(d.prog.Vars) {
				list = append(list, slot)
			}
		}
		return list
	}
	var in func(p *program.Program, host int32)
	in = func(p *program.Program, host int32) {
		for i := range p.Children {
			c, at := &p.Children[i], host
			if at < 0 {
				at = c.Node
			}
			if c.Undo {
				d.undos = append(d.undos, undo{at, d.p.byID[p.Nodes[c.Node].ID], own(c.Reads), own(c.Writes)})
			} else {
				in(c.Program, at)
			}
		}
	}
	in(d.prog, -1)
	return d.undos
}

// undone are the compensations that may run when transition t fires.
func (d *dataFlow) undone(t int) (list []undo) {
	a := &d.prog.Acts[t]
	if a.Node < 0 || a.Phase != program.Occur || len(d.undoes()) == 0 {
		return nil
	}
	by := d.step(a.Node)
	if by.kind != kindCompensate && !by.compensates && !by.cancels {
		return nil
	}
	for _, u := range d.undoes() {
		if by.mayUndo(u.of) {
			list = append(list, u)
		}
	}
	return list
}

// mayUndo reports whether a step that compensates undoes an activity: one that it names, or lies in one of those; without
// names, what lies in its scope; what lies in the transaction that it cancels.
func (s *step) mayUndo(a *step) bool {
	switch {
	case s.cancels:
		return s.catch != nil && a.inScope(s.catch.host)
	case len(s.undone) == 0:
		return a.inScope(s.outer)
	}
	for _, named := range s.undoes {
		if a == named || a.inScope(named) {
			return true
		}
	}
	return false
}

// inScope reports whether s lies in a subprocess or each; in nil, the process, all do.
func (s *step) inScope(scope *step) bool {
	for s != nil && s.outer != scope {
		s = s.outer
	}
	return s != nil || scope == nil
}

// completed is the activity that transition t completes, -1 if it does not complete one.
func (d *dataFlow) completed(t int) int32 {
	a := &d.prog.Acts[t]
	if a.Node < 0 {
		return -1
	}
	switch n := &d.prog.Nodes[a.Node]; {
	case a.Phase == program.Complete, a.Phase == program.Occur && d.step(a.Node).kind == kindReceive,
		a.Phase == 0 && n.Kind == program.SubProcess && d.prog.Net.Trans(t).Pre.Has(n.On):
		return a.Node
	}
	return -1
}

// undoing adds what compensations make of the effect of transition t.
func (d *dataFlow) undoing(t int, e *effect) {
	plain := slices.Concat(e.reads, e.writes, e.maybe, e.opens)
	for _, u := range d.undone(t) {
		for _, slot := range u.reads {
			if !contains(e.reads, slot) {
				e.undone, e.reads = append(e.undone, slot), append(e.reads, slot)
			}
		}
		e.maybe = append(e.maybe, u.writes...)
		for _, slot := range slices.Concat(u.reads, u.writes) {
			if !contains(plain, slot) {
				e.byUndo = append(e.byUndo, slot)
			}
		}
	}
	if len(d.undoes()) == 0 {
		return
	}
	if host := d.completed(t); host >= 0 {
		for _, u := range d.undoes() {
			if u.host == host {
				e.owed = append(append(e.owed, u.reads...), u.writes...)
			}
		}
	}
}

// idle reports whether t does nothing to a variable in a state, because only compensations would, of activities that are not
// complete there in any run.
func (d *dataFlow) idle(state, t, slot int) bool {
	if !contains(d.effects[t].byUndo, slot) {
		return false
	}
	for _, u := range d.undone(t) {
		if (contains(u.reads, slot) || contains(u.writes, slot)) && d.complete(u.host)[state] {
			return false
		}
	}
	return true
}

// complete tells for each state of the space whether some run to it completes an activity.
func (d *dataFlow) complete(host int32) []bool {
	if d.doneIn != d.space {
		d.done, d.doneIn = make(map[int32][]bool), d.space
	}
	if done := d.done[host]; done != nil {
		return done
	}
	done := make([]bool, d.space.Len())
	d.done[host] = done
	var todo []int32
	for i := range done {
		for _, m := range d.space.Moves(i) {
			if t := d.ofProgram(m.Trans); t >= 0 && d.completed(int(t)) == host && !done[m.To] {
				done[m.To] = true
				todo = append(todo, m.To)
			}
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		for _, m := range d.space.Moves(int(todo[0])) {
			if !done[m.To] {
				done[m.To] = true
				todo = append(todo, m.To)
			}
		}
	}
	return done
}

// missingUndone reports what a compensation reads and may not have a value when it runs, its activity being complete.
func (d *dataFlow) missingUndone() {
	given := d.given()
	for _, u := range d.undoes() {
		for _, slot := range u.reads {
			if d.small != nil && d.small.slot != slot {
				continue
			}
			run, t := d.runToUndo(u, slot, given.has(slot))
			if t >= 0 {
				a := &d.prog.Acts[t]
				d.report(Fatal, "data/missing", u.of.undo.step.id.at, u.of.undo.step.id.s, d.tell(run, false),
					"write it before the activity is complete, or give it a default",
					"what undoes %q reads %q, which may have no value when %s undoes it", u.of.id.s, d.prog.Vars[slot].Name, d.name(a.Node))
			}
		}
	}
}

// runToUndo is a run, with as few letters as any, after which u may run though slot has no value; and the transition of the
// program that lets it run, -1 if there is none.
func (d *dataFlow) runToUndo(u undo, slot int, given bool) (run []int, by int32) {
	by = -1
	run = d.search(slot, given, u.host, func(x passage) bool {
		if x.has || !x.done {
			return false
		}
		for _, m := range d.space.Moves(int(x.state)) {
			if t := d.ofProgram(m.Trans); t >= 0 && contains(d.does(m.Trans).undone, slot) && d.step(d.prog.Acts[t].Node).mayUndo(u.of) {
				by = t
				return true
			}
		}
		return false
	})
	return run, by
}
