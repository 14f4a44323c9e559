package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
)

// The flow of data in a space that is too large to look at: one variable at a time, on a net that is reduced but for what
// touches that variable, and what makes a letter possible that does: a letter that was left out happens early, also
// within a closure. Nothing that concerns the variable is lost so, for two transitions that touch it can fire in one
// marking, or one after the other, in the reduced net if and only if they can in the net.

// shrunk is a net that is reduced for one variable.
type shrunk struct {
	slot int
	red  *petri.Reduced
	of   []int32   // of closed: its transitions as those of the program
	is   []int32   // by transition of the reduced net: that of the program that touches the variable; -1: none does
	at   [][]int32 // the reverse
}

// dataByVariable reports what is wrong with the flow of data without the space of the net.
func (v *verifier) dataByVariable(opt petri.Options) {
	all := &dataFlow{verifier: v, words: len(v.prog.Vars)/64 + 1}
	for t := range v.net.Len() {
		all.effects = append(all.effects, all.effect(t))
	}
	all.first.opens = all.opening(v.prog.Initial)
	read, kept := all.redundant()
	net, of := v.closed()
	for slot := range v.prog.Vars {
		d := all.of(slot)
		touch := d.touching()
		if !slices.Contains(touch, true) && !d.first.touches() && !contains(v.prog.Out, slot) {
			continue
		}
		keep := v.enabling(touch)
		red := v.reduce(net, of, func(t int) bool { return keep[t] })
		space := red.Net.Explore(red.Initial, petri.Options{Budget: opt.Budget, Stop: opt.Stop})
		if v.states = max(v.states, space.Len()); !space.Complete {
			v.complete = false
			return
		}
		d.small = &shrunk{slot: slot, red: red, of: of, is: make([]int32, red.Net.Len()), at: make([][]int32, v.net.Len())}
		for t := range d.small.is {
			d.small.is[t] = -1
			if o := red.Original(t); o >= 0 && touch[of[o]] {
				d.small.is[t] = of[o]
				d.small.at[of[o]] = append(d.small.at[of[o]], int32(t))
			}
		}
		whole := v.space
		v.space = space
		d.missing()
		d.races()
		d.lostWrites(read, kept)
		v.space = whole
	}
}

// of is the flow of one variable.
func (d *dataFlow) of(slot int) *dataFlow {
	only := func(list []int) []int {
		if contains(list, slot) {
			return []int{slot}
		}
		return nil
	}
	one := func(e effect) effect {
		return effect{only(e.reads), only(e.writes), only(e.maybe), only(e.resets), only(e.opens), only(e.undone), only(e.owed)}
	}
	x := &dataFlow{verifier: d.verifier, words: d.words, first: one(d.first)}
	for _, e := range d.effects {
		x.effects = append(x.effects, one(e))
	}
	return x
}

// touching tells which transitions do anything to the variable. A decision is one thing.
func (d *dataFlow) touching() []bool {
	touch := make([]bool, len(d.effects))
	decision := make(map[int32]bool)
	for t := range d.effects {
		e := &d.effects[t]
		touch[t] = e.touches() || len(e.resets) > 0
		if a := &d.prog.Acts[t]; touch[t] && a.Decision >= 0 {
			decision[a.Decision] = true
		}
	}
	for t := range touch {
		touch[t] = touch[t] || decision[d.prog.Acts[t].Decision]
	}
	return touch
}

// enabling adds to some transitions the letters that make a letter among them possible, at once or by way of silent
// transitions: those that mark what it needs, or empty what must be empty.
func (v *verifier) enabling(touch []bool) []bool {
	full, empty := v.net.NewMarking(), v.net.NewMarking()
	enables := func(x *petri.Trans) bool {
		return x.Post.Meets(full) || x.Takes().Meets(empty)
	}
	needs := func(x *petri.Trans) bool {
		more := v.net.NewMarking(x.Inputs...)
		more.Union(x.Pre)
		more.Union(x.Read)
		none := v.net.NewMarking()
		none.Union(x.Zero)
		if len(x.Inputs) > 0 {
			none.Union(x.Within) // while something is on its way, a join waits
		}
		if full.Contains(more) && empty.Contains(none) {
			return false
		}
		full.Union(more)
		empty.Union(none)
		return true
	}
	for t := range v.net.Len() {
		if touch[t] {
			needs(v.net.Trans(t))
		}
	}
	for grown := true; grown; {
		grown = false
		for t := range v.net.Silent() {
			if x := v.net.Trans(t); enables(x) && needs(x) {
				grown = true
			}
		}
	}
	keep := slices.Clone(touch)
	for t := v.net.Silent(); t < v.net.Len(); t++ {
		keep[t] = keep[t] || enables(v.net.Trans(t))
	}
	return keep
}

// ofProgram is the transition of the program that transition t of the space is; -1 if it does not matter.
func (d *dataFlow) ofProgram(t int32) int32 {
	if d.small == nil {
		return t
	}
	return d.small.is[t]
}

// does is what transition t of the space does to the variables.
func (d *dataFlow) does(t int32) *effect {
	if t = d.ofProgram(t); t >= 0 {
		return &d.effects[t]
	}
	return &effect{}
}

// silent reports whether transition t of the space is.
func (d *dataFlow) silent(t int32) bool {
	if d.small == nil {
		return d.net.Trans(int(t)).Silent
	}
	return d.small.red.Net.Trans(int(t)).Silent
}

// enabled reports whether transition t of the program can happen in a marking of the space.
func (d *dataFlow) enabled(m petri.Marking, t int) bool {
	if d.small == nil {
		return d.net.Enabled(m, t) && d.possible(m, t)
	}
	return slices.ContainsFunc(d.small.at[t], func(u int32) bool { return d.small.red.Net.Enabled(m, int(u)) })
}

// tell is a run of the space as one of the process; with rest, as far as it can go without what touches the variable.
func (d *dataFlow) tell(run []int, rest bool) []int {
	if d.small == nil {
		return run
	}
	full, _ := d.small.red.Expand(run, rest)
	return d.original(full, d.small.of)
}
