package layout

// An item is what stands in a layer: a node with all that belongs to it, or the place where an edge passes, which may
// hold the edge's label.
type item struct {
	node         int // of the graph; -1: an edge passes
	width        int
	above, below int // how far its row reaches from the line on which flows enter and leave it
	layer        int
	y            int // of that line
	tops         int // edges that leave or enter it at its upper side
}

// A port is where an edge meets an item: 0 on its line, else as far from it as the edge's own line lies, which leads to
// the upper or lower side of the node.
type port struct {
	item   int
	offset int
}

// A seg is a stretch of an edge from one layer to the next.
type seg struct {
	from, to port
	route    int
}

// A route is one edge on its way through the layers.
type route struct {
	edge     int
	from, to port
	turned   bool  // its items lead from its target to its source
	passes   []int // items between those of its ends, by layer
	label    int   // the one of passes that holds the label; -1: none. Of loops: its offset
	segs     []int
}

// A level is one connected part of what lies in a container.
type level struct {
	*placer
	items  []item
	itemOf map[int]int // node -> item
	routes []route
	segs   []seg
	outs   [][]int // by item: segs that leave it to the right
	ins    [][]int
	layers [][]int // items, in their order
	at     []int   // by item: its position in its layer

	columns []column // by layer
	bend    []int    // by seg: the x of its vertical line, if it has one
	loops   []route  // from an item to itself
}

// newLevel makes the items of the nodes and the routes of the edges.
func newLevel(p *placer, nodes, edges []int) *level {
	l := &level{placer: p, itemOf: make(map[int]int, len(nodes))}
	for _, i := range nodes {
		l.itemOf[i] = len(l.items)
		l.items = append(l.items, item{node: i})
	}
	for _, e := range edges {
		r := route{edge: e, label: -1}
		r.from.item, r.to.item = l.itemOf[p.owner(p.Edges[e].From)], l.itemOf[p.owner(p.Edges[e].To)]
		if r.from.item == r.to.item {
			l.loops = append(l.loops, r)
		} else {
			l.routes = append(l.routes, r)
		}
	}
	return l
}

// layer turns the edges that close cycles, gives each item its layer, and lets edges pass through those between.
func (l *level) layer() {
	l.turn()
	l.longestPaths()
	l.rooms()
	for i := range l.routes {
		l.pass(i)
	}
	count := 0
	for i := range l.items {
		count = max(count, l.items[i].layer+1)
	}
	l.layers = make([][]int, count)
	l.outs, l.ins = make([][]int, len(l.items)), make([][]int, len(l.items))
	for s := range l.segs {
		l.outs[l.segs[s].from.item] = append(l.outs[l.segs[s].from.item], s)
		l.ins[l.segs[s].to.item] = append(l.ins[l.segs[s].to.item], s)
	}
}

// turn turns edges so that no cycle is left: those that lead back on a depth-first way from the sources, then, of those
// that say that they close a cycle, all but the ones that would close one only if turned.
func (l *level) turn() {
	entered := make([]bool, len(l.items))
	next := make([][]int, len(l.items)) // item -> routes
	for i := range l.routes {
		if r := &l.routes[i]; !l.Edges[r.edge].Back {
			next[r.from.item] = append(next[r.from.item], i)
			entered[r.to.item] = true
		}
	}
	const fresh, open, done = 0, 1, 2
	state := make([]int, len(l.items))
	var visit func(int)
	visit = func(at int) {
		state[at] = open
		for _, i := range next[at] {
			switch r := &l.routes[i]; state[r.to.item] {
			case fresh:
				visit(r.to.item)
			case open:
				r.turned = true
			}
		}
		state[at] = done
	}
	for _, sources := range [...]bool{true, false} {
		for i := range l.items {
			if state[i] == fresh && (!sources || !entered[i]) {
				visit(i)
			}
		}
	}
	after := make([][]int, len(l.items)) // item -> items, without cycles
	for _, back := range [...]bool{false, true} {
		for i := range l.routes {
			r := &l.routes[i]
			if l.Edges[r.edge].Back != back {
				continue
			}
			if back {
				r.turned = !leads(after, r.from.item, r.to.item)
			}
			a, b := r.ends()
			after[a.item] = append(after[a.item], b.item)
		}
	}
}

// leads reports whether one item comes before another.
func leads(after [][]int, from, to int) bool {
	seen := make([]bool, len(after))
	todo := []int{from}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at == to {
			return true
		}
		if !seen[at] {
			seen[at] = true
			todo = append(todo, after[at]...)
		}
	}
	return false
}

// ends are the ports of an edge, the one further to the left first.
func (r *route) ends() (left, right port) {
	if r.turned {
		return r.to, r.from
	}
	return r.from, r.to
}

