package bpmn

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/schema"
)

// lessons are what the first attempts to build a process of a file have shown.
type lessons struct {
	elses map[string]bool   // gateways that need a default flow
	typed map[string]string // the variables and their types, if expressions are to be compiled one by one
	env   *expr.Env         // nil if they are not

	before   []schema.Finding  // found before, warnings
	declared map[string]string // variables that the file need not declare, and their types; if free is set, the process has them
	was      map[string]string // ids of nodes and flows -> those after which variables that stand for expressions are named
	free     bool              // expressions are translated, but neither compiled nor looked at for who writes their variables
}

// A graph is one process of a file: its flow nodes and the flows between them, checked for what the import can read.
type graph struct {
	*file
	*lessons
	root   *element // the process
	id     string
	top    *scope
	known  map[string]*node    // flow nodes of all scopes, by the id in the file
	lost   map[string]bool     // ids of elements that are refused, or left out for a reason that is told
	flows  map[string]bool     // ids of flows
	lanes  map[string]string   // flow node -> the innermost lane
	links  map[string][]*node  // association: source -> flow nodes
	types  map[string]string   // declared variable -> its type in the schema
	peers  map[string][]string // flow node -> names of those at the other end of its message flows
	size   int                 // flow nodes
	count  int                 // flow nodes and flows
	large  bool                // there are too many of them
	found  []schema.Finding    // fatal ones refuse the process, warnings are shown
	open   []schema.Finding    // what keeps the process from being deployed, not from being read
	blank  []schema.Variable   // what stands for expressions that are open
	named  map[string]bool     // names of variables that stand for something
	vars   *usage
	mapped map[*element]bool // activities whose data is read, and scripts
	starts []schema.Step     // how the process begins, if not with its first step by the program
}

// A scope is the process, a sub-process, or what follows an event that does not interrupt.
type scope struct {
	*element
	id       string
	nodes    []*node // in the order of the file
	starts   []*node
	handlers []*node // event sub-processes
}

// A node is a flow node.
type node struct {
	*element
	role   role
	id     string // in the schema
	scope  *scope
	inner  *scope // of a sub-process; of a boundary event that does not interrupt
	in     []*flow
	out    []*flow    // the default last
	events []*element // event definitions
	bounds []*node    // boundary events
	undo   *node      // the activity that compensates it
	loop   *element   // its loop characteristics
	first  string     // the id of the step that comes first, if it is not the node's: see entered
	writes []string   // variables, see data.go
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
func (f *file) read(e *element, l *lessons) *graph {
	g := &graph{
		file: f, lessons: l, root: e, id: ID(e.attr("id")),
		known: map[string]*node{}, lost: map[string]bool{}, flows: map[string]bool{}, lanes: map[string]string{}, links: map[string][]*node{},
		types: map[string]string{}, named: map[string]bool{}, mapped: map[*element]bool{}, vars: &usage{at: map[string]*element{}, given: map[string]bool{}, seen: map[string]map[*node]bool{}},
	}
	if g.id == "" {
		g.id = "process"
		g.warn(e, "bpmn/id", "give it an id", "the process has no id and is called %q", g.id)
	}
	g.long(e)
	g.peers = f.partners()
	g.top = &scope{element: e, id: g.id}
	g.nodes(g.top)
	g.attach(g.top)
	g.connect(e)
	g.link(g.top)
	g.settle(g.top)
	return g
}

// executable reports whether the file says that the process is meant to be run, and not only to be looked at.
func (g *graph) executable() bool { return g.root.flag("isExecutable", false) }

func (g *graph) fatal(e *element, code, hint, format string, args ...any) {
	g.found = append(g.found, *found(e, code, hint, format, args...))
}

func (g *graph) warn(e *element, code, hint, format string, args ...any) {
	f := found(e, code, hint, format, args...)
	f.Severity = schema.Warning
	g.found = append(g.found, *f)
}

// refusing reports whether the process is refused anyway.
func (g *graph) refusing() bool {
	return slices.ContainsFunc(g.found, func(f schema.Finding) bool { return f.Severity == schema.Fatal })
}

// strict is fatal in a process that is meant to be run, where nobody should guess what it says, and a warning in one that
// is only drawn. It reports which.
func (g *graph) strict(e *element, code, hint, format string, args ...any) bool {
	if g.executable() || g.options.Strict {
		g.fatal(e, code, hint, format, args...)
		return true
	}
	g.warn(e, code, hint, format, args...)
	return false
}

// unsettled says what keeps the process from being deployed until somebody decides.
func (g *graph) unsettled(e *element, code, hint, format string, args ...any) {
	if !g.options.ControlOnly {
		f := found(e, code, hint, format, args...)
		if e.textLine > 0 {
			f.Pos = schema.Pos{Line: e.textLine, Col: e.textCol}
		}
		g.open = append(g.open, *f)
	}
}

// blankFor declares a variable that stands for an expression that is open, and returns its name.
func (g *graph) blankFor(what, id string, t schema.Type) string {
	var b strings.Builder
	b.WriteString(what + "_")
	for _, c := range cmp.Or(g.was[id], id) {
		if c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteRune(c)
		} else {
			b.WriteByte('_')
		}
	}
	base := clean(b.String(), schema.MaxID-8)
	name := base
	for i := 2; g.named[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	g.named[name] = true
	g.blank = append(g.blank, schema.Variable{Name: name, Type: t})
	return name
}

// refuse says that an element is not supported.
func (g *graph) refuse(e *element, what, hint string) {
	g.fatal(e, "bpmn/not-yet", hint, "%s is not supported", what)
	g.lost[e.attr("id")] = true
}

// named is an element for a message.
func named(e *element) string {
	if id := e.attr("id"); id != "" {
		return fmt.Sprintf("%s %q", e.name, clip(id))
	}
	return e.name
}

// nodes reads the flow nodes in a process or sub-process, and in those within.
func (g *graph) nodes(s *scope) {
	for _, c := range s.children {
		switch role := roles[c.name]; {
		case role == 0:
			g.fatal(c, "bpmn/unknown-element", "", "BPMN has no element %q here", clip(c.name))
			g.lost[c.attr("id")] = true
		case role == refused:
			g.refuse(c, named(c), instead[c.name])
		case c.name == "laneSet":
			g.lane(c, "")
		case c.name == "property", c.name == "dataObject":
			g.declare(c)
		case role >= start:
			g.node(c, role, s)
		}
	}
}

// instead is what to do without elements that are refused.
var instead = map[string]string{
	"adHocSubProcess": "say in which order its activities can be done: a parallel gateway for any, a loop for as often as wanted",
	"complexGateway":  "use an inclusive or a parallel gateway, or an activity that decides",
}

// maxParts are the flow nodes and flows of a process.
const maxParts = 4 * schema.MaxSteps

// room counts a node or flow and reports whether it is within the limits: each node is a step at least.
func (g *graph) room(e *element) bool {
	if isNode(e.name) {
		g.size++
	}
	if g.count++; !g.large && (g.count > maxParts || g.size > schema.MaxSteps) {
		g.large = true
		g.fatal(e, "bpmn/too-large", "split the process", "more than %d flow nodes, or %d with their flows", schema.MaxSteps, maxParts)
	}
	return !g.large
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
	case g.long(e):
		return
	case g.known[raw] != nil:
		g.fatal(e, "bpmn/id", "give it another id", "the id %q stands here a second time, first in line %d", clip(raw), g.known[raw].line)
		return
	}
	n := &node{element: e, role: role, id: ID(raw), scope: s}
	g.known[raw] = n
	g.parts(n)
	if n.isHandler() {
		s.handlers = append(s.handlers, n)
	} else {
		s.nodes = append(s.nodes, n)
	}
	if role == start {
		s.starts = append(s.starts, n)
	}
	if role == subprocess {
		n.inner = &scope{element: e, id: n.id}
		g.nodes(n.inner)
	}
}

