package petri

import "slices"

// State space of a net under its own closure rule. Its states are markings of two sorts. At rest no silent transition
// is enabled, and every enabled letter is a move. Otherwise the closure is under way: its next silent transition is
// the only move, or, if that one is guarded, each enabled guarded transition with the same pre set is, for the guards
// are free. What comes next depends on the marking alone, so the graph is exactly what an instance can do.

// Options bound and narrow an exploration.
type Options struct {
	// Budget is the greatest number of states; 0 means DefaultBudget. There may be sixteen times as many moves, and
	// always 2^16: states that enable hundreds of letters each take as long as many states.
	Budget int
	// Possible, if not nil, says whether letter t, which the marking enables, can happen in it. It must not change
	// or keep m.
	Possible func(m Marking, t int) bool
	// First ends the exploration, as if the budget were spent, when an unsafe firing or a state that is stuck, with
	// places marked, is found: there is none that fewer letters reach.
	First bool
	// Stop, if not nil, is asked now and then whether to give up as if the budget were spent.
	Stop func() bool
}

// DefaultBudget is the number of states after which an exploration gives up.
const DefaultBudget = 1 << 20

// mostMoves is the number of moves after which an exploration gives up.
func (o *Options) mostMoves() int { return max(16*o.Budget, 1<<16) }

// Move is one firing.
type Move struct {
	Trans int32
	To    int32 // state
}

// Unsafe is a firing that would put a second token on a place.
type Unsafe struct {
	State int // in which it fires
	Trans int
}

// Space is a state space: states are numbered from 0, the initial one, in the order of their discovery.
type Space struct {
	// Complete says that every reachable state is there; else the budget ran out.
	Complete bool
	// Unsafe are the unsafe firings, each transition once, where it is reached with the fewest letters. States after
	// one hold a token less than they should.
	Unsafe []Unsafe

	net    *Net
	marks  []uint64 // the markings, one after the other
	table  []int32  // open addressing over marks; state+1, 0: free
	parent []int32
	by     []int32 // the transition from parent
	depth  []int32 // letters from the initial state
	span   [][2]int32
	moves  []Move
	fired  Marking // transitions
	dead   stateSet
}

// stateSet is a set of states that grows.
type stateSet []uint64

func (s stateSet) has(i int) bool { return i>>6 < len(s) && s[i>>6]&(1<<(i&63)) != 0 }

func (s *stateSet) add(i int) {
	for i>>6 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[i>>6] |= 1 << (i & 63)
}

// Len returns the number of states.
func (s *Space) Len() int { return len(s.parent) }

// Marking returns the marking of state i. Read only.
func (s *Space) Marking(i int) Marking {
	w := s.net.Words()
	return s.marks[i*w : (i+1)*w : (i+1)*w]
}

// Moves returns the moves of state i. Read only. A state that was not expanded within the budget has none, and one at
// its edge may lack some.
func (s *Space) Moves(i int) []Move { return s.moves[s.span[i][0]:s.span[i][1]] }

// Stuck reports whether state i was looked at and enables nothing at all.
func (s *Space) Stuck(i int) bool { return s.dead.has(i) }

// AtRest reports whether no silent transition is enabled in state i.
func (s *Space) AtRest(i int) bool {
	m := s.Moves(i)
	return len(m) == 0 || int(m[0].Trans) >= s.net.silent
}

// Depth returns the number of letters of Run(i).
func (s *Space) Depth(i int) int { return int(s.depth[i]) }

// Fired reports whether transition t fires somewhere.
func (s *Space) Fired(t int) bool { return s.fired.Has(Place(t)) }

// Run returns the transitions of a run from the initial state to state i that has as few letters as any.
func (s *Space) Run(i int) []int {
	var run []int
	for ; s.parent[i] >= 0; i = int(s.parent[i]) {
		run = append(run, int(s.by[i]))
	}
	slices.Reverse(run)
	return run
}

