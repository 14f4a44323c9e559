package petri

import (
	"fmt"
	"slices"
)

// Letters beside one another: if the same transitions mark the places they take, and one join takes what they mark, or
// both end their tokens, then it does not matter which comes first, and the two are one letter. What a branch without a
// letter brings to such a join is always there before the others.

// branch is a letter that leads from a place of its own to one that a join alone takes, or to nothing.
type branch struct {
	t     *node
	from  Place
	to    Place // NoPlace: nothing
	join  *node
	marks string // what marks from
}

// beside makes one letter of those beside one another.
func (r *reducer) beside() {
	r.prune()
	names := make(map[*node]int, len(r.nodes))
	for i, x := range r.nodes {
		names[x] = i
	}
	marks := func(p Place) string {
		var list []int
		for _, x := range r.producers[p] {
			list = append(list, names[x])
		}
		return fmt.Sprint(list)
	}
	type group struct {
		marks string
		join  *node
	}
	groups := make(map[group]*branch)
	var all []*branch
	for _, t := range r.nodes {
		b := r.branch(t)
		if b == nil {
			continue
		}
		b.marks = marks(b.from)
		all = append(all, b)
		g := group{b.marks, b.join}
		one := groups[g]
		if one == nil {
			groups[g] = b
			continue
		}
		if !r.alike(one.from, b.from) || one.to != NoPlace && (!r.alike(one.to, b.to) || !r.alike(one.from, one.to)) {
			continue
		}
		r.pair(one, b)
	}
	for _, b := range all {
		if b.join != nil && !b.t.gone {
			r.empty(b, marks)
		}
	}
}

// branch is what letter t is a branch of; nil if it is none.
func (r *reducer) branch(t *node) *branch {
	if t.Silent || !t.plain() || t.Pre.Len() != 1 || t.Post.Len() > 1 || t.Pre.Has(r.begin) {
		return nil
	}
	b := &branch{t: t, from: first(t.Pre), to: first(t.Post)}
	if len(r.consumers[b.from]) != 1 {
		return nil
	}
	if b.to == NoPlace {
		return b
	}
	if len(r.consumers[b.to]) != 1 || len(r.producers[b.to]) != 1 {
		return nil
	}
	b.join = r.consumers[b.to][0]
	if b.join.keep || b.join == t || !b.join.Pre.Has(b.to) {
		return nil
	}
	return b
}

// pair lets branch b go with branch one.
func (r *reducer) pair(one, b *branch) {
	for _, x := range r.producers[b.from] {
		x.Post.Remove(b.from)
	}
	r.image[one.from] = append(slices.Clip(r.image[one.from]), r.image[b.from]...)
	if b.to != NoPlace {
		b.join.Pre.Remove(b.to)
		r.image[one.to] = append(slices.Clip(r.image[one.to]), r.image[b.to]...)
	}
	one.t.plan = &plan{sort: row, parts: []*plan{one.t.plan, b.t.plan}}
	one.t.add(b.t.fires)
	one.t.marks = append(slices.Clip(one.t.marks), b.t.marks...)
	r.drop(b.t)
}

// empty drops the inputs of the join of b that are marked together with the beginning of b.
func (r *reducer) empty(b *branch, marks func(Place) string) {
	if !r.alike(b.from, b.to) {
		return
	}
	for f := range b.join.Pre.Clone().Each {
		if f == b.to || len(r.consumers[f]) != 1 || marks(f) != b.marks || !r.alike(f, b.from) {
			continue
		}
		for _, x := range r.producers[f] {
			x.Post.Remove(f)
		}
		b.join.Pre.Remove(f)
		r.changed = true
	}
}
