package petri_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/randtest"
)

// verdict is what a state space says of a net.
type verdict struct {
	unsafe, stuck, lost, circle bool
	happens                     []bool // by transition of the net
}

// judge reads it off a space; fires lists what a transition stands for.
func judge(space *petri.Space, net *petri.Net, circle func(t int) bool, all int, fires func(t int) []int32) verdict {
	v := verdict{unsafe: len(space.Unsafe) > 0, happens: make([]bool, all)}
	empty := func(m petri.Marking) bool { return m.Empty() }
	for i, can := range space.CanReach(empty) {
		v.lost = v.lost || !can
		v.stuck = v.stuck || space.Stuck(i) && !space.Marking(i).Empty()
	}
	_, run := space.Cycle(circle)
	v.circle = run != nil
	for t := range net.Len() {
		if space.Fired(t) {
			for _, u := range fires(t) {
				v.happens[u] = true
			}
		}
	}
	return v
}

// drawProcess draws a net like those of processes: blocks of letters one after the other, beside one another, instead of
// one another and in circles, some within an area that an exit leaves when it is empty and a letter may clear. Then some of
// it is changed at random.
func drawProcess(t *rapid.T) (n naiveNet, initial set) {
	places := 0
	place := func() int { places++; return places - 1 }
	intn := func(k int, name string) int { return rapid.IntRange(0, k-1).Draw(t, name) }
	add := func(x naiveTrans) {
		for _, s := range []*set{&x.pre, &x.post, &x.read, &x.zero, &x.clear, &x.inputs, &x.within} {
			if *s == nil {
				*s = set{}
			}
		}
		x.order, x.class = len(n), max(x.class, petri.Ordinary)
		n = append(n, x)
	}
	var block func(depth int, after set) (entry set)
	block = func(depth int, after set) set {
		kind := intn(10, "block")
		if depth == 0 {
			kind = intn(3, "leaf")
		}
		p := place()
		switch kind {
		case 0, 1: // a task
			add(naiveTrans{pre: setOf(p), post: after})
		case 2: // a task in two phases
			q := place()
			add(naiveTrans{pre: setOf(p), post: setOf(q)})
			add(naiveTrans{pre: setOf(q), post: after})
		case 3: // a row
			return block(depth-1, block(depth-1, after))
		case 4: // a fork and its join
			f, g := place(), place()
			add(naiveTrans{pre: setOf(f, g), post: after, silent: true})
			post := set{}
			for _, to := range []set{block(depth-1, setOf(f)), block(depth-1, setOf(g))} {
				for q := range to {
					post[q] = true
				}
			}
			if intn(4, "short") == 0 {
				h := place()
				n[len(n)-1].pre[h], post[h] = true, true
			}
			add(naiveTrans{pre: setOf(p), post: post, silent: true})
		case 5, 6: // a choice
			add(naiveTrans{pre: setOf(p), post: block(depth-1, after), silent: true, guarded: true})
			add(naiveTrans{pre: setOf(p), post: block(depth-1, after), silent: true, guarded: true})
		case 7: // a loop
			test := place()
			body := block(depth-1, setOf(test))
			add(naiveTrans{pre: setOf(test), post: body, silent: true, guarded: true})
			add(naiveTrans{pre: setOf(test), post: after, silent: true, guarded: true})
			return body
		case 8: // an area that may be left early
			on, from := place(), places
			body := block(depth-1, set{})
			body[on] = true
			inside := set{}
			for q := from; q < places; q++ {
				inside[q] = true
			}
			add(naiveTrans{pre: setOf(on), zero: inside, post: after, silent: true})
			if intn(3, "early") > 0 {
				add(naiveTrans{pre: setOf(on), clear: inside, post: after})
			}
			if intn(4, "kill") == 0 {
				k := place()
				add(naiveTrans{pre: setOf(k), clear: inside, silent: true, class: petri.Canceling})
				inside[k] = true
				n[intn(len(n), "killer")].post[k] = true
			}
			add(naiveTrans{pre: setOf(p), post: body, silent: true})
		default: // an inclusive split and join
			f, g := place(), place()
			add(naiveTrans{inputs: setOf(f, g), post: after, silent: true, class: petri.InclusiveJoin})
			a, b := block(depth-1, setOf(f)), block(depth-1, setOf(g))
			both := set{}
			for _, to := range []set{a, b} {
				for q := range to {
					both[q] = true
				}
			}
			for _, to := range []set{a, b, both} {
				add(naiveTrans{pre: setOf(p), post: to, silent: true, guarded: true})
			}
		}
		return setOf(p)
	}
	initial = block(3, set{})
	for range intn(3, "changes") {
		x := &n[intn(len(n), "changed")]
		q := intn(places, "place")
		switch intn(6, "change") {
		case 0:
			x.post[q] = true
		case 1:
			delete(x.post, q)
		case 2:
			if len(x.inputs) == 0 {
				x.pre[q] = true
			}
		case 3:
			x.clear[q] = true
		case 4:
			x.zero[q] = true
		default:
			x.silent, x.guarded, x.class = len(x.inputs) > 0, false, petri.Ordinary
			if x.silent {
				x.class = petri.InclusiveJoin
			}
		}
	}
	return n, initial
}

