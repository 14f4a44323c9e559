package ltlf

import (
	"fmt"
	"slices"
)

// Compiling is by progression (Bacchus, Kabanza 1998): what a formula demands of the rest of a trace once its first letter
// is known. A state is a boolean function of demands, "there is a rest and formula f holds of it", kept as a reduced
// ordered decision diagram, so that equal functions are one state and there are finitely many. The automaton is then
// minimised, and numbered breadth first in the order of its letters: the least automaton of a language is unique, and so
// is its numbering, however it was found.

// MaxStates bounds the states of an automaton before it is minimised.
const MaxStates = 1 << 12

// Bounds on the nodes of all decision diagrams of one automaton, and on the work done on them.
const (
	maxDiagram = 1 << 16
	maxWork    = 1 << 19
)

// SizeError says that a formula needs too large an automaton.
type SizeError struct{ States int }

// Error implements error.
func (e *SizeError) Error() string { return fmt.Sprintf("it needs more than %d states", e.States) }

// Compile makes the automaton of f. starts says which steps have a letter of their start; nil: all. The error is a
// *SizeError.
func Compile(f *Formula, starts func(step string) bool) (*Automaton, error) {
	c := &compiler{
		vars: map[*Formula]int32{}, unique: map[diagram]int32{}, memo: map[[3]int32]int32{},
		steps: f.Steps(), starts: starts, shared: map[shape]*Formula{}, same: map[*Formula]*Formula{},
	}
	c.nodes = make([]diagram, 2) // 0 is false, 1 is true
	c.letters = phases * (len(c.steps) + 1)
	c.progressed = make([]map[*Formula]int32, c.letters)
	c.stepped = make([]map[int32]int32, c.letters)
	for l := range c.letters {
		c.progressed[l], c.stepped[l] = map[*Formula]int32{}, map[int32]int32{}
	}
	c.shared[shape{}] = truth
	next, accept, err := c.explore(c.begin(c.share(f)))
	if err != nil {
		return nil, err
	}
	return minimal(c.steps, c.letters, next, accept), nil
}

// diagram is a node of a decision diagram: if the demand holds then hi, else lo.
type diagram struct{ demand, lo, hi int32 }

// shape makes equal formulas one.
type shape struct {
	op          op
	atom        Atom
	left, right *Formula
}

type compiler struct {
	steps   []string
	starts  func(string) bool
	letters int

	shared map[shape]*Formula
	same   map[*Formula]*Formula // what share said

	vars       map[*Formula]int32 // demands
	demands    []*Formula
	nodes      []diagram
	unique     map[diagram]int32
	memo       map[[3]int32]int32
	progressed []map[*Formula]int32 // by letter
	stepped    []map[int32]int32    // by letter
	full       bool
}

// share returns the one formula that is equal to f.
func (c *compiler) share(f *Formula) *Formula {
	if f == nil {
		return nil
	}
	if known := c.same[f]; known != nil {
		return known
	}
	s := shape{f.op, f.atom, c.share(f.left), c.share(f.right)}
	if c.shared[s] == nil {
		c.shared[s] = &Formula{s.op, s.atom, s.left, s.right}
	}
	c.same[f] = c.shared[s]
	return c.same[f]
}

// node is the diagram (demand, lo, hi), reduced.
func (c *compiler) node(demand, lo, hi int32) int32 {
	if lo == hi {
		return lo
	}
	d := diagram{demand, lo, hi}
	if n, known := c.unique[d]; known {
		return n
	}
	if len(c.nodes) >= maxDiagram {
		c.full = true
		return 0
	}
	n := int32(len(c.nodes))
	c.nodes = append(c.nodes, d)
	c.unique[d] = n
	return n
}

// demand is the diagram of "there is a rest and f holds of it".
func (c *compiler) demand(f *Formula) int32 {
	v, known := c.vars[f]
	if !known {
		v = int32(len(c.demands))
		c.vars[f] = v
		c.demands = append(c.demands, f)
	}
	return c.node(v, 0, 1)
}

// choose is if-then-else of diagrams.
func (c *compiler) choose(f, g, h int32) int32 {
	switch {
	case f == 1:
		return g
	case f == 0:
		return h
	case g == h:
		return g
	case g == 1 && h == 0:
		return f
	case c.full:
		return 0
	}
	key := [3]int32{f, g, h}
	if n, known := c.memo[key]; known {
		return n
	}
	top := c.nodes[f].demand
	for _, x := range [...]int32{g, h} {
		if x > 1 {
			top = min(top, c.nodes[x].demand)
		}
	}
	part := func(x int32, yes bool) int32 {
		if x <= 1 || c.nodes[x].demand != top {
			return x
		}
		if yes {
			return c.nodes[x].hi
		}
		return c.nodes[x].lo
	}
	lo := c.choose(part(f, false), part(g, false), part(h, false))
	hi := c.choose(part(f, true), part(g, true), part(h, true))
	n := c.node(top, lo, hi)
	c.memo[key] = n
	c.full = c.full || len(c.memo) > maxWork
	return n
}

func (c *compiler) not(f int32) int32    { return c.choose(f, 0, 1) }
func (c *compiler) and(f, g int32) int32 { return c.choose(f, g, 0) }

