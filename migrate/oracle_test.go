package migrate_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
)

// The oracle of migration: existential and naive, from the definitions (formal-core.md, REPLAY and TRACE). Does there
// exist an order of the letters that must be kept, among those that the criteria allow, in which the target reproduces
// all of them and arrives at a state with the same work running from which nothing without a value can be read? It
// tries every such order.

// answer is what it finds.
type answer struct {
	accept   bool
	why      string   // the last thing that failed
	offered  []string // ids, ascending
	running  []string
	versions []uint64 // by variable of the target
	ended    bool
	several  bool // different orders lead to different answers
	tooLarge bool // it gave up
}

func (a answer) String() string {
	if !a.accept {
		return "reject: " + a.why
	}
	return fmt.Sprintf("accept: offered %v running %v versions %v ended %v", a.offered, a.running, a.versions, a.ended)
}

// judge is one question to the oracle.
type judge struct {
	s, t  *program.Program
	net   *naiveNet // of t
	run   migrate.Run
	c     migrate.Criteria
	keep  []kept
	env   []written
	input []written
	seen  map[string]bool
	out   answer
}

// kept is a letter that must be reproduced.
type kept struct {
	*kernel.Letter
	node          int32 // of the target
	wrote         []written
	reads, writes map[string]bool // names of variables, those of the old schema under "old "
}

// mapped is the node of t that a node of s is, or -1. An id names the same node in both, unless t says that a node was
// another one in s.
func mapped(s, t *program.Program, node int32) int32 {
	id := s.Nodes[node].ID
	for j := range t.Nodes {
		n := &t.Nodes[j]
		origin := n.ID
		if _, known := s.ByID[n.Was]; known {
			if k, same := s.ByID[n.ID]; !same || s.Nodes[k].Was != n.Was { // else it was renamed before s
				origin = n.Was
			}
		}
		if origin == id && sameSort(s.Nodes[node].Kind, n.Kind) {
			return int32(j)
		}
	}
	return -1
}

// sameSort: a task may be done by another kind of task, a message or timer event replaced by another, a gateway too.
func sameSort(a, b program.Kind) bool {
	sorts := [][]program.Kind{
		{program.UserTask, program.ServiceTask, program.ScriptTask, program.ManualTask, program.SendTask, program.RuleTask},
		{program.ReceiveTask, program.CatchEvent},
		{program.ExclusiveGateway, program.InclusiveGateway, program.ParallelGateway, program.EventGateway},
	}
	for _, sort := range sorts {
		if slices.Contains(sort, a) && slices.Contains(sort, b) {
			return true
		}
	}
	return a == b
}

// ask asks the oracle about exactly one set of relaxations.
func ask(s, t *program.Program, run migrate.Run, c migrate.Criteria) answer {
	j := &judge{s: s, t: t, net: newNaive(t), run: run, c: c, seen: map[string]bool{}}
	if why := j.divide(); why != "" {
		return answer{why: why}
	}
	w := newWorld(j.net)
	w.writes = slices.Concat(j.env, j.input)
	j.search(w, make([]bool, len(j.keep)))
	return j.out
}

