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
