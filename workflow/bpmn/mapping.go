package bpmn

import (
	"cmp"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file reads which data an activity gets and returns: the mappings of Camunda, Zeebe and Flowable, and BPMN's own
// data associations where they join a variable to an input or output (jBPM).

// A mapped is one value that goes into or out of an activity.
type mapped struct{ name, cel string }

// data gives an activity its data.
func (g *graph) data(n *node, s schema.Step) schema.Step {
	if g.options.ControlOnly {
		return s
	}
	g.mapped[n.element] = true
	if n.waits() {
		g.noInputs(n)
	} else {
		done := map[string]bool{}
		for _, m := range g.inputs(n) {
			if !done[m.name] {
				s = s.InExpr(m.name, m.cel)
			}
			done[m.name] = true
		}
	}
	out := g.outputs(n)
	done := map[string]bool{}
	from := n.from()
	for _, m := range out {
		switch {
		case done[m.name]:
		case n.copied():
			g.unsettled(n.element, "open/multi-instance", "collect the results", "%s writes the variable %q, but several of it are done at the same time", named(n.element), m.name)
			out = nil
		default:
			s = s.OutExpr(m.name, m.cel)
			g.vars.add(n.element, []string{m.name})
		}
		done[m.name] = true
	}
	if n.copied() {
		g.vars.give(n.writes)
		return s
	}
	for _, name := range n.writes {
		switch {
		case len(out) == 0:
			s = s.Out(name)
		case !done[name]:
			s = s.OutExpr(name, from+"."+name)
		}
	}
	return s
}

// waits reports whether a node waits for a message, which brings its data.
func (n *node) waits() bool { return n.role == receive || n.role == catch }

// from is what the outputs of a node come from.
func (n *node) from() string {
	if n.waits() {
		return "message"
	}
	return "result"
}

// noInputs says that what waits for a message gets no data.
func (g *graph) noInputs(n *node) {
	for _, x := range n.extensions() {
		for _, c := range x.children {
			if c.name == "input" || c.name == "inputParameter" {
				g.warn(c, "bpmn/mapping", "map it in an activity before", "an input of %s, which waits for a message, is left aside", named(n.element))
			}
		}
	}
}

// copied reports whether an activity lies in a multi-instance activity, or is one: it cannot write variables of the process.
func (n *node) copied() bool {
	multi := func(e *element) bool { return e.child("multiInstanceLoopCharacteristics") != nil }
	if n.loop != nil && n.loop.name == "multiInstanceLoopCharacteristics" {
		return true
	}
	for e := n.parent; e != nil && e.name != "process"; e = e.parent {
		if multi(e) {
			return true
		}
	}
	return false
}

// isLiteral reports whether the text of a mapping is a value, and not an expression.
func isLiteral(text string) bool {
	return !strings.ContainsAny(text, "{}") && !strings.HasPrefix(text, "=")
}

// inputs are the values that an activity gets.
func (g *graph) inputs(n *node) (list []mapped) {
	add := func(e *element, name, text string, literal bool) {
		name = variableName(name)
		switch {
		case name == "":
			g.warn(e, "bpmn/mapping", "call it as a variable can be called", "an input of %s has a name that no parameter can have, and is left aside", named(n.element))
		case literal && isLiteral(text):
			list = append(list, mapped{name, quote(text)})
		default:
			list = append(list, mapped{name, g.value(e, text, "in_"+name, n.id, schema.Dyn)})
		}
	}
	for _, x := range n.extensions() {
		switch x.name {
		case "ioMapping", "inputOutput":
			for _, c := range x.children {
				switch {
				case c.name == "input":
					add(c, c.attr("target"), c.attr("source"), true)
				case c.name == "inputParameter" && len(c.children) == 0:
					add(c, c.attr("name"), strings.TrimSpace(c.text), true)
				case c.name == "inputParameter":
					g.warn(c, "bpmn/mapping", "use an expression", "the input %q of %s is a script, list or map, and left aside", clip(c.attr("name")), named(n.element))
				}
			}
		case "in":
			switch {
			case x.attr("sourceExpression") != "":
				add(x, x.attr("target"), x.attr("sourceExpression"), false)
			case x.attr("source") != "":
				add(x, x.attr("target"), x.attr("source"), false)
			case x.attr("variables") == "all":
				g.warn(x, "bpmn/mapping", "name the variables", "%s passes all variables on; that is left aside", named(n.element))
			case x.attr("businessKey") != "":
				g.warn(x, "bpmn/mapping", "pass it on as a variable", "%s passes a business key on; that is left aside", named(n.element))
			}
		}
	}
	return append(list, g.associated(n, "dataInputAssociation", "sourceRef", "targetRef")...)
}

// outputs are the variables that an activity writes.
func (g *graph) outputs(n *node) (list []mapped) {
	from := n.from()
	add := func(e *element, name, text string, literal bool) {
		inner := strings.TrimSpace(text)
		literal = literal && isLiteral(inner)
		for _, around := range [][2]string{{"${", "}"}, {"#{", "}"}, {"=", ""}} {
			if rest, ok := strings.CutPrefix(inner, around[0]); ok {
				inner = strings.TrimSpace(strings.TrimSuffix(rest, around[1]))
			}
		}
		name, part := variableName(name), variableName(inner)
		switch {
		case name == "":
			g.warn(e, "bpmn/mapping", "call it as a variable can be called", "an output of %s has a name that no variable can have, and is left aside", named(n.element))
		case literal && inner != "":
			list = append(list, mapped{name, quote(inner)})
		case part == "":
			g.unsettled(e, "open/mapping", "write it in CEL over result", "the output %q of %s has no translation; its result is taken as it is", clip(text), named(n.element))
			list = append(list, mapped{name, from + "." + name})
		default:
			list = append(list, mapped{name, from + "." + part})
		}
	}
	for _, x := range n.extensions() {
		switch x.name {
		case "ioMapping", "inputOutput":
			for _, c := range x.children {
				switch c.name {
				case "output":
					add(c, c.attr("target"), c.attr("source"), true)
				case "outputParameter":
					add(c, c.attr("name"), c.text, len(c.children) == 0)
				}
			}
		case "out":
			if source := cmp.Or(x.attr("sourceExpression"), x.attr("source")); source != "" {
				add(x, x.attr("target"), source, false)
			} else if x.attr("variables") == "all" {
				g.warn(x, "bpmn/mapping", "name the variables", "%s takes all variables back; that is left aside", named(n.element))
			}
		}
	}
	result := n.own("resultVariable")
	if d := n.vendor("calledDecision"); d != nil {
		result = cmp.Or(result, d.attr("resultVariable"))
	}
	if v := variableName(result); v != "" && n.role != script {
		list = append(list, mapped{v, from})
	}
	for _, m := range g.associated(n, "dataOutputAssociation", "targetRef", "sourceRef") {
		list = append(list, mapped{m.cel, from + "." + m.name})
	}
	return list
}

// associated are the data associations of an activity that join a variable and a named input or output; where either
// cannot be called so, or a transformation or assignment stands between, they are left aside.
func (g *graph) associated(n *node, association, variable, inner string) (list []mapped) {
	for _, c := range n.children {
		outer, within := c.child(variable), c.child(inner)
		if c.name != association || outer == nil || within == nil || c.child("transformation") != nil || c.child("assignment") != nil {
			continue
		}
		end := g.byRef(g.ids, within.text)
		name := g.variableOf(outer.text)
		if end == nil || name == "" || variableName(end.attr("name")) == "" {
			continue
		}
		if association == "dataInputAssociation" {
			g.need(c, name)
		}
		list = append(list, mapped{variableName(end.attr("name")), name})
	}
	return list
}

// variableOf is the variable that a property, data object or reference to one is, "" if it cannot be one.
func (g *graph) variableOf(ref string) string {
	ref = strings.TrimSpace(ref)
	e := g.byRef(g.ids, ref)
	if e == nil {
		return ""
	}
	if e.name == "dataObjectReference" {
		if object := g.byRef(g.ids, e.attr("dataObjectRef")); object != nil {
			e = object
		}
	}
	if e.name != "property" && e.name != "dataObject" {
		return ""
	}
	return cmp.Or(variableName(e.attr("name")), variableName(e.attr("id")))
}
