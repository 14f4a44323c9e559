package schema

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/program"
)

// What a service has that says nothing of its own.
const (
	defaultAttempts   = 3
	defaultFirstDelay = time.Second
	defaultFactor     = 2
	defaultLongest    = 5 * time.Minute
)

// records are the record types in the form that internal/expr takes.
func (p *Process) records() map[string]map[string]string {
	records := make(map[string]map[string]string, len(p.types))
	for _, r := range p.types {
		fields := make(map[string]string, len(r.fields))
		for _, f := range r.fields {
			fields[f.name.s] = f.typ.s
		}
		records[r.name.s] = fields
	}
	return records
}

// data declares the variables and compiles all expressions.
func (c *compiler) data() {
	if c.p.free {
		c.freeData()
		return
	}
	c.anyType, _ = expr.ParseType("dyn", nil)
	if !c.variables() {
		return // every expression would complain of it again
	}
	c.children()
	for i := range c.prog.Nodes {
		if !c.isJoin[i] {
			c.nodeData(int32(i))
			c.elementData(int32(i))
			c.guardsOf(int32(i))
		}
	}
	if c.outer == nil {
		c.migrations()
	}
}

// variables numbers the variables: those of the process, then those of each subprocess; and makes the environments. It
// reports whether all are declared.
func (c *compiler) variables() (declaredAll bool) {
	records := c.p.records()
	before := len(c.list)
	declaredAll = true
	if c.outer != nil {
		c.prog.Vars = slices.Clone(c.outer.prog.Vars)
		c.prog.Outer = len(c.prog.Vars)
	}
	for i := range c.prog.Scopes {
		list := c.p.vars
		prefix := ""
		if c.outer != nil {
			list, prefix = c.root, c.outer.node(c.owner).ID+"."
		}
		if i > 0 {
			owner := c.steps[c.prog.Scopes[i].Node]
			list, prefix = owner.vars, owner.id.s+"."
		}
		var declared []expr.Var
		for _, v := range list {
			typ, err := expr.ParseType(v.typ.s, records)
			if err != nil {
				c.fatal("schema/type", v.typ.at, "", "", "variable %q: %v", v.name.s, err)
				declaredAll = false
				continue
			}
			slot := len(c.prog.Vars)
			d := expr.Var{Name: v.name.s, Type: typ, Slot: slot}
			if _, err := expr.NewEnv(records, []expr.Var{d}); err != nil {
				c.fatal("schema/name", v.name.at, "", "", "%v", err)
				declaredAll = false
				continue
			}
			c.prog.Vars = append(c.prog.Vars, program.Var{
				Name: prefix + v.name.s, Type: typ, Default: c.literal(v.initial, typ, v.name.s, ""),
				Index: v.index, Secret: v.secret, FromText: v.from.s, Was: v.was.s,
			})
			declared = append(declared, d)
			if i > 0 || c.outer != nil {
				c.prog.Scopes[i].Locals = append(c.prog.Scopes[i].Locals, slot)
			}
		}
		if i > 0 {
			c.envs = append(c.envs, c.envs[c.prog.Scopes[i].Parent].With(declared...))
			continue
		}
		if c.outer != nil {
			c.envs = append(c.envs, c.outer.envs[c.outer.node(c.owner).Scope].With(declared...))
			c.prog.Env = c.envs[0]
			continue
		}
		env, err := expr.NewEnv(records, declared)
		if err != nil {
			if len(c.list) == before {
				c.fatal("schema/type", c.p.id.at, "", "", "%v", err)
			}
			env, _ = expr.NewEnv(nil, nil)
			declaredAll = false
		}
		c.envs = append(c.envs, env)
		c.prog.Env = env
	}
	if c.outer != nil {
		if len(c.root) > 0 && len(c.prog.Scopes[0].Locals) > 0 {
			c.prog.In = c.prog.Scopes[0].Locals[:1] // the element
		}
		return declaredAll
	}
	for _, name := range c.p.in {
		c.prog.In = append(c.prog.In, c.slot(name, 0, ""))
	}
	for _, name := range c.p.out {
		c.prog.Out = append(c.prog.Out, c.slot(name, 0, ""))
	}
	return declaredAll
}

