package workflow

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/store"
)

// A hundred thousand instances live in an engine that may keep 1 MiB of them in memory: they are parked, then some of
// them go on from where they were, with the values that they had.
func TestManyInstancesInSmallCache(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	const limit = 1 << 20
	dir := t.TempDir()
	s, err := store.OpenPebble(dir, &store.PebbleOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e, err := OpenStore(s, &Options{CacheBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	tn := begin(t, e, orderSchema, func(e *Engine) { Handle(e, "charge", chargeHandler) })
	ctx := limited(t)

	instances := make([]*Instance, n)
	var wg sync.WaitGroup
	const callers = 128
	for c := range callers {
		wg.Go(func() {
			for i := c; i < n; i += callers {
				in, err := tn.Start(ctx, "order", vars{"amount": i}, &StartOptions{Key: fmt.Sprint(i)})
				if err != nil {
					t.Error(err)
					return
				}
				instances[i] = in
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	st := e.Stats()
	if st.Live != n {
		t.Errorf("%d live, want %d", st.Live, n)
	}
	// What turns in flight wrote stays in memory on top of the limit.
	if most := limit/800 + depth*maxSteps*len(e.shards); st.Cached > most {
		t.Errorf("%d instances in memory, want at most %d in 1 MiB", st.Cached, most)
	}
	for i := 0; i < n; i += n / 1000 {
		wg.Go(func() {
			info, err := instances[i].Settle(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			if err := tn.Task(info.Waits[0].Task).Complete(ctx, vars{"ok": true}); err != nil {
				t.Error(err)
				return
			}
			out, err := Result[receipt](ctx, instances[i])
			if want := fmt.Sprintf("R-%d", i); err != nil || out.Receipt != want {
				t.Errorf("instance %d: %+v, %v; want %s", i, out, err, want)
			}
		})
	}
	wg.Wait()
}

// The memory of instances that are over is kept for others within a part of the cache's bound, however many versions
// there are.
func TestSpareMemoryIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p spares
		limit := rapid.IntRange(0, 64<<10).Draw(t, "limit")
		p.init(int64(limit * spareFraction))
		layouts := make([]*layout, 5)
		for i := range layouts {
			layouts[i] = new(layout)
		}
		kept := make(map[*instance]bool)
		for range rapid.IntRange(1, 200).Draw(t, "operations") {
			lay := rapid.SampledFrom(layouts).Draw(t, "layout")
			if rapid.IntRange(0, 3).Draw(t, "op") > 0 {
				in := &instance{lay: lay}
				in.head.State = &kernel.State{}
				in.head.BusinessKey = strings.Repeat("k", rapid.IntRange(0, 4000).Draw(t, "size"))
				kept[in] = true
				p.put(in)
			} else if in := p.take(lay); in != nil {
				if !kept[in] || in.lay != lay {
					t.Fatal("memory of another layout, or twice the same")
				}
				delete(kept, in)
			}
			size := 0
			for _, list := range p.byLay {
				for _, in := range list {
					size += in.size
				}
			}
			if size != p.size || size > limit {
				t.Fatalf("%d bytes are kept, counted %d; the limit is %d", size, p.size, limit)
			}
			if lay := rapid.SampledFrom(layouts).Draw(t, "fresh"); limit > maxSpareBytes && len(p.byLay) == 0 {
				in := &instance{lay: lay}
				in.head.State = &kernel.State{}
				if p.put(in); p.take(lay) != in {
					t.Fatal("there is room, but nothing is kept")
				}
			}
		}
	})
}
