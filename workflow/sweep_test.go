package workflow

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// A sweep that meets a record which it cannot read goes on when the record is whole again, and counts nothing twice.
func TestSweepGoesOnAfterError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		e, s, tn, deploy := movable(t, "process: p\nsteps: [{user: a}]\n", nil)
		const n = sweepPage + 3
		for range n {
			start(t, tn, nil)
		}
		synctest.Wait()
		deploy("{user: a}", "{user: a}, {user: b}")
		p, err := tn.Preview(ctx, Move{Process: "p"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.realm(ctx, tn.Name())
		if err != nil {
			t.Fatal(err)
		}
		var key, whole []byte
		lo, hi := keys.HeadRange(r.id)
		for entry, err := range s.Scan(ctx, lo, hi) {
			if err != nil {
				t.Fatal(err)
			}
			key, whole = append(key[:0], entry.Key...), append(whole[:0], entry.Value...) // the last one
		}
		put := func(value []byte) {
			var b store.Batch
			b.Put(key, value)
			if err := e.commit(ctx, &b); err != nil {
				t.Fatal(err)
			}
		}
		put([]byte("damaged"))
		m, err := p.Apply(ctx)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if done, err := m.Progress(ctx); err != nil || !done.Done.IsZero() || done.Tally.Moved != sweepPage {
			t.Fatalf("%+v, %v", done, err)
		}
		put(whole)
		if done, err := m.Wait(ctx); err != nil || done.Tally.Moved != n || done.Tally.Total != n {
			t.Errorf("%+v, %v", done, err)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
	})
}

// Close does not wait for a sweep that waits.
func TestCloseEndsWaitingSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _, tn, deploy := movable(t, "process: p\nsteps: [{user: a}]\n", nil)
		in := start(t, tn, nil)
		synctest.Wait()
		deploy("{user: a}", "{user: a}, {user: b}")
		p, err := tn.Preview(t.Context(), Move{Process: "p"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.realm(t.Context(), tn.Name())
		if err != nil {
			t.Fatal(err)
		}
		id, err := keys.ParseID(in.ID())
		if err != nil {
			t.Fatal(err)
		}
		var b store.Batch
		b.Put(keys.AppendHead(nil, r.id, id), []byte("damaged"))
		if err := e.commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Apply(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		if err := e.Close(); err != nil || time.Since(began) > 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// Before anything runs Start tells that a handler is missing which instances will need once an unfinished migration has
// led them to its version.
func TestStartChecksTargetOfMigration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		disk := store.NewDisk()
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, "process: p\nsteps: [{user: a}]\n", nil)
		start(t, tn, nil)
		d, err := tn.Deploy(ctx, Text("process: p\nsteps: [{user: a}, {service: late}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.version(1, 1, uint32(d.Versions[0].Number))
		if err != nil {
			t.Fatal(err)
		}
		// What Plan.Apply writes, and nothing after it.
		rec := codec.Migration{Process: v.process, To: v.number, From: []uint32{1}, Only: []byte("{}"), Began: e.now(), Total: 1}
		var b store.Batch
		b.Put(keys.AppendMigration(nil, v.tenant, e.newID()), codec.AppendMigration(nil, &rec))
		if err := e.commit(ctx, &b); err != nil {
			t.Fatal(err)
		}
		e.Close()
		s.Close()

		e, s = openOn(t, disk, nil)
		defer func() { e.Close(); s.Close() }()
		if err := e.Start(ctx); !errors.Is(err, ErrNoHandler) || !strings.Contains(err.Error(), "late") {
			t.Fatalf("%v", err)
		}
		Handle(e, "late", func(context.Context, None) (None, error) { return None{}, nil })
		if err := e.Start(ctx); err != nil {
			t.Fatal(err)
		}
		for m, err := range e.Default().Migrations(ctx, "p") {
			if err != nil {
				t.Fatal(err)
			}
			if done, err := e.Default().Migration(m.ID).Wait(ctx); err != nil || done.Tally.Moved != 1 {
				t.Errorf("%+v, %v", done, err)
			}
		}
	})
}

// What another migration has moved is not counted, though it took a step, or was moved, since this one began.
func TestSweepCountsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		_, _, tn, deploy := movable(t, "process: p\nsteps: [{user: a}]\n", nil)
		for range 3 {
			start(t, tn, nil)
		}
		synctest.Wait()
		deploy("{user: a}", "{user: a}, {user: b}")
		p, err := tn.Preview(ctx, Move{Process: "p"})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{3, 0} {
			m, err := p.Apply(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := m.Wait(ctx); err != nil || done.Tally.Moved != want || done.Tally.Total != want {
				t.Errorf("time %d: %+v, %v", i+1, done, err)
			}
		}
	})
}
