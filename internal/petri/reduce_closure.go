package petri

import "slices"

// What a letter sets off. Before a letter the marking is at rest, so what the closure after it fires first is among the
// silent transitions that use what it marked or test what it emptied. If the first of these, in the order of the
// closure, is enabled for certain, then it is what happens next, and the two are one letter; and so on. A choice makes
// one letter of each way.

// most bounds the letters that one letter becomes.
const most = 64

// unfolding is a letter with a part of the closure that follows it.
type unfolding struct {
	x       *node
	pre     Marking
	clear   Marking
	marked  Marking // marked by it, and still there
	emptied Marking
	sure    Marking // of marked: those known to have been empty before
	plan    []*plan
	fires   Marking
	marks   []Place
	letter  bool // it begins at rest, so that what is always so at rest is so before it
}

func (r *reducer) unfold(x *node) unfolding {
	u := unfolding{x: x, pre: x.Pre, clear: x.Clear, marked: x.Post, emptied: x.emptied(), plan: []*plan{x.plan}, fires: x.fires, marks: x.marks, letter: !x.Silent}
	u.sure = x.Post.Clone()
	intersect(u.sure, u.emptied)
	u.emptied.Minus(u.marked)
	return u
}

// possible reports whether silent transition z may be enabled now.
func (u *unfolding) possible(r *reducer, z *node) bool {
	woken := z.Pre.Meets(u.marked) || z.Read.Meets(u.marked) || z.Zero.Meets(u.emptied)
	for i, p := range z.Inputs {
		woken = woken || u.marked.Has(p) || z.up[i].Meets(u.emptied)
	}
	if !woken || z.Zero.Meets(u.marked) {
		return false
	}
	for _, need := range []Marking{z.Pre, z.Read} {
		for p := range need.Each {
			if !u.marked.Has(p) && (u.emptied.Has(p) || r.rest.Has(p)) {
				return false
			}
		}
	}
	return true
}

// certain reports whether silent transition z is enabled now, whatever else is marked, and may be joined to the letter:
// what it takes of what was marked on the way lay there alone.
func (u *unfolding) certain(r *reducer, z *node) bool {
	if z.keep || len(z.Inputs) > 0 || z.Zero.Meets(u.marked) {
		return false
	}
	for _, need := range []Marking{z.Pre, z.Read} {
		for p := range need.Each {
			if !u.marked.Has(p) && (!u.letter || u.emptied.Has(p) || !r.implies(u.x.Pre, p)) {
				return false
			}
		}
	}
	for p := range z.Zero.Each {
		if !u.emptied.Has(p) && !r.rest.Has(p) {
			return false
		}
	}
	takes := z.emptied()
	for p := range takes.Each {
		if u.marked.Has(p) && !u.sure.Has(p) && !r.rest.Has(p) {
			return false
		}
	}
	left := u.marked.Clone()
	left.Minus(takes)
	return !left.Meets(z.Post)
}

// then is the unfolding after z has fired.
func (u *unfolding) then(z *node) unfolding {
	v := *u
	takes := z.emptied()
	v.pre = u.pre.Clone()
	own := z.Pre.Clone()
	own.Minus(u.marked)
	v.pre.Union(own)
	v.clear = u.clear.Clone()
	v.clear.Union(z.Clear)
	v.clear.Minus(v.pre)
	v.emptied = u.emptied.Clone()
	v.emptied.Union(takes)
	v.marked = u.marked.Clone()
	v.marked.Minus(takes)
	v.sure = u.sure.Clone()
	v.sure.Minus(takes)
	fresh := z.Post.Clone()
	intersect(fresh, v.emptied)
	v.sure.Union(fresh)
	v.marked.Union(z.Post)
	v.emptied.Minus(v.marked)
	v.plan = append(slices.Clip(u.plan), z.plan)
	v.fires = u.fires.Clone()
	v.fires.Union(z.fires)
	v.marks = append(slices.Clip(u.marks), z.marks...)
	return v
}

// next lists what fires next for certain: one silent transition, or each of those between which a choice is free; none
// if that depends on what else is marked, or if nothing fires.
func (u *unfolding) next(r *reducer) []*node {
	var first *node
	look := func(z *node) {
		if z.Silent && (first == nil || z.rank < first.rank) && u.possible(r, z) {
			first = z
		}
	}
	for p := range u.marked.Each {
		for _, z := range r.consumers[p] {
			look(z)
		}
	}
	for _, z := range r.testers {
		look(z)
	}
	if first == nil || !u.certain(r, first) {
		return nil
	}
	list := []*node{first}
	if !first.Guarded {
		return list
	}
	for p := range first.Pre.Each {
		for _, z := range r.consumers[p] {
			if z == first || !z.Silent || !z.Guarded || !z.Pre.Equal(first.Pre) || !u.possible(r, z) {
				continue
			}
			if !u.certain(r, z) {
				return nil
			}
			list = append(list, z)
		}
		break
	}
	return list
}

// closures joins to each letter, and to each silent transition that fires alone, what follows it for certain.
func (r *reducer) closures() {
	var made []*node
	for _, x := range r.nodes {
		if !x.Silent {
			made = append(made, r.joined(x)...)
		}
	}
	r.nodes = append(r.nodes, made...)
	r.prune()
	for _, x := range slices.Clone(r.nodes) {
		if !x.Silent || x.gone || !r.alone(x) {
			continue
		}
		if made := r.joined(x); len(made) > 0 {
			r.nodes = append(r.nodes, made...)
			r.exchange(x, made)
		}
	}
}