// A reduced net is unsafe, gets stuck, loses its end and circles silently when the net does, and the same happens in it,
// but for false alarms of unsafeness, which no run confirms. What it shows, a run of the net shows.
func TestReducedAgrees(t *testing.T) {
	seen := map[string]int{}
	rounds := 30 // of 100 nets
	if testing.Short() {
		rounds = 5
	}
	prop := func(t *rapid.T) { reducedAgrees(t, seen) }
	for range rounds - 1 {
		rapid.Check(t, prop)
	}
	randtest.Check(t, randtest.Keys(seen, "unsafe", "stuck", "lost", "sound", "circle", "much smaller", "further"), prop)
}

func reducedAgrees(t *rapid.T, seen map[string]int) {
	naive, start := drawProcess(t)
	if rapid.IntRange(0, 4).Draw(t, "any") == 0 {
		naive, start = drawNet(t), subset(t, 4, "marking")
	}
	net, _ := naive.build(places)
	initial := net.NewMarking(start.list()...)
	silent := func(i int) bool { return i < net.Silent() }
	space := net.Explore(initial, petri.Options{Budget: 1 << 14})
	if !space.Complete {
		t.Skip("too large")
	}
	one := func(i int) []int32 { return []int32{int32(i)} }
	want := judge(space, net, silent, net.Len(), one)
	further := max(0, rapid.IntRange(-3, 3).Draw(t, "further"))

	circles := net.Circles(silent)
	if want.circle && !slices.Contains(circles, true) {
		t.Fatalf("no circle found%v", naive)
	}
	red := net.Reduce(initial, func(i int) bool {
		return circles[i] || further > 0 && rapid.IntRange(0, further).Draw(t, "keep") > 0
	})
	if further > 0 {
		seen["further"]++
		red = red.Further(func(i int) bool { return circles[i] })
	}
	small := red.Net.Explore(red.Initial, petri.Options{})
	got := judge(small, red.Net, func(i int) bool { return red.Consists(i, silent) }, net.Len(), red.Fires)

	confirm := func(run []int, rest bool) (petri.Marking, bool) {
		full, unsafe := red.Expand(run, rest)
		if full == nil {
			return nil, false
		}
		m := initial.Clone()
		for k, step := range full {
			if !net.Enabled(m, step) {
				t.Fatalf("%v: step %d of %v is not enabled%v%v", start, k, full, naive, run)
			}
			if safe := net.Fire(m, step); safe == (unsafe && k == len(full)-1) {
				t.Fatalf("%v: step %d of %v is safe: %v%v", start, k, full, safe, naive)
			}
		}
		return m, unsafe
	}
	switch {
	case want.unsafe && !got.unsafe:
		t.Fatalf("%v: reduced is safe%v", start, naive)
	case got.unsafe:
		found := false
		for _, u := range small.Unsafe {
			_, unsafe := confirm(append(small.Run(u.State), u.Trans), true)
			found = found || unsafe
		}
		switch {
		case found && !want.unsafe:
			t.Fatalf("%v: a run shows unsafeness that there is not%v", start, naive)
		case !want.unsafe:
			seen["false alarm"]++
		case found:
			seen["unsafe"]++
		default:
			seen["unsafe not expanded"]++
		}
		return
	}
	if got.circle != want.circle || !want.circle && (got.stuck != want.stuck || got.lost != want.lost) {
		t.Fatalf("%v: got %+v, want %+v%v\nreduced:%s", start, got, want, naive, show(red))
	}
	if want.circle {
		seen["circle"]++
		return
	}
	if !slices.Equal(got.happens, want.happens) {
		t.Fatalf("%v: got %v, want %v%v\nreduced:%s", start, got.happens, want.happens, naive, show(red))
	}
	if want.stuck {
		for i := range small.Len() {
			if small.Stuck(i) && !small.Marking(i).Empty() {
				m, _ := confirm(small.Run(i), true)
				stuck := m != nil && !m.Empty()
				for step := range net.Len() {
					stuck = stuck && !net.Enabled(m, step)
				}
				if !stuck {
					t.Fatalf("%v: %v is not expanded to a stuck run but to %v%v\nreduced:%s", start, small.Run(i), m, naive, show(red))
				}
			}
		}
		seen["stuck"]++
	} else if want.lost {
		seen["lost"]++
	} else {
		seen["sound"]++
	}
	if small.Len() < space.Len()/4 {
		seen["much smaller"]++
	}
}

func show(r *petri.Reduced) string {
	s := fmt.Sprintf(" from %v", marked(r.Initial))
	for i := range r.Net.Len() {
		x := r.Net.Trans(i)
		s += fmt.Sprintf("\n%d: pre %v read %v zero %v clear %v post %v inputs %v silent %v fires %v", i, marked(x.Pre), marked(x.Read), marked(x.Zero), marked(x.Clear), marked(x.Post), x.Inputs, x.Silent, r.Fires(i))
	}
	return s
}
