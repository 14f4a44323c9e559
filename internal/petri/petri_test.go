package petri_test

import (
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
)

// places of random nets lie on both sides of a word of a bitset.
const (
	firstPlace = 61
	places     = 68
)

// subset draws a set of at most most places.
func subset(t *rapid.T, most int, name string) set {
	return setOf(rapid.SliceOfN(rapid.IntRange(firstPlace, places-1), 0, most).Draw(t, name)...)
}

func drawNet(t *rapid.T) naiveNet {
	n := make(naiveNet, rapid.IntRange(1, 9).Draw(t, "transitions"))
	for i := range n {
		x := naiveTrans{
			pre: subset(t, 2, "pre"), post: subset(t, 2, "post"),
			read: set{}, zero: set{}, clear: set{}, inputs: set{}, within: set{},
			silent: rapid.Bool().Draw(t, "silent"), order: rapid.IntRange(0, 4).Draw(t, "order"), class: petri.Ordinary,
		}
		switch rapid.SampledFrom([]string{"plain", "plain", "guarded", "guarded", "read", "zero", "clear", "join"}).Draw(t, "sort") {
		case "guarded":
			x.silent, x.guarded = true, true
			if i > 0 && rapid.Bool().Draw(t, "choice") {
				x.pre = n[i-1].pre
			}
		case "read":
			x.read, x.silent = subset(t, 1, "read"), true
		case "zero":
			x.zero, x.silent = subset(t, 3, "zero"), true
		case "clear":
			x.clear = subset(t, 3, "clear")
			x.class = petri.Canceling
		case "join":
			x.silent, x.class, x.pre = true, petri.InclusiveJoin, set{}
			x.inputs = subset(t, 3, "inputs")
			if rapid.Bool().Draw(t, "bounded") {
				x.within = subset(t, 6, "within")
				maps.Copy(x.within, x.inputs)
			}
		}
		if len(x.pre)+len(x.inputs) == 0 {
			x.pre = setOf(rapid.IntRange(firstPlace, places-1).Draw(t, "source"))
			x.inputs, x.within = set{}, set{}
		}
		n[i] = x
	}
	return n
}

// The bitset net enables, fires and closes exactly like the naive interpreter, step after step, with its frontier
// alone to tell it what may have become enabled.
func TestNetAgreesWithNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		naive := drawNet(t)
		net, final := naive.build(places)
		want := subset(t, 5, "marking")
		m := net.NewMarking(want.list()...)
		f := net.NewFrontier()
		net.All(f)
		for range 12 { // letters
			for range 30 { // silent firings: a closure of a random net need not end
				for i := range naive {
					if got := net.Enabled(m, final[i]); got != naive.enabled(want, i) {
						t.Fatalf("transition %d enabled in %v: got %v%v", i, want, got, naive)
					}
				}
				next := naive.next(want)
				got := net.Next(m, f)
				if next < 0 {
					if got >= 0 {
						t.Fatalf("%v is at rest, but %d is next%v", want, got, naive)
					}
					break
				}
				if got != final[next] {
					t.Fatalf("next in %v: got %d, want %d%v", want, got, final[next], naive)
				}
				var safe bool
				want, safe = naive.fire(want, next)
				if got := net.Step(m, f, final[next]); got != safe {
					t.Fatalf("firing %d is safe: got %v%v", next, got, naive)
				}
				if !maps.Equal(want, marked(m)) {
					t.Fatalf("after %d: got %v, want %v%v", next, marked(m), want, naive)
				}
			}
			var letters []int
			for i, x := range naive {
				if !x.silent && naive.enabled(want, i) {
					letters = append(letters, i)
				}
			}
			if len(letters) == 0 {
				return
			}
			l := rapid.SampledFrom(letters).Draw(t, "letter")
			want, _ = naive.fire(want, l)
			net.Step(m, f, final[l])
		}
	})
}

