package workflow

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

const dueSchema = `
process: due
in: [at]
vars: {at: timestamp}
steps:
  - {wait: pause, until: at}
`

// firedAt returns when the timer of an instance fired, and how often.
func firedAt(t *testing.T, in *Instance) (at time.Time, n int) {
	t.Helper()
	for ev, err := range in.History(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Kind == history.Fired {
			at = ev.At
			n++
		}
	}
	return at, n
}

func TestTimersFireInTimeAndOnce(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, dueSchema, nil)
		began := time.Now()
		due := make(map[*Instance]time.Time)
		for i := range 300 {
			at := began.Add(time.Duration(i*i%301) * 8 * time.Hour) // up to 100 days, in no order
			in, err := tn.Start(t.Context(), "due", vars{"at": at}, nil)
			if err != nil {
				t.Fatal(err)
			}
			due[in] = at
		}
		time.Sleep(50 * 24 * time.Hour)
		e.Close()
		s.Close()
		time.Sleep(10 * 24 * time.Hour) // nobody is there when some come due
		e, s = openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		reopened := time.Now()
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * 24 * time.Hour)
		for in, want := range due {
			at, n := firedAt(t, e.Default().Instance(in.ID()))
			if want.After(began.Add(50*24*time.Hour)) && want.Before(reopened) {
				want = reopened // missed: it fires when it can
			}
			if n != 1 || at.Sub(want).Abs() > time.Millisecond {
				t.Errorf("due at %v, fired %d times, at %v", want, n, at)
			}
		}
	})
}

// jumpy is a clock that can be set, over timers that only know how much time passes.
type jumpy struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *jumpy) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *jumpy) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

func (*jumpy) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

func TestClockThatJumps(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		c := new(jumpy)
		s, err := disk.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		e, err := openEngine(s, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		tn := begin(t, e, dueSchema, nil)
		if _, err := tn.Deploy(t.Context(), Text(hearSchema)); err != nil {
			t.Fatal(err)
		}
		start := func(in time.Duration) *Instance {
			i, err := tn.Start(t.Context(), "due", vars{"at": c.Now().Add(in)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		ended := func(i *Instance) bool {
			info, err := i.Info(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return info.State == Completed
		}

		// Backwards, just before it is due: it must wait on, and must not be forgotten.
		back := start(time.Minute)
		time.Sleep(59 * time.Second)
		c.jump(-time.Hour)
		time.Sleep(30 * time.Minute)
		if ended(back) {
			t.Error("fired although its time had not come again")
		}
		time.Sleep(31 * time.Minute)
		if !ended(back) {
			t.Error("forgotten when the clock was set back")
		}

		// Forwards: at the next step of anything, at the latest after maxSleep.
		ahead := start(10 * 24 * time.Hour)
		c.jump(20 * 24 * time.Hour)
		time.Sleep(maxSleep + time.Second)
		if !ended(ahead) {
			t.Error("not noticed that the clock was set forward")
		}
		noticed := start(10 * 24 * time.Hour)
		c.jump(20 * 24 * time.Hour)
		if _, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !ended(noticed) {
			t.Error("a step did not notice that the clock was set forward")
		}

		// Backwards, when it is on its way to the shard already.
		sent := start(time.Minute)
		synctest.Wait()
		e.timers.mu.Lock()
		next := e.timers.heap[0]
		e.timers.remove(0)
		e.timers.mu.Unlock()
		c.jump(-time.Hour)
		e.timers.fire(&next)
		synctest.Wait()
		if !ended(sent) {
			t.Error("lost when the clock was set back while it fired")
		}
		for _, i := range []*Instance{back, ahead, noticed, sent} {
			if _, n := firedAt(t, i); n != 1 {
				t.Errorf("fired %d times", n)
			}
		}
	})
}

// The heap of timers is compared with a sorted list while timers come and go.
func TestTimerHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := timers{byRef: make(map[jobRef]int)}
		naive := make(map[jobRef]int64)
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			ref := jobRef{tenant: 1, id: keys.ID{byte(rapid.IntRange(0, 9).Draw(t, "id"))}, since: 1}
			if rapid.Bool().Draw(t, "arm") {
				due := rapid.Int64Range(1, 20).Draw(t, "due")
				x.add(timer{due, ref})
				naive[ref] = due
			} else if i, ok := x.byRef[ref]; ok {
				x.remove(i)
				delete(naive, ref)
			}
			if len(naive) > 0 && rapid.IntRange(0, 9).Draw(t, "keep") == 0 {
				cut := rapid.Int64Range(1, 20).Draw(t, "cut")
				x.keep(func(t timer) bool { return t.due < cut })
				for ref, due := range naive {
					if due >= cut {
						delete(naive, ref)
					}
				}
			}
			if len(x.heap) != len(naive) || len(x.byRef) != len(naive) {
				t.Fatalf("%d timers, %d known, want %d", len(x.heap), len(x.byRef), len(naive))
			}
			for i, tm := range x.heap {
				if x.byRef[tm.jobRef] != i || naive[tm.jobRef] != tm.due {
					t.Fatalf("timer %d is %+v, want due %d", i, tm, naive[tm.jobRef])
				}
				if i > 0 && x.heap[(i-1)/2].due > tm.due {
					t.Fatalf("timer %d is due before its parent", i)
				}
			}
		}
	})
}

// With more timers than are kept in memory, each still fires once and in order.
func TestMoreTimersThanMemory(t *testing.T) {
	n := 3*maxTimers + 500
	if testing.Short() {
		t.Skip("arms 50,000 timers")
	}
	bubble(t, func(t *testing.T, disk *store.Disk) {
		s, err := disk.Open(&store.PebbleOptions{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		e, err := OpenStore(s, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		tn := begin(t, e, dueSchema, nil)
		began := time.Now()
		var wg sync.WaitGroup
		for c := range 64 {
			wg.Go(func() {
				for i := c; i < n; i += 64 {
					at := began.Add(time.Hour + time.Duration(i*7919%n)*time.Second)
					if _, err := tn.Start(t.Context(), "due", vars{"at": at}, &StartOptions{Key: fmt.Sprint(i)}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if got := e.Stats().Timers; got > 2*maxTimers {
			t.Errorf("%d timers in memory, want at most %d", got, 2*maxTimers)
		}
		half := time.Duration(n/2) * time.Second
		time.Sleep(time.Until(began.Add(time.Hour + half)))
		synctest.Wait()
		open, err := tn.Count(t.Context(), InstanceFilter{States: []State{Running}})
		if err != nil || max(open-n/2, n/2-open) > 2 {
			t.Errorf("after half of the time %d of %d timers are open (%v)", open, n, err)
		}
		time.Sleep(half + 2*time.Second)
		synctest.Wait()
		if open, err := tn.Count(t.Context(), InstanceFilter{States: []State{Running}}); err != nil || open != 0 {
			t.Errorf("%d timers never fired (%v)", open, err)
		}
	})
}
