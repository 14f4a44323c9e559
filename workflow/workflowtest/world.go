// Package workflowtest runs the real engine in memory and in virtual time, for tests. Its methods fail the test and
// return no error.
//
//	workflowtest.Run(t, nil, func(w *workflowtest.World) {
//		w.Stub("credit.score", map[string]any{"points": 640})
//		w.Deploy(workflow.Files(files, "loan.yaml"))
//		loan := w.Begin("loan", map[string]any{"amount": 80000})
//		w.Complete(loan, "check", map[string]any{"complete": true})
//		w.Advance(90 * workflowtest.Day)
//		w.Crash()
//		...
//	})
//
// Nothing is simulated but time, the disk and the handlers that are stubbed: schemas are verified, every step is
// written to the store, and Crash reopens what a power cut would have left there. Time is that of a testing/synctest
// bubble. It stands still while anything runs and jumps to the next timer when nothing does, so months pass in
// milliseconds; the rules of testing/synctest apply, the first of which is that whatever blocks must do so on something
// within the bubble: no network, no files waited for.
package workflowtest

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

// Day is 24 hours.
const Day = 24 * time.Hour

// World is an engine whose time passes only in Advance, with shortcuts to its default tenant. Each method returns when
// nothing is left to happen at this moment. Only the goroutine that runs the test may call them, except Calls, which
// handlers may call too.
type World struct {
	*workflow.Engine // the running one; Restart and Crash replace it
	// T is the test within the bubble: for Errorf, Fatalf and Context in what Run calls, in place of Run's own t.
	T *testing.T

	opts    workflow.Options
	store   *store.Mem
	program []func(*workflow.Engine) // given to Handlers
	deploys [][]schema.Source        // given to Deploy

	mu     sync.Mutex // handlers run in goroutines of their own
	stubs  map[string]stub
	served map[string]bool // kinds of the current engine that answer from stubs
	calls  map[string][]*Call
}

// Run calls fn in a testing/synctest bubble: time.Now and time.Sleep are virtual in handlers too. It starts at
// 2000-01-01 UTC, with an engine that is empty and running. opts may be nil. The engine always has a default tenant, and
// logs to the test unless opts names a Logger. Run closes the engine when fn returns; handlers that still run are
// canceled.
//
// In fn the test is w.T, not t: t is outside of the bubble. Its FailNow and Fatal would end the wrong test, and its
// Context belongs to real time, so that waiting on it ends the bubble with a panic. Begin fn with "t := w.T" and there is
// only one.
func Run(t *testing.T, opts *workflow.Options, fn func(w *World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &World{T: t, stubs: make(map[string]stub), calls: make(map[string][]*Call)}
		if opts != nil {
			w.opts = *opts
		}
		w.opts.NoDefault = false
		w.opts.Middleware = append([]workflow.Middleware{w.record}, w.opts.Middleware...)
		if w.opts.Logger == nil {
			w.opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
		}
		disk, err := store.NewDisk().Open(w.disk())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.close)
		w.open(disk)
		over := false
		defer func() {
			if over || t.Failed() || t.Skipped() {
				return
			}
			if p := recover(); p != nil {
				panic(p)
			}
			t.Error("the test ended in the middle of Run: use w.T within Run, not the t that Run was given")
		}()
		fn(w)
		over = true
	})
}

// Advance lets time pass and returns when everything due has happened. The clock of a test bubble ends in April 2262.
func (w *World) Advance(d time.Duration) {
	w.T.Helper()
	if d < 0 {
		w.T.Fatalf("Advance(%v): time does not go back", d)
	}
	if end := time.Unix(0, math.MaxInt64).UTC(); time.Until(end) <= d {
		w.T.Fatalf("Advance(%v): the clock of a test bubble ends on %s", d, end.Format(time.DateOnly))
	}
	time.Sleep(d)
	synctest.Wait()
}

// Restart closes and reopens the engine; Crash loses what was not synced, as a power cut does. Restart waits for
// handlers that run, as long as that takes in virtual time.
func (w *World) Restart() {
	w.T.Helper()
	if err := w.Engine.Shutdown(w.ctx()); err != nil {
		w.T.Fatalf("Restart: %v", err)
	}
	disk := w.store.Disk()
	if err := w.store.Close(); err != nil {
		w.T.Fatalf("Restart: %v", err)
	}
	reopened, err := disk.Open(w.disk())
	if err != nil {
		w.T.Fatalf("Restart: %v", err)
	}
	w.open(reopened)
}

// Crash cuts the power and reopens the engine on what the disk kept. Handlers that run have their contexts canceled,
// and whatever they return is lost; their jobs run again, with the same keys.
//
// Handles from before belong to the engine that is gone, as in a real program. The methods of World take them all the
// same; for others get new ones: w.Default().Instance(loan.ID()).
func (w *World) Crash() {
	w.T.Helper()
	disk := w.store.Disk().Crash(0) // from here on the old engine writes to a disk that nobody will read
	_ = w.Engine.Close()
	_ = w.store.Close()
	reopened, err := disk.Open(w.disk())
	if err != nil {
		w.T.Fatalf("Crash: the disk does not open again: %v", err)
	}
	w.open(reopened)
}

// Deploy deploys to the default tenant and returns the versions. Kinds that nothing serves yet fail the test when they
// are called; Stub and Handlers may still come.
func (w *World) Deploy(src ...schema.Source) *workflow.Deployment {
	w.T.Helper()
	w.deploys = append(w.deploys, src)
	w.serveMissing(src)
	d, err := w.Default().Deploy(w.ctx(), src...)
	if err != nil {
		w.T.Fatalf("Deploy: %v", err)
	}
	synctest.Wait()
	return d
}

// open makes s the world's store and starts an engine on it, with everything registered as before.
func (w *World) open(s *store.Mem) {
	w.T.Helper()
	w.store = s
	e, err := workflow.OpenStore(s, &w.opts)
	if err != nil {
		w.T.Fatalf("the engine does not open: %v", err)
	}
	w.Engine, w.served = e, make(map[string]bool)
	for _, register := range w.program {
		register(e)
	}
	for _, kind := range slices.Sorted(maps.Keys(w.stubs)) {
		w.serve(kind)
	}
	for _, src := range w.deploys {
		w.serveMissing(src)
	}
	if err := e.Start(w.ctx()); err != nil {
		w.T.Fatalf("the engine does not start: %v", err)
	}
	synctest.Wait()
}

// close ends the bubble cleanly: no goroutine may be left.
func (w *World) close() {
	if w.Engine != nil {
		if err := w.Engine.Close(); err != nil {
			w.T.Errorf("the engine does not close: %v", err)
		}
	}
	if w.store != nil {
		if err := w.store.Close(); err != nil {
			w.T.Errorf("the store does not close: %v", err)
		}
	}
}

func (w *World) disk() *store.PebbleOptions { return &store.PebbleOptions{NoSync: w.opts.NoSync} }

func (w *World) ctx() context.Context { return context.Background() }
