package bpmn

import (
	"slices"

	"github.com/replank/replank/workflow/schema"
)

// This file settles, when all nodes and flows are known, where a scope begins and what nothing leads to; aside.go what
// belongs to an event that does not interrupt.

// settle does so for a scope and those within.
func (g *graph) settle(s *scope) {
	for _, n := range s.nodes {
		if n.inner != nil {
			g.settle(n.inner)
		}
		g.defaultFlow(n)
		g.ways(n)
		for _, b := range n.bounds {
			g.ways(b)
		}
	}
	for _, h := range s.handlers {
		if len(h.inner.starts) != 1 {
			g.fatal(h.element, "bpmn/start", "give it one", "the event sub-process %q has %d start events", clip(h.attr("id")), len(h.inner.starts))
		}
		g.settle(h.inner)
	}
	g.begins(s)
	main := g.cut(s)
	g.aside(s, main)
}

// begins finds what starts a process beside start events: a receive task or the events of a gateway that instantiates.
func (g *graph) begins(s *scope) {
	if s.name != "process" {
		return
	}
	for _, n := range slices.Clone(s.nodes) {
		if len(n.in) > 0 {
			continue
		}
		switch {
		case n.role == receive && n.flag("instantiate", false):
			g.starting(s, n)
		case n.role == events && n.flag("instantiate", false) && n.attr("eventGatewayType") == "Parallel":
			g.fatal(n.element, "bpmn/not-yet", "begin with one message and receive the others behind it", "%s that waits for all of several messages to begin is not supported", named(n.element))
		case n.role == events && n.flag("instantiate", false):
			for _, f := range n.out {
				f.to.in = slices.DeleteFunc(f.to.in, func(in *flow) bool { return in == f })
				if f.to.role == receive || f.to.role == catch {
					g.starting(s, f.to)
				}
			}
			s.nodes = slices.DeleteFunc(s.nodes, func(o *node) bool { return o == n })
		}
	}
}

func (g *graph) starting(s *scope, n *node) {
	if len(n.bounds) > 0 {
		g.fatal(n.bounds[0].element, "bpmn/boundary", "remove it", "%s starts the process: nothing can interrupt it", named(n.element))
	}
	n.role = start
	s.starts = append(s.starts, n)
}

// roots are the nodes that a scope begins with.
func (s *scope) roots() []*node {
	if len(s.starts) > 0 {
		return s.starts
	}
	var list []*node
	for _, n := range s.nodes {
		if len(n.in) == 0 {
			list = append(list, n)
		}
	}
	return list
}

// reach adds what can be reached from nodes to a set. What follows events that do not interrupt is so if beside is set.
func reach(set map[*node]bool, beside bool, roots ...*node) map[*node]bool {
	from := slices.Clone(roots)
	for len(from) > 0 {
		n := from[len(from)-1]
		from = from[:len(from)-1]
		if set[n] {
			continue
		}
		set[n] = true
		for _, f := range n.out {
			from = append(from, f.to)
		}
		for _, b := range n.bounds {
			if beside || b.interrupts() {
				from = append(from, b)
			}
		}
	}
	return set
}

// interrupts reports whether a boundary or start event ends what it is an event of.
func (n *node) interrupts() bool {
	return n.flag("cancelActivity", true) && (n.role != start || n.flag("isInterrupting", true))
}

// cut leaves out what nothing leads to, if the process is only drawn; in one that is meant to be run the schema refuses
// it. It returns the nodes that the scope itself leads to.
func (g *graph) cut(s *scope) map[*node]bool {
	all := reach(map[*node]bool{}, true, s.roots()...)
	adHoc := boolean(g.root.own("adHoc"), false) // jBPM: people begin what nothing leads to
	if (adHoc || !g.executable()) && len(all) > 0 && !g.refusing() {
		told := map[*node]bool{}
		for _, roots := range []bool{true, false} {
			for _, n := range s.nodes {
				if !all[n] && !told[n] && (len(n.in) == 0 || !roots) {
					reach(told, true, n)
					if adHoc {
						g.unsettled(n.element, "open/ad-hoc", "lead a flow to it", "nothing leads to %s, which people begin when they want; it is left out, with what only it leads to", named(n.element))
						continue
					}
					hint := "lead a flow to it, or remove it"
					if n.role == catch {
						hint = "make it a start event, lead a flow to it, or remove it"
					}
					g.warn(n.element, "bpmn/flow", hint, "nothing leads to %s, which is left out, with what only it leads to", named(n.element))
				}
			}
		}
		s.nodes = slices.DeleteFunc(s.nodes, func(n *node) bool { return !all[n] })
		for n := range all {
			n.in = slices.DeleteFunc(n.in, func(f *flow) bool { return !all[f.from] })
		}
	}
	return reach(map[*node]bool{}, false, s.roots()...)
}

// partners are the names of those at the other end of the message flows of flow nodes.
func (f *file) partners() map[string][]string {
	if f.peers != nil {
		return f.peers
	}
	names := map[string]string{}
	peers := map[string][]string{}
	f.peers = peers
	nameOf := func(ref string) string {
		if name := names[ref]; name != "" {
			return name
		}
		for e := f.ids[ref]; e != nil; e = e.parent {
			if name := names[e.attr("id")]; e.name == "process" && name != "" {
				return name
			}
		}
		return ""
	}
	for _, c := range f.root.children {
		for _, p := range c.children {
			if p.name == "participant" {
				name := clean(p.attr("name"), schema.MaxID)
				names[p.attr("id")] = name
				if process := f.byRef(f.ids, p.attr("processRef")); process != nil {
					names[process.attr("id")] = name
				}
			}
		}
	}
	for _, c := range f.root.children {
		for _, m := range c.children {
			if m.name != "messageFlow" {
				continue
			}
			from, to := m.attr("sourceRef"), m.attr("targetRef")
			if name := nameOf(to); name != "" {
				peers[from] = append(peers[from], name)
			}
			if name := nameOf(from); name != "" {
				peers[to] = append(peers[to], name)
			}
		}
	}
	return peers
}
