package program

import (
	"slices"

	"github.com/replank/replank/internal/expr"
)

// Automatic reports whether a node of the kind that waits at a place is run by the engine itself, in the step in which
// it is reached, and not by somebody outside.
func (k Kind) Automatic() bool {
	switch k {
	case ScriptTask, RuleTask, SendTask, ManualTask, ThrowEvent, EndEvent:
		return true
	}
	return false
}

// Child is a scope of which several may run at a time, each with a marking of its own: the body of a multi-instance
// activity, what follows an event that interrupts nothing, or a compensation (Undo). In the program around it its owner
// has the place Running, marked as long as some of them run.
type Child struct {
	Node int32 // its owner
	Undo bool  // it undoes the owner
	// Program has the variables around it in its first slots; its In is the element of a multi-instance activity, its Out
	// what Collect reads.
	Program *Program
	// Throws are the events of the program around that catch what is thrown in it, ascending.
	Throws []int32
	// Reads and Writes are variables of the programs around, ascending: those that it may read without having written
	// them, and those that it may write.
	Reads, Writes []int
}

// Has reports whether a node with this id lies in it, or in a child of its own.
func (c *Child) Has(id string) bool {
	if _, ok := c.Program.ByID[id]; ok {
		return true
	}
	return slices.ContainsFunc(c.Program.Children, func(x Child) bool { return x.Has(id) })
}

// ChildOf returns the child that runs when node does, or follows it; nil if there is none.
func (p *Program) ChildOf(node int32) *Child {
	for i := range p.Children {
		if c := &p.Children[i]; c.Node == node && !c.Undo {
			return c
		}
	}
	return nil
}

// SlotsOf are the variables of p that an expression reads; names that are none, such as the result of a task, have slots
// behind them. A nil expression reads nothing.
func (p *Program) SlotsOf(e *expr.Program) []int {
	var list []int
	if e != nil {
		for _, slot := range e.Reads() {
			if slot < len(p.Vars) {
				list = append(list, slot)
			}
		}
	}
	return list
}

// AllReads are the variables that p or a child within it reads, in no order, some more than once.
func (p *Program) AllReads() []int {
	list := p.OwnReads()
	for _, c := range p.Children {
		list = append(list, c.Program.AllReads()...)
	}
	return list
}

// OwnReads are the variables that the nodes and guards of p read, its children left aside.
func (p *Program) OwnReads() []int {
	var list []int
	for i := range p.Nodes {
		list = append(append(list, p.Nodes[i].Reads...), p.Nodes[i].OutReads...)
	}
	for i := range p.Decisions {
		for _, f := range p.Decisions[i].Flows {
			list = append(list, f.Reads...)
		}
	}
	return list
}

// Table is a decision table: the rows whose When is true set variables. Hit says which of them: "" the first, "unique"
// the only one, "collect" all, which make lists.
type Table struct {
	Hit  string
	Rows []TableRow
	Else []Output // if no row is; empty: that is an incident
}

// TableRow is one row of a Table.
type TableRow struct {
	When *expr.Program
	Set  []Output
}

// Each is how a multi-instance activity runs its child.
type Each struct {
	Of         *expr.Program // a list, or an int
	Sequential bool
	Collect    *expr.Program // over the variables of a child, when it ended; nil: nothing
	// Until is a bool over those around and, in the slots behind all of them, the list of what was collected, the number of
	// children that ended, and of all; nil: all must end. Out of the node is over the same.
	Until *expr.Program
}
