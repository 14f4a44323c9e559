package petri

import "slices"

// The way back. Each transition of a reduced net is a plan: transitions of the original net in a row, of which some are
// any of several. Letters that were left out happen when a letter of a plan lacks a token that one of them brings.

// plan says what to fire in the original net.
type plan struct {
	sort  planSort
	trans int32 // of one
	parts []*plan
}

type planSort int8

const (
	one planSort = iota // a transition
	row                 // all parts, one after the other
	any                 // one of the parts
)

func (p *plan) consists(of func(t int) bool) bool {
	if p.sort == one {
		return of(int(p.trans))
	}
	return !slices.ContainsFunc(p.parts, func(part *plan) bool { return !part.consists(of) })
}

// absorbed is a letter that was left out, with the original places that it may mark.
type absorbed struct {
	marks []Place
	plan  *plan
}

// replay is a run of the original net.
type replay struct {
	r      *Reduced
	m      Marking
	f      Frontier
	run    []int
	unsafe bool  // its last transition fired unsafely
	stack  []int // absorbed letters under way
	fuel   *int
}

// maxFuel bounds the firings that are tried for one run.
const maxFuel = 1 << 17

// Expand returns a run of the original net that does what a run of the reduced net does, and whether its last firing is
// unsafe. With rest, letters that were left out happen at the end, as many as can. The answer is nil if there is none:
// then what the reduced run shows is a false alarm, or the run is too long.
func (r *Reduced) Expand(run []int, rest bool) (full []int, unsafe bool) {
	fuel := maxFuel
	x := &replay{r: r, m: r.initial.Clone(), f: r.from.NewFrontier(), run: []int{}, fuel: &fuel}
	for _, t := range run {
		if !x.do(r.nodes[t].plan) {
			return nil, false
		}
		if x.unsafe {
			return x.run, true
		}
	}
	seen := map[string]bool{string(x.m.Bytes(nil)): true}
	for rest && x.more(seen) {
		if x.unsafe {
			return x.run, true
		}
	}
	if fuel <= 0 {
		return nil, false
	}
	return x.run, false
}

// more lets one letter happen that was left out; the marking must be one that was not there before, so that this ends.
func (x *replay) more(seen map[string]bool) bool {
	for i := range x.r.absorbed {
		y := x.clone()
		if y.do(x.r.absorbed[i].plan) && (y.unsafe || !seen[string(y.m.Bytes(nil))]) {
			seen[string(y.m.Bytes(nil))] = true
			*x = *y
			return true
		}
	}
	return false
}

func (x *replay) clone() *replay {
	y := *x
	y.m, y.run, y.stack = x.m.Clone(), slices.Clone(x.run), slices.Clone(x.stack)
	return &y
}

// do fires what a plan says; it reports whether that could be done. After an unsafe firing nothing more is done.
func (x *replay) do(p *plan) bool {
	if x.unsafe {
		return true
	}
	switch p.sort {
	case row:
		for _, part := range p.parts {
			if !x.do(part) {
				return false
			}
		}
		return true
	case any:
		for _, part := range p.parts {
			if y := x.clone(); y.do(part) {
				*x = *y
				return true
			}
		}
		return false
	}
	t := int(p.trans)
	if *x.fuel--; *x.fuel < 0 {
		return false
	}
	if t >= x.r.from.silent {
		if !x.ready(t) {
			return false
		}
		if x.unsafe { // what was left out went wrong on the way
			return true
		}
	} else if !x.follows(t) {
		return false
	}
	x.unsafe = !x.r.from.Fire(x.m, t)
	x.run = append(x.run, t)
	return true
}

// next is the silent transition that the closure fires next, or -1.
func (x *replay) next() int {
	x.r.from.All(x.f)
	return x.r.from.Next(x.m, x.f)
}

// follows reports whether silent transition t may be the next of the closure.
func (x *replay) follows(t int) bool {
	n := x.next()
	return n == t || n >= 0 && slices.Contains(x.r.from.Alternatives(x.m, int32(n), nil), int32(t))
}

// ready makes letter t enabled, at rest, by letters that were left out.
func (x *replay) ready(t int) bool {
	if x.next() >= 0 {
		return false
	}
	need := &x.r.from.trans[t]
	for _, s := range []Marking{need.Pre, need.Read} {
		for p := range s.Each {
			if !x.bring(p) {
				return false
			}
			if x.unsafe {
				return true
			}
		}
	}
	return x.r.from.Enabled(x.m, t)
}

// bring gets a token to p.
func (x *replay) bring(p Place) bool {
	if x.m.Has(p) {
		return true
	}
	for i := len(x.r.absorbed) - 1; i >= 0; i-- {
		a := &x.r.absorbed[i]
		if slices.Contains(x.stack, i) || !slices.Contains(a.marks, p) {
			continue
		}
		y := x.clone()
		y.stack = append(y.stack, i)
		if y.do(a.plan) && (y.unsafe || y.m.Has(p)) {
			y.stack = x.stack
			*x = *y
			return true
		}
	}
	return false
}
