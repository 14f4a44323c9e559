package schema

import (
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// places gives each node its places. The entry of a node is a set of places that its predecessors mark themselves:
// no transition and no place of its own stands for a sequence flow, but each flow into a parallel or inclusive join has
// a place, which is the input of the join.
func (c *compiler) places() {
	c.inputs = make([][]*link, len(c.prog.Nodes))
	for _, l := range c.links {
		if l.used && l.to != scopeEnds && c.joinsFlows(l.to) {
			c.inputs[l.to] = append(c.inputs[l.to], l)
		}
	}
	c.in = make([]petri.Place, len(c.prog.Nodes))
	c.chains = make(map[int32]*chain)
	c.prog.Scopes[0].On = c.place(-1)
	if len(c.starts) > 0 {
		c.begin = c.place(c.index[c.starts[0]])
	}
	owned := c.ownedByGateway()
	for i := range c.prog.Nodes {
		c.in[i] = petri.NoPlace
		if _, shared := owned[int32(i)]; !shared {
			c.nodePlaces(int32(i))
			c.again(int32(i))
		}
	}
	for i := range c.prog.Nodes {
		n := c.node(int32(i))
		if g, shared := owned[int32(i)]; shared {
			c.in[i] = c.in[g]
			n.Offered, n.Race = c.in[g], g
		}
		if n.Race >= 0 {
			n.Offered = c.in[n.Race]
		}
		switch {
		case c.isJoin[i]:
		case thrownKinds.has(c.steps[i].kind): // they happen to what runs
		case n.Host >= 0:
			n.Wait = c.node(n.Host).On
		case n.Kind == program.EventSubProcess:
			n.Wait = c.prog.Scopes[n.Scope].On
		case n.Kind == program.EndEvent:
			if c.steps[i].acts() {
				n.Wait = n.Offered
			}
		case c.steps[i].kind != kindSubprocess:
			n.Wait = n.Offered
		}
	}
	c.sets()
}

// joinsFlows reports whether node i is a join, whose inputs are places of their own.
func (c *compiler) joinsFlows(i int32) bool {
	switch s := c.steps[i]; s.kind {
	case kindParallel, kindSome:
		return c.isJoin[i]
	case kindGateway:
		return s.split.s == "parallel" || s.split.s == "inclusive"
	}
	return false
}

// ownedByGateway maps each event behind an event gateway to the gateway, whose place it consumes. Nothing else leads to
// such an event, and it has no boundary events: the resolver sees to that.
func (c *compiler) ownedByGateway() map[int32]int32 {
	owned := make(map[int32]int32)
	for i := range c.prog.Nodes {
		g := c.steps[i]
		if g.kind != kindGateway || g.split.s != "event" {
			continue
		}
		for _, b := range g.cases {
			owned[c.index[b.target]] = int32(i)
		}
	}
	return owned
}

// place makes a place of node i.
func (c *compiler) place(i int32) petri.Place {
	c.prog.PlaceNode = append(c.prog.PlaceNode, i)
	return c.net.Place()
}

// nodePlaces makes the places of one node.
func (c *compiler) nodePlaces(i int32) {
	n, s := c.node(i), c.steps[i]
	if c.joinsFlows(i) {
		for _, l := range c.inputs[i] {
			l.place = c.place(i)
		}
		if n.Kind == program.InclusiveGateway && !c.isJoin[i] {
			if len(c.inputs[i]) == 1 {
				c.in[i] = c.inputs[i][0].place
			} else {
				c.in[i] = c.place(i) // between its join and its split
			}
			c.chainPlaces(i)
		}
		return
	}
	if c.isJoin[i] {
		if s.kind == kindRepeat {
			c.in[i] = c.place(i)
		}
		return
	}
	switch s.kind {
	case kindUser, kindService, kindCall, kindEach:
		n.Offered, n.Running = c.place(i), c.place(i)
		c.in[i] = n.Offered
	case kindScript, kindRules, kindSend, kindManual, kindReceive, kindWait, kindThrow, kindCompensate, kindEnd, kindSubprocess:
		n.Offered = c.place(i)
		c.in[i] = n.Offered
	default:
		if s.role != roleNone { // events take a place of their host, scope or race
			if s.beside {
				n.Running = c.place(i)
			}
			return
		}
		c.in[i] = c.place(i)
	}
	if s.kind == kindSubprocess || len(s.bounds) > 0 {
		n.On = c.place(i)
	}
	if s.kind == kindSubprocess {
		c.prog.Scopes[c.scopeOf[s]].On = n.On
	}
	if s.kind == kindSome {
		c.chainPlaces(i)
	}
}

// again gives each flow by which fork i leads to a node a second time a place of its own: a fork marks a set of places, in
// which the two tokens would be one.
func (c *compiler) again(i int32) {
	if s := c.steps[i]; s.kind != kindGateway || s.split.s != "parallel" {
		return
	}
	led := make(map[int32]bool)
	for _, b := range c.steps[i].cases {
		l := c.cases[b]
		if l == nil || l.to == scopeEnds || c.joinsFlows(l.to) {
			continue
		}
		if led[l.to] {
			l.place = c.place(i)
		}
		led[l.to] = true
	}
}

// sets computes what lies inside each scope, and the places at which an instance waits.
func (c *compiler) sets() {
	p := c.prog
	for i := range p.Scopes {
		p.Scopes[i].Inside = c.net.Set()
	}
	for at, owner := range p.PlaceNode {
		if owner < 0 {
			continue
		}
		for h := p.Nodes[owner].Scope; h >= 0; h = p.Scopes[h].Parent {
			p.Scopes[h].Inside.Add(petri.Place(at))
		}
	}
	p.OpenedBy = make([][]int32, len(p.PlaceNode))
	p.Waiting, p.Automatic = c.net.Set(), c.net.Set()
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if n.Wait == petri.NoPlace {
			continue
		}
		p.OpenedBy[n.Wait] = append(p.OpenedBy[n.Wait], int32(i))
		p.Waiting.Add(n.Wait)
		if n.Kind.Automatic() {
			p.Automatic.Add(n.Wait)
		}
	}
}

// entry is the set of places that tokens on the links mark.
func (c *compiler) entry(links ...*link) petri.Marking {
	m := c.net.Set()
	for _, l := range links {
		switch {
		case l == nil || l.to == scopeEnds:
		case l.place != petri.NoPlace:
			m.Add(l.place)
		case c.joinsFlows(l.to):
			// A flow that nothing reaches has no place.
		default:
			m.Add(c.in[l.to])
			if n := c.node(l.to); n.On != petri.NoPlace && c.steps[l.to].kind != kindSubprocess {
				m.Add(n.On)
			}
		}
	}
	return m
}
