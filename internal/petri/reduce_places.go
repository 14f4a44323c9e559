package petri

import (
	"encoding/binary"
	"slices"
)

// together drops a place that is marked exactly when another is: whatever marks one marks the other, and whatever takes
// one takes the other. (So the place that says that a sub-process is active goes when its body is one activity.)
func (r *reducer) together() {
	for o := range r.begin {
		producers := r.live(o)
		if len(producers) == 0 {
			continue
		}
		for p := range producers[0].Post.Each {
			if p != o && r.twins(o, p) {
				r.replace(o, p)
				break
			}
		}
	}
}

// twins reports whether two places are always marked together.
func (r *reducer) twins(o, p Place) bool {
	for _, near := range [][]*node{r.consumers[o], r.consumers[p], r.producers[o], r.producers[p]} { // most differ here
		if slices.ContainsFunc(near, func(x *node) bool { return !x.gone && x.parts(o, p) }) {
			return false
		}
	}
	return !slices.ContainsFunc(r.nodes, func(x *node) bool { return !x.gone && x.parts(o, p) })
}

// parts reports whether o and p may be marked differently because of x.
func (x *node) parts(o, p Place) bool {
	if slices.Contains(x.Inputs, o) || slices.Contains(x.Inputs, p) {
		return true
	}
	if x.Pre.Has(o) && x.Zero.Has(p) || x.Pre.Has(p) && x.Zero.Has(o) {
		return false // it never fires, if they are
	}
	if x.Post.Has(o) != x.Post.Has(p) || (x.Pre.Has(o) || x.Clear.Has(o)) != (x.Pre.Has(p) || x.Clear.Has(p)) {
		return true
	}
	if x.Guarded && x.Pre.Has(o) != x.Pre.Has(p) {
		return true // choices are known by their pre sets
	}
	return slices.ContainsFunc(x.up, func(up Marking) bool { return up.Has(o) != up.Has(p) })
}

// replace lets p stand for its twin o, also in the indexes by place.
func (r *reducer) replace(o, p Place) {
	r.producers[o], r.consumers[o], r.consumers[p] = nil, nil, nil
	for _, x := range r.nodes {
		if x.Pre.Has(o) {
			x.Pre.Add(p)
			x.Clear.Remove(p)
		}
		if x.Read.Has(o) && !x.Pre.Has(p) {
			x.Read.Add(p)
		}
		if x.Zero.Has(o) {
			x.Zero.Add(p)
		}
		for _, s := range [...]Marking{x.Pre, x.Read, x.Zero, x.Clear, x.Post} {
			s.Remove(o)
		}
		for _, up := range x.up {
			up.Remove(o)
		}
		uses := x.Pre.Has(p) || x.Read.Has(p)
		if uses && x.Zero.Has(p) {
			x.gone = true // it wants p marked and empty
		}
		if uses && !x.gone {
			r.consumers[p] = append(r.consumers[p], x)
		}
	}
	r.image[p] = append(slices.Clip(r.image[p]), r.image[o]...)
	r.changed = true
}

// forks lets the letter that alone takes a place, and marks those that only letters wait for, happen at once: the place
// is replaced by what it leads to.
func (r *reducer) forks() {
	for _, t := range r.nodes {
		if t.gone || t.Silent || !t.plain() || t.Pre.Len() != 1 || t.Post.Empty() || t.Post.Meets(t.Pre) {
			continue
		}
		p := first(t.Pre)
		if len(r.consumers[p]) != 1 || !r.mayGo(p) || slices.ContainsFunc(r.live(p), func(x *node) bool { return x.Post.Meets(t.Post) }) {
			continue
		}
		fit := true
		for q := range t.Post.Each {
			fit = fit && r.waits(q) && r.alike(p, q)
		}
		if !fit {
			continue
		}
		for _, x := range r.live(p) {
			x.Post.Remove(p)
			x.Post.Union(t.Post)
			x.add(t.fires)
			x.marks = append(slices.Clip(x.marks), r.image[p]...)
			for q := range t.Post.Each {
				r.producers[q] = append(r.producers[q], x)
			}
		}
		r.absorb(t)
	}
}

// live are the transitions that mark p now.
func (r *reducer) live(p Place) []*node {
	return slices.DeleteFunc(slices.Clone(r.producers[p]), func(x *node) bool { return x.gone || !x.Post.Has(p) })
}

func first(m Marking) Place {
	for p := range m.Each {
		return p
	}
	return NoPlace
}

// idle makes one of letters that do the same.
func (r *reducer) idle() {
	seen := make(map[string]*node)
	var key []byte
	for _, x := range r.nodes {
		if x.gone || x.keep || x.Silent && !x.Guarded || len(x.Inputs) > 0 {
			continue
		}
		key = key[:0]
		if x.Silent {
			key = append(key, 's')
		}
		for _, s := range []Marking{x.Pre, x.Read, x.Zero, x.Clear, x.Post} {
			for _, w := range s {
				key = binary.LittleEndian.AppendUint64(key, w)
			}
		}
		y := seen[string(key)]
		if y == nil {
			seen[string(key)] = x
			continue
		}
		y.plan = &plan{sort: any, parts: []*plan{y.plan, x.plan}}
		y.rank = min(x.rank, y.rank)
		y.add(x.fires)
		y.marks = append(slices.Clip(y.marks), x.marks...)
		r.drop(x)
	}
}
