package schema

import (
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// thrownKinds are the events that happen to what runs, because something throws.
var thrownKinds = of(kindError, kindEscalation, kindCancel)

// acts reports whether an end does something beside ending, which is a letter of its own.
func (s *step) acts() bool {
	return s.code.given() || s.escalation.given() || s.message.given() || s.signal.given() || s.compensates || s.cancels
}

// eventNet makes the transitions of an event.
func (c *compiler) eventNet(i int32) {
	n, s := c.node(i), c.steps[i]
	var t petri.Trans
	var left []int32
	switch s.role {
	case roleStart:
		// Which start began an instance is known when it is created; a proof has to take each.
		c.emit(i, petri.Trans{Pre: c.net.Set(c.begin), Post: c.entry(c.heads[s]), Silent: true, Guarded: len(c.starts) > 1})
		return
	case roleRace:
		t.Pre = c.net.Set(n.Offered)
	case roleBoundary:
		host := c.node(n.Host)
		if s.beside {
			c.besideNet(i, petri.Trans{Read: c.net.Set(host.On)})
			return
		}
		t.Pre = c.net.Set(host.On)
		t.Clear = c.net.Set(host.Offered, host.Running)
		if h, sub := c.scopeOf[s.host]; sub {
			t.Clear = c.prog.Scopes[h].Inside
			left = c.loopsWithin(h)
		}
	case roleHandler:
		t.Read = c.net.Set(c.prog.Scopes[n.Scope].On)
		t.Zero = c.interrupted(n.Scope)
		if s.beside {
			c.besideNet(i, t)
			return
		}
		t.Clear = c.prog.Scopes[n.Scope].Inside
		left = c.loopsWithin(n.Scope)
	}
	t.Post = c.entry(c.heads[s])
	id, act := c.letter(i, program.Occur, t)
	n.Occur = id
	act.Leave = append(left, c.leaves(i, c.heads[s])...)
}

// besideNet makes the transitions of an event that interrupts nothing: what follows it is a child, of which several may
// run. The net knows only whether any does, by the place Running, which lies in the scope of the event and so keeps that
// from ending. One more child leaves it marked.
func (c *compiler) besideNet(i int32, t petri.Trans) {
	n := c.node(i)
	busy := c.net.Set(n.Running)
	t.Clear, t.Post = busy, busy
	n.Occur, _ = c.letter(i, program.Occur, t)
	n.Complete, _ = c.letter(i, program.Complete, petri.Trans{Pre: busy})
	if c.terminating[i] {
		_, act := c.letter(i, program.Complete, petri.Trans{Pre: busy, Clear: c.prog.Scopes[n.Scope].Inside})
		act.Leave = c.loopsWithin(n.Scope)
	}
}

// interrupted are the places of what follows the interrupting event sub-processes of a scope: while one of them is
// marked the scope has been interrupted, and no further event sub-process begins.
func (c *compiler) interrupted(scope int32) petri.Marking {
	handlers := c.handlers
	if scope > 0 {
		handlers = c.steps[c.prog.Scopes[scope].Node].handlers
	}
	behind := map[*step]bool{}
	for _, e := range handlers {
		if !e.beside {
			inside(e.body, behind)
		}
	}
	m := c.net.Set()
	for p, i := range c.prog.PlaceNode {
		if i >= 0 && behind[c.steps[i]] {
			m.Add(petri.Place(p))
		}
	}
	return m
}

// endNet makes the transition of an end.
func (c *compiler) endNet(i int32) {
	n, s := c.node(i), c.steps[i]
	switch {
	case s.acts():
		c.throwNet(i, nil, c.leaves(i, &link{to: scopeEnds}))
	case s.kill:
		_, act := c.emit(i, petri.Trans{Pre: c.net.Set(n.Offered), Clear: c.prog.Scopes[n.Scope].Inside, Silent: true, Class: petri.Canceling})
		act.Leave = c.loopsWithin(n.Scope)
		c.terminate(n.Scope)
	default:
		_, act := c.emit(i, petri.Trans{Pre: c.net.Set(n.Offered), Silent: true})
		act.Leave = c.leaves(i, &link{to: scopeEnds})
	}
}

// throwNet makes the transition of a throw, or of an end that throws or sends. post is where it goes on, leaving the
// loops of left, if nothing that catches it interrupts it.
func (c *compiler) throwNet(i int32, post petri.Marking, left []int32) {
	n, s, e := c.node(i), c.steps[i], c.steps[i].catch
	t := petri.Trans{Pre: c.net.Set(n.Offered), Post: post}
	catch, here := c.index[e]
	switch {
	case e == nil && s.code.given():
		c.fatal("schema/error", s.code.at, s.id.s,
			"put the step into a subprocess that has the boundary event {error: ..., code: "+s.code.s+"}, or make it a plain end",
			"nothing catches the error %q", s.code.s)
		return
	case e == nil: // it sends, or nobody hears of the escalation
	case !here:
		c.thrown = append(c.thrown, e)
		if !e.beside {
			t.Pre.Add(c.prog.Scopes[0].On)
			t.Clear, t.Post = c.prog.Scopes[0].Inside, nil
			left = c.loopsWithin(0)
		}
	case e.beside:
		n.Throws = catch
		t.Clear = c.net.Set(c.node(catch).Running)
		t.Post = c.net.Set(c.node(catch).Running)
		t.Post.Union(post)
	default:
		n.Throws = catch
		h := c.node(catch).Scope
		if e.role == roleBoundary {
			h = c.scopeOf[e.host]
			t.Pre.Add(c.prog.Scopes[h].On)
		} else {
			t.Read = c.net.Set(c.prog.Scopes[h].On)
		}
		t.Clear, t.Post = c.prog.Scopes[h].Inside, c.entry(c.heads[e])
		left = append(c.loopsWithin(h), c.leaves(catch, c.heads[e])...)
	}
	id, act := c.letter(i, program.Occur, t)
	n.Occur = id
	act.Leave = left
}
