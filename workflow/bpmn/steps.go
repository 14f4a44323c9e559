package bpmn

import (
	"errors"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file turns a graph into steps. The steps of a scope are a list in which each says what comes next: where that is
// the step behind it in the list, it says nothing. So the list begins where the scope begins and goes on depth first,
// and reads like one that a person wrote.

// A draft is a step in the making.
type draft struct {
	id    string
	at    *element // where it stands
	step  schema.Step
	next  string        // where it goes on; "": nowhere, or by cases
	cases []schema.Case // of a gateway
	leads []string      // where the cases lead
	ends  bool          // it goes on nowhere, and says so itself
}

// process reads one process.
func (f *file) process(e *element) (*schema.Process, error) {
	g := f.read(e)
	u := g.variables()
	steps := g.steps(g.top)
	if len(g.top.nodes) == 0 && len(g.found) == 0 {
		g.fatal(e, "bpmn/empty", "", "the process has no flow nodes")
	}
	b := schema.New(g.id, steps...).Source(f.name, f.text).Line(e.line, e.col).Found(g.found...)
	if title := titleOf(e, g.id); title != "" {
		b.Title(title)
	}
	if doc := docOf(e); doc != "" {
		b.Doc(doc)
	}
	for _, name := range u.names {
		if len(u.names) > schema.MaxVars {
			break // refused
		}
		typ := schema.Dyn
		if known := g.types[name]; known != "" {
			typ = schema.Type(known)
		}
		b.Var(name, typ)
		if u.given[name] {
			b.In(name)
		}
	}
	if f.options.ControlOnly {
		return b.BuildControl()
	}
	p, err := b.Build()
	if refused := (*schema.Error)(nil); errors.As(err, &refused) {
		for i := range refused.Findings {
			if hint, other := hints[refused.Findings[i].Code]; other {
				refused.Findings[i].Hint = hint
			}
		}
	}
	return p, err
}

// hints are those of the schema's findings that a BPMN file follows otherwise.
var hints = map[string]string{
	"schema/else":        "make one of its flows the default flow",
	"schema/unreachable": "remove it, or lead a flow to it",
	"schema/twice":       "give the flows ids",
	"schema/flow-id":     "give the flows ids",
}

// steps are the steps of a scope.
func (g *graph) steps(s *scope) []schema.Step {
	drafts := g.drafts(s)
	byID := make(map[string]*draft, len(drafts))
	for _, d := range drafts {
		byID[d.id] = d
	}
	seen := make(map[*draft]bool, len(drafts))
	var list []*draft
	for _, d := range drafts {
		todo := []*draft{d}
		for len(todo) > 0 {
			d := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if d == nil || seen[d] {
				continue
			}
			seen[d] = true
			list = append(list, d)
			if d.next != "" {
				todo = append(todo, byID[d.next])
			}
			for i := len(d.leads) - 1; i >= 0; i-- {
				todo = append(todo, byID[d.leads[i]])
			}
		}
	}
	var steps []schema.Step
	for i, d := range list {
		last := i == len(list)-1
		switch {
		case d.next != "" && (last || list[i+1].id != d.next):
			steps = append(steps, d.placed(d.step.Next(d.next)))
		case d.next == "" && len(d.cases) == 0 && !d.ends && !last:
			steps = append(steps, d.placed(d.step), d.placed(schema.End(d.id+".end")))
		default:
			steps = append(steps, d.placed(d.step))
		}
	}
	return steps
}

// drafts are the drafts of a scope, the one that it begins with first.
func (g *graph) drafts(s *scope) []*draft {
	list := g.entry(s)
	for _, n := range s.nodes {
		switch d := (&draft{id: n.id, at: n.element}); {
		case n.role == start:
		case n.role == end:
			d.step, d.ends = schema.End(n.id), true
			if n.child("terminateEventDefinition") != nil {
				d.step = d.step.Terminate()
			}
			list = append(list, d.worded())
		case n.role.gateway():
			list = append(list, g.gateway(n).worded())
		default:
			d.step = g.activity(n)
			next, more := g.leave(n)
			d.next = next
			list = append(append(list, d.worded()), more...)
		}
	}
	return list
}

// worded gives a draft the title and description of its element.
func (d *draft) worded() *draft {
	if title := titleOf(d.at, d.id); title != "" {
		d.step = d.step.Title(title)
	}
	if doc := docOf(d.at); doc != "" {
		d.step = d.step.Doc(doc)
	}
	return d
}

// placed gives a step the place of the draft that it comes from.
func (d *draft) placed(s schema.Step) schema.Step { return s.Line(d.at.line, d.at.col) }

// ended is the draft of an end that the file does not have.
func ended(e *element, id string) *draft {
	return &draft{id: id, at: e, step: schema.End(id), ends: true}
}

// entry is the draft that a scope begins with, and those that belong to it; none if that is its first node anyway.
func (g *graph) entry(s *scope) []*draft {
	if len(s.nodes) == 0 {
		return []*draft{ended(s.element, s.id+".end")}
	}
	if len(s.starts) == 1 {
		n := s.starts[0]
		next, more := g.leave(n)
		switch {
		case next == "":
			return []*draft{ended(n.element, n.id+".end")}
		case len(more) > 0:
			return more
		}
		return g.begin(next, s)
	}
	kind := schema.ParallelGateway
	var cases []schema.Case
	var leads []string
	var more []*draft
	if len(s.starts) > 1 {
		kind = schema.ExclusiveGateway
		if !g.options.ControlOnly {
			g.fatal(s.starts[1].element, "bpmn/not-yet", "make a process for each, or begin with a gateway", "a second start event beside %q is not supported yet", clip(s.starts[0].attr("id")))
			return nil
		}
	}
	for _, n := range s.starts {
		next, behind := g.leave(n)
		if next == "" {
			next = n.id + ".end"
			behind = []*draft{ended(n.element, next)}
		}
		cases, leads, more = append(cases, schema.To(next).Named(n.id)), append(leads, next), append(more, behind...)
	}
	for _, n := range s.nodes {
		if len(s.starts) == 0 && len(n.in) == 0 {
			cases, leads = append(cases, schema.To(n.id)), append(leads, n.id)
		}
	}
	switch len(leads) {
	case 0:
		first := s.nodes[0]
		g.fatal(first.element, "bpmn/start", "add a start event", "nothing begins here: there is no start event, and a flow leads to every node")
		return nil
	case 1:
		return append(more, g.begin(leads[0], s)...)
	}
	id := s.id + ".start"
	d := &draft{id: id, at: s.element, step: schema.Gateway(id, kind, cases...), cases: cases, leads: leads}
	return append([]*draft{d}, more...)
}

// begin puts the node with an id first in its scope.
func (g *graph) begin(id string, s *scope) []*draft {
	for i, n := range s.nodes {
		if n.id == id {
			copy(s.nodes[1:i+1], s.nodes[:i])
			s.nodes[0] = n
		}
	}
	return nil
}

// activity is the step of an activity.
func (g *graph) activity(n *node) schema.Step {
	var s schema.Step
	switch n.role {
	case user:
		s = schema.User(n.id)
		if lane := g.lanes[n.attr("id")]; lane != "" {
			s = s.Groups(lane)
		}
	case receive:
		s = schema.Receive(n.id, g.message(n), "")
	case subprocess:
		s = schema.Sub(n.id)
		if n.inner != nil {
			s = schema.Sub(n.id, g.steps(n.inner)...)
		}
	default:
		if variable, text := celScript(n); variable != "" {
			return schema.Script(n.id).OutExpr(variable, strings.TrimSpace(text.text))
		}
		s = schema.Service(n.id)
		if handler := clean(n.attr("implementation"), schema.MaxText); handler != "" && !strings.HasPrefix(handler, "##") {
			s = s.Handler(handler)
		}
	}
	if len(n.writes) > 0 {
		s = s.Out(n.writes...)
	}
	return s
}

// message is the name of the message that a receive task expects.
func (g *graph) message(n *node) string {
	ref := strings.TrimSpace(n.attr("messageRef"))
	m := g.messages[ref]
	if _, local, prefixed := strings.Cut(ref, ":"); m == nil && prefixed {
		m = g.messages[local]
	}
	if m != nil {
		if name := clean(m.attr("name"), schema.MaxText); name != "" {
			return name
		}
	}
	if name := clean(ref, schema.MaxText); name != "" {
		return name
	}
	return n.id
}

// titleOf is the title of an element: its name, or the id in the file if the schema has to have another.
func titleOf(e *element, id string) string {
	if name := clean(e.attr("name"), schema.MaxText); name != "" {
		return name
	}
	if raw := e.attr("id"); raw != id {
		return clean(raw, schema.MaxText)
	}
	return ""
}

// docOf is the documentation of an element.
func docOf(e *element) string {
	if d := e.child("documentation"); d != nil {
		return clean(d.text, schema.MaxText)
	}
	return ""
}
