package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/replank/replank/store"
)

// crashSteps is a small life of a store: batches [from, to) of two keys and a
// mark that is put and deleted once, some waited for, enough of them to rotate
// the log, and a large one that goes round the memtable. It stops at the first
// error. acked is how many of all were acknowledged so far.
func crashSteps(ctx context.Context, s store.Store, from, to int, acked *atomic.Int64) error {
	var b store.Batch
	last := store.Durable(nil)
	for i := from; i < to; i++ {
		fillCrashBatch(&b, i)
		done, err := s.Commit(ctx, &b)
		if err != nil {
			return err
		}
		last = done
		if i%3 == 2 {
			if err := done.Wait(ctx); err != nil {
				return err
			}
			acked.Store(int64(i + 1))
		}
	}
	if err := last.Wait(ctx); err != nil {
		return err
	}
	acked.Store(int64(to))
	return nil
}

const (
	crashBatches  = 24
	crashMemTable = 64 << 10
)

func fillCrashBatch(b *store.Batch, i int) {
	size := 10
	switch i {
	case 7:
		size = crashMemTable // goes round the memtable
	case 14, 15, 16:
		size = crashMemTable / 6 // together they rotate the log
	}
	b.Put(fmt.Appendf(nil, "a%02d", i), make([]byte, size))
	if i > 0 {
		b.DeleteOnce(fmt.Appendf(nil, "mark%02d", i-1))
	}
	b.Put(fmt.Appendf(nil, "mark%02d", i), nil)
	b.Put(fmt.Appendf(nil, "z%02d", i), make([]byte, size))
}

// checkCrash reads a store back: some number of batches is there, at least those
// acknowledged, each whole, and none without all before it.
func checkCrash(t *testing.T, s store.Store, acked int) {
	t.Helper()
	present := func(format string, i int) bool {
		_, err := s.Get(t.Context(), fmt.Appendf(nil, format, i))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	n := 0
	for n < crashBatches && present("a%02d", n) {
		n++
	}
	if n < acked {
		t.Fatalf("%d batches were acknowledged, %d survived", acked, n)
	}
	for i := range crashBatches {
		if got := present("a%02d", i); got != (i < n) {
			t.Fatalf("batch %d: present %v, though batch %d is the first missing", i, got, n)
		}
		if got := present("z%02d", i); got != (i < n) {
			t.Fatalf("batch %d is torn: its last key present %v, its first %v", i, got, i < n)
		}
		if got := present("mark%02d", i); got != (i == n-1) {
			t.Fatalf("%d batches survived; mark of batch %d present: %v", n, i, got)
		}
	}
}

type powerCut struct {
	write, acked int
	disk         *store.Disk
}

// TestCrashAtEveryWrite cuts the power before every operation that changes the
// disk, creation of the store and closing it among them: once with nothing kept
// that was not synced, and twice with half of it; while the store is created, and
// small, twenty times.
func TestCrashAtEveryWrite(t *testing.T) {
	disk := store.NewDisk()
	var acked atomic.Int64
	var cuts []powerCut
	disk.OnWrite(func(n int) error {
		kept := 2
		if n < 30 {
			kept = 20
		}
		for seed := range uint64(1 + kept) {
			if seed > 0 {
				seed += uint64(n) * 100
			}
			cuts = append(cuts, powerCut{write: n, acked: int(acked.Load()), disk: disk.Crash(seed)})
		}
		return nil
	})
	for life := range 2 { // the second time it is opened, it has a past
		s, err := disk.OpenSmall(crashMemTable)
		if err != nil {
			t.Fatal(err)
		}
		if err := crashSteps(t.Context(), s, life*crashBatches/2, (life+1)*crashBatches/2, &acked); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	disk.OnWrite(nil)
	if disk.Writes() < 100 {
		t.Fatalf("%d writes: too few to be all", disk.Writes())
	}
	for i, cut := range cuts {
		again, err := cut.disk.OpenSmall(crashMemTable)
		if err != nil {
			t.Fatalf("power cut %d, before write %d: %v", i, cut.write, err)
		}
		checkCrash(t, again, cut.acked)
		// And it is a store that goes on.
		var b store.Batch
		b.Put([]byte("after"), []byte("crash"))
		done, err := again.Commit(t.Context(), &b)
		if err != nil {
			t.Fatal(err)
		}
		if err := done.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d power cuts at %d writes", len(cuts), disk.Writes())
}

// TestFailEveryWrite fails the n-th operation that changes the disk, for every
// n: that one alone, and all from then on. Whatever happens, no call hangs or
// panics, and a power cut afterwards leaves what was acknowledged.
func TestFailEveryWrite(t *testing.T) {
	for _, name := range []string{"Once", "FromThenOn"} {
		t.Run(name, func(t *testing.T) {
			n := 1
			for failWrite(t, n, name == "FromThenOn") {
				n++
			}
			if n < 60 {
				t.Errorf("%d writes: too few to be all", n)
			}
		})
	}
}

var errDisk = errors.New("injected: bad disk")

// failWrite reports whether there was an n-th operation.
func failWrite(t *testing.T, n int, onward bool) bool {
	disk := store.NewDisk()
	hit := false
	disk.OnWrite(func(i int) error {
		hit = hit || i == n
		if i == n || onward && i > n {
			return errDisk
		}
		return nil
	})
	var acked atomic.Int64
	s, err := disk.OpenSmall(crashMemTable)
	if err != nil && !errors.Is(err, errDisk) {
		t.Fatalf("write %d fails: Open: %v, want the error of the disk", n, err)
	}
	if err == nil {
		err = crashSteps(t.Context(), s, 0, crashBatches, &acked)
		if err != nil && (!errors.Is(err, store.ErrFailed) || !errors.Is(err, errDisk)) {
			t.Fatalf("write %d fails: %v, want ErrFailed with the error of the disk", n, err)
		}
		if err != nil {
			checkFailed(t, s)
		}
		_ = s.Close()
	}
	disk.OnWrite(nil)
	again, err := disk.Crash(0).OpenSmall(crashMemTable)
	if err != nil {
		t.Fatalf("write %d failed; reopen: %v", n, err)
	}
	checkCrash(t, again, int(acked.Load()))
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	return hit
}

// checkFailed: a failed store says so, and answers nothing more.
func checkFailed(t *testing.T, s store.Store) {
	t.Helper()
	select {
	case <-s.(store.Failer).Failed():
	default:
		t.Error("Failed is not closed")
	}
	var b store.Batch
	b.Put([]byte("x"), nil)
	if _, err := s.Commit(t.Context(), &b); !errors.Is(err, store.ErrFailed) {
		t.Errorf("Commit of a failed store: %v", err)
	}
	if _, err := s.Get(t.Context(), []byte("a00")); !errors.Is(err, store.ErrFailed) {
		t.Errorf("Get of a failed store: %v", err)
	}
	scanned := error(nil)
	for _, err := range s.Scan(t.Context(), nil, nil) {
		scanned = err
	}
	if !errors.Is(scanned, store.ErrFailed) {
		t.Errorf("Scan of a failed store: %v", scanned)
	}
	if _, err := s.Snapshot(t.Context()); !errors.Is(err, store.ErrFailed) {
		t.Errorf("Snapshot of a failed store: %v", err)
	}
	if _, err := s.Size(t.Context(), nil, nil); !errors.Is(err, store.ErrFailed) {
		t.Errorf("Size of a failed store: %v", err)
	}
	if err := s.Close(); !errors.Is(err, store.ErrFailed) {
		t.Errorf("Close of a failed store: %v", err)
	}
}
