package migrate_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// A naive interpreter of programs: sets of places as maps, and with every token the set of letters in its causal past,
// kept in full. It shares nothing with the kernel and the net's own firing, and is meant to be obviously right. It is
// the ground that the oracle stands on.

type placeSet map[petri.Place]bool

func placesOf(m petri.Marking) placeSet {
	s := placeSet{}
	for p := range m.Each {
		s[p] = true
	}
	return s
}

func (s placeSet) contains(o placeSet) bool {
	for p := range o {
		if !s[p] {
			return false
		}
	}
	return true
}

func (s placeSet) meets(o placeSet) bool {
	for p := range o {
		if s[p] {
			return true
		}
	}
	return false
}

// letters is a set of event numbers.
type letters map[uint64]bool

func (l letters) greatest() uint64 {
	var n uint64
	for x := range l {
		n = max(n, x)
	}
	return n
}

type naiveTrans struct {
	pre, read, zero, clear, post, within placeSet
	inputs                               []petri.Place
	silent                               bool
	up                                   []placeSet // by input: from where a token can still come to it
	// When it is silent and part of a decision: the guards that must hold, and how.
	conditions []condition
	decided    int32 // node of the decision, -1
	phase      program.Phase
	node       int32
	reset      []int
}

type condition struct {
	guard *expr.Program
	want  bool
}

// naiveNet is a program as transitions; order lists the silent ones as a closure tries them.
type naiveNet struct {
	p     *program.Program
	trans []naiveTrans
	order []int
}

func newNaive(p *program.Program) *naiveNet {
	n := &naiveNet{p: p}
	for t := range p.Net.Len() {
		x := p.Net.Trans(t)
		a := p.Acts[t]
		nt := naiveTrans{
			pre: placesOf(x.Pre), read: placesOf(x.Read), zero: placesOf(x.Zero), clear: placesOf(x.Clear), post: placesOf(x.Post),
			within: placesOf(x.Within), inputs: x.Inputs, silent: x.Silent, decided: -1, phase: a.Phase, node: a.Node,
		}
		if a.Reset >= 0 {
			nt.reset = p.Scopes[a.Reset].Locals
		}
		n.trans = append(n.trans, nt)
		if x.Silent {
			n.order = append(n.order, t)
		}
	}
	for _, d := range p.Decisions {
		n.decision(&d)
	}
	for t := range n.trans {
		for _, in := range n.trans[t].inputs {
			n.trans[t].up = append(n.trans[t].up, n.upstream(in, t))
		}
	}
	slices.SortStableFunc(n.order, func(a, b int) int {
		x, y := p.Net.Trans(a), p.Net.Trans(b)
		return cmp.Or(int(x.Class)-int(y.Class), x.Order-y.Order)
	})
	return n
}

// decision says when the transitions of a gateway may fire: an exclusive one takes the first flow whose guard holds, an
// inclusive one every such flow, one after the other.
func (n *naiveNet) decision(d *program.Decision) {
	add := func(t int32, cs ...condition) {
		if t >= 0 {
			n.trans[t].decided = d.Node
			n.trans[t].conditions = append(n.trans[t].conditions, cs...)
		}
	}
	holds := func(f *program.Flow, yes bool) []condition {
		if f.Guard == nil {
			return nil
		}
		return []condition{{f.Guard, yes != f.Not}}
	}
	if !d.Inclusive {
		for i, t := range d.Take {
			for k := range i {
				add(t, holds(&d.Flows[k], false)...)
			}
			add(t, holds(&d.Flows[i], true)...)
		}
		return
	}
	for _, chain := range [][]int32{d.Chain, d.ChainSome} {
		for k, t := range chain {
			add(t, holds(&d.Flows[k/2], k%2 == 0)...)
		}
	}
	add(d.Default)
	add(d.Done)
}

