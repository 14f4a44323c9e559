package bpmn

import (
	"fmt"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// A graph is one process of a file: its flow nodes and the flows between them, checked for what the import can read.
type graph struct {
	*file
	root  *element // the process
	id    string
	top   *scope
	known map[string]*node // flow nodes of all scopes, by the id in the file
	lost  map[string]bool  // ids of elements that are refused
	flows map[string]bool  // ids of flows
	found []schema.Finding
	count int               // flow nodes and flows
	lanes map[string]string // flow node -> the innermost lane
	types map[string]string // declared variable -> its type in the schema
}

// A scope is the process or a sub-process.
type scope struct {
	*element
	id     string
	nodes  []*node // in the order of the file
	starts []*node
}

// A node is a flow node.
type node struct {
	*element
	role   role
	id     string // in the schema
	scope  *scope
	inner  *scope // of a sub-process
	in     []*flow
	out    []*flow  // the default last
	writes []string // variables, see data.go
}

// A flow is a sequence flow.
type flow struct {
	*element
	id        string // in the schema; "" if the file gives none
	from, to  *node
	condition string // in CEL, or as written if ControlOnly; "": none
	isDefault bool
}

// read makes the graph of a process.
func (f *file) read(e *element) *graph {
	g := &graph{
		file: f, root: e, id: ID(e.attr("id")),
		known: map[string]*node{}, lost: map[string]bool{}, flows: map[string]bool{}, lanes: map[string]string{}, types: map[string]string{},
	}
	if g.id == "" {
		g.id = "process"
		g.warn(e, "bpmn/id", "give it an id", "the process has no id and is called %q", g.id)
	}
	g.top = g.scope(e, g.id)
	return g
}

func (g *graph) fatal(e *element, code, hint, format string, args ...any) {
	g.found = append(g.found, *found(e, code, hint, format, args...))
}

func (g *graph) warn(e *element, code, hint, format string, args ...any) {
	f := found(e, code, hint, format, args...)
	f.Severity = schema.Warning
	g.found = append(g.found, *f)
}

// refuse says that an element is not supported.
func (g *graph) refuse(e *element, what string) {
	g.fatal(e, "bpmn/not-yet", "", "%s is not supported yet", what)
	g.lost[e.attr("id")] = true
}

// named is an element for a message.
func named(e *element) string {
	if id := e.attr("id"); id != "" {
		return fmt.Sprintf("%s %q", e.name, clip(id))
	}
	return e.name
}

// scope reads the flow nodes in a process or sub-process, then the flows.
func (g *graph) scope(e *element, id string) *scope {
	s := &scope{element: e, id: id}
	for _, c := range e.children {
		switch role := roles[c.name]; {
		case role == 0:
			g.fatal(c, "bpmn/unknown-element", "", "BPMN has no element %q here", clip(c.name))
			g.lost[c.attr("id")] = true
		case role == later:
			g.refuse(c, named(c))
		case c.name == "laneSet":
			g.lane(c, "")
		case c.name == "property", c.name == "dataObject":
			g.declare(c)
		case role >= start:
			g.node(c, role, s)
		}
	}
	for _, c := range e.children {
		if c.name == "sequenceFlow" {
			g.flow(c, s)
		}
	}
	for _, n := range s.nodes {
		g.defaultFlow(n)
		g.ways(n)
	}
	return s
}

// room counts a node or flow and reports whether it is within the limits.
func (g *graph) room(e *element) bool {
	const most = 4 * schema.MaxSteps
	if g.count++; g.count == most+1 {
		g.fatal(e, "bpmn/too-large", "split the process", "more than %d flow nodes and flows", most)
	}
	return g.count <= most
}

// node reads one flow node.
func (g *graph) node(e *element, role role, s *scope) {
	raw := e.attr("id")
	switch {
	case !g.room(e):
		return
	case raw == "":
		g.fatal(e, "bpmn/id", "give it one", "the %s has no id", e.name)
		return
	case g.known[raw] != nil:
		g.fatal(e, "bpmn/id", "give it another id", "the id %q stands here a second time, first in line %d", clip(raw), g.known[raw].line)
		return
	}
	n := &node{element: e, role: role, id: ID(raw), scope: s}
	g.known[raw] = n
	s.nodes = append(s.nodes, n)
	if role == start {
		s.starts = append(s.starts, n)
	}
	g.parts(n)
	if role == subprocess && e.attr("triggeredByEvent") != "true" {
		n.inner = g.scope(e, n.id)
	}
}

// parts refuses what a node has that is not supported.
func (g *graph) parts(n *node) {
	refused := func(attr string) {
		g.fatal(n.element, "bpmn/not-yet", "", "%s of %s is not supported yet", attr, named(n.element))
	}
	for _, want := range [...]struct{ attr, normal string }{
		{"triggeredByEvent", "false"}, {"isForCompensation", "false"}, {"instantiate", "false"}, {"startQuantity", "1"}, {"completionQuantity", "1"},
	} {
		if value := n.attr(want.attr); value != "" && value != want.normal {
			refused(want.attr)
		}
	}
	for _, c := range n.children {
		switch role := roles[c.name]; {
		case role == later && n.role != subprocess: // what lies in a sub-process is read as its scope
			g.fatal(c, "bpmn/not-yet", "", "%s with %s is not supported yet", named(n.element), c.name)
		case c.name == "terminateEventDefinition" && n.role != end:
			g.fatal(c, "bpmn/not-yet", "", "%s with %s is not supported yet", named(n.element), c.name)
		}
	}
}

// lane notes the lane that flow nodes lie in; an inner lane wins.
func (g *graph) lane(e *element, name string) {
	for _, c := range e.children {
		switch c.name {
		case "lane":
			inner := clean(c.attr("name"), schema.MaxID)
			if inner == "" {
				inner = clean(c.attr("id"), schema.MaxID)
			}
			g.lane(c, inner)
		case "childLaneSet":
			g.lane(c, name)
		}
	}
	for _, c := range e.children {
		if ref := strings.TrimSpace(c.text); c.name == "flowNodeRef" && g.lanes[ref] == "" {
			g.lanes[ref] = name
		}
	}
}