// divide finds out which letters must be kept and which are environment.
func (j *judge) divide() string {
	tr := j.run.Trace
	all := slices.Clone(tr.Input)
	for _, e := range tr.Env {
		all = append(all, e.Write)
	}
	for _, l := range tr.Letters {
		all = append(all, l.Wrote...)
	}
	if slices.ContainsFunc(all, func(w kernel.Write) bool { return j.misfit(int(w.Slot)) }) {
		return "a value of another type"
	}
	if why := j.convert(); why != "" {
		return why
	}
	for _, w := range tr.Input {
		j.input = append(j.input, j.written(w, 1, false)...)
	}
	for _, e := range tr.Env {
		j.env = append(j.env, j.written(e.Write, e.Seq, true)...)
	}
	completed := func(i int) bool {
		for _, l := range tr.Letters[i+1:] {
			if l.Node == tr.Letters[i].Node {
				return l.Phase == program.Complete
			}
		}
		return false
	}
	for i := range tr.Letters {
		l := &tr.Letters[i]
		node := mapped(j.s, j.t, l.Node)
		running := l.Phase == program.Start && j.started(l.Node) && !slices.ContainsFunc(tr.Letters[i+1:], func(x kernel.Letter) bool { return x.Node == l.Node })
		over, drop := int32(-1), false
		if j.c&migrate.Loops != 0 {
			over, drop = j.superseded(l)
		}
		if !drop && node < 0 {
			host := j.s.Nodes[l.Node].Host
			switch {
			case j.c&migrate.Deletions == 0:
				return "a deleted letter"
			case running:
				return "a deleted activity is running"
			case host >= 0 && mapped(j.s, j.t, host) >= 0:
				return "a boundary event that fired was deleted without its host"
			}
			drop = true
		}
		if drop {
			for _, w := range l.Wrote {
				if over >= 0 && j.belongs(int(w.Slot), over) {
					continue // the sub-process was entered anew
				}
				j.env = append(j.env, j.written(w, l.Seq, true)...)
			}
			continue
		}
		k := kept{Letter: l, node: node, reads: map[string]bool{}, writes: map[string]bool{}}
		for _, w := range l.Wrote {
			k.wrote = append(k.wrote, j.written(w, l.Seq, false)...)
		}
		j.access(&k, running && !completed(i))
		j.keep = append(j.keep, k)
	}
	return ""
}

func (j *judge) started(node int32) bool {
	w := j.run.State.Work(node)
	return w != nil && w.Started
}

// origin is the variable of s that one of t was, or -1: the one that it says it was, unless it says so since before s;
// else that of its name.
func (j *judge) origin(to int) int {
	v := &j.t.Vars[to]
	named := func(name string) int {
		return slices.IndexFunc(j.s.Vars, func(x program.Var) bool { return x.Name == name })
	}
	same := named(v.Name)
	since := same >= 0 && j.s.Vars[same].Was == v.Was
	if v.Was != "" && named(v.Was) >= 0 && !since {
		return named(v.Was)
	}
	return named(j.oldName(to))
}

// oldName is the name that a variable of t had in s if only its sub-process was renamed.
func (j *judge) oldName(to int) string {
	name := j.t.Vars[to].Name
	for _, sc := range j.t.Scopes {
		if !slices.Contains(sc.Locals, to) {
			continue
		}
		for i := range j.s.Nodes {
			if mapped(j.s, j.t, int32(i)) == sc.Node {
				return j.s.Nodes[i].ID + strings.TrimPrefix(name, j.t.Nodes[sc.Node].ID)
			}
		}
	}
	return name
}

// converts reports whether the converter of a variable of t applies: s does not have the same already.
func (j *judge) converts(to int) bool {
	v, was := &j.t.Vars[to], j.origin(to)
	return v.FromText != "" && (was < 0 || j.s.Vars[was].FromText != v.FromText || j.s.Vars[was].Type.String() != v.Type.String())
}

// slot is the variable of t that takes the values of one of s over, or -1.
func (j *judge) slot(slot int) int {
	for i := range j.t.Vars {
		if !j.converts(i) && j.origin(i) == slot {
			return i
		}
	}
	return -1
}

// misfit says that a value of s cannot be taken over.
func (j *judge) misfit(slot int) bool {
	to := j.slot(slot)
	return to >= 0 && !j.t.Vars[to].Type.IsDyn() && j.t.Vars[to].Type.String() != j.s.Vars[slot].Type.String()
}

