package kernel

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// Rules of the domain on one instance. Evolve moves the automaton of each rule by each letter, in the order of history:
// rules read what happened as it happened, so a letter that was retracted since (a claim) stays read, is not read again when
// the task is claimed by the next, and a replay, which may take letters in another order, moves none. Decide asks before it
// emits a letter; what people and programs ask for is then refused, and what would happen by itself is an incident.

// RuleError is the ErrRule of one rule.
type RuleError struct {
	Rule, Text string // its id, and what it says
	Node       string
	Phase      program.Phase // of the letter of Node that it refuses
}

// Error implements error.
func (e *RuleError) Error() string {
	what := "happens"
	switch e.Phase {
	case program.Start:
		what = "starts"
	case program.Complete:
		what = "completes"
	}
	return fmt.Sprintf("the rule %q refuses that %s %s now: %s", e.Rule, e.Node, what, e.Text)
}

// Unwrap returns ErrRule.
func (e *RuleError) Unwrap() error { return ErrRule }

// forbidden is a *RuleError if a rule refuses the letter.
func (d *step) forbidden(node int32, phase program.Phase) error {
	return d.m.forbidden(d.s, node, phase)
}

// forbiddenToEnd is forbidden of a task that is completed, whether it was started before or is now.
func (d *step) forbiddenToEnd(node int32, started bool) error {
	if started || len(d.m.watched) == 0 {
		return d.forbidden(node, program.Complete)
	}
	if err := d.forbidden(node, program.Start); err != nil {
		return err
	}
	after := State{Scope: d.s.Scope, Rules: slices.Clone(d.s.Rules)}
	d.m.observe(&after, node, program.Start)
	return d.m.forbidden(&after, node, program.Complete)
}

func (m *Machine) forbidden(s *State, node int32, phase program.Phase) error {
	for _, i := range m.watched {
		r := &m.p.Rules[i]
		if r.Refuse && r.Violates(s.Rules[i], r.Next(s.Rules[i], node, phase)) {
			return &RuleError{Rule: r.ID, Text: r.Text, Node: m.p.Nodes[node].ID, Phase: phase}
		}
	}
	return nil
}

// ownLetter is the phase of the letter of a node that runs by itself.
func ownLetter(x *program.Node) program.Phase {
	if x.Complete < 0 {
		return program.Occur
	}
	return program.Complete
}

// observe moves the automata by a letter.
func (m *Machine) observe(s *State, node int32, phase program.Phase) {
	if s.past != nil {
		return
	}
	for _, i := range m.watched {
		r := &m.p.Rules[i]
		was := s.Rules[i]
		s.Rules[i] = r.Next(was, node, phase)
		if r.Violates(was, s.Rules[i]) {
			s.violated = append(s.violated, i)
		}
	}
}

// flag notes the rules that the last event violated.
func (d *step) flag(node int32) {
	for _, i := range slices.Clone(d.s.violated) {
		d.note(i, node)
	}
}

// flagOwed notes the rules that the run leaves unsatisfied when it ends now.
func (d *step) flagOwed() {
	for _, i := range d.m.watched {
		if a := d.m.p.Rules[i].Automaton; a.Verdict(d.s.Rules[i]) != ltlf.Violated && !a.Accepts(d.s.Rules[i]) {
			d.note(i, -1)
		}
	}
}

// flagMoved notes the rules that the instance has violated before it moved here.
func (d *step) flagMoved() {
	for _, i := range d.m.watched {
		if d.m.p.Rules[i].Automaton.Verdict(d.s.Rules[i]) == ltlf.Violated {
			d.note(i, -1)
		}
	}
}

func (d *step) note(rule int, node int32) {
	if d.err != nil {
		return
	}
	d.log = append(d.log, Event{Seq: d.s.Seq + 1, At: d.at, Kind: history.RuleViolated, Node: node, Note: d.m.p.Rules[rule].ID})
	d.err = d.m.Evolve(d.s, &d.log[len(d.log)-1])
}

// Verdict is what s says about a rule that instances keep the state of; 0 for others. Of an instance that ended it is
// Satisfied or Violated.
func (m *Machine) Verdict(s *State, rule int) ltlf.Verdict {
	r := &m.p.Rules[rule]
	switch {
	case !r.Refuse && !r.Flag:
		return 0
	case s.Ended() && r.Automaton.Accepts(s.Rules[rule]):
		return ltlf.Satisfied
	case s.Ended():
		return ltlf.Violated
	}
	return r.Automaton.Verdict(s.Rules[rule])
}

// Seen is one letter of raw history, with its node in the program of the trace; -1: it does not have it any more.
type Seen struct {
	Node  int32
	Phase program.Phase
}

// see adds the letter of an event in state s, if it has one. A task that was given back and is claimed again has been
// started already.
func (t *Trace) see(s *State, e *Event) {
	switch e.Kind {
	case history.Started:
		if w := s.Work(e.Node); w != nil && w.begunBefore() {
			return
		}
		t.Seen = append(t.Seen, Seen{e.Node, program.Start})
	case history.Completed:
		t.Seen = append(t.Seen, Seen{e.Node, program.Complete})
	case history.Fired, history.Received, history.Caught:
		t.Seen = append(t.Seen, Seen{e.Node, program.Occur})
	}
}

// Monitors are the states that the automata of m's rules come to on letters whose nodes are m's; nil if m has no rules.
// Those of rules that instances keep no state of are there too: they say whether an instance may come here.
func (m *Machine) Monitors(letters []Seen) []uint16 {
	if len(m.p.Rules) == 0 {
		return nil
	}
	states := make([]uint16, len(m.p.Rules))
	for _, l := range letters {
		for i := range states {
			states[i] = m.p.Rules[i].Next(states[i], l.Node, l.Phase)
		}
	}
	return states
}

// Fits reports whether a Migrated event may carry these states: one in range for each rule if instances keep any, else
// none.
func (m *Machine) Fits(rules []uint16) bool {
	if len(m.watched) == 0 {
		return rules == nil
	}
	if len(rules) != len(m.p.Rules) {
		return false
	}
	for i, state := range rules {
		if int(state) >= m.p.Rules[i].Automaton.States() {
			return false
		}
	}
	return true
}
