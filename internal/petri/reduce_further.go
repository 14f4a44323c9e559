package petri

import "slices"

// Further reduces a reduced net once more, as far as letting go of some of the transitions that were kept allows: keep,
// of the original net, asks for some of those that were asked for before, and for no others. What comes of it is what
// reducing the original net with this keep would have made, for each rule that was applied could have been applied then
// too; but only what is left is looked at. So the net that many questions need is made once, and each of them begins
// with a small one.
func (r *Reduced) Further(keep func(t int) bool) *Reduced {
	x := &reducer{from: r.from, begin: Place(r.Net.places - 1), image: slices.Clone(r.image), absorbed: slices.Clip(r.absorbed)}
	own := func(m Marking) Marking {
		out := x.set()
		out.Union(m)
		return out
	}
	for t, was := range r.nodes {
		y := &node{Trans: r.Net.trans[t], rank: was.rank, plan: was.plan, fires: was.fires, marks: was.marks}
		y.Pre, y.Read, y.Zero, y.Clear, y.Post = own(y.Pre), own(y.Read), own(y.Zero), own(y.Clear), own(y.Post)
		y.Inputs, y.up = slices.Clone(y.Inputs), slices.Clone(y.up)
		for i := range y.up {
			y.up[i] = own(y.up[i])
		}
		y.keep = was.plan.sort == one && keep(int(was.plan.trans))
		x.nodes = append(x.nodes, y)
	}
	return x.run(r.initial)
}
