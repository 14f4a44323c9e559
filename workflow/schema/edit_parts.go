package schema

import (
	"slices"
	"strconv"

	"github.com/replank/replank/internal/ltlf"
)

// This file is what changes a step, its cases or the process where they stand: AP13 update condition, and what the paper
// leaves aside; and AP14, copies.

// case finds the n-th case of a step.
func (e *editor) nth(c *Change) (*site, []*value, *fault) {
	s, why := e.o.site(c.node)
	if why != nil {
		return nil, nil, why
	}
	list := s.cases()
	if c.n < 0 || c.n >= len(list) {
		return nil, nil, faultf("case", s.id, "cases are numbered from 0", "%q has no case %d, but %d of them", s.id, c.n, len(list))
	}
	return s, list, nil
}

func (e *editor) deleteCase(c *Change) *fault {
	s, list, why := e.nth(c)
	if why != nil {
		return why
	}
	if !c.exact {
		if s.kind == kindParallel && len(list) <= 2 {
			return faultf("empty", s.id, "use Serialize, or Delete for the whole", "a parallel needs two branches")
		}
		if q := s.body(c.n); q != nil && len(q.items()) > 0 {
			f := stretch{q, 0, len(q.items())}
			to := e.onward(stretch{s.in, s.i, s.i + 1})
			for _, r := range e.o.mentions() {
				switch {
				case !r.jump() || f.has(r.from) || !f.has(e.o.sites[r.target()]):
				case to == "":
					return faultf("jump", r.from.id, "lead the jump elsewhere first", "%q jumps to %q, and there is no step behind %q to jump to instead", r.from.id, r.target(), s.id)
				default:
					r.lead(to)
				}
			}
			if why := e.forget(f); why != nil {
				return why
			}
		}
	}
	s.v.assign(s.caseKey(), listValue(slices.Delete(slices.Clone(list), c.n, c.n+1)...))
	return nil
}

func (e *editor) moveCase(c *Change) *fault {
	s, list, why := e.nth(c)
	if why != nil {
		return why
	}
	to, err := strconv.Atoi(c.text)
	if err != nil || to < 0 || to >= len(list) {
		return faultf("case", s.id, "cases are numbered from 0", "%q has no place %s", s.id, c.text)
	}
	moved := list[c.n]
	s.v.assign(s.caseKey(), listValue(slices.Insert(slices.Delete(slices.Clone(list), c.n, c.n+1), to, moved)...))
	return nil
}

// setCase gives a case the keys of another, but for its steps.
func (e *editor) setCase(c *Change) *fault {
	_, list, why := e.nth(c)
	if why != nil {
		return why
	}
	old := *list[c.n]
	steps := old.get("do")
	if w := old.get("else"); w != nil && w.shape == shapeList {
		steps = w
	}
	list[c.n].fields = slices.Clone(c.v.fields)
	if w := c.v.get("else"); w != nil && w.shape == shapeList {
		list[c.n].assign("else", listValue(steps.list()...))
	} else if steps != nil {
		list[c.n].assign("do", steps)
	}
	return nil
}

// list are the items of a list; none of nil.
func (v *value) list() []*value {
	if v == nil {
		return nil
	}
	return v.items
}

func (e *editor) setGuard(c *Change) *fault {
	s, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	if s.kind == kindRepeat || s.kind == kindEach {
		for _, key := range []string{"until", "while"} {
			if s.v.get(key) != nil && c.n == 0 {
				s.v.assign(key, placedText(c.text, s.v.at))
				return nil
			}
		}
	}
	s, list, why := e.nth(c)
	switch {
	case why != nil:
		return why
	case s.kind == kindParallel || s.kind == kindGateway && s.v.str("kind") == "parallel":
		return faultf("guard", s.id, "", "%s has no guards", article(s.kind))
	case list[c.n].get("else") != nil:
		return faultf("guard", s.id, "insert a case, or delete the else first", "case %d of %q is its else", c.n, s.id)
	}
	list[c.n].assign("when", placedText(c.text, list[c.n].at))
	return nil
}

func (e *editor) rename(c *Change) *fault {
	s, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	if e.o.sites[c.text] != nil {
		return e.taken(c.text)
	}
	for _, r := range e.o.mentions() {
		if r.target() == s.id {
			r.lead(c.text)
		}
	}
	if !c.exact {
		keepNames(s)
	}
	e.renameInRules(s.id, c.text)
	s.v.fields[0].value = placedText(c.text, s.v.fields[0].value.at)
	if s.v.get("was") == nil || !c.exact {
		s.v.assign("was", e.was(s, c.text))
	}
	return nil
}

// was is what a step says of its earlier ids that is called id from now on: the id that it has in the process before all
// changes or, if that is the same, what it says there; nothing if it is new.
func (e *editor) was(s *site, id string) *value {
	old := e.born[s.v]
	if old == "" { // it may have taken the place, and the id, of one that is gone
		old = s.id
		for _, t := range e.o.order {
			if e.born[t.v] == old {
				return nil
			}
		}
	}
	switch before := e.p.byID[old]; {
	case before == nil:
		return nil
	case old != id:
		return stringValue(old)
	case before.was.given():
		return stringValue(before.was.s)
	}
	return nil
}

