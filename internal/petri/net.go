// Package petri is safe Petri nets with read, inhibitor ("zero") and reset ("clear") arcs and inclusive joins, as
// bitsets: enabled, fire, eager closure in a prescribed order, state space. Schemas compile to it; it knows no schema.
//
// A transition t = (pre, read, zero, clear, post) is enabled in marking M iff
//
//	pre ∪ read ⊆ M   and   M ∩ zero = ∅   and, for an inclusive join, nothing can still arrive (join.go)
//
// and firing it gives M' = ((M \ pre) \ clear) ∪ post. Firing is unsafe iff ((M \ pre) \ clear) ∩ post ≠ ∅.
//
// The package is pure: no clock, no randomness, no goroutine, no I/O.
package petri

import (
	"fmt"
	"slices"
)

// Class orders silent transitions in a closure: all enabled ones of a lower class fire before any of a higher. The
// zero Class is Ordinary.
type Class int8

// Classes of silent transitions, in the order in which a closure fires them.
const (
	Underway      Class = iota - 2 // the further steps of a choice already begun, so that nothing comes between them
	Canceling                      // clears places: terminate ends, interrupting throws
	Ordinary                       // all others
	InclusiveJoin                  // only when nothing else is enabled: what it waits for may still come
)

// Trans is one transition. The sets are owned by the net and must not be changed after Build; nil means empty.
type Trans struct {
	Pre, Read, Zero, Clear, Post Marking

	// Inputs are the input places of an inclusive join (Class InclusiveJoin): it is enabled when at least one is
	// marked and no token can still arrive at an unmarked one, and takes all that are marked. Pre is empty then.
	Inputs []Place
	// Within, if not empty, bounds the paths on which a token can arrive: they stay within these places. (A join in an
	// embedded sub-process does not wait for the sub-process to be entered again.)
	Within Marking

	// Silent transitions fire by closure; the others are letters, fired by the caller.
	Silent bool
	Class  Class
	Order  int // document order; ties by order of Add

	// Guarded transitions fire only if the caller's data says so. In exploration they are free.
	Guarded bool
	// Tag is the caller's: an index into its own table, -1 for none.
	Tag int

	takes Marking   // pre ∪ clear ∪ inputs
	tests Marking   // zero ∪ up of all inputs
	wake  Marking   // silent transitions that may have become enabled by firing this one
	up    []Marking // per input: the places from which a token can still reach it (join.go)
}

// Takes is the set of places that firing t empties: pre, clear and inputs. Read only.
func (t *Trans) Takes() Marking { return t.takes }

// Tests is the set of places whose emptiness may have enabled t: zero, and what an inclusive join waits for. What
// emptied them last is in t's causal past. Read only.
func (t *Trans) Tests() Marking { return t.tests }

// Net is an immutable net; it is safe for concurrent use.
type Net struct {
	places int
	trans  []Trans // silent ones first, in closure order, so that an index is a priority
	silent int
}

// Builder collects places and transitions.
type Builder struct {
	places int
	trans  []Trans
}

// Place adds a place and returns its number; numbers count up from 0.
func (b *Builder) Place() Place {
	b.places++
	return Place(b.places - 1)
}

// Places returns the number of places so far.
func (b *Builder) Places() int { return b.places }

// Set returns a set of places that is large enough for places added later too: Build widens it.
func (b *Builder) Set(ps ...Place) Marking {
	m := make(Marking, (b.places+63)/64)
	for _, p := range ps {
		if p != NoPlace {
			m.Add(p)
		}
	}
	return m
}

// Add adds a transition and returns its provisional index, which Build maps to the final one.
func (b *Builder) Add(t Trans) int {
	b.trans = append(b.trans, t)
	return len(b.trans) - 1
}

// MaxPlaces and MaxTransitions bound a net, so that place numbers fit their durable encoding, and sets of transitions can be
// kept as markings are, those of a refined net too.
const (
	MaxPlaces      = 1 << 15
	MaxTransitions = 1 << 15
)

