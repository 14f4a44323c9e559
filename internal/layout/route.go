package layout

import (
	"cmp"
	"slices"
)

// A bundle is the segs of one channel, between two layers, that share a vertical line: those that leave one port, or else
// those that arrive at one.
type bundle struct {
	segs        []int
	top, bottom int // how far the vertical line reaches
	lefts       []int
	rights      []int
	track       int
}

// route gives everything its place, with the upper left corner of the level at the given point, and returns how large the
// level is.
func (l *level) route(left, top int) (width, height int) {
	highest, lowest := farAway, -farAway
	for i := range l.items {
		it := &l.items[i]
		highest = min(highest, it.y-it.above)
		lowest = max(lowest, it.y+it.below)
	}
	for i := range l.items {
		l.items[i].y += top - highest
	}
	l.columns = make([]column, len(l.layers))
	l.bend = make([]int, len(l.segs))
	x := left
	for k, layer := range l.layers {
		c := &l.columns[k]
		c.x = x
		for _, at := range layer {
			c.width = max(c.width, l.items[at].width)
		}
		x += c.width
		if k+1 < len(l.layers) {
			x += l.channel(layer, x)
		}
	}
	for i := range l.items {
		if l.items[i].node >= 0 {
			l.place(i)
		}
	}
	for i := range l.routes {
		l.draw(&l.routes[i])
	}
	for i := range l.loops {
		l.drawLoop(&l.loops[i])
	}
	return x - left, lowest - highest
}

// A column is where a layer stands.
type column struct{ x, width int }

// line is the y at which a seg meets a port.
func (l *level) line(p port) int { return l.items[p.item].y + p.offset }

// channel finds the vertical lines behind a layer, the channel beginning at x, and returns how wide it is.
func (l *level) channel(layer []int, x int) int {
	tracks := 0
	for _, b := range arranged(l.bundles(layer)) {
		tracks = max(tracks, b.track+1)
		for _, s := range b.segs {
			l.bend[s] = x + track + b.track*track
		}
	}
	return track*max(tracks, 1) + 2*track
}

// bundles are the bundles of the bent segs behind a layer, from above.
func (l *level) bundles(layer []int) []*bundle {
	var bent []int
	from, to := map[port]int{}, map[port]int{}
	for _, at := range layer {
		for _, s := range l.outs[at] {
			if g := &l.segs[s]; l.line(g.from) != l.line(g.to) {
				bent = append(bent, s)
			}
			from[l.segs[s].from]++
			to[l.segs[s].to]++
		}
	}
	type key struct {
		fork bool
		port
	}
	index := map[key]*bundle{}
	var list []*bundle
	for _, s := range bent {
		g := &l.segs[s]
		k := key{false, g.to}
		if from[g.from] > 1 {
			k = key{true, g.from}
		}
		b := index[k]
		if b == nil {
			b = &bundle{top: farAway, bottom: -farAway}
			index[k] = b
			list = append(list, b)
		}
		b.segs = append(b.segs, s)
		b.lefts, b.rights = append(b.lefts, l.line(g.from)), append(b.rights, l.line(g.to))
		b.top = min(b.top, l.line(g.from), l.line(g.to))
		b.bottom = max(b.bottom, l.line(g.from), l.line(g.to))
	}
	slices.SortStableFunc(list, func(a, b *bundle) int { return cmp.Or(cmp.Compare(a.top, b.top), cmp.Compare(a.bottom, b.bottom)) })
	return list
}

// overlapping is what it costs if two edges run on one line, in crossings.
const overlapping = 50

// cost is what it costs if bundle a stands to the left of bundle b: the lines that leave a to the right cross b, those that
// arrive at b from the left cross a, and where both are at one height they are taken for one.
func cost(a, b *bundle) int {
	c := 0
	for _, y := range a.rights {
		if b.top < y && y < b.bottom {
			c++
		}
		if slices.Contains(b.lefts, y) {
			c += overlapping
		}
	}
	for _, y := range b.lefts {
		if a.top < y && y < a.bottom {
			c++
		}
	}
	return c
}

