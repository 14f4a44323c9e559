package petri

import (
	"math/bits"
	"slices"
)

// Structural reduction, after Murata ("Petri nets: properties, analysis and applications"), for the eager closure of
// this package. A reduced net is a smaller net of which the same can be said: it can fire unsafely, get stuck, lose its
// end or circle silently if and only if the net can; and each of its transitions knows which transitions of the net
// happen if it happens.
//
// The idea: between two letters of a run nothing else is observed of a token that only letters wait for, so two places
// may be one if nothing can tell them apart. "Nothing" are the emptiness tests (zero, what an inclusive join waits for)
// and the clearings: fused places have the same part in each of them. What a letter sets off is added to it only as
// far as the closure must do just that, in that order, whatever else is marked. So the order of the closure, on which
// the outcome depends, is never touched, and inclusive joins, exits and cancellations whose moment depends on other
// tokens stay as they are.
//
// A false alarm is possible in one case: two tokens that the net holds on places that are one in the reduced net count as
// unsafe there. So "nothing is wrong" is a proof, and "something is wrong" is to be confirmed with Expand.
//
//	reduce_closure.go  letters take the closure with them that follows for certain
//	reduce_places.go   places in a row, with the same future, or marked together
//	reduce_beside.go   letters beside one another
//	reduce_expand.go   the way back: a run of the reduced net as one of the net
//	reduce_further.go  a reduced net reduced once more

// Reduced is a reduced net.
type Reduced struct {
	Net     *Net
	Initial Marking

	from     *Net
	initial  Marking   // of from
	nodes    []*node   // by transition of Net: what it was made of
	image    [][]Place // by place of Net
	absorbed []absorbed
}

