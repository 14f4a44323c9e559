package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// compiled is a process whose structure is right, verified or not; nil if its structure is refused.
func compiled(t interface{ Fatalf(string, ...any) }, src string) *Process {
	f := &findings{source: newSource("test.yaml", []byte(src))}
	v := load(f, []byte(src))
	if v == nil {
		t.Fatalf("%v\n%s", f.list, src)
	}
	r := &reader{findings: f, lost: map[string]bool{}}
	p := r.process(v)
	resolve(p, f, r.lost)
	if refused(f.list) {
		return nil
	}
	prog, found := compile(p)
	if refused(found) {
		return nil
	}
	p.program = prog
	return p
}

func intn(t *rapid.T) func(int) int {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
}

// Random block-structured schemas are sound, and compiling them is a function of their text.
func TestStructuredIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := randschema.Make(intn(t), randschema.Config{})
		p, err := Parse("test.yaml", []byte(src))
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		if p.report.Unverified {
			t.Fatalf("not verified\n%s", src)
		}
		again, err := Parse("test.yaml", p.YAML())
		if err != nil {
			t.Fatalf("%v\n%s", err, p.YAML())
		}
		if a, b := dump(p.program), dump(again.program); a != b {
			t.Fatalf("compiled twice:\n%s\n%s", a, b)
		}
		checkProgram(t, p.program)
	})
}

// checkProgram checks what holds for every program.
func checkProgram(t *rapid.T, p *program.Program) {
	ids := map[string]bool{}
	for i, n := range p.Nodes {
		if ids[n.ID] || p.ByID[n.ID] != i {
			t.Fatalf("node %d: id %q is taken", i, n.ID)
		}
		ids[n.ID] = true
		for phase, tr := range map[program.Phase]int32{program.Start: n.Start, program.Complete: n.Complete, program.Occur: n.Occur} {
			if tr < 0 {
				continue
			}
			if a := p.Acts[tr]; int(a.Node) != i || a.Phase != phase || p.Net.Trans(int(tr)).Silent {
				t.Fatalf("node %q: transition %d is %+v", n.ID, tr, a)
			}
		}
		if n.Wait != petri.NoPlace && !slices.Contains(p.OpenedBy[n.Wait], int32(i)) {
			t.Fatalf("node %q does not open at its place", n.ID)
		}
	}
	if len(p.PlaceNode) != p.Net.Places() || len(p.Acts) != p.Net.Len() {
		t.Fatalf("%d owners for %d places, %d acts for %d transitions", len(p.PlaceNode), p.Net.Places(), len(p.Acts), p.Net.Len())
	}
	for i, s := range p.Scopes {
		for place, owner := range p.PlaceNode {
			within := false
			if owner >= 0 {
				for h := p.Nodes[owner].Scope; h >= 0; h = p.Scopes[h].Parent {
					within = within || int(h) == i
				}
			}
			if s.Inside.Has(petri.Place(place)) != within {
				t.Fatalf("place %d inside scope %d: want %v", place, i, within)
			}
		}
	}
	for tr := range p.Net.Len() {
		x, a := p.Net.Trans(tr), p.Acts[tr]
		if x.Silent != (a.Phase == 0) {
			t.Fatalf("transition %d: silent %v, phase %d", tr, x.Silent, a.Phase)
		}
		if x.Guarded && a.Decision < 0 {
			t.Fatalf("transition %d is guarded without a decision", tr)
		}
	}
}

