package schema

import (
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/program"
)

// This file makes the children of a program: the body of an each, what follows an event that does not interrupt, and
// compensations. Of each of these several may run at a time, so it is a scope with a marking of its own, and a program
// of its own. It sees the variables around its owner in their slots; its own come behind those.

// children compiles the children of all nodes. The variables are numbered already.
func (c *compiler) children() {
	for i := range c.prog.Nodes {
		if c.isJoin[i] {
			continue
		}
		s := c.steps[i]
		if s.isChild() {
			c.child(int32(i), s.body, false)
		}
		if s.undo != nil && s.undo.step != nil {
			c.child(int32(i), []*step{s.undo.step}, true)
		}
	}
}

// child compiles one child of node i.
func (c *compiler) child(i int32, body []*step, undo bool) {
	in := newCompiler(c.p)
	in.body, in.starts, in.handlers, in.outer, in.owner = body, nil, nil, c, i
	if s := c.steps[i]; s.kind == kindEach && !undo {
		in.root = append([]*variable{{name: s.as, typ: text{c.elementType(i), s.list.at}}}, s.vars...)
	}
	in.run()
	c.list = append(c.list, in.list...)
	if in.terminates {
		c.terminating[i] = true
		c.terminate(c.node(i).Scope)
	}
	child := program.Child{Node: i, Undo: undo, Program: in.prog}
	for _, e := range in.thrown {
		if at, here := c.index[e]; here {
			child.Throws = append(child.Throws, at)
		} else {
			c.thrown = append(c.thrown, e)
		}
	}
	slices.Sort(child.Throws)
	child.Throws = slices.Compact(child.Throws)
	child.Reads, child.Writes = in.outside()
	c.prog.Children = append(c.prog.Children, child)
}

// terminate notes that an end terminates a scope. What follows an event at the border of an activity lies in the scope of
// the activity (BPMN 2.0, 13.5.6), though it is a child; each and event sub-processes are scopes themselves.
func (c *compiler) terminate(scope int32) {
	if scope == 0 && c.outer != nil && c.outer.steps[c.owner].role == roleBoundary {
		c.terminates = true
	}
}

// elementType is the type of what an each goes through.
func (c *compiler) elementType(i int32) string {
	s := c.steps[i]
	if c.p.free {
		return "dyn"
	}
	p := c.expression(c.envs[c.node(i).Scope], s.list, expr.Type{}, s.id.s)
	if p == nil {
		return "dyn" // said already
	}
	switch t := p.ResultType().String(); {
	case t == "int", t == "dyn":
		return t
	case t == "":
		return "dyn"
	case strings.HasPrefix(t, "list("):
		return t[len("list(") : len(t)-1]
	default:
		c.fatal("data/type", s.list.at, s.id.s, "give it a list, or how many times", "an each goes through a list or counts to an int, not through %s", t)
		return "dyn"
	}
}

// outside are the variables of outer scopes that a child may read before it writes them, as far as that is plain, and
// those that it may write.
func (c *compiler) outside() (reads, writes []int) {
	certain := map[int]bool{}
	for i := range c.prog.Nodes {
		n := &c.prog.Nodes[i]
		writes = append(writes, n.Writes...)
		for _, out := range n.Out {
			if !out.Optional {
				certain[out.Slot] = true
			}
		}
	}
	all := c.prog.OwnReads()
	for _, child := range c.prog.Children {
		writes = append(writes, child.Writes...)
		if !child.Undo { // that reads when it runs
			all = append(all, child.Reads...)
		}
	}
	inner := func(slot int) bool { return slot >= c.prog.Outer }
	reads = slices.DeleteFunc(ascending(all), func(slot int) bool { return inner(slot) || certain[slot] })
	return reads, slices.DeleteFunc(ascending(writes), inner)
}
