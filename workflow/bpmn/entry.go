package bpmn

import (
	"cmp"

	"github.com/replank/replank/workflow/schema"
)

// This file says where a scope begins.

// entry are the drafts that a scope begins with beside those of its nodes. What begins first stands first among them, or
// among the nodes.
func (g *graph) entry(s *scope) []*draft {
	switch {
	case len(s.nodes) == 0 && len(s.starts) == 0:
		return []*draft{ended(s.element, s.id+".end")}
	case len(s.starts) == 0:
		return g.everything(s)
	case s == g.top && (len(s.starts) > 1 || len(s.starts[0].events) > 0 || s.starts[0].name != "startEvent"):
		return g.openings(s)
	case len(s.starts) > 1:
		return g.either(s)
	}
	n := s.starts[0]
	next, more := g.leave(n)
	if next == "" {
		return []*draft{ended(n.element, n.id+".end")}
	}
	if len(more) == 0 {
		g.begin(next, s)
	}
	return more
}

// openings are the several ways in which a process begins, or the one that is no call of the program.
func (g *graph) openings(s *scope) []*draft {
	var more []*draft
	first := ""
	for _, n := range s.starts {
		next, behind := g.leave(n)
		if next == "" {
			next = n.id + ".end"
			behind = []*draft{ended(n.element, next)}
		}
		if first == "" && len(behind) == 0 {
			g.begin(next, s)
		}
		if len(behind) > 1 || len(behind) == 1 && !behind[0].ends {
			if len(n.events) > 1 {
				behind = append(behind, merged(n, n.id, next))
				next = n.id
			}
		}
		first = cmp.Or(first, next)
		more = append(more, behind...)
		for _, e := range g.startEvents(n) {
			g.starts = append(g.starts, e.Next(next).Line(n.line, n.col))
		}
	}
	return more
}

// startEvents are the events of a start.
func (g *graph) startEvents(n *node) (list []schema.Step) {
	worded := func(s schema.Step) schema.Step {
		return (&draft{id: n.id, at: n.element, step: s}).worded().step
	}
	switch {
	case n.name == "receiveTask":
		name, key := g.message(n, n.element)
		return []schema.Step{worded(g.partner(n, schema.OnMessage(n.id, name, key)))}
	case len(n.events) == 0:
		return []schema.Step{worded(schema.Plain(n.id))}
	case len(n.events) == 1:
		return []schema.Step{worded(g.on(n, n.events[0], n.id))}
	}
	for i, d := range n.events {
		list = append(list, worded(g.on(n, d, eventID(n, i))))
	}
	return list
}

// either is the beginning of a sub-process with several start events: one of them, nobody says which.
func (g *graph) either(s *scope) []*draft {
	var more []*draft
	d := &draft{id: s.id + ".start", at: s.element}
	for i, n := range s.starts {
		next, behind := g.leave(n)
		if next == "" {
			next = n.id + ".end"
			behind = []*draft{ended(n.element, next)}
		}
		c := schema.To(next)
		switch last := i == len(s.starts)-1; {
		case g.options.ControlOnly:
		case last:
			c = schema.ElseTo(next)
		default:
			name := g.blankFor("begins", n.attr("id"), schema.Bool)
			g.unsettled(n.element, "open/start", "begin with one start event and a gateway", "nobody says whether the sub-process begins with %s; the variable %q does", named(n.element), name)
			c = schema.When(name).Next(next)
		}
		d.cases, d.leads, more = append(d.cases, c.Named(n.id)), append(d.leads, next), append(more, behind...)
	}
	d.step = schema.Gateway(d.id, schema.ExclusiveGateway, d.cases...)
	return append([]*draft{d}, more...)
}

// everything is the beginning of a scope without start event: all nodes that nothing leads to (BPMN 2.0.2, 10.5.2).
func (g *graph) everything(s *scope) []*draft {
	roots := s.roots()
	switch len(roots) {
	case 0:
		g.fatal(s.nodes[0].element, "bpmn/start", "add a start event", "nothing begins here: there is no start event, and a flow leads to every node")
		return nil
	case 1:
		g.begin(roots[0].entered(), s)
		return nil
	}
	d := &draft{id: s.id + ".start", at: s.element}
	for _, n := range roots {
		d.cases, d.leads = append(d.cases, schema.To(n.entered())), append(d.leads, n.entered())
	}
	d.step = schema.Gateway(d.id, schema.ParallelGateway, d.cases...)
	return []*draft{d}
}

// begin puts the node whose step has an id first in its scope.
func (g *graph) begin(id string, s *scope) {
	for i, n := range s.nodes {
		if n.entered() == id {
			copy(s.nodes[1:i+1], s.nodes[:i])
			s.nodes[0] = n
		}
	}
}
