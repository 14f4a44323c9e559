package schema

import (
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/program"
)

// elementData fills what nodes have beside interfaces, timers and messages.
func (c *compiler) elementData(i int32) {
	n, s := c.node(i), c.steps[i]
	env, id := c.envs[n.Scope], s.id.s
	read := func(t text, typ string) *expr.Program {
		if !t.given() {
			return nil
		}
		p := c.expression(env, t, c.typed(typ), id)
		n.Reads = c.reading(n.Reads, p)
		return p
	}
	n.Signal = s.signalName()
	n.Callee, n.Version = s.callee.s, s.version
	n.Assignee, n.Priority = read(s.assignee, "string"), read(s.priority, "int")
	n.Condition = read(s.condition, "bool")
	if n.Condition != nil {
		if v, constant := n.Condition.Const(); constant {
			c.add(Warning, "data/constant-guard", s.condition.at, id, "use a variable in it", "this condition is always %v", v.Go())
		}
	}
	n.FollowUp, n.TTL = s.followUp.period, s.ttl.period
	if s.kind == kindRules {
		c.tableData(n, s, env)
	}
	if s.kind == kindEach {
		c.eachData(i)
	}
	n.Reads, n.OutReads, n.Writes = ascending(n.Reads), ascending(n.OutReads), ascending(n.Writes)
}

// tableData compiles the rows of a rule-table. A table that collects makes a list of what its rows set, so that its
// expressions give the elements.
func (c *compiler) tableData(n *program.Node, s *step, env *expr.Env) {
	table := &program.Table{Hit: s.hit.s}
	set := func(outputs []output) []program.Output {
		var list []program.Output
		for _, out := range outputs {
			o := program.Output{Slot: c.slot(out.variable, n.Scope, s.id.s), Name: out.variable.s}
			typ := c.typeOf(o.Slot)
			if s.hit.s == "collect" {
				typ = c.element(typ, out.variable, s)
			}
			o.Expr = c.expression(env, out.expr, typ, s.id.s)
			n.OutReads = c.reading(n.OutReads, o.Expr)
			list = append(list, o)
		}
		return list
	}
	for _, row := range s.rows {
		when := c.expression(env, row.when, c.typed("bool"), s.id.s)
		n.OutReads = c.reading(n.OutReads, when)
		table.Rows = append(table.Rows, program.TableRow{When: when, Set: set(row.set)})
	}
	table.Else = set(s.noRow)
	n.Table = table
	for _, out := range s.tableOutputs() {
		o := program.Output{Slot: c.slot(out.variable, n.Scope, s.id.s), Name: out.variable.s, Optional: out.optional}
		n.Out = append(n.Out, o)
		n.Writes = append(n.Writes, o.Slot)
	}
}

// element is the type of the elements of a list.
func (c *compiler) element(list expr.Type, name text, s *step) expr.Type {
	t := list.String()
	if list.IsDyn() {
		return expr.Type{}
	}
	if len(t) < len("list()") || t[:len("list(")] != "list(" {
		c.fatal("data/type", name.at, s.id.s, "declare it as list("+t+")", "a table that collects makes lists, and %q is %s", name.s, t)
		return expr.Type{}
	}
	typ, _ := expr.ParseType(t[len("list("):len(t)-1], c.p.records())
	return typ
}

// eachData compiles the expressions of an each: of over the variables around, collect over those of a copy, until and
// out over what was collected.
func (c *compiler) eachData(i int32) {
	n, s := c.node(i), c.steps[i]
	env, id := c.envs[n.Scope], s.id.s
	each := &program.Each{Sequential: s.mode.s == "sequential"}
	// The type of the list was checked when the type of its elements was found.
	if p, issues := env.Compile(s.list.s, expr.Type{}); len(issues) == 0 {
		each.Of = p
		n.Reads = c.reading(n.Reads, p)
	}
	element := "dyn"
	if child := c.prog.ChildOf(i); s.collect.given() && child.Program.Env != nil {
		each.Collect = c.expression(child.Program.Env, s.collect, expr.Type{}, id)
		if each.Collect != nil && each.Collect.ResultType().String() != "" {
			element = each.Collect.ResultType().String()
		}
		for _, slot := range child.Program.SlotsOf(each.Collect) {
			if slot < child.Program.Outer {
				n.OutReads = append(n.OutReads, slot)
			} else {
				child.Program.Out = append(child.Program.Out, slot)
			}
		}
	}
	results, err := expr.ParseType("list("+element+")", c.p.records())
	if err != nil {
		results = c.typed("list(dyn)")
	}
	behind := len(c.prog.Vars)
	over := env.With(expr.Var{Name: "results", Type: results, Slot: behind}, expr.Var{Name: "done", Type: c.typed("int"), Slot: behind + 1},
		expr.Var{Name: "total", Type: c.typed("int"), Slot: behind + 2})
	if s.until.given() {
		each.Until = c.expression(over, s.until, c.typed("bool"), id)
		n.OutReads = c.reading(n.OutReads, each.Until)
	}
	for _, out := range s.out {
		o := program.Output{Slot: c.slot(out.variable, n.Scope, id), Name: out.variable.s}
		o.Expr = c.expression(over, out.expr, c.typeOf(o.Slot), id)
		n.OutReads = c.reading(n.OutReads, o.Expr)
		n.Out = append(n.Out, o)
		n.Writes = append(n.Writes, o.Slot)
	}
	n.Each = each
}
