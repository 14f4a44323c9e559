package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
)

// Guards that ask the same agree. With free guards a process that decides twice by one condition seems to have runs in
// which the two differ. So what free guards show to be wrong is looked at again on a net that remembers answers: of each
// condition that is asked more than once, an atom, it knows {?, T, F}, as two places of which at most one is marked. A flow
// that needs an answer is closed when the other one is marked, and marks its own; whoever may write a variable that the
// condition reads clears both. The order of flows counts: one that is taken says that those before it are false, and the
// default that all are.
//
// What is proved so holds while nobody but the process writes the variables (an operator may). What a process does at
// run time is not changed by any of this.

// question is an atom: a condition that is asked more than once.
type question struct {
	reads   []int // slots
	asked   int
	yes, no petri.Place
}

// answer is what a flow needs of an atom.
type answer struct {
	of    *question
	value bool
	sure  bool // it happens whatever is remembered, for want of another flow
	never bool // it needs the other answer as well
}

// correlated judges the net in which guards that ask the same agree; nil if there are none, or if that decides nothing.
func (v *verifier) correlated(opt petri.Options) *verifier {
	atoms, list := v.questions()
	if len(list) == 0 {
		return nil
	}
	answers := v.answers(atoms)
	places := petri.Place(v.net.Places())
	for i, a := range list {
		a.yes, a.no = places+petri.Place(2*i), places+petri.Place(2*i+1)
	}
	d := &dataFlow{verifier: v, words: len(v.prog.Vars)/64 + 1}
	c := &verifier{p: v.p, prog: v.prog, findings: findings{source: v.p.source}, small: v.small, thrown: v.thrown, urgent: v.urgent}
	c.net = v.net.Refine(2*len(list), func(t int, x *petri.Trans) {
		changes := d.mayChange(t)
		for _, a := range list {
			over := x.Silent && x.Pre.Has(v.prog.Scopes[0].On) // the end of the process
			if over || slices.ContainsFunc(a.reads, func(slot int) bool { return contains(changes, slot) }) {
				x.Clear.Add(a.yes)
				x.Clear.Add(a.no)
			}
		}
		for _, n := range answers[int32(t)] {
			if n.never {
				x.Zero.Union(x.Pre)
			}
			own, other := n.of.no, n.of.yes
			if n.value {
				own, other = other, own
			}
			if !n.sure {
				x.Zero.Add(other)
			}
			x.Clear.Add(own)
			x.Clear.Add(other)
			x.Post.Add(own)
		}
	}, nil)
	c.granted = v.grants()
	c.judge(opt)
	if !c.complete && !refused(c.list) {
		v.warn("sound/unverified", v.p.id.at, "let fewer guards ask the same, or fewer branches run at once",
			"the budget of %d states is spent before guards that ask the same were made to agree: runs in which they differ cannot happen", opt.Budget)
		return nil
	}
	return c
}

// A grant is what need not be shown again where guards agree: that the end can be reached from everywhere, and all steps
// but the dead ones. With free guards it was, and that is enough: an instance that was moved here, or whose variables an
// operator sets, may have any answers.
type grant struct {
	given   bool
	dead    []Finding
	strands bool // but where rules refuse steps the end cannot be reached from everywhere
}

// grants is what was shown with free guards.
func (v *verifier) grants() grant {
	g := grant{given: true, strands: v.open} // what was not shown is not granted
	for _, f := range v.list {
		switch {
		case f.Code == "sound/dead":
			g.dead = append(g.dead, f)
		case f.Code == "rule/strands":
			g.strands = true
		case f.Severity == Fatal && strings.HasPrefix(f.Code, "sound/"):
			return grant{}
		}
	}
	return g
}

// asks is what tells an atom from others: the condition, with the variables that its names mean.
func asks(g *expr.Program, reads []int) (key string, not bool) {
	text, not := g.Atom()
	return fmt.Sprint(text, reads), not
}

// questions are the conditions that are asked more than once, by several gateways or by one in a circle. Those that others may answer anew at any time are left out: what
// reads variables of a child that runs beside, or, in a child, of the processes around it.
func (v *verifier) questions() (byKey map[string]*question, list []*question) {
	all := make(map[string]*question)
	var keys []string
	again := make([]bool, len(v.prog.Decisions)) // it can be passed more than once
	for t, is := range v.net.Circles(func(int) bool { return true }) {
		if d := v.prog.Acts[t].Decision; d >= 0 && is {
			again[d] = true
		}
	}
	for i := range v.prog.Decisions {
		var before *expr.Program // the two flows of a test have one guard
		for _, f := range v.prog.Decisions[i].Flows {
			if f.Guard == nil || v.elsewhere(f.Reads) {
				continue
			}
			if _, constant := f.Guard.Const(); constant {
				continue
			}
			key, _ := asks(f.Guard, f.Reads)
			if all[key] == nil {
				all[key] = &question{reads: f.Reads}
				keys = append(keys, key)
			}
			if f.Guard != before {
				all[key].asked++
			}
			if again[i] {
				all[key].asked++
			}
			before = f.Guard
		}
	}
	byKey = make(map[string]*question)
	for _, key := range keys {
		if a := all[key]; a.asked > 1 {
			byKey[key] = a
			list = append(list, a)
		}
	}
	return byKey, list
}

// elsewhere reports whether somebody who is no part of this net may write one of the variables.
func (v *verifier) elsewhere(reads []int) bool {
	return slices.ContainsFunc(reads, func(slot int) bool {
		if slot < v.prog.Outer {
			return true
		}
		for _, c := range v.prog.Children {
			if contains(c.Writes, slot) {
				return true
			}
		}
		return false
	})
}

// answers lists what each transition needs of the atoms.
func (v *verifier) answers(atoms map[string]*question) map[int32][]answer {
	answers := make(map[int32][]answer)
	for i := range v.prog.Decisions {
		d := &v.prog.Decisions[i]
		of := func(k int, value bool) (answer, bool) {
			f := &d.Flows[k]
			if f.Guard == nil {
				return answer{}, false
			}
			key, not := asks(f.Guard, f.Reads)
			a := atoms[key]
			return answer{of: a, value: (value != f.Not) != not}, a != nil
		}
		need := func(t int32, n answer) {
			if t < 0 {
				return
			}
			for i, before := range answers[t] {
				if before.of == n.of {
					answers[t][i].never = before.never || before.value != n.value && !n.sure
					return
				}
			}
			answers[t] = append(answers[t], n)
		}
		last := len(d.Flows) - 1
		for k := range d.Flows {
			if d.Inclusive {
				if n, ok := of(k, true); ok {
					need(d.ChainSome[2*k], n)
					n.sure = k == last && d.Default < 0 // none was taken yet, and there is no other
					need(d.Chain[2*k], n)
				}
				if n, ok := of(k, false); ok {
					need(d.Chain[2*k+1], n)
					need(d.ChainSome[2*k+1], n)
				}
				continue
			}
			for before := range k {
				if n, ok := of(before, false); ok {
					need(d.Take[k], n)
				}
			}
			if n, ok := of(k, true); ok {
				n.sure = k == last
				need(d.Take[k], n)
			}
		}
	}
	return answers
}

// mayChange are the variables that transition t may give another value.
func (d *dataFlow) mayChange(t int) []int {
	e := d.effect(t)
	slots := slices.Concat(e.writes, e.maybe, e.resets)
	if r := d.prog.Acts[t].Reset; r >= 0 {
		slots = append(slots, d.prog.Scopes[r].Locals...)
	}
	return slots
}
