package schema

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// TestAtomicAgreesWithRuns holds the findings on random compensations and retries of random schemas against their runs,
// one after the other.
func TestAtomicAgreesWithRuns(t *testing.T) {
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "some", "none"), func(t *rapid.T) {
		src := randschema.Make(intn(t), randschema.Config{})
		p := compiled(t, src)
		if p == nil || len(p.program.Loops) > 0 {
			return
		}
		for range 4 {
			checkAtomic(t, p, src, seen)
		}
	})
	t.Log(seen)
}

// checkAtomic holds the findings on random compensations and retries of p against its runs.
func checkAtomic(t *rapid.T, p *Process, src string, seen map[string]int) {
	x := atomicRunner{runner: runner{p: p.program, v: &verifier{p: p, prog: p.program, net: p.program.Net}, left: 20_000}}
	x.v.throwers()
	for i := range p.program.Nodes {
		n, s := &p.program.Nodes[i], x.v.step(int32(i))
		if n.Kind == program.ServiceTask {
			n.Retry.Never = rapid.IntRange(0, 3).Draw(t, "once") < 3
		}
		if n.Complete >= 0 && rapid.Bool().Draw(t, "said") {
			s.undo = &compensation{word: text{s: rapid.SampledFrom([]string{"none", "impossible"}).Draw(t, "undo")}}
		}
	}
	x.follows = map[string]bool{}
	x.walk(p.program.Initial, false)
	if x.left <= 0 {
		return
	}
	found := map[string]bool{}
	for _, f := range verify(p, Budget{}).Findings {
		if f.Code == "atomic/order" {
			found[f.Node] = true
		}
	}
	for i := range p.program.Nodes {
		if id := p.program.Nodes[i].ID; found[id] != x.follows[id] && len(found) < maxAtomic {
			t.Fatalf("%s: found %v, want %v\n%s", id, found, x.follows, src)
		}
	}
	if len(found) > 0 {
		seen["some"]++
	} else {
		seen["none"]++
	}
}

// atomicRunner notes which steps that are tried once start after one that cannot be compensated has completed.
type atomicRunner struct {
	runner
	follows map[string]bool
}

func (x *atomicRunner) walk(m petri.Marking, fixed bool) {
	for _, t := range x.moves(m) {
		if x.left--; x.left <= 0 {
			return
		}
		a := x.p.Acts[t]
		after, now := m.Clone(), fixed
		x.p.Net.Fire(after, t)
		switch {
		case a.Phase == program.Start && fixed && x.p.Nodes[a.Node].Retry.Never:
			x.follows[x.p.Nodes[a.Node].ID] = true
		case a.Phase == program.Complete && x.v.step(a.Node).irreversible():
			now = true
		}
		x.walk(after, now)
	}
}

// A budget that ends before all runs were seen is told, unless a run is known by then that shows the disorder.
func TestAtomicTellsOfBudget(t *testing.T) {
	branch := func(i int, steps string) string {
		return fmt.Sprintf("      - do: [{user: a%d}, {user: b%d}, {user: c%d}%s]\n", i, i, i, steps)
	}
	head := "process: p\nsteps:\n  - parallel: both\n    branches:\n"
	fine := head + branch(1, "") + branch(2, "") + "  - {service: fly, retry: never}\n  - {service: pay, compensation: impossible}\n"
	wrong := head + branch(1, "") + branch(2, "") + "  - {service: pay, compensation: impossible}\n  - {service: fly, retry: never}\n"
	soon := "process: p\nsteps:\n  - {service: pay, compensation: impossible}\n  - {service: fly, retry: never}\n" + strings.TrimPrefix(head, "process: p\nsteps:\n") + branch(1, "") + branch(2, "")
	for src, want := range map[string][2]string{fine: {"", "atomic/unverified"}, wrong: {"atomic/order", "atomic/unverified"}, soon: {"atomic/order", "atomic/order"}} {
		p := compiled(t, src)
		for i, states := range []int{0, 12} {
			var got []string
			r := verify(p, Budget{States: states})
			for _, f := range r.Findings {
				if strings.HasPrefix(f.Code, "atomic/") {
					got = append(got, f.Code)
				}
			}
			if strings.Join(got, " ") != want[i] || r.Unverified {
				t.Errorf("with %d states: %v, unverified %v, want %q\n%s", states, got, r.Unverified, want[i], src)
			}
		}
	}
}
