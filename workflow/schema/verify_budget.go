package schema

import (
	"fmt"
	"slices"
)

// A verification that runs out of its budget says where the states most likely come from: the branches of a block that
// run at once, since every combination of what they may be at is a state.

// unproved reports that the budget ran out.
func (v *verifier) unproved() {
	s, branches := v.widest()
	at, id := v.p.id.at, ""
	where := fmt.Sprintf("the process has %d steps and events", len(v.p.all))
	if s != nil {
		at, id = s.id.at, s.id.s
		where = fmt.Sprintf("every combination of what the %d branches of %s %q may be at is a state", branches, s.kind, id)
	}
	v.add(Warning, "sound/unverified", at, id,
		"let fewer branches run at once: some of them one after the other, or one task for several of them, or a service that starts processes of their own",
		"no proof after %d states: %s", v.states, where)
}

// widest is the innermost block that explains most of the states, and the number of its branches; nil if no branches
// run at once.
func (v *verifier) widest() (block *step, branches int) {
	most := 0.0
	var blocks []*step
	states := map[*step]float64{}
	for _, s := range v.p.all {
		parallel := s.kind == kindParallel || s.kind == kindSome || s.kind == kindGateway && (s.split.s == "parallel" || s.split.s == "inclusive")
		if !parallel || len(s.cases) < 2 {
			continue
		}
		states[s] = combinations(s)
		most = max(most, states[s])
		blocks = append(blocks, s)
	}
	for _, s := range blocks { // outer before inner
		if states[s] >= most/16 && (block == nil || len(s.cases) >= branches) {
			block, branches = s, len(s.cases)
		}
	}
	return block, branches
}

// combinations estimates how many states the steps of a block have together.
func combinations(s *step) float64 {
	const enough = 1e30 // beyond any budget; keeps products finite
	var list func([]*step) float64
	one := func(s *step) float64 {
		n := 1.0
		if of(kindUser, kindService, kindCall, kindEach).has(s.kind) {
			n = 2 // offered, running
		}
		if s.kind == kindParallel || s.kind == kindSome {
			for _, b := range s.cases {
				n = min(n*(1+list(b.body)), enough)
			}
		} else {
			for _, b := range s.cases {
				n += list(b.body)
			}
		}
		if !s.isChild() { // a child is explored on its own
			n += list(s.body)
		}
		for _, e := range slices.Concat(s.events, s.handlers, s.bounds) {
			if !e.beside {
				n += list(e.body)
			}
		}
		return min(n, enough)
	}
	list = func(steps []*step) float64 {
		n := 0.0
		for _, s := range steps {
			n += one(s)
		}
		return n
	}
	if s.kind == kindGateway { // what its flows lead to is not within it
		n := 1.0
		for range s.cases {
			n = min(3*n, enough)
		}
		return n
	}
	return one(s)
}