// convert gives the variables that have a converter their values: one at the beginning and one for each later event that
// wrote something it reads, if all of that has a value then.
func (j *judge) convert() string {
	tr := j.run.Trace
	wrote := map[uint64][]kernel.Write{1: tr.Input}
	for _, l := range tr.Letters {
		wrote[l.Seq] = append(wrote[l.Seq], l.Wrote...)
	}
	for _, e := range tr.Env {
		wrote[e.Seq] = append(wrote[e.Seq], e.Write)
	}
	for to := range j.t.Vars {
		if !j.converts(to) {
			continue
		}
		p, issues := j.s.Env.Compile(j.t.Vars[to].FromText, j.t.Vars[to].Type)
		if len(issues) > 0 {
			return "a converter that does not compile"
		}
		values := make(slotValues, len(j.s.Vars))
		for i := range values {
			values[i] = j.s.Vars[i].Default
		}
		for _, seq := range slices.Sorted(maps.Keys(wrote)) {
			due := seq == 1
			for _, w := range wrote[seq] {
				values[w.Slot] = w.Value
				due = due || slices.Contains(p.Reads(), int(w.Slot))
			}
			if !due || slices.ContainsFunc(p.Reads(), func(slot int) bool { return values[slot].Absent() }) {
				continue
			}
			v, err := p.Eval(values)
			if err != nil {
				return "a converter that fails"
			}
			j.env = append(j.env, written{to, seq, v, true})
		}
	}
	return ""
}

type slotValues []expr.Value

// Slot implements expr.Vars.
func (v slotValues) Slot(i int) expr.Value { return v[i] }

func (j *judge) written(w kernel.Write, seq uint64, env bool) []written {
	if to := j.slot(int(w.Slot)); to >= 0 {
		return []written{{to, seq, w.Value, env}}
	}
	return nil
}

// superseded: the letter lies in an iteration of a loop after which another one was begun; of several such loops the
// outermost.
func (j *judge) superseded(l *kernel.Letter) (loop int32, is bool) {
	for i, x := range l.Path {
		later := func(path []kernel.Iteration, again bool) bool {
			if len(path) <= i || !slices.Equal(path[:i], l.Path[:i]) || path[i].Loop != x.Loop {
				return false
			}
			return path[i].N > x.N || path[i].N == x.N && again && len(path) == i+1
		}
		for _, o := range j.run.Trace.Letters {
			if later(o.Path, false) {
				return x.Loop, true
			}
		}
		for _, d := range j.run.Trace.Decided {
			if later(d.Path, d.Back) {
				return x.Loop, true
			}
		}
	}
	return -1, false
}

// belongs reports whether a variable of s is one of a sub-process in a loop.
func (j *judge) belongs(slot int, loop int32) bool {
	for _, sc := range j.s.Scopes {
		if slices.Contains(sc.Locals, slot) {
			return slices.Contains(j.s.Nodes[sc.Node].Loops, loop)
		}
	}
	return false
}

// access says what a letter reads and writes: what it did in s, and what it is for in t. A running activity counts with
// all that it may write.
func (j *judge) access(k *kept, running bool) {
	name := func(set map[string]bool, slots []int, old bool) {
		for _, s := range slots {
			switch {
			case !old:
				set[j.t.Vars[s].Name] = true
			case j.slot(s) >= 0:
				set[j.t.Vars[j.slot(s)].Name] = true
			default:
				set["old "+j.s.Vars[s].Name] = true
			}
			for to := range j.t.Vars { // what is converted from it goes with it
				if old && j.converts(to) && slices.Contains(j.sources(to), s) {
					set[j.t.Vars[to].Name] = true
				}
			}
		}
	}
	for _, side := range []struct {
		n   *program.Node
		old bool
	}{{&j.s.Nodes[k.Letter.Node], true}, {&j.t.Nodes[k.node], false}} {
		if k.Phase == program.Start {
			name(k.reads, side.n.Reads, side.old)
		} else {
			name(k.reads, side.n.OutReads, side.old)
		}
		if running {
			name(k.writes, side.n.Writes, side.old)
		}
	}
	if n := &j.t.Nodes[k.node]; k.Phase == program.Complete && n.Start < 0 {
		name(k.reads, n.Reads, false)
	}
	for _, w := range k.Wrote {
		name(k.writes, []int{int(w.Slot)}, true)
	}
}

// sources are the variables of s that the converter of a variable of t reads.
func (j *judge) sources(to int) []int {
	p, _ := j.s.Env.Compile(j.t.Vars[to].FromText, j.t.Vars[to].Type)
	return p.Reads()
}

