package schema

import (
	"fmt"
	"slices"
)

// This file is AP1: insertions, and where they go.

type side uint8

const (
	after side = iota + 1
	before
	into // the beginning of a list
)

// A spot is where a step goes.
type spot struct {
	side side
	node string // the neighbour, or whose list it is; "" is the process
	key  string // into: the key of the list; "": the n-th list of steps
	n    int    // into: which list; with a key the number of the case, -1: none
}

// find finds the list and the index.
func (e *editor) find(at spot) (*sequence, int, *fault) {
	if at.side == into && at.node == "" {
		for _, q := range e.o.top {
			if at.key == q.key || at.key == "" && at.n == 0 && q.holds == holdsSteps {
				return q, 0, nil
			}
		}
		return nil, 0, faultf("place", "", "its steps are list 0", "the process has no list %d", at.n)
	}
	s, why := e.o.site(at.node)
	switch {
	case why != nil:
		return nil, 0, why
	case at.side == after:
		return s.in, s.i + 1, nil
	case at.side == before:
		return s.in, s.i, nil
	case at.key == "":
		if q := s.body(at.n); q != nil {
			return q, 0, nil
		}
	}
	for _, q := range s.inner {
		if at.key != "" && at.key == q.key && at.n == q.kase {
			return q, 0, nil
		}
	}
	return nil, 0, faultf("place", s.id, "lists are numbered from 0, one for each case or branch", "%q has no list %d of steps", s.id, at.n)
}

// fresh checks that v can go into a list of steps or events, and that its ids are new or among those that go.
func (e *editor) fresh(v *value, q *sequence, gone ...string) *fault {
	k := v.stepKind()
	allowed, what := stepKinds, "a step"
	if q.holds == holdsEvents {
		allowed, what = eventKinds, "an event"
	}
	switch {
	case k == 0:
		return faultf("step", "", "give it a kind and an id: User(\"review\"), say", "%s is missing", what)
	case !allowed.has(k):
		return faultf("step", v.stepID(), "", "%s cannot stand where %s is wanted", article(k), what)
	}
	for _, id := range stepsIn(v) {
		if id == "" {
			return faultf("step", "", "give it an id of its own; blocks that a change makes get one from As", "a step has no id")
		}
		if e.o.sites[id] != nil && !slices.Contains(gone, id) {
			return e.taken(id)
		}
	}
	return nil
}

// taken is the fault that an id is there already.
func (e *editor) taken(id string) *fault {
	return faultf("duplicate-id", id, "choose another id", "there is a step or event %q already", clip(id))
}

func (e *editor) insert(c *Change) *fault {
	q, i, why := e.find(c.at)
	if why != nil {
		return why
	}
	if !c.exact {
		if c.as != "" && c.v.stepKind() != 0 {
			c.v.fields[0].value = stringValue(c.as)
		}
		if why := e.fresh(c.v, q); why != nil {
			return why
		}
		if why := e.open(q, c.at); why != nil {
			return why
		}
		e.arrive(q, i, c.at, c.v, c.v)
	}
	q.splice(i, i, c.v)
	return nil
}

// open checks that control can go on behind a step, or into a list.
func (e *editor) open(q *sequence, at spot) *fault {
	if q.holds == holdsOne && len(q.items()) > 0 {
		return faultf("place", at.node, "put both into a subprocess", "there is room for one step only")
	}
	if at.side != after || q.holds != holdsSteps {
		return nil
	}
	s := e.o.sites[at.node]
	switch {
	case s.kind == kindEnd:
		return faultf("place", s.id, "insert before it", "%q is an end: nothing goes on behind it", s.id)
	case s.kind == kindGateway && len(s.cases()) > 0:
		return faultf("place", s.id, "use InsertBetween for one of its flows", "%q goes on by its flows only", s.id)
	}
	return nil
}

// arrive leads control to what is put at index i of q, from first to last: jumps of what stands there, or of the step
// before it.
func (e *editor) arrive(q *sequence, i int, at spot, first, last *value) {
	switch {
	case q.holds != holdsSteps:
	case at.side == after:
		hand(q.items()[i-1], last)
	case at.side == before:
		id := at.node
		for _, r := range e.o.mentions() {
			if r.jump() && r.target() == id {
				r.lead(first.stepID())
			}
		}
	}
}

// hand gives the jump of one step to another, which keeps its own if it has one and is left alone if it is an end.
func hand(from, to *value) {
	next := from.str("next")
	if next == "" {
		return
	}
	from.assign("next", nil)
	if to.stepKind() != kindEnd && to.get("next") == nil {
		to.assign("next", stringValue(next))
	}
}

