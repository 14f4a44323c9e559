package bpmn

import (
	"regexp"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/schema"
)

// This file says that a sub-process is done for each element of a list, or as often as a number says. BPMN itself knows
// lists as data objects only: there, and where a list is an expression, its size is the number. Vendors name the list.

// copies writes the loop characteristics of a sub-process.
func (f *formatter) copies(n *schema.FlowNode, s statement) {
	if n.Multi == "" {
		return
	}
	m, of := &f.body, s.word("of")
	attrs := []string{"isSequential", ""}
	if n.Multi == "sequential" {
		attrs[1] = "true"
	}
	list := f.isList(of)
	named := list && listName.MatchString(of)
	if vendor := dialects[f.d].prefix; named && f.d != Standard && f.d != Zeebe {
		attrs = append(attrs, vendor+":collection", of, vendor+":elementVariable", s.word("as"))
	}
	m.open("bpmn:multiInstanceLoopCharacteristics", attrs...)
	switch {
	case named && f.d == Zeebe:
		m.open("bpmn:extensionElements")
		m.leaf("zeebe:loopCharacteristics", "", "inputCollection", "="+of, "inputElement", s.word("as"))
		m.close()
	case named && f.d != Standard, of == "":
	case list:
		f.expression("bpmn:loopCardinality", "size("+of+")")
	default:
		f.expression("bpmn:loopCardinality", of)
	}
	if s.word("until") != "" {
		f.expression("bpmn:completionCondition", s.word("until"))
	}
	m.close()
}

var listName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// isList reports whether an expression is known to be a list, and no number.
func (f *formatter) isList(cel string) bool {
	if f.env == nil {
		f.env = environment(f.p, f.said)
	}
	if f.env == nil {
		return false
	}
	p, issues := f.env.Compile(cel, expr.Type{})
	return len(issues) == 0 && strings.HasPrefix(p.ResultType().String(), "list(")
}

// environment has the variables of a process and of what lies in it; nil if it cannot be made.
func environment(p *schema.Process, said map[string]statement) *expr.Env {
	records := map[string]map[string]string{}
	for _, r := range p.Types() {
		records[r.Name] = map[string]string{}
		for _, field := range r.Fields {
			records[r.Name][field.Name] = string(field.Type)
		}
	}
	types := map[string]string{}
	for _, v := range p.Vars() {
		types[v.Name] = string(v.Type)
	}
	for n := range p.Nodes() {
		s := said[n.ID()]
		local, _ := s["vars"].(map[string]any)
		for name, v := range local {
			if typ, ok := v.(string); ok {
				types[name] = typ
			} else if v, ok := v.(map[string]any); ok {
				types[name] = statement(v).word("type")
			}
		}
		if as := s.word("as"); as != "" && types[as] == "" {
			types[as] = "dyn"
		}
	}
	var vars []expr.Var
	for name, typ := range types { //lint:sorted the order of slots means nothing here
		t, err := expr.ParseType(typ, records)
		if err != nil {
			return nil
		}
		vars = append(vars, expr.Var{Name: name, Type: t, Slot: len(vars)})
	}
	env, err := expr.NewEnv(records, vars)
	if err != nil {
		return nil
	}
	return env
}
