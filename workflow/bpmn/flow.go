package bpmn

import (
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// flow reads a sequence flow between two nodes of a scope.
func (g *graph) flow(e *element, s *scope) {
	if !g.room(e) {
		return
	}
	raw := e.attr("id")
	if raw != "" && (g.flows[raw] || g.known[raw] != nil) {
		g.warn(e, "bpmn/id", "give it another id", "the id %q stands here a second time; the flow is taken as one without", clip(raw))
		raw = ""
	}
	g.flows[raw] = true
	from, known := g.endOf(e, "sourceRef", s)
	to, knownTo := g.endOf(e, "targetRef", s)
	if !known || !knownTo {
		return
	}
	switch {
	case from.role == end:
		g.fatal(e, "bpmn/flow", "remove it", "a flow leaves the end event %q", clip(from.attr("id")))
		return
	case to.role == start:
		g.fatal(e, "bpmn/flow", "lead it to what follows the start event", "a flow leads into the start event %q", clip(to.attr("id")))
		return
	}
	f := &flow{element: e, id: ID(raw), from: from, to: to}
	if c := e.child("conditionExpression"); c != nil && strings.TrimSpace(c.text) != "" {
		g.condition(f, c)
	}
	from.out = append(from.out, f)
	to.in = append(to.in, f)
}

// endOf is the node at one end of a flow. ok is false if the flow is to be left out, for a reason that is reported.
func (g *graph) endOf(e *element, attr string, s *scope) (n *node, ok bool) {
	raw := strings.TrimSpace(e.attr(attr))
	n = g.known[raw]
	if n == nil { // a qualified name
		if _, local, prefixed := strings.Cut(raw, ":"); prefixed {
			n = g.known[local]
		}
	}
	switch {
	case n != nil && n.scope == s:
		return n, true
	case n != nil:
		g.fatal(e, "bpmn/flow", "lead it to the sub-process itself", "the flow crosses the border of a sub-process: its %s %q lies elsewhere", attr, clip(raw))
	case raw == "":
		g.fatal(e, "bpmn/flow", "remove it, or connect it", "the flow has no %s", attr)
	case !g.lost[raw]:
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
		if !g.lost[ref] && !g.flows[ref] {
			g.warn(n.element, "bpmn/default", "remove the attribute, or name an outgoing flow", "the default flow %q does not leave %s", clip(ref), named(n.element))
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
	case parallel, start:
		for _, f := range n.out {
			if f.condition != "" {
				g.warn(f.element, "bpmn/condition", "remove it", "the condition of a flow out of %s means nothing", named(n.element))
				f.condition = ""
			}
		}
	case exclusive, inclusive:
		if g.options.ControlOnly || len(n.out) < 2 {
			return
		}
		var bare []*flow
		for _, f := range n.out {
			if f.condition == "" && !f.isDefault {
				bare = append(bare, f)
			}
		}
		hasDefault := n.out[len(n.out)-1].isDefault
		if len(bare) == 1 && !hasDefault && len(n.out) > 1 && n.role == exclusive {
			f := bare[0]
			g.warn(f.element, "bpmn/condition", "make it the default flow", "the flow has no condition and is taken as the default of %s", named(n.element))
			f.isDefault = true
			i := slices.Index(n.out, f)
			n.out = append(slices.Delete(n.out, i, i+1), f)
			return
		}
		for _, f := range bare {
			g.fatal(f.element, "bpmn/condition", "give it one, or make it the default flow", "the flow out of %s has no condition", named(n.element))
		}
	}
}

// condition reads the condition of a flow.
func (g *graph) condition(f *flow, c *element) {
	f.textLine, f.textCol = c.textLine, c.textCol
	if g.options.ControlOnly {
		f.condition = clean(c.text, schema.MaxText)
		return
	}
	cel, err := toCEL(c.text, c.attr("language"))
	f.condition = cel
	if err != nil {
		g.notCEL(c, err)
		f.condition = "true" // whatever; the process is refused
	}
}

func (g *graph) notCEL(e *element, err error) {
	f := found(e, "bpmn/condition", "write it in CEL, as in amount > 100 && approved", "%q cannot become CEL: %v", clip(e.text), err)
	f.Pos = schema.Pos{Line: e.textLine, Col: e.textCol}
	g.found = append(g.found, *f)
}
