package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// How many steps of a scan lie between two looks at the context and at the
// state of the store.
const scanCheck = 256

// Get returns a copy of the value; see Reader.
func (d *db) Get(ctx context.Context, key []byte) ([]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.leave()
	return d.get(d.pdb, key)
}

// Scan yields [lo, hi) in order; see Reader.
func (d *db) Scan(ctx context.Context, lo, hi []byte) iter.Seq2[Entry, error] {
	return d.scan(ctx, d.iterator, lo, hi, false)
}

// ScanBack yields [lo, hi) in descending order; see Reader.
func (d *db) ScanBack(ctx context.Context, lo, hi []byte) iter.Seq2[Entry, error] {
	return d.scan(ctx, d.iterator, lo, hi, true)
}

func (d *db) iterator(ctx context.Context, o *pebble.IterOptions) (*pebble.Iterator, error) {
	return d.pdb.NewIterWithContext(ctx, o)
}

func (d *db) get(r pebble.Reader, key []byte) ([]byte, error) {
	value, closer, err := r.Get(key)
	if err != nil {
		if errors.Is(err, pebble.ErrNotFound) {
			return nil, ErrNotFound
		}
		return nil, d.readError("get", key, err)
	}
	value = append(make([]byte, 0, len(value)), value...) // never nil
	if err := closer.Close(); err != nil {
		return nil, d.readError("get", key, err)
	}
	// A write is visible before its sync; do not show what may be lost once
	// the store has failed.
	if err := d.verdict.err(); err != nil {
		return nil, err
	}
	return value, nil
}

// scan opens its iterator when the sequence is ranged over, each time anew.
func (d *db) scan(
	ctx context.Context, open func(context.Context, *pebble.IterOptions) (*pebble.Iterator, error),
	lo, hi []byte, back bool,
) iter.Seq2[Entry, error] {
	lo, hi = slices.Clone(lo), slices.Clone(hi)
	return func(yield func(Entry, error) bool) {
		if err := d.enter(ctx); err != nil {
			yield(Entry{}, err)
			return
		}
		defer d.leave()
		if hi != nil && string(lo) >= string(hi) {
			return
		}
		it, err := open(ctx, &pebble.IterOptions{LowerBound: lo, UpperBound: hi})
		if err != nil {
			yield(Entry{}, d.readError("scan", lo, err))
			return
		}
		defer func() { _ = it.Close() }() // its error is that of it.Error, below
		step, valid := it.Next, false
		if back {
			step, valid = it.Prev, it.Last()
		} else {
			valid = it.First()
		}
		for n := 1; valid; n++ {
			value, err := it.ValueAndErr()
			if err != nil {
				yield(Entry{}, d.readError("scan", it.Key(), err))
				return
			}
			if n%scanCheck == 0 || n == 1 {
				if err := firstOf(ctx.Err(), d.verdict.err()); err != nil {
					yield(Entry{}, err)
					return
				}
			}
			if !yield(Entry{Key: it.Key(), Value: value}, nil) {
				return
			}
			valid = step()
		}
		if err := it.Error(); err != nil {
			yield(Entry{}, d.readError("scan", lo, err))
		}
	}
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// readError says where a read failed, and marks corruption.
func (d *db) readError(op string, key []byte, err error) error {
	if pebble.IsCorruptionError(err) {
		return damaged(op+" at key "+showKey(key)+" in", d.dir.path, err)
	}
	return fmt.Errorf("store: %s in %s at key %s: %w", op, d.dir.path, showKey(key), err)
}

// snapshot is a Snapshot of db. After Close of either, its calls are ErrClosed.
type snapshot struct {
	d  *db
	mu sync.RWMutex // guards ps; not held while a scan runs
	ps *pebble.Snapshot
}

// Snapshot returns a consistent view; see Store.
func (d *db) Snapshot(ctx context.Context) (Snapshot, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.leave()
	s := &snapshot{d: d, ps: d.pdb.NewSnapshot()}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.snaps[s] = struct{}{}
	return s, nil
}

func (s *snapshot) Get(ctx context.Context, key []byte) ([]byte, error) {
	if err := s.d.enter(ctx); err != nil {
		return nil, err
	}
	defer s.d.leave()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.ps == nil {
		return nil, fmt.Errorf("%w: snapshot", ErrClosed)
	}
	return s.d.get(s.ps, key)
}

func (s *snapshot) Scan(ctx context.Context, lo, hi []byte) iter.Seq2[Entry, error] {
	return s.d.scan(ctx, s.iterator, lo, hi, false)
}

func (s *snapshot) ScanBack(ctx context.Context, lo, hi []byte) iter.Seq2[Entry, error] {
	return s.d.scan(ctx, s.iterator, lo, hi, true)
}

func (s *snapshot) iterator(ctx context.Context, o *pebble.IterOptions) (*pebble.Iterator, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.ps == nil {
		return nil, fmt.Errorf("%w: snapshot", ErrClosed)
	}
	return s.ps.NewIterWithContext(ctx, o)
}

// Close ends the view. It may be called twice, and after Close of the store. A
// scan that runs goes on to its end.
func (s *snapshot) Close() error {
	if !s.d.calls.enter() {
		return nil // Close of the store ends all snapshots
	}
	defer s.d.leave()
	s.d.mu.Lock()
	delete(s.d.snaps, s)
	s.d.mu.Unlock()
	return s.end()
}

func (s *snapshot) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ps == nil || s.d.verdict.err() != nil && !s.d.closeFailed {
		return nil
	}
	ps := s.ps
	s.ps = nil
	return ps.Close()
}

func (d *db) endSnapshots() {
	d.mu.Lock()
	snaps := d.snaps
	d.snaps = nil
	d.mu.Unlock()
	for s := range snaps {
		_ = s.end()
	}
}
