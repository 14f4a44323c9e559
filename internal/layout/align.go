package layout

import (
	"cmp"
	"slices"
)

// blocks are items of successive layers that stand on one line, up to the offsets of their ports, so that the edge through
// them has no bend (Brandes, Köpf, "Fast and Simple Horizontal Coordinate Assignment", 2001; the offsets after Rüegg,
// Schulze, Carstens, von Hanxleden, "Size- and Port-Aware Horizontal Node Coordinate Assignment", 2015).
type blocks struct {
	root  []int   // by item: the first item of its block
	shift []int   // by item: how far its line lies below that of the root
	items [][]int // by root
}

// align gives each item its y. There are four ways to find blocks: by the neighbours to the left or to the right, the
// upper or the lower of two medians first. Brandes and Köpf take a mean of the four, which bends what each has straight;
// here the one with the fewest bends stays, and of equal ones the shortest.
func (l *level) align() {
	conflicts := l.conflicts()
	var best []int
	var least [2]int
	for way := range 4 {
		b := l.blocks(way&1 != 0, way&2 != 0, conflicts)
		y := l.compact(b)
		if cost := l.cost(y); best == nil || cost[0] < least[0] || cost[0] == least[0] && cost[1] < least[1] {
			best, least = y, cost
		}
	}
	for i := range l.items {
		l.items[i].y = best[i]
	}
}

// cost is the number of bent segs and the length of all bends.
func (l *level) cost(y []int) [2]int {
	var c [2]int
	for i := range l.segs {
		s := &l.segs[i]
		if d := y[s.to.item] + s.to.offset - y[s.from.item] - s.from.offset; d != 0 {
			c[0]++
			c[1] += max(d, -d)
		}
	}
	return c
}

// inner reports whether both ends of a seg are places where an edge passes.
func (l *level) inner(s *seg) bool {
	return l.items[s.from.item].node < 0 && l.items[s.to.item].node < 0
}

// aside reports whether a seg is the first or last of a turned edge: what leads forwards is straight first.
func (l *level) aside(s *seg) bool { return l.routes[s.route].turned && !l.inner(s) }

// conflicts are the segs that cross an inner one: long edges are straight first.
func (l *level) conflicts() []bool {
	marked := make([]bool, len(l.segs))
	for _, layer := range l.layers {
		var all, straight []int
		for _, at := range layer {
			for _, s := range l.outs[at] {
				all = append(all, s)
				if l.inner(&l.segs[s]) {
					straight = append(straight, s)
				}
			}
		}
		for _, s := range all {
			for _, t := range straight {
				a, b := &l.segs[s], &l.segs[t]
				left := cmp.Compare(l.height(a.from), l.height(b.from))
				right := cmp.Compare(l.height(a.to), l.height(b.to))
				if left*right < 0 && (!l.inner(a) || s > t) {
					marked[s] = true
				}
			}
		}
	}
	return marked
}

// blocks aligns each item with a median neighbour in the layer next to it, without crossings.
func (l *level) blocks(fromRight, lowerFirst bool, conflicts []bool) *blocks {
	b := &blocks{make([]int, len(l.items)), make([]int, len(l.items)), make([][]int, len(l.items))}
	taken := make([]bool, len(l.items)) // another item is aligned with it already
	for i := range b.root {
		b.root[i] = i
	}
	for n := range l.layers {
		segs, layer := l.ins, l.layers[n]
		if fromRight {
			segs, layer = l.outs, l.layers[len(l.layers)-1-n]
		}
		if lowerFirst {
			layer = slices.Clone(layer)
			slices.Reverse(layer)
		}
		last := -1 // position of the neighbour that was taken last
		for _, at := range layer {
			list := slices.Clone(segs[at])
			ends := func(s int) (own, other port) {
				if fromRight {
					return l.segs[s].from, l.segs[s].to
				}
				return l.segs[s].to, l.segs[s].from
			}
			list = slices.DeleteFunc(list, func(s int) bool { return l.aside(&l.segs[s]) })
			slices.SortStableFunc(list, func(s, t int) int {
				_, a := ends(s)
				_, b := ends(t)
				return cmp.Compare(l.height(a), l.height(b))
			})
			for _, s := range medians(list, lowerFirst) {
				own, other := ends(s)
				free := last < 0 || lowerFirst && l.at[other.item] < last || !lowerFirst && l.at[other.item] > last
				if !free || taken[other.item] || conflicts[s] {
					continue
				}
				taken[other.item], last = true, l.at[other.item]
				b.root[at] = b.root[other.item]
				b.shift[at] = b.shift[other.item] + other.offset - own.offset
				break
			}
		}
	}
	for _, layer := range l.layers {
		for _, at := range layer {
			b.items[b.root[at]] = append(b.items[b.root[at]], at)
		}
	}
	return b
}

