package workflow

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

const hearSchema = `
process: hear
in: [who]
out: [said]
vars: {who: string, said: {type: string, default: ""}}
steps:
  - {receive: hello, message: hello, key: who, out: {said: message.text}}
`

func TestMessageWaitsForItsSubscription(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		tn := begin(t, e, hearSchema, nil)
		send := func(m Message) Delivery {
			t.Helper()
			d, err := tn.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		heard := func(who string) string {
			t.Helper()
			in, err := tn.Start(t.Context(), "hear", vars{"who": who}, nil)
			if err != nil {
				t.Fatal(err)
			}
			info, err := in.Settle(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if info.State != Completed {
				return "nothing"
			}
			out, err := Result[vars](t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			return out["said"].(string)
		}

		// Kept, and delivered once, in order of arrival.
		for i := range 3 {
			if d := send(Message{Name: "hello", Key: "ann", Data: vars{"text": fmt.Sprint(i)}}); !d.Kept {
				t.Errorf("not kept: %+v", d)
			}
		}
		send(Message{Name: "hello", Key: "bob", Data: vars{"text": "for bob"}})
		for i := range 3 {
			if got := heard("ann"); got != fmt.Sprint(i) {
				t.Errorf("ann heard %q, want %d", got, i)
			}
		}
		if got := heard("ann"); got != "nothing" {
			t.Errorf("ann heard %q again", got)
		}

		// Not kept, or not any more.
		if d := send(Message{Name: "hello", Key: "cid", TTL: -1}); d.Kept {
			t.Errorf("kept: %+v", d)
		}
		send(Message{Name: "hello", Key: "cid", TTL: time.Minute, Data: vars{"text": "late"}})
		time.Sleep(time.Minute)
		if got := heard("cid"); got != "nothing" {
			t.Errorf("cid heard %q after its time", got)
		}
		// Kept over a restart; what expired is deleted.
		e.Close()
		s.Close()
		e, s = openOn(t, disk, nil)
		tn = e.Default()
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := heard("bob"); got != "for bob" {
			t.Errorf("bob heard %q after the restart", got)
		}
		send(Message{Name: "hello", Key: "eve", ID: "x"})
		time.Sleep(48 * time.Hour)
		e.Close()
		for _, kind := range []keys.Kind{keys.KindBuffered, keys.KindSeen} {
			lo, hi := keys.KindRange(1, kind)
			for entry, err := range s.Scan(t.Context(), lo, hi) {
				t.Errorf("left behind: %x %v", entry.Key, err)
			}
		}
		if n := e.messages.kept.Load(); n != 0 {
			t.Errorf("%d messages are thought to be kept", n)
		}
		s.Close()
	})
}

func TestMessageWithAnIDIsDeliveredOnce(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		var waiting []*Instance
		for range 3 {
			in, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, in)
			time.Sleep(time.Millisecond) // the next one is younger
		}
		results := make(chan Delivery, 20)
		for range 20 {
			go func() {
				d, err := tn.Send(t.Context(), Message{Name: "hello", Key: "ann", ID: "m-1", Data: vars{"text": "hi"}})
				if err != nil {
					t.Error(err)
				}
				results <- d
			}()
		}
		first := 0
		for range 20 {
			d := <-results
			if !d.Duplicate {
				first++
			}
			if len(d.Instances) != 1 || d.Instances[0] != waiting[0].ID() {
				t.Errorf("delivered to %v, want the oldest, %s", d.Instances, waiting[0].ID())
			}
		}
		if first != 1 {
			t.Errorf("%d of 20 were no duplicates", first)
		}
		if n, err := tn.Count(t.Context(), InstanceFilter{States: []State{Running}}); n != 2 || err != nil {
			t.Errorf("%d still wait, want 2 (%v)", n, err)
		}
	})
}

// Messages and subscriptions that come at the same moment must always meet.
func TestMessagesAndSubscriptionsMeet(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		const n = 300
		for i := range n {
			who := fmt.Sprint(i)
			go func() {
				if _, err := tn.Start(t.Context(), "hear", vars{"who": who}, nil); err != nil {
					t.Error(err)
				}
			}()
			go func() {
				if _, err := tn.Send(t.Context(), Message{Name: "hello", Key: who, Data: vars{"text": who}}); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		done, err := tn.Count(t.Context(), InstanceFilter{States: []State{Completed}})
		if err != nil || done != n {
			t.Errorf("%d of %d got their message (%v)", done, n, err)
		}
		if kept := e.messages.kept.Load(); kept != 0 {
			t.Errorf("%d messages are thought to be kept", kept)
		}
		if len(e.messages.pending) != 0 {
			t.Errorf("%d instances are thought to look for messages", len(e.messages.pending))
		}
	})
}

func TestMessageThatDoesNotFitIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		in, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		bad := Message{Name: "hello", Key: "ann", ID: "m-1", Data: vars{"text": 5}}
		if _, err := tn.Send(t.Context(), bad); !errors.Is(err, ErrType) {
			t.Errorf("a text that is a number: %v", err)
		}
		bad.Data = vars{"text": "five"} // nothing was stored, so the id is free
		if d, err := tn.Send(t.Context(), bad); err != nil || len(d.Instances) != 1 {
			t.Errorf("corrected: %+v, %v", d, err)
		}
		if out, err := Result[vars](t.Context(), in); err != nil || out["said"] != "five" {
			t.Errorf("%v, %v", out, err)
		}
	})
}
