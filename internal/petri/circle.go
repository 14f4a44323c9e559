package petri

// Circles tells which transitions may be part of a run that returns to the marking it began in and consists of
// transitions in through alone. It looks at the structure only: a token of such a run comes round, so some transition of
// every such run lies on a circle of places and transitions, and a net without one has no such run. A transition that
// takes nothing is a circle by itself.
func (n *Net) Circles(through func(t int) bool) []bool {
	c := &circles{net: n, through: through, takers: make([][]int32, n.places), index: make([]int32, n.Len()), low: make([]int32, n.Len()), in: make([]bool, n.Len())}
	for t := range n.trans {
		if through(t) {
			for p := range n.trans[t].sources {
				c.takers[p] = append(c.takers[p], int32(t))
			}
		}
	}
	for t := range n.trans {
		if through(t) && c.index[t] == 0 {
			c.visit(int32(t))
		}
		if through(t) && n.trans[t].takes.Empty() {
			c.in[t] = true
		}
	}
	return c.in
}

// circles finds the strongly connected components of the transitions, an arc leading from one to those that use a token
// of it (Tarjan, "Depth-first search and linear graph algorithms").
type circles struct {
	net        *Net
	through    func(t int) bool
	takers     [][]int32 // by place
	index, low []int32   // index: order of discovery from 1; 0: unseen; -1: done
	next       int32
	stack      []int32
	in         []bool
}

// followers yields the transitions that use what t marks.
func (c *circles) followers(t int32, yield func(int32)) {
	for p := range c.net.trans[t].Post.Each {
		for _, u := range c.takers[p] {
			yield(u)
		}
	}
}

// visit explores from root, without recursion: nets are as long as their authors like.
func (c *circles) visit(root int32) {
	type frame struct {
		t     int32
		after []int32 // still to look at
	}
	enter := func(t int32) frame {
		c.next++
		c.index[t], c.low[t] = c.next, c.next
		c.stack = append(c.stack, t)
		f := frame{t: t}
		c.followers(t, func(u int32) {
			f.after = append(f.after, u)
			if u == t {
				c.in[t] = true
			}
		})
		return f
	}
	path := []frame{enter(root)}
	for len(path) > 0 {
		f := &path[len(path)-1]
		if len(f.after) > 0 {
			u := f.after[0]
			f.after = f.after[1:]
			switch {
			case c.index[u] == 0:
				path = append(path, enter(u))
			case c.index[u] > 0:
				c.low[f.t] = min(c.low[f.t], c.index[u])
			}
			continue
		}
		t := f.t
		path = path[:len(path)-1]
		if len(path) > 0 {
			up := path[len(path)-1].t
			c.low[up] = min(c.low[up], c.low[t])
		}
		if c.low[t] == c.index[t] {
			c.close(t)
		}
	}
}

// close takes the component of t off the stack.
func (c *circles) close(t int32) {
	alone := c.stack[len(c.stack)-1] == t
	for {
		u := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		c.index[u] = -1
		c.in[u] = c.in[u] || !alone
		if u == t {
			return
		}
	}
}
