package petri

import "slices"

// Refine returns a copy of the net with more places, whose transitions change has gone over, and with more letters at
// the end of its list: indexes of the net remain valid. change may change the sets of a transition, which are as long as
// a marking of the copy and never nil, but not its sort. Inclusive joins wait for what they waited for: the new places
// and letters bring them nothing.
func (n *Net) Refine(places int, change func(t int, x *Trans), letters []Trans) *Net {
	c := &Net{places: n.places + places, silent: n.silent}
	w := c.Words()
	grow := func(m Marking) Marking {
		out := make(Marking, w)
		copy(out, m)
		return out
	}
	own := func(x Trans) Trans {
		x.Pre, x.Read, x.Zero, x.Clear, x.Post = grow(x.Pre), grow(x.Read), grow(x.Zero), grow(x.Clear), grow(x.Post)
		x.Within = nil // done with
		return x
	}
	for t := range n.trans {
		x := own(n.trans[t])
		change(t, &x)
		x.up = slices.Clone(x.up)
		for i := range x.up {
			x.up[i] = grow(x.up[i])
		}
		c.trans = append(c.trans, x)
	}
	for _, x := range letters {
		c.trans = append(c.trans, own(x))
	}
	c.settle()
	return c
}
