package petri

// Inclusive joins, by the definition of BPMN 2.0 (13.4.3) on the compiled net: the join waits while a token can still
// arrive at an unmarked input f, that is while there is a token in Up(f) that is not also in Up of some marked input
// (such a token would as well go there). Up(f) are the places with a path to f that avoids the join.

// linkJoins computes up for every input of every inclusive join.
func (n *Net) linkJoins() {
	var into [][]int32 // by place: the transitions that put a token there
	for j := range n.trans {
		t := &n.trans[j]
		if len(t.Inputs) == 0 {
			continue
		}
		if into == nil {
			into = n.putters()
		}
		t.up = make([]Marking, len(t.Inputs))
		for i, f := range t.Inputs {
			t.up[i] = n.upstream(f, j, t.Within, into)
		}
	}
}

// putters lists, by place, the transitions that put a token there.
func (n *Net) putters() [][]int32 {
	into := make([][]int32, n.places)
	for i := range n.trans {
		for p := range n.trans[i].Post.Each {
			into[p] = append(into[p], int32(i))
		}
	}
	return into
}

// upstream is the set of places from which a token can come to f without passing transition avoid and without leaving
// within (nil: anywhere), f itself excluded.
func (n *Net) upstream(f Place, avoid int, within Marking, into [][]int32) Marking {
	up := n.NewMarking(f)
	for work := []Place{f}; len(work) > 0; {
		last := len(work) - 1
		to := work[last]
		work = work[:last]
		for _, i := range into[to] {
			if int(i) == avoid {
				continue
			}
			for p := range n.trans[i].sources {
				if !up.Has(p) && (within == nil || within.Has(p)) {
					up.Add(p)
					work = append(work, p)
				}
			}
		}
	}
	up.Remove(f)
	return up
}

// sources yields the places that a token comes from when t fires.
func (t *Trans) sources(yield func(Place) bool) {
	for _, from := range []Marking{t.Pre, t.Read} {
		for p := range from.Each {
			if !yield(p) {
				return
			}
		}
	}
	for _, p := range t.Inputs {
		if !yield(p) {
			return
		}
	}
}

// joins reports whether the inclusive join t may fire in m.
func (t *Trans) joins(m Marking) bool {
	some := false
	for _, p := range t.Inputs {
		some = some || m.Has(p)
	}
	if !some {
		return false
	}
	for i, p := range t.Inputs {
		if !m.Has(p) && t.awaits(m, i) {
			return false
		}
	}
	return true
}

// awaits reports whether a token can still arrive at the unmarked input i.
func (t *Trans) awaits(m Marking, i int) bool {
	for w, x := range t.up[i] {
		x &= m[w]
		for k, p := range t.Inputs {
			if x == 0 {
				break
			}
			if m.Has(p) {
				x &^= t.up[k][w]
			}
		}
		// A marked input is no token on its way: it lies at the join.
		for _, p := range t.Inputs {
			if int(p>>6) == w && m.Has(p) {
				x &^= 1 << (p & 63)
			}
		}
		if x != 0 {
			return true
		}
	}
	return false
}
