package petri_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/randtest"
)

// most bounds the states of a net that the naive interpreter explores.
const most = 300

// verdictOf is what a search on the naive interpreter says, which looks forward from every state; false if it is too large.
func (n naiveNet) verdictOf(initial set, final []int) (verdict, bool) {
	v := verdict{happens: make([]bool, len(n))}
	type state struct {
		m      set
		to     []string
		silent []string // of to
	}
	states := map[string]*state{initial.String(): {m: initial}}
	for todo := []set{initial}; len(todo) > 0; todo = todo[1:] {
		s := states[todo[0].String()]
		for _, t := range n.moves(s.m) {
			after, safe := n.fire(s.m, t)
			v.unsafe = v.unsafe || !safe
			v.happens[final[t]] = true
			k := after.String()
			s.to = append(s.to, k)
			if n[t].silent {
				s.silent = append(s.silent, k)
			}
			if states[k] == nil {
				states[k] = &state{m: after}
				todo = append(todo, after)
			}
		}
		v.stuck = v.stuck || len(s.to) == 0 && len(s.m) > 0
		if len(states) > most {
			return v, false
		}
	}
	// forward reports whether one of some states leads to a goal.
	forward := func(from []string, next func(*state) []string, goal func(string) bool) bool {
		seen := map[string]bool{}
		for len(from) > 0 {
			k := from[0]
			from = from[1:]
			if goal(k) {
				return true
			}
			if !seen[k] {
				seen[k] = true
				from = append(from, next(states[k])...)
			}
		}
		return false
	}
	for k, s := range states {
		v.lost = v.lost || !forward([]string{k}, func(s *state) []string { return s.to }, func(k string) bool { return len(states[k].m) == 0 })
		v.circle = v.circle || forward(s.silent, func(s *state) []string { return s.silent }, func(other string) bool { return other == k })
	}
	return v, true
}

// The verdicts on thousands of small nets, two thousand of them with arcs that forbid or clear and with inclusive joins, are those
// of a search on the naive interpreter: unsafe or not, stuck, without an end, in a silent circle, and what happens in them.
func TestVerdictsAgreeWithNaive(t *testing.T) {
	seen := map[string]int{}
	rounds := 60 // of 100 nets
	if testing.Short() {
		rounds = 3
	}
	prop := func(t *rapid.T) {
		var naive naiveNet
		var initial set
		for range 4 { // to have many that cancel and join
			if naive, initial = drawProcess(t); rapid.Bool().Draw(t, "any") {
				naive, initial = drawNet(t), subset(t, 4, "marking")
			}
			if cancels, joins := naive.has(); cancels && joins {
				break
			}
		}
		net, final := naive.build(places)
		want, small := naive.verdictOf(initial, final)
		if !small {
			seen["too large"]++
			return
		}
		space := net.Explore(net.NewMarking(initial.list()...), petri.Options{})
		got := judge(space, net, func(t int) bool { return t < net.Silent() }, net.Len(), func(t int) []int32 { return []int32{int32(t)} })
		if got.unsafe != want.unsafe || got.stuck != want.stuck || got.lost != want.lost || got.circle != want.circle {
			t.Fatalf("%v: got %+v, want %+v%v", initial, got, want, naive)
		}
		for i, x := range want.happens {
			if got.happens[i] != x {
				t.Fatalf("%v: %d happens: %v, want %v%v", initial, i, got.happens[i], x, naive)
			}
		}
		count(seen, naive, want)
	}
	for range rounds - 1 {
		rapid.Check(t, prop)
	}
	randtest.Check(t, func() string {
		if seen["cancels or forbids, and joins"] < 2000 {
			return fmt.Sprintf("too few nets: %v", seen)
		}
		return randtest.Keys(seen, "unsafe", "stuck", "lost", "circle", "sound")()
	}, prop)
	t.Log(seen)
}

// has reports whether a net has arcs that clear or forbid, and inclusive joins of several inputs.
func (n naiveNet) has() (cancels, joins bool) {
	for _, x := range n {
		cancels = cancels || len(x.clear) > 0 || len(x.zero) > 0
		joins = joins || len(x.inputs) > 1
	}
	return cancels, joins
}

// count counts what a net has, and its verdict.
func count(seen map[string]int, n naiveNet, v verdict) {
	seen["nets"]++
	cancels, joins := n.has()
	if cancels {
		seen["cancels or forbids"]++
	}
	if joins {
		seen["joins"]++
	}
	if cancels && joins {
		seen["cancels or forbids, and joins"]++
	}
	for key, is := range map[string]bool{
		"unsafe": v.unsafe, "stuck": v.stuck, "lost": v.lost && !v.stuck, "circle": v.circle,
		"sound": !v.unsafe && !v.lost && !v.circle,
	} {
		if is {
			seen[key]++
		}
	}
}
