package migrate

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/program"
)

// Rules of the domain at a move (formal-core.md, Domain rules). They read what really happened, in its order: every
// letter of the history, also those that the replay drops or takes in another order, and those of versions before. A run
// that has violated a rule of the target for good does not move, unless the rule only flags.
//
// What is not checked is the future: a rule of the target that has no "on" holds for all runs that begin there, and an
// instance that brings another past may come to violate it.

// seen are letters of raw history in the numbering of the target.
func (c *Checker) seen(letters []kernel.Seen) []kernel.Seen {
	out := make([]kernel.Seen, len(letters))
	for i, l := range letters {
		out[i] = kernel.Seen{Node: -1, Phase: l.Phase}
		if l.Node >= 0 {
			out[i].Node = c.node[l.Node]
		}
	}
	return out
}

// broken is why a run may not move because of a rule; nil if it may.
func (c *Checker) broken(letters []kernel.Seen) *refusal {
	rules := c.t.Program().Rules
	if len(rules) == 0 {
		return nil
	}
	for i, state := range c.t.Monitors(c.seen(letters)) {
		r := &rules[i]
		if r.Flag || r.Automaton.Verdict(state) != ltlf.Violated {
			continue
		}
		why := &refusal{
			message:  fmt.Sprintf("what happened violates the rule %q of the target: %s", r.ID, r.Text),
			remedies: []string{fmt.Sprintf("`on: flag` at the rule %s", r.ID)},
		}
		if old := c.s.Program(); !hasRule(old.Rules, r.ID) {
			why.blame = "the rule " + r.ID + " was added"
		}
		return why
	}
	return nil
}

func hasRule(rules []program.Rule, id string) bool {
	return slices.ContainsFunc(rules, func(r program.Rule) bool { return r.ID == id })
}
