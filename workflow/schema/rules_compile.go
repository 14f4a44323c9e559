package schema

import (
	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/program"
)

// rules compiles the rules of the process. A rule speaks of events, so the steps that it names must have some: what
// blocks, sub-processes and gateways do is silent.
func (c *compiler) rules() {
	if refused(c.list) {
		return
	}
	for _, x := range c.p.rules {
		ok := true
		for _, a := range x.formula.Atoms() {
			ok = c.speaks(x, a) && ok
		}
		if !ok {
			continue
		}
		a, err := ltlf.Compile(x.formula, func(step string) bool { return c.prog.Nodes[c.prog.ByID[step]].Start >= 0 })
		if err != nil {
			c.fatal("rule/size", x.text().at, "", "make several rules of it", "the rule %q is too large: %v", x.id.s, err)
			continue
		}
		c.prog.Rules = append(c.prog.Rules, program.NewRule(x.id.s, x.text().s, a, x.on.s == onRefuse, x.on.s == onFlag, c.prog.Nodes))
	}
}

// speaks checks that atom a of a rule can hold.
func (c *compiler) speaks(x *rule, a ltlf.Atom) bool {
	if a.Step == ltlf.Any {
		return true
	}
	s := c.p.byID[a.Step]
	i, known := c.prog.ByID[a.Step]
	silent := !known
	if known {
		n := &c.prog.Nodes[i]
		silent = n.Start < 0 && n.Complete < 0 && n.Occur < 0
		if !silent && a.Phase == ltlf.Started && n.Start < 0 {
			c.fatal("rule/no-start", c.naming(x, a.Step), "", "leave out .started",
				"%s %q has no event of its own when it starts", s.kind, a.Step)
			return false
		}
	}
	if silent {
		c.fatal("rule/no-event", c.naming(x, a.Step), "", "name a task or an event within or beside it",
			"the rule %q cannot be about %s %q: nothing of it is an event of the process itself", x.id.s, s.kind, a.Step)
	}
	return !silent
}