// depends reports whether two letters may not change places.
func (j *judge) depends(a, b *kept) bool {
	meet := func(x, y map[string]bool) bool {
		for v := range x {
			if y[v] {
				return true
			}
		}
		return false
	}
	if a.Letter.Node == b.Letter.Node && slices.Equal(a.Path, b.Path) || meet(a.writes, b.reads) || meet(a.reads, b.writes) || meet(a.writes, b.writes) {
		return true
	}
	for i := range min(len(a.Path), len(b.Path)) { // iteration barrier
		if a.Path[i].Loop != b.Path[i].Loop {
			break
		}
		if a.Path[i].N != b.Path[i].N {
			return true
		}
	}
	return j.interrupts(a, b) || j.interrupts(b, a)
}

// interrupts reports whether a is an event that interrupts what b lies in, in either schema.
func (j *judge) interrupts(a, b *kept) bool {
	within := func(p *program.Program, event, n int32) bool {
		host := p.Nodes[event].Host
		if p.Nodes[event].Kind == program.EndEvent { // it throws an error, which is caught by what interrupts
			if p.Nodes[event].Throws < 0 {
				return false
			}
			host = p.Nodes[p.Nodes[event].Throws].Host
		}
		return host >= 0 && (&naiveNet{p: p}).lies(n, host)
	}
	return a.Phase == program.Occur && (within(j.s, a.Letter.Node, b.Letter.Node) || within(j.t, a.node, b.node))
}

// search tries every order. It goes on after a success, to see whether orders differ.
func (j *judge) search(w *world, done []bool) {
	if len(j.seen) > 20_000 {
		j.out.tooLarge = true
		return
	}
	stuck := w.close()
	key := fmt.Sprint(done) + w.key()
	if j.seen[key] {
		return
	}
	j.seen[key] = true
	if !slices.Contains(done, false) {
		a := j.arrive(w, stuck)
		if a.accept && j.out.accept && a.String() != j.out.String() {
			j.out.several = true
		}
		if a.accept || !j.out.accept {
			j.out = a
		}
		return
	}
	first := slices.Index(done, false)
	for i := range j.keep {
		if done[i] || j.held(done, i) || j.c&migrate.Order == 0 && i != first {
			continue
		}
		next := w.clone()
		if why := j.reproduce(next, &j.keep[i]); why != "" {
			if !j.out.accept {
				j.out.why = why
			}
			continue
		}
		d := slices.Clone(done)
		d[i] = true
		j.search(next, d)
	}
}

// held reports whether letter i must wait for one before it.
func (j *judge) held(done []bool, i int) bool {
	for k := range i {
		if !done[k] && j.depends(&j.keep[k], &j.keep[i]) {
			return true
		}
	}
	return false
}

// reproduce makes a letter happen, or says why it cannot.
func (j *judge) reproduce(w *world, k *kept) string {
	n := &j.t.Nodes[k.node]
	why := fmt.Sprintf("%s %d is not enabled", n.ID, k.Phase)
	begins := k.Phase == program.Start || k.Phase == program.Complete && j.s.Nodes[k.Letter.Node].Start < 0
	if begins {
		now := k.Seq
		if n.Offered != petri.NoPlace {
			now = max(now, w.past[n.Offered].greatest())
		}
		for _, slot := range n.Reads {
			if w.latest(slot, now) == nil && j.t.Vars[slot].Default.Absent() {
				return n.ID + " reads " + j.t.Vars[slot].Name + ", which has no value"
			}
		}
	}
	fire := func(t int32) bool {
		if t < 0 || !j.net.enabled(w.marked, int(t)) {
			return false
		}
		w.fire(int(t), k.Seq)
		return true
	}
	switch {
	case k.Phase == program.Start && n.Start < 0: // it was a task of somebody, and is a script
		if !w.marked[n.Offered] {
			return why
		}
		return ""
	case k.Phase == program.Complete && n.Start >= 0 && j.s.Nodes[k.Letter.Node].Start < 0: // the other way round
		if !fire(n.Start) || !fire(n.Complete) {
			return why
		}
	case k.Phase == program.Occur && j.net.isCatch(k.node) && !j.net.catches(w.marked, k.node, k.Code):
		return why
	default:
		if !fire([]int32{program.Start: n.Start, program.Complete: n.Complete, program.Occur: n.Occur}[k.Phase]) {
			return why
		}
	}
	w.writes = append(w.writes, k.wrote...)
	return ""
}

