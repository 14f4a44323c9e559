package workflow

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// A kept message that does not fit is not dropped silently: who waits for it gets an incident that tells which message it
// was. A retry takes the next one; and the message may be sent again with its id.
func TestKeptMessageThatDoesNotFitIsAnIncident(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		bad := Message{Name: "hello", Key: "dan", ID: "m-1", Data: vars{"text": 5}}
		for _, m := range []Message{bad, {Name: "hello", Key: "dan", Data: vars{"text": "five"}}} {
			if d, err := tn.Send(t.Context(), m); err != nil || !d.Kept {
				t.Fatalf("%+v, %v", d, err)
			}
		}
		in, err := tn.Start(t.Context(), "hear", vars{"who": "dan"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		info, err := in.Wait(t.Context())
		if !errors.Is(err, ErrIncident) || len(info.Incidents) != 1 {
			t.Fatalf("%+v, %v; want an incident", info, err)
		}
		inc, err := tn.Incident(info.Incidents[0]).Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"hello"`, `"dan"`, `"m-1"`, "want string, got int"} {
			if inc.Node != "hello" || !strings.Contains(inc.Cause, want) {
				t.Errorf("the incident at %s does not say %s: %s", inc.Node, want, inc.Cause)
			}
		}
		synctest.Wait()
		if n := e.messages.kept.Load(); n != 1 {
			t.Errorf("%d messages are thought to be kept, want the one that fits", n)
		}

		if err := tn.Incident(info.Incidents[0]).Retry(t.Context()); err != nil {
			t.Fatal(err)
		}
		if out, err := Result[vars](t.Context(), in); err != nil || out["said"] != "five" {
			t.Errorf("after the retry: %v, %v", out, err)
		}
		bad.Data = vars{"text": "again"}
		if d, err := tn.Send(t.Context(), bad); err != nil || d.Duplicate || !d.Kept {
			t.Errorf("sent again: %+v, %v", d, err)
		}
	})
}

// An id is remembered as long as its message, and at least for Options.MessageTTL; also that of a message that is not to
// be kept. Tenants do not see each other's.
func TestHowLongAnIDIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{MessageTTL: time.Hour})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		other, err := e.CreateTenant(t.Context(), "other", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct{ ttl, remembered time.Duration }{
			{-1, time.Hour}, {time.Minute, time.Hour}, {0, time.Hour}, {3 * time.Hour, 3 * time.Hour},
		} {
			if _, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil); err != nil {
				t.Fatal(err)
			}
			m := Message{Name: "hello", Key: "ann", ID: "id " + tc.ttl.String(), Data: vars{"text": "x"}, TTL: tc.ttl}
			if d, err := tn.Send(t.Context(), m); err != nil || len(d.Instances) != 1 {
				t.Fatalf("TTL %v: %+v, %v", tc.ttl, d, err)
			}
			m.TTL = -1
			if d, err := other.Send(t.Context(), m); err != nil || d.Duplicate {
				t.Errorf("TTL %v: another tenant: %+v, %v", tc.ttl, d, err)
			}
			time.Sleep(tc.remembered - time.Millisecond)
			if d, err := tn.Send(t.Context(), m); err != nil || !d.Duplicate || len(d.Instances) != 1 {
				t.Errorf("TTL %v: after %v: %+v, %v; want a duplicate", tc.ttl, tc.remembered-time.Millisecond, d, err)
			}
			time.Sleep(time.Millisecond)
			if d, err := tn.Send(t.Context(), m); err != nil || d.Duplicate {
				t.Errorf("TTL %v: after %v: %+v, %v; want it forgotten", tc.ttl, tc.remembered, d, err)
			}
		}
	})
}

// A message that several processes wait for may get only to some of them: the engine crashes, or its data does not fit
// the next one. A second message with its id goes to the others, and a third one to nobody.
func TestDeliveryToSeveralProcessesIsCompleted(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		const count = "process: count\nvars: {n: {type: int, default: 0}}\nout: [n]\nsteps:\n" +
			"  - {receive: hello, message: hello, key: \"'ann'\", out: {n: message.n}}\n"
		tn := begin(t, e, hearSchema, nil)
		if _, err := tn.Deploy(t.Context(), Text(count)); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, process := range []string{"hear", "count"} {
			var given any
			if process == "hear" {
				given = vars{"who": "ann"}
			}
			for range 2 { // the younger one must get nothing
				in, err := tn.Start(t.Context(), process, given, nil)
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, in.ID())
				time.Sleep(time.Millisecond)
			}
		}
		want = []string{want[0], want[2]}
		m := Message{Name: "hello", Key: "ann", ID: "m-1", Data: vars{"text": "x", "n": "three"}}
		d, err := tn.Send(t.Context(), m)
		if !errors.Is(err, ErrType) || !slices.Equal(d.Instances, want[:1]) {
			t.Fatalf("%+v, %v; want that the second one refuses it", d, err)
		}
		crashed := disk.Crash(0)
		e.Close()
		s.Close()

		e, s = openOn(t, crashed, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		tn = e.Default()
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.Data = vars{"text": "x", "n": 3}
		if d, err := tn.Send(t.Context(), m); err != nil || d.Duplicate || !slices.Equal(d.Instances, want) {
			t.Errorf("sent again: %+v, %v; want %v", d, err, want)
		}
		if d, err := tn.Send(t.Context(), m); err != nil || !d.Duplicate || !slices.Equal(d.Instances, want) {
			t.Errorf("sent a third time: %+v, %v; want a duplicate", d, err)
		}
		if n, err := tn.Count(t.Context(), InstanceFilter{States: []State{Running}}); n != 2 || err != nil {
			t.Errorf("%d still wait, want the 2 younger ones (%v)", n, err)
		}
	})
}
