package workflow

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// numbered is the i-th instance id.
func numbered(i int) (id keys.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(i))
	return id
}

// Any number of timers may be due at one time: what is in memory stays within its bounds, and the rest is read part by
// part, each timer once.
func TestManyTimersDueAtOneTime(t *testing.T) {
	const due, n = int64(1e15), 3*maxTimers + 500
	e, err := Open(Memory, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.CreateTenant(t.Context(), "other", nil); err != nil {
		t.Fatal(err)
	}
	var x timers
	x.init(e)
	x.horizon = never
	want := make(map[jobRef]bool)
	var b store.Batch
	for i := range n {
		tm := timer{due, jobRef{tenant: 1 + keys.Tenant(i%2), id: numbered(i), node: int32(i % 3), since: 1}}
		want[tm.jobRef] = true
		b.Put(keys.AppendTimer(nil, tm.tenant, due, tm.id, uint32(tm.node)), codec.AppendTimer(nil, tm.since))
		x.change(nil, []timer{tm})
		if len(x.heap) > 2*maxTimers {
			t.Fatalf("%d timers in memory, want at most %d", len(x.heap), 2*maxTimers)
		}
	}
	if err := e.commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	// What is in memory, and what is read from there on.
	found, reads := slices.Clone(x.heap), 0
	for from := x.horizon; from != never; reads++ {
		var part []timer
		if part, from, err = x.scan(from); err != nil {
			t.Fatal(err)
		}
		if len(part) > maxTimers {
			t.Fatalf("%d timers at a time, want at most %d", len(part), maxTimers)
		}
		found = append(found, part...)
	}
	for _, tm := range found {
		if !want[tm.jobRef] {
			t.Fatalf("%+v is there twice", tm)
		}
		delete(want, tm.jobRef)
	}
	if len(want) > 0 || reads < 2 {
		t.Errorf("%d of %d timers are nowhere, after %d reads", len(want), n, reads)
	}
}

// slowStore is a store whose first scan of timers sees them as they are, and takes its time to tell.
type slowStore struct {
	*store.Mem
	scanned atomic.Bool
}

func (s *slowStore) Scan(ctx context.Context, lo, hi []byte) iter.Seq2[store.Entry, error] {
	if _, end := keys.TimerRange(1); string(hi) != string(end) || !s.scanned.CompareAndSwap(false, true) {
		return s.Mem.Scan(ctx, lo, hi)
	}
	return func(yield func(store.Entry, error) bool) {
		time.Sleep(500 * time.Millisecond)
		var seen []store.Entry
		for entry, err := range s.Mem.Scan(ctx, lo, hi) {
			if err != nil {
				yield(entry, err)
				return
			}
			seen = append(seen, store.Entry{Key: slices.Clone(entry.Key), Value: slices.Clone(entry.Value)})
		}
		time.Sleep(time.Second)
		for _, entry := range seen {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// While timers are read from the store, a delayed job comes due, fails, and is delayed again. Its second delay counts,
// not the first one that the reader saw.
func TestTimerThatChangesWhileTimersAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := store.NewDisk().Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		e, err := OpenStore(&slowStore{Mem: m}, &Options{Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		var attempts atomic.Int32
		tn := begin(t, e, `
process: p
steps:
  - service: work
    retry: {max: 5, first: PT1S, factor: 2, limit: PT1H}
`, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (None, error) {
				if attempts.Add(1) < 4 {
					return None{}, errors.New("not yet")
				}
				return None{}, nil
			})
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := in.Wait(ctx); err != nil {
			t.Errorf("after %d attempts: %v", attempts.Load(), err)
		}
	})
}
