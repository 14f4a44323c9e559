package schema

import (
	"fmt"
	"slices"
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
		if (n.Complete >= 0 || s.kind == kindReceive || s.kind == kindSubprocess) && rapid.Bool().Draw(t, "said") {
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
		case a.Node >= 0 && x.completes(t) && x.v.step(a.Node).irreversible():
			now = true
		}
		x.walk(after, now)
	}
}

// completes reports whether a transition completes an activity.
func (x *atomicRunner) completes(t int) bool {
	a := x.p.Acts[t]
	switch n := &x.p.Nodes[a.Node]; x.v.step(a.Node).kind {
	case kindReceive:
		return a.Phase == program.Occur
	case kindSubprocess:
		return x.p.Net.Trans(t).Pre.Has(n.On) && !x.p.Net.Trans(t).Pre.Has(n.Offered)
	}
	return a.Phase == program.Complete
}

// A budget that ends before all runs were seen is told, unless a run is known by then that shows the disorder; and the
// process counts as unverified if it might hide an error.
func TestAtomicTellsOfBudget(t *testing.T) {
	branches := func(retry string) string {
		var b strings.Builder
		b.WriteString("  - parallel: both\n    branches:\n")
		for i := range 6 {
			fmt.Fprintf(&b, "      - service: fly%d\n%s", i, retry)
		}
		return b.String()
	}
	const head = "process: p\nsteps:\n"
	const never = "        retry: never\n"
	const pay = "  - {service: pay, compensation: impossible}\n"
	fly := strings.ReplaceAll(branches(never), never, never+"        compensation: none\n")
	for src, want := range map[string][2]string{
		head + fly + pay:                    {"", "atomic/unverified, unverified"},
		head + fly + "  - {service: pay}\n": {"", "atomic/unverified"},
		"process: p\ndefaults: {retry: never}\nsteps:\n" + branches("") + pay:              {"atomic/order", "atomic/order"},
		head + fly + pay + "  - {service: last, retry: never}\n":                           {"atomic/order", "atomic/order"},
		head + pay + "  - {service: soon, retry: never, compensation: impossible}\n" + fly: {"atomic/order", "atomic/order"},
	} {
		p := compiled(t, src)
		for i, states := range []int{0, 100} {
			var got []string
			r := verify(p, Budget{States: states})
			for _, f := range r.Findings {
				if strings.HasPrefix(f.Code, "atomic/") && !slices.Contains(got, f.Code) {
					got = append(got, f.Code)
				}
			}
			if r.Unverified {
				got = append(got, "unverified")
			}
			if text := strings.Join(got, ", "); text != want[i] {
				t.Errorf("with %d states: %q, want %q\n%s", states, text, want[i], src)
			}
		}
	}
}
