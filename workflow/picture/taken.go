package picture

import (
	"strings"

	"github.com/replank/replank/internal/diagram"
	"github.com/replank/replank/workflow/schema"
)

// A tour finds out which flows a run has taken, from what it has done. What it tells is what must have been: an activity
// that is done sends its token along its only flow, a gateway that merges passes on what it gets, one that splits in
// parallel sends a token everywhere, one that joins when it has all. Where a gateway chose, the run itself tells.
type tour struct {
	g      *schema.Graph
	ins    map[string][]int
	outs   map[string][]int
	done   map[string]bool // activities and events that were done
	now    map[string]bool // those that are waited for, or failed
	chosen map[int]bool    // flows that a gateway chose
	taken  map[int]bool
	gates  map[string]bool
	hosts  map[string]string // boundary event -> its activity
	begun  bool
}

func newTour(g *schema.Graph) *tour {
	t := &tour{
		g: g, ins: map[string][]int{}, outs: map[string][]int{}, done: map[string]bool{}, now: map[string]bool{},
		chosen: map[int]bool{}, taken: map[int]bool{}, gates: map[string]bool{}, hosts: map[string]string{},
	}
	for i := range g.Nodes {
		t.gates[g.Nodes[i].ID] = diagram.Diamond(g.Nodes[i].Kind)
		if h := g.Nodes[i].Host; h != "" {
			t.hosts[g.Nodes[i].ID] = h
		}
	}
	for i, f := range g.Flows {
		t.outs[f.From] = append(t.outs[f.From], i)
		t.ins[f.To] = append(t.ins[f.To], i)
	}
	return t
}

// choose notes that a gateway took the flow of a name. The test of a repeat is drawn at its beginning or at its end.
func (t *tour) choose(node, name string) bool {
	for _, id := range [...]string{node, strings.TrimSuffix(node, ".join")} {
		for _, i := range t.outs[id] {
			if t.g.Flows[i].Name == name && name != "" {
				t.chosen[i] = true
				return true
			}
		}
	}
	return false
}

// follow finds the flows taken, and the gateways and implicit events that were passed.
func (t *tour) follow() (passed map[string]bool) {
	passed = map[string]bool{}
	for changed := true; changed; {
		changed = false
		for i := range t.g.Nodes {
			n := &t.g.Nodes[i]
			if !passed[n.ID] && t.passes(n, passed) {
				passed[n.ID] = true
				changed = true
			}
			if !passed[n.ID] {
				continue
			}
			for _, f := range t.outs[n.ID] {
				if !t.taken[f] && t.takes(n, f) {
					t.taken[f] = true
					changed = true
				}
			}
		}
	}
	return passed
}

// passes reports whether a token has gone through a node.
func (t *tour) passes(n *schema.FlowNode, passed map[string]bool) bool {
	came, all := false, true
	for _, f := range t.ins[n.ID] {
		came = came || t.taken[f]
		all = all && t.taken[f]
	}
	switch n.Kind {
	case schema.StartEvent:
		return n.Scope == "" && t.begun || n.Scope != "" && t.within(n.Scope) || t.done[n.ID]
	case schema.EndEvent:
		return came || t.done[n.ID]
	case schema.ExclusiveGateway, schema.EventGateway:
		return came
	case schema.ParallelGateway:
		return came && all
	case schema.InclusiveGateway:
		return came && (len(t.ins[n.ID]) == 1 || t.decided(n.ID) || t.ahead(n.ID, map[string]bool{}) || !t.awaited(n.ID))
	case schema.SubProcess, schema.EventSubProcess:
		return t.done[n.ID] || came && (t.over(n.ID, passed) || t.ahead(n.ID, map[string]bool{})) // in an iteration before
	}
	return t.done[n.ID]
}

// takes reports whether a node that was passed sent a token along a flow.
func (t *tour) takes(n *schema.FlowNode, f int) bool {
	to := t.g.Flows[f].To
	switch {
	case t.g.Flows[f].Name != "":
		return t.chosen[f]
	case n.Kind == schema.EventGateway:
		return t.done[to]
	}
	return true
}

func (t *tour) decided(id string) bool {
	for _, f := range t.outs[id] {
		if t.chosen[f] {
			return true
		}
	}
	return false
}

// ahead reports whether something behind a node, gateways left aside, has happened or is waited for: when an inclusive
// join or a subprocess was over no event tells.
func (t *tour) ahead(id string, seen map[string]bool) bool {
	for _, f := range t.outs[id] {
		to := t.g.Flows[f].To
		if t.done[to] || t.now[to] || t.within(to) {
			return true
		}
		if _, more := t.outs[to]; more && t.gates[to] && !seen[to] {
			seen[to] = true
			if t.ahead(to, seen) {
				return true
			}
		}
	}
	return false
}

// awaited reports whether a token may still come to an inclusive join from what is waited for.
func (t *tour) awaited(id string) bool {
	seen := map[string]bool{id: true}
	todo := []string{id}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for _, f := range t.ins[at] {
			from := t.g.Flows[f].From
			if t.now[from] || t.busy(from) || t.now[t.hosts[from]] || t.busy(t.hosts[from]) {
				return true
			}
			if !seen[from] {
				seen[from] = true
				todo = append(todo, from)
			}
		}
	}
	return false
}

// within reports whether something in a subprocess, of any depth, has happened or is waited for.
func (t *tour) within(scope string) bool {
	if scope == "" {
		return false
	}
	for i := range t.g.Nodes {
		if n := &t.g.Nodes[i]; n.Scope == scope && (t.done[n.ID] || t.now[n.ID] || n.Kind == schema.SubProcess && t.within(n.ID)) {
			return true
		}
	}
	return false
}

// over reports whether a scope has ended: an end of it was reached, and nothing in it is waited for.
func (t *tour) over(scope string, passed map[string]bool) bool {
	ended := false
	for i := range t.g.Nodes {
		n := &t.g.Nodes[i]
		if n.Scope != scope {
			continue
		}
		ended = ended || n.Kind == schema.EndEvent && passed[n.ID]
		if t.now[n.ID] || n.Kind == schema.SubProcess && t.busy(n.ID) {
			return false
		}
	}
	return ended
}

// busy reports whether something in a scope, of any depth, is waited for.
func (t *tour) busy(scope string) bool {
	if scope == "" {
		return false
	}
	for i := range t.g.Nodes {
		if n := &t.g.Nodes[i]; n.Scope == scope && (t.now[n.ID] || n.Kind == schema.SubProcess && t.busy(n.ID)) {
			return true
		}
	}
	return false
}
