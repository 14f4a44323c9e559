package workflow

import (
	"fmt"
	"sync"
	"testing"

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
