package schema

import (
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// A way is one way out of a decision in the making.
type way struct {
	program.Flow
	link  *link
	enter []int32 // loops that it enters
}

// chain are the places of an inclusive split between its steps: none[k] and some[k] hold the token that has passed k
// guarded flows, of which it took none, or some. none[0] is the entry of the split; there is no some[0].
type chain struct {
	none, some []petri.Place
}

// chainPlaces makes the places of the inclusive split of node i, whose entry is there.
func (c *compiler) chainPlaces(i int32) {
	guarded, last := 0, false
	for _, b := range c.steps[i].cases {
		if b.otherwise {
			last = true
		} else {
			guarded++
		}
	}
	if len(c.steps[i].cases) == 0 {
		return
	}
	ch := &chain{none: []petri.Place{c.in[i]}, some: []petri.Place{petri.NoPlace}}
	for k := 1; k <= guarded; k++ {
		p := petri.NoPlace
		if k < guarded || last {
			p = c.place(i)
		}
		ch.none = append(ch.none, p)
		ch.some = append(ch.some, c.place(i))
	}
	c.chains[i] = ch
}

// splitNet makes the decision of a choose, a some, or a bare exclusive or inclusive gateway. Its flows have a guard but
// for the else, which the reader wants last.
func (c *compiler) splitNet(i int32) {
	s := c.steps[i]
	var ways []way
	for _, b := range s.cases {
		w := way{Flow: program.Flow{ID: c.flowID(s, b), Back: -1}, link: c.cases[b]}
		w.Guard, w.Text = c.guards[b], b.when.s
		w.Reads = c.reading(nil, w.Guard)
		ways = append(ways, w)
	}
	if len(ways) > program.MaxFlows {
		c.fatal("schema/limit", s.id.at, s.id.s, "let one of the cases choose among the rest", "%q has %d ways out; a decision has at most %d", s.id.s, len(ways), program.MaxFlows)
		return
	}
	c.flowsDiffer(s, ways)
	if c.node(i).Kind == program.InclusiveGateway {
		c.inclusive(i, ways)
	} else {
		c.exclusive(i, i, ways)
	}
}

// flowID is the durable name of a flow, unique in its decision: its id; or for a case of a block its guard, or "else";
// or for a flow of a gateway the node that it leads to.
func (c *compiler) flowID(s *step, b *branch) string {
	switch {
	case b.id.given():
		return b.id.s
	case s.kind == kindGateway && b.target != nil:
		return s.id.s + "->" + b.target.id.s
	case b.otherwise:
		return "else"
	}
	return b.when.s
}

// flowsDiffer refuses flows of one decision that nothing tells apart from version to version.
func (c *compiler) flowsDiffer(s *step, ways []way) {
	seen := make(map[string]bool)
	for _, w := range ways {
		if seen[w.ID] {
			c.fatal("schema/flow-id", s.id.at, s.id.s, "give each of them an id", "%q has two flows that are both called %q", s.id.s, w.ID)
		}
		seen[w.ID] = true
	}
}

// exclusive makes a decision of node i, at the place of node at, that takes one of the ways: a transition for each, with
// the same pre set.
func (c *compiler) exclusive(i, at int32, ways []way) {
	d := program.Decision{Node: i, Default: -1, Done: -1}
	for k, w := range ways {
		t, act := c.emit(i, petri.Trans{Pre: c.net.Set(c.in[at]), Post: c.entry(w.link), Silent: true, Guarded: true})
		act.Decision, act.Flow = int32(len(c.prog.Decisions)), int32(k)
		act.Enter, act.Back, act.Leave = w.enter, w.Back, c.leaves(at, w.link)
		d.Flows = append(d.Flows, w.Flow)
		d.Take = append(d.Take, t)
		d.Entry = append(d.Entry, t)
	}
	c.prog.Decisions = append(c.prog.Decisions, d)
}

// inclusive makes a decision that takes every way whose guard holds, else the last: see program.Decision. Each step of
// it asks one guard. All but the first are Underway, so that nothing happens between them.
func (c *compiler) inclusive(i int32, ways []way) {
	d := program.Decision{Node: i, Inclusive: true, Default: -1, Done: -1}
	number := int32(len(c.prog.Decisions))
	ch := c.chains[i]
	guarded := len(ch.none) - 1
	step := func(k int, from, to petri.Place, flow int, guard bool) int32 {
		if from == petri.NoPlace || to == petri.NoPlace && k < guarded {
			return -1
		}
		post := c.net.Set()
		var left []int32
		if flow >= 0 {
			post = c.entry(ways[flow].link)
			left = c.leaves(i, ways[flow].link)
		}
		if to != petri.NoPlace {
			post.Add(to)
		}
		t := petri.Trans{Pre: c.net.Set(from), Post: post, Silent: true, Guarded: guard, Class: petri.Underway}
		if k == 0 {
			t.Class = petri.Ordinary
		}
		id, act := c.emit(i, t)
		act.Decision, act.Flow, act.Leave = number, int32(flow), left
		return id
	}
	for k := range guarded {
		d.Flows = append(d.Flows, ways[k].Flow)
		refuse := int32(-1)
		take := step(k, ch.none[k], ch.some[k+1], k, true)
		if ch.none[k+1] != petri.NoPlace {
			refuse = step(k, ch.none[k], ch.none[k+1], -1, true)
		}
		d.Chain = append(d.Chain, take, refuse)
		d.ChainSome = append(d.ChainSome, step(k, ch.some[k], ch.some[k+1], k, true), step(k, ch.some[k], ch.some[k+1], -1, true))
	}
	d.Done = step(guarded, ch.some[guarded], petri.NoPlace, -1, false)
	if len(ways) > guarded {
		d.Flows = append(d.Flows, ways[guarded].Flow)
		d.Default = step(guarded, ch.none[guarded], petri.NoPlace, guarded, false)
	}
	switch {
	case guarded == 0:
		d.Entry = []int32{d.Default}
	case d.Chain[1] >= 0:
		d.Entry = []int32{d.Chain[0], d.Chain[1]}
	default:
		d.Entry = []int32{d.Chain[0]}
	}
	c.prog.Decisions = append(c.prog.Decisions, d)
}

// repeatNet makes the beginning of a loop. Tokens from outside arrive at its place; those from its body at its join.
func (c *compiler) repeatNet(i int32) {
	s := c.steps[i]
	loop := c.loopOf[s]
	if s.while.given() {
		c.test(i, way{Flow: program.Flow{ID: flowRepeat, Back: -1}, link: c.heads[s], enter: []int32{loop}},
			way{Flow: program.Flow{ID: flowExit, Not: true, Back: -1}, link: c.follow[s]})
		return
	}
	_, act := c.emit(i, petri.Trans{Pre: c.net.Set(c.in[i]), Post: c.entry(c.heads[s]), Silent: true})
	act.Enter = []int32{loop}
}

// Names of the flows of a loop's test.
const (
	flowRepeat = "repeat"
	flowExit   = "exit"
)

// testNet makes the test of a loop, its x.join, after each iteration.
func (c *compiler) testNet(i int32) {
	s := c.steps[i]
	again := way{Flow: program.Flow{ID: flowRepeat, Back: c.loopOf[s]}, link: c.heads[s]}
	exit := way{Flow: program.Flow{ID: flowExit, Back: -1}, link: c.follow[s]}
	if s.while.given() {
		exit.Not = true
		c.test(i, again, exit)
	} else {
		again.Not = true
		c.test(i, exit, again)
	}
}

// test makes a decision of a loop's x.join at the place of node at: yes if the guard holds, else no.
func (c *compiler) test(at int32, yes, no way) {
	s := c.steps[at]
	yes.Guard, yes.Text = c.tests[s], s.while.s+s.until.s // one of the two is given
	yes.Reads = c.reading(nil, yes.Guard)
	no.Guard, no.Text, no.Reads = yes.Guard, yes.Text, yes.Reads
	c.exclusive(c.joins[s], at, []way{yes, no})
}