// slot resolves the name of a variable as scope sees it. Locals hide what is outside.
func (c *compiler) slot(name text, scope int32, node string) int {
	for ; scope > 0; scope = c.prog.Scopes[scope].Parent {
		for i, v := range c.steps[c.prog.Scopes[scope].Node].vars {
			if v.name.s == name.s && i < len(c.prog.Scopes[scope].Locals) {
				return c.prog.Scopes[scope].Locals[i]
			}
		}
	}
	if c.outer != nil {
		for i, v := range c.root {
			if v.name.s == name.s && i < len(c.prog.Scopes[0].Locals) {
				return c.prog.Scopes[0].Locals[i]
			}
		}
		return c.outer.slot(name, c.outer.node(c.owner).Scope, node)
	}
	for i, v := range c.p.vars {
		if v.name.s == name.s && i < len(c.prog.Vars) {
			return i
		}
	}
	c.fatal("schema/unknown-variable", name.at, node, "declare it under vars", "there is no variable %q here", name.s)
	return 0
}

// literal makes a constant of the source a value; what is not given is absent.
func (c *compiler) literal(l literal, typ expr.Type, name, node string) expr.Value {
	if !l.given() {
		return expr.Value{}
	}
	v, err := expr.FromGo(typ, l.value)
	if err != nil {
		hint := ""
		var te *expr.TypeError
		if errors.As(err, &te) {
			hint = te.Hint
		}
		if word, isText := l.value.(string); isText && hint == "" && typ.String() == "bool" && oldBools[strings.ToLower(word)] {
			hint = "write true or false: in YAML 1.2, " + word + " is a text"
		}
		c.fatal("data/type", l.at, node, hint, "the value of %q does not fit its type %s: %v", name, typ, err)
	}
	return v
}

