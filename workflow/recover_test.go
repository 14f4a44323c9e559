package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

func TestOpenRunsNothingBeforeStart(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		var called atomic.Int32
		Handle(e, "work", func(context.Context, None) (result, error) { called.Add(1); return result{1}, nil })
		tn := e.Default()
		if _, err := tn.Deploy(t.Context(), Text(retrySchema), Text(dueSchema)); err != nil {
			t.Fatal(err)
		}
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		timed, err := tn.Start(t.Context(), "due", vars{"at": time.Now().Add(time.Minute)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := called.Load(); n != 0 {
			t.Errorf("the handler ran %d times before Start", n)
		}
		if info, err := timed.Info(t.Context()); err != nil || info.State != Running {
			t.Errorf("the timer fired before Start: %+v, %v", info, err)
		}
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, i := range []*Instance{in, timed} {
			if _, err := i.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := called.Load(); n != 1 {
			t.Errorf("the handler ran %d times", n)
		}
	})
}

// A crash while jobs run: those that may run twice do, with the same key; the others become incidents.
func TestJobsThatRanWhenItCrashed(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		const src = `
process: p
steps:
  - parallel: both
    branches:
      - {service: often, retry: {max: 3}}
      - {service: once, retry: never}
`
		var keys [2][]string
		register := func(run int, block bool) func(*Engine) {
			return func(e *Engine) {
				fn := func(ctx context.Context, _ None) (None, error) {
					j, _ := JobFrom(ctx)
					keys[run] = append(keys[run], j.Key)
					if block {
						<-ctx.Done()
					}
					return None{}, ctx.Err()
				}
				Handle(e, "often", fn)
				Handle(e, "once", fn)
			}
		}
		e, s := openOn(t, disk, &Options{Workers: 1}) // one runs, one waits for a worker
		tn := begin(t, e, src, register(0, true))
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		image := disk.Crash(0)
		e.Close()
		s.Close()

		e, s = openOn(t, image, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		tn = begin(t, e, src, register(1, false))
		info, err := tn.Instance(in.ID()).Wait(t.Context())
		if !errors.Is(err, ErrIncident) {
			t.Fatalf("want an incident: %v", err)
		}
		inc, err := tn.Incident(info.Incidents[0]).Info(t.Context())
		if err != nil || inc.Node != "once" || !strings.Contains(inc.Cause, "must not run twice") {
			t.Errorf("incident %+v, %v", inc, err)
		}
		synctest.Wait()
		if len(keys[1]) != 1 || keys[1][0] != keys[0][0] {
			t.Errorf("ran with %v, then with %v", keys[0], keys[1])
		}
		// A person decides that it may run again.
		if err := tn.Incident(info.Incidents[0]).Retry(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.Instance(in.ID()).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// A job that waits for its next attempt goes on waiting after a restart.
func TestDelayedJobSurvivesRestart(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (result, error) {
				return result{}, RetryAfter(time.Hour, errors.New("later"))
			})
		})
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.Sleep(10 * time.Minute)
		e.Close()
		s.Close()
		e, s = openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		var at time.Time
		tn = begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (result, error) { at = time.Now(); return result{5}, nil })
		})
		if out, err := Result[result](t.Context(), tn.Instance(in.ID())); err != nil || out.N != 5 {
			t.Fatalf("%+v, %v", out, err)
		}
		if d := at.Sub(began); d < time.Hour || d > time.Hour+time.Millisecond {
			t.Errorf("ran after %v, want 1h", d)
		}
	})
}

func TestStartsWithOneKeyMakeOneInstance(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, dueSchema, nil)
		later := vars{"at": time.Now().Add(time.Hour)}
		const keys, callers = 10, 20
		ids := make(chan [2]string, keys*callers)
		for i := range keys * callers {
			key := fmt.Sprint(i % keys)
			go func() {
				in, err := tn.Start(t.Context(), "due", later, &StartOptions{Key: key})
				if err != nil {
					t.Error(err)
					return
				}
				ids <- [2]string{key, in.ID()}
			}()
		}
		synctest.Wait()
		of := make(map[string]string)
		for range keys * callers {
			x := <-ids
			if of[x[0]] == "" {
				of[x[0]] = x[1]
			}
			if of[x[0]] != x[1] {
				t.Errorf("key %s has the instances %s and %s", x[0], of[x[0]], x[1])
			}
		}
		if n, err := tn.Count(t.Context(), InstanceFilter{}); err != nil || n != keys {
			t.Errorf("%d instances, want %d (%v)", n, keys, err)
		}
		// A caller who leaves early must not free the key.
		release := disk.BlockSyncs()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := tn.Start(ctx, "due", later, &StartOptions{Key: "slow"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while syncs are blocked: %v", err)
		}
		second := make(chan string, 1)
		go func() {
			in, err := tn.Start(t.Context(), "due", later, &StartOptions{Key: "slow"})
			if err != nil {
				t.Error(err)
			}
			second <- in.ID()
		}()
		synctest.Wait()
		select {
		case <-second:
			t.Error("answered before the first start was durable")
		default:
		}
		release()
		<-second
		if n, err := tn.Count(t.Context(), InstanceFilter{Key: "slow"}); err != nil || n != 1 {
			t.Errorf("%d instances have the key (%v)", n, err)
		}
	})
}
