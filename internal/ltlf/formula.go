// Package ltlf is linear temporal logic over finite traces (De Giacomo, Vardi, "Linear Temporal Logic and Linear
// Dynamic Logic on Finite Traces", IJCAI 2013) and the templates of Declare (Pesic, Schonenberg, van der Aalst, "DECLARE:
// Full Support for Loosely-Structured Processes", EDOC 2007), as automata that watch one run of a process.
//
//	text -> Formula      parse.go, declare.go
//	Formula -> Automaton compile.go: progression to a deterministic automaton, the least one, numbered canonically
//
// A trace is a sequence of letters, one event each: a step has started or has completed. At one position exactly one
// letter holds, and a trace may be empty: there atoms, X and U are false.
//
// The package is pure.
package ltlf

import (
	"slices"
	"strings"
)

// Phase is what a letter says of its step.
type Phase uint8

// Phases. Begun is of atoms only: the first letter of a step, its start or, for steps that have none (scripts, events),
// its completion.
const (
	Completed Phase = iota
	Started
	Begun
)

// phases are the phases that letters have.
const phases = 2

// Any is the step of an atom that holds for every step.
const Any = "*"

// Atom holds at a letter of its step and phase.
type Atom struct {
	Step  string
	Phase Phase
}

// String is the atom as it is written: "pay", "pay.started".
func (a Atom) String() string {
	switch a.Phase {
	case Started:
		return a.Step + ".started"
	case Begun:
		return a.Step + ".begun" // only templates make it
	}
	if a.Step == Any {
		return a.Step + ".completed"
	}
	return a.Step
}

// op is the kind of a formula. What people write beyond these is made of them.
type op uint8

const (
	opTrue op = iota
	opAtom
	opNot
	opAnd
	opNext  // strong: there is a next position
	opUntil // strong: the right side comes
)

// Formula is a formula of LTLf. It is immutable and may share parts.
type Formula struct {
	op          op
	atom        Atom
	left, right *Formula // Not, Next: left
}

var truth = &Formula{op: opTrue}

// Constructors, in the order of the usual text.
func atom(step string, p Phase) *Formula { return &Formula{op: opAtom, atom: Atom{step, p}} }

func not(f *Formula) *Formula {
	if f.op == opNot {
		return f.left
	}
	return &Formula{op: opNot, left: f}
}

func and(list ...*Formula) *Formula {
	f := list[0]
	for _, g := range list[1:] {
		f = &Formula{op: opAnd, left: f, right: g}
	}
	return f
}

func or(f, g *Formula) *Formula      { return not(and(not(f), not(g))) }
func implies(f, g *Formula) *Formula { return not(and(f, not(g))) }
func iff(f, g *Formula) *Formula     { return and(implies(f, g), implies(g, f)) }
func next(f *Formula) *Formula       { return &Formula{op: opNext, left: f} }
func weakNext(f *Formula) *Formula   { return not(next(not(f))) }
func until(f, g *Formula) *Formula   { return &Formula{op: opUntil, left: f, right: g} }
func finally(f *Formula) *Formula    { return until(truth, f) }
func globally(f *Formula) *Formula   { return not(finally(not(f))) }
func release(f, g *Formula) *Formula { return not(until(not(f), not(g))) }

// weakUntil is f W g: until(f, g), or f for ever.
func weakUntil(f, g *Formula) *Formula { return release(g, or(f, g)) }

// Atoms are the atoms of f, each once, in the order of their steps.
func (f *Formula) Atoms() []Atom {
	set := map[Atom]bool{}
	seen := map[*Formula]bool{}
	var walk func(*Formula)
	walk = func(f *Formula) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		if f.op == opAtom {
			set[f.atom] = true
		}
		walk(f.left)
		walk(f.right)
	}
	walk(f)
	atoms := make([]Atom, 0, len(set))
	//lint:sorted the atoms are sorted below
	for a := range set {
		atoms = append(atoms, a)
	}
	slices.SortFunc(atoms, func(a, b Atom) int {
		if c := strings.Compare(a.Step, b.Step); c != 0 {
			return c
		}
		return int(a.Phase) - int(b.Phase)
	})
	return atoms
}

// Steps are the steps that f names, in the order of their names, without Any.
func (f *Formula) Steps() []string {
	var steps []string
	for _, a := range f.Atoms() {
		if a.Step != Any {
			steps = append(steps, a.Step)
		}
	}
	return slices.Compact(steps)
}

// NeverAfter says that once one of some steps has completed, none of others starts.
func NeverAfter(before, then []string) *Formula {
	done, start := not(truth), not(truth)
	for _, s := range before {
		done = or(done, atom(s, Completed))
	}
	for _, s := range then {
		start = or(start, atom(s, Started))
	}
	return globally(implies(done, weakNext(globally(not(start)))))
}
