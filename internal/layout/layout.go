// Package layout places the nodes and edges of a process graph: left to right in layers, containers around what lies in
// them, events on the border of their hosts, edges orthogonal and clear of all boxes.
//
// It is the layered method of Sugiyama, Tagawa and Toda ("Methods for Visual Understanding of Hierarchical System
// Structures", IEEE Trans. SMC 11(2), 1981), a level of nesting at a time, inner ones first, so that a container is one
// box to the level around it:
//
//	layers   edges that close cycles are turned; longest paths give layers         layers.go
//	order    barycenters give the order in each layer, few crossings               order.go
//	align    blocks of aligned nodes give the second coordinate, few bends         align.go
//	route    the channels between layers take the bends                            route.go
//
// The result is a function of the graph. All lengths are whole numbers of one unit, say pixels.
package layout

import "fmt"

// A Graph is what is to be placed. Edges join nodes of the same container; those of a boundary event count as its
// host's, and none leads to one.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// A Node is a box, with room for a caption below it. That of a boundary event is to the right of its lower half.
type Node struct {
	Width, Height int // of a container: at least; it grows around what lies in it
	Parent        int // index of the container that it lies in; -1: none
	Host          int // index of the node on whose lower border it sits; -1: none
	CaptionWidth  int
	CaptionHeight int
	Container     bool // others lie in it, or could
}

// An Edge leads from one node to another, with room for a label.
type Edge struct {
	From, To    int
	LabelWidth  int // 0: none
	LabelHeight int
	Back        bool // it is the one that closes its cycle
}

// A Point is a place; x grows to the right, y downwards.
type Point struct{ X, Y int }

// A Box is a rectangle.
type Box struct{ X, Y, Width, Height int }

// A Layout is where everything goes. Its upper left corner is at 0, 0.
type Layout struct {
	Width, Height int
	Boxes         []Box     // by node
	Captions      []Box     // by node; without width and height: none
	Paths         [][]Point // by edge: from border to border, each stretch horizontal or vertical
	Labels        []Box     // by edge; without width and height: none
}

// Distances between things.
const (
	margin     = 20 // around a level, and so within a container
	header     = 24 // of a container, above what lies in it
	gap        = 20 // between rows
	track      = 10 // between parallel lines
	eventSpace = 12 // between boundary events
)

// Place lays a graph out. The error says in what the graph is not as Graph demands.
func Place(g *Graph) (*Layout, error) {
	if err := check(g); err != nil {
		return nil, err
	}
	p := &placer{
		Graph: g, boxes: make([]Box, len(g.Nodes)), captions: make([]Box, len(g.Nodes)),
		paths: make([][]Point, len(g.Edges)), labels: make([]Box, len(g.Edges)),
		inside: make(map[int][]int), events: make(map[int][]int), edges: make(map[int][]int),
	}
	for i, n := range g.Nodes {
		p.boxes[i].Width, p.boxes[i].Height = n.Width, n.Height
		if n.Host >= 0 {
			p.events[n.Host] = append(p.events[n.Host], i)
		} else {
			p.inside[n.Parent] = append(p.inside[n.Parent], i)
		}
	}
	for i, e := range g.Edges {
		at := g.Nodes[p.owner(e.From)].Parent
		p.edges[at] = append(p.edges[at], i)
	}
	width, height := p.level(-1)
	return &Layout{width, height, p.boxes, p.captions, p.paths, p.labels}, nil
}

// check finds out whether a graph is as Graph demands.
func check(g *Graph) error {
	for i, n := range g.Nodes {
		steps := 0
		for at := i; at >= 0; at = g.Nodes[at].Parent {
			if at >= len(g.Nodes) || steps > len(g.Nodes) {
				return fmt.Errorf("layout: node %d lies in no container that there is", i)
			}
			steps++
		}
		switch {
		case n.Parent >= 0 && !g.Nodes[n.Parent].Container:
			return fmt.Errorf("layout: node %d lies in node %d, which is no container", i, n.Parent)
		case n.Host >= len(g.Nodes), n.Host >= 0 && g.Nodes[n.Host].Host >= 0, n.Host == i:
			return fmt.Errorf("layout: node %d has no host that there is", i)
		case n.Host >= 0 && (g.Nodes[n.Host].Parent != n.Parent || n.Container):
			return fmt.Errorf("layout: node %d does not lie where its host lies", i)
		case n.Width <= 0 || n.Height <= 0 || n.CaptionWidth < 0 || n.CaptionHeight < 0:
			return fmt.Errorf("layout: node %d has no size", i)
		}
	}
	for i, e := range g.Edges {
		switch {
		case e.From < 0 || e.To < 0 || e.From >= len(g.Nodes) || e.To >= len(g.Nodes):
			return fmt.Errorf("layout: edge %d has no ends", i)
		case g.Nodes[e.From].Parent != g.Nodes[e.To].Parent:
			return fmt.Errorf("layout: edge %d leaves its container", i)
		case g.Nodes[e.To].Host >= 0:
			return fmt.Errorf("layout: edge %d leads to a boundary event", i)
		}
	}
	return nil
}

