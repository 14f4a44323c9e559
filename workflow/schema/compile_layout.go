package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// layout numbers nodes, scopes and loops and finds out where tokens go.
func (c *compiler) layout() {
	c.prog.Scopes = []program.Scope{{Node: -1, Parent: -1, On: petri.NoPlace}}
	c.number(c.starts, 0)
	c.number(c.body, 0)
	c.number(c.handlers, 0)
	for i := range c.prog.Nodes {
		c.relate(int32(i))
	}
	end := &link{to: scopeEnds, place: petri.NoPlace}
	c.connect(c.body, end)
	c.first = c.head(c.body, end)
	for _, e := range c.starts {
		c.connectEvent(e, c.first)
	}
	for _, e := range c.handlers {
		c.connectEvent(e, end)
	}
	c.reach()
}

// number gives the steps of a list, and all that lies in them but in children, their nodes: a step, what is in it, its
// join, then its boundary events with what follows each.
func (c *compiler) number(list []*step, scope int32) {
	for _, s := range list {
		i := c.newNode(s, s.id.s, scope, program.Kind(s.nodeKind()))
		c.index[s] = i
		inner := scope
		if s.kind == kindSubprocess {
			inner = int32(len(c.prog.Scopes))
			c.scopeOf[s] = inner
			c.prog.Scopes = append(c.prog.Scopes, program.Scope{ID: s.id.s, Node: i, Parent: scope, On: petri.NoPlace})
		}
		if s.kind == kindRepeat {
			l := program.Loop{ID: s.id.s, Parent: -1, Scope: scope}
			if n := len(s.loops); n > 0 {
				l.Parent = c.loopOf[s.loops[n-1]]
			}
			c.loopOf[s] = int32(len(c.prog.Loops))
			c.prog.Loops = append(c.prog.Loops, l)
		}
		for _, b := range s.cases {
			c.number(b.body, inner)
		}
		for _, e := range s.events {
			c.number([]*step{e}, inner)
		}
		if !s.isChild() {
			c.number(s.body, inner)
		}
		c.number(s.handlers, inner)
		switch s.kind {
		case kindChoose, kindSome, kindParallel, kindRace, kindRepeat:
			j := c.newNode(s, s.id.s+".join", scope, program.Kind(s.nodeKind()))
			if s.kind == kindRace {
				c.node(j).Kind = program.ExclusiveGateway
			}
			c.isJoin[j] = true
			c.joins[s] = j
			if s.kind == kindRepeat {
				c.prog.Loops[c.loopOf[s]].Node = j
			}
		}
		c.number(s.bounds, scope)
	}
}

// newNode appends one node.
func (c *compiler) newNode(s *step, id string, scope int32, kind program.Kind) int32 {
	i := int32(len(c.prog.Nodes))
	c.prog.Nodes = append(c.prog.Nodes, program.Node{
		ID: id, Was: s.was.s, Title: s.title.s, Kind: kind, Line: s.id.at.line, Scope: scope, Host: -1, Race: -1,
		Offered: petri.NoPlace, Running: petri.NoPlace, On: petri.NoPlace, Wait: petri.NoPlace,
		Start: -1, Complete: -1, Occur: -1, Throws: -1,
	})
	c.steps = append(c.steps, s)
	c.isJoin = append(c.isJoin, false)
	c.prog.ByID[id] = int(i)
	return i
}

// relate fills what ties a node to others.
func (c *compiler) relate(i int32) {
	n, s := c.node(i), c.steps[i]
	for _, l := range s.loops {
		n.Loops = append(n.Loops, c.loopOf[l])
	}
	if c.isJoin[i] {
		if n.Was != "" {
			n.Was += ".join"
		}
		if s.kind == kindRepeat {
			n.Loops = append(n.Loops, c.loopOf[s])
		}
		return
	}
	if s.role == roleBoundary {
		n.Host = c.index[s.host]
	}
	if s.race != nil {
		n.Race = c.index[s.race]
	}
	for _, other := range s.separate {
		if at, here := c.index[other]; here { // a step of another scope is looked up when that runs
			n.Separate = append(n.Separate, at)
		}
	}
	slices.Sort(n.Separate)
	n.Separate = slices.Compact(n.Separate)
	for _, w := range n.Separate {
		if at, known := slices.BinarySearch(c.prog.Witnesses, int(w)); !known {
			c.prog.Witnesses = slices.Insert(c.prog.Witnesses, at, int(w))
		}
	}
}

