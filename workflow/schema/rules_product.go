package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// A product is the state space of a process together with the automata of some rules that read its letters (Vardi,
// Wolper 1986): its pairs are what an instance and its monitors can be at.
type product struct {
	space    *petri.Space
	acts     []program.Act // by transition of the space
	counts   []bool        // transitions that make a run longer; nil: those with a letter
	rules    []*program.Rule
	refusing bool   // letters that violate one of the rules for good do not happen
	never    []bool // transitions that constant guards decide against; nil: none
	budget   int
	tell     func(run []int, rest bool) []int // a run of the space as one of the program, with rest as far as it goes; nil: it is one
	start    int32                            // state of the space
	begin    []uint16                         // states of the automata there; nil: their first ones
	begun    []int32                          // tasks that are offered there and were started: their next start is not heard
	nodes    []program.Node                   // where begun is looked up
	stop     func() bool                      // gives up; nil: never

	pairs    []pair
	index    map[pair]int32
	depth    []int32 // letters from the beginning
	from     []reached
	edges    [][2]int32 // between pairs
	expanded []bool
	refused  []refusal
	fired    []bool     // by transition: it happens in some run
	states   [][]uint16 // of the automata, by pair.rules
	byState  map[string]int32
	complete bool // the budget was enough
}

// A pair is a state of the space with the states of the automata, as an index in product.states.
type pair struct{ state, rules int32 }

// A refusal is a letter that did not happen because of a rule.
type refusal struct {
	pair, trans int32
	rule        int
}

// explore builds the product, breadth first in the number of letters.
func (x *product) explore() {
	x.index, x.byState, x.complete, x.fired = map[pair]int32{}, map[string]int32{}, true, make([]bool, len(x.acts))
	if x.begin == nil {
		x.begin = make([]uint16, len(x.rules))
	}
	first := slices.Clone(x.begin)
	for range x.begun {
		first = append(first, 1)
	}
	x.meet(x.start, x.intern(first), reached{-1, -1}, 0)
	now, looked := []int32{0}, 0
	next := make([]uint16, len(first))
	for len(now) > 0 {
		var later []int32
		for len(now) > 0 && x.complete {
			i := now[len(now)-1]
			now = now[:len(now)-1]
			if x.expanded[i] {
				continue
			}
			if looked++; looked&0xff == 0 && x.stop != nil && x.stop() {
				x.complete = false
				return
			}
			x.expanded[i] = true
			at := x.pairs[i]
			for _, m := range x.space.Moves(int(at.state)) {
				if x.never != nil && x.never[m.Trans] {
					continue
				}
				a := &x.acts[m.Trans]
				rules, depth := at.rules, x.depth[i]
				if a.Phase != 0 || len(x.begun) > 0 {
					if by := x.read(next, x.states[at.rules], a, m.To); by >= 0 {
						x.refused = append(x.refused, refusal{i, m.Trans, by})
						continue
					}
					rules = x.intern(next)
				}
				if x.counts != nil && x.counts[m.Trans] || x.counts == nil && a.Phase != 0 {
					depth++
				}
				to, better := x.meet(m.To, rules, reached{i, m.Trans}, depth)
				if to < 0 {
					x.complete = false
					return
				}
				x.fired[m.Trans] = true
				x.edges = append(x.edges, [2]int32{i, to})
				if better && depth == x.depth[i] {
					now = append(now, to)
				} else if better {
					later = append(later, to)
				}
			}
		}
		for l, r := 0, len(later)-1; l < r; l, r = l+1, r-1 {
			later[l], later[r] = later[r], later[l] // now is a stack: the first found comes first
		}
		now = later
	}
}

// read advances the automata by what leads to a state. It returns the rule that refuses it, -1 if none does.
func (x *product) read(next, states []uint16, a *program.Act, to int32) int {
	copy(next, states)
	heard := a.Phase != 0
	for k, n := range x.begun {
		if again := &next[len(x.rules)+k]; *again != 0 {
			heard = heard && (a.Node != n || a.Phase != program.Start)
			if !x.space.Marking(int(to)).Has(x.nodes[n].Offered) { // offered anew it is another task
				*again = 0
			}
		}
	}
	if !heard {
		return -1
	}
	for k, r := range x.rules {
		next[k] = r.Next(states[k], a.Node, a.Phase)
		if x.refusing && r.Violates(states[k], next[k]) {
			return k
		}
	}
	return -1
}

func (x *product) intern(states []uint16) int32 {
	key := make([]byte, 0, 2*len(states))
	for _, s := range states {
		key = append(key, byte(s), byte(s>>8))
	}
	n, known := x.byState[string(key)]
	if !known {
		n = int32(len(x.states))
		x.byState[string(key)] = n
		x.states = append(x.states, append([]uint16(nil), states...))
	}
	return n
}

// meet returns the number of a pair, -1 if it is new and the budget is spent, and whether it was reached with fewer
// letters than before.
func (x *product) meet(state, rules int32, from reached, depth int32) (n int32, better bool) {
	p := pair{state, rules}
	if n, known := x.index[p]; known {
		if depth >= x.depth[n] || x.expanded[n] {
			return n, false
		}
		x.depth[n], x.from[n] = depth, from
		return n, true
	}
	if len(x.pairs) >= x.budget {
		return -1, false
	}
	n = int32(len(x.pairs))
	x.index[p] = n
	x.pairs = append(x.pairs, p)
	x.depth = append(x.depth, depth)
	x.from = append(x.from, from)
	x.expanded = append(x.expanded, false)
	return n, true
}

// run is a run to a pair with as few letters as any, of those that the space has; nil if it cannot be told.
func (x *product) run(i int32) []int {
	run, over := []int{}, x.over(int(i))
	for ; x.from[i].trans >= 0; i = x.from[i].state {
		run = append(run, int(x.from[i].trans))
	}
	slices.Reverse(run)
	if x.tell != nil {
		return x.tell(run, over)
	}
	return run
}

// over reports whether the instance is complete in pair i.
func (x *product) over(i int) bool { return x.space.Marking(int(x.pairs[i].state)).Empty() }

// nearest is the pair with the fewest letters that is so, -1 if none is.
func (x *product) nearest(is func(i int) bool) int32 {
	best := int32(-1)
	for i := range x.pairs {
		if (best < 0 || x.depth[i] < x.depth[best]) && is(i) {
			best = int32(i)
		}
	}
	return best
}

// canEnd tells for each pair whether the instance can complete from it.
func (x *product) canEnd() []bool {
	over := make([]bool, len(x.pairs))
	for i := range over {
		over[i] = x.over(i)
	}
	return x.leadsTo(over)
}

// canBeRefused tells for each pair whether a letter may be refused there or later.
func (x *product) canBeRefused() []bool {
	there := make([]bool, len(x.pairs))
	for _, r := range x.refused {
		there[r.pair] = true
	}
	return x.leadsTo(there)
}

// leadsTo tells for each pair whether one of those in there, which it takes over, can be reached from it.
func (x *product) leadsTo(there []bool) []bool {
	into := make([][]int32, len(x.pairs))
	for _, e := range x.edges {
		into[e[1]] = append(into[e[1]], e[0])
	}
	var todo []int32
	for i, is := range there {
		if is {
			todo = append(todo, int32(i))
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		for _, i := range into[todo[0]] {
			if !there[i] {
				there[i] = true
				todo = append(todo, i)
			}
		}
	}
	return there
}