// long reports whether the id of an element is too long, which is a finding.
func (g *graph) long(e *element) bool {
	raw := e.attr("id")
	if len(raw) <= schema.MaxID && len(ID(raw)) <= schema.MaxID {
		return false
	}
	g.fatal(e, "bpmn/id", "give it a shorter one", "the id %q of the %s is longer than %d bytes, each character but letters, digits, _, - and dots counted as 7 or more", clip(raw), e.name, schema.MaxID)
	g.lost[raw] = true
	return true
}

// isHandler reports whether a node is an event sub-process.
func (n *node) isHandler() bool { return n.role == subprocess && n.flag("triggeredByEvent", false) }

// entered is the id of the step that a flow to the node leads to.
func (n *node) entered() string {
	if n.first != "" {
		return n.first
	}
	return n.id
}

// parts looks at what a node has beside flows.
func (g *graph) parts(n *node) {
	for _, want := range [...]string{"startQuantity", "completionQuantity"} {
		if value := n.attr(want); value != "" && value != "1" {
			if number(value) < 1 {
				g.fatal(n.element, "bpmn/quantity", "remove it, or give it a number from 1", "%s of %s is %q", want, named(n.element), clip(value))
			} else {
				g.unsettled(n.element, "open/quantity", "use a parallel gateway", "%s of %s is not supported, and taken for 1", want, named(n.element))
			}
		}
	}
	for _, c := range n.children {
		switch c.name {
		case "standardLoopCharacteristics", "multiInstanceLoopCharacteristics":
			if !n.role.activity() || n.isHandler() {
				g.warn(c, "bpmn/loop", "remove it", "%s is no activity that could be a loop", named(n.element))
				continue
			}
			if n.loop != nil {
				g.fatal(c, "bpmn/loop", "remove one of the two", "%s has two loop characteristics", named(n.element))
			}
			n.loop = c
		}
		if roles[c.name] == definition && n.role >= start && n.role <= boundary {
			if d := g.definition(c); d != nil {
				n.events = append(n.events, d)
			}
		}
	}
	g.shape(n)
}

// definition is an event definition, or the one that a reference names; nil if there is none.
func (g *graph) definition(e *element) *element {
	if e.name != "eventDefinitionRef" {
		return e
	}
	if d := g.byRef(g.definitions, e.text); d != nil {
		return d
	}
	g.fatal(e, "bpmn/reference", "name an event definition of the file", "there is no event definition %q", clip(e.text))
	return nil
}

// byRef is what a qualified name names.
func (f *file) byRef(all map[string]*element, ref string) *element {
	ref = strings.TrimSpace(ref)
	if e := all[ref]; e != nil {
		return e
	}
	if _, local, prefixed := strings.Cut(ref, ":"); prefixed {
		return all[local]
	}
	return nil
}

// lane notes the lane that flow nodes lie in; an inner lane wins.
func (g *graph) lane(e *element, name string) {
	for _, c := range e.children {
		switch c.name {
		case "lane":
			g.lane(c, laneName(c.attr("name"), c.attr("id")))
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

// laneName is what a lane is called: by its name, or else its id.
func laneName(name, id string) string {
	return cmp.Or(clean(name, schema.MaxID), clean(id, schema.MaxID))
}
