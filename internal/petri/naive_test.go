package petri_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/internal/petri"
)

// The naive interpreter: the formulas of the package comment, word for word, on maps of places. It is the oracle of
// the property tests and is meant to be obviously right, not fast.

type set map[int]bool

func setOf(ps ...int) set {
	s := set{}
	for _, p := range ps {
		s[p] = true
	}
	return s
}

func (s set) String() string { return fmt.Sprint(slices.Sorted(maps.Keys(s))) }

func (s set) contains(o set) bool {
	for p := range o {
		if !s[p] {
			return false
		}
	}
	return true
}

func (s set) meets(o set) bool {
	for p := range o {
		if s[p] {
			return true
		}
	}
	return false
}

func (s set) list() []petri.Place {
	var ps []petri.Place
	for _, p := range slices.Sorted(maps.Keys(s)) {
		ps = append(ps, petri.Place(p))
	}
	return ps
}

type naiveTrans struct {
	pre, read, zero, clear, post, inputs, within set
	silent, guarded                              bool
	class                                        petri.Class
	order                                        int
}

type naiveNet []naiveTrans

func (n naiveNet) enabled(m set, t int) bool {
	x := n[t]
	if !m.contains(x.pre) || !m.contains(x.read) || m.meets(x.zero) {
		return false
	}
	if len(x.inputs) == 0 {
		return true
	}
	// For each empty input f, no token in Up(f) \ Up(marked inputs), paths avoiding the join.
	if !m.meets(x.inputs) {
		return false
	}
	for f := range x.inputs {
		if m[f] {
			continue
		}
		for p := range m {
			if x.inputs[p] || !n.path(p, f, t, set{}) {
				continue
			}
			elsewhere := false
			for g := range x.inputs {
				elsewhere = elsewhere || m[g] && n.path(p, g, t, set{})
			}
			if !elsewhere {
				return false
			}
		}
	}
	return true
}

// path reports whether a token can go from place p to place q without firing avoid and, if that one has such a bound,
// without leaving it.
func (n naiveNet) path(p, q, avoid int, seen set) bool {
	if within := n[avoid].within; len(within) > 0 && !within[p] && p != q {
		return false
	}
	if p == q {
		return true
	}
	if seen[p] {
		return false
	}
	seen[p] = true
	for t, x := range n {
		if t == avoid || !x.pre[p] && !x.read[p] && !x.inputs[p] {
			continue
		}
		for next := range x.post {
			if n.path(next, q, avoid, seen) {
				return true
			}
		}
	}
	return false
}

func (n naiveNet) fire(m set, t int) (after set, safe bool) {
	x := n[t]
	after = set{}
	for p := range m {
		if !x.pre[p] && !x.clear[p] && !x.inputs[p] {
			after[p] = true
		}
	}
	safe = !after.meets(x.post)
	for p := range x.post {
		after[p] = true
	}
	return after, safe
}

// next is the silent transition that the closure fires next: of the enabled ones the first by class, order, position.
func (n naiveNet) next(m set) int {
	best := -1
	for t, x := range n {
		if !x.silent || !n.enabled(m, t) {
			continue
		}
		if best < 0 || x.class < n[best].class || x.class == n[best].class && x.order < n[best].order {
			best = t
		}
	}
	return best
}

// moves are the moves of a state of the state space.
func (n naiveNet) moves(m set) []int {
	var moves []int
	first := n.next(m)
	for t, x := range n {
		switch {
		case !n.enabled(m, t):
		case first < 0:
			moves = append(moves, t)
		case t == first,
			x.silent && x.guarded && n[first].guarded && maps.Equal(x.pre, n[first].pre):
			moves = append(moves, t)
		}
	}
	return moves
}

// build makes the real net. final maps positions in n to transitions of the net.
func (n naiveNet) build(places int) (net *petri.Net, final []int) {
	var b petri.Builder
	for range places {
		b.Place()
	}
	for _, x := range n {
		b.Add(petri.Trans{
			Pre: b.Set(x.pre.list()...), Read: b.Set(x.read.list()...), Zero: b.Set(x.zero.list()...),
			Clear: b.Set(x.clear.list()...), Post: b.Set(x.post.list()...), Inputs: x.inputs.list(),
			Within: b.Set(x.within.list()...),
			Silent: x.silent, Guarded: x.guarded, Class: x.class, Order: x.order, Tag: -1,
		})
	}
	net, final, err := b.Build()
	if err != nil {
		panic(err) // a test net has few places
	}
	return net, final
}

func marked(m petri.Marking) set {
	s := set{}
	for p := range m.Each {
		s[int(p)] = true
	}
	return s
}

func (n naiveNet) String() string {
	var b strings.Builder
	for t, x := range n {
		fmt.Fprintf(&b, "\n%d: pre %v read %v zero %v clear %v post %v inputs %v within %v silent %v guarded %v class %v order %v",
			t, x.pre, x.read, x.zero, x.clear, x.post, x.inputs, x.within, x.silent, x.guarded, x.class, x.order)
	}
	return b.String()
}
