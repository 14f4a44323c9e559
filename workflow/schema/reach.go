package schema

import "slices"

// A tracer follows all ways through the steps, guards and joins left aside, and marks what it meets. What it does not
// meet no run ever does; whether runs meet the rest is for verification.
type tracer struct {
	p       *Process
	at      map[*step]position
	reached map[*step]bool
	plain   map[*step]bool    // entered otherwise than from an event gateway
	gates   map[*step][]*step // the event gateways that lead to it
}

// A position is where a step stands: in a list, which has an end.
type position struct {
	list []*step
	i    int
	end  func() // what follows the list; nil: the end of the process
}

// reachable reports steps that nothing leads to, and steps behind event gateways that other ways lead to as well.
func (r *resolver) reachable() {
	t := &tracer{r.p, map[*step]position{}, map[*step]bool{}, map[*step]bool{}, map[*step][]*step{}}
	t.place(r.p.steps, nil)
	first := func() { t.begin(r.p.steps, nil) }
	for _, e := range r.p.starts {
		begin := t.way(e.next, func() *step { return e.target }, first)
		t.place(e.body, begin)
		t.begin(e.body, begin)
	}
	if len(r.p.starts) == 0 {
		first()
	}
	for _, e := range r.p.handlers {
		t.place(e.body, nil)
		t.begin(e.body, nil)
	}
	r.unreached(t, r.p.steps)
	for _, e := range slices.Concat(r.p.starts, r.p.handlers) {
		r.unreached(t, e.body)
	}
	for _, s := range r.p.all {
		gates := t.gates[s]
		if len(gates) > 0 && (t.plain[s] || len(gates) > 1) {
			r.fatal("schema/event-flow", s.id.at, s.id.s, "put a step of its own behind the gateway", "%q follows the event gateway %q and is reached in another way too", s.id.s, gates[0].id.s)
		}
	}
}

// place notes the positions of all steps.
func (t *tracer) place(list []*step, end func()) {
	for i, s := range list {
		t.at[s] = position{list, i, end}
		after := func() { t.leave(s) }
		for _, b := range s.cases {
			t.place(b.body, t.way(b.next, func() *step { return b.target }, after))
		}
		if s.isChild() {
			t.place(s.body, nil)
		} else {
			t.place(s.body, after)
		}
		for _, e := range slices.Concat(s.events, s.bounds) {
			t.place(e.body, t.behind(e, after))
		}
		for _, e := range s.handlers {
			t.place(e.body, nil)
		}
		if s.undo != nil && s.undo.step != nil {
			t.place([]*step{s.undo.step}, nil)
		}
	}
}

// behind is what follows the body of an event of s: what follows s, but for an event beside it nothing.
func (t *tracer) behind(e *step, after func()) func() {
	if e.beside {
		return nil
	}
	return t.way(e.next, func() *step { return e.target }, after)
}

// way is a jump where there is one, else what follows.
func (t *tracer) way(next text, target func() *step, after func()) func() {
	if !next.given() {
		return after
	}
	return func() { t.enter(target(), nil) }
}

// begin enters a list; an empty one goes straight to its end.
func (t *tracer) begin(list []*step, end func()) {
	if len(list) > 0 {
		t.enter(list[0], nil)
	} else if end != nil {
		end()
	}
}

// enter follows the ways from a step; gate is the event gateway that leads to it, or nil.
func (t *tracer) enter(s, gate *step) {
	if s == nil {
		return
	}
	if gate == nil {
		t.plain[s] = true
	} else {
		t.gates[s] = append(t.gates[s], gate)
	}
	if t.reached[s] {
		return
	}
	t.reached[s] = true
	after := func() { t.leave(s) }
	if len(s.cases)+len(s.events)+len(s.body) == 0 && !s.stops() {
		after() // also of blocks that are refused because they have none
	}
	for _, e := range s.bounds {
		t.begin(e.body, t.behind(e, after))
	}
	for _, e := range s.handlers {
		t.begin(e.body, nil)
	}
	if s.undo != nil && s.undo.step != nil {
		t.enter(s.undo.step, nil)
	}
	switch s.kind {
	case kindChoose, kindSome, kindParallel:
		for _, b := range s.cases {
			t.begin(b.body, t.way(b.next, func() *step { return b.target }, after))
		}
	case kindRace:
		for _, e := range s.events {
			t.begin(e.body, t.way(e.next, func() *step { return e.target }, after))
		}
	case kindRepeat:
		t.begin(s.body, after)
		if s.while.given() {
			t.leave(s)
		}
	case kindSubprocess:
		t.begin(s.body, after)
		t.leave(s) // an end inside completes it
	case kindEach:
		t.begin(s.body, nil)
		t.leave(s)
	case kindGateway:
		for _, b := range s.cases {
			if s.split.s == "event" {
				t.enter(b.target, s)
			} else {
				t.enter(b.target, nil)
			}
		}
	}
}

// leave goes on behind a step.
func (t *tracer) leave(s *step) {
	at := t.at[s]
	switch {
	case s.next.given():
		t.enter(s.target, nil)
	case at.i+1 < len(at.list):
		t.enter(at.list[at.i+1], nil)
	case at.end != nil:
		at.end()
	}
}

// unreached reports the first step of each stretch of a list that nothing leads to.
func (r *resolver) unreached(t *tracer, list []*step) {
	for i, s := range list {
		if !t.reached[s] {
			if i == 0 || t.reached[list[i-1]] {
				severity := Fatal
				if r.p.free {
					severity = Warning
				}
				r.add(severity, "schema/unreachable", s.id.at, s.id.s, "remove it, or lead to it with next", "nothing leads to %q", s.id.s)
			}
			continue
		}
		for list := range s.inner {
			if len(list) > 0 && list[0].role != roleNone {
				for _, e := range list {
					r.unreached(t, e.body)
				}
			} else {
				r.unreached(t, list)
			}
		}
	}
}
