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
	if r := p.Verify(Budget{States: 100}); !r.Unverified || r.States != 100 || len(r.Findings) > 0 {
		t.Errorf("want 100 states and no claim: %+v", r)
	}
	big, err := Parse("wide.yaml", []byte(wide(9)))
	if err != nil {
		t.Fatal(err)
	}
	if r := big.Verify(Budget{Time: time.Nanosecond}); !r.Unverified || len(r.Findings) > 0 {
		t.Errorf("want to stop for time: %+v", r)
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
