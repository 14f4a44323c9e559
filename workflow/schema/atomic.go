package schema

import (
	"fmt"
	"slices"

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
//	atomic/unverified  the budget ran out before all runs were seen: a warning. The schema counts as unverified if what
//	                   was not found might be an error
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
		if (n.Complete >= 0 || n.Occur >= 0 || n.Kind == program.SubProcess) && s.id.s == n.ID && s.irreversible() {
			fixed = append(fixed, n.ID)
		}
		if n.Start >= 0 && n.Kind == program.ServiceTask && n.Retry.Never {
			once = append(once, n.ID)
		}
	}
	if len(fixed) == 0 || len(once) == 0 {
		return
	}
	runs := v.ruleRuns(opt)
	runs.acts = v.withEnds(fixed)
	// follows is a run in which one of the steps then follows one of those before; all tells that all runs were seen.
	follows := func(before, then []string) (run []int, does, all bool) {
		a, err := ltlf.Compile(ltlf.NeverAfter(before, then), nil)
		if err != nil {
			return nil, false, false // two states and a bit: it never is too large
		}
		r := program.NewRule("", "", a, false, false, v.prog.Nodes)
		x := runs.read(false, &r)
		if bad := x.nearest(func(i int) bool { return a.Verdict(x.at(i, 0)) == ltlf.Violated }); bad >= 0 {
			return x.run(bad), true, x.complete
		}
		return nil, false, x.complete
	}
	var said, never []string // those of fixed and once that say so themselves
	for _, id := range fixed {
		if v.p.byID[id].undo != nil {
			said = append(said, id)
		}
	}
	for _, id := range once {
		if v.p.byID[id].retry != nil {
			never = append(never, id)
		}
	}
	_, does, all := follows(fixed, once)
	if !does && all {
		return
	}
	sure := true // no error is hidden
	if !all && len(said) > 0 && len(never) > 0 {
		_, _, sure = follows(said, never) // which asks less
	}
	reported, worst := 0, Warning
	for _, id := range once {
		severity, before := Warning, fixed
		run, does := []int(nil), false
		if slices.Contains(never, id) && len(said) > 0 {
			if run, does, _ = follows(said, []string{id}); does {
				severity, before = Fatal, said
			}
		}
		if !does {
			run, does, _ = follows(fixed, []string{id})
		}
		if !does {
			continue
		}
		first := v.lastOf(runs.acts, run, before)
		for i := 0; first == "" && i < len(before); i++ { // the run cannot be told
			if _, does, _ := follows(before[i:i+1], []string{id}); does {
				first = before[i]
			}
		}
		if reported++; first == "" || reported > maxAtomic {
			break
		}
		worst = max(worst, severity)
		v.disorder(severity, id, first, run)
	}
	told := v.warn
	if !sure {
		told = v.unproven
	}
	if !all && reported == 0 || !sure && worst < Fatal {
		told("atomic/unverified", v.p.byID[once[0]].id.at, "let fewer branches run at once, or allow it to be retried",
			"no proof that service %q, which is tried once only, follows no step that cannot be compensated: the budget of %d states is spent", once[0], runs.opt.Budget)
	}
}

// withEnds are the acts of the transitions, those with which sub-processes among some steps end being letters: that they are
// complete.
func (v *verifier) withEnds(steps []string) []program.Act {
	acts := slices.Clone(v.prog.Acts)
	for t := range acts {
		a := &acts[t]
		if a.Node < 0 || a.Phase != 0 {
			continue
		}
		n := &v.prog.Nodes[a.Node]
		if n.Kind == program.SubProcess && v.prog.Net.Trans(t).Pre.Has(n.On) && slices.Contains(steps, n.ID) {
			a.Phase = program.Complete
		}
	}
	return acts
}

// lastOf is the one of some steps that is completed last in a run; "" if none is.
func (v *verifier) lastOf(acts []program.Act, run []int, steps []string) string {
	for _, t := range slices.Backward(run) {
		if a := &acts[t]; a.Phase != 0 && a.Phase != program.Start && slices.Contains(steps, v.prog.Nodes[a.Node].ID) {
			return v.prog.Nodes[a.Node].ID
		}
	}
	return ""
}

// disorder reports step id, which cannot be retried and comes at the end of a run behind step first, which cannot be
// compensated.
func (v *verifier) disorder(severity Severity, id, first string, run []int) {
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
