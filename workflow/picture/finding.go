package picture

import (
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// Finding is the picture of the run that a finding about p tells of: its steps are numbered, what it leaves running is
// marked as running, and the node that the finding is about as failed. A process that is refused for such findings comes
// from schema.ParseTrusted.
func Finding(p *schema.Process, f schema.Finding) *Picture {
	g := p.Graph()
	t := newTour(g)
	m := newMarks()
	t.begun = len(f.Trace) > 0
	for i, entry := range f.Trace {
		node := t.step(entry)
		if node == "" {
			continue
		}
		m.Order[node] = append(m.Order[node], i+1)
		if strings.HasSuffix(entry, " started") {
			m.Nodes[node] = Running
			t.now[node] = true
		} else if t.now[node] { // a rule heard both
			delete(m.Nodes, node)
			delete(t.now, node)
		}
	}
	t.mark(m, OnTrace)
	if f.Node != "" {
		m.Nodes[f.Node] = Failed
	}
	return &Picture{g, heading(p) + ": " + f.Message, m}
}

// step notes one entry of a trace and returns its node: "a", which happened; "a->b" and "a[flow]", where gateway a chose;
// "a started", which is not over. "" if there is no such node.
func (t *tour) step(entry string) string {
	if id, running := strings.CutSuffix(entry, " started"); running && t.has(id) {
		return id
	}
	for i := range t.g.Flows {
		if f := &t.g.Flows[i]; f.Name != "" && (f.Name == entry || f.ID == entry) {
			t.chosen[i] = true
			return f.From
		}
	}
	if id, flow, chose := strings.Cut(entry, "["); chose && t.choose(id, strings.TrimSuffix(flow, "]")) {
		if t.has(id) {
			return id
		}
		return strings.TrimSuffix(id, ".join")
	}
	if !t.has(entry) {
		return ""
	}
	t.done[entry] = true
	return entry
}

func (t *tour) has(id string) bool {
	for i := range t.g.Nodes {
		if t.g.Nodes[i].ID == id {
			return true
		}
	}
	return false
}
