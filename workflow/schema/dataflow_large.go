package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
)

// The flow of data in a space that is too large to look at: one variable at a time, on a net that is reduced but for what
// touches that variable, and what makes a letter possible that does: a letter that was left out happens early, also
// within a closure. Nothing that concerns the variable is lost so, for two transitions that touch it can fire in one
// marking, or one after the other, in the reduced net if and only if they can in the net.
//
// The net is reduced once for all variables, what comes of it once more for either half of them, and so on: what a
// variable costs is about what touches it, and not the size of the net.

// shrunk is a net that is reduced for one variable.
type shrunk struct {
	slot int
	by   *byVariable
	red  *petri.Reduced
	is   []int32           // by transition of the reduced net: that of the program that touches the variable; -1: none does
	at   map[int32][]int32 // the reverse
}

// byVariable is the analysis of all variables.
type byVariable struct {
	*verifier
	all     *dataFlow // what transitions do to all variables
	effects []effect  // by transition: what it does to the variable that is looked at
	touch   [][]int32 // by variable: the transitions that do anything to it. A decision is one thing
	enable  *enablers
	net     *petri.Net
	of      []int32 // of net: its transitions as those of the program
	circles func(t int) bool
	read    slots
	kept    slots
	opt     petri.Options // its budget is what all variables have left
	told    int           // runs
	looked  int           // transitions of the reduced nets
}

// dataByVariable reports what is wrong with the flow of data without the space of the net, which is closed.
func (v *verifier) dataByVariable(opt petri.Options, net *petri.Net, of []int32) *byVariable {
	b := &byVariable{verifier: v, all: &dataFlow{verifier: v, words: len(v.prog.Vars)/64 + 1}, effects: make([]effect, v.net.Len()), net: net, of: of}
	if b.opt = (petri.Options{Budget: opt.Budget, Stop: opt.Stop}); b.opt.Budget <= 0 {
		b.opt.Budget = petri.DefaultBudget
	}
	for t := range v.net.Len() {
		b.all.effects = append(b.all.effects, b.all.effect(t))
	}
	b.all.first.opens = b.all.opening(v.prog.Initial)
	b.read, b.kept = b.all.redundant()
	b.touching()
	given, changed := b.all.given(), b.changed()
	var slots []int
	for slot := range v.prog.Vars {
		if given.has(slot) && !changed.has(slot) {
			continue // who reads it can come in any order
		}
		if len(b.touch[slot]) > 0 || contains(b.all.first.opens, slot) || contains(v.prog.Out, slot) {
			slots = append(slots, slot)
		}
	}
	if len(slots) > 0 {
		b.enable = v.enablers()
		b.circles = v.kept(net, of, nil)
		b.batch(nil, slots)
	}
	return b
}

// touching finds the transitions that do anything to a variable.
func (b *byVariable) touching() {
	b.touch = make([][]int32, len(b.prog.Vars))
	decisions := make([][]int32, len(b.prog.Vars)) // by variable
	steps := make([][]int32, len(b.prog.Decisions))
	for t := range b.all.effects {
		e, decision := &b.all.effects[t], b.prog.Acts[t].Decision
		if decision >= 0 {
			steps[decision] = append(steps[decision], int32(t))
		}
		for _, list := range [][]int{e.reads, e.writes, e.maybe, e.resets, e.opens, e.owed} {
			for _, slot := range list {
				b.touch[slot] = append(b.touch[slot], int32(t))
				if n := len(decisions[slot]); decision >= 0 && (n == 0 || decisions[slot][n-1] != decision) {
					decisions[slot] = append(decisions[slot], decision)
				}
			}
		}
	}
	for slot := range b.touch {
		for _, d := range distinct(decisions[slot]) {
			b.touch[slot] = append(b.touch[slot], steps[d]...)
		}
		b.touch[slot] = distinct(b.touch[slot])
	}
}

// changed are the variables that anything writes or resets.
func (b *byVariable) changed() slots {
	s := make(slots, b.all.words)
	for t := range b.effects {
		e := &b.all.effects[t]
		s.add(e.writes...)
		s.add(e.maybe...)
		s.add(e.resets...)
	}
	return s
}

// distinct sorts a list and drops what is twice in it.
func distinct(list []int32) []int32 {
	slices.Sort(list)
	return slices.Compact(list)
}

