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

// A job is an incident when the engine is closed, and another one of its instance runs. Retried before Start, the job is
// handed out by that; the recovery of what ran finds it open, and must not take it for one that ran: it may not run
// twice.
func TestRecoveryLeavesWhatWasHandedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const src = `
process: p
steps:
  - parallel: both
    branches:
      - service: slow
      - {service: once, retry: never}
`
		var fail atomic.Bool
		var ran atomic.Int32
		register := func(e *Engine) {
			Handle(e, "slow", func(ctx context.Context, _ None) (None, error) { <-ctx.Done(); return None{}, ctx.Err() })
			Handle(e, "once", func(context.Context, None) (None, error) {
				if fail.Load() {
					return None{}, errors.New("not today")
				}
				ran.Add(1)
				time.Sleep(time.Minute)
				return None{}, nil
			})
		}
		disk := store.NewDisk()
		fail.Store(true)
		e, s := openOn(t, disk, &Options{Logger: quiet})
		in, err := begin(t, e, src, register).Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		e.Close()
		s.Close()

		fail.Store(false)
		e, s = openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		register(e)
		tn := e.Default()
		if n, err := tn.RetryIncidents(t.Context(), IncidentFilter{}); n != 1 || err != nil {
			t.Fatalf("%d incidents retried, %v", n, err)
		}
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		info, err := tn.Instance(in.ID()).Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ran.Load() != 1 || len(info.Incidents) > 0 || len(info.Waits) != 1 || info.Waits[0].Node != "slow" {
			t.Errorf("it ran %d times; %+v", ran.Load(), info)
		}
	})
}

// What is known about jobs that are handed out goes with them: when they end, when they wait for their next attempt, and
// when an event takes them away.
func TestNothingIsKeptOfJobsThatAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, `
process: p
steps:
  - service: work
    retry: {max: 5, first: PT1S, factor: 1, limit: PT1H}
    boundary:
      - {timer: late, after: PT10S}
  - service: rest
`, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (None, error) {
				if j, _ := JobFrom(ctx); j.Attempt == 1 {
					return None{}, errors.New("not yet")
				}
				time.Sleep(time.Minute) // longer than the event waits
				return None{}, nil
			})
			Handle(e, "rest", func(context.Context, None) (None, error) { return None{}, nil })
		})
		for range 50 {
			if _, err := tn.Start(t.Context(), "p", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := e.Stats().Live; n != 0 {
			t.Errorf("%d instances live", n)
		}
		for _, s := range e.shards { // at rest from here on
			if n := len(s.handed); n != 0 {
				t.Errorf("%d jobs are thought to run", n)
			}
		}
	})
}
