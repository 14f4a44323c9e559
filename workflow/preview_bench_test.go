package workflow

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
)

// parked is a process in which an input decides where an instance waits.
func parked(classes int) string {
	var b strings.Builder
	b.WriteString("process: p\nin: [v]\nvars: {v: int}\nsteps:\n  - choose: x\n    cases:\n")
	for i := range classes - 1 {
		fmt.Fprintf(&b, "      - {when: v == %d, do: [{user: u%d}]}\n", i, i)
	}
	b.WriteString("      - else: [{user: other}]\n  - {user: last, in: [v]}\n")
	return b.String()
}

// BenchmarkPreview previews 100,000 parked instances in 50 classes, and compares that with a bare scan of their heads
// that reads the front of each: x-scan is the ratio.
func BenchmarkPreview(b *testing.B) {
	const instances, classes = 100_000, 50
	ctx := b.Context()
	e, err := Open(b.TempDir(), &Options{NoSync: true, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	tn := begin(b, e, parked(classes), nil)
	var wait sync.WaitGroup
	const callers = 64
	for c := range callers {
		wait.Go(func() {
			for i := c; i < instances; i += callers {
				if _, err := tn.Start(ctx, "p", vars{"v": i % classes}, nil); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if _, err := tn.Deploy(ctx, Text(strings.Replace(parked(classes), "  - {user: last", "  - {user: screen}\n  - {user: last", 1))); err != nil {
		b.Fatal(err)
	}
	r, err := e.realm(ctx, tn.Name())
	if err != nil {
		b.Fatal(err)
	}
	scan := func() int {
		snap, err := e.snapshot(ctx)
		if err != nil {
			b.Fatal(err)
		}
		defer snap.Close()
		n := 0
		lo, hi := keys.HeadRange(r.id)
		for entry, err := range snap.Scan(ctx, lo, hi) {
			if err != nil {
				b.Fatal(err)
			}
			if p, err := codec.PeekHead(entry.Value); err == nil && p.Version == 1 {
				n++
			}
		}
		return n
	}
	scan() // warm
	var scanning, previewing time.Duration
	for b.Loop() {
		began := time.Now()
		if n := scan(); n != instances {
			b.Fatalf("%d heads", n)
		}
		scanning += time.Since(began)
		began = time.Now()
		p, err := tn.Preview(ctx, Move{Process: "p"})
		if err != nil || p.Tally().Now != instances || len(p.classes) != classes {
			b.Fatalf("%v, %v", p, err)
		}
		previewing += time.Since(began)
	}
	b.ReportMetric(float64(previewing)/float64(scanning), "x-scan")
	b.ReportMetric(float64(previewing.Nanoseconds())/float64(b.N)/instances, "ns/instance")
}
