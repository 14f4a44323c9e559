package schema

import (
	"fmt"

	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// maxFuture bounds the pairs of a marking and states of rules that one question about the future looks at.
const maxFuture = 1 << 16

// Rules says what is wrong with an instance that comes to marking m with its rules in the given states, by their place in
// Program.Rules; "" if nothing is. Every run from there on must satisfy the rules without "on"; with "on: refuse" the
// instance must be able to end, and owe nothing then, whatever is refused. A marking that was not explored (see At) and
// a question that is too large are wrong, too.
//
// begun are user tasks that are offered at m and were claimed and given back: rules have heard that they were started.
//
// An instance whose whole past is a run of the process need not be asked about: verification answered that.
func (n *Needs) Rules(m petri.Marking, states []uint16, begun []int32) string {
	start, known := n.at[string(m.Bytes(nil))]
	if !known {
		return "the state was not found in the state space"
	}
	v := n.flow.verifier
	watch := func(refusing bool, of []int) *product {
		x := &product{space: n.space, acts: v.prog.Acts, refusing: refusing, never: v.never(), budget: maxFuture, start: int32(start), begun: begun, nodes: v.prog.Nodes}
		for _, i := range of {
			x.rules = append(x.rules, &v.prog.Rules[i])
			x.begin = append(x.begin, states[i])
		}
		x.explore()
		return x
	}
	var refuse []int
	for i := range v.prog.Rules {
		r := &v.prog.Rules[i]
		switch {
		case r.Refuse:
			refuse = append(refuse, i)
		case !r.Flag:
			x := watch(false, []int{i})
			bad := x.nearest(func(k int) bool {
				return r.Automaton.Verdict(x.at(k, 0)) == ltlf.Violated || x.over(k) && !r.Automaton.Accepts(x.at(k, 0))
			})
			if bad >= 0 || !x.complete {
				return notKept(bad, r, "may be violated from there on")
			}
		}
	}
	if len(refuse) == 0 {
		return ""
	}
	x := watch(true, refuse)
	for k, i := range refuse {
		r := &v.prog.Rules[i]
		owes := x.nearest(func(s int) bool { return x.over(s) && !r.Automaton.Accepts(x.at(s, k)) })
		if owes >= 0 || !x.complete {
			return notKept(owes, r, "may be unsatisfied at the end")
		}
	}
	can := x.canEnd()
	if lost := x.nearest(func(i int) bool { return !can[i] }); lost >= 0 {
		r, step := v.refuser(x, lost)
		return notKept(lost, r, fmt.Sprintf("may leave it without a way to end, because it refuses %s", v.name(step)))
	}
	return ""
}

// notKept words what pair bad, -1 if the budget was spent, does to a rule.
func notKept(bad int32, r *program.Rule, what string) string {
	if bad < 0 {
		return fmt.Sprintf("whether the rule %q is kept from there on could not be shown within %d states", r.ID, maxFuture)
	}
	return fmt.Sprintf("the rule %q %s: %s", r.ID, what, r.Text)
}