// exchange lets transitions take the place of x in the indexes by place. The other indexes hold as they are: x and what
// it became take the same alone, test nothing, and what is always so at rest is so after steps that follow each other.
func (r *reducer) exchange(x *node, made []*node) {
	for p := range x.Post.Each {
		r.producers[p] = without(r.producers[p], x)
	}
	for p := range x.sources {
		r.consumers[p] = without(r.consumers[p], x)
	}
	for _, y := range made {
		if !y.Clear.Empty() {
			r.clearers = append(r.clearers, y)
		}
		for p := range y.Post.Each {
			r.producers[p] = append(r.producers[p], y)
		}
		for p := range y.sources {
			r.consumers[p] = append(r.consumers[p], y)
		}
	}
}

// without is a list that somebody may be going through, without x.
func without(list []*node, x *node) []*node {
	return slices.DeleteFunc(slices.Clone(list), func(y *node) bool { return y == x })
}

// joined makes the transitions that x becomes, and drops it; none if it stays. It remains in the indexes until the next
// prune.
func (r *reducer) joined(x *node) []*node {
	if x.keep {
		return nil
	}
	all, ok := r.expand(x)
	if !ok {
		return nil
	}
	var made []*node
	for _, u := range all {
		y := &node{rank: x.rank, plan: &plan{sort: row, parts: u.plan}, fires: u.fires, marks: u.marks}
		y.Pre, y.Read, y.Zero, y.Clear, y.Post = u.pre.Clone(), x.Read.Clone(), x.Zero.Clone(), u.clear.Clone(), u.marked.Clone()
		y.Silent, y.Class, y.Guarded, y.Tag = x.Silent, x.Class, x.Silent && len(all) > 1, -1
		made = append(made, y)
	}
	r.drop(x)
	return made
}

// expand lists what x becomes; not ok if that is x.
func (r *reducer) expand(x *node) (all []unfolding, ok bool) {
	todo := []unfolding{r.unfold(x)}
	for steps := 0; len(todo) > 0; steps++ {
		if len(todo)+len(all) > most || steps > most*len(r.nodes) {
			return nil, false
		}
		u := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		follow := u.next(r)
		if len(follow) == 0 {
			all = append(all, u)
			continue
		}
		ok = true
		for _, z := range slices.Backward(follow) {
			todo = append(todo, u.then(z))
		}
	}
	return all, ok
}

// alone reports whether silent transition x, whenever it fires, is the only one that is enabled: letters alone mark what
// it takes, and each of them can enable nothing else.
func (r *reducer) alone(x *node) bool {
	if !x.plain() || x.Guarded || x.Pre.Empty() {
		return false
	}
	for p := range x.Pre.Each {
		for _, y := range r.producers[p] {
			if y.Silent {
				return false
			}
			u := r.unfold(y)
			other := func(z *node) bool { return z != x && z.Silent && u.possible(r, z) }
			if slices.ContainsFunc(r.testers, other) {
				return false
			}
			for q := range u.marked.Each {
				if slices.ContainsFunc(r.consumers[q], other) {
					return false
				}
			}
		}
	}
	return true
}

// implies reports whether at rest a token on one of the places from means that o is marked.
func (r *reducer) implies(from Marking, o Place) bool { return r.implying(o).Meets(from) }

// implying is a set of places such that o is marked whenever one of them is: the places that exits of o want empty,
// without those for which that cannot be shown transition by transition.
func (r *reducer) implying(o Place) Marking {
	if s, known := r.implied[o]; known {
		return s
	}
	s := r.set()
	r.implied[o] = s
	for _, z := range r.consumers[o] {
		if z.Silent && z.Pre.Has(o) {
			s.Union(z.Zero)
		}
	}
	s.Remove(r.begin)
	if s.Empty() {
		return s
	}
	for changed := true; changed; {
		changed = false
		shrink := func(by Marking) {
			if s.Meets(by) {
				s.Minus(by)
				changed = true
			}
		}
		for p := range s.Clone().Each { // none may come without o
			for _, x := range r.producers[p] {
				takes := x.empties(o) && !x.Post.Has(o)
				has := x.Post.Has(o) || !takes && (x.Pre.Has(o) || x.Read.Has(o) || x.Pre.Meets(s) || x.Read.Meets(s) ||
					len(x.Inputs) > 0 && !slices.ContainsFunc(x.Inputs, func(p Place) bool { return !s.Has(p) }))
				if !has {
					shrink(x.Post)
				}
			}
		}
		for _, list := range [][]*node{r.consumers[o], r.clearers} {
			for _, x := range list {
				if x.empties(o) && !x.Post.Has(o) { // none of s may be left
					left := s.Clone()
					left.Minus(x.emptied())
					left.Minus(x.Zero)
					shrink(left)
				}
			}
		}
	}
	return s
}

// empties reports whether firing x takes what lies on p.
func (x *node) empties(p Place) bool {
	return x.Pre.Has(p) || x.Clear.Has(p) || slices.Contains(x.Inputs, p)
}
