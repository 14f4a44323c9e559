package schema

import (
	"strings"

	"github.com/replank/replank/internal/program"
)

// childEffect is what beginning and ending the children of a node do to the variables around: the first reads all that a
// child reads of them, the last writes what any may have written by then. A child is given every variable around it.
func (d *dataFlow) childEffect(a *program.Act) (e effect) {
	child := d.prog.ChildOf(a.Node)
	switch {
	case child == nil:
	case a.Phase == program.Complete:
		e.maybe = append(e.maybe, child.Writes...)
	default:
		e.reads = append(e.reads, child.Reads...)
	}
	return e
}

// uncollected reports that a round of an each may end in a state in which a variable that it collects has no value.
func (d *dataFlow) uncollected(state, slot int) {
	at := d.declared(slot)
	id, _, _ := strings.Cut(d.prog.Vars[slot].Name, ".")
	if s := d.p.byID[id]; s != nil {
		at = s.collect.at
	}
	for _, f := range d.list {
		if f.Code == "data/missing" && f.Pos == d.source.pos(at) {
			return
		}
	}
	d.report(Fatal, "data/missing", at, id, d.unwrittenRun(state, slot), "write it on every way, or give it a default",
		"what is collected reads %q, which may have no value then", d.prog.Vars[slot].Name)
}