// A placer is the work in hand.
type placer struct {
	*Graph
	boxes    []Box
	captions []Box
	paths    [][]Point
	labels   []Box
	inside   map[int][]int // container -> the nodes directly in it, boundary events left aside
	events   map[int][]int // host -> its boundary events
	edges    map[int][]int // container -> the edges in it
}

// owner is the node that stands in a layer for node i: its host, or itself.
func (p *placer) owner(i int) int {
	if h := p.Nodes[i].Host; h >= 0 {
		return h
	}
	return i
}

// level lays out what lies in a container, or all for -1, with the origin at 0, 0, and returns how large it is.
func (p *placer) level(container int) (width, height int) {
	for _, i := range p.inside[container] {
		if p.Nodes[i].Container {
			w, h := p.level(i)
			p.boxes[i].Width = max(p.boxes[i].Width, w)
			p.boxes[i].Height = max(p.boxes[i].Height, h+header)
		}
		p.boxes[i].Width = max(p.boxes[i].Width, p.eventsWidth(i))
	}
	top := margin
	for _, part := range p.components(container) {
		l := newLevel(p, part.nodes, part.edges)
		l.layer()
		l.order()
		l.align()
		w, h := l.route(margin, top)
		width = max(width, w)
		top += h + gap
	}
	for _, i := range p.inside[container] {
		if p.Nodes[i].Container {
			p.shift(i, p.boxes[i].X, p.boxes[i].Y+header)
		}
	}
	return width + 2*margin, max(top-gap, margin) + margin
}

// eventsWidth is the width that the boundary events of a node need.
func (p *placer) eventsWidth(host int) int {
	width := 0
	for _, e := range p.events[host] {
		width += p.slot(e)
	}
	if width > 0 {
		width += eventSpace
	}
	return width
}

// slot is the width that one boundary event needs on the border: its caption stands beside the line that leaves it.
func (p *placer) slot(e int) int {
	n := &p.Nodes[e]
	return eventSpace + max(n.Width, n.Width/2+4+n.CaptionWidth)
}

// shift moves what lies in a container, of all depths.
func (p *placer) shift(container, dx, dy int) {
	for _, i := range p.inside[container] {
		p.move(i, dx, dy)
		for _, e := range p.events[i] {
			p.move(e, dx, dy)
		}
		if p.Nodes[i].Container {
			p.shift(i, dx, dy)
		}
	}
	for _, e := range p.edges[container] {
		for k := range p.paths[e] {
			p.paths[e][k].X += dx
			p.paths[e][k].Y += dy
		}
		p.labels[e].X += dx
		p.labels[e].Y += dy
	}
}

func (p *placer) move(i, dx, dy int) {
	p.boxes[i].X += dx
	p.boxes[i].Y += dy
	p.captions[i].X += dx
	p.captions[i].Y += dy
}

// A part is nodes that edges join, with these.
type part struct{ nodes, edges []int }

// components are the parts of what lies in a container, which stand below each other.
func (p *placer) components(container int) []part {
	root := make(map[int]int)
	var find func(int) int
	find = func(i int) int {
		if r, joined := root[i]; joined {
			root[i] = find(r)
			return root[i]
		}
		return i
	}
	for _, e := range p.edges[container] {
		a, b := find(p.owner(p.Edges[e].From)), find(p.owner(p.Edges[e].To))
		if a != b {
			root[max(a, b)] = min(a, b)
		}
	}
	var parts []part
	index := make(map[int]int)
	for _, i := range p.inside[container] {
		r := find(i)
		at, known := index[r]
		if !known {
			at = len(parts)
			index[r] = at
			parts = append(parts, part{})
		}
		parts[at].nodes = append(parts[at].nodes, i)
	}
	for _, e := range p.edges[container] {
		at := index[find(p.owner(p.Edges[e].From))]
		parts[at].edges = append(parts[at].edges, e)
	}
	return parts
}
