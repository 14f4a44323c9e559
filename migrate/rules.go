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
// The future is asked about too, as verification asks about all runs that begin in the target: an instance that brings
// another past than those must still keep the rules on every way on, and have a way to its end if rules refuse steps.

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
		why.blame = "the rule " + r.ID + " was changed"
		if old := c.s.Program(); !hasRule(old.Rules, r.ID) {
			why.blame = "the rule " + r.ID + " was added"
		}
		return why
	}
	return nil
}

// future is why an instance that lands in s may not stay there, because of what a rule may come to; nil if it may. A run
// that the target reproduces letter by letter is one of its own.
func (c *Checker) future(run Run, s *kernel.State, criteria Criteria) *refusal {
	trace := run.Trace
	if len(c.t.Program().Rules) == 0 || criteria&relaxations == 0 && !trace.Moved && asSeen(trace) {
		return nil
	}
	if wrong := c.needs.Rules(s.Marking, c.t.Monitors(c.seen(trace.Seen)), c.begun(run.State, s)); wrong != "" {
		return &refusal{message: "with what has happened, " + wrong}
	}
	return nil
}

// begun are the user tasks that are offered in s and that the run has claimed and given back.
func (c *Checker) begun(run, s *kernel.State) (nodes []int32) {
	t := c.t.Program()
	for i := range t.Nodes {
		n, old := &t.Nodes[i], c.back[i]
		if old < 0 || n.Kind != program.UserTask || c.s.Program().Nodes[old].Kind != program.UserTask || !s.Marking.Has(n.Offered) {
			continue
		}
		if w := run.Work(old); w != nil && w.Attempt > 0 {
			nodes = append(nodes, int32(i))
		}
	}
	return nodes
}

// asSeen reports whether the letters of a trace are what happened, in its order: none was taken back.
func asSeen(t *kernel.Trace) bool {
	seen := t.Seen
	for i := range t.Letters {
		l := &t.Letters[i]
		if l.Phase == 0 {
			continue
		}
		if len(seen) == 0 || seen[0] != (kernel.Seen{Node: l.Node, Phase: l.Phase}) {
			return false
		}
		seen = seen[1:]
	}
	return len(seen) == 0
}

func hasRule(rules []program.Rule, id string) bool {
	return slices.ContainsFunc(rules, func(r program.Rule) bool { return r.ID == id })
}
