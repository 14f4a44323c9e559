package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
)

// What makes a letter possible: a net that is reduced for some letters keeps these, too.

// enablers tells which transitions mark a place, and which empty it.
type enablers struct {
	net          *petri.Net
	marks, takes [][]int32 // by place
}

func (v *verifier) enablers() *enablers {
	e := &enablers{net: v.net, marks: make([][]int32, v.net.Places()), takes: make([][]int32, v.net.Places())}
	for t := range v.net.Len() {
		for p := range v.net.Trans(t).Post.Each {
			e.marks[p] = append(e.marks[p], int32(t))
		}
		for p := range v.net.Trans(t).Takes().Each {
			e.takes[p] = append(e.takes[p], int32(t))
		}
	}
	return e
}

// letters adds to some transitions the letters that make one of them possible, at once or by way of silent transitions:
// those that mark what it needs, or empty what must be empty.
func (e *enablers) letters(touch []int32) []int32 {
	keep, done := slices.Clone(touch), make([]bool, e.net.Len())
	full, empty := e.net.NewMarking(), e.net.NewMarking()
	var fill, free []petri.Place // of full and empty, still to look at
	want := func(set petri.Marking, todo *[]petri.Place, p petri.Place) {
		if !set.Has(p) {
			set.Add(p)
			*todo = append(*todo, p)
		}
	}
	needs := func(x *petri.Trans) {
		for _, s := range []petri.Marking{x.Pre, x.Read} {
			for p := range s.Each {
				want(full, &fill, p)
			}
		}
		for _, p := range x.Inputs {
			want(full, &fill, p)
		}
		for p := range x.Zero.Each {
			want(empty, &free, p)
		}
		if len(x.Inputs) > 0 {
			for p := range x.Within.Each { // while something is on its way, a join waits
				want(empty, &free, p)
			}
		}
	}
	for _, t := range touch {
		done[t] = true
		needs(e.net.Trans(int(t)))
	}
	enables := func(list []int32) {
		for _, t := range list {
			switch {
			case done[t]:
				continue
			case int(t) < e.net.Silent():
				needs(e.net.Trans(int(t)))
			default:
				keep = append(keep, t)
			}
			done[t] = true
		}
	}
	for len(fill)+len(free) > 0 {
		if n := len(fill); n > 0 {
			p := fill[n-1]
			fill = fill[:n-1]
			enables(e.marks[p])
			continue
		}
		p := free[len(free)-1]
		free = free[:len(free)-1]
		enables(e.takes[p])
	}
	return keep
}

// enabling is letters as sets.
func (v *verifier) enabling(touch []bool) []bool {
	var list []int32
	for t, is := range touch {
		if is {
			list = append(list, int32(t))
		}
	}
	keep := make([]bool, v.net.Len())
	for _, t := range v.enablers().letters(list) {
		keep[t] = true
	}
	return keep
}