// oldBools are the words that were bools in YAML 1.1.
var oldBools = map[string]bool{"yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// expression compiles a scalar of the source; what it finds wrong becomes findings at the places it is at.
func (c *compiler) expression(env *expr.Env, t text, want expr.Type, node string) *expr.Program {
	p, issues := env.Compile(t.s, want)
	for _, i := range issues {
		c.fatal(i.Code, c.source.inside(t, i.Offset), node, i.Hint, "%s", i.Message)
	}
	return p
}

// typed is a type that every environment knows.
func (c *compiler) typed(name string) expr.Type {
	t, _ := expr.ParseType(name, nil)
	return t
}

// nodeData fills what a node reads, writes and waits for.
func (c *compiler) nodeData(i int32) {
	n, s := c.node(i), c.steps[i]
	env, id := c.envs[n.Scope], s.id.s
	for _, in := range slices.Concat(s.in, s.data) {
		p := program.Param{Name: in.name.s}
		if in.expr.given() {
			p.Slot = -1
			p.Expr = c.expression(env, in.expr, expr.Type{}, id)
			n.Reads = c.reading(n.Reads, p.Expr)
		} else {
			p.Slot = c.slot(in.name, n.Scope, id)
			n.Reads = append(n.Reads, p.Slot)
		}
		n.In = append(n.In, p)
	}
	if s.key.given() {
		n.Key = c.expression(env, s.key, c.typed("string"), id)
		n.Reads = c.reading(n.Reads, n.Key)
	}
	n.Message = s.messageName()
	if s.pause.given() {
		n.Timer = &program.Timer{After: s.pause.period}
	}
	if s.cron.given() || s.every.given() {
		n.Timer = &program.Timer{Every: s.every.period, Cron: s.cron.s}
	}
	if s.instant.given() {
		n.Timer = &program.Timer{At: c.expression(env, s.instant, c.typed("timestamp"), id)}
		n.Reads = c.reading(n.Reads, n.Timer.At)
	}
	c.outputs(n, s, env)
	n.Reads, n.OutReads, n.Writes = ascending(n.Reads), ascending(n.OutReads), ascending(n.Writes)

	n.Groups = strs(s.groups)
	n.Due = s.due.period
	n.Code = s.code.s + s.escalation.s // one of the two is given
	n.Terminate = s.kill
	if s.kind == kindService {
		n.Handler = s.handlerName()
		n.Retry = c.retry(s)
		n.Timeout = c.p.defaults.timeout.period
		if s.timeout.given() {
			n.Timeout = s.timeout.period
		}
	}
}

// guardsOf compiles the guards of a gateway or block, and the test of a loop.
func (c *compiler) guardsOf(i int32) {
	s, env := c.steps[i], c.envs[c.node(i).Scope]
	guard := func(t text) *expr.Program {
		p := c.expression(env, t, c.typed("bool"), s.id.s)
		if p == nil {
			return nil
		}
		if v, constant := p.Const(); constant {
			c.add(Warning, "data/constant-guard", t.at, s.id.s, "use a variable in it, or drop the other way", "this guard is always %v", v.Go())
		}
		if p.Costly() {
			c.add(Warning, "data/costly-guard", t.at, s.id.s, "compute it in a service, or keep the lists short",
				"with lists of %d elements this may cost more than the limit of %d steps, and would then stop the instance with an incident", expr.LongList, expr.DefaultCostLimit)
		}
		return p
	}
	for _, b := range s.cases {
		if b.when.given() {
			c.guards[b] = guard(b.when)
		}
	}
	for _, t := range []text{s.while, s.until} {
		if s.kind == kindRepeat && t.given() {
			c.tests[s] = guard(t)
		}
	}
}

// outputs fills what a node writes.
func (c *compiler) outputs(n *program.Node, s *step, env *expr.Env) {
	root := ""
	switch {
	case s.kind == kindUser || s.kind == kindService || s.kind == kindCall:
		root = "result"
	case s.expects():
		root = "message"
	case s.kind == kindEach:
		return // over other names: see eachData
	}
	if root != "" {
		env = env.With(expr.Var{Name: root, Type: c.anyType, Slot: len(c.prog.Vars)})
	}
	for _, out := range s.out {
		o := program.Output{Slot: c.slot(out.variable, n.Scope, s.id.s), Name: out.variable.s, Optional: out.optional}
		if out.expr.given() {
			o.Expr = c.expression(env, out.expr, c.typeOf(o.Slot), s.id.s)
			n.OutReads = c.reading(n.OutReads, o.Expr)
			n.OpenResult = n.OpenResult || root != ""
		}
		n.Out = append(n.Out, o)
		n.Writes = append(n.Writes, o.Slot)
	}
	for _, set := range s.set {
		o := program.Output{Slot: c.slot(set.variable, n.Scope, s.id.s), Name: set.variable.s}
		v := c.literal(set.value, c.typeOf(o.Slot), set.variable.s, s.id.s)
		o.Set = &v
		n.Out = append(n.Out, o)
		n.Writes = append(n.Writes, o.Slot)
	}
}

// typeOf is the type of a slot.
func (c *compiler) typeOf(slot int) expr.Type { return c.prog.Vars[slot].Type }

// reading adds the variables that p reads to list; result and message are none.
func (c *compiler) reading(list []int, p *expr.Program) []int {
	return append(list, c.prog.SlotsOf(p)...)
}

// ascending sorts a list of slots and drops what is there twice.
func ascending(list []int) []int {
	slices.Sort(list)
	return slices.Compact(list)
}

// retry is the policy of a service: its own, or the process's, completed by the defaults.
func (c *compiler) retry(s *step) program.Retry {
	r := program.Retry{Max: defaultAttempts, First: defaultFirstDelay, Factor: defaultFactor, Limit: defaultLongest}
	own := s.retry
	if own == nil {
		own = c.p.defaults.retry
	}
	switch {
	case own == nil:
	case own.never:
		return program.Retry{Max: 1, Never: true}
	default:
		if own.policy.Max > 0 {
			r.Max = own.policy.Max
		}
		if own.policy.First > 0 {
			r.First = own.policy.First
		}
		if own.policy.Factor > 0 {
			r.Factor = own.policy.Factor
		}
		if own.policy.Limit > 0 {
			r.Limit = own.policy.Limit
		}
	}
	r.Limit = max(r.Limit, r.First)
	return r
}

// migrations checks the "from" expressions of the process's variables. They are over the variables of a version that
// is not known here, so only their form can be checked; those that use variables this version has too compile now.
func (c *compiler) migrations() {
	var vars []expr.Var
	for i, v := range c.p.vars {
		vars = append(vars, expr.Var{Name: v.name.s, Type: c.anyType, Slot: i})
	}
	env, err := expr.NewEnv(c.p.records(), vars)
	if err != nil {
		return // said already
	}
	for i, v := range c.p.vars {
		if !v.from.given() {
			continue
		}
		p, issues := env.Compile(v.from.s, expr.Type{})
		for _, issue := range issues {
			if issue.Code != expr.CodeUndeclared {
				c.fatal(issue.Code, c.source.inside(v.from, issue.Offset), "", issue.Hint, "%s", issue.Message)
			}
		}
		c.prog.Vars[i].From = p
	}
}
