package schema

import "slices"

// This file finds what of two processes is the same: nodes by id and "was", cases by what they say and hold.

// identify renames what has another id in the target, and replaces nodes that have become something that cannot hold
// what they hold, so that from then on the same ids are the same nodes.
func (c *comparison) identify() {
	for _, t := range c.to.order {
		was := t.v.str("was")
		old := c.o.sites[was]
		if old == nil || c.to.sites[was] != nil || !c.fits(old, t) {
			continue
		}
		if c.o.sites[t.id] != nil { // another one, which goes
			c.evacuate(c.o.sites[t.id])
			c.change(Change{op: opDelete, node: t.id})
		}
		c.change(Change{op: opRename, node: was, text: t.id})
		c.diff.was[t.id] = was
		c.changed[t.id] = true
	}
	for _, t := range c.to.order {
		w := c.o.sites[t.id]
		switch {
		case w == nil || w.kind == t.kind:
		case c.fits(w, t):
			c.adjust(t)
		default:
			c.evacuate(w)
			c.change(Change{op: opReplace, node: t.id, v: c.shell(t)})
			c.changed[t.id] = true
		}
	}
}

// fits reports whether w can become of the kind of t and still hold what it holds.
func (c *comparison) fits(w, t *site) bool {
	if w.kind == t.kind {
		return true
	}
	if anyEvent.has(w.kind) != anyEvent.has(t.kind) {
		return false
	}
	for _, n := range nests[w.kind] {
		if held := w.v.get(n.key); held != nil && len(held.items)+len(held.fields) > 0 && !slices.Contains(nests[t.kind], n) {
			return false
		}
	}
	return true
}

// evacuate moves the steps in a node that the target has, too, out of it. Events stay: few nodes have a place for them.
func (c *comparison) evacuate(w *site) {
	for {
		kept := ""
		for _, s := range c.o.order {
			if s.id != w.id && s.within(c.o.sites[w.id]) && c.to.sites[s.id] != nil && stepKinds.has(s.kind) {
				kept = s.id
				break
			}
		}
		if kept == "" {
			return
		}
		at := spot{side: into, key: "steps", n: -1}
		if c.o.sites[w.id].in.holds == holdsSteps {
			at = spot{side: before, node: w.id}
		}
		c.shift(kept, at)
	}
}

func (c *comparison) shift(fragment string, at spot) {
	f, why := c.o.fragment(fragment)
	if why != nil {
		return
	}
	for _, v := range f.steps() {
		c.moved[v.stepID()] = true
	}
	c.change(Change{op: opMove, node: fragment, at: at})
}

// shell is a node of the target without the nodes in it that the tree has already: they are moved there.
func (c *comparison) shell(t *site) *value {
	v := t.v.clone()
	c.strip(sequencesOf(v, t.kind, nil))
	return v
}

func (c *comparison) strip(lists []*sequence) {
	for _, q := range lists {
		items := q.items()
		var rest []*value
		for _, v := range items {
			if c.o.sites[v.stepID()] == nil {
				rest = append(rest, v)
				c.strip(sequencesOf(v, v.stepKind(), nil))
			}
		}
		if len(rest) < len(items) {
			q.put(rest)
		}
	}
}

// matchCases finds the cases of a node for those that the target has, and inserts the others.
func (c *comparison) matchCases(t *site) {
	if t.caseKey() == "" {
		return
	}
	w := c.o.sites[t.id]
	free := slices.Clone(w.cases())
	take := func(a *value, fit func(b *value) bool) {
		if c.cases[a] != nil {
			return
		}
		if i := slices.IndexFunc(free, fit); i >= 0 {
			c.cases[a] = free[i]
			free = slices.Delete(free, i, i+1)
		}
	}
	goal := t.cases()
	for _, a := range goal {
		id := a.str("id")
		take(a, func(b *value) bool { return id != "" && b.str("id") == id })
	}
	for _, a := range goal {
		take(a, func(b *value) bool { return said(a) != "" && said(a) == said(b) })
	}
	for _, a := range goal {
		ids := casesSteps(a)
		take(a, func(b *value) bool {
			return (a.get("else") != nil) == (b.get("else") != nil) && slices.ContainsFunc(casesSteps(b), func(id string) bool { return slices.Contains(ids, id) })
		})
	}
	for _, a := range goal {
		take(a, func(b *value) bool { return (a.get("else") != nil) == (b.get("else") != nil) })
	}
	for i, a := range goal {
		if c.cases[a] != nil {
			continue
		}
		n := 0
		if i > 0 {
			n = slices.Index(c.o.sites[t.id].cases(), c.cases[goal[i-1]]) + 1
		}
		v := a.clone()
		for _, key := range []string{"do", "else"} {
			if list := v.get(key); list != nil && list.shape == shapeList {
				c.strip([]*sequence{{holder: v, key: key, holds: holdsSteps}})
			}
		}
		c.change(Change{op: opInsertCase, node: t.id, n: n, v: v})
		c.changed[t.id] = true
		c.cases[a] = c.o.sites[t.id].cases()[n]
	}
}

// said is the text by which a case is known: of a flow where it leads, else the guard.
func said(v *value) string {
	if v.get("do") == nil && v.get("next") != nil {
		return "next " + v.str("next") + " when " + v.str("when")
	}
	if v.get("else") != nil {
		return "else"
	}
	return v.str("when")
}

// casesSteps are the ids of the steps in a case.
func casesSteps(v *value) []string {
	var ids []string
	for _, key := range []string{"do", "else"} {
		if list := v.get(key); list != nil {
			ids = append(ids, stepsIn(list.items...)...)
		}
	}
	return ids
}

// settleCases deletes the cases that the target does not have, puts the others in order and makes them say what they
// say there.
func (c *comparison) settleCases() {
	for _, t := range c.to.order {
		goal := t.cases()
		if t.caseKey() == "" {
			continue
		}
		list := func() []*value { return c.o.sites[t.id].cases() }
		before := len(c.diff.Changes)
		for i := len(list()) - 1; i >= 0; i-- {
			if !slices.ContainsFunc(goal, func(a *value) bool { return c.cases[a] == list()[i] }) {
				c.change(Change{op: opDeleteCase, node: t.id, n: i})
			}
		}
		for i, a := range goal {
			if at := slices.Index(list(), c.cases[a]); at != i {
				c.change(Change{op: opMoveCase, node: t.id, n: at, text: itoa(i)})
			}
		}
		for i, a := range goal {
			x, y := caseKeys(list()[i]), caseKeys(a)
			guard := y.str("when")
			switch {
			case sameValue(x, y):
			case guard != "" && x.get("when") != nil && sameValue(x.set("when", stringValue("")), y.set("when", stringValue(""))):
				c.change(Change{op: opSetGuard, node: t.id, n: i, text: guard})
			default:
				c.change(Change{op: opSetCase, node: t.id, n: i, v: y})
			}
		}
		if len(c.diff.Changes) > before {
			c.changed[t.id] = true
		}
	}
}

// caseKeys are the keys of a case without its steps, in the order of the key table.
func caseKeys(v *value) *value {
	keys := mapValue()
	for _, key := range []string{"when", "else", "id", "next"} {
		if w := v.get(key); w != nil && w.shape == shapeList {
			keys.fields = append(keys.fields, entry{key: key, value: listValue()})
		} else if w != nil {
			keys.fields = append(keys.fields, entry{key: key, value: stringValue(w.text)})
		}
	}
	if v.get("else") != nil && v.get("else").shape != shapeList {
		return keys.set("else", boolValue(true))
	}
	return keys
}
