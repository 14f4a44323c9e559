package workflow

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// A value that cannot be read stops its instance, and nothing else: the command fails, nothing of it is written, and
// when the value is back the instance goes on.
func TestValueThatCannotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{CacheBytes: 1, Logger: quiet})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, `
process: p
in: [doc]
out: [kind]
vars: {doc: string, ok: {type: bool, default: false}, kind: {type: string, default: ""}}
steps:
  - {user: read, out: [ok]}
  - choose: size
    cases:
      - when: size(doc) > 10
        do: [{script: long, set: {kind: long}}]
      - else: [{script: short, set: {kind: short}}]
  - {service: work}
`, func(e *Engine) { Handle(e, "work", nothing) })
		ctx := t.Context()
		start := func() (*Instance, string) {
			in, err := tn.Start(ctx, "p", vars{"doc": strings.Repeat("x", 5000)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			info, err := in.Settle(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return in, info.Waits[0].Task
		}
		in, task := start()
		other, otherTask := start()
		id, err := keys.ParseID(in.ID())
		if err != nil {
			t.Fatal(err)
		}
		var lost store.Entry
		lo, hi := keys.ValueRange(1, id)
		for entry, err := range s.Scan(ctx, lo, hi) {
			if err != nil {
				t.Fatal(err)
			}
			lost = store.Entry{Key: append([]byte(nil), entry.Key...), Value: append([]byte(nil), entry.Value...)}
		}
		write := func(f func(b *store.Batch)) {
			var b store.Batch
			f(&b)
			d, err := s.Commit(ctx, &b)
			if err == nil {
				err = d.Wait(context.Background())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		write(func(b *store.Batch) { b.Delete(lost.Key) })
		before, err := in.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := tn.Task(task).Complete(ctx, vars{"ok": true}); !errors.Is(err, ErrCorrupt) {
				t.Errorf("completed on a value that is lost: %v", err)
			}
		}
		if after, err := in.Info(ctx); err != nil || after.Seq != before.Seq {
			t.Errorf("something was written: %+v, %v", after, err)
		}
		if err := tn.Task(otherTask).Complete(ctx, vars{"ok": true}); err != nil {
			t.Errorf("another instance: %v", err)
		}
		if _, err := other.Wait(ctx); err != nil {
			t.Errorf("another instance: %v", err)
		}
		write(func(b *store.Batch) { b.Put(lost.Key, lost.Value) })
		if err := tn.Task(task).Complete(ctx, vars{"ok": true}); err != nil {
			t.Errorf("the value is back: %v", err)
		}
		if out, err := Result[vars](ctx, in); err != nil || out["kind"] != "long" {
			t.Errorf("%v, %v", out, err)
		}
	})
}
