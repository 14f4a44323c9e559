package store_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/replank/replank/store"
	"github.com/replank/replank/store/storetest"
)

func closeAtEnd(t *testing.T, s store.Store) {
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrFailed) {
			t.Errorf("Close: %v", err)
		}
	})
}

func TestConformanceOnDisk(t *testing.T) {
	dirs := make(map[store.Store]string)
	openIn := func(t *testing.T, dir string) store.Store {
		s, err := store.OpenPebble(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		dirs[s] = dir
		closeAtEnd(t, s)
		return s
	}
	storetest.Run(t,
		func(t *testing.T) store.Store { return openIn(t, t.TempDir()) },
		func(t *testing.T, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return openIn(t, dirs[s])
		})
}

func TestConformanceInMemory(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) store.Store {
			s := store.Memory()
			closeAtEnd(t, s)
			return s
		},
		func(t *testing.T, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again, err := s.(*store.Mem).Disk().Open(nil)
			if err != nil {
				t.Fatal(err)
			}
			closeAtEnd(t, again)
			return again
		})
}

// TestConformanceAfterPowerCut has every reopening be a power cut: what was
// waited for is all that the suite relies on, so the strict Crash needs a commit
// that is waited for first, which carries all earlier ones.
func TestConformanceAfterPowerCut(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) store.Store {
			s := store.Memory()
			closeAtEnd(t, s)
			return s
		},
		func(t *testing.T, s store.Store) store.Store {
			var b store.Batch
			b.Put([]byte("carrier"), nil)
			b.Delete([]byte("carrier"))
			done, err := s.Commit(t.Context(), &b)
			if err != nil {
				t.Fatal(err)
			}
			if err := done.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			again := s.(*store.Mem).Crash()
			closeAtEnd(t, again)
			return again
		})
}

func TestConformanceInBubble(t *testing.T) {
	// One bubble for each store would need a suite that knows of bubbles; one
	// pass through a store in one is what matters.
	synctest.Test(t, func(t *testing.T) {
		s := store.Memory()
		var b store.Batch
		b.Put([]byte("a"), []byte("1"))
		done, err := s.Commit(t.Context(), &b)
		if err != nil {
			t.Fatal(err)
		}
		if err := done.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