// arranged puts bundles into an order from left to right that costs little, each at the best place among those before it,
// and gives them tracks; those that do not meet may share one.
func arranged(list []*bundle) []*bundle {
	var order []*bundle
	for _, b := range list {
		at, total := 0, 0
		for _, other := range order {
			total += cost(b, other)
		}
		least := total
		for i, other := range order {
			if total += cost(other, b) - cost(b, other); total < least {
				at, least = i+1, total
			}
		}
		order = slices.Insert(order, at, b)
	}
	for i, b := range order {
		for _, a := range order[:i] {
			apart := a.bottom+track <= b.top || b.bottom+track <= a.top
			if !apart || cost(a, b) != cost(b, a) {
				b.track = max(b.track, a.track+1)
			}
		}
	}
	return order
}

// place gives a node its box, and its boundary events theirs.
func (l *level) place(i int) {
	it := &l.items[i]
	box, n, c := &l.boxes[it.node], &l.Nodes[it.node], l.columns[it.layer]
	box.X, box.Y = c.x+(c.width-box.Width)/2, it.y-box.Height/2
	at := box.X + eventSpace
	for _, e := range l.events[it.node] {
		event := &l.boxes[e]
		event.X, event.Y = at, box.Y+box.Height-event.Height/2
		at += l.slot(e)
		if own := &l.Nodes[e]; own.CaptionHeight > 0 {
			l.captions[e] = Box{event.X + event.Width/2 + 4, event.Y + event.Height + 2, own.CaptionWidth, own.CaptionHeight}
		}
	}
	if n.CaptionHeight > 0 {
		y := box.Y + box.Height + 2
		if len(l.events[it.node]) > 0 {
			y = it.y + it.below - n.CaptionHeight
		}
		l.captions[it.node] = Box{box.X + (box.Width-n.CaptionWidth)/2, y, n.CaptionWidth, n.CaptionHeight}
	}
}

// draw gives an edge its path and its label.
func (l *level) draw(r *route) {
	var path []Point
	left, right := r.ends()
	from, to := l.mouth(r, left), l.mouth(r, right)
	path = append(path, from...)
	for _, s := range r.segs {
		if g := &l.segs[s]; l.line(g.from) != l.line(g.to) {
			path = append(path, Point{l.bend[s], l.line(g.from)}, Point{l.bend[s], l.line(g.to)})
		}
	}
	slices.Reverse(to)
	path = append(path, to...)
	if r.turned {
		slices.Reverse(path)
	}
	l.paths[r.edge] = straightened(path)
	if r.label >= 0 {
		e, it := &l.Edges[r.edge], &l.items[r.label]
		l.labels[r.edge] = Box{l.columns[it.layer].x, it.y - e.LabelHeight - 2, e.LabelWidth, e.LabelHeight}
	}
}

// mouth is how an edge comes out of a node, until it runs on the line of its port.
func (l *level) mouth(r *route, p port) []Point {
	node := l.items[p.item].node
	source := p == r.from
	box := l.boxes[node]
	switch {
	case source && l.Nodes[l.Edges[r.edge].From].Host >= 0:
		event := l.boxes[l.Edges[r.edge].From]
		x := event.X + event.Width/2
		return []Point{{x, event.Y + event.Height}, {x, l.line(p)}}
	case r.turned:
		x := box.X + box.Width/2
		return []Point{{x, box.Y}, {x, l.line(p)}}
	case source:
		return []Point{{box.X + box.Width, l.line(p)}}
	}
	return []Point{{box.X, l.line(p)}}
}

// drawLoop draws an edge from a node, or its boundary event, around it and back.
func (l *level) drawLoop(r *route) {
	it := &l.items[r.from.item]
	box := l.boxes[it.node]
	x, top := box.X+box.Width+track, l.line(r.to)
	path := append(l.mouth(r, r.from), Point{x, l.line(r.from)}, Point{x, top}, Point{box.X + box.Width/2, top}, Point{box.X + box.Width/2, box.Y})
	l.paths[r.edge] = straightened(path)
	if e := &l.Edges[r.edge]; e.LabelWidth > 0 {
		l.labels[r.edge] = Box{box.X + (box.Width-e.LabelWidth)/2, it.y + r.label, e.LabelWidth, e.LabelHeight}
	}
}

// straightened drops the points at which a path does not bend.
func straightened(path []Point) []Point {
	var out []Point
	for _, p := range path {
		n := len(out)
		switch {
		case n > 0 && out[n-1] == p:
			continue
		case n > 1 && (out[n-2].X == out[n-1].X && out[n-1].X == p.X || out[n-2].Y == out[n-1].Y && out[n-1].Y == p.Y):
			out[n-1] = p
		default:
			out = append(out, p)
		}
	}
	return out
}
