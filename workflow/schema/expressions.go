package schema

import (
	"slices"

	"github.com/replank/replank/internal/expr"
)

// checkExpressions reports what the compiler would say of the expressions of a process whose structure is refused.
// Its own verdict does not count: a structure that is accepted goes to the compiler, which checks everything.
func checkExpressions(p *Process, f *findings) {
	records := p.records()
	environments := map[*step]*expr.Env{}
	var bad bool
	declare := func(vars []*variable) []expr.Var {
		var list []expr.Var
		for _, d := range vars {
			typ, err := expr.ParseType(d.typ.s, records)
			if err != nil {
				typ, bad = expr.Type{}, true
				continue
			}
			list = append(list, expr.Var{Name: d.name.s, Type: typ, Slot: len(list)})
		}
		return list
	}
	root, err := expr.NewEnv(records, declare(p.vars))
	if err != nil || bad {
		return // the declarations are wrong: every expression would complain of it again
	}
	environments[nil] = root
	check := expressionChecker{p: p, f: f}
	for _, s := range p.all {
		if s.kind == kindSubprocess || s.kind == kindEach {
			list := declare(s.vars)
			if s.as.given() {
				list = append(list, expr.Var{Name: s.as.s, Type: builtin("dyn"), Slot: len(list)})
			}
			environments[s] = environments[s.outer].With(list...)
		}
		if bad {
			return
		}
		check.step(s, environments[s.outer])
		check.expression(environments[s], s.collect, expr.Type{}, s)
	}
}

type expressionChecker struct {
	p *Process
	f *findings
}

func (c expressionChecker) step(s *step, env *expr.Env) {
	for _, in := range slices.Concat(s.in, s.data) {
		c.expression(env, in.expr, expr.Type{}, s)
	}
	c.expression(env, s.assignee, builtin("string"), s)
	c.expression(env, s.priority, builtin("int"), s)
	c.expression(env, s.condition, builtin("bool"), s)
	c.expression(env, s.list, expr.Type{}, s)
	for _, row := range s.rows {
		c.expression(env, row.when, builtin("bool"), s)
		for _, out := range row.set {
			c.expression(env, out.expr, expr.Type{}, s)
		}
	}
	for _, out := range s.noRow {
		c.expression(env, out.expr, expr.Type{}, s)
	}
	c.expression(env, s.key, builtin("string"), s)
	c.expression(env, s.instant, builtin("timestamp"), s)
	c.expression(env, s.while, builtin("bool"), s)
	given := env
	switch {
	case s.kind == kindUser || s.kind == kindService || s.kind == kindCall:
		given = env.With(expr.Var{Name: "result", Type: builtin("dyn")})
	case s.expects():
		given = env.With(expr.Var{Name: "message", Type: builtin("dyn")})
	case s.kind == kindEach:
		given = env.With(expr.Var{Name: "results", Type: builtin("list(dyn)")}, expr.Var{Name: "done", Type: builtin("int")}, expr.Var{Name: "total", Type: builtin("int")})
	}
	c.expression(given, s.until, builtin("bool"), s)
	for _, b := range s.cases {
		c.expression(env, b.when, builtin("bool"), s)
	}
	for _, out := range s.out {
		d, _ := c.p.visible(s.outer, out.variable.s)
		if d == nil {
			continue
		}
		if typ, err := expr.ParseType(d.typ.s, c.p.records()); err == nil {
			c.expression(given, out.expr, typ, s)
		}
	}
}

func builtin(name string) expr.Type {
	t, _ := expr.ParseType(name, nil)
	return t
}

func (c expressionChecker) expression(env *expr.Env, t text, want expr.Type, s *step) {
	if !t.given() {
		return
	}
	_, issues := env.Compile(t.s, want)
	for _, i := range issues {
		c.f.fatal(i.Code, c.f.source.inside(t, i.Offset), s.id.s, i.Hint, "%s", i.Message)
	}
}
