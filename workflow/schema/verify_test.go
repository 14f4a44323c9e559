package schema

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// wide is a process of n user tasks beside one another.
func wide(n int) string {
	var b strings.Builder
	b.WriteString("process: wide\nsteps:\n  - parallel: p\n    branches:\n")
	for i := range n {
		fmt.Fprintf(&b, "      - user: u%d\n", i)
	}
	return b.String()
}

// A budget that runs out is reported, and nothing is claimed that was not seen.
func TestVerifyBudget(t *testing.T) {
	p, err := Parse("wide.yaml", []byte(wide(6)))
	if err != nil {
		t.Fatal(err)
	}
	// The split, 3^6 states of six tasks, the last of which is the join's, and the end twice: before and after the exit.
	const all = 1 + 3*3*3*3*3*3 + 2
	if r := p.Verify(Budget{}); r.Unverified || r.States != all || len(r.Findings) > 0 {
		t.Errorf("%d states, want %d; %+v", r.States, all, r)
	}
	if r := p.Verify(Budget{States: all}); r.Unverified {
		t.Errorf("a budget of all %d states does not do: %+v", all, r)
	}
	r := p.Verify(Budget{States: 100})
	if !r.Unverified || r.States != 100 {
		t.Errorf("want 100 states and no claim: %+v", r)
	}
	gaveUp(t, r)
	big, err := Parse("wide.yaml", []byte(wide(9)))
	if err != nil {
		t.Fatal(err)
	}
	if r := big.Verify(Budget{Time: time.Nanosecond}); !r.Unverified {
		t.Errorf("want to stop for time: %+v", r)
	} else {
		gaveUp(t, r)
	}
}

// gaveUp checks that a report of wide says that there is no proof and why, and claims nothing else.
func gaveUp(t *testing.T, r *Report) {
	t.Helper()
	if len(r.Findings) != 1 || r.Findings[0].Code != "sound/unverified" || r.Findings[0].Node != "p" || r.Findings[0].Pos != (Pos{"wide.yaml", 3, 15}) {
		t.Errorf("found %+v", r.Findings)
	}
}

// The block that is blamed for too many states is the innermost one that makes most of them.
func TestVerifyBudgetBlames(t *testing.T) {
	users := func(prefix string, n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("{user: %s%d}", prefix, i))
		}
		return strings.Join(list, ", ")
	}
	for src, want := range map[string]string{
		"- parallel: outer\n  branches: [{user: u}, {parallel: inner, branches: [" + users("a", 9) + "]}]":                                                `the 9 branches of parallel "inner"`,
		"- parallel: few\n  branches: [" + users("a", 3) + "]\n- parallel: many\n  branches: [" + users("b", 9) + "]":                                     `the 9 branches of parallel "many"`,
		"- parallel: long\n  branches: [{do: [" + users("a", 9) + "]}, {do: [" + users("b", 9) + "]}]\n- {parallel: p, branches: [{user: x}, {user: y}]}": `the 2 branches of parallel "long"`,
		"- gateway: g\n  kind: parallel\n  flows: [{next: a}, {next: b}]\n- {user: a, next: j}\n- {user: b, next: j}\n- {gateway: j, kind: parallel}":     `the 2 branches of gateway "g"`,
		"- user: a\n- user: b\n- user: c": "the process has 3 steps",
	} {
		p, err := Parse("p.yaml", []byte("process: p\nsteps:\n"+src))
		if err != nil {
			t.Fatal(err)
		}
		r := p.Verify(Budget{States: 5})
		if len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Message, want) {
			t.Errorf("%s\nwant %q, got %v", src, want, r.Findings)
		}
	}
}

// loan is the first schema of testdata/verify/sound.txt.
func loan(tb testing.TB) string {
	file, err := os.ReadFile("testdata/verify/sound.txt")
	if err != nil {
		tb.Fatal(err)
	}
	_, src, _ := strings.Cut(string(file), "verify\n")
	src, _, _ = strings.Cut(src, "----")
	return src
}

func BenchmarkVerify(b *testing.B) {
	for name, src := range map[string]string{"loan": loan(b), "wide8": wide(8)} {
		p, err := Parse(name, []byte(src))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			states := 0
			for b.Loop() {
				states += p.Verify(Budget{}).States
			}
			b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	p, err := Parse("loan", []byte(loan(b)))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if prog, found := compile(p); prog == nil {
			b.Fatal(found)
		}
	}
}
