package petri

import "math/bits"

// Frontier is the set of silent transitions that may be enabled, by index. Between steps it is empty: a marking at
// rest has no enabled silent transition but those whose guards could not be decided, and these are asked for by name.
//
// The closure of a step fires the enabled silent transitions in the order of their indexes (class, then document
// order) until none is left. The order is prescribed because eager closure is otherwise not confluent.
type Frontier []uint64

// NewFrontier returns an empty frontier of this net.
func (n *Net) NewFrontier() Frontier { return make(Frontier, (n.silent+63)/64) }

// All adds every silent transition: the frontier of a marking of which nothing is known.
func (n *Net) All(f Frontier) {
	for t := range n.silent {
		f.Add(t)
	}
}

// Add adds silent transition t.
func (f Frontier) Add(t int) { f[t>>6] |= 1 << (t & 63) }

// Drop removes silent transition t: its guard is false, or cannot be decided now.
func (f Frontier) Drop(t int) { f[t>>6] &^= 1 << (t & 63) }

// Reset empties f.
func (f Frontier) Reset() { clear(f) }

// Next returns the first transition of f that is enabled in m, guards aside, or -1. Those before it are dropped: only
// another firing can enable them.
func (n *Net) Next(m Marking, f Frontier) int {
	for i := range f {
		for f[i] != 0 {
			t := i<<6 + bits.TrailingZeros64(f[i])
			if n.Enabled(m, t) {
				return t
			}
			f[i] &= f[i] - 1
		}
	}
	return -1
}

// Alternatives appends to ts silent transition t, which is the next of a closure in m, and, if its guard is free, those
// that may fire instead of it: the enabled guarded ones with the same pre set.
func (n *Net) Alternatives(m Marking, t int32, ts []int32) []int32 {
	ts = append(ts, t)
	s := &n.trans[t]
	if !s.Guarded {
		return ts
	}
	for u := t + 1; u < int32(n.silent); u++ {
		if o := &n.trans[u]; o.Guarded && o.Pre.Equal(s.Pre) && n.Enabled(m, int(u)) {
			ts = append(ts, u)
		}
	}
	return ts
}

// Step fires t like Fire and adds to f what may have become enabled.
func (n *Net) Step(m Marking, f Frontier, t int) (safe bool) {
	safe = n.Fire(m, t)
	for i, w := range n.trans[t].wake {
		f[i] |= w
	}
	return safe
}