// longestPaths gives each item the first layer behind all that lead to it; an edge with a label needs one in between.
// Where nothing leads to an item, it stands right before what it leads to.
func (l *level) longestPaths() {
	open := make([]int, len(l.items))
	outs := make([][]int, len(l.items))
	for i := range l.routes {
		a, b := l.routes[i].ends()
		outs[a.item] = append(outs[a.item], i)
		open[b.item]++
	}
	var todo, sources []int
	for i := range l.items {
		if open[i] == 0 {
			todo = append(todo, i)
		}
	}
	sources = append(sources, todo...)
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for _, i := range outs[at] {
			_, b := l.routes[i].ends()
			l.items[b.item].layer = max(l.items[b.item].layer, l.items[at].layer+l.span(i))
			if open[b.item]--; open[b.item] == 0 {
				todo = append(todo, b.item)
			}
		}
	}
	for _, at := range sources {
		latest := -1
		for _, i := range outs[at] {
			_, b := l.routes[i].ends()
			if room := l.items[b.item].layer - l.span(i); latest < 0 || room < latest {
				latest = room
			}
		}
		l.items[at].layer = max(latest, 0)
	}
}

// span is the number of layers that a route takes at least.
func (l *level) span(route int) int {
	if l.Edges[l.routes[route].edge].LabelWidth > 0 {
		return 2
	}
	return 1
}

// rooms gives items their sizes and ports their offsets: lines that lead to the upper side of a node run above it, those
// of its boundary events below it.
func (l *level) rooms() {
	for i := range l.items {
		it := &l.items[i]
		n, box := &l.Nodes[it.node], l.boxes[it.node]
		it.width = max(box.Width, n.CaptionWidth)
		it.above, it.below = box.Height/2, box.Height-box.Height/2
		if n.CaptionHeight > 0 && len(l.events[it.node]) == 0 {
			it.below += n.CaptionHeight + 2
		}
	}
	for i := range l.routes {
		r := &l.routes[i]
		if !r.turned {
			continue
		}
		r.to.offset = l.top(r.to.item)
		if l.Nodes[l.Edges[r.edge].From].Host < 0 {
			r.from.offset = l.top(r.from.item)
		}
	}
	for i := range l.loops {
		r := &l.loops[i]
		it := &l.items[r.from.item]
		r.to.offset = l.top(r.to.item)
		it.width = max(it.width, l.boxes[it.node].Width+4*track, l.Edges[r.edge].LabelWidth) // it leaves to the right of the node
	}
	for i := range l.loops { // above all lines, so that none crosses a label
		r := &l.loops[i]
		it := &l.items[r.from.item]
		it.above += l.Edges[r.edge].LabelHeight
		r.label = -it.above
	}
	for i := range l.items {
		l.bottoms(i)
	}
}

// top makes room for one more line above a node and returns its offset. The first is as far away as a line that passes
// above a row of the nodes that there are, containers aside, so that it can go on straight.
func (l *level) top(i int) int {
	it := &l.items[i]
	if it.tops == 0 {
		for k := range l.items {
			if n := l.items[k].node; !l.Nodes[n].Container {
				it.above = max(it.above, l.boxes[n].Height/2)
			}
		}
		it.above += gap
	}
	it.tops++
	it.above += track
	return track/2 - it.above
}

// bottoms makes room below a node for its boundary events, their captions and their lines: the one of the last event runs
// highest, so that none crosses another.
func (l *level) bottoms(i int) {
	it := &l.items[i]
	events := l.events[it.node]
	if len(events) == 0 {
		return
	}
	room := 0
	for _, e := range events {
		n := &l.Nodes[e]
		room = max(room, n.Height/2+max(n.CaptionHeight, 4)+4)
	}
	it.below += room
	for k := len(events) - 1; k >= 0; k-- {
		lines := 0
		for _, list := range [...][]route{l.routes, l.loops} {
			for j := range list {
				if r := &list[j]; l.Edges[r.edge].From == events[k] {
					r.from.offset = it.below
					lines = 1
				}
			}
		}
		it.below += lines * track
	}
	if n := &l.Nodes[it.node]; n.CaptionHeight > 0 {
		it.below += n.CaptionHeight + 2
	}
}

// pass lets a route pass through the layers between its ends. The label stands next to the source.
func (l *level) pass(i int) {
	r := &l.routes[i]
	left, right := r.ends()
	at := left
	e := &l.Edges[r.edge]
	holds := l.items[left.item].layer + 1
	if r.turned {
		holds = l.items[right.item].layer - 1
	}
	for layer := l.items[left.item].layer + 1; layer < l.items[right.item].layer; layer++ {
		it := item{node: -1, layer: layer, above: track / 2, below: track / 2}
		if layer == holds && e.LabelWidth > 0 {
			it.width, it.above = e.LabelWidth, e.LabelHeight+4
			r.label = len(l.items)
		}
		to := port{item: len(l.items)}
		r.passes = append(r.passes, to.item)
		l.items = append(l.items, it)
		r.segs = append(r.segs, len(l.segs))
		l.segs = append(l.segs, seg{at, to, i})
		at = to
	}
	r.segs = append(r.segs, len(l.segs))
	l.segs = append(l.segs, seg{at, right, i})
}
