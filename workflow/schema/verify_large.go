package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
)

// A state space grows with the product of what is beside one another, so beyond a few thousand states a net is first
// reduced by structure (petri.Reduce), which proves most nets sound in a few states. What goes wrong in the reduced net is
// looked for in the whole space, breadth first, for the shortest run that shows it; if that is too large, the run of the
// reduced net is told as one of the process. Nothing is reported that no run of the process shows. The reduced net knows
// nothing of the haste of ends that throw an error: what is proved holds for those that wait, too.

// smallSpace is the number of states up to which a space is explored as it is.
const smallSpace = 1 << 12

// judge explores and reports what is wrong.
func (v *verifier) judge(opt petri.Options) {
	small, most := opt, v.small
	if most == 0 {
		most = smallSpace
	}
	if small.Budget <= 0 || small.Budget > most {
		small.Budget = most
	}
	if v.explore(small); v.complete || v.alarm(v.space, v.automatic) {
		v.whole(opt)
		return
	}
	net, of := v.closed()
	red := v.reduce(net, of, nil)
	space := red.Net.Explore(red.Initial, petri.Options{Budget: opt.Budget, Stop: opt.Stop})
	wrong := v.alarm(space, func(t int) bool {
		return red.Consists(t, func(t int) bool { return v.automatic(int(of[t])) })
	}) || space.Complete && !v.granted.given && lostIn(space) >= 0
	if !wrong {
		v.complete, v.states = space.Complete, space.Len()
		v.proved(opt, red, space, net, of)
		return
	}
	opt.First = true
	if v.explore(opt); v.complete || v.alarm(v.space, v.automatic) {
		opt.First = false
		v.whole(opt)
		return
	}
	v.told(red, space)
}

// explore builds the state space.
func (v *verifier) explore(opt petri.Options) {
	initial := v.net.NewMarking()
	initial.Union(v.prog.Initial)
	v.space = v.net.Explore(initial, opt)
	v.complete, v.states = v.space.Complete, v.space.Len()
}

// alarm reports whether a space, complete or not, shows something that is wrong.
func (v *verifier) alarm(space *petri.Space, automatic func(t int) bool) bool {
	if len(space.Unsafe) > 0 {
		return true
	}
	for i := range space.Len() {
		if space.Stuck(i) && !space.Marking(i).Empty() {
			return true
		}
	}
	_, circle := space.Cycle(automatic)
	return circle != nil
}

// lostIn is the state of a complete space nearest to its beginning from which the end cannot be reached; -1 if none.
func lostIn(space *petri.Space) int {
	worst := -1
	for i, ok := range space.CanReach(func(m petri.Marking) bool { return m.Empty() }) {
		if !ok && (worst < 0 || space.Depth(i) < space.Depth(worst)) {
			worst = i
		}
	}
	return worst
}

// closed is the net with nothing left to ask: an event that something running must throw is a letter for each of those
// that may. of maps its transitions to those of the program.
func (v *verifier) closed() (net *petri.Net, of []int32) {
	for t := range v.net.Len() {
		of = append(of, int32(t))
	}
	if len(v.thrown) == 0 {
		return v.net, of
	}
	var more []petri.Trans
	net = v.net.Refine(0, func(t int, x *petri.Trans) {
		from, thrown := v.thrown[int32(t)]
		if !thrown {
			return
		}
		first := true
		for p := range from.Each {
			if first {
				x.Read.Add(p)
				first = false
				continue
			}
			other := *v.net.Trans(t)
			other.Read = v.net.NewMarking(p)
			other.Read.Union(v.net.Trans(t).Read)
			more = append(more, other)
			of = append(of, int32(t))
		}
		if first {
			x.Zero.Union(x.Pre) // never
		}
	}, nil)
	if len(more) > 0 {
		return net.Refine(0, func(int, *petri.Trans) {}, more), of
	}
	return net, of
}

// reduce reduces a closed net. What may circle by itself stays as it is, so that it circles in the reduced net too, and
// so does what keep asks for.
func (v *verifier) reduce(net *petri.Net, of []int32, keep func(t int) bool) *petri.Reduced {
	initial := net.NewMarking()
	initial.Union(v.prog.Initial)
	return net.Reduce(initial, v.kept(net, of, keep))
}

// kept tells which transitions of a closed net stay as they are.
func (v *verifier) kept(net *petri.Net, of []int32, keep func(t int) bool) func(t int) bool {
	circles := net.Circles(func(t int) bool { return v.automatic(int(of[t])) })
	return func(t int) bool { return circles[t] || keep != nil && keep(int(of[t])) }
}

