package workflow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// A sender who loses patience does not stop its message: a second one with the id waits until it is known what became of
// the first, and has the same outcome.
func TestSenderThatLosesPatience(t *testing.T) {
	for _, tc := range []struct {
		name    string
		waiting int // instances
	}{{"delivered", 2}, {"kept", 0}} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, disk *store.Disk) {
				e, s := openOn(t, disk, nil)
				defer s.Close()
				defer e.Close()
				tn := begin(t, e, hearSchema, nil)
				var oldest string
				for range tc.waiting {
					in, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil)
					if err != nil {
						t.Fatal(err)
					}
					if oldest == "" {
						oldest = in.ID()
					}
					time.Sleep(time.Millisecond)
				}
				m := Message{Name: "hello", Key: "ann", ID: "m-1", Data: vars{"text": "hi"}}
				release := disk.BlockSyncs()
				began := time.Now()
				for range 2 { // the second one waits for the first
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					if d, err := tn.Send(ctx, m); !errors.Is(err, context.DeadlineExceeded) {
						t.Fatalf("no sync: %+v, %v", d, err)
					}
				}
				if took := time.Since(began); took != 2*time.Second {
					t.Errorf("the two senders waited for %v, want a second each", took)
				}
				third := make(chan Delivery, 1)
				go func() {
					d, err := tn.Send(t.Context(), m)
					if err != nil {
						t.Error(err)
					}
					third <- d
				}()
				synctest.Wait()
				release()
				d := <-third
				if !d.Duplicate || d.Kept != (tc.waiting == 0) || tc.waiting > 0 && (len(d.Instances) != 1 || d.Instances[0] != oldest) {
					t.Errorf("sent again: %+v; want a duplicate of what went to %q", d, oldest)
				}
				if n, err := tn.Count(t.Context(), InstanceFilter{States: []State{Completed}}); n != min(tc.waiting, 1) || err != nil {
					t.Errorf("%d instances took the message (%v)", n, err)
				}
			})
		})
	}
}

// Close waits for a message that is halfway to its receivers: all of them get it.
func TestCloseWhileAMessageIsDelivered(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		tn := begin(t, e, hearSchema, nil)
		const count = "process: count\nvars: {said: {type: string, default: \"\"}}\nsteps:\n" +
			"  - {receive: hello, message: hello, key: \"'ann'\", out: {said: message.text}}\n"
		if _, err := tn.Deploy(t.Context(), Text(count)); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.Start(t.Context(), "count", nil, nil); err != nil {
			t.Fatal(err)
		}
		type answer struct {
			d   Delivery
			err error
		}
		sent, closed := make(chan answer, 1), make(chan error, 1)
		release := disk.BlockSyncs()
		go func() {
			d, err := tn.Send(context.Background(), Message{Name: "hello", Key: "ann", Data: vars{"text": "hi"}})
			sent <- answer{d, err}
		}()
		synctest.Wait() // the first delivery waits for its sync
		go func() { closed <- e.Close() }()
		synctest.Wait()
		release()
		if a := <-sent; a.err != nil || len(a.d.Instances) != 2 {
			t.Errorf("sent while the engine was closed: %+v, %v; want both receivers", a.d, a.err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if _, err := tn.Send(t.Context(), Message{Name: "hello", Key: "ann"}); !errors.Is(err, ErrClosed) {
			t.Errorf("sent after Close: %v", err)
		}
	})
}