// upstream are the places from which a token can come to f without passing transition avoid, within its bounds.
func (n *naiveNet) upstream(f petri.Place, avoid int) placeSet {
	up := placeSet{f: true}
	for {
		before := len(up)
		for t, x := range n.trans {
			if t == avoid || !x.post.meets(up) {
				continue
			}
			from := maps.Clone(x.pre)
			maps.Copy(from, x.read)
			for _, in := range x.inputs {
				from[in] = true
			}
			for p := range from {
				if w := n.trans[avoid].within; len(w) == 0 || w[p] {
					up[p] = true
				}
			}
		}
		if len(up) == before {
			delete(up, f)
			return up
		}
	}
}

// enabled is the definition: pre and read marked, zero empty; an inclusive join has an input, and for each empty input
// nothing is upstream of it that is not upstream of a marked one too.
func (n *naiveNet) enabled(m placeSet, t int) bool {
	x := &n.trans[t]
	if !m.contains(x.pre) || !m.contains(x.read) || m.meets(x.zero) {
		return false
	}
	if len(x.inputs) == 0 {
		return true
	}
	elsewhere := placeSet{}
	for i, in := range x.inputs {
		if m[in] {
			maps.Copy(elsewhere, x.up[i])
			elsewhere[in] = true
		}
	}
	if len(elsewhere) == 0 {
		return false
	}
	for i, in := range x.inputs {
		if m[in] {
			continue
		}
		for p := range x.up[i] {
			if m[p] && !elsewhere[p] {
				return false
			}
		}
	}
	return true
}

// fire is the definition: ((M \ pre) \ clear) ∪ post.
func (n *naiveNet) fire(m placeSet, t int) placeSet {
	x := &n.trans[t]
	after := placeSet{}
	for p := range m {
		if !x.pre[p] && !x.clear[p] && !slices.Contains(x.inputs, p) {
			after[p] = true
		}
	}
	maps.Copy(after, x.post)
	return after
}

// moves are the transitions that may come next, guards free: the first silent one and its alternatives, else letters.
func (n *naiveNet) moves(m placeSet) []int {
	for _, t := range n.order {
		if !n.enabled(m, t) {
			continue
		}
		if n.trans[t].decided < 0 {
			return []int{t}
		}
		var all []int
		for _, o := range n.order {
			if n.trans[o].decided == n.trans[t].decided && len(n.trans[o].pre) > 0 && maps.Equal(n.trans[o].pre, n.trans[t].pre) {
				all = append(all, o)
			}
		}
		return all
	}
	var all []int
	for t := range n.trans {
		if !n.trans[t].silent && n.enabled(m, t) && n.possible(m, t) {
			all = append(all, t)
		}
	}
	return all
}

// possible says that an error event needs a running task that can throw something which it catches.
func (n *naiveNet) possible(m placeSet, t int) bool {
	node := n.trans[t].node
	e := &n.p.Nodes[node]
	if !n.isCatch(node) {
		return true
	}
	codes := []string{e.Code}
	if e.Code == "" {
		codes = []string{"any other"}
		for i := range n.p.Nodes {
			codes = append(codes, n.p.Nodes[i].Code)
		}
	}
	return slices.ContainsFunc(codes, func(code string) bool { return n.catches(m, node, code) })
}

func (n *naiveNet) isCatch(node int32) bool {
	e := &n.p.Nodes[node]
	return e.Kind == program.BoundaryEvent && e.Timer == nil && e.Message == ""
}

// catches reports whether a task runs of which event catches the error code.
func (n *naiveNet) catches(m placeSet, event int32, code string) bool {
	for i := range n.p.Nodes {
		if x := &n.p.Nodes[i]; x.Running != petri.NoPlace && m[x.Running] && n.catcher(int32(i), code) == event {
			return true
		}
	}
	return false
}

// catcher is the event that catches an error of a task: of the innermost host that has one for it, the one that names
// its code before one that takes any; -1 if there is none.
func (n *naiveNet) catcher(task int32, code string) int32 {
	for host := task; host >= 0; host = n.p.Scopes[n.p.Nodes[host].Scope].Node {
		for _, want := range []string{code, ""} {
			for i := range n.p.Nodes {
				if e := &n.p.Nodes[i]; n.isCatch(int32(i)) && e.Host == host && e.Code == want {
					return int32(i)
				}
			}
		}
	}
	return -1
}

