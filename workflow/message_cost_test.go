package workflow

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// scanned is a store that counts what scans read of subscriptions and kept messages.
type scanned struct {
	store.Store
	entries atomic.Int64
}

func (s *scanned) Scan(ctx context.Context, lo, hi []byte) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for entry, err := range s.Store.Scan(ctx, lo, hi) {
			if _, kind, _, _ := keys.Split(entry.Key); kind == keys.KindSubscription || kind == keys.KindBuffered {
				s.entries.Add(1)
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func openScanned(t *testing.T, disk *store.Disk) (*Engine, *scanned) {
	t.Helper()
	mem, err := disk.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &scanned{Store: mem}
	e, err := OpenStore(s, &Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

const countSchema = `
process: count
vars: {said: {type: string, default: ""}}
steps:
  - {receive: hello, message: hello, key: "'ann'", out: {said: message.text}}
`

// What a message costs does not depend on how many wait: of each process, the oldest and one more are read.
func TestSendReadsTheOldestOnly(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openScanned(t, disk)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		if _, err := tn.Deploy(t.Context(), Text(countSchema)); err != nil {
			t.Fatal(err)
		}
		var hear, count []string
		for range 50 {
			for _, p := range []struct {
				process string
				given   any
				ids     *[]string
			}{{"hear", vars{"who": "ann"}, &hear}, {"count", nil, &count}} {
				in, err := tn.Start(t.Context(), p.process, p.given, nil)
				if err != nil {
					t.Fatal(err)
				}
				*p.ids = append(*p.ids, in.ID())
			}
			time.Sleep(time.Millisecond)
		}
		for i := range 50 {
			s.entries.Store(0)
			d, err := tn.Send(t.Context(), Message{Name: "hello", Key: "ann", Data: vars{"text": "x"}})
			if want := []string{hear[i], count[i]}; err != nil || !slices.Equal(d.Instances, want) {
				t.Fatalf("message %d went to %v, want %v (%v)", i, d.Instances, want, err)
			}
			if n := s.entries.Load(); n > 4 {
				t.Errorf("message %d: %d entries were read", i, n)
			}
		}
		if d, err := tn.Send(t.Context(), Message{Name: "hello", Key: "ann"}); err != nil || !d.Kept {
			t.Errorf("nobody waits any more: %+v, %v", d, err)
		}
	})
}

// Who comes to wait reads the first message that is kept, however many are; those that have expired are read once.
func TestMatchReadsTheFirstMessageOnly(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openScanned(t, disk)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		const expired, kept = 30, 50
		for i := range expired + kept {
			m := Message{Name: "hello", Key: "ann", Data: vars{"text": "late"}, TTL: time.Minute}
			if i >= expired {
				m.Data, m.TTL = vars{"text": "in time"}, 0
			}
			if _, err := tn.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		for i := range kept {
			s.entries.Store(0)
			in, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := Result[vars](t.Context(), in); err != nil || out["said"] != "in time" {
				t.Fatalf("%v, %v", out, err)
			}
			want := int64(1)
			if i == 0 {
				want += expired
			}
			if n := s.entries.Load(); n != want {
				t.Errorf("instance %d: %d entries were read, want %d", i, n, want)
			}
		}
		synctest.Wait()
		if n := e.messages.kept.Load(); n != 0 {
			t.Errorf("%d messages are thought to be kept", n)
		}
	})
}

// After a crash between a subscription and its look for messages, both are there. Open matches them in order, and asks no
// more instances than there are messages.
func TestOpenMatchesWhatWasLeft(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openScanned(t, disk)
		tn := begin(t, e, hearSchema, nil)
		for _, text := range []string{"1", "2"} {
			if _, err := tn.Send(t.Context(), Message{Name: "hello", Key: "ann", Data: vars{"text": text}}); err != nil {
				t.Fatal(err)
			}
		}
		e.messages.kept.Store(0) // nobody looks
		var waiting []string
		for range 50 {
			in, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, in.ID())
			time.Sleep(time.Millisecond)
		}
		e.Close()
		s.Close()

		e, s = openScanned(t, disk)
		defer s.Close()
		defer e.Close()
		s.entries.Store(0)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := s.entries.Load(); n > 6 { // of the two messages and of three instances, and that there is a message
			t.Errorf("%d entries were read", n)
		}
		tn = e.Default()
		for i, want := range []string{"1", "2"} {
			if out, err := Result[vars](t.Context(), tn.Instance(waiting[i])); err != nil || out["said"] != want {
				t.Errorf("instance %d heard %v, want %s (%v)", i, out, want, err)
			}
		}
		if n, err := tn.Count(t.Context(), InstanceFilter{States: []State{Running}}); n != 48 || err != nil {
			t.Errorf("%d wait, want 48 (%v)", n, err)
		}
		if n := e.messages.kept.Load(); n != 0 {
			t.Errorf("%d messages are thought to be kept", n)
		}
	})
}

// An instance that does not wait any more when the message comes is passed over: the next one of its process gets it.
func TestMessagePassesOverWhoIsGone(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openScanned(t, disk)
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
			time.Sleep(time.Millisecond)
		}
		subs, err := e.messages.oldest(t.Context(), 1, "hello", "ann")
		if err != nil || len(subs) != 1 || subs[0].id.String() != waiting[0].ID() {
			t.Fatalf("%+v, %v", subs, err)
		}
		for _, in := range waiting[:2] { // others come first
			d, err := tn.Send(t.Context(), Message{Name: "hello", Key: "ann", Data: vars{"text": "x"}})
			if err != nil || !slices.Equal(d.Instances, []string{in.ID()}) {
				t.Fatalf("%+v, %v", d, err)
			}
		}
		send := &sending{m: &e.messages, tenant: 1, msg: &Message{Name: "hello", Key: "ann"}}
		if data, err := encode(vars{"text": "hi"}); err != nil {
			t.Fatal(err)
		} else {
			send.msg.Data = data
		}
		for _, want := range []string{waiting[2].ID(), ""} {
			id, err := send.handToOne(t.Context(), subs[0], nil, true)
			got := ""
			if id != nil {
				got = id.id.String()
			}
			if err != nil || got != want {
				t.Errorf("went to %q, %v; want %q", got, err, want)
			}
		}
	})
}
