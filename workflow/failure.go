package workflow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/replank/replank/store"
)

// After the first write or sync that fails, the engine is failed: what was written last may or may not survive, so it
// writes nothing more, answers nothing more, and the process must open the store again (store.ErrFailed).

// failureOnce holds why the engine failed, once it has.
type failureOnce struct{ first atomic.Pointer[error] }

// err returns an error that wraps ErrFailed, or nil.
func (f *failureOnce) err() error {
	if p := f.first.Load(); p != nil {
		return *p
	}
	return nil
}

// fail makes cause the failure of the engine, unless there is one already, and releases everybody who waits. It
// returns the failure that holds.
func (e *Engine) fail(cause error) error {
	err := cause
	if !errors.Is(err, ErrFailed) {
		err = fmt.Errorf("%w: %w", ErrFailed, cause)
	}
	if !e.failure.first.CompareAndSwap(nil, &err) {
		return e.failure.err()
	}
	e.log.Error("engine failed: nothing more is written; end the process and open the store in a new one", "cause", cause)
	for _, s := range e.shards {
		s.inbox.refuse(err)
		s.progress.wake()
	}
	e.direct.wake()
	e.jobs.halt()
	e.watchers.poke()
	return err
}

// progress numbers the commits of one writer and knows how many are durable. Commits of one writer become durable in
// order.
type progress struct {
	e        *Engine
	enqueued atomic.Uint64 // number of the newest commit, set before it is visible
	durable  atomic.Uint64 // number of the newest durable one

	mu      sync.Mutex
	waiters []durableWaiter

	commits sync.Mutex // direct commits: numbers are given in the order of the log
}

type durableWaiter struct {
	n  uint64
	ch chan struct{}
}

func (p *progress) init(e *Engine) { p.e = e }

// barrier returns when everything enqueued before the call is durable.
func (p *progress) barrier(ctx context.Context) error {
	return p.wait(ctx, p.enqueued.Load())
}

func (p *progress) wait(ctx context.Context, n uint64) error {
	if err := p.e.failure.err(); err != nil {
		return err
	}
	if p.durable.Load() >= n {
		return nil
	}
	p.mu.Lock()
	if p.durable.Load() >= n {
		p.mu.Unlock()
		return nil
	}
	w := durableWaiter{n, make(chan struct{})}
	p.waiters = append(p.waiters, w)
	p.mu.Unlock()
	if p.e.failure.err() != nil {
		p.wake() // it may have failed before it could see the waiter
	}
	select {
	case <-w.ch:
		return p.e.failure.err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reached notes that commit n, and every one before it, is durable.
func (p *progress) reached(n uint64) {
	for {
		old := p.durable.Load()
		if old >= n || p.durable.CompareAndSwap(old, n) {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.waiters[:0]
	for _, w := range p.waiters {
		if w.n <= n {
			close(w.ch)
		} else {
			kept = append(kept, w)
		}
	}
	clear(p.waiters[len(kept):])
	p.waiters = kept
}

// wake releases all waiters after a failure.
func (p *progress) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.waiters {
		close(w.ch)
	}
	p.waiters = nil
}

// commit is Engine.commit. Nothing cuts it short: the numbering relies on every commit being awaited.
func (p *progress) commit(b *store.Batch) error {
	p.commits.Lock()
	n := p.enqueued.Add(1)
	d, err := p.e.store.Commit(context.Background(), b)
	p.commits.Unlock()
	switch {
	case errors.Is(err, store.ErrConflict):
		// Nothing was written, so number n is durable as soon as those before it are.
		if werr := p.wait(context.Background(), n-1); werr != nil {
			return werr
		}
		p.reached(n)
		return err
	case err != nil:
		return p.e.fail(err)
	}
	if err := d.Wait(context.Background()); err != nil {
		return p.e.fail(err)
	}
	p.reached(n)
	return nil
}
