package program

import "github.com/replank/replank/internal/ltlf"

// Rule is a rule of the domain, as an automaton that reads the letters of a run as they come. The states of its
// automaton are durable: heads hold one for each rule, by its place in Program.Rules.
type Rule struct {
	ID        string
	Text      string // the template with its steps, or the formula
	Refuse    bool   // a step that would violate it for good is refused
	Flag      bool   // one that did is noted
	Automaton *ltlf.Automaton

	completed []int32 // by node: the letter of its completion or occurrence
	other     int32   // the same of a step that is not in the program
}

// NewRule returns a rule over the nodes of a program.
func NewRule(id, text string, a *ltlf.Automaton, refuse, flag bool, nodes []Node) Rule {
	r := Rule{
		ID: id, Text: text, Refuse: refuse, Flag: flag, Automaton: a,
		completed: make([]int32, len(nodes)), other: int32(a.Letter("", ltlf.Completed)),
	}
	for i := range nodes {
		r.completed[i] = int32(a.Letter(nodes[i].ID, ltlf.Completed))
	}
	return r
}

// Next is the state behind a letter; node -1 stands for one that is not in the program.
func (r *Rule) Next(state uint16, node int32, phase Phase) uint16 {
	l := int(r.other)
	if node >= 0 {
		l = int(r.completed[node])
	}
	if phase == Start {
		l += int(ltlf.Started - ltlf.Completed)
	}
	return r.Automaton.Next(state, l)
}

// Watched reports whether instances keep the state of some rule: one that a step of theirs can be refused or flagged
// for. The other rules hold for all runs of the program, or it would not be deployed.
func (p *Program) Watched() bool {
	for i := range p.Rules {
		if p.Rules[i].Refuse || p.Rules[i].Flag {
			return true
		}
	}
	return false
}

// Violates reports whether the step from one state to another violates the rule for good.
func (r *Rule) Violates(from, to uint16) bool {
	return r.Automaton.Verdict(to) == ltlf.Violated && r.Automaton.Verdict(from) != ltlf.Violated
}