func (e *editor) insertBetween(c *Change) *fault {
	from, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	to, why := e.o.site(c.text)
	if why != nil {
		return why
	}
	q, i := from.in, from.i+1
	if anyEvent.has(from.kind) && from.body(0) != nil && len(from.body(0).items()) == 0 {
		q, i = from.body(0), 0
	}
	wrong := faultf("place", from.id, "name two steps of which one leads straight to the other", "%q does not lead straight to %q", from.id, to.id)
	if q.holds != holdsSteps {
		return wrong
	}
	if why := e.fresh(c.v, q); why != nil {
		return why
	}
	jumps := func(v *value) bool { return v.str("next") == to.id }
	detour := func() {
		if c.v.stepKind() != kindEnd && c.v.get("next") == nil {
			c.v.assign("next", stringValue(to.id))
		}
	}
	if n := slices.IndexFunc(from.cases(), jumps); n >= 0 && from.kind == kindGateway {
		from.cases()[n].assign("next", stringValue(c.v.stepID()))
		detour()
	} else if jumps(from.v) {
		from.v.assign("next", nil)
		detour()
	} else if from.v.get("next") != nil || behind(q, i) != to.id || e.open(q, spot{side: after, node: from.id}) != nil {
		return wrong
	}
	q.splice(i, i, c.v)
	return nil
}

func (e *editor) insertParallel(c *Change) *fault {
	f, why := e.o.fragment(c.node)
	if why != nil {
		return why
	}
	if why := e.fresh(c.v, &sequence{holds: holdsSteps}); why != nil {
		return why
	}
	branch := mapValue(entry{key: "do", value: listValue(c.v)})
	if owner := f.in.owner; owner != nil && owner.kind == kindParallel && f.i == 0 && f.j == len(f.in.items()) {
		list := owner.v.get("branches")
		list.items = slices.Insert(slices.Clone(list.items), f.in.kase+1, branch)
		return nil
	}
	block := mapValue(entry{key: "parallel", value: stringValue(c.named(blockID("parallel", c.node)))}, entry{key: "branches", value: listValue(
		mapValue(entry{key: "do", value: listValue()}), branch)})
	return e.enclose(f, block, block.get("branches").items[0], "do", true)
}

// named is the id that As gave, or another.
func (c *Change) named(id string) string {
	if c.as != "" {
		return c.as
	}
	return id
}

func (e *editor) insertCase(c *Change) *fault {
	s, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	key := s.caseKey()
	if !c.exact {
		switch {
		case c.v == nil:
			return faultf("case", s.id, "", "no case is given")
		case key == "" || s.kind == kindParallel:
			return faultf("case", s.id, "InsertEvent adds events, InsertParallel branches", "%s has no cases", article(s.kind))
		}
		for _, q := range sequencesOf(mapValue(entry{key: "choose", value: stringValue("")}, entry{key: "cases", value: listValue(c.v)}), kindChoose, nil) {
			for _, item := range q.items() {
				if why := e.fresh(item, q); why != nil {
					return why
				}
			}
		}
	}
	n := c.n
	if list := s.cases(); n < 0 {
		if n = len(list); n > 0 && list[n-1].get("else") != nil && c.v.get("else") == nil {
			n--
		}
	}
	s.v.assign(key, listValue(slices.Insert(slices.Clone(s.cases()), min(n, len(s.cases())), c.v)...))
	return nil
}

func (e *editor) insertEvent(c *Change) *fault {
	s, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	for _, q := range s.inner {
		if q.holds != holdsEvents || q.key == "events" {
			continue
		}
		if why := e.fresh(c.v, q); why != nil {
			return why
		}
		q.splice(len(q.items()), len(q.items()), c.v)
		return nil
	}
	return faultf("place", s.id, "put the step into a subprocess, which can have events", "%s has no events", article(s.kind))
}

// String is "after x".
func (at spot) String() string {
	switch {
	case at.side == after:
		return "after " + at.node
	case at.side == before:
		return "before " + at.node
	case at.node == "" && (at.key == "" || at.key == "steps"):
		return "at the beginning"
	case at.node == "":
		return "at the beginning of " + at.key
	case at.key == "" || at.n > 0 || at.key == "cases" || at.key == "branches":
		return fmt.Sprintf("into list %d of %s", max(at.n, 0), at.node)
	}
	return fmt.Sprintf("into %s of %s", at.key, at.node)
}
