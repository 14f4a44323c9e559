package workflow

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/rawpebble"
	"github.com/replank/replank/store"
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
// step durable against a power cut. The figure is the ratio to raw Pebble in the same run, which writes as many bytes
// for each step in batches of the size and depth that c in flight make; the marks are 0.5, 0.2 and 0.3.
func BenchmarkW1(b *testing.B) {
	for _, load := range []struct{ c, per, depth int }{{1, 1, 1}, {64, 32, 4}, {1024, 256, 4}} {
		b.Run(fmt.Sprintf("c=%d", load.c), func(b *testing.B) {
			e, err := Open(b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			tn := begin(b, e, w1Schema, func(e *Engine) { Handle(e, "nothing", nothing) })
			run(b, e, tn, 1024, 80_000) // until logs are recycled
			raw := baseline(b, load.per, load.depth)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			b.ResetTimer()
			took := run(b, e, tn, load.c, b.N)
			b.StopTimer()
			runtime.ReadMemStats(&after)
			raw = (raw + baseline(b, load.per, load.depth)) / 2
			activities := float64(5 * b.N)
			rate := activities / b.Elapsed().Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(rate, "activities/s")
			b.ReportMetric(rate/raw, "of-raw")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/activities, "allocs/activity")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/5, "p50-us/activity")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/5, "p99-us/activity")
		})
	}
}

// baseline is raw Pebble's steps per second, on the same disk.
func baseline(b *testing.B, per, depth int) float64 {
	b.Helper()
	raw, err := rawpebble.Run(b.TempDir(), per, depth, 500*time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// BenchmarkParked is starts of instances that wait for a person at once.
func BenchmarkParked(b *testing.B) {
	for _, c := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("c=%d", c), func(b *testing.B) {
			e, err := Open(b.TempDir(), nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			tn := begin(b, e, orderSchema, func(e *Engine) { Handle(e, "charge", chargeHandler) })
			each(b, c, b.N, func(i int) error {
				_, err := tn.Start(b.Context(), "order", charge{i}, nil)
				return err
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "starts/s")
		})
	}
}

// BenchmarkStepCost is one step of one instance, which a user task, a timer and a loop keep alive. It must cost the same
// however many variables the instance has, and however long its history is.
func BenchmarkStepCost(b *testing.B) {
	for _, size := range []struct{ vars, events int }{{10, 10}, {990, 10}, {10, 10_000}} {
		b.Run(fmt.Sprintf("vars=%d/events=%d", size.vars, size.events), func(b *testing.B) {
			s, err := store.OpenPebble(b.TempDir(), &store.PebbleOptions{NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			e, err := OpenStore(s, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			var src strings.Builder
			src.WriteString("process: loop\nin: [v0]\nvars:\n  more: bool\n")
			for i := range size.vars {
				fmt.Fprintf(&src, "  v%d: {type: int, default: 0}\n", i)
			}
			src.WriteString("steps:\n- {user: fill, out: [v0")
			for i := 1; i < size.vars; i++ {
				fmt.Fprintf(&src, ", v%d", i)
			}
			src.WriteString("]}\n- repeat: again\n  until: \"!more\"\n  do:\n  - {user: step, in: [v0], out: [more, v0]}\n")
			tn := begin(b, e, src.String(), nil)
			start := vars{"v0": 0}
			in, err := tn.Start(b.Context(), "loop", start, nil)
			if err != nil {
				b.Fatal(err)
			}
			info, err := in.Info(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			for i := range size.vars { // every variable has a value of its own
				start[fmt.Sprintf("v%d", i)] = i
			}
			v, err := e.pick(must(e.realm(b.Context(), "default")), "loop", 0)
			if err != nil {
				b.Fatal(err)
			}
			id, err := keys.ParseID(info.ID)
			if err != nil {
				b.Fatal(err)
			}
			complete := func(node string, data vars) {
				value, err := encode(data)
				if err != nil {
					b.Fatal(err)
				}
				r := &request{tenant: v.tenant, id: id, cmd: kernel.Command{Kind: kernel.CompleteTask, Node: int32(v.prog.ByID[node]), Result: value}}
				if _, err := e.do(b.Context(), r); err != nil {
					b.Fatal(err)
				}
			}
			complete("fill", start)
			for range size.events / 4 {
				complete("step", vars{"more": true, "v0": 1})
			}
			for b.Loop() {
				complete("step", vars{"more": true, "v0": 1})
			}
		})
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// each calls do for 0 to n-1, c at a time.
func each(b *testing.B, c, n int, do func(i int) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range c {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// run runs n instances, c at a time, and returns how long each took.
func run(b *testing.B, e *Engine, tn *Tenant, c, n int) []time.Duration {
	took := make([]time.Duration, n)
	each(b, c, n, func(i int) error {
		t0 := time.Now()
		in, err := tn.Start(b.Context(), "w1", nil, nil)
		if err == nil {
			_, err = in.Wait(b.Context())
		}
		took[i] = time.Since(t0)
		return err
	})
	return took
}
