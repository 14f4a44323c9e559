package bpmn

import (
	"slices"
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
	leads []string      // where the cases lead, and what interrupts it
	ends  bool          // it goes on nowhere, and says so itself
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
			for i := len(d.leads) - 1; i >= 0; i-- {
				todo = append(todo, byID[d.leads[i]])
			}
			if d.next != "" {
				todo = append(todo, byID[d.next])
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
	for _, n := range s.nodes {
		n.first = first(n)
	}
	list := g.entry(s)
	for _, n := range s.nodes {
		switch {
		case n.role == start:
		case n.role == end:
			list = append(list, g.end(n)...)
		case n.role == catch:
			list = append(list, g.caught(n)...)
		case n.role == throw:
			list = append(list, g.throws(n)...)
		case n.role == events:
			list = append(list, g.race(n)...)
		case n.role == pass:
			next, more := g.leave(n)
			d := &draft{id: n.id, at: n.element, step: schema.Gateway(n.id, schema.ExclusiveGateway), next: next}
			list = append(append(list, d.worded()), more...)
		case n.role.gateway():
			list = append(list, g.gateway(n).worded())
		default:
			list = append(list, g.work(n)...)
		}
	}
	return list
}

// first is the id of the step that a flow to a node leads to, "" if it is the node's.
func first(n *node) string {
	switch {
	case n.loop != nil && n.loop.name == "multiInstanceLoopCharacteristics":
		return n.id + ".each"
	case n.loop != nil:
		return n.id + ".loop"
	case n.role == end && len(n.events) > 1:
		return eventID(n, 0)
	}
	return ""
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

// end are the drafts of an end event. What ends the scope comes last.
func (g *graph) end(n *node) []*draft {
	d := &draft{id: n.id, at: n.element, step: schema.End(n.id), ends: true}
	if len(n.events) == 0 {
		return []*draft{d.worded()}
	}
	last := len(n.events) - 1
	for i, e := range n.events {
		if kind := kindOf(e); kind == "terminate" || kind == "error" || kind == "cancel" {
			n.events[i], n.events[last] = n.events[last], n.events[i]
			break
		}
	}
	var list []*draft
	for i, e := range n.events[:last] {
		t := &draft{id: eventID(n, i), at: e, step: g.thrown(n, e, eventID(n, i), false), next: eventID(n, i+1)}
		if i == last-1 {
			t.next = n.id
		}
		list = append(list, t)
	}
	d.step = g.thrown(n, n.events[last], n.id, true)
	return append(list, d.worded())
}

// throws are the drafts of an intermediate throw event.
func (g *graph) throws(n *node) []*draft {
	next, more := g.leave(n)
	var list []*draft
	for i, e := range n.events {
		id := n.id
		if i > 0 {
			id = eventID(n, i)
		}
		d := &draft{id: id, at: n.element, step: g.thrown(n, e, id, false), next: next}
		if i < len(n.events)-1 {
			d.next = eventID(n, i+1)
		}
		list = append(list, d)
	}
	list[0].worded()
	return append(list, more...)
}

// caught are the drafts of an intermediate catch event.
func (g *graph) caught(n *node) []*draft {
	next, more := g.leave(n)
	if len(n.events) == 1 {
		d := &draft{id: n.id, at: n.element, step: g.waited(n, n.id), next: next}
		return append([]*draft{d.worded()}, more...)
	}
	all := n.flag("parallelMultiple", false)
	d := &draft{id: n.id, at: n.element}
	list := []*draft{d}
	switch and := n.id + ".and"; {
	case all: // the gateway merges what leads to it, and another forks: one that did both would join
		d.step, d.next = schema.Gateway(n.id, schema.ExclusiveGateway), n.id+".start"
		d.worded()
		d = &draft{id: d.next, at: n.element}
		list = append(list, d, &draft{id: and, at: n.element, step: schema.Gateway(and, schema.ParallelGateway), next: next})
		next = and
	case next == "":
		next = n.id + ".end"
		more = append(more, ended(n.element, next))
	case len(more) > 0:
		more = append(more, merged(n, and, next))
		next = and
	}
	for i, e := range n.events {
		id := eventID(n, i)
		d.cases, d.leads = append(d.cases, schema.To(id)), append(d.leads, id)
		list = append(list, &draft{id: id, at: e, step: g.wait(n, e, id), next: next})
	}
	if all {
		d.step = schema.Gateway(d.id, schema.ParallelGateway, d.cases...)
		return append(list, more...)
	}
	d.step = schema.Gateway(n.id, schema.EventGateway, d.cases...)
	d.worded()
	if onlyRaced(n) {
		list = list[1:] // the gateway before it leads to its events
	}
	return append(list, more...)
}

// waited is the step of an event that waits for one thing, with the data of its message.
func (g *graph) waited(n *node, id string) schema.Step {
	s := g.wait(n, n.events[0], id)
	if kindOf(n.events[0]) == "message" {
		s = g.data(n, s)
	}
	return s
}

// merged is the draft of a gateway in which several ways of a node come together before a gateway that would join them.
func merged(n *node, id, next string) *draft {
	return &draft{id: id, at: n.element, step: schema.Gateway(id, schema.ExclusiveGateway), next: next}
}

// onlyRaced reports whether all flows to a node come from event gateways.
func onlyRaced(n *node) bool {
	for _, f := range n.in {
		if f.from.role != events {
			return false
		}
	}
	return len(n.in) > 0
}

// race is the draft of an event gateway. In a process that is only drawn it may lead to something else than events: it is
// then a choice that nobody says how to make.
func (g *graph) race(n *node) []*draft {
	d := &draft{id: n.id, at: n.element}
	var more []*draft // copies of events that are reached in another way too
	lead := func(id string, f *flow) {
		c := schema.To(id)
		if f.id != "" && id == f.to.id {
			c = c.Named(f.id)
		}
		d.cases, d.leads = append(d.cases, c.Line(f.line, f.col)), append(d.leads, id)
	}
	for i, f := range n.out {
		switch t := f.to; {
		case t.role == receive && t.loop == nil && len(t.bounds) > 0:
			g.fatal(f.element, "bpmn/event-gateway", "use a catch event", "%s leads to %s, which has boundary events", named(n.element), named(t.element))
		case slices.ContainsFunc(n.out[:i], func(o *flow) bool { return o.to == t }):
			// twice the same event is once
		case t.role == catch && len(t.events) == 1 && slices.ContainsFunc(t.in, func(o *flow) bool { return o.from != n }):
			id := eventID(n, len(more))
			next, forks := g.leave(t)
			if len(forks) > 0 {
				g.fatal(t.element, "bpmn/not-yet", "lead one flow to a gateway", "%s follows an event gateway and something else, and several flows leave it; that is not supported", named(t.element))
			}
			more = append(more, &draft{id: id, at: t.element, step: g.waited(t, id), next: next})
			lead(id, f)
		case t.role == receive && t.loop == nil || t.role == catch && len(t.events) == 1:
			lead(t.id, f)
		case t.role == catch && !t.flag("parallelMultiple", false):
			for i := range t.events {
				lead(eventID(t, i), f)
			}
		default:
			if !g.strict(f.element, "bpmn/event-gateway", "lead it to catch events and receive tasks", "%s leads to %s, which waits for no event", named(n.element), named(t.element)) {
				return g.guessed(n)
			}
		}
	}
	switch {
	case len(n.out) == 0:
		d.step = schema.Gateway(n.id, schema.ExclusiveGateway)
		d.cases = nil
		return []*draft{d.worded()}
	case len(d.cases) == 0:
		return nil // refused
	}
	d.step = schema.Gateway(n.id, schema.EventGateway, d.cases...)
	return append([]*draft{d.worded()}, more...)
}

// guessed takes an event gateway for an exclusive one.
func (g *graph) guessed(n *node) []*draft {
	n.role = exclusive
	if len(n.out) > 1 && !g.options.ControlOnly {
		g.decide(n)
	}
	return []*draft{g.gateway(n).worded()}
}

// titleOf is the title of an element: its name, or the id in the file if the schema has to have another.
func titleOf(e *element, id string) string {
	if name := clean(e.attr("name"), schema.MaxText); name != "" {
		return name
	}
	if raw := e.attr("id"); raw != id && ID(raw) == id {
		return clean(raw, schema.MaxText)
	}
	return ""
}

// docOf is the documentation of an element.
func docOf(e *element) string {
	if d := e.child("documentation"); d != nil {
		return clean(strings.TrimSpace(d.text), schema.MaxText)
	}
	return ""
}