// renameInRules gives a step its new name in the rules.
func (e *editor) renameInRules(old, id string) {
	for _, rule := range e.doc.get("rules").list() {
		if text := rule.str("ltlf"); text != "" {
			rule.assign("ltlf", placedText(ltlf.Rename(text, old, id), rule.get("ltlf").at))
		}
		if text := rule.str("declare"); text != "" {
			rule.assign("declare", placedText(ltlf.RenameArguments(text, old, id), rule.get("declare").at))
		}
	}
}

// keepNames writes down what follows from the id of a step.
func keepNames(s *site) {
	for _, row := range stepTables[s.kind] {
		follows := s.kind == kindService && row.key == "handler" || anyEvent.has(s.kind) && row.key == "name"
		if follows && row.at != nil && s.v.get(row.key) == nil {
			s.v.assign(row.key, stringValue(s.id))
		}
	}
}

// own reports whether a key of a step says something of the step itself.
func own(k kind, e entry) bool {
	for _, n := range nests[k] {
		if n.key == e.key {
			return n.holds == holdsOne && e.value.stepKind() == 0
		}
	}
	return true
}

func (e *editor) update(c *Change) *fault {
	s, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	k := c.v.stepKind()
	if !c.exact {
		switch {
		case k == 0 || c.v.stepID() != s.id:
			return faultf("step", s.id, "Rename changes an id, Replace puts another step in its place", "the step given is not %q", s.id)
		case anyEvent.has(k) != anyEvent.has(s.kind):
			return faultf("kind", s.id, "", "%s cannot become %s", article(s.kind), article(k))
		}
		for _, f := range c.v.fields {
			if w := f.value; !own(k, f) && w.shape != 0 && (w.scalar() || len(w.items)+len(w.fields) > 0) {
				return faultf("step", s.id, "leave it out; SetGuard, InsertCase, InsertEvent, InsertInto, Replace and the like change it", "the %s of %q cannot be updated", f.key, s.id)
			}
		}
		if why := e.undeclared(s, c.v); why != nil {
			return why
		}
		for _, q := range s.inner {
			if len(q.items()) > 0 && !slices.ContainsFunc(nests[k], func(n nest) bool { return n.key == q.key || q.kase >= 0 && n.holds == holdsCases }) {
				return faultf("kind", s.id, "move or delete that first", "%s cannot have %s, which %q has", article(k), q.key, s.id)
			}
		}
	}
	var fields []entry
	for _, f := range c.v.fields {
		if own(k, f) {
			w := f.value.clone()
			settle(w, s.v.at)
			fields = append(fields, entry{key: f.key, at: s.v.at, value: w})
		}
	}
	for _, f := range s.v.fields[1:] {
		if !own(s.kind, f) {
			fields = append(fields, f)
		}
	}
	s.v.fields = fields
	return nil
}

func (e *editor) copy(c *Change) *fault {
	f, why := e.o.fragment(c.node)
	if why != nil {
		return why
	}
	q, i, why := e.find(c.at)
	if why != nil {
		return why
	}
	if !c.exact {
		if why := e.rebound(f, q); why != nil {
			return why
		}
	}
	steps := make([]*value, 0, f.j-f.i)
	for _, v := range f.steps() {
		steps = append(steps, v.clone())
	}
	if e.onward(f) != behind(f.in, f.j) { // its jump belongs to its place
		steps[len(steps)-1].assign("next", nil)
	}
	block := outlined(mapValue(entry{key: "steps", value: listValue(steps...)}))
	for _, r := range block.mentions() {
		if block.sites[r.target()] != nil {
			r.lead(r.target() + c.text)
		}
	}
	for _, s := range block.order {
		keepNames(s)
		s.v.assign("was", nil)
		s.v.fields[0].value = stringValue(s.id + c.text)
		for _, k := range s.cases() {
			if id := k.str("id"); id != "" {
				k.assign("id", stringValue(id+c.text))
			}
		}
	}
	for _, v := range steps {
		unmark(v)
		if why := e.fresh(v, q); why != nil {
			return why
		}
	}
	if why := e.open(q, c.at); why != nil {
		return why
	}
	e.arrive(q, i, c.at, steps[0], steps[len(steps)-1])
	q.splice(i, i, steps...)
	return nil
}

func (e *editor) setVar(c *Change) *fault {
	if c.wrong != "" {
		return faultf("variable", "", "use what the text form can write", "%s", c.wrong)
	}
	vars := e.doc.get("vars")
	if vars == nil {
		vars = mapValue()
		e.doc.assign("vars", vars)
	}
	if n := c.n; n >= 0 && n < len(vars.fields) && vars.get(c.text) == nil {
		vars.fields = slices.Insert(vars.fields, n, entry{key: c.text, value: c.v})
		return nil
	}
	vars.assign(c.text, c.v)
	return nil
}

func (e *editor) deleteVar(c *Change) *fault {
	vars := e.doc.get("vars")
	if vars == nil || vars.get(c.text) == nil {
		return faultf("variable", "", "", "the process has no variable %q", clip(c.text))
	}
	vars.assign(c.text, nil)
	if len(vars.fields) == 0 {
		e.doc.assign("vars", nil)
	}
	return nil
}

// set sets a key of the process; without a value it takes it away.
func (e *editor) set(c *Change) *fault {
	if c.v != nil && c.v.shape == shapeList && len(c.v.items) == 0 {
		c.v = nil
	}
	e.doc.assign(c.text, c.v)
	return nil
}
