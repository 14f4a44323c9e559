package schema

import (
	"fmt"

	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Atomicity: all of a process takes effect, or none of it (Mehrotra, Rastogi, Silberschatz, Korth, "A Transaction Model for
// Multidatabase Systems", ICDCS 1992). After a step that cannot be undone there is only one way, on, so whatever follows it
// must be such that trying again brings it through. On no path may a step that cannot be retried follow one that cannot be
// compensated.
//
//	atomic/order       some run does so: an error where the source says both, "compensation: impossible" and "retry:
//	                   never" of the steps themselves; a warning where one of them is a default, for what is undone by
//	                   hand, or never fails, need not say so
//	atomic/unverified  the budget ran out before all runs were seen: a warning
//
// A step that takes part twice, in a loop, follows itself. What lies in a child scope (each, events that do not interrupt)
// is held against its own scope only.

// maxAtomic bounds the steps reported.
const maxAtomic = 5

// atomic checks the order of steps that cannot be compensated and steps that cannot be retried.
func (v *verifier) atomic(opt petri.Options) {
	var fixed, once []string // cannot be compensated; cannot be retried
	for i := range v.prog.Nodes {
		n, s := &v.prog.Nodes[i], v.step(int32(i))
		if n.Complete >= 0 && s.id.s == n.ID && s.irreversible() {
			fixed = append(fixed, n.ID)
		}
		if n.Start >= 0 && n.Kind == program.ServiceTask && n.Retry.Never {
			once = append(once, n.ID)
		}
	}
	if len(fixed) == 0 || len(once) == 0 {
		return
	}
	x := &product{acts: v.prog.Acts, never: v.never(), budget: opt.Budget, space: v.net.Explore(v.prog.Initial, opt)}
	if x.budget <= 0 {
		x.budget = petri.DefaultBudget
	}
	seen := x.space.Complete // all runs were
	follows := func(before, then []string) []int {
		a, err := ltlf.Compile(ltlf.NeverAfter(before, then), nil)
		if err != nil {
			return nil // two states and a bit: it never is too large
		}
		r := program.NewRule("", "", a, false, false, v.prog.Nodes)
		y := *x
		y.rules = []*program.Rule{&r}
		y.explore()
		seen = seen && y.complete
		bad := y.nearest(func(i int) bool { return a.Verdict(y.at(i, 0)) == ltlf.Violated })
		if bad < 0 {
			return nil
		}
		return y.run(bad)
	}
	if follows(fixed, once) == nil {
		if !seen {
			v.add(Warning, "atomic/unverified", v.p.byID[once[0]].id.at, once[0], "let fewer branches run at once, or allow it to be retried",
				"no proof that service %q, which is tried once only, follows no step that cannot be compensated: the budget of %d states is spent", once[0], x.budget)
		}
		return
	}
	var said []string // those that say themselves that they cannot be compensated
	for _, id := range fixed {
		if v.p.byID[id].undo != nil {
			said = append(said, id)
		}
	}
	reported := 0
	for _, id := range once {
		severity, run := Warning, []int(nil)
		if s := v.p.byID[id]; s.retry != nil && len(said) > 0 {
			if run = follows(said, []string{id}); run != nil {
				severity = Fatal
			}
		}
		if run == nil {
			run = follows(fixed, []string{id})
		}
		if run == nil {
			continue
		}
		if reported++; reported > maxAtomic {
			return
		}
		v.disorder(severity, id, run)
	}
}

// disorder reports step id, which cannot be retried and comes at the end of a run behind a step that cannot be compensated.
func (v *verifier) disorder(severity Severity, id string, run []int) {
	first := ""
	for _, t := range run {
		a := &v.prog.Acts[t]
		if a.Phase == 0 || a.Phase == program.Start {
			continue
		}
		s := v.step(a.Node)
		if s.irreversible() && (severity == Warning || s.undo != nil) {
			first = s.id.s
		}
	}
	why := ""
	if v.p.byID[first].undo == nil {
		why = fmt.Sprintf(", as a %s is unless it says otherwise", v.p.byID[first].kind)
	}
	v.report(severity, "atomic/order", v.p.byID[id].id.at, id, run,
		fmt.Sprintf(`let it come before %s, allow it to be retried, or say how %s is undone with "compensation" ("none" if there is nothing to undo)`, first, first),
		"service %q is tried once only and follows %q, which cannot be compensated%s: if it fails the process can go neither on nor back", id, first, why)
}

// irreversible reports whether an activity cannot be compensated: it says so, or it is of a kind that acts on the world
// outside and says nothing.
func (s *step) irreversible() bool {
	if s.undo != nil {
		return s.undo.word.s == "impossible"
	}
	switch s.kind {
	case kindService, kindSend, kindCall:
		return true
	}
	return false
}