// CanReach tells for each state whether a state that is a goal can be reached from it, itself included.
func (s *Space) CanReach(goal func(Marking) bool) []bool {
	n := s.Len()
	start := make([]int32, n+1)
	for _, m := range s.moves {
		start[m.To+1]++
	}
	for i := range n {
		start[i+1] += start[i]
	}
	into := make([]int32, len(s.moves))
	fill := slices.Clone(start)
	for i := range n {
		for _, m := range s.Moves(i) {
			into[fill[m.To]] = int32(i)
			fill[m.To]++
		}
	}
	can := make([]bool, n)
	var todo []int32
	for i := range n {
		if goal(s.Marking(i)) {
			can[i] = true
			todo = append(todo, int32(i))
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range into[start[i]:start[i+1]] {
			if !can[from] {
				can[from] = true
				todo = append(todo, from)
			}
		}
	}
	return can
}

// Cycle returns a state and a run of transitions, all of them in through, that leads from it back to it; or -1, nil.
func (s *Space) Cycle(through func(t int) bool) (state int, run []int) {
	const (
		unseen = iota
		open
		closed
	)
	color := make([]uint8, s.Len())
	type frame struct {
		state int32
		move  int32 // the next to try
	}
	for root := range s.Len() {
		if color[root] != unseen {
			continue
		}
		color[root] = open
		path := []frame{{state: int32(root)}}
		for len(path) > 0 {
			top := &path[len(path)-1]
			moves := s.Moves(int(top.state))
			if int(top.move) == len(moves) {
				color[top.state] = closed
				path = path[:len(path)-1]
				continue
			}
			m := moves[top.move]
			top.move++
			if !through(int(m.Trans)) {
				continue
			}
			switch color[m.To] {
			case unseen:
				color[m.To] = open
				path = append(path, frame{state: m.To})
			case open:
				from := slices.IndexFunc(path, func(f frame) bool { return f.state == m.To })
				for _, f := range path[from:] {
					run = append(run, int(s.Moves(int(f.state))[f.move-1].Trans))
				}
				return int(m.To), run
			}
		}
	}
	return -1, nil
}

// stopInterval is the number of expanded states between two calls of Options.Stop.
const stopInterval = 1024

// Explore builds the state space from initial, breadth first in the number of letters.
func (n *Net) Explore(initial Marking, opt Options) *Space {
	if opt.Budget <= 0 {
		opt.Budget = DefaultBudget
	}
	x := &explorer{
		Space: &Space{
			Complete: true, net: n,
			table: make([]int32, 64),
			fired: make(Marking, (n.Len()+63)/64),
		},
		opt:     opt,
		takers:  n.takersByPlace(),
		unsafe:  make(map[int]bool),
		scratch: n.NewMarking(),
	}
	first := n.NewMarking()
	first.Union(initial)
	x.meet(first, -1, -1, 0)
	now := []int32{0}
	count := 0
	for len(now) > 0 {
		var next []int32
		for len(now) > 0 {
			i := now[len(now)-1]
			now = now[:len(now)-1]
			if x.expanded[i] { // met again with fewer letters, and done
				continue
			}
			if count++; count%stopInterval == 0 && opt.Stop != nil && opt.Stop() || x.tried >= opt.mostMoves() {
				x.Complete = false
				return x.Space
			}
			now, next = x.expand(int(i), now, next)
			if opt.First && (len(x.Unsafe) > 0 || x.Stuck(int(i)) && !x.Marking(int(i)).Empty()) {
				x.Complete = false
				return x.Space
			}
		}
		slices.Reverse(next) // now is a stack: the first found comes first
		now = next
	}
	return x.Space
}

type explorer struct {
	*Space
	opt      Options
	takers   [][]int32 // by place: transitions to look at when it is marked
	unsafe   map[int]bool
	expanded []bool
	scratch  Marking
	found    []int32
	tried    int // moves
}

// takersByPlace lists each transition under one place that must be marked for it; inclusive joins under every input.
// A transition without such a place is never a move.
func (n *Net) takersByPlace() [][]int32 {
	takers := make([][]int32, n.places)
	for t := range n.trans {
		x := &n.trans[t]
		for _, p := range x.Inputs {
			takers[p] = append(takers[p], int32(t))
		}
		if len(x.Inputs) > 0 {
			continue
		}
		need := x.Pre
		if need.Empty() {
			need = x.Read
		}
		for p := range need.Each {
			takers[p] = append(takers[p], int32(t))
			break
		}
	}
	return takers
}

// expand computes the moves of state i. States a silent move leads to are added to now, others to next.
func (x *explorer) expand(i int, now, next []int32) (nowOut, nextOut []int32) {
	x.expanded[i] = true
	begin := int32(len(x.moves))
	found := x.enabled(i)
	x.tried += len(found)
	if len(found) == 0 {
		x.dead.add(i)
	}
	for _, t := range found {
		silent := x.net.trans[t].Silent
		copy(x.scratch, x.Marking(i))
		if !x.net.Fire(x.scratch, int(t)) && !x.unsafe[int(t)] {
			x.unsafe[int(t)] = true
			x.Unsafe = append(x.Unsafe, Unsafe{State: i, Trans: int(t)})
		}
		x.fired.Add(Place(t))
		depth := x.depth[i]
		if !silent {
			depth++
		}
		to, better := x.meet(x.scratch, i, t, depth)
		if to < 0 {
			x.Complete = false
			continue
		}
		x.moves = append(x.moves, Move{Trans: t, To: int32(to)})
		if better && silent {
			now = append(now, int32(to))
		} else if better {
			next = append(next, int32(to))
		}
	}
	x.span[i] = [2]int32{begin, int32(len(x.moves))}
	return now, next
}

// enabled lists the moves of state i: the next silent transition with its alternatives, or else the letters.
func (x *explorer) enabled(i int) []int32 {
	m := x.Marking(i)
	x.found = x.found[:0]
	first := int32(x.net.silent)
	for p := range m.Each {
		for _, t := range x.takers[p] {
			if t < first {
				if x.net.Enabled(m, int(t)) {
					first = t
				}
			} else if first == int32(x.net.silent) && x.net.Enabled(m, int(t)) &&
				(x.opt.Possible == nil || x.opt.Possible(m, int(t))) {
				x.found = append(x.found, t)
			}
		}
	}
	if first == int32(x.net.silent) {
		slices.Sort(x.found)
		return x.found
	}
	x.found = x.net.Alternatives(m, first, x.found[:0])
	return x.found
}

// meet returns the number of the state with marking m, -1 if it is new and the budget is spent, and whether it was
// reached with fewer letters than before.
func (x *explorer) meet(m Marking, parent int, by, depth int32) (state int, better bool) {
	if 2*(x.Len()+1) > len(x.table) {
		x.grow()
	}
	slot := x.slot(m)
	if at := x.table[slot]; at != 0 {
		i := int(at - 1)
		if depth >= x.depth[i] || x.expanded[i] {
			return i, false
		}
		x.parent[i], x.by[i], x.depth[i] = int32(parent), by, depth
		return i, true
	}
	i := x.Len()
	if i >= x.opt.Budget {
		return -1, false
	}
	x.table[slot] = int32(i + 1)
	x.marks = append(x.marks, m...)
	x.parent = append(x.parent, int32(parent))
	x.by = append(x.by, by)
	x.depth = append(x.depth, depth)
	x.span = append(x.span, [2]int32{})
	x.expanded = append(x.expanded, false)
	return i, true
}

// slot finds the place of m in the table: where it is, or the free one where it belongs.
func (x *explorer) slot(m Marking) int {
	mask := len(x.table) - 1
	h := uint64(14695981039346656037)
	for _, w := range m {
		h = (h ^ w) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	for i := int(h>>32) & mask; ; i = (i + 1) & mask {
		if at := x.table[i]; at == 0 || slices.Equal(x.Marking(int(at-1)), m) {
			return i
		}
	}
}

func (x *explorer) grow() {
	x.table = make([]int32, 2*len(x.table))
	for i := range x.Len() {
		x.table[x.slot(x.Marking(i))] = int32(i + 1)
	}
}
