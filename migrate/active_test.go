package migrate_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
)

// How safe is it to look at active activities only? A check that maps ids lets an instance move if every activity that
// is active now exists in the target, and puts its tokens there. TestActiveIDs counts on random schemas, edits and runs
// into what states that leads, and what the states are that Replank accepts (docs/migration-safety.md).

var states = flag.Int("states", 250, "waiting states that TestActiveIDs judges")

// damage is what is wrong with a state that an instance was put into.
type damage struct {
	improper   bool // from there the target can come to a state that it cannot end from, or put two tokens on a place
	impossible bool // the target can never be in it
	skips      bool // it lies behind an activity that the instance never did
	repeats    bool // an activity that was done, and is in no loop, will be done again
}

func (d damage) any() bool { return d.improper || d.impossible || d.skips || d.repeats }

// assess judges a marking of to for an instance that has completed done (nodes of to), and ever anything of ever.
func assess(to *version, net *naiveNet, m petri.Marking, done, ever map[int32]bool) damage {
	p := to.p.Program()
	possible := func(m petri.Marking, t int) bool {
		n := net.trans[t].node
		return !net.isCatch(n) || net.possible(placesOf(m), t)
	}
	var d damage
	future := p.Net.Explore(m, petri.Options{Possible: possible})
	d.improper = len(future.Unsafe) > 0 || slices.Contains(future.CanReach(petri.Marking.Empty), false)
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if done[int32(i)] && len(n.Loops) == 0 && n.Complete >= 0 && future.Fired(int(n.Complete)) && !net.cyclic(int(n.Complete)) {
			d.repeats = true
		}
	}
	reached := func(without int32) bool {
		past := p.Net.Explore(p.Initial, petri.Options{Possible: func(m petri.Marking, t int) bool { return int32(t) != without && possible(m, t) }})
		for i := range past.Len() {
			if past.Marking(i).Equal(m) {
				return true
			}
		}
		return false
	}
	if m.Empty() {
		return d
	}
	if d.impossible = !reached(-1); d.impossible {
		return d
	}
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if n.Complete >= 0 && !ever[int32(i)] && !reached(n.Complete) {
			d.skips = true
		}
	}
	return d
}

// cyclic reports whether transition t leads back to itself: by the tokens that it makes, or by the places that it leaves
// empty, as a sub-process goes on when all in it has ended.
func (n *naiveNet) cyclic(t int) bool {
	marked, emptied := maps.Clone(n.trans[t].post), maps.Clone(n.trans[t].pre)
	for before := -1; before != len(marked)+len(emptied); {
		before = len(marked) + len(emptied)
		for _, x := range n.trans {
			takes := maps.Clone(x.pre)
			for _, in := range x.inputs {
				takes[in] = true
			}
			if takes.meets(marked) || x.zero.meets(emptied) {
				maps.Copy(marked, x.post)
				maps.Copy(emptied, takes)
			}
		}
	}
	return n.trans[t].pre.meets(marked)
}

// transplant is the check that maps active ids: false if an active activity is not in the target. A token that waits at
// a join goes to the input of the same number of the join of the same id, if there is one.
func transplant(from, to *version, run migrate.Run) (petri.Marking, bool) {
	s, t := from.p.Program(), to.p.Program()
	m := t.Net.NewMarking(t.Scopes[0].On)
	put := func(n *program.Node, at petri.Place) {
		m.Add(at)
		if n.On != petri.NoPlace {
			m.Add(n.On)
		}
		for h := n.Scope; h > 0; h = t.Scopes[h].Parent {
			m.Add(t.Scopes[h].On)
		}
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		offered := n.Kind != program.BoundaryEvent && n.Wait != petri.NoPlace && run.State.Marking.Has(n.Wait)
		running := n.Running != petri.NoPlace && run.State.Marking.Has(n.Running)
		if !offered && !running {
			continue
		}
		k := mapped(s, t, int32(i))
		if k < 0 {
			return nil, false
		}
		x := &t.Nodes[k]
		at := x.Offered
		if running {
			at = x.Running
		}
		if at == petri.NoPlace {
			return nil, false
		}
		put(x, at)
	}
	for place := range run.State.Marking.Each {
		join := s.PlaceNode[place]
		if join < 0 || !strings.HasSuffix(s.Nodes[join].ID, ".join") {
			continue
		}
		if k := mapped(s, t, join); k >= 0 {
			if in, out := inputs(s, join), inputs(t, k); slices.Index(in, place) < len(out) {
				put(&t.Nodes[k], out[slices.Index(in, place)])
			}
		}
	}
	return m, true
}

func inputs(p *program.Program, join int32) []petri.Place {
	var list []petri.Place
	for place, owner := range p.PlaceNode {
		if owner == join {
			list = append(list, petri.Place(place))
		}
	}
	return list
}

// completed are the activities of to that a run has completed: done in the iterations that count, ever in any.
func completed(from, to *version, run migrate.Run) (done, ever map[int32]bool) {
	done, ever = map[int32]bool{}, map[int32]bool{}
	j := &judge{s: from.p.Program(), t: to.p.Program(), run: run}
	for i := range run.Trace.Letters {
		l := &run.Trace.Letters[i]
		if l.Phase == program.Start {
			continue
		}
		k := mapped(j.s, j.t, l.Node)
		if k < 0 {
			continue
		}
		ever[k] = true
		if _, over := j.superseded(l); !over {
			done[k] = true
		}
	}
	return done, ever
}

// row is one line of the table.
type row struct {
	name                                                   string
	accepted, improper, impossible, skips, repeats, harmed int
}

func (r *row) count(d damage) {
	r.accepted++
	for _, x := range []struct {
		is bool
		n  *int
	}{{d.improper, &r.improper}, {d.impossible, &r.impossible}, {d.skips, &r.skips}, {d.repeats, &r.repeats}, {d.any(), &r.harmed}} {
		if x.is {
			*x.n++
		}
	}
}

func TestActiveIDs(t *testing.T) {
	dice := rand.New(rand.NewPCG(2026, 1))
	roll := func(n int) int { return dice.IntN(n) }
	active := &row{name: "active ids"}
	strict := &row{name: "Replank, strict"}
	relaxed := &row{name: "Replank, loops + order + deletions"}
	var count edits
	for judged := 0; judged < *states; {
		from := birth(t, roll)
		to := from.change(roll, &count)
		if to == nil {
			continue
		}
		net := newNaive(to.p.Program())
		c := checker(t, from, to)
		x := from.begin(t, roll)
		for range 1 + roll(10) {
			if !x.s.Ended() {
				x.step(roll)
			}
		}
		if x.s.Ended() {
			continue
		}
		judged++
		run := x.run()
		done, ever := completed(from, to, run)
		if m, ok := transplant(from, to, run); ok {
			active.count(assess(to, net, m, done, ever))
		}
		if v, l := c.CheckRun(run); l != nil {
			d := assess(to, net, l.State.Marking, done, ever)
			relaxed.count(d)
			if v.Criteria == migrate.Strict {
				strict.count(d)
			}
			if d.any() {
				t.Errorf("%v: %+v%s", v, d, scene(from, to, run))
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d states\n| check | accepts | improper | impossible | skips | repeats | any of them |\n|---|--:|--:|--:|--:|--:|--:|\n", *states)
	for _, r := range []*row{active, strict, relaxed} {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", r.name, r.accepted, r.improper, r.impossible, r.skips, r.repeats, r.harmed)
	}
	t.Log(b.String())
	if active.harmed == 0 {
		t.Error("mapping active ids did no harm: the test does not reach what it is for")
	}
}
