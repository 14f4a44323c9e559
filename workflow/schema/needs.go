package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
)

// Needs says, for every marking at rest that a process can reach, which variables may be read from there on before
// they are written: those must have a value in an instance that is put there (may-missing analysis, the future half).
type Needs struct {
	space *petri.Space
	flow  *dataFlow
	need  []slots
	at    map[string]int // marking -> state
}

// Needs explores the process. It costs as much as a verification; keep the result. The result is for the engine.
func (p *Process) Needs() *Needs {
	v := &verifier{p: p, prog: p.program, net: p.program.Net, findings: findings{source: p.source}}
	v.throwers()
	v.space = v.net.Explore(v.prog.Initial, petri.Options{Possible: v.possible})
	d := &dataFlow{verifier: v, words: len(v.prog.Vars)/64 + 1}
	for t := range v.net.Len() {
		d.effects = append(d.effects, d.effect(t))
	}
	n := &Needs{space: v.space, flow: d, need: d.needs(), at: make(map[string]int, v.space.Len())}
	for i := range v.space.Len() {
		n.at[string(v.space.Marking(i).Bytes(nil))] = i
	}
	return n
}

// At returns the variables (slots, ascending) that an instance at m must have, and whether m was explored at all: it
// was not if the process cannot reach it or the search ended early.
func (n *Needs) At(m petri.Marking) ([]int, bool) {
	i, ok := n.at[string(m.Bytes(nil))]
	if !ok {
		return nil, false
	}
	var list []int
	for slot := range n.flow.prog.Vars {
		if n.need[i].has(slot) {
			list = append(list, slot)
		}
	}
	return ascending(append(list, n.flow.opening(m)...)), true
}

// needs computes, for each state, the variables that may be read on some path from it before they are written. A write
// that may be left out does not count; entering a sub-process takes the values of its variables away.
func (d *dataFlow) needs() []slots {
	need := make([]slots, d.space.Len())
	for i := range need {
		need[i] = make(slots, d.words)
	}
	before := make(slots, d.words)
	for changed := true; changed; {
		changed = false
		for i, now := range slices.Backward(need) {
			for _, m := range d.space.Moves(i) {
				e := &d.effects[m.Trans]
				copy(before, need[m.To])
				before.add(e.opens...)
				for _, gone := range [][]int{e.resets, e.writes} {
					for _, slot := range gone {
						before[slot>>6] &^= 1 << (slot & 63)
					}
				}
				before.add(e.reads...)
				for w, x := range before {
					if x&^now[w] != 0 {
						now[w] |= x
						changed = true
					}
				}
			}
		}
	}
	return need
}
