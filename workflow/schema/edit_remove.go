package schema

import "slices"

// This file is what takes steps from their place: AP2 delete, AP3 move, AP4 replace, AP5 swap.

// onward is the id of the step that control goes on with behind a fragment, "" if there is none or it has no id: the
// process ends there, or a block does that waits for others.
func (e *editor) onward(f stretch) string {
	last := f.last()
	if next := last.str("next"); next != "" {
		if f.has(e.o.sites[next]) {
			return ""
		}
		return next
	}
	if s := e.o.sites[last.stepID()]; s.kind == kindEnd || s.kind == kindGateway && len(s.cases()) > 0 {
		return ""
	}
	return behind(f.in, f.j)
}

// behind is the id of what control goes on with that gets to index j of a list by itself.
func behind(q *sequence, j int) string {
	for {
		if items := q.items(); q.holds == holdsSteps && j < len(items) {
			return items[j].stepID()
		}
		s := q.owner
		switch {
		case s == nil || q.holds == holdsOne || q.key == "events":
			return ""
		case q.holds == holdsEvents: // behind the host, or race
		case s.kind == kindChoose:
			if next := q.holder.str("next"); next != "" {
				return next
			}
		case anyEvent.has(s.kind):
			host := s.in.owner
			if s.v.get("next") != nil || host == nil || s.in.key == "events" || s.v.get("interrupt") != nil {
				return s.v.str("next")
			}
			s = host
		default:
			return "" // a block that tests or waits first
		}
		if next := s.v.str("next"); next != "" {
			return next
		}
		q, j = s.in, s.i+1
	}
}

// leave makes a fragment ready to be taken from its place: jumps to it lead to what follows it, and the step before it
// goes where the fragment went. gone says that it does not come back: then nobody names its steps any more.
func (e *editor) leave(f stretch, gone bool) *fault {
	if why := e.missed(f); why != nil {
		return why
	}
	onward := e.onward(f)
	for _, r := range e.o.mentions() {
		if !r.jump() || f.has(r.from) || !f.has(e.o.sites[r.target()]) {
			continue
		}
		if onward == "" {
			return faultf("jump", r.from.id, "lead the jump elsewhere first", "%q jumps to %q, and there is no step behind %q to jump to instead", r.from.id, r.target(), f.last().stepID())
		}
		r.lead(onward)
	}
	if gone {
		if why := e.forget(f); why != nil {
			return why
		}
	}
	return e.handBack(f)
}

// missed checks that what holds the fragment can do without it.
func (e *editor) missed(f stretch) *fault {
	if f.in.owner == nil || f.in.kase >= 0 || f.i > 0 || f.j < len(f.in.items()) {
		return nil
	}
	for _, row := range stepTables[f.in.owner.kind] {
		if row.key == f.in.key && row.need {
			return faultf("empty", f.in.owner.id, "take that, or put something else in first", "%q is all that the %s %q has", f.first(), f.in.owner.kind, f.in.owner.id)
		}
	}
	return nil
}

// forget takes the steps of a fragment, but for those in stay, out of the lists of others.
func (e *editor) forget(f stretch, stay ...string) *fault {
	for _, r := range slices.Backward(e.o.mentions()) {
		if r.jump() || f.has(r.from) || !f.has(e.o.sites[r.target()]) || slices.Contains(stay, r.target()) {
			continue
		}
		if r.i < 0 {
			return faultf("reference", r.from.id, "change that first", "%s of %q names %q", r.key, r.from.id, r.target())
		}
		list := r.holder.get(r.key)
		items := slices.Delete(slices.Clone(list.items), r.i, r.i+1)
		switch {
		case len(items) > 0:
			list.items = items
		case r.key == "separate-from":
			r.holder.assign(r.key, nil)
		default:
			return faultf("reference", r.from.id, "change that first", "%s of %q names nothing but %q", r.key, r.from.id, r.target())
		}
	}
	return nil
}

// handBack leads the step before a fragment, or what holds it, to where the fragment jumps at its end.
func (e *editor) handBack(f stretch) *fault {
	items := f.in.items()
	next := f.last().str("next")
	if next == "" || f.in.holds != holdsSteps || f.has(e.o.sites[next]) {
		return nil
	}
	f.last().assign("next", nil)
	if f.j < len(items) && items[f.j].stepID() == next {
		return nil
	}
	if f.i > 0 {
		s := e.o.sites[items[f.i-1].stepID()]
		if s.kind != kindEnd && s.v.get("next") == nil && !(s.kind == kindGateway && len(s.cases()) > 0) {
			s.v.assign("next", stringValue(next))
		}
		return nil
	}
	owner := f.in.owner
	if f.j == len(items) && owner != nil && (f.in.kase >= 0 && owner.kind != kindParallel || anyEvent.has(owner.kind)) {
		f.in.holder.assign("next", stringValue(next))
		return nil
	}
	return faultf("jump", f.first(), "put a gateway in front of it that has the jump", "%q jumps to %q, and there is no step before %q that could jump instead", f.last().stepID(), next, f.first())
}

