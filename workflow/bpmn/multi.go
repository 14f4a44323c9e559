package bpmn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file reads what a multi-instance activity is done for, and which names mean something within it only.

// A rounds is what a multi-instance activity is done for.
type rounds struct{ of, as, collect, into string }

// collection reads it, from the file's own elements or a vendor's.
func (g *graph) collection(n *node) rounds {
	l := n.loop
	r := rounds{as: elementOf(l)}
	if v := l.vendor("loopCharacteristics"); v != nil {
		r.into = variableName(v.attr("outputCollection"))
		if in := v.attr("inputCollection"); in != "" {
			r.of = g.value(v, in, "list", n.id, schema.Dyn)
		}
		if out := v.attr("outputElement"); out != "" && r.into != "" {
			r.collect = g.value(v, out, "each", n.id, schema.Dyn, r.as)
		}
	}
	if list := l.own("collection"); list != "" && r.of == "" {
		r.of = g.value(l, list, "list", n.id, schema.Dyn)
	}
	if c := l.child("loopCardinality"); c != nil && strings.TrimSpace(c.text) != "" && r.of == "" {
		r.of = g.value(c, c.text, "count", n.id, schema.Int)
	}
	if c := l.child("loopDataInputRef"); c != nil && r.of == "" {
		if r.of = g.source(n, strings.TrimSpace(c.text)); r.of != "" {
			g.need(c, r.of)
		}
	}
	if r.of == "" {
		r.of = g.missing(l, "count", n.id, schema.Int, "how often "+named(n.element)+" is done is not said")
	}
	return r
}

// source is the variable that a data input of a node gets its value from; "" if none does.
func (g *graph) source(n *node, input string) string {
	for _, c := range n.children {
		if c.name != "dataInputAssociation" {
			continue
		}
		from, to := c.child("sourceRef"), c.child("targetRef")
		if to != nil && from != nil && strings.TrimSpace(to.text) == input {
			return g.variableOf(strings.TrimSpace(from.text))
		}
	}
	return g.variableOf(input)
}

// elementOf is what one element is called in a multi-instance activity.
func elementOf(loop *element) string {
	names := []string{loop.own("elementVariable")}
	if d := loop.child("inputDataItem"); d != nil {
		names = append(names, cmp.Or(d.attr("name"), d.attr("id")))
	}
	if v := loop.vendor("loopCharacteristics"); v != nil {
		names = append(names, v.attr("inputElement"))
	}
	for _, name := range names {
		if name = variableName(name); name != "" {
			return name
		}
	}
	return "item"
}

// loopsAround are the multi-instance loops that what an element says is done in. What the loop of an activity says itself
// is not done in it.
func loopsAround(e *element) (list []*element) {
	for inner := (*element)(nil); e != nil && e.name != "process"; inner, e = e, e.parent {
		if l := e.child("multiInstanceLoopCharacteristics"); l != nil && l != inner {
			list = append(list, l)
		}
	}
	return list
}

// outside are the names that are not those of an element of a list that the loops around go through.
func outside(e *element, names []string) []string {
	loops := loopsAround(e)
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(loops, func(l *element) bool { return elementOf(l) == name })
	})
}

// counters are what engines call the numbers of a multi-instance activity within it.
var counters = []string{"loopCounter", "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances"}

// counting is why an expression cannot be taken over that uses a number which only the loop knows; "" if it does not.
func counting(e *element, cel string, known []string) string {
	for _, name := range reads(cel) {
		if !slices.Contains(counters, name) || slices.Contains(known, name) {
			continue
		}
		for at := e; at != nil && at.name != "process"; at = at.parent {
			if at.child("multiInstanceLoopCharacteristics") != nil {
				return fmt.Sprintf("%s is a number of the loop, which it cannot ask for", name)
			}
		}
	}
	return ""
}