// batch looks at some variables, on a net that was reduced for them and others, or not yet; it reports whether the budget
// was enough.
func (b *byVariable) batch(red *petri.Reduced, slots []int) bool {
	if b.opt.Stop != nil && b.opt.Stop() {
		b.complete = false
		return false
	}
	var touch []int32
	for _, slot := range slots {
		touch = append(touch, b.touch[slot]...)
	}
	asked := make([]bool, len(b.effects))
	for _, t := range b.enable.letters(distinct(touch)) {
		asked[t] = true
	}
	keep := func(t int) bool { return b.circles(t) || asked[b.of[t]] }
	if red == nil {
		initial := b.net.NewMarking()
		initial.Union(b.prog.Initial)
		red = b.net.Reduce(initial, keep)
	} else {
		red = red.Further(keep)
	}
	b.looked += red.Net.Len()
	if len(slots) == 1 {
		return b.one(red, slots[0])
	}
	half := len(slots) / 2
	return b.batch(red, slots[:half]) && b.batch(red, slots[half:])
}

// one looks at one variable, on the net that was reduced for it; it reports whether the budget was enough. What is wrong
// shows early where very much can happen at once, so that a part of the space is looked at before the whole of it.
func (b *byVariable) one(red *petri.Reduced, slot int) bool {
	d := b.flow(red, slot)
	whole := b.space
	defer func() {
		b.space = whole
		for _, t := range b.touch[slot] {
			b.effects[t] = effect{}
		}
	}()
	opt := b.opt
	opt.Budget = min(opt.Budget, smallSpace)
	before := len(b.list)
	for {
		b.space = red.Net.Explore(red.Initial, opt)
		if b.space.Complete || opt.Budget == b.opt.Budget {
			break
		}
		if b.orders(d); refused(b.list[before:]) {
			return true
		}
		b.list, opt = b.list[:before], b.opt
	}
	b.states = max(b.states, b.space.Len())
	b.orders(d)
	if b.opt.Budget -= b.space.Len(); !b.space.Complete || b.opt.Budget <= 0 {
		b.complete = false
		return false
	}
	d.lostWrites(b.read, b.kept)
	return true
}

// orders reports what the order of steps brings about, of which a part of a space tells nothing that is not so.
func (b *byVariable) orders(d *dataFlow) {
	if b.found("data/missing") < maxData {
		d.missing()
	}
	if b.found("data/race") < maxData {
		d.races()
	}
}

// flow is the flow of one variable.
func (b *byVariable) flow(red *petri.Reduced, slot int) *dataFlow {
	itself := []int{slot}
	only := func(list []int) []int {
		if contains(list, slot) {
			return itself
		}
		return nil
	}
	for _, t := range b.touch[slot] {
		e := &b.all.effects[t]
		b.effects[t] = effect{only(e.reads), only(e.writes), only(e.maybe), only(e.resets), only(e.opens), only(e.undone), only(e.byUndo), only(e.owed)}
	}
	d := &dataFlow{verifier: b.verifier, words: b.all.words, effects: b.effects, first: effect{opens: only(b.all.first.opens)}, undos: b.all.undoes()}
	d.small = &shrunk{slot: slot, by: b, red: red, is: make([]int32, red.Net.Len()), at: make(map[int32][]int32)}
	for t := range d.small.is {
		d.small.is[t] = -1
		if o := red.Original(t); o >= 0 {
			if _, touches := slices.BinarySearch(b.touch[slot], b.of[o]); touches {
				d.small.is[t] = b.of[o]
				d.small.at[b.of[o]] = append(d.small.at[b.of[o]], int32(t))
			}
		}
	}
	return d
}

// found counts the findings with a code.
func (b *byVariable) found(code string) int {
	n := 0
	for i := range b.list {
		if b.list[i].Code == code {
			n++
		}
	}
	return n
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
	return slices.ContainsFunc(d.small.at[int32(t)], func(u int32) bool { return d.small.red.Net.Enabled(m, int(u)) })
}

// maxTold bounds the runs that are told of reduced nets: as many findings as a source may have, and more would take as
// long as the process is long, each.
const maxTold = MaxFindings

// tell is a run of the space as one of the process; with rest, as far as it can go without what touches the variable.
func (d *dataFlow) tell(run []int, rest bool) []int {
	if d.small == nil {
		return run
	}
	b := d.small.by
	if b.told++; b.told > maxTold {
		return nil
	}
	full, _ := d.small.red.Expand(run, rest)
	return d.original(full, b.of)
}