// to makes a new link.
func (c *compiler) to(node int32) *link {
	l := &link{to: node, place: petri.NoPlace}
	c.links = append(c.links, l)
	return l
}

// head is the link to the first step of a list, or to what comes after an empty one.
func (c *compiler) head(list []*step, after *link) *link {
	if len(list) == 0 {
		return after
	}
	return c.to(c.index[list[0]])
}

// connect makes the links of a list of steps that is followed by after.
func (c *compiler) connect(list []*step, after *link) {
	for i, s := range list {
		var next *link
		switch {
		case s.target != nil:
			next = c.to(c.index[s.target])
		case s.stops():
		case i+1 < len(list):
			next = c.to(c.index[list[i+1]])
		default:
			next = after
		}
		c.follow[s] = next
		c.connectInside(s, next)
	}
}

// connectInside makes the links within step s, which is followed by next.
func (c *compiler) connectInside(s *step, next *link) {
	for _, b := range s.cases {
		after := next // the join of choose only merges
		switch {
		case b.target != nil:
			after = c.to(c.index[b.target])
		case s.kind == kindParallel || s.kind == kindSome:
			after = c.to(c.joins[s])
		}
		c.cases[b] = c.head(b.body, after)
		c.connect(b.body, after)
	}
	for _, e := range s.events {
		c.connectEvent(e, next)
	}
	switch s.kind {
	case kindRepeat:
		test := c.to(c.joins[s])
		c.heads[s] = c.head(s.body, test)
		c.connect(s.body, test)
	case kindSubprocess:
		end := &link{to: scopeEnds, place: petri.NoPlace}
		c.heads[s] = c.head(s.body, end)
		c.connect(s.body, end)
		for _, e := range s.handlers {
			c.connectEvent(e, end)
		}
	}
	for _, e := range s.bounds {
		c.connectEvent(e, next)
	}
}

// connectEvent makes the links of an event: what it leads to goes on where its host or race does.
func (c *compiler) connectEvent(e *step, after *link) {
	if e.beside {
		return
	}
	if e.target != nil {
		after = c.to(c.index[e.target])
	}
	c.follow[e] = after
	c.heads[e] = c.head(e.body, after)
	c.connect(e.body, after)
}

// reach marks the links that tokens can take, guards aside, so that a join does not wait for a flow that nothing uses.
func (c *compiler) reach() {
	seen := make([]bool, len(c.prog.Nodes))
	var todo []*link
	for _, e := range slices.Concat(c.handlers, c.starts) {
		todo = append(todo, c.heads[e])
	}
	if len(c.starts) == 0 {
		todo = append(todo, c.first)
	}
	for len(todo) > 0 {
		l := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if l == nil || l.used {
			continue
		}
		l.used = true
		if l.to != scopeEnds && !seen[l.to] {
			seen[l.to] = true
			todo = append(todo, c.outs(l.to)...)
		}
	}
}

// outs are the links that a node, its inner events and its boundary events send tokens along. A nil link ends.
func (c *compiler) outs(i int32) []*link {
	s := c.steps[i]
	if c.isJoin[i] {
		if s.kind == kindRepeat {
			return []*link{c.heads[s], c.follow[s]}
		}
		return []*link{c.follow[s]}
	}
	var out []*link
	switch s.kind {
	case kindEnd:
		// The event that catches what an end throws is reached from its host or scope.
	case kindChoose, kindSome, kindParallel:
		for _, b := range s.cases {
			out = append(out, c.cases[b])
		}
	case kindGateway:
		for _, b := range s.cases {
			out = append(out, c.cases[b])
		}
		out = append(out, c.follow[s])
	case kindRepeat:
		out = append(out, c.heads[s])
		if s.while.given() {
			out = append(out, c.follow[s])
		}
	case kindRace:
	case kindSubprocess:
		out = append(out, c.heads[s], c.follow[s])
	default:
		out = append(out, c.follow[s])
	}
	for _, e := range slices.Concat(s.events, s.handlers, s.bounds) {
		out = append(out, c.heads[e])
	}
	return out
}
