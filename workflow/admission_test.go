package workflow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// Admission when there is no room. The disk stands still, so nothing that is taken is carried out, until release.

const onePerson = "process: p\nsteps:\n  - user: a\n"

// crowd starts instances in the background until the next one would have to wait for room, and returns once they are
// on their way. The starts end when ctx does.
func crowd(t testing.TB, ctx context.Context, tn *Tenant, queue int) {
	t.Helper()
	for range len(tn.e.shards) * (depth + 1 + queue) * 4 {
		go tn.Start(ctx, "p", nil, nil)
		synctest.Wait()
	}
}

// Of two starts by one key, the second waits for what becomes of the first. If there is no room for the first until
// its deadline, the second is not told that it succeeded: it makes the instance itself.
func TestStartByKeyBehindOneThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Queue: 1})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, onePerson, nil)
		release := disk.BlockSyncs()
		patient, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		crowd(t, patient, tn, 1)
		time.Sleep(2 * time.Minute) // who waited for room has left; the queue is full all the same
		synctest.Wait()

		first := make(chan error)
		go func() {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := tn.Start(short, "p", nil, &StartOptions{Key: "k"})
			first <- err
		}()
		synctest.Wait()
		type started struct {
			in  *Instance
			err error
		}
		second := make(chan started)
		go func() {
			in, err := tn.Start(t.Context(), "p", nil, &StartOptions{Key: "k"})
			second <- started{in, err}
		}()
		if err := <-first; !errors.Is(err, ErrOverloaded) {
			t.Errorf("the first start: %v, want ErrOverloaded", err)
		}
		synctest.Wait()
		release()
		got := <-second
		if got.err != nil {
			t.Fatal("the second start:", got.err)
		}
		if info, err := got.in.Info(t.Context()); err != nil || info.Key != "k" {
			t.Errorf("the second start made %s: %+v, %v", got.in.ID(), info, err)
		}
	})
}

// When so many jobs wait that starts have to, nobody else does: not who reads, not other commands, and above all not
// the handlers, which make the room that the starts wait for.
func TestStartsThatWaitForHandlersHoldUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Workers: 2, Queue: 4})
		defer s.Close()
		defer e.Close()
		e.jobs.limit = 8
		hold := make(chan struct{})
		var tn *Tenant
		tn = begin(t, e, "process: p\nsteps:\n  - service: work\n", func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (None, error) {
				<-hold
				in, err := tn.Start(ctx, "people", nil, nil)
				if err == nil {
					_, err = in.Settle(ctx)
				}
				return None{}, err
			})
		})
		ctx := t.Context()
		if _, err := tn.Deploy(ctx, Text("process: people\nsteps:\n  - {receive: go, message: go, key: '\"k\"'}\n")); err != nil {
			t.Fatal(err)
		}
		waits, err := tn.Start(ctx, "people", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 + e.jobs.limit {
			if _, err := tn.Start(ctx, "p", nil, nil); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		late, late2 := make(chan error, 1), make(chan error, 1)
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		go func() { _, err := tn.Start(short, "p", nil, nil); late <- err }()
		go func() { _, err := tn.Start(ctx, "p", nil, nil); late2 <- err }()
		synctest.Wait()
		if len(late)+len(late2) > 0 || e.Stats().Jobs != e.jobs.limit {
			t.Fatalf("%d jobs wait, and a start does not", e.Stats().Jobs)
		}
		if _, err := tn.Send(short, Message{Name: "go", Key: "k"}); err != nil {
			t.Error("a message:", err)
		}
		if _, err := waits.Wait(short); err != nil {
			t.Error("a reader:", err)
		}
		if err := <-late; !errors.Is(err, ErrOverloaded) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error("a start that waits until its deadline:", err)
		}
		close(hold)
		if err := <-late2; err != nil {
			t.Error("a start that waits until there is room:", err)
		}
		synctest.Wait()
		if n := e.Stats().Jobs + e.Stats().Handlers; n != 0 {
			t.Errorf("%d jobs wait or run", n)
		}
		n, err := tn.Count(ctx, InstanceFilter{Process: "people", States: []State{Running}})
		if want := 2 + 8 + 1; err != nil || n != want {
			t.Errorf("the handlers started %d instances, want %d (%v)", n, want, err)
		}
	})
}

