package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
)

// In the tests below, time is virtual: a wait that can only end by a mistake
// ends the bubble, with an error, at once.

func TestWaitBlocksUntilSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.Memory()
		release := m.Disk().BlockSyncs()
		var b store.Batch
		b.Put([]byte("a"), []byte("1"))
		done, err := m.Commit(t.Context(), &b)
		if err != nil {
			t.Fatal(err)
		}
		want(t, m, "a", "1") // visible, not durable

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := done.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Wait with the sync blocked: %v, want the end of the context", err)
		}
		crashed := m.Crash()
		want(t, crashed, "a", "-")

		waited := false
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := done.Wait(context.Background()); err != nil {
				t.Errorf("Wait: %v", err)
			}
			waited = true
		})
		synctest.Wait()
		if waited {
			t.Fatal("Wait returned though the sync is blocked")
		}
		release()
		release()
		wg.Wait()
		after := m.Crash()
		want(t, after, "a", "1")
		for _, s := range []store.Store{m, crashed, after} {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestFirstFailedSyncIsFinal: rule 1. The disk is well again after one error,
// the store is not, and no later commit is acknowledged.
func TestFirstFailedSyncIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.Memory()
		commitWait := func(key string) error {
			var b store.Batch
			b.Put([]byte(key), []byte("1"))
			done, err := m.Commit(t.Context(), &b)
			if err != nil {
				return err
			}
			return done.Wait(context.Background())
		}
		if err := commitWait("good"); err != nil {
			t.Fatal(err)
		}
		disk := m.Disk()
		disk.FailSyncs(errDisk)
		if err := commitWait("bad"); !errors.Is(err, store.ErrFailed) || !errors.Is(err, errDisk) {
			t.Fatalf("Wait: %v, want ErrFailed with the cause", err)
		}
		disk.FailSyncs(nil)
		if err := commitWait("late"); !errors.Is(err, store.ErrFailed) {
			t.Fatalf("a later commit: %v, want ErrFailed", err)
		}
		checkFailed(t, m)
		again, err := disk.Crash(0).Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		want(t, again, "good", "1")
		want(t, again, "late", "-")
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestFailureAnswersEverybody: commits that wait together for a sync that fails
// all get the failure, and the calls that run meanwhile end.
func TestFailureAnswersEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.Memory()
		release := m.Disk().BlockSyncs()
		m.Disk().FailSyncs(errDisk)
		var waits []store.Durable
		for range 4 {
			var b store.Batch
			b.Put([]byte("a"), make([]byte, 40<<10)) // more than a block of the log
			done, err := m.Commit(t.Context(), &b)
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, done)
		}
		snap, err := m.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		release()
		for i, w := range waits {
			if err := w.Wait(context.Background()); !errors.Is(err, store.ErrFailed) {
				t.Errorf("wait %d: %v, want ErrFailed", i, err)
			}
		}
		if err := snap.Close(); err != nil {
			t.Errorf("Close of a snapshot: %v", err)
		}
		checkFailed(t, m)
	})
}

// TestFailureDuringScan: Close of a failed store does not wait for a scan.
func TestFailureDuringScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.Memory()
		var b store.Batch
		b.Put([]byte("a"), nil)
		b.Put([]byte("b"), nil)
		if _, err := m.Commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		for range m.Scan(t.Context(), nil, nil) {
			m.Disk().FailSyncs(errDisk)
			b.Put([]byte("c"), nil)
			done, err := m.Commit(t.Context(), &b)
			if err == nil {
				err = done.Wait(context.Background())
			}
			if !errors.Is(err, store.ErrFailed) {
				t.Fatalf("%v, want ErrFailed", err)
			}
			if err := m.Close(); !errors.Is(err, store.ErrFailed) {
				t.Errorf("Close: %v, want ErrFailed", err)
			}
			break
		}
	})
}

// TestCloseWaitsForCalls: an orderly Close lets a scan end first, and refuses
// what comes later.
func TestCloseWaitsForCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.Memory()
		var b store.Batch
		b.Put([]byte("a"), nil)
		b.Put([]byte("b"), nil)
		if _, err := m.Commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		closed := false
		var wg sync.WaitGroup
		n := 0
		for _, err := range m.Scan(t.Context(), nil, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n > 1 {
				continue
			}
			wg.Go(func() {
				if err := m.Close(); err != nil {
					t.Error(err)
				}
				closed = true
			})
			synctest.Wait()
			if closed {
				t.Fatal("Close returned during a scan")
			}
			if _, err := m.Get(t.Context(), []byte("a")); !errors.Is(err, store.ErrClosed) {
				t.Errorf("Get while closing: %v, want ErrClosed", err)
			}
		}
		wg.Wait()
		if n != 2 {
			t.Errorf("the scan saw %d keys, want both", n)
		}
	})
}

func TestNoSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := store.NewDisk()
		m, err := disk.Open(&store.PebbleOptions{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		release := disk.BlockSyncs()
		var b store.Batch
		b.Put([]byte("a"), []byte("1"))
		done, err := m.Commit(t.Context(), &b)
		if err != nil {
			t.Fatal(err)
		}
		if err := done.Wait(context.Background()); err != nil { // though syncs are blocked
			t.Fatal(err)
		}
		release()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := disk.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		want(t, again, "a", "1")
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestYearsInABubble: a store in memory leaves no ticking timer, or this would
// take minutes.
func TestYearsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.Memory()
		var b store.Batch
		for range 30 {
			time.Sleep(365 * 24 * time.Hour)
			b.Put([]byte("a"), make([]byte, 150<<10)) // enough to flush and compact
			done, err := m.Commit(t.Context(), &b)
			if err != nil {
				t.Fatal(err)
			}
			if err := done.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStats(t *testing.T) {
	m := store.Memory()
	closeAtEnd(t, m)
	before := m.Stats()
	var b store.Batch
	b.Put([]byte("a"), []byte("1"))
	size := b.Size()
	done, err := m.Commit(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := m.Stats()
	if after.Commits != before.Commits+1 || after.Bytes != before.Bytes+uint64(size) || after.Syncs != before.Syncs+1 {
		t.Errorf("one commit of %d bytes: %+v after %+v", size, after, before)
	}
}

// want checks one key; an absent one is "-".
func want(t *testing.T, r store.Reader, key, value string) {
	t.Helper()
	v, err := r.Get(t.Context(), []byte(key))
	if errors.Is(err, store.ErrNotFound) {
		v, err = []byte("-"), nil
	}
	if err != nil || string(v) != value {
		t.Errorf("Get(%q) = %q, %v; want %q", key, v, err, value)
	}
}

// TestFailedStoreKeepsItsLock: on disk, Close of a failed store returns at once,
// and the directory stays locked: only another process may open it again.
func TestFailedStoreKeepsItsLock(t *testing.T) {
	disk := store.NewDisk()
	m, err := disk.OpenAsOnDisk()
	if err != nil {
		t.Fatal(err)
	}
	disk.FailSyncs(errDisk)
	var b store.Batch
	b.Put([]byte("a"), nil)
	done, err := m.Commit(t.Context(), &b)
	if err == nil {
		err = done.Wait(context.Background())
	}
	if !errors.Is(err, store.ErrFailed) {
		t.Fatalf("%v, want ErrFailed", err)
	}
	checkFailed(t, m)
	disk.FailSyncs(nil)
	if _, err := disk.Open(nil); !errors.Is(err, store.ErrLocked) {
		t.Errorf("opening again in the same process: %v, want ErrLocked", err)
	}
}
