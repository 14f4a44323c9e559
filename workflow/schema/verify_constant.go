package schema

// Guards are free in the state space: each may come out either way, so that what is proved of it holds for an instance
// that was moved here from a version with other guards, too. A guard that folds to a constant is decided all the same,
// and an instance that begins here never goes the other way. So two findings are made on the part of the space that is
// left without those ways: steps that never happen, and an end that can never be reached. The others could only
// become fewer.

// decided is the part of a state space that constant guards leave. The zero value is the whole of it.
type decided struct {
	never []bool // by transition: a constant guard decides against it; nil: there is none
	fired []bool // by transition
	from  []reached
}

// A reached is how a state is reached first: the state before and the transition; -1 for the first state, and a trans of
// unreached for a state that is not reached.
type reached struct{ state, trans int32 }

const unreached = -2

// decide finds what constant guards leave.
func (v *verifier) decide() {
	never := v.never()
	if never == nil {
		return
	}
	d := decided{never: never, fired: make([]bool, v.net.Len()), from: make([]reached, v.space.Len())}
	for i := range d.from {
		d.from[i].trans = unreached
	}
	d.from[0] = reached{-1, -1}
	for todo := []int32{0}; len(todo) > 0; todo = todo[1:] {
		for _, m := range v.space.Moves(int(todo[0])) {
			if never[m.Trans] {
				continue
			}
			d.fired[m.Trans] = true
			if d.from[m.To].trans == unreached {
				d.from[m.To] = reached{todo[0], m.Trans}
				todo = append(todo, m.To)
			}
		}
	}
	v.constant = d
}

// never tells which transitions constant guards decide against; nil if none.
func (v *verifier) never() []bool {
	var never []bool
	exclude := func(ts ...int32) {
		if never == nil {
			never = make([]bool, v.net.Len())
		}
		for _, t := range ts {
			if t >= 0 {
				never[t] = true
			}
		}
	}
	for i := range v.prog.Decisions {
		d := &v.prog.Decisions[i]
		taken := false // an exclusive flow before is always taken
		for k := range d.Flows {
			f := &d.Flows[k]
			value, constant := false, false
			if f.Guard != nil {
				c, ok := f.Guard.Const()
				value, constant = ok && c.Go() == !f.Not, ok
			}
			switch {
			case !d.Inclusive && (taken || constant && !value):
				exclude(d.Take[k])
			case !d.Inclusive:
				taken = constant
			case constant && value:
				exclude(d.Chain[2*k+1], d.ChainSome[2*k+1])
			case constant:
				exclude(d.Chain[2*k], d.ChainSome[2*k])
			}
		}
	}
	return never
}

// happens reports whether transition t fires in some run, constant guards being what they are.
func (v *verifier) happens(t int) bool {
	switch {
	case v.fired != nil:
		return v.fired[t]
	case v.constant.never == nil:
		return v.space.Fired(t)
	}
	return v.constant.fired[t]
}

// endless reports that no run can get to the end any more because a constant guard never lets it.
func (v *verifier) endless() {
	d := &v.constant
	if d.never == nil || !v.space.Complete || v.granted.given {
		return
	}
	can := make([]bool, v.space.Len())
	before := make([][]int32, v.space.Len())
	var todo []int32
	for i := range can {
		if v.space.Marking(i).Empty() {
			can[i] = true
			todo = append(todo, int32(i))
		}
		for _, m := range v.space.Moves(i) {
			if !d.never[m.Trans] {
				before[m.To] = append(before[m.To], int32(i))
			}
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		for _, i := range before[todo[0]] {
			if !can[i] {
				can[i] = true
				todo = append(todo, i)
			}
		}
	}
	first := -1
	for i, ok := range can {
		if !ok && d.from[i].trans != unreached && (first < 0 || v.space.Depth(i) < v.space.Depth(first)) {
			first = i
		}
	}
	if first < 0 {
		return
	}
	v.trapped(d.run(first))
}

// trapped reports that after a run a constant guard keeps the process from its end.
func (v *verifier) trapped(run []int) {
	m := v.net.NewMarking()
	m.Union(v.prog.Initial)
	for _, t := range run {
		v.net.Fire(m, t)
	}
	node := v.blame(m)
	v.sound("sound/lost", node, run, "a guard that is a constant never lets it out: use a variable in it",
		"once at %s the process can never end", v.name(node))
}

// run is a run to a state.
func (d *decided) run(state int) []int {
	run := []int{}
	for i := int32(state); d.from[i].trans >= 0; i = d.from[i].state {
		run = append([]int{int(d.from[i].trans)}, run...)
	}
	return run
}
