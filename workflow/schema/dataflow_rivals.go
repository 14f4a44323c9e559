package schema

import "github.com/replank/replank/internal/petri"

// rivals are letters that must not be enabled together with another transition, because of a variable, or of who
// completed a task last. Only those are compared that a state enables together: of all pairs there are too many.
type rivals struct {
	d        *dataFlow
	net      *petri.Net         // of the space
	takers   [][]int32          // by place of it: letters that touch a variable, each under one place that it needs
	effects  []*effect          // by transition of it: at once; nil: not known yet
	pairs    map[[2]int32][]int // transition of the space, letter of the program: the variables
	separate map[int32][]int32  // start of a task: completions of those that it is separate from
}

// completer stands for a variable where a node wants to be separate from another.
const completer = -1

// rivals begins the search.
func (d *dataFlow) rivals() *rivals {
	r := &rivals{d: d, net: d.net, pairs: make(map[[2]int32][]int), separate: make(map[int32][]int32)}
	if d.small != nil { // of one variable
		r.net = d.small.red.Net
	} else {
		for i := range d.prog.Nodes {
			for _, w := range d.prog.Nodes[i].Separate {
				if t := d.prog.Nodes[i].Start; w != int32(i) {
					r.separate[t] = append(r.separate[t], d.prog.Nodes[w].Complete)
				}
			}
		}
	}
	r.effects = make([]*effect, d.net.Len())
	r.takers = make([][]int32, r.net.Places())
	for t := r.net.Silent(); t < r.net.Len(); t++ {
		if !d.does(int32(t)).touches() {
			continue
		}
		x := r.net.Trans(t)
		for _, need := range []petri.Marking{x.Pre, x.Read} {
			if !need.Empty() {
				for p := range need.Each {
					r.takers[p] = append(r.takers[p], int32(t))
					break
				}
				break
			}
		}
	}
	return r
}

// enabled appends the letters of the program that touch a variable and can happen in a marking of the space, in order.
func (r *rivals) enabled(m petri.Marking, list []int32) []int32 {
	for p := range m.Each {
		for _, t := range r.takers[p] {
			if r.net.Enabled(m, int(t)) && (r.d.small != nil || r.d.possible(m, int(t))) {
				list = append(list, r.d.ofProgram(t))
			}
		}
	}
	return distinct(list)
}

// effect is what transition t of the program does at once.
func (r *rivals) effect(t int32) *effect {
	if r.effects[t] == nil {
		e := r.d.atOnce(int(t))
		r.effects[t] = &e
	}
	return r.effects[t]
}

// over lists the variables because of which letter u is a rival of t, both of the program.
func (r *rivals) over(t, u int32) []int {
	pair := [2]int32{t, u}
	slots, known := r.pairs[pair]
	if !known && t != u {
		slots = conflicts(r.effect(t), &r.d.effects[u])
		if len(slots) > 0 && !independent(r.d.prog.Net.Trans(int(t)), r.d.prog.Net.Trans(int(u))) {
			slots = nil
		}
		r.pairs[pair] = slots
	}
	return slots
}

// resting reports whether no silent transition is enabled in a marking of the space.
func (r *rivals) resting(m petri.Marking) bool {
	for t := range r.net.Silent() {
		if r.net.Enabled(m, t) {
			return false
		}
	}
	return true
}
