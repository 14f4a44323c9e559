package schema

import (
	"slices"
	"strconv"
)

// This file puts the steps of one process where they are in another.

func itoa(n int) string { return strconv.Itoa(n) }

// begin is the spot at the beginning of a list of the target, as the tree has it.
func (c *comparison) begin(q *sequence) spot {
	switch {
	case q.owner == nil:
		return spot{side: into, key: q.key, n: -1}
	case q.kase >= 0:
		list := c.o.sites[q.owner.id].cases()
		return spot{side: into, node: q.owner.id, n: slices.Index(list, c.cases[q.holder])}
	case q.holds == holdsSteps:
		return spot{side: into, node: q.owner.id}
	}
	return spot{side: into, node: q.owner.id, key: q.key, n: -1}
}

// sync makes a list of the tree like that of the target, but leaves in it what will be deleted, and then what its steps
// hold. Whatever holds the list is in its place already, so that nothing is ever moved into itself.
func (c *comparison) sync(goal *sequence) {
	var ids []string
	for _, v := range goal.items() {
		ids = append(ids, v.stepID())
	}
	q, _, why := c.find(c.begin(goal))
	if why != nil {
		return
	}
	if items := q.items(); goal.holds == holdsOne && len(items) > 0 && !slices.Contains(ids, items[0].stepID()) {
		c.makeRoom(items[0].stepID())
	}
	stay := c.standing(q, ids)
	for i := 0; i < len(ids); i++ {
		at := c.begin(goal)
		if i > 0 {
			at = spot{side: after, node: ids[i-1]}
		}
		switch w := c.o.sites[ids[i]]; {
		case w != nil && stay[ids[i]]:
		case w != nil:
			n := 1
			for i+n < len(ids) && !stay[ids[i+n]] && c.o.sites[ids[i+n]] != nil && c.o.sites[ids[i+n]].in.same(w.in) && c.o.sites[ids[i+n]].i == w.i+n {
				n++
			}
			c.shift(through(ids[i], ids[i+n-1]), at)
			i += n - 1
		case !c.embedded(c.to.sites[ids[i]], q, ids, stay, i):
			c.change(Change{op: opInsert, v: c.shell(c.to.sites[ids[i]]), at: at})
		}
	}
	for _, id := range ids {
		t := c.to.sites[id]
		c.matchCases(t)
		for _, inner := range t.inner {
			c.sync(inner)
		}
	}
}

func through(first, last string) string {
	if first == last {
		return first
	}
	return first + ":" + last
}

// makeRoom takes away the one step where there is room for one.
func (c *comparison) makeRoom(id string) {
	if c.to.sites[id] != nil {
		c.shift(id, spot{side: into, key: "steps", n: -1})
		return
	}
	c.evacuate(c.o.sites[id])
	c.change(Change{op: opDelete, node: id})
}

// standing are the steps of a list that stay where they are: a longest subsequence that is in the right order.
func (c *comparison) standing(q *sequence, ids []string) map[string]bool {
	var here []*site
	for _, id := range ids {
		if s := c.o.sites[id]; s != nil && s.in.same(q) {
			here = append(here, s)
		}
	}
	best, from := make([]int, len(here)), make([]int, len(here))
	last := -1
	for i := range here {
		best[i], from[i] = 1, -1
		for j := range i {
			if here[j].i < here[i].i && best[j]+1 > best[i] {
				best[i], from[i] = best[j]+1, j
			}
		}
		if last < 0 || best[i] > best[last] {
			last = i
		}
	}
	stay := map[string]bool{}
	for i := last; i >= 0; i = from[i] {
		stay[here[i].id] = true
	}
	return stay
}

// embedded puts a new block around steps that stand where it is to come, if these are all that it holds of the tree: in
// one of its lists, or each in a branch of a parallel.
func (c *comparison) embedded(t *site, q *sequence, ids []string, stay map[string]bool, i int) bool {
	var fragments []string
	first, next := -1, -1 // indexes in q
	list := -1
	for _, inner := range t.inner {
		var names []string
		for _, v := range inner.items() {
			if c.o.sites[v.stepID()] != nil {
				names = append(names, v.stepID())
			} else if c.holdsOld(v) {
				return false
			}
		}
		if len(names) == 0 {
			continue
		}
		for _, id := range names {
			w := c.o.sites[id]
			if inner.holds != holdsSteps || !w.in.same(q) || next >= 0 && w.i != next || slices.Contains(ids, id) {
				return false
			}
			if first < 0 {
				first = w.i
			}
			next = w.i + 1
		}
		list = max(inner.kase, 0)
		fragments = append(fragments, through(names[0], names[len(names)-1]))
	}
	all := len(fragments) == len(t.cases()) && t.kind == kindParallel && len(fragments) > 1
	if first < 0 || len(fragments) > 1 && !all {
		return false
	}
	if i > 0 && c.o.sites[ids[i-1]].i > first {
		return false
	}
	for _, id := range ids[i+1:] {
		if stay[id] && c.o.sites[id].i < next {
			return false
		}
	}
	shell := t.v.clone()
	for _, inner := range sequencesOf(shell, t.kind, nil) {
		if inner.holds == holdsSteps && (all || max(inner.kase, 0) == list) {
			inner.put(nil)
		}
	}
	if all {
		c.change(Change{op: opParallelize, nodes: fragments, v: shell})
	} else {
		c.change(Change{op: opEmbed, node: fragments[0], n: list, v: shell})
	}
	return true
}

// holdsOld reports whether something in a new step is in the tree.
func (c *comparison) holdsOld(v *value) bool {
	return slices.ContainsFunc(stepsIn(v), func(id string) bool { return c.o.sites[id] != nil })
}

// remove deletes what the target does not have.
func (c *comparison) remove() {
	for i := 0; i < len(c.o.order); i++ {
		s := c.o.order[i]
		if c.to.sites[s.id] != nil {
			continue
		}
		last := s.id
		for _, v := range s.in.items()[s.i+1:] {
			if c.to.sites[v.stepID()] != nil {
				break
			}
			last = v.stepID()
		}
		c.change(Change{op: opDelete, node: through(s.id, last)})
		i-- // the index is another now
	}
}

// revise gives nodes the keys that they have in the target.
func (c *comparison) revise() {
	for _, t := range c.to.order {
		if w := c.o.sites[t.id]; w != nil && len(differing(w, t)) > 0 {
			c.adjust(t)
		}
	}
}

func (c *comparison) adjust(t *site) {
	v := mapValue()
	for _, e := range t.v.fields {
		if own(t.kind, e) {
			v.fields = append(v.fields, entry{key: e.key, value: e.value.clone()})
		}
	}
	c.change(Change{op: opUpdate, node: t.id, nodes: differing(c.o.sites[t.id], t), v: v})
	c.changed[t.id] = true
}

// differing are the keys of their own that two nodes with one id do not agree in; "kind" stands for the first.
func differing(a, b *site) []string {
	var keys []string
	if a.kind != b.kind {
		keys = append(keys, "kind")
	}
	for _, x := range []*site{a, b} {
		for _, e := range x.v.fields[1:] {
			if own(x.kind, e) && !slices.Contains(keys, e.key) && !sameValue(ownKey(a, e.key), ownKey(b, e.key)) {
				keys = append(keys, e.key)
			}
		}
	}
	return keys
}

func ownKey(s *site, key string) *value {
	for _, e := range s.v.fields {
		if e.key == key && own(s.kind, e) {
			return e.value
		}
	}
	return nil
}
