package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// transitions makes the net.
func (c *compiler) transitions() {
	p := c.prog
	for i := range p.Nodes {
		if c.isJoin[i] {
			c.joinNet(int32(i))
		} else {
			c.nodeNet(int32(i))
		}
	}
	c.seconds()
	root := &p.Scopes[0]
	c.emit(-1, petri.Trans{Pre: c.net.Set(root.On), Zero: root.Inside, Silent: true, Order: len(p.Nodes)})
	if c.begin == petri.NoPlace {
		p.Initial = c.entry(c.first)
	} else {
		p.Initial = c.net.Set(c.begin)
	}
	p.Initial.Add(root.On)
	if refused(c.list) {
		return
	}
	net, final, err := c.net.Build()
	if err != nil {
		c.fatal("schema/size", c.p.id.at, "", "split it into several processes", "the process is too large: %v", err)
		return
	}
	p.Net = net
	p.Acts = make([]program.Act, len(c.acts))
	for t, a := range c.acts {
		p.Acts[final[t]] = a
	}
	settle := func(ts ...*int32) {
		for _, t := range ts {
			if *t >= 0 {
				*t = int32(final[*t])
			}
		}
	}
	for i := range p.Nodes {
		settle(&p.Nodes[i].Start, &p.Nodes[i].Complete, &p.Nodes[i].Occur)
	}
	for i := range p.Decisions {
		d := &p.Decisions[i]
		settle(&d.Default, &d.Done)
		for _, list := range [][]int32{d.Take, d.Chain, d.ChainSome, d.Entry} {
			for k := range list {
				settle(&list[k])
			}
		}
	}
}

// emit adds a transition of node i and returns its provisional number and its act, which is valid until the next emit.
func (c *compiler) emit(i int32, t petri.Trans) (int32, *program.Act) {
	t.Tag = int(i)
	if i >= 0 {
		t.Order = int(i)
	}
	c.acts = append(c.acts, program.Act{Node: i, Decision: -1, Flow: -1, Back: -1, Reset: -1})
	return int32(c.net.Add(t)), &c.acts[len(c.acts)-1]
}

// letter adds a letter of node i.
func (c *compiler) letter(i int32, phase program.Phase, t petri.Trans) (int32, *program.Act) {
	id, act := c.emit(i, t)
	act.Phase = phase
	return id, act
}

// leaves are the loops around node i that tokens on link l leave, inner before outer.
func (c *compiler) leaves(i int32, l *link) []int32 {
	if l == nil {
		return nil
	}
	var left []int32
	for _, loop := range slices.Backward(c.node(i).Loops) {
		switch {
		case l.to == scopeEnds && c.prog.Loops[loop].Scope == c.node(i).Scope,
			l.to != scopeEnds && !slices.Contains(c.node(l.to).Loops, loop):
			left = append(left, loop)
		}
	}
	return left
}

// loopsWithin are the loops that lie in a scope or in one within it, inner before outer.
func (c *compiler) loopsWithin(scope int32) []int32 {
	var within []int32
	for i := len(c.prog.Loops) - 1; i >= 0; i-- {
		for h := c.prog.Loops[i].Scope; h >= 0; h = c.prog.Scopes[h].Parent {
			if h == scope {
				within = append(within, int32(i))
				break
			}
		}
	}
	return within
}

// nodeNet makes the transitions of an activity, an event, a gateway or of the beginning of a block.
func (c *compiler) nodeNet(i int32) {
	n, s := c.node(i), c.steps[i]
	next := c.follow[s]
	post := c.entry(next)
	var act *program.Act
	switch s.kind {
	case kindUser, kindService, kindCall, kindEach:
		n.Start, _ = c.letter(i, program.Start, petri.Trans{Pre: c.net.Set(n.Offered), Post: c.net.Set(n.Running)})
		n.Complete, act = c.letter(i, program.Complete, petri.Trans{Pre: c.net.Set(n.Running, n.On), Post: post})
		act.Leave = c.leaves(i, next)
	case kindScript, kindRules, kindSend, kindManual:
		n.Complete, act = c.letter(i, program.Complete, petri.Trans{Pre: c.net.Set(n.Offered, n.On), Post: post})
		act.Leave = c.leaves(i, next)
	case kindThrow:
		c.throwNet(i, post, c.leaves(i, next))
	case kindReceive, kindWait, kindCompensate:
		n.Occur, act = c.letter(i, program.Occur, petri.Trans{Pre: c.net.Set(n.Offered, n.On), Post: post})
		act.Leave = c.leaves(i, next)
	case kindEnd:
		c.endNet(i)
	case kindSubprocess:
		h := c.scopeOf[s]
		body := c.entry(c.heads[s])
		body.Add(n.On)
		_, act = c.emit(i, petri.Trans{Pre: c.net.Set(n.Offered), Post: body, Silent: true})
		act.Reset = h
		_, act = c.emit(i, petri.Trans{Pre: c.net.Set(n.On), Zero: c.prog.Scopes[h].Inside, Post: post, Silent: true})
		act.Leave = c.leaves(i, next)
	case kindParallel:
		c.parallelNet(i)
	case kindChoose, kindSome:
		c.splitNet(i)
	case kindRepeat:
		c.repeatNet(i)
	case kindGateway:
		c.gatewayNet(i)
	case kindRace: // its place is taken by its events
	default:
		c.eventNet(i)
	}
}

