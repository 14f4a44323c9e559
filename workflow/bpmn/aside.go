package bpmn

import (
	"slices"

	"github.com/replank/replank/workflow/schema"
)

// This file moves what follows events that do not interrupt into scopes of their own: it runs beside the scope and does
// not come back. A way that leads on to nothing but the end of the scope ends in a copy of it. Events may share such an
// end, and each has its copy; the copies count as nodes of the process, so that the limits hold for them too.

// aside does so for the events of a scope, main being the nodes that the scope itself leads to.
func (g *graph) aside(s *scope, main map[*node]bool) {
	var events []*node
	for _, n := range s.nodes {
		for _, b := range n.bounds {
			if !b.interrupts() {
				events = append(events, n)
				break
			}
		}
	}
	if len(events) == 0 {
		return
	}
	taken := map[*node]bool{}
	on := leadingOn(s)
	for _, n := range events {
		if taken[n] {
			continue // the scope that it lies in now has settled it
		}
		for _, b := range n.bounds {
			if g.large {
				return
			}
			if !b.interrupts() {
				g.beside(b, s, main, taken, on)
			}
		}
	}
	s.nodes = slices.DeleteFunc(s.nodes, func(n *node) bool { return taken[n] })
}

// beside moves what follows one event of a scope into the scope of the event.
func (g *graph) beside(b *node, s *scope, main, taken, on map[*node]bool) {
	b.inner = &scope{element: b.element, id: b.id, starts: []*node{b}}
	c := &copier{graph: g, event: b, of: map[*node]*node{}}
	body := map[*node]bool{}
	todo := slices.Clone(b.out)
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		m := f.to
		switch {
		case body[m]:
		case !main[m] && !taken[m]:
			body[m] = true
			todo = append(todo, m.out...)
			for _, inner := range m.bounds {
				todo = append(todo, inner.out...)
			}
		case on[m]:
			g.fatal(f.element, "bpmn/not-yet", "lead it to steps of its own", "%s leaves its activity alone, and what follows it leads back to %s; that is not supported", named(b.element), named(m.element))
		default:
			twin := c.copied(m)
			if twin == nil {
				return // too many
			}
			m.in = slices.DeleteFunc(m.in, func(in *flow) bool { return in == f })
			f.to = twin
			twin.in = append(twin.in, f)
		}
	}
	for _, m := range s.nodes {
		if body[m] {
			taken[m], m.scope = true, b.inner
			b.inner.nodes = append(b.inner.nodes, m)
		}
	}
	for _, m := range c.made {
		m.scope = b.inner
		b.inner.nodes = append(b.inner.nodes, m)
	}
	slices.SortStableFunc(b.inner.nodes, func(x, y *node) int { return x.line*1_000_000 + x.col - y.line*1_000_000 - y.col })
	g.aside(b.inner, reach(map[*node]bool{}, false, b))
}

// leadingOn are the nodes of a scope that lead to something else than its end by gateways that only merge or choose.
func leadingOn(s *scope) map[*node]bool {
	into := map[*node][]*node{}
	var todo []*node
	for _, n := range s.nodes {
		for _, f := range n.out {
			into[f.to] = append(into[f.to], n)
		}
		if n.role != end && n.role != exclusive && n.role != pass {
			todo = append(todo, n)
		}
	}
	on := map[*node]bool{}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !on[n] {
			on[n] = true
			todo = append(todo, into[n]...)
		}
	}
	return on
}

// A copier copies ends for what follows one event.
type copier struct {
	*graph
	event *node
	of    map[*node]*node
	made  []*node
}

// copied is a copy of a node, and of what it leads to; nil if the process gets too large.
func (c *copier) copied(n *node) *node {
	if twin := c.of[n]; twin != nil {
		return twin
	}
	if !c.roomFor(1, len(n.out)) {
		return nil
	}
	twin := &node{element: n.element, role: n.role, id: c.event.id + ".end" + numbered(len(c.made)), events: n.events}
	c.of[n] = twin
	c.made = append(c.made, twin)
	for _, f := range n.out {
		to := c.copied(f.to)
		if to == nil {
			return nil
		}
		out := &flow{element: f.element, from: twin, to: to, condition: f.condition, isDefault: f.isDefault}
		twin.out, to.in = append(twin.out, out), append(to.in, out)
	}
	if twin.role == exclusive && len(twin.out) > 1 {
		for i, f := range twin.out {
			f.id = twin.id + ".way" + numbered(i)
		}
	}
	return twin
}

// roomFor counts copies of nodes and flows before they are made, and reports whether they are within the limits.
func (c *copier) roomFor(nodes, flows int) bool {
	c.size += nodes
	c.count += nodes + flows
	if !c.large && (c.count > maxParts || c.size > schema.MaxSteps) {
		c.large = true
		c.fatal(c.event.element, "bpmn/too-large", "lead what follows each event to an end of its own",
			"%s leaves its activity alone, as others do that share an end with it, and each gets a copy of the way there: more than %d flow nodes, or %d with their flows", named(c.event.element), schema.MaxSteps, maxParts)
	}
	return !c.large
}
