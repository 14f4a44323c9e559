package bpmn

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/schema"
)

// process reads one process. Which gateways need a default flow, and which expressions cannot be compiled, is known only
// when the schema is built; the process is read again with that. What was found before is shown with it.
func (f *file) process(e *element, before ...schema.Finding) (*schema.Process, error) {
	l := &lessons{elses: map[string]bool{}, before: before}
	for {
		p, g, err := f.build(e, l)
		refused := (*schema.Error)(nil)
		if !errors.As(err, &refused) || !l.learn(g, refused.Findings) {
			return p, err
		}
	}
}

// learn reports whether the findings say something that the next attempt can do better.
func (l *lessons) learn(g *graph, findings []schema.Finding) bool {
	more := false
	for _, f := range findings {
		switch {
		case f.Code == "schema/else" && !l.elses[f.Node]:
			l.elses[f.Node], more = true, true
		case strings.HasPrefix(f.Code, "expr/") && l.env == nil:
			var vars []expr.Var
			l.typed = map[string]string{}
			for i, name := range g.vars.names {
				l.typed[name] = cmp.Or(g.types[name], string(schema.Dyn))
				typ, err := expr.ParseType(l.typed[name], nil)
				if err != nil {
					return false
				}
				vars = append(vars, expr.Var{Name: name, Type: typ, Slot: i})
			}
			env, err := expr.NewEnv(nil, vars)
			if err != nil {
				return false
			}
			l.env, more = env, true
		}
	}
	return more
}

// build reads one process and builds its schema.
func (f *file) build(e *element, l *lessons) (*schema.Process, *graph, error) {
	g := f.read(e, l)
	if g.large {
		return nil, g, f.refuse(g.found...)
	}
	maps.Copy(g.types, l.declared)
	if l.free {
		g.vars.add(e, slices.Sorted(maps.Keys(l.declared)))
	} else {
		g.variables()
	}
	steps := g.steps(g.top)
	events := g.handlers(g.top)
	g.undeclared()
	g.omitted()
	if len(g.top.nodes) == 0 && len(g.top.starts) == 0 {
		g.warn(e, "bpmn/empty", "draw what it does", "the process has no flow nodes and does nothing")
	}
	b := schema.New(g.id, steps...).Source(f.name, f.text).Line(e.line, e.col).Found(l.before...).Found(g.found...).Open(g.open...)
	if title := titleOf(e, g.id); title != "" {
		b.Title(title)
	}
	if doc := docOf(e); doc != "" {
		b.Doc(doc)
	}
	if len(g.starts) > 0 {
		b.Starts(g.starts...)
	}
	if len(events) > 0 {
		b.Events(events...)
	}
	for _, name := range g.vars.names {
		typ := schema.Dyn
		if known := g.types[name]; known != "" {
			typ = schema.Type(known)
		}
		b.Var(name, typ)
		if g.vars.given[name] {
			b.In(name)
		}
	}
	for _, v := range g.blank {
		b.Variables(v).In(v.Name)
	}
	if f.options.ControlOnly || l.free {
		p, err := b.BuildControl()
		return p, g, err
	}
	p, err := b.Build()
	if refused := (*schema.Error)(nil); errors.As(err, &refused) {
		for i := range refused.Findings {
			if hint, other := hints[refused.Findings[i].Code]; other {
				refused.Findings[i].Hint = hint
			}
		}
	}
	return p, g, err
}

// hints are those of the schema's findings that a BPMN file follows otherwise.
var hints = map[string]string{
	"schema/else":        "make one of its flows the default flow",
	"schema/unreachable": "remove it, or lead a flow to it",
	"schema/twice":       "give the flows ids",
	"schema/flow-id":     "give the flows ids",
}
