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
