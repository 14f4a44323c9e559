// Package migrate answers whether a run may move to another schema, where it lands, and why. It is pure.
//
// The answer is a replay: the kernel runs the target schema from its start with the recorded results of the run as its
// oracle (REPLAY in the formal core). If it can reproduce what happened, the state that it ends in is where the run
// lands, so that state is one that the target can reach. Nothing is mapped from place to place.
//
// What is promised: the target state is control-valid (the target schema can reach it) and data-defined (no step from
// there on reads a variable that may have no value). Not promised: that guards of the target can be satisfied with the
// values to come; that is undecidable.
package migrate

import (
	"cmp"
	"slices"
	"strings"
)

// Criteria is a set of relaxations. Strict alone is the empty set, so Strict|x == x in effect; the zero value, in
// Options, means Default. Accepting under a set implies accepting under every superset.
type Criteria uint8

// The strict criterion and its relaxations. Values are durable. (Strict is the smallest, so max(c, Strict) names the
// empty set.)
const (
	Strict    Criteria = 1 << iota // the history, as it was
	Loops                          // finished iterations of structured loops do not count
	Order                          // independent steps may have come in another order
	Deletions                      // what the target deleted does not count

	// Default is what Options without criteria mean.
	Default = Loops | Order | Deletions
)

const relaxations = Loops | Order | Deletions

var criteriaNames = []struct {
	c    Criteria
	name string
}{{Loops, "loops"}, {Order, "order"}, {Deletions, "deletions"}}

// String lists the relaxations: "loops, order"; "strict" if there is none.
func (c Criteria) String() string {
	var names []string
	for _, x := range criteriaNames {
		if c&x.c != 0 {
			names = append(names, x.name)
		}
	}
	if len(names) == 0 {
		return "strict"
	}
	return strings.Join(names, ", ")
}

// subsets lists the subsets of c, those with fewer relaxations first; among equal sizes the order of preference is
// Loops, Deletions, Order.
func (c Criteria) subsets() []Criteria {
	preference := []Criteria{Loops, Deletions, Order}
	var all []Criteria
	for bits := range 1 << len(preference) {
		var s Criteria
		for i, x := range preference {
			if bits&(1<<i) != 0 {
				s |= x
			}
		}
		if s&^c == 0 {
			all = append(all, s)
		}
	}
	// bits counts up, so of two sets of one size the one with the more preferred relaxations has the smaller number.
	slices.SortStableFunc(all, func(a, b Criteria) int { return cmp.Compare(a.size(), b.size()) })
	return all
}

func (c Criteria) size() int {
	n := 0
	for _, x := range criteriaNames {
		if c&x.c != 0 {
			n++
		}
	}
	return n
}