// arrive judges the state after all letters.
func (j *judge) arrive(w *world, stuck map[int32]bool) answer {
	var a answer
	state := j.run.State
	for node := range stuck {
		if !slices.ContainsFunc(state.Works, func(x kernel.Work) bool { return x.Incident && mapped(j.s, j.t, x.Node) == node }) {
			return answer{why: j.t.Nodes[node].ID + " cannot be decided"}
		}
	}
	ran := map[int32]bool{}
	for _, x := range state.Works {
		if x.Started {
			ran[mapped(j.s, j.t, x.Node)] = true
		}
	}
	if ran[-1] {
		return answer{why: "a deleted activity is running"}
	}
	runs := map[int32]bool{}
	for i := range j.t.Nodes {
		n := &j.t.Nodes[i]
		switch {
		case n.Running != petri.NoPlace && w.marked[n.Running]:
			runs[int32(i)] = true
			a.running = append(a.running, n.ID)
		case n.Kind != program.BoundaryEvent && n.Wait != petri.NoPlace && w.marked[n.Wait]:
			a.offered = append(a.offered, n.ID)
		}
	}
	if !maps.Equal(ran, runs) {
		return answer{why: fmt.Sprintf("running %v, were %v", runs, ran)}
	}
	a.ended = len(w.marked) == 0
	for slot := range j.t.Vars {
		v := &j.t.Vars[slot]
		x := w.latest(slot, 1<<63)
		if x != nil {
			a.versions = append(a.versions, x.seq)
			continue
		}
		a.versions = append(a.versions, 0)
		if v.Default.Absent() && !a.ended && j.net.mayRead(slot, w.marked) {
			return answer{why: v.Name + " may be read and has no value"}
		}
	}
	a.accept = true
	slices.Sort(a.offered)
	slices.Sort(a.running)
	return a
}

// mayRead explores every future from a marking: is there one that reads a variable before it is written?
func (n *naiveNet) mayRead(slot int, m placeSet) bool {
	opens := func(places placeSet) bool {
		for i := range n.p.Nodes {
			x := &n.p.Nodes[i]
			if x.Start < 0 && x.Wait != petri.NoPlace && places[x.Wait] && slices.Contains(x.Reads, slot) {
				return true
			}
		}
		return false
	}
	seen := map[string]bool{}
	var from func(m placeSet) bool
	from = func(m placeSet) bool {
		key := fmt.Sprint(slices.Sorted(maps.Keys(m)))
		if seen[key] {
			return false
		}
		seen[key] = true
		for _, t := range n.moves(m) {
			x := &n.trans[t]
			writes := slices.Contains(x.reset, slot)
			for _, c := range x.conditions {
				if slices.Contains(c.guard.Reads(), slot) {
					return true
				}
			}
			if x.phase != 0 {
				node := &n.p.Nodes[x.node]
				reads := node.OutReads
				if x.phase == program.Start {
					reads = node.Reads
				}
				if slices.Contains(reads, slot) {
					return true
				}
				for _, o := range node.Out {
					writes = writes || x.phase != program.Start && o.Slot == slot && !o.Optional
				}
			}
			if writes {
				continue
			}
			if opens(x.post) || from(n.fire(m, t)) {
				return true
			}
		}
		return false
	}
	return opens(m) || from(m)
}

// compare tells how a landing differs from the oracle's answer, "" if it does not.
func compare(a answer, l *migrate.Landing, target migrate.Target, why string) string {
	got := answer{why: why}
	if l != nil {
		got = answer{
			accept: true, offered: slices.Sorted(slices.Values(target.Offered)), running: slices.Sorted(slices.Values(target.Running)),
			versions: l.State.Slots, ended: l.State.Ended(),
		}
	}
	if got.accept != a.accept || a.accept && got.String() != a.String() {
		return fmt.Sprintf("migrate: %v\noracle:  %v", got, a)
	}
	return ""
}
