package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/replank/replank/store"
)

// What readers and writers see of each other: consistent views, expectations,
// batches that are whole.

func testScanConsistent(t *testing.T, s store.Store) {
	put(t, s, "a", "b", "c")
	var seen string
	for e, err := range s.Scan(t.Context(), nil, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if seen == "" {
			commit(t, s, func(b *store.Batch) {
				b.Delete([]byte("b"))
				b.Put([]byte("bb"), nil)
				b.Put([]byte("c"), []byte("changed"))
			})
		}
		seen += string(e.Value)
	}
	if seen != "abc" {
		t.Errorf("a scan over which commits went saw %q, want %q", seen, "abc")
	}
}

func testSnapshot(t *testing.T, s store.Store) {
	put(t, s, "a", "b")
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(b *store.Batch) {
		b.Put([]byte("a"), []byte("new"))
		b.Delete([]byte("b"))
		b.Put([]byte("c"), nil)
	})
	want(t, snap, "a", "a")
	want(t, snap, "b", "b")
	want(t, snap, "c", "-")
	if got := scan(t, snap, "", "", false); got != "a b" {
		t.Errorf("Scan of a snapshot = %q, want %q", got, "a b")
	}
	if got := scan(t, snap, "", "", true); got != "b a" {
		t.Errorf("ScanBack of a snapshot = %q, want %q", got, "b a")
	}
	for range 2 {
		if err := snap.Close(); err != nil {
			t.Errorf("Close of a snapshot: %v", err)
		}
	}
	if _, err := snap.Get(t.Context(), []byte("a")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get of a closed snapshot: %v, want ErrClosed", err)
	}
	want(t, s, "a", "new")
}

func testExpect(t *testing.T, s store.Store) {
	commit(t, s, func(b *store.Batch) { b.Put([]byte("a"), []byte("1")); b.Put([]byte("empty"), nil) })
	for _, c := range []struct {
		name  string
		key   string
		value []byte
		holds bool
	}{
		{"same", "a", []byte("1"), true},
		{"other", "a", []byte("2"), false},
		{"longer", "a", []byte("11"), false},
		{"empty, has one", "a", []byte{}, false},
		{"absent, is there", "a", nil, false},
		{"absent, is absent", "b", nil, true},
		{"value, is absent", "b", []byte("1"), false},
		{"empty, is absent", "b", []byte{}, false},
		{"empty, is empty", "empty", []byte{}, true},
		{"absent, is empty", "empty", nil, false},
	} {
		var b store.Batch
		b.Expect([]byte("a"), []byte("1"))
		b.Expect([]byte(c.key), c.value)
		b.Put([]byte("written "+c.name), nil)
		b.Delete([]byte("nothing"))
		done, err := s.Commit(t.Context(), &b)
		if !c.holds {
			if !errors.Is(err, store.ErrConflict) {
				t.Errorf("%s: %v, want ErrConflict", c.name, err)
			}
			if b.Len() != 2 {
				t.Errorf("%s: after a conflict the batch has %d writes, want its 2", c.name, b.Len())
			}
			want(t, s, "written "+c.name, "-")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if err := done.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		want(t, s, "written "+c.name, "")
	}
	// What is expected is the state before the batch, visible writes included
	// that are not durable yet.
	var b store.Batch
	b.Put([]byte("n"), []byte("1"))
	if _, err := s.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	commit(t, s, func(b *store.Batch) {
		b.Put([]byte("n"), []byte("2"))
		b.Expect([]byte("n"), []byte("1"))
	})
	want(t, s, "n", "2")
}

// testExpectExcludes counts up by compare-and-set from several goroutines.
func testExpectExcludes(t *testing.T, s store.Store) {
	const workers, each = 4, 25
	key := []byte("n")
	count := func() error {
		var b store.Batch
		for {
			var old, n []byte
			old, err := s.Get(t.Context(), key)
			switch {
			case errors.Is(err, store.ErrNotFound):
				old, n = nil, []byte{1}
			case err != nil:
				return err
			default:
				n = []byte{old[0] + 1}
			}
			b.Reset()
			b.Expect(key, old)
			b.Put(key, n)
			_, err = s.Commit(t.Context(), &b)
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				if err := count(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	want(t, s, "n", string([]byte{workers * each}))
}

// testAtomic has readers look while batches of two keys are committed.
func testAtomic(t *testing.T, s store.Store) {
	const rounds = 200
	var wg sync.WaitGroup
	wg.Go(func() {
		var b store.Batch
		for i := range rounds {
			v := fmt.Appendf(nil, "%03d", i)
			b.Put([]byte("left"), v)
			b.Put([]byte("right"), v)
			if _, err := s.Commit(t.Context(), &b); err != nil {
				t.Error(err)
				return
			}
		}
	})
	last := ""
	for last != fmt.Sprintf("%03d", rounds-1) && !t.Failed() {
		var values []string
		for e, err := range s.Scan(t.Context(), nil, nil) {
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, string(e.Value))
		}
		if len(values) == 0 {
			continue
		}
		if len(values) != 2 || values[0] != values[1] {
			t.Fatalf("a scan saw %q: half a batch", values)
		}
		if values[0] < last {
			t.Fatalf("a scan saw %s after %s: commits went back", values[0], last)
		}
		last = values[0]
	}
	wg.Wait()
}
