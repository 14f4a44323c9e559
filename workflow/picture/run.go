package picture

import (
	"iter"
	"strings"

	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// A Run is what an instance has done and where it is. Nodes are named as in the schema that it is on.
type Run struct {
	Events iter.Seq2[history.Event, error] // its history; nil: nothing is done. Renamed nodes are followed by "was"
	Waits  []string                        // nodes that it waits for
	Failed []string                        // nodes with an open incident
	Owed   []string                        // nodes that a migration left it to do, or undo
}

// Instance is the picture of an instance on its schema. Flows are marked as taken, and gateways as passed, where what was
// done tells it. The error is that of Run.Events.
func Instance(p *schema.Process, run Run) (*Picture, error) {
	g := p.Graph()
	t := newTour(g)
	old := map[string]string{}
	for n := range p.Nodes() {
		if n.Was() != "" {
			old[n.Was()] = n.ID()
		}
	}
	if run.Events != nil {
		if err := t.read(run.Events, func(id string) string {
			if now, renamed := old[id]; renamed && p.Node(id) == nil {
				return now
			}
			return id
		}); err != nil {
			return nil, err
		}
	}
	m := newMarks()
	for _, list := range [...]struct {
		ids  []string
		mark Mark
	}{{run.Waits, Running}, {run.Failed, Failed}, {run.Owed, Owed}} {
		for _, id := range list.ids {
			m.Nodes[id] = list.mark
			t.now[id] = t.now[id] || list.mark != Owed
		}
	}
	t.begun = t.begun || len(m.Nodes) > 0
	t.mark(m, Done)
	for i := range g.Nodes {
		if n := &g.Nodes[i]; m.Nodes[n.ID] == 0 && n.Kind == schema.SubProcess && t.busy(n.ID) {
			m.Nodes[n.ID] = Running
		}
	}
	return &Picture{g, heading(p), m}, nil
}

// read notes what has happened, without what a migration dropped.
func (t *tour) read(events iter.Seq2[history.Event, error], now func(string) string) error {
	var list []history.Event
	dropped := map[uint64]bool{}
	for e, err := range events {
		if err != nil {
			return err
		}
		if e.Move != nil {
			for _, seq := range e.Move.Dropped {
				dropped[seq] = true
			}
		}
		list = append(list, e)
	}
	for i := range list {
		e := &list[i]
		if dropped[e.Seq] {
			continue
		}
		t.begun = true
		switch e.Kind {
		case history.Completed, history.Fired, history.Received, history.Caught:
			t.done[now(e.Node)] = true
		case history.Decided, history.LoopedBack:
			t.decide(now(e.Node), e.Flow)
		}
	}
	return nil
}

// decide notes the flows that an event names, joined by commas, which names may have as well.
func (t *tour) decide(node, flows string) {
	for _, id := range [...]string{node, strings.TrimSuffix(node, ".join")} {
		for _, i := range t.outs[id] {
			if name := t.g.Flows[i].Name; name != "" && strings.Contains(","+flows+",", ","+name+",") {
				t.chosen[i] = true
			}
		}
	}
}

// mark follows the run and marks what it has done and taken.
func (t *tour) mark(m *Marks, mark Mark) {
	//lint:sorted each mark has a key of its own
	for id := range t.follow() {
		if m.Nodes[id] == 0 {
			m.Nodes[id] = mark
		}
	}
	//lint:sorted each mark has a key of its own
	for id := range t.done {
		if m.Nodes[id] == 0 {
			m.Nodes[id] = mark
		}
	}
	//lint:sorted each mark has a key of its own
	for i := range t.taken {
		m.Flows[t.g.Flows[i].ID] = mark
	}
}
