package schema

import (
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/period"
	"github.com/replank/replank/internal/program"
)

// This file is reading a process for its control flow only. Such a process answers what may follow what: its guards,
// scripts and data are text that nobody looks at. It has the nodes, flows, ids and canonical text of the whole one, so
// that two versions can be compared, but its program is program.Program.Free and cannot be deployed.

// ParseControl is Parse for questions about control flow: expressions are not compiled, every flow of a gateway may be
// taken, flows need no guards, and tasks have no data. Nothing is verified, so that an unsound process is returned;
// Verify says what is wrong with it, Fatal findings included. The error is an *Error with every finding.
func ParseControl(name string, src []byte) (*Process, error) {
	f, v := readSource(name, src)
	return assemble(f, v, true)
}

// BuildControl is Build for questions about control flow; see ParseControl.
func (b *Builder) BuildControl() (*Process, error) { return b.build(true) }

// ControlOnly reports whether the process was made by ParseControl or BuildControl.
func (p *Process) ControlOnly() bool { return p.free }

// freeData fills what nodes have beside expressions and variables.
func (c *compiler) freeData() {
	c.prog.Env, _ = expr.NewEnv(nil, nil)
	c.children()
	for i := range c.prog.Nodes {
		if c.isJoin[i] {
			continue
		}
		n, s := c.node(int32(i)), c.steps[i]
		n.Message = s.messageName()
		n.Groups = strs(s.groups)
		n.Signal = s.signalName()
		n.Callee = s.callee.s
		n.Code = s.code.s + s.escalation.s
		n.Terminate = s.kill
		if s.pause.given() || s.instant.given() || s.every.given() || s.cron.given() {
			n.Timer = &program.Timer{After: period.Period(s.pause.period)}
		}
		if s.kind == kindService {
			n.Handler = s.handlerName()
			n.Retry = c.retry(s)
		}
	}
}
