package workflow

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// Nothing that a step causes may be seen before the step is durable. These tests block the syncs of the log: while they
// are blocked, steps are carried out and committed, but nobody outside may notice.

// openOn opens an engine on a disk in memory. The caller closes both.
func openOn(t testing.TB, d *store.Disk, opts *Options) (*Engine, *store.Mem) {
	t.Helper()
	s, err := d.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := OpenStore(s, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

func TestNothingEscapesBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		disk := store.NewDisk()
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		var called atomic.Int32
		tn := begin(t, e, `
process: p
out: [done]
vars: {done: bool}
steps:
  - parallel: both
    branches:
      - service: work
      - wait: minute
        for: PT1M
      - wait: hello
        message: hello
        key: '"k"'
  - {script: end-it, set: {done: true}}
`, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (None, error) { called.Add(1); return None{}, nil })
		})

		synctest.Wait() // the timers in the store have been read

		// The start is committed, but not durable.
		release := disk.BlockSyncs()
		replied := make(chan *Instance, 1)
		go func() {
			in, err := tn.Start(ctx, "p", nil, nil)
			if err != nil {
				t.Error(err)
			}
			replied <- in
		}()
		synctest.Wait()
		if n := e.Stats().Timers; n != 0 {
			t.Errorf("%d timers were armed before they were durable", n)
		}
		time.Sleep(time.Hour) // virtual: the timer would be due
		select {
		case <-replied:
			t.Error("the start was answered before it was durable")
		default:
		}
		if n := called.Load(); n != 0 {
			t.Errorf("the handler was called %d times before its start was durable", n)
		}

		// A query that sees the instance in the store must not answer from it.
		counted := make(chan int, 1)
		go func() {
			n, err := tn.Count(ctx, InstanceFilter{})
			if err != nil {
				t.Error(err)
			}
			counted <- n
		}()
		// Nor may a message be confirmed that meets a subscription which can still vanish.
		sent := make(chan Delivery, 1)
		go func() {
			d, err := tn.Send(ctx, Message{Name: "hello", Key: "k"})
			if err != nil {
				t.Error(err)
			}
			sent <- d
		}()
		synctest.Wait()
		select {
		case n := <-counted:
			t.Errorf("a query counted %d instances that were not durable", n)
		case d := <-sent:
			t.Errorf("a message was delivered to a subscription that was not durable: %+v", d)
		default:
		}

		release()
		in := <-replied
		if n := <-counted; n != 1 {
			t.Errorf("counted %d instances, want 1", n)
		}
		if d := <-sent; len(d.Instances) != 1 {
			t.Errorf("the message went to %+v", d)
		}
		if _, err := in.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if n := called.Load(); n != 1 {
			t.Errorf("the handler was called %d times", n)
		}
	})
}

func TestFailedSyncFailsTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		release := make(chan struct{})
		tn := begin(t, e, orderSchema, func(e *Engine) {
			Handle(e, "charge", func(context.Context, charge) (receipt, error) { <-release; return receipt{}, nil })
		})
		in, err := tn.Start(ctx, "order", vars{"amount": 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan error, 1)
		go func() {
			_, err := in.Wait(ctx)
			waited <- err
		}()
		synctest.Wait()

		disk.FailSyncs(errors.New("disk on fire"))
		if _, err := tn.Start(ctx, "order", vars{"amount": 2}, nil); !errors.Is(err, ErrFailed) {
			t.Errorf("a start whose sync failed: %v", err)
		}
		disk.FailSyncs(nil) // the disk is well again: too late
		if _, err := tn.Start(ctx, "order", vars{"amount": 3}, nil); !errors.Is(err, ErrFailed) {
			t.Errorf("a start after the failure: %v", err)
		}
		if _, err := tn.Count(ctx, InstanceFilter{}); !errors.Is(err, ErrFailed) {
			t.Errorf("a query after the failure: %v", err)
		}
		if _, err := tn.Send(ctx, Message{Name: "m"}); !errors.Is(err, ErrFailed) {
			t.Errorf("a message after the failure: %v", err)
		}
		if err := <-waited; !errors.Is(err, ErrFailed) {
			t.Errorf("who waited when it failed: %v", err)
		}
		if err := e.Ready(ctx); !errors.Is(err, ErrFailed) {
			t.Errorf("ready: %v", err)
		}
		if err := e.Shutdown(ctx); !errors.Is(err, ErrFailed) {
			t.Errorf("shutdown: %v", err)
		}
		close(release)

		// What was acknowledged is there after a power cut.
		e, s = openOn(t, disk.Crash(0), nil)
		defer s.Close()
		defer e.Close()
		if _, err := e.Default().Instance(in.ID()).Info(ctx); err != nil {
			t.Errorf("an acknowledged instance is lost: %v", err)
		}
	})
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queue = 4
		ctx := t.Context()
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Queue: queue, Workers: 64})
		defer s.Close()
		defer e.Close()
		finish := make(chan struct{})
		tn := begin(t, e, `
process: p
steps: [{service: work}]
`, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (None, error) { <-finish; return None{}, nil })
		})
		// Handlers run while the disk stands still: their completions come on top of a full queue.
		const jobs = 32
		for range jobs {
			if _, err := tn.Start(ctx, "p", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		release := disk.BlockSyncs()
		shards := len(e.shards)
		// Each shard: one start for each turn that may be in flight, a full queue, and as many callers who wait.
		var refused atomic.Int32
		accepted := shards * (depth + 2*queue)
		results := make(chan error, 4*accepted)
		for range 4 * accepted {
			go func() {
				_, err := tn.Start(ctx, "p", nil, nil)
				if errors.Is(err, ErrOverloaded) {
					refused.Add(1)
				}
				results <- err
			}()
			synctest.Wait()
		}
		if refused.Load() == 0 {
			t.Fatal("nobody was refused")
		}
		for range refused.Load() {
			if err := <-results; !errors.Is(err, ErrOverloaded) {
				t.Errorf("refused with %v", err)
			}
		}
		if n := e.shards[0].inbox.length(); n > 2*queue {
			t.Errorf("%d wait, although the bounds are %d and %d", n, queue, queue)
		}
		// Who waits for room leaves at the deadline; the next caller takes the place.
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var late error
		for range 64 { // until it meets a shard... all are full, so the first one is refused
			if _, late = tn.Start(short, "p", nil, nil); late != nil {
				break
			}
		}
		if !errors.Is(late, ErrOverloaded) {
			t.Errorf("the next caller: %v", late)
		}
		// Completions have room all the same.
		close(finish)
		synctest.Wait()
		release()
		for range 4*accepted - int(refused.Load()) {
			if err := <-results; err != nil {
				t.Errorf("a caller who had been let in: %v", err)
			}
		}
		synctest.Wait()
		open, err := tn.Count(ctx, InstanceFilter{States: []State{Running, Failed}})
		if err != nil || open != 0 {
			t.Errorf("%d instances did not end (%v): a completion was refused", open, err)
		}
	})
}
