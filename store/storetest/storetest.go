// Package storetest is the conformance suite of package store: what an engine
// relies on, as tests that any backend must pass.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/replank/replank/store"
)

// Run checks that a backend keeps the contract. open returns a new, empty store,
// and has it closed when the test ends. reopen ends s in an orderly way and
// returns a store with the same data.
func Run(t *testing.T, open func(t *testing.T) store.Store, reopen func(t *testing.T, s store.Store) store.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s store.Store)
	}{
		{"Get", testGet},
		{"LastWriteOfABatchWins", testBatchOrder},
		{"BatchIsTaken", testBatchTaken},
		{"ArgumentsAreCopied", testCopies},
		{"Limits", testLimits},
		{"Ranges", testRanges},
		{"DeleteRange", testDeleteRange},
		{"DeleteOnce", testDeleteOnce},
		{"ScanIsConsistent", testScanConsistent},
		{"Snapshot", testSnapshot},
		{"Expect", testExpect},
		{"ExpectExcludes", testExpectExcludes},
		{"BatchesAreAtomic", testAtomic},
		{"Wait", testWait},
		{"ContextEnds", testContext},
		{"Size", testSize},
		{"Close", testClose},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
	t.Run("Reopen", func(t *testing.T) { testReopen(t, open(t), reopen) })
	t.Run("Model", func(t *testing.T) { testModel(t, open, reopen) })
}

// commit commits what fill puts into a batch, and waits.
func commit(t *testing.T, s store.Store, fill func(b *store.Batch)) {
	t.Helper()
	var b store.Batch
	fill(&b)
	done, err := s.Commit(t.Context(), &b)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if err := done.Wait(context.Background()); err != nil {
		t.Fatalf("Wait: %v", err)
	}
}

// put commits keys that are their own values.
func put(t *testing.T, s store.Store, keys ...string) {
	t.Helper()
	commit(t, s, func(b *store.Batch) {
		for _, k := range keys {
			b.Put([]byte(k), []byte(k))
		}
	})
}

// want checks one key; an absent one is "-".
func want(t *testing.T, r store.Reader, key, value string) {
	t.Helper()
	if got := get(t, r, key); got != value {
		t.Errorf("Get(%q) = %q, want %q", key, got, value)
	}
}

func get(t *testing.T, r store.Reader, key string) string {
	t.Helper()
	v, err := r.Get(t.Context(), []byte(key))
	if errors.Is(err, store.ErrNotFound) {
		return "-"
	}
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return string(v)
}

