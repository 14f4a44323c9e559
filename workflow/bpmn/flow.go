package bpmn

import (
	"cmp"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// connect reads the sequence flows of a process or sub-process and of those within. A flow belongs to the scope of its
// two ends, wherever it is written.
func (g *graph) connect(e *element) {
	for _, c := range e.children {
		switch {
		case c.name == "sequenceFlow":
			g.flow(c)
		case c.name == "subProcess" || c.name == "transaction":
			g.connect(c)
		}
	}
}

// flow reads a sequence flow between two nodes of a scope.
func (g *graph) flow(e *element) {
	if !g.room(e) {
		return
	}
	raw := e.attr("id")
	if raw != "" && (g.flows[raw] || g.known[raw] != nil) {
		g.warn(e, "bpmn/id", "give it another id", "the id %q stands here a second time; the flow is taken as one without", clip(raw))
		raw = ""
	}
	g.flows[raw] = true
	if strings.TrimSpace(e.attr("sourceRef")) == "" || strings.TrimSpace(e.attr("targetRef")) == "" {
		g.strict(e, "bpmn/flow", "remove it, or connect it", "the flow has no %s and is left out", missing(e))
		return
	}
	from, known := g.endOf(e, "sourceRef")
	to, knownTo := g.endOf(e, "targetRef")
	if !known || !knownTo || !g.joins(e, from, to) {
		return
	}
	f := &flow{element: e, id: ID(raw), from: from, to: to}
	if c := e.child("conditionExpression"); c != nil && strings.TrimSpace(c.text) != "" {
		g.condition(f, c)
	}
	from.out = append(from.out, f)
	to.in = append(to.in, f)
}

func missing(e *element) string {
	if strings.TrimSpace(e.attr("sourceRef")) == "" {
		return "sourceRef"
	}
	return "targetRef"
}

// joins reports whether a flow between two nodes can be; why not is reported.
func (g *graph) joins(e *element, from, to *node) bool {
	id := func(n *node) string { return clip(n.attr("id")) }
	wrong := func(hint, format string, args ...any) bool {
		g.fatal(e, "bpmn/flow", hint, format, args...)
		return false
	}
	switch {
	case from.scope != to.scope:
		return wrong("lead it to the sub-process itself", "the flow crosses the border of a sub-process, from %q to %q", id(from), id(to))
	case from.role == end:
		return wrong("remove it", "a flow leaves the end event %q", id(from))
	case to.role == start:
		return wrong("lead it to what follows the start event", "a flow leads into the start event %q", id(to))
	case to.role == boundary:
		return wrong("lead it to the activity", "a flow leads into the boundary event %q", id(to))
	case from.isHandler() || to.isHandler():
		return wrong("remove it: its start event begins it", "a flow joins the event sub-process %q and something else", id(either(from.isHandler(), from, to)))
	case from.undoes() || to.undoes():
		return wrong("remove it: compensation begins it", "a flow joins the compensation %q and something else", id(either(from.undoes(), from, to)))
	case from.role == boundary && from.alone("compensate") != nil:
		return wrong("lead an association to the activity that undoes", "a flow leaves the compensation event %q", id(from))
	case from.role == boundary && len(from.events) == 0:
		return false // refused or left out
	}
	return true
}

func either(first bool, a, b *node) *node {
	if first {
		return a
	}
	return b
}

// endOf is the node at one end of a flow. ok is false if the flow is to be left out, for a reason that is reported.
func (g *graph) endOf(e *element, attr string) (n *node, ok bool) {
	raw := strings.TrimSpace(e.attr(attr))
	n = g.known[raw]
	if n == nil { // a qualified name
		if _, local, prefixed := strings.Cut(raw, ":"); prefixed {
			n = g.known[local]
		}
	}
	switch other := g.ids[raw]; {
	case n != nil:
		return n, true
	case g.lost[raw]:
	case other != nil && isNode(other.name):
		g.strict(e, "bpmn/flow", "use a message flow", "the flow crosses the border of a pool: its %s %q lies in another process", attr, clip(raw))
	case other != nil:
		g.fatal(e, "bpmn/flow", "remove it, or connect it", "the %s of the flow is no flow node: %s", attr, named(other))
	default:
		g.fatal(e, "bpmn/flow", "remove it, or connect it", "the flow dangles: there is no flow node %q for its %s", clip(raw), attr)
	}
	return nil, false
}

// defaultFlow finds the default flow of a node and puts it last.
func (g *graph) defaultFlow(n *node) {
	ref := strings.TrimSpace(n.attr("default"))
	if ref == "" || n.role == parallel {
		return
	}
	i := slices.IndexFunc(n.out, func(f *flow) bool { return f.attr("id") == ref })
	if i < 0 {
		if !g.lost[ref] {
			g.fatal(n.element, "bpmn/default", "remove the attribute, or name an outgoing flow", "the default flow %q does not leave %s", clip(ref), named(n.element))
		}
		return
	}
	f := n.out[i]
	f.isDefault = true
	if f.condition != "" {
		g.warn(f.element, "bpmn/default", "remove it", "the condition of a default flow means nothing")
		f.condition = ""
	}
	n.out = append(slices.Delete(n.out, i, i+1), f)
}

// ways settles what the flows out of a node without conditions mean.
func (g *graph) ways(n *node) {
	switch n.role {
	case parallel, start, events, boundary:
		for _, f := range n.out {
			if f.condition != "" {
				g.warn(f.element, "bpmn/condition", "remove it", "the condition of a flow out of %s means nothing", named(n.element))
				f.condition = ""
			}
		}
	case exclusive, inclusive:
		if !g.options.ControlOnly && len(n.out) > 1 {
			g.decide(n)
		}
	}
}

// decide gives each flow of a gateway that has neither a condition nor is the default a variable to be decided by. One
// such flow of an exclusive gateway is the default.
func (g *graph) decide(n *node) {
	var bare []*flow
	for _, f := range n.out {
		if f.condition == "" && !f.isDefault {
			bare = append(bare, f)
		}
	}
	hasDefault := n.out[len(n.out)-1].isDefault
	if n.role == exclusive && !hasDefault && len(bare) > 0 {
		f := bare[len(bare)-1]
		bare = bare[:len(bare)-1]
		f.isDefault = true
		i := slices.Index(n.out, f)
		n.out = append(slices.Delete(n.out, i, i+1), f)
		if len(bare) == 0 {
			g.warn(f.element, "bpmn/condition", "make it the default flow", "the flow has no condition and is taken as the default of %s", named(n.element))
		}
	}
	for _, f := range bare {
		f.condition = g.blankFor("takes", cmp.Or(f.attr("id"), n.attr("id")), schema.Bool)
		g.unsettled(f.element, "open/condition", "give it one, or make it the default flow", "the flow out of %s has no condition; the variable %q stands for it", named(n.element), f.condition)
	}
}

// condition reads the condition of a flow.
func (g *graph) condition(f *flow, c *element) {
	f.textLine, f.textCol = c.textLine, c.textCol
	if g.options.ControlOnly {
		f.condition = clean(c.text, schema.MaxText)
		return
	}
	f.condition = g.translated(c, c.text, "takes", cmp.Or(f.attr("id"), f.from.attr("id")), schema.Bool)
}
