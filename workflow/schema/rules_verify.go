package schema

import (
	"fmt"

	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Rules are held against all runs. As everywhere in verification the guards are free (constant ones are not), so a run
// that shows a violation may be one that the data never lets happen: who knows that writes "on".
//
//	rule/violated    some run violates it: an error; a warning if "on" says what happens then. With "on: refuse" it is
//	                 an error if refusing steps does not prevent it: the run ends, and something is owed
//	rule/never       every run violates it: an error
//	rule/strands     refusing steps leaves an instance that can never end: an error
//	rule/vacuous     no run does anything that the rule is about: a warning
//	rule/unverified  the budget ran out: a warning. The schema counts as unverified if the rule is one that deploying
//	                 relies on: without "on", or with "on: refuse"

// rules checks the rules of the process.
func (v *verifier) rules(opt petri.Options) {
	if len(v.prog.Rules) == 0 {
		return
	}
	runs := v.ruleRuns(opt)
	var refuse []*program.Rule
	for i := range v.prog.Rules {
		r, src := &v.prog.Rules[i], v.p.rules[i]
		x := runs.read(false, r)
		if !x.complete {
			told := v.unproven
			if r.Flag { // whatever the runs do, it is said of them then
				told = v.warn
			}
			told("rule/unverified", src.id.at, "let fewer branches run at once, make the rule smaller, or let it do without X and chains",
				"no proof that all runs satisfy the rule %q: the budget of %d states is spent", r.ID, runs.opt.Budget)
			continue
		}
		if v.rule(x, r, src) && r.Refuse {
			refuse = append(refuse, r)
		}
	}
	if len(refuse) > 0 {
		runs.left = runs.opt.Budget // not what the rules left over, one by one
		x := runs.read(true, refuse...)
		if !x.complete {
			v.unproven("rule/unverified", v.p.id.at, "let fewer rules refuse steps",
				"no proof that instances can end when rules refuse steps: the budget of %d states is spent", runs.opt.Budget)
			return
		}
		v.refusals(x)
	}
}

// rule checks one rule by itself. It reports whether some run satisfies it.
func (v *verifier) rule(x *product, r *program.Rule, src *rule) bool {
	violated := func(i int) bool { return r.Automaton.Verdict(x.at(i, 0)) == ltlf.Violated }
	owes := func(i int) bool { return x.over(i) && !r.Automaton.Accepts(x.at(i, 0)) }
	bad := x.nearest(func(i int) bool { return violated(i) || owes(i) })
	if x.nearest(func(i int) bool { return x.over(i) && !owes(i) }) < 0 {
		if bad >= 0 { // else no run ends, which is told elsewhere
			v.ruled(Fatal, "rule/never", src.id.at, "", x.run(bad), "change the rule, or the steps, so that some run satisfies it", "no run satisfies the rule %q: %s", r.ID, v.violation(x, bad, src))
		}
		return false
	}
	if r.Refuse {
		bad = x.nearest(violated) // what is owed at the end is the business of refusals
	}
	switch {
	case bad >= 0 && !r.Refuse && !r.Flag:
		v.ruled(Fatal, "rule/violated", src.id.at, "", x.run(bad), `change the steps so that no run does that, or say what happens then with "on: refuse" or "on: flag"`,
			"the rule %q does not hold for every run: %s", r.ID, v.violation(x, bad, src))
	case bad >= 0:
		what := "instances that do are flagged"
		if r.Refuse {
			what = "it is refused at run time"
		}
		v.ruled(Warning, "rule/violated", src.id.at, "", x.run(bad), "",
			"some runs would violate the rule %q, and %s: %s", r.ID, what, v.violation(x, bad, src))
	}
	switch {
	case r.Automaton.States() == 1:
		v.add(Warning, "rule/vacuous", src.id.at, "", "remove it", "the rule %q says nothing: every run of any process satisfies it", r.ID)
	case v.vacuous(x, src):
		v.add(Warning, "rule/vacuous", src.id.at, "", "remove it, or name the steps that it is about",
			"nothing that the rule %q is about ever happens", r.ID)
	}
	return true
}

// ruled reports what a run does to a rule.
func (v *verifier) ruled(severity Severity, code string, at mark, id string, run []int, hint, format string, args ...any) {
	v.add(severity, code, at, id, hint, format, args...)
	v.list[len(v.list)-1].Trace = v.heard(run)
}

func (x *product) at(i, rule int) uint16 { return x.states[x.pairs[i].rules][rule] }

// violation says what is wrong in pair i, which violates the rule.
func (v *verifier) violation(x *product, i int32, src *rule) string {
	text := src.text().s
	if x.rules[0].Automaton.Verdict(x.at(int(i), 0)) != ltlf.Violated {
		return fmt.Sprintf("the run ends, and %s is not satisfied", text)
	}
	if a := v.lastLetter(x, i); a != nil {
		return fmt.Sprintf("%s %s, which violates %s", v.name(a.Node), did(a.Phase), text)
	}
	return "it contradicts itself"
}

// lastLetter is the letter that led to pair i; nil if none did.
func (v *verifier) lastLetter(x *product, i int32) *program.Act {
	for ; x.from[i].trans >= 0; i = x.from[i].state {
		if a := &x.acts[x.from[i].trans]; a.Phase != 0 {
			return a
		}
	}
	return nil
}

func did(p program.Phase) string {
	if p == program.Start {
		return "starts"
	}
	return "happens"
}

// vacuous reports whether nothing that the rule is about happens in any run: for a template its activations, for a
// formula anything that changes its automaton's state.
func (v *verifier) vacuous(x *product, src *rule) bool {
	for i := range x.pairs {
		if src.active == nil && x.at(i, 0) != 0 {
			return false
		}
	}
	for t, fired := range x.fired {
		if a := &x.acts[t]; fired && a.Phase != 0 && activates(src.active, v.prog.Nodes[a.Node].ID, a.Phase) {
			return false
		}
	}
	return true
}

func activates(active []ltlf.Atom, id string, phase program.Phase) bool {
	for _, a := range active {
		if a.Step == id && (a.Phase == ltlf.Begun || phase != program.Start) {
			return true
		}
	}
	return false
}

// refusals checks what is left of the runs when the rules refuse steps.
func (v *verifier) refusals(x *product) {
	for k, r := range x.rules {
		bad := x.nearest(func(i int) bool { return x.over(i) && !r.Automaton.Accepts(x.at(i, k)) })
		if bad >= 0 {
			v.ruled(Fatal, "rule/violated", v.written(r).id.at, "", x.run(bad), `what a rule demands cannot be had by refusing steps: change the steps, or write "on: flag"`,
				"refusing steps does not keep the rule %q: the run ends, and it is not satisfied", r.ID)
		}
	}
	can := x.canEnd()
	lost := x.nearest(func(i int) bool { return !can[i] })
	if v.granted.given {
		// Where guards agree there may be ways that lead nowhere without any rule, and no way to the end that free guards show.
		if !v.granted.strands {
			return
		}
		refused := x.canBeRefused()
		lost = x.nearest(func(i int) bool { return !can[i] && refused[i] })
	}
	if lost < 0 {
		return
	}
	r, step := v.refuser(x, lost)
	v.ruled(Fatal, "rule/strands", v.written(r).id.at, "", x.run(lost), `give the process another way on, such as a boundary event of the step, or write "on: flag"`,
		"the rule %q strands instances: after this run they can never end, because it refuses %s", r.ID, v.name(step))
}

// refuser finds the refusal that is nearest behind pair i.
func (v *verifier) refuser(x *product, i int32) (*program.Rule, int32) {
	by := make(map[int32]refusal, len(x.refused))
	for _, r := range x.refused {
		if _, known := by[r.pair]; !known {
			by[r.pair] = r
		}
	}
	next := make(map[int32][]int32)
	for _, e := range x.edges {
		next[e[0]] = append(next[e[0]], e[1])
	}
	seen := map[int32]bool{i: true}
	for todo := []int32{i}; len(todo) > 0; todo = todo[1:] {
		if r, found := by[todo[0]]; found {
			return x.rules[r.rule], x.acts[r.trans].Node
		}
		for _, to := range next[todo[0]] {
			if !seen[to] {
				seen[to] = true
				todo = append(todo, to)
			}
		}
	}
	return x.rules[0], -1 // a process that is sound loses nothing without a refusal
}

// written is the rule of the source that r was compiled from.
func (v *verifier) written(r *program.Rule) *rule {
	for i := range v.prog.Rules {
		if &v.prog.Rules[i] == r {
			return v.p.rules[i]
		}
	}
	return &rule{}
}