// proved reports what is to be said of a net whose reduced space shows nothing that is unsafe, stuck or circles.
func (v *verifier) proved(opt petri.Options, red *petri.Reduced, space *petri.Space, net *petri.Net, of []int32) {
	if !v.complete {
		return
	}
	v.fired = v.happened(red, space, of)
	if never := v.never(); never != nil {
		v.constant.never = never
		v.within(opt, never, net, of)
	}
	if len(v.list) == 0 {
		v.dead()
	}
	if !refused(v.list) {
		v.rules(opt)
		v.atomic(opt)
	}
	if !v.prog.Free {
		v.dataByVariable(opt, net, of)
	}
}

// happened tells which transitions of the program happen, by a reduced space.
func (v *verifier) happened(red *petri.Reduced, space *petri.Space, of []int32) []bool {
	fired := make([]bool, v.net.Len())
	for t := range red.Net.Len() {
		if space.Fired(t) {
			for _, u := range red.Fires(t) {
				fired[of[u]] = true
			}
		}
	}
	return fired
}

// within does what decide and endless do, on the net without what constant guards decide against.
func (v *verifier) within(opt petri.Options, never []bool, whole *petri.Net, of []int32) {
	net := whole.Refine(0, func(t int, x *petri.Trans) {
		if never[of[t]] {
			x.Zero.Union(x.Pre)
		}
	}, nil)
	red := v.reduce(net, of, nil)
	space := red.Net.Explore(red.Initial, petri.Options{Budget: opt.Budget, Stop: opt.Stop})
	if !space.Complete {
		v.complete = false
		return
	}
	v.fired = v.happened(red, space, of)
	if worst := lostIn(space); worst >= 0 && !v.granted.given {
		run, _ := red.Expand(space.Run(worst), false)
		if run = v.original(run, of); !v.can(run) {
			v.complete = false
			return
		}
		v.trapped(run)
	}
}

// original words a run of a closed net as one of the program.
func (v *verifier) original(run []int, of []int32) []int {
	for i, t := range run {
		run[i] = int(of[t])
	}
	return run
}

// told reports what the reduced space shows that is wrong, as runs of the process.
func (v *verifier) told(red *petri.Reduced, space *petri.Space) {
	net, of := v.closed()
	at := func(run []int) petri.Marking {
		m := net.NewMarking()
		m.Union(v.prog.Initial)
		for _, t := range run {
			net.Fire(m, t)
		}
		return m
	}
	for _, u := range space.Unsafe {
		run, unsafe := red.Expand(append(space.Run(u.State), u.Trans), true)
		if unsafe {
			before := at(run[:len(run)-1])
			if run = v.original(run, of); v.can(run) {
				v.twice(before, run[len(run)-1], run)
				return
			}
		}
	}
	if len(space.Unsafe) > 0 { // a false alarm: behind it nothing is sure
		return
	}
	for i := range space.Len() {
		if !space.Stuck(i) || space.Marking(i).Empty() {
			continue
		}
		if run, _ := red.Expand(space.Run(i), true); run != nil && halts(net, at(run)) {
			node := v.blame(at(run))
			if run = v.original(run, of); v.can(run) {
				v.stuck(node, run)
				return
			}
		}
	}
	if state, circle := space.Cycle(func(t int) bool {
		return red.Consists(t, func(t int) bool { return v.automatic(int(of[t])) })
	}); circle != nil {
		before, _ := red.Expand(space.Run(state), false)
		run, _ := red.Expand(append(space.Run(state), circle...), false)
		if before != nil && len(run) > len(before) && at(before).Equal(at(run)) {
			run = v.original(run, of)
			if round := run[len(before):]; !slices.ContainsFunc(round, func(t int) bool { return !v.automatic(t) }) && v.can(run) {
				v.circles(round, run)
				return
			}
		}
	}
	if worst := lostIn(space); space.Complete && !v.granted.given && worst >= 0 {
		if run, _ := red.Expand(space.Run(worst), false); run != nil {
			node := v.blame(at(run))
			if run = v.original(run, of); v.can(run) {
				v.lost(node, run)
			}
		}
	}
}

// halts reports whether nothing can happen in m, which is not the end.
func halts(net *petri.Net, m petri.Marking) bool {
	for t := range net.Len() {
		if net.Enabled(m, t) {
			return false
		}
	}
	return !m.Empty()
}
