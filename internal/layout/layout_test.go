package layout

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// random is any graph that Place takes: containers within containers, boundary events, captions, labels, cycles, loops,
// several parts.
func random(intn func(int) int, most int) *Graph {
	g := &Graph{}
	parents := []int{-1}
	for i := range 1 + intn(most) {
		n := Node{Width: 20 + intn(100), Height: 20 + intn(60), Parent: parents[intn(len(parents))], Host: -1}
		switch intn(8) {
		case 0:
			n.Container = true
			parents = append(parents, i)
		case 1, 2:
			n.CaptionWidth, n.CaptionHeight = 10+intn(100), 14
		case 3:
			if h := intn(i + 1); h < i && g.Nodes[h].Host < 0 {
				n.Host, n.Parent, n.Width, n.Height = h, g.Nodes[h].Parent, 36, 36
				n.CaptionWidth, n.CaptionHeight = intn(2)*60, 14
			}
		}
		g.Nodes = append(g.Nodes, n)
	}
	for range intn(2 * len(g.Nodes)) {
		e := Edge{From: intn(len(g.Nodes)), To: intn(len(g.Nodes)), Back: intn(6) == 0}
		if g.Nodes[e.From].Parent != g.Nodes[e.To].Parent || g.Nodes[e.To].Host >= 0 {
			continue
		}
		if intn(3) == 0 {
			e.LabelWidth, e.LabelHeight = 10+intn(80), 12
		}
		g.Edges = append(g.Edges, e)
	}
	return g
}

func TestRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := random(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }, 24)
		l, err := Place(g)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range faults(g, l) {
			t.Errorf("%s", wrong)
		}
		if again, _ := Place(g); !reflect.DeepEqual(l, again) {
			t.Errorf("placed twice: %v, then %v", l, again)
		}
	})
}

// TestLargeGraphs has graphs that are denser and deeper than those that rapid makes.
func TestLargeGraphs(t *testing.T) {
	edges, inner, bound := 0, 0, 0
	for seed := range uint64(150) {
		g := random(rand.New(rand.NewPCG(seed, 7)).IntN, 70)
		l, err := Place(g)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range faults(g, l) {
			t.Errorf("seed %d: %s", seed, wrong)
		}
		edges += len(g.Edges)
		for _, n := range g.Nodes {
			inner += min(n.Parent+1, 1)
			bound += min(n.Host+1, 1)
		}
	}
	if edges < 1000 || inner < 500 || bound < 200 {
		t.Errorf("%d edges, %d nodes in containers, %d boundary events", edges, inner, bound)
	}
}

// faults are all that is wrong with a layout.
func faults(g *Graph, l *Layout) []string {
	var wrong []string
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	whole := Box{0, 0, l.Width, l.Height}
	around := func(i int) Box {
		if p := g.Nodes[i].Parent; p >= 0 {
			return l.Boxes[p]
		}
		return whole
	}
	type thing struct {
		name   string
		box    Box
		parent int
		node   int
	}
	var things []thing
	for i, n := range g.Nodes {
		things = append(things, thing{fmt.Sprint("node ", i), l.Boxes[i], n.Parent, i})
		if n.Host < 0 && (l.Boxes[i].Width < n.Width || l.Boxes[i].Height < n.Height) {
			fault("node %d has shrunk to %v", i, l.Boxes[i])
		}
		if n.CaptionHeight > 0 {
			things = append(things, thing{fmt.Sprint("caption ", i), l.Captions[i], n.Parent, -1})
		}
		if n.Host >= 0 {
			host, own := l.Boxes[n.Host], l.Boxes[i]
			if y := own.Y + own.Height/2; y != host.Y+host.Height || own.X < host.X || own.X+own.Width > host.X+host.Width {
				fault("event %d at %v is not on the lower border of %v", i, own, host)
			}
		}
		if !contains(around(i), l.Boxes[i]) {
			fault("node %d at %v lies outside of %v", i, l.Boxes[i], around(i))
		}
	}
	for i, e := range g.Edges {
		if e.LabelWidth > 0 {
			things = append(things, thing{fmt.Sprint("label ", i), l.Labels[i], g.Nodes[e.From].Parent, -1})
		}
	}
	for i, a := range things {
		for _, b := range things[:i] {
			attached := a.node >= 0 && b.node >= 0 && (g.Nodes[a.node].Host == b.node || g.Nodes[b.node].Host == a.node)
			if a.parent == b.parent && !attached && overlap(a.box, b.box) {
				fault("%s at %v and %s at %v overlap", a.name, a.box, b.name, b.box)
			}
		}
	}
	for i, e := range g.Edges {
		path := l.Paths[i]
		if len(path) < 2 || !onBorder(l.Boxes[e.From], path[0]) || !onBorder(l.Boxes[e.To], path[len(path)-1]) {
			fault("edge %d runs %v, not from the border of %v to that of %v", i, path, l.Boxes[e.From], l.Boxes[e.To])
			continue
		}
		for k := 1; k < len(path); k++ {
			p, q := path[k-1], path[k]
			if p.X != q.X && p.Y != q.Y || p == q {
				fault("edge %d is not orthogonal: %v", i, path)
			}
			line := Box{min(p.X, q.X), min(p.Y, q.Y), max(p.X, q.X) - min(p.X, q.X), max(p.Y, q.Y) - min(p.Y, q.Y)}
			if !contains(around(e.From), line) {
				fault("edge %d leaves its container: %v", i, path)
			}
			for _, b := range things {
				if b.parent == g.Nodes[e.From].Parent && overlap(line, b.box) {
					fault("edge %d, %v, crosses %s at %v", i, path, b.name, b.box)
				}
			}
		}
	}
	return wrong
}