// lies reports whether node i is host or lies within it.
func (n *naiveNet) lies(i, host int32) bool {
	for ; i >= 0; i = n.p.Scopes[n.p.Nodes[i].Scope].Node {
		if i == host {
			return true
		}
	}
	return false
}

// A world is one instance of a naive net in the middle of a replay.
type world struct {
	n      *naiveNet
	marked placeSet
	past   map[petri.Place]letters // of the token there, or of what took the last one away
	writes []written               // all that were made, those of the environment from the start
}

type written struct {
	slot  int
	seq   uint64
	value expr.Value
	env   bool
}

func newWorld(n *naiveNet) *world {
	w := &world{n: n, marked: placesOf(n.p.Initial), past: map[petri.Place]letters{}}
	for p := range w.marked {
		w.past[p] = letters{1: true}
	}
	return w
}

func (w *world) clone() *world {
	c := *w
	c.marked, c.past, c.writes = maps.Clone(w.marked), maps.Clone(w.past), slices.Clone(w.writes)
	return &c
}

// fire fires t with everything that it means. letter is 0 for a silent transition.
func (w *world) fire(t int, letter uint64) {
	x := &w.n.trans[t]
	past := letters{}
	if letter > 0 {
		past[letter] = true
	}
	add := func(p petri.Place) { maps.Copy(past, w.past[p]) }
	taken := placeSet{}
	for _, p := range slices.Concat(x.inputs, slices.Collect(maps.Keys(x.pre)), slices.Collect(maps.Keys(x.clear))) {
		if w.marked[p] {
			taken[p] = true
			add(p)
		}
	}
	for p := range x.read {
		add(p)
	}
	for p := range x.zero {
		add(p) // what emptied it
	}
	for _, up := range x.up {
		for p := range up {
			add(p)
		}
	}
	w.marked = w.n.fire(w.marked, t)
	for p := range taken {
		w.past[p] = past
	}
	for p := range x.post {
		w.past[p] = past
	}
	// A variable of a sub-process begins anew when it is entered: what was replayed is gone, and what the environment
	// wrote until then.
	for _, slot := range x.reset {
		w.writes = slices.DeleteFunc(w.writes, func(y written) bool {
			return y.slot == slot && (!y.env || y.seq <= past.greatest())
		})
	}
}

// as is the variables as of a position.
type as struct {
	w   *world
	pos uint64
}

// Slot implements expr.Vars.
func (a as) Slot(slot int) expr.Value {
	if x := a.w.latest(slot, a.pos); x != nil {
		return x.value
	}
	return a.w.n.p.Vars[slot].Default
}

// latest is the write with the highest number up to pos, or nil.
func (w *world) latest(slot int, pos uint64) *written {
	var best *written
	for i := range w.writes {
		if x := &w.writes[i]; x.slot == slot && x.seq <= pos && (best == nil || x.seq >= best.seq) {
			best = x
		}
	}
	return best
}

// close fires silent transitions until none can: in the order of the closure, the first enabled one whose guards hold
// on the values as of its token's position. It returns the nodes whose decision cannot be made.
func (w *world) close() map[int32]bool {
	for {
		fired := false
		stuck := map[int32]bool{}
		for _, t := range w.n.order {
			if !w.n.enabled(w.marked, t) {
				continue
			}
			if x := &w.n.trans[t]; x.decided >= 0 {
				past := letters{}
				for p := range x.pre {
					maps.Copy(past, w.past[p])
				}
				ok, err := true, false
				for _, c := range x.conditions {
					v, e := c.guard.Bool(as{w, past.greatest()})
					if e != nil {
						err = true
						break
					}
					if v != c.want {
						ok = false
						break
					}
				}
				if err || !ok {
					stuck[x.decided] = true
					continue
				}
			}
			w.fire(t, 0)
			fired = true
			break
		}
		if !fired {
			return stuck
		}
	}
}

// key tells worlds apart.
func (w *world) key() string {
	var places []int
	for p := range w.marked {
		places = append(places, int(p))
	}
	slices.Sort(places)
	pasts := map[int]uint64{}
	for p, l := range w.past {
		pasts[int(p)] = l.greatest()
	}
	return fmt.Sprint(places, pasts)
}
