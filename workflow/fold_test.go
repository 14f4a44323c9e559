package workflow

import (
	"fmt"
	"slices"
	"testing"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// checkFolds folds the history of every instance, moves included, and compares the outcome with the head in the store;
// and it replays the effective trace of each on the schema it is on.
func checkFolds(t *testing.T, e *Engine, s store.Reader) {
	t.Helper()
	ctx := t.Context()
	for info, err := range tenant.List(ctx, s) {
		if err != nil {
			t.Fatal(err)
		}
		tn := keys.Tenant(info.ID)
		for _, kind := range []keys.Kind{keys.KindHead, keys.KindEnded} {
			lo, hi := keys.KindRange(tn, kind)
			for entry, err := range s.Scan(ctx, lo, hi) {
				if err != nil {
					t.Fatal(err)
				}
				in := &stored{ctx: ctx, snap: s}
				copy(in.id[:], entry.Key[len(entry.Key)-16:])
				if err := e.open(in, tn, entry.Key, entry.Value); err != nil {
					t.Fatal(err)
				}
				run, err := in.fold()
				if err != nil {
					t.Errorf("instance %s: %v", in.id, err)
					continue
				}
				if have, want := durable(in, in.head.State), durable(in, run.State); have != want {
					t.Errorf("instance %s: its head is\n%s\nits history led to\n%s", in.id, have, want)
				}
				again, err := in.version.machine.Replay(run.Trace)
				if err != nil {
					t.Errorf("instance %s: replay: %v", in.id, err)
				} else if !slices.Equal(again.Marking, in.head.State.Marking) {
					t.Errorf("instance %s: a replay leads to %v, the head is at %v", in.id, again.Marking, in.head.State.Marking)
				}
			}
		}
	}
}

// durable describes what a head holds of a state.
func durable(in *stored, s *kernel.State) string {
	values := make([]string, len(s.Slots))
	for slot := range s.Slots {
		v, err := in.version.machine.Var(s, in.context(), slot)
		values[slot] = fmt.Sprint(v, err)
	}
	return fmt.Sprint(in.head.VersionAt(s.Seq), s.Status, s.Epoch, s.Seq, s.Created, s.Updated, s.Marking, s.Slots, s.Works, s.Loops, s.Key, s.Order,
		s.Superseded, s.EnvWritten, len(s.Tags), s.Actors, values)
}