// Build returns the net and, for each provisional index, the final index of that transition.
func (b *Builder) Build() (*Net, []int, error) {
	if b.places > MaxPlaces {
		return nil, nil, fmt.Errorf("petri: %d places, at most %d", b.places, MaxPlaces)
	}
	if len(b.trans) > MaxTransitions {
		return nil, nil, fmt.Errorf("petri: %d transitions, at most %d", len(b.trans), MaxTransitions)
	}
	order := make([]int, len(b.trans))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		s, t := &b.trans[x], &b.trans[y]
		switch {
		case s.Silent != t.Silent:
			if s.Silent {
				return -1
			}
			return 1
		case s.Silent && s.Class != t.Class:
			return int(s.Class) - int(t.Class)
		default:
			return s.Order - t.Order
		}
	})
	n := &Net{places: b.places, trans: make([]Trans, len(order))}
	final := make([]int, len(order))
	w := n.Words()
	for i, o := range order {
		t := b.trans[o]
		for _, s := range []*Marking{&t.Pre, &t.Read, &t.Zero, &t.Clear, &t.Post, &t.Within} {
			*s = widen(*s, w)
		}
		n.trans[i] = t
		final[o] = i
		if t.Silent {
			n.silent++
		}
	}
	n.linkJoins()
	n.settle()
	return n, final, nil
}

// settle computes what follows from the sets of each transition.
func (n *Net) settle() {
	w := n.Words()
	for i := range n.trans {
		t := &n.trans[i]
		t.takes = make(Marking, w)
		t.takes.Union(t.Pre)
		t.takes.Union(t.Clear)
		for _, p := range t.Inputs {
			t.takes.Add(p)
		}
		tests := make(Marking, w)
		tests.Union(t.Zero)
		for _, up := range t.up {
			tests.Union(up)
		}
		t.tests = widen(tests, w) // nil where it is empty
	}
	n.linkWakes()
}

func widen(m Marking, w int) Marking {
	if m.Empty() {
		return nil
	}
	out := make(Marking, w)
	copy(out, m)
	return out
}

// linkWakes computes, for each transition, which silent ones its firing may enable: those that consume or read a
// place it marks, and those that test a place it empties (zero, or what an inclusive join waits for).
func (n *Net) linkWakes() {
	uses, tests := make([][]Place, n.places), make([][]Place, n.places) // by place: silent transitions
	for j := range n.silent {
		s := &n.trans[j]
		for p := range s.sources {
			uses[p] = append(uses[p], Place(j))
		}
		for p := range s.tests.Each {
			tests[p] = append(tests[p], Place(j))
		}
	}
	for i := range n.trans {
		t := &n.trans[i]
		t.wake = make(Marking, (n.silent+63)/64)
		for p := range t.Post.Each {
			for _, j := range uses[p] {
				t.wake.Add(j)
			}
		}
		for p := range t.takes.Each {
			for _, j := range tests[p] {
				t.wake.Add(j)
			}
		}
	}
}

// Places returns the number of places.
func (n *Net) Places() int { return n.places }

// Words returns the length of a Marking of this net.
func (n *Net) Words() int { return (n.places + 63) / 64 }

// NewMarking returns a marking of this net with the given places marked.
func (n *Net) NewMarking(ps ...Place) Marking {
	m := make(Marking, n.Words())
	for _, p := range ps {
		m.Add(p)
	}
	return m
}

// Len returns the number of transitions.
func (n *Net) Len() int { return len(n.trans) }

// Silent returns the number of silent transitions; they have the indexes 0 to Silent()-1, in closure order.
func (n *Net) Silent() int { return n.silent }

// Trans returns transition t. Read only.
func (n *Net) Trans(t int) *Trans { return &n.trans[t] }

// Enabled reports whether t is enabled in m, guards aside.
func (n *Net) Enabled(m Marking, t int) bool {
	x := &n.trans[t]
	if !m.Contains(x.Pre) || !m.Contains(x.Read) || m.Meets(x.Zero) {
		return false
	}
	return len(x.Inputs) == 0 || x.joins(m)
}

// Fire fires t, which must be enabled, in place. It reports whether that was safe; an unsafe firing leaves one token
// where two would lie.
func (n *Net) Fire(m Marking, t int) (safe bool) {
	x := &n.trans[t]
	m.Minus(x.takes)
	safe = !m.Meets(x.Post)
	m.Union(x.Post)
	return safe
}
