package bpmn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file finds elements that are the same under another id. Most tools change the id of a node and leave its flows as
// they are, or the other way round. Some number everything anew: then what is the same is found by going from what is
// known along the flows, to what they lead to.

// refer finds messages and the like that say the same under another id.
func (d *edits) refer() {
	var says func(e *plainElement) string
	says = func(e *plainElement) string {
		list := []string{e.name.Space + e.name.Local, e.text}
		for _, a := range e.attrs {
			if a.Name.Local != "id" && a.Name.Space+a.Name.Local != "xmlns" && a.Name.Space != "xmlns" {
				list = append(list, a.Name.Space+a.Name.Local+"="+a.Value)
			}
		}
		for _, c := range e.own() {
			list = append(list, says(c))
		}
		slices.Sort(list)
		return fmt.Sprintf("%q", list)
	}
	lost := func(all, others map[string]*plainElement) map[string][]string {
		by := map[string][]string{}
		for _, id := range slices.Sorted(maps.Keys(all)) {
			if e := all[id]; rooted(e) && others[id] == nil {
				by[says(e)] = append(by[says(e)], id)
			}
		}
		return by
	}
	before := lost(d.written, d.file)
	for key, list := range lost(d.file, d.written) { //lint:sorted each is on its own
		if old := before[key]; len(list) == 1 && len(old) == 1 {
			d.was[list[0]] = old[0]
		}
	}
}

