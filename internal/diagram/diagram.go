// Package diagram is the diagram of a process: its graph with sizes, texts and places, for whoever draws or writes it.
// Sizes are those that BPMN tools give their shapes, in pixels.
package diagram

import (
	"github.com/replank/replank/internal/layout"
	"github.com/replank/replank/workflow/schema"
)

// Sizes of shapes.
const (
	taskWidth  = 110
	taskHeight = 60
	eventSize  = 36
	gateSize   = 50
	lineHeight = 13 // of text
	textWidth  = 98 // of a line in a task, and of a caption
)

// A Diagram is a graph and where everything in it goes. What belongs to nodes and flows has their order; the edges of the
// layout are the flows, then the associations.
type Diagram struct {
	*schema.Graph
	*layout.Layout
	Shapes []Shape
	Guards []string // beside flows, at Layout.Labels, as far as there is room
}

// A Shape is how a node is drawn.
type Shape struct {
	Container bool     // others lie in it
	Lines     []string // the text in it, or in the head of a container
	Caption   []string // the text below it
}

// Of lays a graph out. Its flows must not leave their scope, as those of a process do not.
func Of(g *schema.Graph) *Diagram {
	d := &Diagram{Graph: g, Shapes: make([]Shape, len(g.Nodes)), Guards: make([]string, len(g.Flows))}
	in := layout.Graph{Nodes: make([]layout.Node, len(g.Nodes)), Edges: make([]layout.Edge, len(g.Flows))}
	index := make(map[string]int, len(g.Nodes))
	container := make(map[string]bool)
	for i := range g.Nodes {
		index[g.Nodes[i].ID] = i
		container[g.Nodes[i].Scope] = true
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		d.Shapes[i] = shape(n, container[n.ID])
		in.Nodes[i] = d.Shapes[i].room(n)
		in.Nodes[i].Parent, in.Nodes[i].Host = -1, -1
		if n.Scope != "" {
			in.Nodes[i].Parent = index[n.Scope]
		}
		if n.Host != "" {
			in.Nodes[i].Host = index[n.Host]
		}
	}
	for i := range g.Flows {
		f := &g.Flows[i]
		d.Guards[i] = label(f)
		in.Edges[i] = layout.Edge{From: index[f.From], To: index[f.To], Back: f.Back}
		if d.Guards[i] != "" {
			in.Edges[i].LabelWidth, in.Edges[i].LabelHeight = Width(d.Guards[i])+6, lineHeight
		}
	}
	for _, a := range g.Associations {
		in.Edges = append(in.Edges, layout.Edge{From: index[a.From], To: index[a.To]})
	}
	l, err := layout.Place(&in)
	if err != nil {
		panic("diagram: broken invariant: " + err.Error())
	}
	d.Layout = l
	return d
}

// name is what a node is called in a diagram.
func name(n *schema.FlowNode) string {
	switch {
	case n.Title != "":
		return n.Title
	case n.Node == nil || n.Joins:
		return ""
	}
	return n.ID
}

func shape(n *schema.FlowNode, container bool) Shape {
	text := name(n)
	switch {
	case text == "":
		return Shape{Container: container}
	case container:
		return Shape{Container: true, Lines: wrap(text, 3*textWidth, 1)}
	case Round(n.Kind) || Diamond(n.Kind):
		return Shape{Caption: wrap(text, textWidth, 2)}
	}
	return Shape{Lines: wrap(text, textWidth, 3)}
}

// room is the size of a shape.
func (s *Shape) room(n *schema.FlowNode) layout.Node {
	r := layout.Node{Width: taskWidth, Height: taskHeight, Container: s.Container}
	switch {
	case s.Container:
		for _, line := range s.Lines {
			r.Width = max(r.Width, Width(line)+40)
		}
	case Round(n.Kind):
		r.Width, r.Height = eventSize, eventSize
	case Diamond(n.Kind):
		r.Width, r.Height = gateSize, gateSize
	}
	for _, line := range s.Caption {
		r.CaptionWidth = max(r.CaptionWidth, Width(line))
		r.CaptionHeight += lineHeight
	}
	return r
}

// Round reports whether nodes of a kind are circles.
func Round(k schema.Kind) bool {
	switch k {
	case schema.StartEvent, schema.CatchEvent, schema.ThrowEvent, schema.BoundaryEvent, schema.EndEvent:
		return true
	}
	return false
}

// Diamond reports whether nodes of a kind are diamonds.
func Diamond(k schema.Kind) bool {
	switch k {
	case schema.ExclusiveGateway, schema.ParallelGateway, schema.InclusiveGateway, schema.EventGateway:
		return true
	}
	return false
}

// label is the text beside a flow.
func label(f *schema.SequenceFlow) string {
	if f.Guard == "" {
		return ""
	}
	return fit(oneLine(f.Guard), 160)
}