// graph draws a process of bare gateways and user tasks, sound or not. Its first flows lead from step to step, so that
// every step can be reached.
func graph(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("process: graph\nvars: {v: {type: bool, default: false}}\nsteps:\n")
	n := rapid.IntRange(2, 7).Draw(t, "steps")
	for i := range n {
		other := fmt.Sprintf("s%d", rapid.IntRange(0, n).Draw(t, "other"))
		next := fmt.Sprintf("s%d", i+1)
		switch kind := rapid.SampledFrom([]string{"user", "jump", "exclusive", "parallel", "merge"}).Draw(t, "kind"); {
		case kind == "user":
			fmt.Fprintf(&b, "  - {user: s%d, next: %s}\n", i, next)
		case kind == "jump" && i > 0: // reached by a jump only if something leads here; the gate keeps the next step alive
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: exclusive, flows: [{next: %s, when: v}, {next: %s, else: true, id: f%d}]}\n", i, other, next, i)
		case kind == "exclusive" || kind == "parallel":
			if other == next {
				other = "u" + other
				fmt.Fprintf(&b, "  - {gateway: s%d, kind: %s, flows: [{next: %s%s}, {next: %s%s}]}\n  - {user: %s, next: %s}\n",
					i, kind, next, guard(kind), other, orElse(kind), other, next)
			} else {
				fmt.Fprintf(&b, "  - {gateway: s%d, kind: %s, flows: [{next: %s%s}, {next: %s%s}]}\n", i, kind, next, guard(kind), other, orElse(kind))
			}
		default:
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: parallel, flows: [{next: %s}]}\n", i, next)
		}
	}
	fmt.Fprintf(&b, "  - {end: s%d}\n", n)
	return b.String()
}

func guard(kind string) string {
	if kind == "exclusive" {
		return ", when: v"
	}
	return ""
}

func orElse(kind string) string {
	if kind == "exclusive" {
		return ", else: true"
	}
	return ""
}

// On nets that are safe even if nothing is eager, and that have neither cancellation nor inclusive joins, the eager
// closure changes no verdict: exploring every interleaving finds the same deadlocks and dead steps. An unsafe firing
// of the eager net is one of the other too.
func TestVerdictAgreesWithAllInterleavings(t *testing.T) {
	verdicts := map[string]int{}
	randtest.Check(t, randtest.Keys(verdicts, "unsafe", "completes true", "completes false"), func(t *rapid.T) {
		src := graph(t)
		p := compiled(t, src)
		if p == nil {
			t.Skip("refused for its structure")
		}
		has := map[string]bool{}
		for _, f := range judged(p, 0).list {
			has[f.Code] = true
		}
		if has["sound/livelock"] {
			return
		}
		lazy := interleave(p.program)
		switch {
		case has["sound/unsafe"]:
			verdicts["unsafe"]++
			if lazy.safe {
				t.Fatalf("unsafe, but safe in every interleaving\n%s", src)
			}
		case lazy.safe:
			completes := !has["sound/deadlock"] && !has["sound/lost"]
			if completes != lazy.completes {
				t.Fatalf("completes: %v, in every interleaving %v\n%s", completes, lazy.completes, src)
			}
			if completes && has["sound/dead"] != lazy.dead {
				t.Fatalf("dead steps: %v, in every interleaving %v\n%s", has["sound/dead"], lazy.dead, src)
			}
			verdicts[fmt.Sprint("completes ", completes)]++
		}
	})
}

type interleaving struct{ safe, completes, dead bool }

// interleave explores a program without any eagerness: every enabled transition is a move.
func interleave(p *program.Program) interleaving {
	out := interleaving{safe: true, completes: true}
	type state struct {
		m    petri.Marking
		next []string
	}
	key := func(m petri.Marking) string { return fmt.Sprint([]uint64(m)) }
	states := map[string]*state{}
	initial := p.Net.NewMarking()
	initial.Union(p.Initial)
	states[key(initial)] = &state{m: initial}
	fired := map[int32]bool{}
	todo := []string{key(initial)}
	for len(todo) > 0 {
		s := states[todo[0]]
		todo = todo[1:]
		for t := range p.Net.Len() {
			if !p.Net.Enabled(s.m, t) {
				continue
			}
			fired[p.Acts[t].Node] = true
			after := s.m.Clone()
			out.safe = p.Net.Fire(after, t) && out.safe
			s.next = append(s.next, key(after))
			if states[key(after)] == nil {
				states[key(after)] = &state{m: after}
				todo = append(todo, key(after))
			}
		}
	}
	can := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for k, s := range states {
			if !can[k] && (s.m.Empty() || slices.ContainsFunc(s.next, func(n string) bool { return can[n] })) {
				can[k] = true
				changed = true
			}
		}
	}
	out.completes = len(can) == len(states)
	for i := range p.Nodes {
		out.dead = out.dead || !fired[int32(i)]
	}
	return out
}

