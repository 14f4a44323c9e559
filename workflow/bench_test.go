package workflow

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const w1Schema = `
process: w1
steps:
  - {service: a1, handler: nothing}
  - {service: a2, handler: nothing}
  - {service: a3, handler: nothing}
  - {service: a4, handler: nothing}
  - {service: a5, handler: nothing}
`

func nothing(context.Context, None) (None, error) { return None{}, nil }

// BenchmarkW1 is the workload W1: instances of five sequential service tasks that do nothing, c of them in flight, each
// step durable against a power cut.
func BenchmarkW1(b *testing.B) {
	for _, c := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("c=%d", c), func(b *testing.B) {
			e, err := Open(b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			tn := begin(b, e, w1Schema, func(e *Engine) { Handle(e, "nothing", nothing) })
			run(b, e, tn, c, 20_000) // until the log is recycled
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b.ResetTimer()
			took := run(b, e, tn, c, b.N)
			b.StopTimer()
			runtime.ReadMemStats(&after)
			activities := float64(5 * b.N)
			b.ReportMetric(activities/b.Elapsed().Seconds(), "activities/s")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/activities, "allocs/activity")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/5, "p50-us/activity")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/5, "p99-us/activity")
		})
	}
}

// run runs n instances, c at a time, and returns how long each took.
func run(b *testing.B, e *Engine, tn *Tenant, c, n int) []time.Duration {
	var left atomic.Int64
	left.Store(int64(n))
	took := make([]time.Duration, n)
	var wg sync.WaitGroup
	for range c {
		wg.Go(func() {
			for {
				i := left.Add(-1)
				if i < 0 {
					return
				}
				t0 := time.Now()
				in, err := tn.Start(b.Context(), "w1", nil, nil)
				if err == nil {
					_, err = in.Wait(b.Context())
				}
				if err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(t0)
			}
		})
	}
	wg.Wait()
	return took
}
