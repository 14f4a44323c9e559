package schema

import "slices"

// A union is the graphs of one scope in both versions laid over each other. Its ways are those of either version, so what
// every way of it passes, every way of each version passes.
type union struct {
	nodes      []string
	index      map[string]int // of nodes
	flows      []unionFlow
	known      map[[3]string]int // of flows: from, to, name
	succ, pred [][]int
	start, end int

	above, below []int // immediate dominators and postdominators, -1: none; nil: not computed
}

type sides uint8

const both sides = 3 // bit 0: the first version, bit 1: the second

type unionFlow struct {
	from, to string
	sides    sides
}

func newUnion(scope string) *union {
	u := &union{index: map[string]int{}, known: map[[3]string]int{}}
	u.start, u.end = u.node(scope+":start"), u.node(scope+":end")
	return u
}

func (u *union) node(name string) int {
	i, ok := u.index[name]
	if !ok {
		i = len(u.nodes)
		u.index[name] = i
		u.nodes = append(u.nodes, name)
		u.succ, u.pred = append(u.succ, nil), append(u.pred, nil)
	}
	return i
}

func (u *union) add(from, to, name string, side int) {
	key := [3]string{from, to, name}
	i, ok := u.known[key]
	if !ok {
		i = len(u.flows)
		u.known[key] = i
		u.flows = append(u.flows, unionFlow{from: from, to: to})
		a, b := u.node(from), u.node(to)
		u.succ[a], u.pred[b] = append(u.succ[a], b), append(u.pred[b], a)
	}
	u.flows[i].sides |= 1 << side
}

// dominate computes immediate dominators and postdominators.
func (u *union) dominate() {
	if u.above == nil {
		u.above = dominators(u.start, u.succ, u.pred)
		u.below = dominators(u.end, u.pred, u.succ)
	}
}

// dominators is the algorithm of Cooper, Harvey, Kennedy, "A simple, fast dominance algorithm" (2001). Nodes that the
// root does not reach have -1, as the root has.
func dominators(root int, succ, pred [][]int) []int {
	number := make([]int, len(succ)) // in postorder, from 1; 0: not reached
	var order []int                  // postorder
	type frame struct{ node, next int }
	seen := make([]bool, len(succ))
	seen[root] = true
	for stack := []frame{{root, 0}}; len(stack) > 0; {
		top := &stack[len(stack)-1]
		if top.next < len(succ[top.node]) {
			n := succ[top.node][top.next]
			top.next++
			if !seen[n] {
				seen[n] = true
				stack = append(stack, frame{n, 0})
			}
			continue
		}
		order = append(order, top.node)
		number[top.node] = len(order)
		stack = stack[:len(stack)-1]
	}
	up := make([]int, len(succ))
	for i := range up {
		up[i] = -1
	}
	up[root] = root
	for changed := true; changed; {
		changed = false
		for _, n := range slices.Backward(order) {
			if n == root {
				continue
			}
			best := -1
			for _, p := range pred[n] {
				switch {
				case up[p] < 0:
				case best < 0:
					best = p
				default:
					best = meet(up, number, best, p)
				}
			}
			if up[n] != best {
				up[n], changed = best, true
			}
		}
	}
	up[root] = -1
	return up
}

// meet is the nearest common dominator of two nodes.
func meet(up, number []int, a, b int) int {
	for a != b {
		for number[a] < number[b] {
			a = up[a]
		}
		for number[b] < number[a] {
			b = up[b]
		}
	}
	return a
}

// common is the nearest node on the way up from all of some nodes, themselves included; root if there is no other.
func common(up []int, root int, nodes []int) int {
	ways := func(n int) []int {
		var way []int
		for ; n >= 0; n = up[n] {
			way = append(way, n)
		}
		return way
	}
	way := ways(nodes[0])
	for _, n := range nodes[1:] {
		other := ways(n)
		way = slices.DeleteFunc(way, func(x int) bool { return !slices.Contains(other, x) })
	}
	if len(way) == 0 {
		return root
	}
	return way[0]
}

// around are the nearest node that every way to one of the nodes passes, and the nearest behind that every way from one
// of them passes, such that all of them lie between the two. (In a circle the nearest may be one before.)
func (u *union) around(names []string) (entry, exit string) {
	u.dominate()
	var nodes []int
	for _, name := range names {
		nodes = append(nodes, u.index[name])
	}
	for a := common(u.above, u.start, nodes); a >= 0; a = u.above[a] {
		for b := common(u.below, u.end, nodes); b >= 0; b = u.below[b] {
			ahead, behind := u.reach(u.succ, a, b), u.reach(u.pred, b, a)
			if !slices.ContainsFunc(nodes, func(n int) bool { return !ahead[n] || !behind[n] }) {
				return u.nodes[a], u.nodes[b]
			}
		}
	}
	return u.nodes[u.start], u.nodes[u.end]
}

// meeting is the nearest node behind another that every way from there passes.
func (u *union) meeting(name string) string {
	u.dominate()
	if i := u.below[u.index[name]]; i >= 0 {
		return u.nodes[i]
	}
	return u.nodes[u.end]
}

// between are the nodes on ways from entry to the next exit, both included.
func (u *union) between(entry, exit string) []string {
	a, b := u.index[entry], u.index[exit]
	ahead, behind := u.reach(u.succ, a, b), u.reach(u.pred, b, a)
	var names []string
	for i, name := range u.nodes {
		if ahead[i] && behind[i] {
			names = append(names, name)
		}
	}
	return names
}

// circles reports whether entry can be met again before exit, and exit before entry.
func (u *union) circles(entry, exit string) (lead, trail bool) {
	a, b := u.index[entry], u.index[exit]
	ahead, behind := u.reach(u.succ, a, b), u.reach(u.pred, b, a)
	for _, p := range u.pred[a] {
		lead = lead || ahead[p] && p != b
	}
	for _, s := range u.succ[b] {
		trail = trail || behind[s] && s != a
	}
	return lead, trail
}

// reach are the nodes that from leads to without passing stop.
func (u *union) reach(next [][]int, from, stop int) []bool {
	seen := make([]bool, len(u.nodes))
	seen[from] = true
	for stack := []int{from}; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == stop && n != from {
			continue
		}
		for _, m := range next[n] {
			if !seen[m] {
				seen[m] = true
				stack = append(stack, m)
			}
		}
	}
	return seen
}
