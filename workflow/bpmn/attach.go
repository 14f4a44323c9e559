package bpmn

import (
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file joins what BPMN joins by other means than sequence flows: boundary events and their activity, compensations
// and what they undo, links.

// attach gives boundary events to their activities and takes them out of the list of nodes, and takes compensations out.
func (g *graph) attach(s *scope) {
	for _, list := range [][]*node{s.nodes, s.handlers} {
		for _, n := range list {
			if n.inner != nil {
				g.attach(n.inner)
			}
		}
	}
	g.associations(s.element)
	for _, n := range s.nodes {
		if n.role == boundary {
			g.bind(n)
		}
	}
	s.nodes = slices.DeleteFunc(s.nodes, func(n *node) bool { return n.role == boundary || n.undoes() })
}

// undoes reports whether a node is a compensation.
func (n *node) undoes() bool { return n.role.activity() && n.flag("isForCompensation", false) }

// associations notes the associations of a scope.
func (g *graph) associations(e *element) {
	for _, c := range e.children {
		if c.name != "association" {
			continue
		}
		from, to := strings.TrimSpace(c.attr("sourceRef")), strings.TrimSpace(c.attr("targetRef"))
		if n := g.known[to]; n != nil {
			g.links[from] = append(g.links[from], n)
		}
	}
}

// bind gives a boundary event to its activity.
func (g *graph) bind(n *node) {
	ref := strings.TrimSpace(n.attr("attachedToRef"))
	host := g.known[ref]
	if _, local, prefixed := strings.Cut(ref, ":"); host == nil && prefixed {
		host = g.known[local]
	}
	switch {
	case host == nil && g.lost[ref], len(n.events) == 0:
		return // told already
	case host == nil || !host.role.activity() || host.scope != n.scope:
		g.fatal(n.element, "bpmn/boundary", "attach it to an activity of the same process or sub-process", "%s is not attached to an activity: %q", named(n.element), clip(ref))
		return
	}
	beside := !n.flag("cancelActivity", true)
	for _, d := range n.events {
		switch kind := kindOf(d); {
		case kind == "cancel" && host.name != "transaction":
			g.fatal(n.element, "bpmn/cancel", "attach it to a transaction, or wait for an error", "%s waits for a transaction to be cancelled, but %s is none", named(n.element), named(host.element))
		case beside && (kind == "error" || kind == "cancel" || kind == "compensate"):
			g.fatal(n.element, "bpmn/interrupt", `remove cancelActivity="false"`, "%s cannot leave its activity alone: it waits for what ends it", named(n.element))
		}
	}
	if n.alone("compensate") != nil {
		g.undo(host, n)
		return
	}
	host.bounds = append(host.bounds, n)
}

// undo gives an activity the one that undoes it.
func (g *graph) undo(host, n *node) {
	targets := g.links[n.attr("id")]
	switch {
	case len(targets) == 0:
		g.warn(n.element, "bpmn/compensation", "lead an association to the activity that undoes", "%s leads to no activity that undoes %s", named(n.element), named(host.element))
	case !targets[0].role.activity() || targets[0].scope != host.scope:
		g.fatal(n.element, "bpmn/compensation", "lead it to an activity beside it", "the association of %s does not lead to an activity that can undo", named(n.element))
	case !targets[0].undoes():
		g.fatal(targets[0].element, "bpmn/compensation", `give it isForCompensation="true"`, "%s undoes %s but is not marked as a compensation", named(targets[0].element), named(host.element))
	case host.undo != nil:
		g.fatal(n.element, "bpmn/compensation", "put both into a sub-process", "%s is undone by two activities", named(host.element))
	default:
		host.undo = targets[0]
	}
}

// link leads link events to one another within a scope: from each that throws to the one that catches which it names as
// its target, or else has its name (BPMN 2.0.2, 10.5.1).
func (g *graph) link(s *scope) {
	var throwing, catching []*node
	for _, n := range s.nodes {
		if n.inner != nil {
			g.link(n.inner)
		}
		switch {
		case n.alone("link") == nil:
		case n.name == "intermediateCatchEvent":
			catching = append(catching, n)
		default:
			throwing = append(throwing, n)
		}
	}
	for _, n := range s.handlers {
		g.link(n.inner)
	}
	all := g.targets(catching)
	for _, n := range throwing {
		to := g.catcher(n, all)
		switch {
		case len(n.out) > 0:
			g.strict(n.element, "bpmn/link", "remove the flow", "a flow leaves the link %s", named(n.element))
		case to == nil:
			g.strict(n.element, "bpmn/link", "give it the name of a link event beside it that catches", "nothing catches the link %s", named(n.element))
		default:
			g.sourced(n, to, all)
			f := &flow{element: n.element, from: n, to: to}
			n.out, to.in = append(n.out, f), append(to.in, f)
		}
	}
	for _, n := range catching {
		if len(n.in) == 0 {
			g.strict(n.element, "bpmn/link", "give it the name of a link event beside it that throws", "nothing throws the link %s", named(n.element))
			g.lost[n.attr("id")] = true
		}
	}
}

// targets are the link events of a scope that catch.
type targets struct {
	byID    map[string]*node
	byName  map[string][]*node
	sources map[*node]map[string]bool // what each names as its sources
}

// targets indexes those of a scope.
func (g *graph) targets(catching []*node) *targets {
	t := &targets{byID: map[string]*node{}, byName: map[string][]*node{}, sources: map[*node]map[string]bool{}}
	for _, c := range catching {
		d := c.alone("link")
		if id := clean(d.attr("id"), schema.MaxText); id != "" && t.byID[id] == nil {
			t.byID[id] = c
		}
		name := clean(d.attr("name"), schema.MaxText)
		t.byName[name] = append(t.byName[name], c)
		t.sources[c] = map[string]bool{}
		for _, source := range d.all("source") {
			t.sources[c][clean(source.text, 200)] = true
		}
	}
	return t
}

// catcher is the link event that catches what another throws, nil if none does. If several do, that is reported, once.
func (g *graph) catcher(n *node, t *targets) *node {
	d := n.alone("link")
	for _, target := range d.all("target") {
		if c := t.byID[clean(target.text, schema.MaxText)]; c != nil {
			return c
		}
	}
	name := clean(d.attr("name"), schema.MaxText)
	list := t.byName[name]
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	for i, c := range list[1:] {
		g.fatal(c.element, "bpmn/link", "give it another name", "%s catches the same link as %s", named(c.element), named(list[i].element))
	}
	t.byName[name] = []*node{last}
	return last
}

// sourced checks that a link that names where it comes from is right.
func (g *graph) sourced(from, to *node, t *targets) {
	sources := t.sources[to]
	if d := from.alone("link"); len(sources) > 0 && !sources[clean(d.attr("id"), 200)] && !sources[clean(d.attr("name"), 200)] {
		g.fatal(to.element, "bpmn/link", "name each source, or none", "the link %s leads to %s, which names other sources", named(from.element), named(to.element))
	}
}
