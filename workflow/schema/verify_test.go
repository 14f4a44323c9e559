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

// grid is a process of n branches beside one another, each of m user tasks in a row.
func grid(n, m int) string {
	var b strings.Builder
	b.WriteString("process: grid\nsteps:\n  - parallel: p\n    branches:\n")
	for i := range n {
		b.WriteString("      - do:\n")
		for k := range m {
			fmt.Fprintf(&b, "          - user: u%d-%d\n", i, k)
		}
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
	if r := p.Verify(Budget{States: 100}); r.Unverified || r.States > 10 || len(r.Findings) > 0 {
		t.Errorf("want a proof by structure: %+v", r)
	}
	some, err := Parse("open.yaml", []byte(open(6)))
	if err != nil {
		t.Fatal(err)
	}
	r := some.Verify(Budget{States: 100})
	if !r.Unverified || r.States != 100 {
		t.Errorf("want 100 states and no claim: %+v", r)
	}
	gaveUp(t, r)
	larger, err := Parse("open.yaml", []byte(open(8)))
	if err != nil {
		t.Fatal(err)
	}
	if r := larger.Verify(Budget{Time: time.Nanosecond}); !r.Unverified {
		t.Errorf("want to stop for time: %+v", r)
	} else {
		gaveUp(t, r)
	}
}

// open is a process whose states structure does not save: n cases of which any may be taken.
func open(n int) string {
	var b strings.Builder
	b.WriteString("process: open\nvars: {v: {type: int, default: 0}}\nsteps:\n  - some: p\n    cases:\n")
	for i := range n {
		fmt.Fprintf(&b, "      - {when: v > %d, do: [{user: u%d}]}\n", i, i)
	}
	return b.String() + "      - else: []\n"
}

// What lies beside one another or in a row is proved by structure, without looking at the states.
func TestVerifyByStructure(t *testing.T) {
	for name, src := range map[string]string{"30 tasks beside one another": wide(30), "10 branches of 10 tasks": grid(10, 10)} {
		p, err := Parse("p.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if r := p.Verify(Budget{}); r.Unverified || len(r.Findings) > 0 || r.States > 10 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// gaveUp checks that a report of open says that there is no proof and why, and claims nothing else.
func gaveUp(t *testing.T, r *Report) {
	t.Helper()
	if len(r.Findings) != 1 || r.Findings[0].Code != "sound/unverified" || r.Findings[0].Node != "p" || r.Findings[0].Pos.Line > 4 {
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
		r := p.Verify(Budget{States: 2})
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
	for name, src := range map[string]string{"loan": loan(b), "wide8": wide(8), "wide30": wide(30), "grid10x10": grid(10, 10)} {
		p, err := Parse(name, []byte(src))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				verify(p, Budget{})
			}
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