// bound is nil for "".
func bound(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// scan returns the keys in [lo, hi), joined by spaces.
func scan(t *testing.T, r store.Reader, lo, hi string, back bool) string {
	t.Helper()
	seq := r.Scan
	if back {
		seq = r.ScanBack
	}
	var keys string
	for e, err := range seq(t.Context(), bound(lo), bound(hi)) {
		if err != nil {
			t.Fatalf("scan [%q, %q): %v", lo, hi, err)
		}
		if keys != "" {
			keys += " "
		}
		keys += string(e.Key)
	}
	return keys
}

func testGet(t *testing.T, s store.Store) {
	want(t, s, "a", "-")
	commit(t, s, func(b *store.Batch) {
		b.Put([]byte("a"), []byte("1"))
		b.Put([]byte("empty"), nil)
		b.Put([]byte("\x00\xff"), []byte("\x00"))
	})
	want(t, s, "a", "1")
	want(t, s, "\x00\xff", "\x00")
	want(t, s, "b", "-")
	if v, err := s.Get(t.Context(), []byte("empty")); err != nil || v == nil || len(v) != 0 {
		t.Errorf("an empty value is read as %v, %v; want empty, not nil", v, err)
	}
	commit(t, s, func(b *store.Batch) { b.Put([]byte("a"), []byte("2")) })
	want(t, s, "a", "2")
	v, err := s.Get(t.Context(), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	v[0] = 'x' // it is the caller's
	want(t, s, "a", "2")
	commit(t, s, func(b *store.Batch) { b.Delete([]byte("a")); b.Delete([]byte("never there")) })
	want(t, s, "a", "-")
}

func testBatchOrder(t *testing.T, s store.Store) {
	put(t, s, "old")
	commit(t, s, func(b *store.Batch) {
		b.Put([]byte("a"), []byte("1"))
		b.Put([]byte("a"), []byte("2"))
		b.Put([]byte("b"), []byte("1"))
		b.Delete([]byte("b"))
		b.Delete([]byte("c"))
		b.Put([]byte("c"), []byte("1"))
		b.Put([]byte("r1"), []byte("1"))
		b.DeleteRange([]byte("o"), []byte("s"))
		b.Put([]byte("r2"), []byte("1"))
	})
	for key, value := range map[string]string{"a": "2", "b": "-", "c": "1", "r1": "-", "r2": "1", "old": "-"} {
		want(t, s, key, value)
	}
}

func testBatchTaken(t *testing.T, s store.Store) {
	var b store.Batch
	b.Put([]byte("a"), []byte("1"))
	first, err := s.Commit(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() != 0 {
		t.Fatalf("after Commit the batch still has %d writes", b.Len())
	}
	// It may be filled again before the first commit is durable.
	b.Put([]byte("b"), []byte("2"))
	second, err := s.Commit(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	b.Put([]byte("c"), []byte("3"))
	for _, d := range []store.Durable{second, first} {
		if err := d.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s, "a", "1")
	want(t, s, "b", "2")
	want(t, s, "c", "-")

	// An empty batch is fine.
	var empty store.Batch
	done, err := s.Commit(t.Context(), &empty)
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func testCopies(t *testing.T, s store.Store) {
	key, value := []byte("key"), []byte("value")
	commit(t, s, func(b *store.Batch) {
		b.Put(key, value)
		copy(key, "xxx")
		copy(value, "xxxxx")
	})
	want(t, s, "key", "value")
	want(t, s, "xxx", "-")
	copy(key, "key")
	copy(value, "value")
	commit(t, s, func(b *store.Batch) {
		b.Expect(key, value)
		b.Delete(key)
		copy(key, "xxx")
		copy(value, "xxxxx")
	})
	want(t, s, "key", "-")
}

func testLimits(t *testing.T, s store.Store) {
	long := make([]byte, store.MaxKeySize)
	commit(t, s, func(b *store.Batch) { b.Put(long, []byte("longest")) })
	want(t, s, string(long), "longest")
	for name, fill := range map[string]func(b *store.Batch){
		"empty key":          func(b *store.Batch) { b.Put(nil, []byte("x")) },
		"empty deleted key":  func(b *store.Batch) { b.Delete(nil) },
		"empty expected key": func(b *store.Batch) { b.Expect(nil, nil) },
		"long key":           func(b *store.Batch) { b.Put(append(long, 0), nil) },
		"no upper bound":     func(b *store.Batch) { b.DeleteRange([]byte("a"), nil) },
	} {
		var b store.Batch
		b.Put([]byte("beside"), []byte("x"))
		fill(&b)
		if _, err := s.Commit(t.Context(), &b); err == nil {
			t.Errorf("%s: Commit took it", name)
		}
		want(t, s, "beside", "-")
	}
}

func testRanges(t *testing.T, s store.Store) {
	put(t, s, "b", "a", "c", "d\x00", "d", "e", "\xff\xff")
	for _, c := range []struct{ lo, hi, keys, back string }{
		{"", "", "a b c d d\x00 e \xff\xff", "\xff\xff e d\x00 d c b a"},
		{"b", "d", "b c", "c b"},
		{"b", "d\x00", "b c d", "d c b"},
		{"bb", "cc", "c", "c"},
		{"", "b", "a", "a"},
		{"e", "", "e \xff\xff", "\xff\xff e"},
		{"x", "y", "", ""},
		{"c", "c", "", ""},
		{"d", "b", "", ""},
	} {
		if got := scan(t, s, c.lo, c.hi, false); got != c.keys {
			t.Errorf("Scan(%q, %q) = %q, want %q", c.lo, c.hi, got, c.keys)
		}
		if got := scan(t, s, c.lo, c.hi, true); got != c.back {
			t.Errorf("ScanBack(%q, %q) = %q, want %q", c.lo, c.hi, got, c.back)
		}
	}
	for e, err := range s.Scan(t.Context(), nil, nil) {
		if err != nil || string(e.Key) != string(e.Value) {
			t.Fatalf("entry %q = %q, %v", e.Key, e.Value, err)
		}
		if string(e.Key) == "c" {
			break // a scan may be left early
		}
	}
	seq := s.Scan(t.Context(), []byte("e"), nil)
	put(t, s, "f")
	var again string
	for e := range seq {
		again += string(e.Key)
	}
	if again != "ef\xff\xff" {
		t.Errorf("a scan sees %q, want what is there when the range over it starts", again)
	}
}

func testDeleteRange(t *testing.T, s store.Store) {
	put(t, s, "a", "b", "c", "d")
	commit(t, s, func(b *store.Batch) {
		b.DeleteRange([]byte("b"), []byte("d"))
		b.DeleteRange([]byte("d"), []byte("d"))
		b.DeleteRange([]byte("z"), []byte("a"))
	})
	if got := scan(t, s, "", "", false); got != "a d" {
		t.Errorf("left %q, want %q", got, "a d")
	}
	put(t, s, "c")
	want(t, s, "c", "c")
}

func testDeleteOnce(t *testing.T, s store.Store) {
	for range 3 {
		put(t, s, "once")
		want(t, s, "once", "once")
		commit(t, s, func(b *store.Batch) { b.DeleteOnce([]byte("once")) })
		want(t, s, "once", "-")
	}
	// Put and deleted in one batch.
	commit(t, s, func(b *store.Batch) {
		b.Put([]byte("brief"), nil)
		b.DeleteOnce([]byte("brief"))
	})
	want(t, s, "brief", "-")
}

func testWait(t *testing.T, s store.Store) {
	var b store.Batch
	b.Put([]byte("a"), nil)
	done, err := s.Commit(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			c := context.Background()
			if i%2 == 0 {
				c = ctx
			}
			if err := done.Wait(c); err != nil {
				t.Errorf("Wait: %v", err)
			}
		})
	}
	wg.Wait()
	if err := done.Wait(context.Background()); err != nil {
		t.Errorf("Wait once more: %v", err)
	}
}

func testContext(t *testing.T, s store.Store) {
	put(t, s, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, []byte("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v, want context.Canceled", err)
	}
	n := 0
	for _, err := range s.Scan(ctx, nil, nil) {
		n++
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Scan: %v, want context.Canceled", err)
		}
	}
	if n != 1 {
		t.Errorf("Scan yielded %d times, want the error once", n)
	}
	var b store.Batch
	b.Put([]byte("b"), nil)
	if _, err := s.Commit(ctx, &b); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit: %v, want context.Canceled", err)
	}
	want(t, s, "b", "-")
}

func testSize(t *testing.T, s store.Store) {
	put(t, s, "a", "b")
	for _, r := range [][2]string{{"", ""}, {"a", "b"}, {"b", "a"}, {"a", ""}} {
		n, err := s.Size(t.Context(), bound(r[0]), bound(r[1]))
		if err != nil || n < 0 {
			t.Errorf("Size(%q, %q) = %d, %v", r[0], r[1], n, err)
		}
	}
}

func testClose(t *testing.T, s store.Store) {
	put(t, s, "a")
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b store.Batch
	b.Put([]byte("b"), nil)
	done, err := s.Commit(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	if err := done.Wait(context.Background()); err != nil {
		t.Errorf("Wait after Close: %v", err)
	}
	if _, err := s.Get(t.Context(), []byte("a")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get after Close: %v, want ErrClosed", err)
	}
	b.Put([]byte("c"), nil)
	if _, err := s.Commit(t.Context(), &b); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit after Close: %v, want ErrClosed", err)
	}
	for _, r := range []store.Reader{s, snap} {
		scanned := error(nil)
		for _, err := range r.Scan(t.Context(), nil, nil) {
			scanned = err
		}
		if !errors.Is(scanned, store.ErrClosed) {
			t.Errorf("Scan after Close: %v, want ErrClosed", scanned)
		}
	}
	if _, err := s.Snapshot(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Snapshot after Close: %v, want ErrClosed", err)
	}
	if err := snap.Close(); err != nil {
		t.Errorf("Close of a snapshot after Close: %v", err)
	}
}

func testReopen(t *testing.T, s store.Store, reopen func(t *testing.T, s store.Store) store.Store) {
	for i := range 3 {
		put(t, s, fmt.Sprint("key", i))
		s = reopen(t, s)
	}
	if got := scan(t, s, "", "", false); got != "key0 key1 key2" {
		t.Errorf("reopened: %q", got)
	}
}