// The room for jobs is shared: a tenant whose jobs fill it holds back its own starts.
func TestRoomForJobsIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Workers: 1})
		defer s.Close()
		defer e.Close()
		e.jobs.limit = 8
		hold := make(chan struct{})
		const src = "process: p\nsteps:\n  - service: work\n"
		a := begin(t, e, src, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (None, error) { <-hold; return None{}, nil })
		})
		b := second(t, e, src)
		ctx := t.Context()
		flood := make(chan error, 20)
		for range cap(flood) {
			go func() { _, err := a.Start(ctx, "p", nil, nil); flood <- err }()
			synctest.Wait()
		}
		for range 3 {
			if _, err := b.Start(ctx, "p", nil, nil); err != nil {
				t.Error(err)
			}
		}
		if n := len(flood); n != 1+e.jobs.limit {
			t.Errorf("%d starts of the tenant that floods were let in, want %d", n, 1+e.jobs.limit)
		}
		close(hold)
		for range cap(flood) {
			if err := <-flood; err != nil {
				t.Error(err)
			}
		}
	})
}

// second is another tenant with a schema.
func second(t testing.TB, e *Engine, src string) *Tenant {
	t.Helper()
	tn, err := e.CreateTenant(t.Context(), "second", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tn.Deploy(t.Context(), Text(src)); err != nil {
		t.Fatal(err)
	}
	return tn
}

// One tenant fills the queue, and as many of its callers wait as may. Another tenant is not refused: who completes work
// or reads has room, who starts something is let in next.
func TestNoFloodRefusesOtherTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queue = 16
		disk := store.NewDisk()
		e, s := openOn(t, disk, &Options{Queue: queue})
		defer s.Close()
		defer e.Close()
		a := begin(t, e, onePerson, nil)
		b := second(t, e, onePerson)
		in, err := b.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		info, err := in.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		task := info.Waits[0].Task
		release := disk.BlockSyncs()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		crowd(t, ctx, a, queue)
		if _, err := a.Start(ctx, "p", nil, nil); !errors.Is(err, ErrOverloaded) {
			t.Fatal("the tenant that floods:", err)
		}
		results := make(chan error, 4)
		go func() {
			results <- b.Task(task).Complete(t.Context(), nil)
		}()
		go func() { _, err := in.Settle(t.Context()); results <- err }()
		for range 2 {
			go func() { _, err := b.Start(t.Context(), "p", nil, nil); results <- err }()
		}
		synctest.Wait()
		release()
		for range cap(results) {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

// A context that is done before the call: nothing happens, and the error says so.
func TestContextDoneBeforeTheCall(t *testing.T) {
	e, tn := started(t, onePerson, nil, nil)
	ctx := t.Context()
	in, err := tn.Start(ctx, "p", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	info, err := in.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	task := tn.As("ann").Task(info.Waits[0].Task)
	before := e.Stats()
	done, cancel := context.WithCancel(ctx)
	cancel()
	for range 20 { // a race would be lost sometimes
		for name, call := range map[string]func() error{
			"start":        func() error { _, err := tn.Start(done, "p", nil, nil); return err },
			"start by key": func() error { _, err := tn.Start(done, "p", nil, &StartOptions{Key: "k"}); return err },
			"send":         func() error { _, err := tn.Send(done, Message{Name: "m", Key: "k"}); return err },
			"claim":        func() error { return task.Claim(done) },
			"complete":     func() error { return task.Complete(done, nil) },
			"deploy":       func() error { _, err := tn.Deploy(done, Text("process: q\nsteps:\n  - user: a\n")); return err },
		} {
			if err := call(); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if after := e.Stats(); after.Steps != before.Steps || after.Commits != before.Commits {
		t.Errorf("something happened: %+v, before %+v", after, before)
	}
	if _, err := tn.Schema(ctx, "q", 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("deployed: %v", err)
	}
}
