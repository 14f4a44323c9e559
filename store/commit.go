package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// A commit on its way
//
//	Commit: take the turn -> decide expectations -> swap arenas -> ApplyNoSyncWait -> give back the turn
//	Wait:   SyncWait -> the pebble.Batch goes back to the free list, with its arena
//
// The arena of a Batch is already what Pebble writes to its log, so nothing is
// copied on the way: the batch and the pending commit exchange arenas. Letting
// the caller have its own arena back at once would work today, since Pebble has
// copied it to the log and the memtable when Apply returns; but resetting the
// pebble.Batch writes into it later, and WAL failover reads it later.

// pending is one commit inside Pebble. Pebble writes to pb until SyncWait has
// returned, so it must not be used again before.
type pending struct {
	pb    *pebble.Batch
	arena []byte // what pb points to; or an empty spare, when free
}

// freeList keeps pendings. It is not a sync.Pool, so that nothing of a store
// that lives in a synctest bubble is used by another.
type freeList struct {
	mu   sync.Mutex
	pdb  *pebble.DB
	list []*pending
}

// Pendings beyond this many are left to the garbage collector.
const maxFree = 64

func (f *freeList) init(pdb *pebble.DB) { f.pdb = pdb }

func (f *freeList) get() *pending {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.list); n > 0 {
		p := f.list[n-1]
		f.list = f.list[:n-1]
		return p
	}
	return &pending{pb: f.pdb.NewBatch()}
}

func (f *freeList) put(p *pending) {
	p.pb.Reset()
	if cap(p.arena) > maxRetained {
		p.arena = nil
	}
	p.arena = p.arena[:0]
	f.mu.Lock()
	if len(f.list) < maxFree {
		f.list = append(f.list, p)
	}
	f.mu.Unlock()
}

// Commit orders b after every earlier commit; see Store.
func (d *db) Commit(ctx context.Context, b *Batch) (Durable, error) {
	if err := b.Err(); err != nil {
		return nil, err
	}
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.leave()
	if err := d.takeTurn(); err != nil {
		return nil, err
	}
	defer d.giveTurn()
	if err := d.decide(b); err != nil {
		return nil, err
	}
	if b.n == 0 {
		b.Reset()
		return durableNow{d}, nil
	}
	p := d.free.get()
	b.seal()
	rep := b.rep
	if err := p.pb.SetRepr(rep); err != nil {
		return nil, fmt.Errorf("%w: batch: %w", ErrCorrupt, err)
	}
	if err := d.apply(p); err != nil {
		return nil, err
	}
	d.commits.Add(1)
	d.bytes.Add(uint64(len(rep)))
	b.rep, p.arena = p.arena, rep
	if p.pb.Empty() {
		// A batch of half a memtable or more goes round the memtable, and
		// Pebble keeps its bytes.
		p.arena = nil
	}
	b.Reset()
	if d.noSync {
		d.free.put(p)
		return durableNow{d}, nil
	}
	return &durable{d: d, p: p}, nil
}

func (d *db) takeTurn() error {
	select {
	case d.turn <- struct{}{}:
	default:
		select {
		case d.turn <- struct{}{}:
		case <-d.verdict.ch:
			return d.verdict.err()
		}
	}
	if err := d.verdict.err(); err != nil {
		d.giveTurn()
		return err
	}
	return nil
}

func (d *db) giveTurn() { <-d.turn }

// decide checks the expectations of b against what is committed. The turn is
// held.
func (d *db) decide(b *Batch) error {
	if b.expens == 0 {
		return nil
	}
	for e := range b.Expectations() {
		value, closer, err := d.pdb.Get(e.Key)
		switch {
		case errors.Is(err, pebble.ErrNotFound):
			if e.Value != nil {
				return fmt.Errorf("%w: key %s does not exist", ErrConflict, showKey(e.Key))
			}
			continue
		case err != nil:
			return d.readError("get", e.Key, err)
		}
		same := e.Value != nil && bytes.Equal(value, e.Value)
		_ = closer.Close()
		if !same {
			if e.Value == nil {
				return fmt.Errorf("%w: key %s exists", ErrConflict, showKey(e.Key))
			}
			return fmt.Errorf("%w: key %s has another value", ErrConflict, showKey(e.Key))
		}
	}
	return nil
}

// apply hands p to Pebble. A panic there fails the store, and Pebble is left
// alone from then on, since it may hold its locks.
func (d *db) apply(p *pending) (err error) {
	defer func() {
		if r := recover(); r != nil {
			d.wedged.Store(true)
			err = d.verdict.fail(fmt.Errorf("commit to %s: %v", d.dir.path, r))
		}
	}()
	if d.noSync {
		err = d.pdb.Apply(p.pb, pebble.NoSync)
	} else {
		err = d.pdb.ApplyNoSyncWait(p.pb, pebble.Sync)
	}
	if err != nil {
		return d.verdict.fail(fmt.Errorf("commit to %s: %w", d.dir.path, err))
	}
	return nil
}

// durable awaits one commit, and gives its pending back once. One waiter settles
// it, in its own goroutine if it can wait to the end; others wait for that one on
// a channel (not a mutex or sync.Once, on which a synctest bubble would not see
// them idle).
type durable struct {
	d   *db
	p   *pending // owned by the waiter that settles
	mu  sync.Mutex
	out outcome
}

type outcome struct {
	begun   bool // somebody settles
	settled bool // err is final
	err     error
	done    chan struct{} // closed when settled; nil until someone needs it
}

// Wait returns once the commit survives a crash; see Durable.
func (w *durable) Wait(ctx context.Context) error {
	w.mu.Lock()
	if w.out.settled {
		defer w.mu.Unlock()
		return w.out.err
	}
	first := !w.out.begun
	if first {
		if err := ctx.Err(); err != nil {
			w.mu.Unlock()
			return err
		}
		w.out.begun = true
		if ctx.Done() == nil {
			w.mu.Unlock()
			return w.settle()
		}
	}
	if w.out.done == nil {
		w.out.done = make(chan struct{})
	}
	done := w.out.done
	w.mu.Unlock()
	if first {
		go w.settle()
	}
	select {
	case <-done:
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.out.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle asks for the failure of the store last: Pebble is not told of a failed
// sync (freeze.go). A commit that was synced shortly before the failure may get
// it too; its outcome is unknown to the caller, not wrong.
func (w *durable) settle() error {
	err := w.p.pb.SyncWait()
	if err != nil {
		err = w.d.verdict.fail(fmt.Errorf("sync the log of %s: %w", w.d.dir.path, err))
	} else {
		w.d.free.put(w.p)
		err = w.d.verdict.err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.p = nil
	w.out.settled, w.out.err = true, err
	if w.out.done != nil {
		close(w.out.done)
	}
	return err
}

// durableNow is a commit that needs no sync.
type durableNow struct{ d *db }

// Wait returns the failure of the store, if there is one.
func (w durableNow) Wait(context.Context) error { return w.d.verdict.err() }