// The state space has the states, moves, depths, runs and unsafe firings that a search on the naive interpreter finds.
func TestExploreAgreesWithNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		naive := drawNet(t)
		net, final := naive.build(places)
		initial := subset(t, 4, "marking")

		type state struct {
			m     set
			moves map[int]string // transition of net -> state
			depth int
		}
		states := map[string]*state{initial.String(): {m: initial}}
		unsafe := map[int]bool{}
		// Relaxing every move until nothing changes gives the states and their depths.
		for changed := true; changed; {
			changed = false
			for _, s := range maps.Clone(states) {
				s.moves = map[int]string{}
				for _, i := range naive.moves(s.m) {
					after, safe := naive.fire(s.m, i)
					if !safe {
						unsafe[final[i]] = true
					}
					s.moves[final[i]] = after.String()
					depth := s.depth
					if !naive[i].silent {
						depth++
					}
					if to := states[after.String()]; to == nil {
						states[after.String()] = &state{m: after, depth: depth}
						changed = true
					} else if depth < to.depth {
						to.depth = depth
						changed = true
					}
				}
			}
		}

		space := net.Explore(net.NewMarking(initial.list()...), petri.Options{})
		if space.Len() != len(states) || !space.Complete {
			t.Fatalf("%d states, want %d%v", space.Len(), len(states), naive)
		}
		for i := range space.Len() {
			s := states[marked(space.Marking(i)).String()]
			if s == nil {
				t.Fatalf("%v is not reachable%v", marked(space.Marking(i)), naive)
			}
			if space.Depth(i) != s.depth {
				t.Fatalf("depth of %v: %d, want %d%v", s.m, space.Depth(i), s.depth, naive)
			}
			if len(space.Moves(i)) != len(s.moves) {
				t.Fatalf("moves of %v: %v, want %v%v", s.m, space.Moves(i), s.moves, naive)
			}
			for _, m := range space.Moves(i) {
				if to := marked(space.Marking(int(m.To))).String(); s.moves[int(m.Trans)] != to {
					t.Fatalf("%v by %d: %v, want %v%v", s.m, m.Trans, to, s.moves[int(m.Trans)], naive)
				}
			}
			at := net.NewMarking(initial.list()...)
			letters := 0
			for _, step := range space.Run(i) {
				if !net.Enabled(at, step) {
					t.Fatalf("run %v to %v: %d is not enabled%v", space.Run(i), s.m, step, naive)
				}
				net.Fire(at, step)
				if !net.Trans(step).Silent {
					letters++
				}
			}
			if !at.Equal(space.Marking(i)) || letters != s.depth {
				t.Fatalf("run %v ends in %v after %d letters, want %v after %d%v", space.Run(i), marked(at), letters, s.m, s.depth, naive)
			}
		}
		if len(space.Unsafe) != len(unsafe) {
			t.Fatalf("unsafe %v, want %v%v", space.Unsafe, unsafe, naive)
		}
		for _, u := range space.Unsafe {
			if !unsafe[u.Trans] {
				t.Fatalf("transition %d is safe%v", u.Trans, naive)
			}
		}
	})
}

// Backward reachability and cycles, against a search forward from every state.
func TestSpaceReachesAndCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		naive := drawNet(t)
		net, _ := naive.build(places)
		space := net.Explore(net.NewMarking(subset(t, 4, "marking").list()...), petri.Options{})
		goal := petri.Place(rapid.IntRange(firstPlace, places-1).Draw(t, "goal"))
		can := space.CanReach(func(m petri.Marking) bool { return m.Has(goal) })
		silent := func(i int) bool { return i < net.Silent() }
		cyclic := false
		for i := range space.Len() {
			reached := reachable(space, i, func(int) bool { return true })
			want := space.Marking(i).Has(goal)
			for j := range reached {
				want = want || space.Marking(j).Has(goal)
			}
			if can[i] != want {
				t.Fatalf("state %d can reach: %v, want %v%v", i, can[i], want, naive)
			}
			cyclic = cyclic || reachable(space, i, silent)[i]
		}
		state, run := space.Cycle(silent)
		if (run != nil) != cyclic {
			t.Fatalf("cycle %v, want one: %v%v", run, cyclic, naive)
		}
		if run == nil {
			return
		}
		at := space.Marking(state).Clone()
		for _, step := range run {
			if !silent(step) || !net.Enabled(at, step) {
				t.Fatalf("%d does not belong on cycle %v%v", step, run, naive)
			}
			net.Fire(at, step)
		}
		if !at.Equal(space.Marking(state)) {
			t.Fatalf("cycle %v does not return%v", run, naive)
		}
	})
}