// medians are the middle elements of a list, one or two.
func medians(list []int, lowerFirst bool) []int {
	n := len(list)
	switch {
	case n == 0:
		return nil
	case n%2 == 1:
		return list[n/2 : n/2+1]
	case lowerFirst:
		return []int{list[n/2], list[n/2-1]}
	}
	return list[n/2-1 : n/2+1]
}

// rounds is how often blocks move towards their neighbours.
const rounds = 8

// compact places blocks as far up as they can be, then moves each, as far as there is room, to where half of the segs that
// leave it are straight or point up and half down.
func (l *level) compact(b *blocks) []int {
	y := make([]int, len(l.items))
	order := l.downwards(b)
	for _, root := range order {
		top, _ := l.room(b, root, y)
		l.put(b, root, y, max(top, 0))
	}
	for round := range rounds {
		moved := false
		for i := range order {
			root := order[i]
			if round%2 == 0 {
				root = order[len(order)-1-i]
			}
			wish, any := l.wish(b, root, y)
			if !any {
				continue
			}
			top, bottom := l.room(b, root, y)
			if to := max(top, min(bottom, y[root]+wish)); to != y[root] {
				l.put(b, root, y, to)
				moved = true
			}
		}
		if !moved && round > 0 {
			break
		}
	}
	return y
}

func (l *level) put(b *blocks, root int, y []int, at int) {
	for _, i := range b.items[root] {
		y[i] = at + b.shift[i]
	}
}

// between is the least distance of the lines of two items that stand below each other.
func (l *level) between(upper, lower int) int {
	a, b := &l.items[upper], &l.items[lower]
	if a.node < 0 && b.node < 0 {
		return a.below + b.above
	}
	return a.below + gap + b.above
}

const farAway = 1 << 30

// room is how far up and down the root of a block can be, given where the others are.
func (l *level) room(b *blocks, root int, y []int) (top, bottom int) {
	top, bottom = -farAway, farAway
	for _, i := range b.items[root] {
		layer, at := l.layers[l.items[i].layer], l.at[i]
		if at > 0 {
			top = max(top, y[layer[at-1]]+l.between(layer[at-1], i)-b.shift[i])
		}
		if at+1 < len(layer) {
			bottom = min(bottom, y[layer[at+1]]-l.between(i, layer[at+1])-b.shift[i])
		}
	}
	return top, bottom
}

// wish is how far a block would have to move for the median of the segs that leave it to be straight. any is false if none
// leaves it.
func (l *level) wish(b *blocks, root int, y []int) (by int, any bool) {
	var all []int
	for _, i := range b.items[root] {
		for _, s := range l.outs[i] {
			if t := l.segs[s]; b.root[t.to.item] != root {
				all = append(all, y[t.to.item]+t.to.offset-y[i]-t.from.offset)
			}
		}
		for _, s := range l.ins[i] {
			if t := l.segs[s]; b.root[t.from.item] != root {
				all = append(all, y[t.from.item]+t.from.offset-y[i]-t.to.offset)
			}
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], true
}

// downwards are the roots of the blocks, each behind those that stand above its block. There is such an order because
// blocks do not cross.
func (l *level) downwards(b *blocks) []int {
	open := make([]int, len(l.items))
	below := make([][]int, len(l.items))
	for _, layer := range l.layers {
		for i := 1; i < len(layer); i++ {
			upper, lower := b.root[layer[i-1]], b.root[layer[i]]
			below[upper] = append(below[upper], lower)
			open[lower]++
		}
	}
	var order []int
	for i := range l.items {
		if b.root[i] == i && open[i] == 0 {
			order = append(order, i)
		}
	}
	for n := 0; n < len(order); n++ {
		for _, lower := range below[order[n]] {
			if open[lower]--; open[lower] == 0 {
				order = append(order, lower)
			}
		}
	}
	return order
}
