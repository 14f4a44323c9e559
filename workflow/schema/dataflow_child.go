package schema

import (
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/program"
)

// A programText is a compiled expression with its place in the source.
type programText struct {
	program *expr.Program
	text    text
}

// elementTexts are the expressions of a step that elementData compiled.
func (s *step) elementTexts(n *program.Node) []programText {
	list := []programText{{n.Condition, s.condition}, {n.Assignee, s.assignee}, {n.Priority, s.priority}}
	if n.Each != nil {
		list = append(list, programText{n.Each.Of, s.list}, programText{n.Each.Until, s.until}, programText{n.Each.Collect, s.collect})
	}
	if n.Table != nil {
		for i, row := range n.Table.Rows {
			list = append(list, programText{row.When, s.rows[i].when})
			for k, out := range row.Set {
				list = append(list, programText{out.Expr, s.rows[i].set[k].expr})
			}
		}
		for k, out := range n.Table.Else {
			list = append(list, programText{out.Expr, s.noRow[k].expr})
		}
	}
	return list
}

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
	name := d.prog.Vars[slot].Name
	id := name[:strings.LastIndexByte(name, '.')]
	if s := d.p.byID[id]; s != nil {
		at = s.collect.at
	}
	for _, f := range d.list {
		if f.Code == "data/missing" && f.Pos == d.source.pos(at) {
			return
		}
	}
	d.report(Fatal, "data/missing", at, id, d.tell(d.unwrittenRun(state, slot), false), "write it on every way, or give it a default",
		"what is collected reads %q, which may have no value then", d.prog.Vars[slot].Name)
}