// reachable is the set of states reached from state i by at least one move in through.
func reachable(s *petri.Space, i int, through func(int) bool) set {
	seen := set{}
	todo := []int{i}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for _, m := range s.Moves(at) {
			if through(int(m.Trans)) && !seen[int(m.To)] {
				seen[int(m.To)] = true
				todo = append(todo, int(m.To))
			}
		}
	}
	return seen
}

// A budget ends an exploration and says so.
func TestExploreBudget(t *testing.T) {
	var naive naiveNet
	for i := range 8 {
		naive = append(naive, naiveTrans{pre: setOf(i), post: setOf(8 + i)})
	}
	net, _ := naive.build(16)
	initial := net.NewMarking(0, 1, 2, 3, 4, 5, 6, 7)
	if s := net.Explore(initial, petri.Options{Budget: 256}); !s.Complete || s.Len() != 256 {
		t.Errorf("complete %v with %d states, want 256", s.Complete, s.Len())
	}
	if s := net.Explore(initial, petri.Options{Budget: 255}); s.Complete || s.Len() != 255 {
		t.Errorf("complete %v with %d states, want the budget of 255", s.Complete, s.Len())
	}
	none := net.Explore(initial, petri.Options{Possible: func(m petri.Marking, t int) bool { return t != 3 && t != 5 }})
	if none.Len() != 64 || none.Fired(3) || !none.Fired(2) {
		t.Errorf("%d states without two letters, want 64", none.Len())
	}
}

// A closure on the net of a line of 50 activities, after one of them has completed, with a branch at each end.
func BenchmarkClosure(b *testing.B) {
	var naive naiveNet
	for i := range 50 {
		offered, running, next := 3*i, 3*i+1, 3*(i+1)
		naive = append(naive,
			naiveTrans{pre: setOf(offered), post: setOf(running), order: i},
			naiveTrans{pre: setOf(running), post: setOf(3*i + 2), order: i},
			naiveTrans{pre: setOf(3*i + 2), post: setOf(next), silent: true, guarded: true, class: petri.Ordinary, order: i})
	}
	net, final := naive.build(153)
	m, f := net.NewMarking(0), net.NewFrontier()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		k := i % 50
		if k == 0 {
			clear(m)
			m.Add(0)
		}
		net.Step(m, f, final[3*k])
		net.Step(m, f, final[3*k+1])
		for {
			t := net.Next(m, f)
			if t < 0 {
				break
			}
			net.Step(m, f, t)
		}
	}
}

// A step of the closure allocates nothing.
func TestClosureDoesNotAllocate(t *testing.T) {
	naive := naiveNet{
		{pre: setOf(0), post: setOf(1)},
		{pre: setOf(1), post: setOf(2, 70), silent: true, class: petri.Ordinary},
		{inputs: setOf(2, 70, 71), post: setOf(0), silent: true, class: petri.InclusiveJoin},
	}
	net, final := naive.build(80)
	m, f := net.NewMarking(0), net.NewFrontier()
	if n := testing.AllocsPerRun(100, func() {
		net.Step(m, f, final[0])
		for t := net.Next(m, f); t >= 0; t = net.Next(m, f) {
			net.Step(m, f, t)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !m.Equal(net.NewMarking(0)) {
		t.Errorf("at %v, want to be back at 0", marked(m))
	}
}

// Very many letters that are enabled at once do not take longer than many states.
func TestExploreBoundsMoves(t *testing.T) {
	const wide, budget = 1000, 4096
	var b petri.Builder
	for range wide {
		p := b.Place()
		b.Add(petri.Trans{Pre: b.Set(p)})
	}
	net, _, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	initial := net.NewMarking()
	for p := range wide {
		initial.Add(petri.Place(p))
	}
	space := net.Explore(initial, petri.Options{Budget: budget})
	moves := 0
	for i := range space.Len() {
		moves += len(space.Moves(i))
	}
	if space.Complete || moves > 17*budget {
		t.Errorf("complete %v, %d moves", space.Complete, moves)
	}
}
