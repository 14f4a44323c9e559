package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/replank/replank/internal/rawpebble"
	"github.com/replank/replank/store"
)

// BenchmarkCommit compares the contract with raw Pebble: the same load, depth and
// options, in turns. The figure that counts is the ratio (the median over the
// pairs, 1 is as fast as raw); one iteration is one pair of runs.
func BenchmarkCommit(b *testing.B) {
	const span = 400 * time.Millisecond
	for _, c := range []struct{ per, depth int }{{1, 1}, {32, 4}, {256, 4}} {
		b.Run(fmt.Sprintf("%dx%d", c.per, c.depth), func(b *testing.B) {
			var ratios, raws, ours []float64
			for b.Loop() {
				raw, err := rawpebble.Run(b.TempDir(), c.per, c.depth, span)
				if err != nil {
					b.Fatal(err)
				}
				our, err := run(b.TempDir(), c.per, c.depth, span)
				if err != nil {
					b.Fatal(err)
				}
				ratios, raws, ours = append(ratios, our/raw), append(raws, raw), append(ours, our)
			}
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(median(raws), "raw/s")
			b.ReportMetric(median(ours), "store/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// run is rawpebble.Run through the contract.
func run(dir string, per, depth int, d time.Duration) (perSecond float64, err error) {
	s, err := store.OpenPebble(dir, nil)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	ctx := context.Background()
	var b store.Batch
	err = rawpebble.Warm(func(keys [][]byte, value []byte) error {
		for _, k := range keys {
			b.Put(k, value)
		}
		done, err := s.Commit(ctx, &b)
		if err != nil {
			return err
		}
		return done.Wait(ctx)
	})
	if err != nil {
		return 0, err
	}
	waiting := make(chan store.Durable, depth)
	tickets := make(chan struct{}, depth)
	result := make(chan error)
	go func() {
		var first error
		for w := range waiting {
			if err := w.Wait(ctx); err != nil && first == nil {
				first = err
			}
			<-tickets
		}
		result <- first
	}()
	load := rawpebble.NewLoad()
	start := time.Now()
	n := 0
	var commitErr error
	for commitErr == nil && time.Since(start) < d {
		tickets <- struct{}{}
		for range per {
			load.Step(n, b.Put)
			n++
		}
		var w store.Durable
		if w, commitErr = s.Commit(ctx, &b); commitErr == nil {
			waiting <- w
		}
	}
	close(waiting)
	waitErr := <-result
	perSecond = float64(n) / time.Since(start).Seconds()
	if commitErr != nil {
		return 0, commitErr
	}
	return perSecond, waitErr
}

// BenchmarkBatch is the cost of one put into a batch.
func BenchmarkBatch(b *testing.B) {
	var batch store.Batch
	load := rawpebble.NewLoad()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%256 == 0 {
			batch.Reset()
		}
		load.Step(i, batch.Put)
	}
}
