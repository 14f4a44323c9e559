package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// bubble runs a test on a virtual clock, with a disk in memory.
func bubble(t *testing.T, f func(t *testing.T, disk *store.Disk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, store.NewDisk()) })
}

// attempts collects the jobs that a handler was called with.
type attempts struct {
	mu   sync.Mutex
	jobs []Job
	at   []time.Time
}

func (a *attempts) add(ctx context.Context) int {
	j, _ := JobFrom(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.jobs, a.at = append(a.jobs, *j), append(a.at, time.Now())
	return len(a.jobs)
}

const retrySchema = `
process: p
out: [n]
vars: {n: {type: int, default: 0}}
steps:
  - service: work
    out: [n]
    timeout: PT30S
    retry: {max: 3, first: PT10S, factor: 2, limit: PT1H}
`

type result struct {
	N int `json:"n"`
}

func TestFailedAttemptsAreRepeatedWithBackoff(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		var calls attempts
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) {
				if n := calls.add(ctx); n < 3 {
					return result{}, errors.New("not yet")
				}
				return result{42}, nil
			})
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := Result[result](t.Context(), in)
		if err != nil || out.N != 42 {
			t.Fatalf("%+v, %v", out, err)
		}
		for i, j := range calls.jobs {
			if j.Attempt != i+1 || j.Key != calls.jobs[0].Key || j.ID != calls.jobs[0].ID {
				t.Errorf("attempt %d is %+v", i+1, j)
			}
		}
		if d1, d2 := calls.at[1].Sub(calls.at[0]), calls.at[2].Sub(calls.at[1]); d1 != 10*time.Second || d2 != 20*time.Second {
			t.Errorf("repeated after %v and %v, want 10s and 20s", d1, d2)
		}
	})
}

func TestWhatBecomesOfAnAttempt(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fn      func(ctx context.Context, n int) (result, error)
		calls   int
		cause   string // of the incident; "": it completes
		elapsed time.Duration
	}{
		{"permanent error", func(context.Context, int) (result, error) { return result{}, Permanent(errors.New("no such card")) }, 1, "no such card", 0},
		{"panic", func(context.Context, int) (result, error) { panic("boom") }, 3, "panicked: boom", 30 * time.Second},
		{"last attempt", func(context.Context, int) (result, error) { return result{}, errors.New("still down") }, 3, "still down", 30 * time.Second},
		{"retry after, not counted", func(_ context.Context, n int) (result, error) {
			if n <= 10 {
				return result{}, RetryAfter(time.Minute, errors.New("busy"))
			}
			return result{1}, nil
		}, 11, "", 10 * time.Minute},
		{"timeout", func(ctx context.Context, _ int) (result, error) { <-ctx.Done(); return result{}, ctx.Err() }, 3, "no result within the timeout of PT30S", 2 * time.Minute},
		{"error that nobody catches", func(context.Context, int) (result, error) { return result{}, Throw("broke", nil) }, 1, `no boundary event catches the error "broke"`, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, disk *store.Disk) {
				e, s := openOn(t, disk, &Options{Logger: quiet})
				defer s.Close()
				defer e.Close()
				var calls attempts
				tn := begin(t, e, retrySchema, func(e *Engine) {
					Handle(e, "work", func(ctx context.Context, _ None) (result, error) { return tc.fn(ctx, calls.add(ctx)) })
				})
				began := time.Now()
				in, err := tn.Start(t.Context(), "p", nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				info, err := in.Wait(t.Context())
				if took := time.Since(began); took != tc.elapsed {
					t.Errorf("took %v, want %v", took, tc.elapsed)
				}
				synctest.Wait() // a handler may return after its deadline
				if len(calls.jobs) != tc.calls {
					t.Errorf("%d attempts, want %d", len(calls.jobs), tc.calls)
				}
				if tc.cause == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if !errors.Is(err, ErrIncident) {
					t.Fatalf("want an incident, got %v", err)
				}
				inc, err := tn.Incident(info.Incidents[0]).Info(t.Context())
				if err != nil || !strings.Contains(inc.Cause, tc.cause) {
					t.Errorf("cause %q, want %q (%v)", inc.Cause, tc.cause, err)
				}
			})
		})
	}
}

func TestRetriedIncidentRunsWithTheSameKey(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		var calls attempts
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) {
				if calls.add(ctx) == 1 {
					return result{}, Permanent(errors.New("closed"))
				}
				return result{7}, nil
			})
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		info, err := in.Wait(t.Context())
		if !errors.Is(err, ErrIncident) {
			t.Fatal(err)
		}
		if err := tn.Incident(info.Incidents[0]).Retry(t.Context()); err != nil {
			t.Fatal(err)
		}
		if out, err := Result[result](t.Context(), in); err != nil || out.N != 7 {
			t.Fatalf("%+v, %v", out, err)
		}
		if calls.jobs[0].Key != calls.jobs[1].Key {
			t.Errorf("keys %q and %q", calls.jobs[0].Key, calls.jobs[1].Key)
		}
	})
}