// parallelNet makes the split of a parallel block.
func (c *compiler) parallelNet(i int32) {
	var branches []*link
	for _, b := range c.steps[i].cases {
		branches = append(branches, c.cases[b])
	}
	c.pass(i, c.net.Set(c.in[i]), branches)
}

// pass makes a silent transition of gateway i to all of the links.
func (c *compiler) pass(i int32, pre petri.Marking, links []*link) {
	_, act := c.emit(i, petri.Trans{Pre: pre, Post: c.entry(links...), Silent: true})
	if len(links) == 1 {
		act.Leave = c.leaves(i, links[0])
	}
}

// joinNet makes the transition of an x.join.
func (c *compiler) joinNet(i int32) {
	s := c.steps[i]
	switch s.kind {
	case kindParallel, kindSome:
		if len(c.inputs[i]) == 0 {
			return // every branch ends elsewhere
		}
		_, act := c.emit(i, c.collect(i, c.entry(c.follow[s])))
		act.Leave = c.leaves(i, c.follow[s])
	case kindRepeat:
		c.testNet(i)
	}
}

// collect is the transition by which join i takes its inputs and marks post.
func (c *compiler) collect(i int32, post petri.Marking) petri.Trans {
	pre := c.net.Set()
	var inputs []petri.Place
	for _, l := range c.inputs[i] {
		pre.Add(l.place)
		inputs = append(inputs, l.place)
	}
	t := petri.Trans{Pre: pre, Post: post, Silent: true}
	if c.node(i).Kind == program.InclusiveGateway && len(inputs) > 1 {
		t.Pre = nil
		t.Inputs, t.Within, t.Class = inputs, c.prog.Scopes[c.node(i).Scope].Inside, petri.InclusiveJoin
	}
	return t
}

// gatewayNet makes the transitions of a bare gateway: it merges or joins by its kind, then goes on or splits by its kind.
func (c *compiler) gatewayNet(i int32) {
	s := c.steps[i]
	if c.joinsFlows(i) && len(c.inputs[i]) == 0 {
		return // nothing leads to it
	}
	outs := []*link{c.follow[s]}
	if len(s.cases) > 0 {
		outs = outs[:0]
		for _, b := range s.cases {
			outs = append(outs, c.cases[b])
		}
	}
	splits := len(outs) > 1 || len(s.cases) > 0 && s.cases[0].when.given()
	switch s.split.s {
	case "parallel":
		_, act := c.emit(i, c.collect(i, c.entry(outs...)))
		if len(outs) == 1 {
			act.Leave = c.leaves(i, outs[0])
		}
	case "inclusive":
		if len(c.inputs[i]) > 1 {
			c.emit(i, c.collect(i, c.net.Set(c.in[i])))
		}
		if splits {
			c.splitNet(i)
		} else {
			c.pass(i, c.net.Set(c.in[i]), outs)
		}
	case "event": // its place is taken by the events behind it
	default:
		if splits {
			c.splitNet(i)
		} else {
			c.pass(i, c.net.Set(c.in[i]), outs)
		}
	}
}

// seconds makes the transitions of second flows from a fork to a node (see again): behind those of the node itself, for an
// end or a gateway that leads on at once may have let the first token go.
func (c *compiler) seconds() {
	for i := range c.prog.Nodes {
		for _, b := range c.steps[i].cases {
			l := c.cases[b]
			if c.isJoin[i] || l == nil || l.to == scopeEnds || l.place == petri.NoPlace || c.joinsFlows(l.to) {
				continue
			}
			t := petri.Trans{Pre: c.net.Set(l.place), Post: c.entry(&link{to: l.to, place: petri.NoPlace}), Silent: true}
			t.Order, t.Tag = int(l.to), i
			c.acts = append(c.acts, program.Act{Node: int32(i), Decision: -1, Flow: -1, Back: -1, Reset: -1})
			c.net.Add(t)
		}
	}
}
