package layout

import (
	"cmp"
	"slices"
)

// sweeps is how often the order of all layers is improved. Process graphs settle after a few.
const sweeps = 12

// order finds an order in each layer with few crossings: first that in which a depth-first walk meets the items, then,
// going to and fro, by the barycenters of neighbours; the best one seen stays.
func (l *level) order() {
	l.walk()
	l.number()
	best, fewest := l.copied(), l.crossings()
	for n := 0; n < sweeps && fewest > 0; n++ {
		if n%2 == 0 {
			for k := 1; k < len(l.layers); k++ {
				l.byBarycenter(k, l.ins, func(s *seg) port { return s.from })
			}
		} else {
			for k := len(l.layers) - 2; k >= 0; k-- {
				l.byBarycenter(k, l.outs, func(s *seg) port { return s.to })
			}
		}
		if c := l.crossings(); c < fewest {
			best, fewest = l.copied(), c
		}
	}
	l.layers = best
	l.number()
}

// walk puts items into their layers as a depth-first walk along the flows meets them. Edges that lead back are not walked:
// what they pass through comes first in its layer, that of inner loops last.
func (l *level) walk() {
	seen := make([]bool, len(l.items))
	var visit func(int)
	visit = func(at int) {
		if seen[at] {
			return
		}
		seen[at] = true
		k := l.items[at].layer
		l.layers[k] = append(l.layers[k], at)
		for _, s := range l.outs[at] {
			if !l.routes[l.segs[s].route].turned {
				visit(l.segs[s].to.item)
			}
		}
	}
	for _, sources := range [...]bool{true, false} {
		for i := range l.items {
			if l.items[i].node >= 0 && (!sources || len(l.ins[i]) == 0) {
				visit(i)
			}
		}
	}
	for i := range l.routes {
		for _, at := range l.routes[i].passes {
			if !seen[at] {
				k := l.items[at].layer
				l.layers[k] = slices.Insert(l.layers[k], 0, at)
			}
		}
	}
}

// number notes for each item where it stands in its layer.
func (l *level) number() {
	if l.at == nil {
		l.at = make([]int, len(l.items))
	}
	for _, layer := range l.layers {
		for i, at := range layer {
			l.at[at] = i
		}
	}
}

func (l *level) copied() [][]int {
	c := make([][]int, len(l.layers))
	for k := range c {
		c[k] = slices.Clone(l.layers[k])
	}
	return c
}

// height is where a port stands in the order of all ports of its layer.
func (l *level) height(p port) int { return l.at[p.item]<<16 + p.offset }

// byBarycenter orders layer k by the mean position of the neighbours on one side. What has none there stays behind what
// stood before it.
func (l *level) byBarycenter(k int, segs [][]int, other func(*seg) port) {
	type placed struct {
		item int
		mean float64
	}
	list := make([]placed, len(l.layers[k]))
	for i, at := range l.layers[k] {
		list[i] = placed{item: at}
		sum := 0
		for _, s := range segs[at] {
			sum += l.height(other(&l.segs[s]))
		}
		switch {
		case len(segs[at]) > 0:
			list[i].mean = float64(sum) / float64(len(segs[at]))
		case i > 0:
			list[i].mean = list[i-1].mean
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(a.mean, b.mean) })
	for i := range list {
		l.layers[k][i] = list[i].item
		l.at[list[i].item] = i
	}
}

// crossings counts the pairs of segs that cross: the inversions of their right ends when they stand in the order of their
// left ends (Barth, Jünger, Mutzel, "Simple and Efficient Bilayer Cross Counting", 2002).
func (l *level) crossings() int {
	total := 0
	var ends [][2]int
	for _, layer := range l.layers {
		ends = ends[:0]
		for _, at := range layer {
			for _, s := range l.outs[at] {
				ends = append(ends, [2]int{l.height(l.segs[s].from), l.height(l.segs[s].to)})
			}
		}
		slices.SortFunc(ends, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
		total += inversions(ends)
	}
	return total
}

// inversions counts the pairs of ends whose second numbers are in the wrong order.
func inversions(ends [][2]int) int {
	ranks := make([]int, len(ends))
	for i := range ends {
		ranks[i] = ends[i][1]
	}
	slices.Sort(ranks)
	ranks = slices.Compact(ranks)
	tree := make([]int, len(ranks)+1) // Fenwick: how many ends of each rank came so far
	count := 0
	for i := range ends {
		rank, _ := slices.BinarySearch(ranks, ends[i][1])
		count += i
		for k := rank + 1; k > 0; k -= k & -k {
			count -= tree[k]
		}
		for k := rank + 1; k < len(tree); k += k & -k {
			tree[k]++
		}
	}
	return count
}
