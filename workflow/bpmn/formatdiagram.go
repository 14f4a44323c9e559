package bpmn

import (
	"strconv"

	"github.com/replank/replank/internal/layout"
	"github.com/replank/replank/workflow/schema"
)

// diagram writes where everything is (BPMN 2.0.2, chapter 12).
func (f *formatter) diagram(m *markup) {
	m.open("bpmndi:BPMNDiagram", "id", f.take("diagram"))
	m.open("bpmndi:BPMNPlane", "id", f.take("plane"), "bpmnElement", f.id)
	for i := range f.at.Nodes {
		n := &f.at.Nodes[i]
		id := f.nodes[n.ID]
		attrs := []string{"id", f.take(id + "_di"), "bpmnElement", id}
		switch {
		case n.Kind == schema.ExclusiveGateway:
			attrs = append(attrs, "isMarkerVisible", "true")
		case n.Kind == schema.SubProcess || n.Kind == schema.EventSubProcess:
			attrs = append(attrs, "isExpanded", strconv.FormatBool(f.at.Shapes[i].Container))
		}
		m.open("bpmndi:BPMNShape", attrs...)
		bounds(m, f.at.Boxes[i])
		if n.Title != "" {
			labelled(m, f.at.Captions[i])
		}
		m.close()
	}
	for i := range f.at.Flows {
		edge(m, f.take(f.flows[i]+"_di"), f.flows[i], f.at.Paths[i], f.at.Labels[i])
	}
	for i, a := range f.at.Associations {
		if id := f.ties[a.From]; id != "" {
			edge(m, f.take(id+"_di"), id, f.at.Paths[len(f.at.Flows)+i], layout.Box{})
		}
	}
	m.close()
	m.close()
}

func edge(m *markup, id, element string, path []layout.Point, label layout.Box) {
	m.open("bpmndi:BPMNEdge", "id", id, "bpmnElement", element)
	for _, p := range path {
		m.leaf("di:waypoint", "", "x", strconv.Itoa(p.X), "y", strconv.Itoa(p.Y))
	}
	labelled(m, label)
	m.close()
}

func labelled(m *markup, at layout.Box) {
	if at.Width > 0 {
		m.open("bpmndi:BPMNLabel")
		bounds(m, at)
		m.close()
	}
}

func bounds(m *markup, at layout.Box) {
	m.leaf("dc:Bounds", "", "x", strconv.Itoa(at.X), "y", strconv.Itoa(at.Y), "width", strconv.Itoa(at.Width), "height", strconv.Itoa(at.Height))
}