// begin is the diagram of f for a whole trace, which may be empty: there atoms, X and U are false, as demands are.
func (c *compiler) begin(f *Formula) int32 {
	switch f.op {
	case opTrue:
		return 1
	case opNot:
		return c.not(c.begin(f.left))
	case opAnd:
		return c.and(c.begin(f.left), c.begin(f.right))
	}
	return c.demand(f)
}

// progress is what f demands of the rest behind letter l.
func (c *compiler) progress(f *Formula, l int) int32 {
	if n, known := c.progressed[l][f]; known {
		return n
	}
	n := int32(0)
	switch f.op {
	case opTrue:
		n = 1
	case opAtom:
		if c.holds(f.atom, l) {
			n = 1
		}
	case opNot:
		n = c.not(c.progress(f.left, l))
	case opAnd:
		n = c.and(c.progress(f.left, l), c.progress(f.right, l))
	case opNext:
		n = c.demand(f.left)
	case opUntil:
		later := c.and(c.progress(f.left, l), c.demand(f))
		n = c.choose(c.progress(f.right, l), 1, later)
	}
	c.progressed[l][f] = n
	return n
}

// holds reports whether an atom holds at letter l: phases*i + phase for step i, the last ones for all other steps.
func (c *compiler) holds(a Atom, l int) bool {
	i, phase := l/phases, Phase(l%phases)
	if a.Step != Any && (i == len(c.steps) || c.steps[i] != a.Step) {
		return false
	}
	if a.Phase != Begun {
		return a.Phase == phase
	}
	if a.Step == Any || c.starts == nil || c.starts(a.Step) {
		return phase == Started
	}
	return phase == Completed
}

// step is the state behind letter l: every demand is replaced by what it progresses to.
func (c *compiler) step(n int32, l int) int32 {
	if n <= 1 || c.full {
		return n
	}
	if to, known := c.stepped[l][n]; known {
		return to
	}
	d := c.nodes[n]
	to := c.choose(c.progress(c.demands[d.demand], l), c.step(d.hi, l), c.step(d.lo, l))
	c.stepped[l][n] = to
	return to
}

// explore builds the whole automaton: next by state and letter.
func (c *compiler) explore(initial int32) (next []int32, accept []bool, err error) {
	number := map[int32]int32{initial: 0}
	states := []int32{initial}
	for i := 0; i < len(states); i++ {
		accept = append(accept, c.atEnd(states[i]))
		for l := range c.letters {
			to := c.step(states[i], l)
			s, known := number[to]
			if !known {
				s = int32(len(states))
				number[to] = s
				states = append(states, to)
			}
			next = append(next, s)
		}
		if c.full || len(states) > MaxStates {
			return nil, nil, &SizeError{MaxStates}
		}
	}
	return next, accept, nil
}

// atEnd is the value of a state when the trace is over: no demand holds.
func (c *compiler) atEnd(n int32) bool {
	for n > 1 {
		n = c.nodes[n].lo
	}
	return n == 1
}

// minimal merges states that no continuation tells apart (Moore) and numbers them breadth first.
func minimal(steps []string, letters int, next []int32, accept []bool) *Automaton {
	class := make([]int32, len(accept))
	for i, yes := range accept {
		if yes {
			class[i] = 1
		}
	}
	for count := 0; ; {
		seen := map[string]int32{}
		finer := make([]int32, len(class))
		var key []byte
		for i := range class {
			key = appendInt(key[:0], class[i])
			for _, to := range next[i*letters : (i+1)*letters] {
				key = appendInt(key, class[to])
			}
			k, known := seen[string(key)]
			if !known {
				k = int32(len(seen))
				seen[string(key)] = k
			}
			finer[i] = k
		}
		class = finer
		if len(seen) == count {
			break
		}
		count = len(seen)
	}
	a := &Automaton{steps: steps, letters: letters}
	number := map[int32]uint16{class[0]: 0}
	queue := []int32{0} // a state of each class
	for i := 0; i < len(queue); i++ {
		s := int(queue[i])
		a.accept = append(a.accept, accept[s])
		for _, to := range next[s*letters : (s+1)*letters] {
			n, known := number[class[to]]
			if !known {
				n = uint16(len(queue))
				number[class[to]] = n
				queue = append(queue, to)
			}
			a.next = append(a.next, n)
		}
	}
	a.fates()
	return a
}

func appendInt(b []byte, n int32) []byte {
	return append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

// fates finds out from which states an accepting and a rejecting one can be reached, themselves included.
func (a *Automaton) fates() {
	a.fate = make([]Verdict, len(a.accept))
	good, bad := slices.Clone(a.accept), make([]bool, len(a.accept))
	for i, yes := range a.accept {
		bad[i] = !yes
	}
	for changed := true; changed; {
		changed = false
		for i := range a.accept {
			for _, to := range a.next[i*a.letters : (i+1)*a.letters] {
				if good[to] && !good[i] || bad[to] && !bad[i] {
					good[i], bad[i], changed = good[i] || good[to], bad[i] || bad[to], true
				}
			}
		}
	}
	for i, yes := range a.accept {
		switch {
		case !good[i]:
			a.fate[i] = Violated
		case !bad[i]:
			a.fate[i] = Satisfied
		case yes:
			a.fate[i] = PossiblySatisfied
		default:
			a.fate[i] = PossiblyViolated
		}
	}
}