func (e *editor) delete(c *Change) *fault {
	f, why := e.o.fragment(c.node)
	if why != nil {
		return why
	}
	if !c.exact {
		if why := e.leave(f, true); why != nil {
			return why
		}
	}
	f.in.splice(f.i, f.j)
	return nil
}

func (e *editor) move(c *Change) *fault {
	f, why := e.o.fragment(c.node)
	if why != nil {
		return why
	}
	to, _, why := e.find(c.at)
	if why != nil {
		return why
	}
	if s := e.o.sites[c.at.node]; s != nil && f.has(s) {
		return faultf("nested", c.at.node, "move it to a step outside", "%q is part of what is to be moved", c.at.node)
	}
	steps := f.steps()
	for _, v := range steps {
		if (to.holds == holdsEvents) != anyEvent.has(v.stepKind()) && !c.exact {
			return faultf("place", v.stepID(), "", "%s cannot stand there", article(v.stepKind()))
		}
	}
	if !c.exact {
		if why := e.rebound(f, to); why != nil {
			return why
		}
		if why := e.leave(f, false); why != nil {
			return why
		}
	}
	f.in.splice(f.i, f.j)
	e.o = outlined(e.doc)
	q, i, why := e.find(c.at)
	if why != nil {
		return why
	}
	if !c.exact {
		if why := e.open(q, c.at); why != nil {
			return why
		}
		e.arrive(q, i, c.at, steps[0], steps[len(steps)-1])
	}
	q.splice(i, i, steps...)
	return nil
}

func (e *editor) replace(c *Change) *fault {
	f, why := e.o.fragment(c.node)
	if why != nil {
		return why
	}
	if !c.exact {
		var old []string
		for _, s := range e.o.order {
			if f.has(s) {
				old = append(old, s.id)
			}
		}
		if why := e.fresh(c.v, f.in, old...); why != nil {
			return why
		}
		if why := e.succeed(f, c.v); why != nil {
			return why
		}
	}
	f.in.splice(f.i, f.j, c.v)
	return nil
}

// succeed leads to a step what leads to a fragment that it replaces.
func (e *editor) succeed(f stretch, by *value) *fault {
	stay := stepsIn(by)
	user := by.stepKind() == kindUser
	var named []mention
	for _, r := range e.o.mentions() {
		to := e.o.sites[r.target()]
		switch {
		case f.has(r.from) || !f.has(to):
		case r.jump():
			r.lead(by.stepID())
		case slices.Contains(stay, to.id):
		case user && to.kind == kindUser && to.in.same(f.in):
			named = append(named, r)
		}
	}
	for _, r := range named {
		r.lead(by.stepID())
	}
	if next := f.last().get("next"); next != nil && !f.has(e.o.sites[next.text]) {
		hand(f.last(), by)
	}
	return e.forget(f, stay...)
}

func (e *editor) swap(c *Change) *fault {
	a, why := e.o.fragment(c.nodes[0])
	if why != nil {
		return why
	}
	b, why := e.o.fragment(c.nodes[1])
	if why != nil {
		return why
	}
	first, second := e.o.sites[a.first()], e.o.sites[b.first()]
	if a.has(second) || b.has(first) {
		return faultf("nested", first.id, "", "%q and %q are part of each other", c.nodes[0], c.nodes[1])
	}
	if (a.in.holds == holdsEvents) != (b.in.holds == holdsEvents) {
		return faultf("place", first.id, "", "a step and an event cannot change places")
	}
	if !c.exact {
		for _, x := range [][2]stretch{{a, b}, {b, a}} {
			if why := e.rebound(x[0], x[1].in); why != nil {
				return why
			}
		}
	}
	for _, r := range e.o.mentions() {
		switch to := r.target(); {
		case !r.jump():
		case a.has(r.from) && b.has(e.o.sites[to]), b.has(r.from) && a.has(e.o.sites[to]):
			return faultf("jump", r.from.id, "lead the jump elsewhere first", "%q jumps from one to the other, to %q", r.from.id, to)
		case to == first.id && !a.has(r.from):
			r.lead(second.id)
		case to == second.id && !b.has(r.from):
			r.lead(first.id)
		}
	}
	e.swapJumps(a, b)
	one, other := slices.Clone(a.steps()), slices.Clone(b.steps())
	if a.in.same(b.in) && a.i > b.i {
		a, b, one, other = b, a, other, one
	}
	b.in.splice(b.i, b.j, one...) // the later one first: the other's indices stay
	a.in.splice(a.i, a.j, other...)
	return nil
}

// swapJumps exchanges the jumps at the end of two fragments, which belong to the places.
func (e *editor) swapJumps(a, b stretch) {
	if a.in.holds != holdsSteps || b.in.holds != holdsSteps {
		return
	}
	x, y := a.last(), b.last()
	next, other := x.get("next"), y.get("next")
	if next != nil && a.has(e.o.sites[next.text]) || other != nil && b.has(e.o.sites[other.text]) {
		return
	}
	if x.stepKind() != kindEnd {
		x.assign("next", other)
	}
	if y.stepKind() != kindEnd {
		y.assign("next", next)
	}
}