func contains(outer, inner Box) bool {
	return outer.X <= inner.X && outer.Y <= inner.Y && inner.X+inner.Width <= outer.X+outer.Width && inner.Y+inner.Height <= outer.Y+outer.Height
}

// overlap reports whether boxes have more in common than borders. A box without width is a line, which has no inside of
// its own but may go through that of another.
func overlap(a, b Box) bool {
	return a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height
}

func onBorder(b Box, p Point) bool {
	inside := b.X <= p.X && p.X <= b.X+b.Width && b.Y <= p.Y && p.Y <= b.Y+b.Height
	return inside && (p.X == b.X || p.X == b.X+b.Width || p.Y == b.Y || p.Y == b.Y+b.Height)
}

// A chain is straight, a fork and join have one bend more a way, and a loop runs above.
func TestShapes(t *testing.T) {
	node := Node{Width: 100, Height: 60, Parent: -1, Host: -1}
	g := &Graph{Nodes: []Node{node, node, node, node}, Edges: []Edge{
		{From: 0, To: 1}, {From: 0, To: 2}, {From: 1, To: 3}, {From: 2, To: 3}, {From: 3, To: 0, Back: true},
	}}
	l, err := Place(g)
	if err != nil {
		t.Fatal(err)
	}
	if l.Boxes[0].Y != l.Boxes[1].Y || l.Boxes[1].Y != l.Boxes[3].Y || l.Boxes[2].Y <= l.Boxes[1].Y || l.Boxes[1].X != l.Boxes[2].X {
		t.Errorf("boxes %v", l.Boxes)
	}
	var bends []int
	for _, p := range l.Paths {
		bends = append(bends, len(p)-2)
	}
	if want := []int{0, 2, 0, 2, 2}; !slices.Equal(bends, want) {
		t.Errorf("bends %v, want %v: %v", bends, want, l.Paths)
	}
	if back := l.Paths[4]; back[1].Y >= l.Boxes[0].Y || back[0].X <= back[3].X {
		t.Errorf("the loop runs %v", back)
	}
}

func TestRefused(t *testing.T) {
	ok := Node{Width: 1, Height: 1, Parent: -1, Host: -1}
	change := func(f func(*Node)) Node {
		n := ok
		f(&n)
		return n
	}
	for name, g := range map[string]*Graph{
		"no size":              {Nodes: []Node{{Parent: -1, Host: -1}}},
		"unknown container":    {Nodes: []Node{change(func(n *Node) { n.Parent = 7 })}},
		"in itself":            {Nodes: []Node{change(func(n *Node) { n.Parent, n.Container = 0, true })}},
		"in no container":      {Nodes: []Node{ok, change(func(n *Node) { n.Parent = 0 })}},
		"its own host":         {Nodes: []Node{change(func(n *Node) { n.Host = 0 })}},
		"event of an event":    {Nodes: []Node{ok, change(func(n *Node) { n.Host = 0 }), change(func(n *Node) { n.Host = 1 })}},
		"edge without ends":    {Nodes: []Node{ok}, Edges: []Edge{{From: 0, To: 1}}},
		"edge over a border":   {Nodes: []Node{change(func(n *Node) { n.Container = true }), change(func(n *Node) { n.Parent = 0 })}, Edges: []Edge{{From: 0, To: 1}}},
		"edge to an event":     {Nodes: []Node{ok, change(func(n *Node) { n.Host = 0 })}, Edges: []Edge{{From: 0, To: 1}}},
		"host lies elsewhere":  {Nodes: []Node{change(func(n *Node) { n.Container = true }), ok, change(func(n *Node) { n.Host, n.Parent = 1, 0 })}},
		"negative edge source": {Nodes: []Node{ok}, Edges: []Edge{{From: -1, To: 0}}},
	} {
		if _, err := Place(g); err == nil {
			t.Errorf("%s: placed", name)
		}
	}
}

func BenchmarkPlace500(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	g := &Graph{}
	for i := range 500 {
		g.Nodes = append(g.Nodes, Node{Width: 100, Height: 60, Parent: -1, Host: -1})
		if i > 0 {
			g.Edges = append(g.Edges, Edge{From: max(0, i-1-r.IntN(4)), To: i})
		}
		if i > 10 && i%3 == 0 {
			g.Edges = append(g.Edges, Edge{From: i - 2 - r.IntN(8), To: i, LabelWidth: 40, LabelHeight: 12})
		}
		if i > 20 && i%20 == 0 {
			g.Edges = append(g.Edges, Edge{From: i, To: i - r.IntN(20), Back: true})
		}
	}
	for b.Loop() {
		if _, err := Place(g); err != nil {
			b.Fatal(err)
		}
	}
}
