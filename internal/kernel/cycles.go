package kernel

import "github.com/replank/replank/internal/petri"

// Cyclic reports whether the schema has a cycle that is no structured loop: jumps or bare gateways lead back. The set
// digest does not take out what such a cycle supersedes, and two runs that went round it in another order may have the
// same, so classes of its runs need the sequence digest (formal-core.md, KEY).
func (m *Machine) Cyclic() bool { return m.cyclic }

// cycles looks for a circle of transitions that does not pass the jump back of a loop.
func cycles(m *Machine) bool {
	net := m.p.Net
	next := make([][]petri.Place, net.Places()) // by place: where a token that it has can bring one
	for t := range net.Len() {
		if m.p.Acts[t].Back >= 0 {
			continue
		}
		x := net.Trans(t)
		from := x.Pre.Clone()
		if from == nil {
			from = net.NewMarking()
		}
		for _, p := range x.Inputs {
			from.Add(p)
		}
		for p := range from.Each {
			for q := range x.Post.Each {
				next[p] = append(next[p], q)
			}
		}
	}
	const open, done = 1, 2
	state := make([]byte, net.Places())
	type at struct {
		place petri.Place
		i     int
	}
	for root := range state {
		if state[root] != 0 {
			continue
		}
		state[root] = open
		for stack := []at{{petri.Place(root), 0}}; len(stack) > 0; {
			top := &stack[len(stack)-1]
			if top.i == len(next[top.place]) {
				state[top.place] = done
				stack = stack[:len(stack)-1]
				continue
			}
			q := next[top.place][top.i]
			top.i++
			switch state[q] {
			case open:
				return true
			case 0:
				state[q] = open
				stack = append(stack, at{q, 0})
			}
		}
	}
	return false
}