// rename finds elements that are the same under another id: a flow between the same nodes, a node with the same flows.
func (d *edits) rename() {
	ends := func(all map[string]*plainElement, name func(string) string) (flows map[string][]string, nodes map[string][]string) {
		flows, nodes = map[string][]string{}, map[string][]string{}
		for _, id := range slices.Sorted(maps.Keys(all)) {
			e := all[id]
			if e.name.Local == "sequenceFlow" {
				from, to := e.attr("sourceRef"), e.attr("targetRef")
				key := from + " " + to
				flows[key] = append(flows[key], id)
				nodes[from] = append(nodes[from], "out "+name(id))
				nodes[to] = append(nodes[to], "in "+name(id))
			}
		}
		return flows, nodes
	}
	oldFlows, _ := ends(d.written, d.origin)
	nowFlows, _ := ends(d.file, d.origin)
	for key, list := range nowFlows { //lint:sorted each pair of nodes is on its own
		if old := oldFlows[key]; len(list) == 1 && len(old) == 1 && d.written[list[0]] == nil && d.file[old[0]] == nil {
			d.was[list[0]] = old[0]
		}
	}
	_, oldNodes := ends(d.written, d.origin)
	_, nowNodes := ends(d.file, d.origin)
	signed := map[string][]string{} // element and flows -> nodes that are gone
	sign := func(e *plainElement, flows []string) string {
		slices.Sort(flows)
		return e.name.Local + " " + strings.Join(flows, " ")
	}
	for _, id := range slices.Sorted(maps.Keys(oldNodes)) {
		if e := d.written[id]; e != nil && d.file[id] == nil {
			key := sign(e, oldNodes[id])
			signed[key] = append(signed[key], id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(nowNodes)) {
		if e := d.file[id]; e != nil && d.written[id] == nil {
			if old := signed[sign(e, nowNodes[id])]; len(old) == 1 {
				d.was[id] = old[0]
			}
		}
	}
}

// A plan is how the elements of a process hang together.
type plan struct {
	nodes, flows map[string]*plainElement
	in, out      map[string][]string        // flows of a node
	held         map[string][]string        // start events and event sub-processes of a scope, events at an activity, what an event undoes it with
	undo         map[string][]*plainElement // associations from an event to nodes
}

// planOf is the plan of a process.
func planOf(process *plainElement) *plan {
	p := &plan{
		nodes: map[string]*plainElement{"": process}, flows: map[string]*plainElement{},
		in: map[string][]string{}, out: map[string][]string{}, held: map[string][]string{}, undo: map[string][]*plainElement{},
	}
	var ties []*plainElement
	var visit func(e *plainElement, scope string)
	visit = func(e *plainElement, scope string) {
		for _, c := range e.children {
			id := c.attr("id")
			switch {
			case c.name.Space == model && c.name.Local == "association":
				ties = append(ties, c)
			case !isOwner(c):
			case c.name.Local == "sequenceFlow":
				p.flows[id] = c
				from, to := c.attr("sourceRef"), c.attr("targetRef")
				p.out[from], p.in[to] = append(p.out[from], id), append(p.in[to], id)
			default:
				p.nodes[id] = c
				if host := c.attr("attachedToRef"); host != "" {
					p.held[host] = append(p.held[host], id)
				} else if c.name.Local == "startEvent" || c.attr("triggeredByEvent") == "true" {
					p.held[scope] = append(p.held[scope], id)
				}
				visit(c, id)
			}
		}
	}
	visit(process, "")
	for _, c := range ties {
		from, to := c.attr("sourceRef"), c.attr("targetRef")
		if e := p.nodes[from]; e != nil && e.name.Local == "boundaryEvent" && p.nodes[to] != nil && from != "" && to != "" {
			p.held[from] = append(p.held[from], to)
			p.undo[from] = append(p.undo[from], c)
		}
	}
	return p
}

// look is how a node looks to who does not know its id.
func (p *plan) look(id string) string {
	e := p.nodes[id]
	if e == nil {
		return ""
	}
	kinds := []string{e.name.Local, e.attr("name")}
	for _, c := range e.own() {
		if roles[c.name.Local] == definition {
			kinds = append(kinds, c.name.Local)
		} else if c.name.Local == "startEvent" && e.attr("triggeredByEvent") == "true" {
			kinds = append(kinds, p.look(c.attr("id")))
		}
	}
	return fmt.Sprintf("%q %d %d", kinds, len(p.in[id]), len(p.out[id]))
}

// A lead is what hangs together with a node, and the flow to or from it, if it is one.
type lead struct{ node, flow string }

// leads are those of a node, by how they look. known says what a node is called in both plans, "" if it is not known.
func (p *plan) leads(id string, known func(string) string) map[string][]lead {
	all := map[string][]lead{}
	add := func(way string, l lead) {
		look := cmp.Or(known(l.node), "?"+p.look(l.node))
		if e := p.flows[l.flow]; e != nil {
			look += " " + e.attr("name") + " " + e.child(model, "conditionExpression").text
		}
		key := way + " " + look
		all[key] = append(all[key], l)
	}
	for _, other := range p.held[id] {
		add("holds", lead{node: other})
	}
	for _, flow := range p.out[id] {
		add("out", lead{p.flows[flow].attr("targetRef"), flow})
	}
	for _, flow := range p.in[id] {
		add("in", lead{p.flows[flow].attr("sourceRef"), flow})
	}
	return all
}

// follow goes from what is the same in two plans to what looks the same beside it.
func (d *edits) follow(before, now *plan) {
	claimed := map[string]string{} // of before -> of now
	var todo []string
	for _, id := range slices.Sorted(maps.Keys(now.nodes)) {
		if before.nodes[d.origin(id)] != nil {
			claimed[d.origin(id)] = id
			todo = append(todo, id)
		}
	}
	for id := range now.flows { //lint:sorted each is on its own
		if before.flows[d.origin(id)] != nil {
			claimed[d.origin(id)] = id
		}
	}
	same := func(id string) string {
		if was := d.origin(id); claimed[was] == id && id != "" {
			return "=" + was
		}
		return ""
	}
	left := func(id string) string {
		if claimed[id] != "" {
			return "=" + id
		}
		return ""
	}
	for len(todo) > 0 {
		id := todo[0]
		todo = todo[1:]
		old := before.leads(d.origin(id), left)
		leads := now.leads(id, same)
		for _, key := range slices.Sorted(maps.Keys(leads)) {
			if len(leads[key]) != 1 || len(old[key]) != 1 {
				continue
			}
			to, was := leads[key][0], old[key][0]
			if to.flow != "" && same(to.flow) == "" && left(was.flow) == "" {
				d.was[to.flow], claimed[was.flow] = was.flow, to.flow
			}
			if same(to.node) == "" && left(was.node) == "" && now.nodes[to.node] != nil && before.nodes[was.node] != nil {
				d.was[to.node], claimed[was.node] = was.node, to.node
				todo = append(todo, to.node)
			}
		}
	}
	d.unclear = map[string][]string{}
	for _, id := range slices.Sorted(maps.Values(claimed)) {
		old := before.leads(d.origin(id), left)
		for key, list := range now.leads(id, same) { //lint:sorted each is on its own
			for _, to := range list {
				if same(to.node) == "" && now.nodes[to.node] != nil {
					for _, was := range old[key] {
						d.unclear[to.node] = append(d.unclear[to.node], was.node)
					}
				}
			}
		}
	}
}

// tied compares what undoes the activity of an event.
func (d *edits) tied(at edit, was, now *plainElement) {
	if was.name.Local != "boundaryEvent" || now.name.Local != "boundaryEvent" {
		return
	}
	left := map[string]bool{}
	for _, c := range d.before.undo[at.id] {
		left[c.attr("targetRef")] = true
	}
	at.path = []string{"association"}
	for _, c := range d.now.undo[now.attr("id")] {
		to := d.origin(c.attr("targetRef"))
		if !left[to] {
			at.now, at.at = c.attr("targetRef"), c
			d.add(at)
		}
		delete(left, to)
	}
	if len(left) > 0 {
		at.now, at.at, at.gone = "", now, true
		d.add(at)
	}
}