// A delayed job may be found twice: armed in memory, and read from the store at the same moment. It is handed out once.
func TestDelayedJobIsHandedOutOnce(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		var calls attempts
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) {
				if calls.add(ctx) == 1 {
					return result{}, RetryAfter(time.Minute, errors.New("later"))
				}
				time.Sleep(time.Second)
				return result{}, nil
			})
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		e.timers.mu.Lock()
		again := e.timers.heap[0]
		e.timers.mu.Unlock()
		time.Sleep(time.Minute)
		e.timers.fire(&again)
		if _, err := in.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(calls.jobs); n != 2 {
			t.Errorf("%d attempts, want 2", n)
		}
		e.timers.fire(&again) // it is over
		synctest.Wait()
		if n := len(calls.jobs); n != 2 {
			t.Errorf("handed out after its end")
		}
	})
}

func TestAtMostSoManyHandlersRun(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Workers: 3})
		defer s.Close()
		defer e.Close()
		var mu sync.Mutex
		running, most := 0, 0
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (result, error) {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				time.Sleep(time.Second) // virtual
				mu.Lock()
				running--
				mu.Unlock()
				return result{}, nil
			})
		})
		var all []*Instance
		for range 10 {
			in, err := tn.Start(t.Context(), "p", nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, in)
		}
		began := time.Now()
		for _, in := range all {
			if _, err := in.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if most != 3 {
			t.Errorf("%d handlers ran at once, want 3", most)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("ten jobs of a second, three at a time, took %v", took)
		}
	})
}

// A busy handler must not keep a job waiting that another worker could take.
func TestIdleWorkersTakeWhatIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Workers: 8})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (result, error) {
				time.Sleep(10 * time.Second)
				return result{}, nil
			})
		})
		var all []*Instance
		for range 8 { // one after the other: each finds workers in another state
			in, err := tn.Start(t.Context(), "p", nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, in)
			time.Sleep(time.Second)
			if n := e.Stats().Handlers; n != len(all) {
				t.Fatalf("%d jobs, but %d handlers run", len(all), n)
			}
		}
		for _, in := range all {
			if _, err := in.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestShutdownWaitsForHandlersThenCancelsThem(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		var calls attempts
		var ended []error
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) {
				if calls.add(ctx) == 1 {
					time.Sleep(2 * time.Second)
					return result{1}, nil
				}
				<-ctx.Done()
				ended = append(ended, ctx.Err())
				return result{}, ctx.Err()
			})
		})
		quick, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		slow, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := e.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("shutdown took %v, want 5s", took)
		}
		if len(ended) != 1 {
			t.Errorf("%d handlers were cancelled, want 1", len(ended))
		}
		if err := e.Close(); err != nil {
			t.Errorf("a second close: %v", err)
		}
		if _, err := tn.Start(t.Context(), "p", nil, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("a start after the shutdown: %v", err)
		}
		s.Close()

		// The quick one's result was recorded; the slow one's attempt was not counted, and it runs again.
		e, s = openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		var again attempts
		tn = begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) { again.add(ctx); return result{2}, nil })
		})
		if out, err := Result[result](t.Context(), tn.Instance(quick.ID())); err != nil || out.N != 1 {
			t.Errorf("the quick one: %+v, %v", out, err)
		}
		if out, err := Result[result](t.Context(), tn.Instance(slow.ID())); err != nil || out.N != 2 {
			t.Errorf("the slow one: %+v, %v", out, err)
		}
		if len(again.jobs) != 1 || again.jobs[0].Key != calls.jobs[1].Key || again.jobs[0].Attempt != 1 {
			t.Errorf("after the restart ran %+v", again.jobs)
		}
	})
}

func TestStartNamesMissingHandlers(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (result, error) { <-ctx.Done(); return result{}, ctx.Err() })
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Close()
		s.Close()

		e, s = openOn(t, disk, nil)
		if err := e.Start(t.Context()); !errors.Is(err, ErrNoHandler) || !strings.Contains(fmt.Sprint(err), `"work"`) {
			t.Errorf("start without the handler: %v", err)
		}
		e.Close()
		s.Close()

		e, s = openOn(t, disk, &Options{AllowMissing: true, Logger: quiet})
		defer s.Close()
		defer e.Close()
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := e.Default().Instance(in.ID()).Wait(t.Context())
		if !errors.Is(err, ErrIncident) || len(info.Incidents) != 1 {
			t.Errorf("allowed to start without: %+v, %v", info, err)
		}
	})
}
