package schema

import "github.com/replank/replank/internal/petri"

// separations warns of steps that are separate from another which no run completes before they are offered: the rule
// would compare with nobody. Completed means ever before, in whatever iteration of a loop.
func (d *dataFlow) separations() {
	for i := range d.prog.Nodes {
		n := &d.prog.Nodes[i]
		for _, w := range n.Separate {
			other := &d.prog.Nodes[w]
			if d.happens(int(n.Start)) && !d.openAfter(n.Offered, n.Running, int(other.Complete)) {
				d.add(Warning, "data/separate", d.step(int32(i)).id.at, n.ID, "name a step that comes before, or leave it out",
					"%s is separate from %q, but no run completes %q before: the rule never applies", d.name(int32(i)), other.ID, other.ID)
			}
		}
	}
}

// openAfter reports whether some run marks one of two places after transition t.
func (d *dataFlow) openAfter(offered, running petri.Place, t int) bool {
	never := d.constant.never
	seen := make([]bool, d.space.Len())
	var todo []int32
	meet := func(state int32) {
		if !seen[state] {
			seen[state] = true
			todo = append(todo, state)
		}
	}
	for i := range d.space.Len() {
		for _, m := range d.space.Moves(i) {
			if int(m.Trans) == t {
				meet(m.To)
			}
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		if m := d.space.Marking(int(todo[0])); m.Has(offered) || m.Has(running) {
			return true
		}
		for _, m := range d.space.Moves(int(todo[0])) {
			if never == nil || !never[m.Trans] {
				meet(m.To)
			}
		}
	}
	return false
}
