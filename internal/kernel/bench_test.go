package kernel_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/replank/replank/internal/kernel"
)

// BenchmarkDecide is one activity of an instance: its completion, the closure, the start of the next one. The cost must
// not depend on how many variables the schema has.
func BenchmarkDecide(b *testing.B) {
	for _, vars := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("vars=%d", vars), func(b *testing.B) {
			var src strings.Builder
			src.WriteString("process: line\nvars:\n")
			for i := range vars {
				fmt.Fprintf(&src, "  v%d: {type: int, default: 0}\n", i)
			}
			src.WriteString("out: [v0]\nsteps:\n")
			const tasks = 50
			for i := range tasks {
				fmt.Fprintf(&src, "  - {service: s%d, in: [v0], out: {v0: result.x}}\n", i)
			}
			m := machine(b, src.String())
			result := value(b, map[string]any{"x": 7})
			var log []kernel.Event
			b.ReportAllocs()
			for n := 0; n < b.N; {
				b.StopTimer()
				s := m.NewState()
				run := func(c kernel.Command) {
					var err error
					if log, err = m.Decide(s, kernel.Context{}, &c, log[:0]); err != nil {
						b.Fatal(err)
					}
				}
				run(kernel.Command{Kind: kernel.Start})
				b.StartTimer()
				for i := 0; i < tasks && n < b.N; i++ {
					run(kernel.Command{Kind: kernel.CompleteJob, Node: int32(i), Result: result})
					n++
				}
			}
		})
	}
}

// replayable is a run of a schema with some activities, which write each, and a decision after every ten of them.
func replayable(t testing.TB, activities int) (*kernel.Machine, *kernel.Trace) {
	var src strings.Builder
	src.WriteString("process: line\nvars: {v: {type: int, default: 0}}\nout: [v]\nsteps:\n")
	for i := range activities {
		fmt.Fprintf(&src, "  - {user: u%d, in: [v], out: [v]}\n", i)
		if i%10 == 9 {
			fmt.Fprintf(&src, "  - {choose: c%d, cases: [{when: v > 3, do: [{script: s%d, set: {v: 0}}]}, {else: []}]}\n", i, i)
		}
	}
	m := machine(t, src.String())
	w := newWorld(t, m)
	w.start(nil)
	for i := range activities {
		w.must(kernel.Command{Kind: kernel.CompleteTask, Node: w.node(fmt.Sprintf("u%d", i)), Result: value(t, map[string]any{"v": i % 7})})
	}
	trace, _, err := m.Effective(w.history())
	if err != nil {
		t.Fatal(err)
	}
	return m, trace
}

// BenchmarkReplay is the replay of one letter of a run of 50 activities, with their decisions, on its own schema: the
// strict criterion.
func BenchmarkReplay(b *testing.B) {
	m, trace := replayable(b, 50)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += len(trace.Letters) {
		if _, err := m.Replay(trace); err != nil {
			b.Fatal(err)
		}
	}
}

// A replay allocates its state, and nothing per letter: what it needs for a run four times as long is a few larger
// pieces.
func TestReplayAllocatesNothingPerLetter(t *testing.T) {
	count := func(activities int) (allocations float64, letters int) {
		m, trace := replayable(t, activities)
		return testing.AllocsPerRun(20, func() {
			if _, err := m.Replay(trace); err != nil {
				t.Fatal(err)
			}
		}), len(trace.Letters)
	}
	short, n := count(50)
	long, k := count(200)
	if long-short > 10 {
		t.Errorf("%v allocations for %d letters, %v for %d", short, n, long, k)
	}
}