// withoutDefaults makes a random schema one whose data flow may be wrong: variables have no defaults, and some are
// exchanged for one another.
func withoutDefaults(t *rapid.T, src string) string {
	src = strings.ReplaceAll(src, "{type: int, default: 0}", "int")
	for i := range 4 {
		if j := rapid.IntRange(0, 3).Draw(t, "instead"); rapid.IntRange(0, 3).Draw(t, "exchange") == 0 {
			head, steps, _ := strings.Cut(src, "steps:")
			src = head + "steps:" + strings.ReplaceAll(steps, fmt.Sprintf("v%d", i), fmt.Sprintf("v%d", j))
		}
	}
	return src
}

// use is a node that may read a variable without a value, or two that race for one.
type use struct {
	node, other int32
	slot        int
}

// Missing data and races are those that a search with one variable at a time finds.
func TestDataFlowAgreesWithNaive(t *testing.T) {
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "missing", "races"), func(t *rapid.T) {
		src := withoutDefaults(t, randschema.Make(intn(t), randschema.Config{Depth: 2}))
		p := compiled(t, src)
		if p == nil {
			t.Skip("an exchange made two flows or outputs the same")
		}
		wantMissing, wantRaces := naiveDataFlow(p)
		gotMissing, gotRaces := map[string]bool{}, map[string]bool{}
		for _, f := range judged(p, 0).list {
			switch f.Code {
			case "data/missing":
				gotMissing[f.Node+" "+f.Message[strings.Index(f.Message, `" reads "`)+8:]] = true
			case "data/race":
				if f.Severity == Fatal {
					gotRaces[f.Message] = true
				}
			default:
				if f.Severity == Fatal {
					t.Fatalf("%v\n%s", f, src)
				}
			}
		}
		want := map[string]bool{}
		for u := range wantMissing {
			want[fmt.Sprintf("%s %q, which may have no value then", p.program.Nodes[u.node].ID, p.program.Vars[u.slot].Name)] = true
		}
		if len(want) <= maxData && !maps.Equal(want, gotMissing) {
			t.Fatalf("missing:\n got %v\nwant %v\n%s", gotMissing, want, src)
		}
		if len(gotRaces) != min(len(wantRaces), maxData) {
			t.Fatalf("races:\n got %v\nwant %v\n%s", gotRaces, wantRaces, src)
		}
		seen["missing"] += len(want)
		seen["races"] += len(wantRaces)
	})
}

