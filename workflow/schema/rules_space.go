package schema

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// The runs that rules are held against: those of the state space, or, where that is too large, those of a net that is
// reduced but for the letters that tell a rule something, and what makes them possible. A letter tells a rule something
// if it leads its automaton from some state to another. The others are left out: what the automaton reads between two
// that tell leaves it where it is, so the words that matter are those of the letters that stay, and the reduced net has
// the same (TestRulesByStructureAgreeWithStates). Formulas with X, and templates of the chain kind, hear every letter, and
// nothing is left out.

// ruleSpace is the number of states up to which the runs for rules are those of the whole space.
const ruleSpace = 1 << 16

// ruleRuns are the runs of one verification.
type ruleRuns struct {
	v       *verifier
	opt     petri.Options
	acts    []program.Act // by transition of the program
	whole   *petri.Space
	never   []bool     // see verifier.never
	net     *petri.Net // closed, without what constant guards decide against; nil until it is needed
	of      []int32    // its transitions as those of the program
	left    int        // states of reduced nets that may still be met
	reduced map[string]*ruleNet
}

// A ruleNet is a net that is reduced but for the letters that tell a rule something.
type ruleNet struct {
	*petri.Reduced
	space  *petri.Space
	acts   []program.Act // by transition; of those that tell nothing without a phase
	counts []bool        // letters
}

func (v *verifier) ruleRuns(opt petri.Options) *ruleRuns {
	if opt.Budget <= 0 {
		opt.Budget = petri.DefaultBudget
	}
	first := opt
	first.Budget = min(opt.Budget, ruleSpace)
	if v.small > 0 {
		first.Budget = min(opt.Budget, v.small)
	}
	return &ruleRuns{v: v, opt: opt, acts: v.prog.Acts, whole: v.net.Explore(v.prog.Initial, first), never: v.never(), left: opt.Budget, reduced: map[string]*ruleNet{}}
}

// read lets rules read the runs, with what violates them for good left out if they refuse. If the budget is spent the
// product is that of some runs, and not complete.
func (s *ruleRuns) read(refusing bool, rules ...*program.Rule) *product {
	if s.whole.Complete {
		x := &product{space: s.whole, acts: s.acts, rules: rules, refusing: refusing, never: s.never, budget: s.opt.Budget, stop: s.opt.Stop}
		if x.explore(); x.complete {
			return x
		}
	}
	n := s.reduce(s.telling(rules))
	x := &product{rules: rules, refusing: refusing, budget: s.share(), space: n.space, acts: n.acts, counts: n.counts, stop: s.opt.Stop}
	x.tell = func(run []int, rest bool) []int {
		full, _ := n.Expand(run, rest)
		return s.v.original(full, s.of)
	}
	x.explore()
	x.complete = x.complete && x.space.Complete
	s.left -= len(x.pairs)
	return x
}

// share is what one rule may have of the budget: half of what is left, so that one that is too large does not take it
// from all the others.
func (s *ruleRuns) share() int { return max(s.left/2, min(s.opt.Budget, ruleSpace/4)) }

// reduce reduces the net but for the letters of some transitions.
func (s *ruleRuns) reduce(telling []bool) *ruleNet {
	key := fmt.Sprint(telling)
	if n := s.reduced[key]; n != nil {
		return n
	}
	if s.net == nil {
		s.net, s.of = s.v.closed()
		if s.never != nil {
			s.net = s.net.Refine(0, func(t int, x *petri.Trans) {
				if s.never[s.of[t]] {
					x.Zero.Union(x.Pre)
				}
			}, nil)
		}
	}
	keep := s.v.enabling(telling)
	n := &ruleNet{Reduced: s.v.reduce(s.net, s.of, func(t int) bool { return keep[t] })}
	for t := range n.Net.Len() {
		act := program.Act{Node: -1}
		if o := n.Original(t); o >= 0 && telling[s.of[o]] {
			act = s.acts[s.of[o]]
		}
		n.acts, n.counts = append(n.acts, act), append(n.counts, !n.Net.Trans(t).Silent)
	}
	n.space = n.Net.Explore(n.Initial, petri.Options{Budget: s.share(), Stop: s.opt.Stop})
	s.left -= n.space.Len()
	s.reduced[key] = n
	return n
}

// telling are the transitions of the program whose letters tell one of the rules something.
func (s *ruleRuns) telling(rules []*program.Rule) []bool {
	type letter struct {
		node  int32
		phase program.Phase
	}
	tells := map[letter]bool{}
	telling := make([]bool, len(s.acts))
	for t := range s.acts {
		a := &s.acts[t]
		if a.Phase == 0 {
			continue
		}
		l := letter{a.Node, a.Phase}
		if _, known := tells[l]; !known {
			tells[l] = slices.ContainsFunc(rules, func(r *program.Rule) bool {
				for q := range r.Automaton.States() {
					if r.Next(uint16(q), a.Node, a.Phase) != uint16(q) {
						return true
					}
				}
				return activates(s.v.written(r).active, s.v.prog.Nodes[a.Node].ID, a.Phase)
			})
		}
		telling[t] = tells[l]
	}
	return telling
}

// unproven reports that the budget was spent on a rule that deploying relies on.
func (v *verifier) unproven(code string, at mark, hint, format string, args ...any) {
	v.warn(code, at, hint, format, args...)
	v.open = true
}

func (v *verifier) warn(code string, at mark, hint, format string, args ...any) {
	v.add(Warning, code, at, "", hint, format, args...)
}