// Fires returns the transitions of the original net that happen in some run if transition t of the reduced net happens in
// some run.
func (r *Reduced) Fires(t int) []int32 {
	var list []int32
	for i, w := range r.nodes[t].fires {
		for ; w != 0; w &= w - 1 {
			list = append(list, int32(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return list
}

// Original returns the transition of the original net that transition t of the reduced net is, or -1 if it is made of
// several or begins the run.
func (r *Reduced) Original(t int) int {
	if p := r.nodes[t].plan; p.sort == one {
		return int(p.trans)
	}
	return -1
}

// Consists reports whether transition t of the reduced net is made of transitions of the original net in a set.
func (r *Reduced) Consists(t int, of func(t int) bool) bool { return r.nodes[t].plan.consists(of) }

// node is a transition in the making.
type node struct {
	Trans
	rank  int // its priority in the closure: that in the original net
	keep  bool
	gone  bool
	plan  *plan
	fires Marking // transitions of the original net; may be shared
	marks []Place // original places that it marks in truth, where what they lead to stands in its post set
}

// reducer is a net under reduction. Places keep their numbers until the end; the last one is the beginning: a run of the
// reduced net begins with a letter that marks the initial marking, so that each letter begins at rest.
type reducer struct {
	from      *Net
	begin     Place
	nodes     []*node
	producers [][]*node // by place; nodes that are gone, or no longer produce, are skipped when read
	consumers [][]*node // by place: those with it in pre, read or inputs
	image     [][]Place // by place: the original places that it stands for
	absorbed  []absorbed
	rest      Marking   // places that are empty at rest: a silent transition takes each alone
	cleared   Marking   // places that a silent transition clears
	tests     []Marking // the sets by which places can be told apart
	testers   []*node   // silent transitions that test emptiness
	clearers  []*node   // transitions that clear
	implied   map[Place]Marking
	changed   bool
}

// Reduce reduces the net for runs from initial. Transitions that keep asks for are left as they are: each is one of the
// reduced net, unless nothing can fire it, and it stays a move of its own.
func (n *Net) Reduce(initial Marking, keep func(t int) bool) *Reduced {
	r := &reducer{from: n, begin: Place(n.places)}
	words := (n.places + 64) / 64
	for t := range n.trans {
		x := n.trans[t]
		for _, s := range []*Marking{&x.Pre, &x.Read, &x.Zero, &x.Clear, &x.Post} {
			w := make(Marking, words)
			copy(w, *s)
			*s = w
		}
		x.Clear.Minus(x.Pre)
		x.up = slices.Clone(x.up)
		for i := range x.up {
			w := make(Marking, words)
			copy(w, x.up[i])
			x.up[i] = w
		}
		r.nodes = append(r.nodes, &node{Trans: x, rank: t, keep: keep(t), plan: &plan{sort: one, trans: int32(t)}, fires: r.happens(t)})
	}
	first := &node{rank: n.Len(), plan: &plan{sort: row}, fires: r.happens()}
	first.Pre, first.Read, first.Zero, first.Clear, first.Post = r.set(r.begin), r.set(), r.set(), r.set(), r.set()
	first.Post.Union(initial)
	r.nodes = append(r.nodes, first)
	r.image = make([][]Place, n.places+1) // none of the beginning
	for p := range n.places {
		r.image[p] = []Place{Place(p)}
	}
	return r.run(initial)
}

// run applies the rules as long as one of them does anything.
func (r *reducer) run(initial Marking) *Reduced {
	for r.changed = true; r.changed; {
		r.changed = false
		r.prune()
		r.closures()
		r.prune()
		r.together()
		r.sequences()
		r.forks()
		r.beside()
		r.idle()
	}
	return r.finish(initial)
}

// happens is a set of transitions of the original net.
func (r *reducer) happens(ts ...int) Marking {
	m := make(Marking, (r.from.Len()+63)/64)
	for _, t := range ts {
		m[t>>6] |= 1 << (t & 63)
	}
	return m
}

func (r *reducer) set(ps ...Place) Marking {
	m := make(Marking, (int(r.begin)+64)/64)
	for _, p := range ps {
		m.Add(p)
	}
	return m
}

// prune drops what can never happen, for want of a token, and brings the indexes up to date.
func (r *reducer) prune() {
	for {
		produced := r.set(r.begin)
		for _, x := range r.nodes {
			produced.Union(x.Post)
		}
		before := len(r.nodes)
		r.nodes = slices.DeleteFunc(r.nodes, func(x *node) bool {
			return x.gone || !produced.Contains(x.Pre) || !produced.Contains(x.Read) || x.Zero.Meets(x.Pre) || x.Zero.Meets(x.Read) ||
				len(x.Inputs) > 0 && !slices.ContainsFunc(x.Inputs, produced.Has)
		})
		for _, x := range r.nodes {
			intersect(x.Zero, produced)
			intersect(x.Clear, produced)
			for _, up := range x.up {
				intersect(up, produced)
			}
		}
		if len(r.nodes) == before {
			break
		}
		r.changed = true
	}
	r.index()
}

func intersect(m, o Marking) {
	for i := range m {
		m[i] &= o[i]
	}
}

// index fills what is looked up by place.
func (r *reducer) index() {
	r.producers, r.consumers = make([][]*node, r.begin+1), make([][]*node, r.begin+1)
	r.rest, r.cleared, r.tests, r.testers, r.clearers, r.implied = r.set(), r.set(), nil, nil, nil, map[Place]Marking{}
	for _, x := range r.nodes {
		for p := range x.Post.Each {
			r.producers[p] = append(r.producers[p], x)
		}
		for p := range x.sources {
			r.consumers[p] = append(r.consumers[p], x)
		}
		if x.Silent && x.Pre.Len() == 1 && x.Read.Empty() && x.Zero.Empty() && len(x.Inputs) == 0 {
			r.rest.Union(x.Pre)
		}
		if x.Silent {
			r.cleared.Union(x.Clear)
		}
		if x.Silent && (!x.Zero.Empty() || len(x.Inputs) > 0) {
			r.testers = append(r.testers, x)
		}
		if !x.Zero.Empty() {
			r.tests = append(r.tests, x.Zero)
		}
		if !x.Clear.Empty() {
			r.clearers = append(r.clearers, x)
			r.tests = append(r.tests, x.emptied())
		}
		r.tests = append(r.tests, x.up...)
	}
}

// emptied is what firing x takes.
func (x *node) emptied() Marking {
	m := x.Pre.Clone()
	m.Union(x.Clear)
	for _, p := range x.Inputs {
		m.Add(p)
	}
	return m
}

// alike reports whether no test and no clearing can tell p from q.
func (r *reducer) alike(p, q Place) bool {
	return !slices.ContainsFunc(r.tests, func(s Marking) bool { return s.Has(p) != s.Has(q) })
}

// plain reports whether x only moves tokens, and may be changed.
func (x *node) plain() bool {
	return !x.keep && x.Read.Empty() && x.Zero.Empty() && x.Clear.Empty() && len(x.Inputs) == 0
}

// mayGo reports whether p may be replaced by what its letters lead to: only letters take it, and none of them is needed
// to see it go. (A token that the closure clears in the step that marked it would not have been there for them.)
func (r *reducer) mayGo(p Place) bool {
	if p == r.begin || len(r.consumers[p]) == 0 {
		return false
	}
	for _, x := range r.consumers[p] {
		if x.Silent || !x.plain() || x.Pre.Len() != 1 {
			return false
		}
	}
	return !r.cleared.Has(p)
}

// waits reports whether only letters wait for p.
func (r *reducer) waits(p Place) bool {
	return !slices.ContainsFunc(r.consumers[p], func(x *node) bool { return x.Silent })
}

// absorb records that letter x is no longer one of the net: it happens whenever that is needed.
func (r *reducer) absorb(x *node) {
	marks := slices.Clone(x.marks)
	for p := range x.Post.Each {
		marks = append(marks, r.image[p]...)
	}
	r.absorbed = append(r.absorbed, absorbed{marks: marks, plan: x.plan})
	r.drop(x)
}

// drop takes x out of the net.
func (r *reducer) drop(x *node) {
	x.gone = true
	r.changed = true
}

// add adds transitions of the original net to those that happen with x.
func (x *node) add(fires Marking) {
	if !x.fires.Contains(fires) {
		x.fires = x.fires.Clone()
		x.fires.Union(fires)
	}
}

// finish makes the reduced net, with as few places as are used.
func (r *reducer) finish(initial Marking) *Reduced {
	r.prune()
	used := r.set(r.begin)
	for _, x := range r.nodes {
		for p := range x.sources {
			used.Add(p)
		}
		used.Union(x.Post)
	}
	number := make([]Place, r.begin+1)
	n := &Net{}
	out := &Reduced{Net: n, from: r.from, initial: initial, nodes: r.nodes, absorbed: r.absorbed}
	for p := range used.Each {
		number[p] = Place(n.places)
		n.places++
		out.image = append(out.image, r.image[p])
	}
	shrink := func(m Marking) Marking {
		if m.Empty() {
			return nil
		}
		out := n.NewMarking()
		for p := range m.Each {
			if used.Has(p) {
				out.Add(number[p])
			}
		}
		return out
	}
	slices.SortStableFunc(r.nodes, func(x, y *node) int {
		switch {
		case x.Silent && !y.Silent:
			return -1
		case !x.Silent && y.Silent:
			return 1
		}
		return x.rank - y.rank
	})
	for _, x := range r.nodes {
		t := x.Trans
		t.Pre, t.Read, t.Zero, t.Clear, t.Post = shrink(t.Pre), shrink(t.Read), shrink(t.Zero), shrink(t.Clear), shrink(t.Post)
		t.Within, t.Inputs, t.up = nil, slices.Clone(t.Inputs), slices.Clone(t.up)
		for i, p := range t.Inputs {
			t.Inputs[i] = number[p]
		}
		for i := range t.up {
			up := n.NewMarking()
			up.Union(shrink(t.up[i]))
			t.up[i] = up
		}
		if t.Silent {
			n.silent++
		}
		n.trans = append(n.trans, t)
	}
	n.settle()
	out.Initial = n.NewMarking(number[r.begin])
	return out
}