// naiveDataFlow searches, for each variable, the pairs (marking, has a value); and for races all pairs of transitions
// that can fire one after the other in both orders.
func naiveDataFlow(p *Process) (missing, races map[use]bool) {
	prog := p.program
	v := &verifier{p: p, prog: prog, net: prog.Net}
	v.throwers()
	space := prog.Net.Explore(prog.Initial, petri.Options{Possible: v.possible})
	missing, races = map[use]bool{}, map[use]bool{}

	node := func(t int32) *program.Node {
		if a := prog.Acts[t]; a.Node >= 0 {
			return &prog.Nodes[a.Node]
		}
		return nil
	}
	reads := func(t int32, slot int) bool {
		a, n := prog.Acts[t], node(t)
		switch {
		case a.Phase == program.Start:
			return slices.Contains(n.Reads, slot)
		case a.Phase != 0:
			return slices.Contains(n.OutReads, slot)
		case a.Decision < 0:
			return false
		}
		d := prog.Decisions[a.Decision]
		if !d.Inclusive {
			for k := range d.Take {
				if slices.Contains(d.Flows[k].Reads, slot) {
					return true
				}
				if d.Take[k] == t {
					break
				}
			}
			return false
		}
		for k := range d.Chain {
			if d.Chain[k] == t || d.ChainSome[k] == t {
				return slices.Contains(d.Flows[k/2].Reads, slot)
			}
		}
		return false
	}
	writes := func(t int32, slot int, surely bool) bool {
		a, n := prog.Acts[t], node(t)
		if a.Phase == 0 || a.Phase == program.Start {
			return false
		}
		return slices.ContainsFunc(n.Out, func(o program.Output) bool { return o.Slot == slot && !(surely && o.Optional) })
	}
	opened := func(places petri.Marking, slot int) []int32 {
		var list []int32
		for i := range prog.Nodes {
			n := &prog.Nodes[i]
			if n.Wait != petri.NoPlace && n.Start < 0 && places.Has(n.Wait) && slices.Contains(n.Reads, slot) {
				list = append(list, int32(i))
			}
		}
		return list
	}
	type at struct {
		state int32
		has   bool
	}
	for slot, decl := range prog.Vars {
		start := at{0, slices.Contains(prog.In, slot) || !decl.Default.Absent()}
		seen := map[at]bool{start: true}
		todo := []at{start}
		if !start.has {
			for _, n := range opened(prog.Initial, slot) {
				missing[use{node: n, slot: slot}] = true
			}
		}
		for len(todo) > 0 {
			x := todo[0]
			todo = todo[1:]
			for _, m := range space.Moves(int(x.state)) {
				if !x.has && reads(m.Trans, slot) {
					missing[use{node: prog.Acts[m.Trans].Node, slot: slot}] = true
				}
				to := at{m.To, x.has || writes(m.Trans, slot, true)}
				if r := prog.Acts[m.Trans].Reset; r >= 0 && slices.Contains(prog.Scopes[r].Locals, slot) {
					to.has = !decl.Default.Absent()
				}
				if !to.has {
					for _, n := range opened(prog.Net.Trans(int(m.Trans)).Post, slot) {
						missing[use{node: n, slot: slot}] = true
					}
				}
				if !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
		// An inclusive decision happens in one go: its first step stands for all.
		uses := func(t int32) (n int32, any bool) {
			a := prog.Acts[t]
			together := []int32{t}
			if a.Decision >= 0 && prog.Decisions[a.Decision].Inclusive {
				d := prog.Decisions[a.Decision]
				if !slices.Contains(d.Entry, t) {
					return -1, false
				}
				together = slices.DeleteFunc(slices.Concat(d.Chain, d.ChainSome, []int32{d.Default, d.Done}), func(t int32) bool { return t < 0 })
				slices.Sort(together)
			}
			for _, u := range together {
				if reads(u, slot) || writes(u, slot, false) {
					return a.Node, true
				}
			}
			for _, u := range together {
				if list := opened(prog.Net.Trans(int(u)).Post, slot); len(list) > 0 {
					return list[0], true
				}
			}
			return -1, false
		}
		for i := range space.Len() {
			for _, m := range space.Moves(i) {
				for u := int32(prog.Net.Silent()); u < int32(prog.Net.Len()); u++ {
					before := space.Marking(i)
					a, usesA := uses(m.Trans)
					b, usesB := uses(u)
					if u == m.Trans || !usesA || !usesB || !writes(m.Trans, slot, false) && !writes(u, slot, false) ||
						!prog.Net.Enabled(before, int(u)) || !v.possible(before, int(u)) {
						continue
					}
					tu, ut := before.Clone(), before.Clone()
					prog.Net.Fire(tu, int(m.Trans))
					prog.Net.Fire(ut, int(u))
					if prog.Net.Enabled(tu, int(u)) && prog.Net.Enabled(ut, int(m.Trans)) {
						races[use{min(a, b), max(a, b), slot}] = true
					}
				}
			}
		}
	}
	return missing, races
}
