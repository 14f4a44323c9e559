package workflow

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// A handler that ends its goroutine, as t.Fatal in a handler does, has failed its attempt. Its worker is replaced, even
// if it was the only one.
func TestHandlerThatEndsItsGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Workers: 1, Logger: quiet})
		defer s.Close()
		var calls attempts
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) {
				if calls.add(ctx) < 3 {
					runtime.Goexit()
				}
				return result{42}, nil
			})
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := Result[result](t.Context(), in); err != nil || out.N != 42 {
			t.Errorf("%+v, %v", out, err)
		}
		notes := 0
		for ev, err := range in.History(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(ev.Note, "the handler ended its goroutine") {
				notes++
			}
		}
		if notes != 2 {
			t.Errorf("history tells %d attempts that ended their goroutine, want 2", notes)
		}
		synctest.Wait()
		if st := e.Stats(); st.Handlers != 0 || st.Jobs != 0 {
			t.Errorf("after it is over: %+v", st)
		}
		if err := e.Shutdown(t.Context()); err != nil { // it would hang if a worker had been lost count of
			t.Error(err)
		}
	})
}

// The deadline ends the attempt of a handler that does not look at its context: the next attempt comes in time, and what
// the first one returns at last is dropped.
func TestDeadlineOfAHandlerThatIgnoresIt(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		var calls attempts
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) {
				if n := calls.add(ctx); n == 1 {
					time.Sleep(35 * time.Minute) // of 30 seconds
					return result{1}, nil
				}
				time.Sleep(20 * time.Second)
				return result{2}, nil
			})
		})
		began := time.Now()
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := Result[result](t.Context(), in)
		if err != nil || out.N != 2 {
			t.Errorf("%+v, %v", out, err)
		}
		if took := time.Since(began); took != 60*time.Second { // 30 s, 10 s of pause, 20 s
			t.Errorf("took %v, want 1m0s", took)
		}
		if calls.jobs[1].Attempt != 2 {
			t.Errorf("the second attempt has number %d", calls.jobs[1].Attempt)
		}
		if n := e.Stats().Handlers; n != 1 {
			t.Errorf("%d handlers run, want the first one still", n)
		}
		before, err := in.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		after, err := in.Info(t.Context())
		if err != nil || after.Seq != before.Seq {
			t.Errorf("the late result changed the instance: %+v, %v", after, err)
		}
		if n := e.Stats().Handlers; n != 0 {
			t.Errorf("%d handlers run, want none", n)
		}
	})
}

// Shutdown waits for a handler behind its deadline as long as its context allows, and no longer: its attempt is over.
func TestShutdownLeavesAHandlerBehindItsDeadline(t *testing.T) {
	for _, tc := range []struct{ patience, want time.Duration }{
		{time.Minute, time.Minute}, {time.Hour, 30 * time.Minute},
	} {
		bubble(t, func(t *testing.T, disk *store.Disk) {
			e, s := openOn(t, disk, &Options{Logger: quiet})
			defer s.Close()
			tn := begin(t, e, strings.Replace(retrySchema, "max: 3", "max: 1", 1), func(e *Engine) {
				Handle(e, "work", func(context.Context, None) (result, error) {
					time.Sleep(31 * time.Minute)
					return result{1}, nil
				})
			})
			if _, err := tn.Start(t.Context(), "p", nil, nil); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), tc.patience)
			defer cancel()
			if err := e.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took != tc.want {
				t.Errorf("with a patience of %v Shutdown took %v, want %v", tc.patience, took, tc.want)
			}
			time.Sleep(time.Hour) // the handler ends, and finds nobody to report to
		})
	}
}

func explode(list []int) int { return list[3] }

// The cause of an incident after a panic is the message and the calls of the program, not those of the engine.
func TestCauseOfAPanic(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		around := func(ctx context.Context, _ *Job, next func(context.Context) error) error { return next(ctx) }
		e, s := openOn(t, disk, &Options{Logger: quiet, Middleware: []Middleware{around}})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, strings.Replace(retrySchema, "max: 3", "max: 1", 1), func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (result, error) { return result{explode(nil)}, nil })
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		info, err := in.Wait(t.Context())
		if len(info.Incidents) != 1 {
			t.Fatalf("%+v, %v", info, err)
		}
		inc, err := tn.Incident(info.Incidents[0]).Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(inc.Cause, "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], `kind "work" panicked: runtime error: index out of range [3]`) ||
			!strings.Contains(lines[1], "explode (workflow/attempt_test.go:") || !strings.Contains(lines[2], "TestCauseOfAPanic") {
			t.Errorf("cause:\n%s", inc.Cause)
		}
	})
}
