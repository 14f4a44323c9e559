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

const oneService = "process: p\nsteps:\n  - service: work\n"

// A handler that does not heed its context cannot hold up a shutdown: past the deadline, and a little time to return,
// everything is closed without it. What it returns later is dropped, and its job runs again after the next Start.
func TestShutdownLeavesHandlersThatDoNotHeedTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Logger: quiet})
		hold := make(chan struct{})
		var ran atomic.Int32
		register := func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (None, error) {
				if ran.Add(1) == 1 {
					<-hold
				}
				return None{}, nil
			})
		}
		tn := begin(t, e, oneService, register)
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = e.Shutdown(ctx)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute+patience {
			t.Errorf("after %v: %v", took, err)
		}
		if again := e.Close(); again == nil || again.Error() != err.Error() {
			t.Errorf("closed again: %v, want %v", again, err)
		}
		if err := s.Close(); err != nil { // nothing uses it
			t.Error(err)
		}
		close(hold)
		synctest.Wait()

		e, s = openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		register(e)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Default().Instance(in.ID()).Wait(t.Context()); err != nil || ran.Load() != 2 {
			t.Errorf("the job ran %d times, %v", ran.Load(), err)
		}
	})
}

// A second shutdown whose context ends hurries the first one, whose context does not.
func TestSecondShutdownHurriesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		e, s := openOn(t, disk, nil)
		defer s.Close()
		tn := begin(t, e, oneService, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (None, error) { <-ctx.Done(); return None{}, ctx.Err() })
		})
		if _, err := tn.Start(t.Context(), "p", nil, nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first := make(chan error, 1)
		go func() { first <- e.Shutdown(context.Background()) }()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(first) > 0 {
			t.Fatal("the shutdown did not wait for the handler:", <-first)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error("the second:", err)
		}
		if err := <-first; err != nil {
			t.Error("the first:", err)
		}
	})
}

// More jobs are recovered than may wait, and no handler returns: the shutdown does not wait for those to be taken.
func TestShutdownWhileJobsAreRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		register := func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (None, error) { <-ctx.Done(); return None{}, ctx.Err() })
		}
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, oneService, register)
		for range 2 * maxSteps {
			if _, err := tn.Start(t.Context(), "p", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		e.Close()
		s.Close()
		e, s = openOn(t, disk, &Options{Workers: 2})
		defer s.Close()
		e.jobs.limit = 8
		register(e)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
}
