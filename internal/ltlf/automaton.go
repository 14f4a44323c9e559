package ltlf

import (
	"slices"
	"strconv"
	"strings"
)

// Verdict is what a trace so far says about a rule (RV-LTL: Bauer, Leucker, Schallhart 2010).
type Verdict uint8

// Verdicts. The zero Verdict is none.
const (
	Satisfied         Verdict = iota + 1 // for good, however the run goes on
	PossiblySatisfied                    // if the run ended now
	PossiblyViolated                     // if the run ended now
	Violated                             // for good
)

// String is the verdict in words, "possibly violated".
func (v Verdict) String() string {
	switch v {
	case Satisfied:
		return "satisfied"
	case PossiblySatisfied:
		return "possibly satisfied"
	case PossiblyViolated:
		return "possibly violated"
	case Violated:
		return "violated"
	}
	return "unknown"
}

// Automaton is a minimal deterministic automaton. State 0 is the initial one. It is immutable.
//
// Invariant: the numbers of states follow from the language and the names of the steps alone, so they are durable.
type Automaton struct {
	steps   []string // ascending
	letters int
	next    []uint16 // by state and letter
	accept  []bool
	fate    []Verdict
}

// States counts the states.
func (a *Automaton) States() int { return len(a.accept) }

// Steps are the steps that the automaton tells apart, ascending. Read only.
func (a *Automaton) Steps() []string { return a.steps }

// Letter is the number of a letter for Next; all steps that the automaton does not know are one.
func (a *Automaton) Letter(step string, p Phase) int {
	i, known := slices.BinarySearch(a.steps, step)
	if !known {
		i = len(a.steps)
	}
	return i*phases + int(p)
}

// Next is the state behind a letter.
func (a *Automaton) Next(state uint16, letter int) uint16 {
	return a.next[int(state)*a.letters+letter]
}

// Accepts reports whether a run that ends in the state satisfies the rule.
func (a *Automaton) Accepts(state uint16) bool { return a.accept[state] }

// Verdict is what is known in a state.
func (a *Automaton) Verdict(state uint16) Verdict { return a.fate[state] }

// String is the automaton as a table, one line a state: its number, its verdict, and where each letter leads that does
// not lead back to it.
func (a *Automaton) String() string {
	var b strings.Builder
	for s := range a.accept {
		b.WriteString(strconv.Itoa(s) + " " + a.fate[s].String())
		for l := range a.letters {
			if to := a.Next(uint16(s), l); int(to) != s {
				name := "other"
				if l/phases < len(a.steps) {
					name = a.steps[l/phases]
				}
				if Phase(l%phases) == Started {
					name += ".started"
				}
				b.WriteString(", " + name + " -> " + strconv.Itoa(int(to)))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
