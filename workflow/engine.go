package workflow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// How a command becomes durable, and who owns what.
//
//	caller, worker, timer, message
//	   -> inbox of the owner shard      mutex and slice, taken whole; bounded for callers (admission.go)
//	   -> shard loop (shard.go)         owns instances, cache and scratch; one turn at a time
//	        takes a ticket              while all are out the inbox fills up: that is how a turn gets its size
//	        runs up to maxSteps         kernel.Decide per command; nothing escapes (turn.go)
//	        writes out                  each changed instance once, index entries by difference (writeout.go, indexes.go)
//	        store.Commit                returns before the batch is durable
//	   -> releaser of the shard (release.go)   awaits durability in turn order, returns the ticket, then publishes the
//	                                    turn's effects: replies, jobs, timers, messages that were kept, watchers
//	   -> workers (worker.go)           run a handler and push its completion to the inbox
//
// A later turn may build on state that is not durable yet: the log is ordered, so if the later turn survives a crash,
// the earlier one does. Nothing outside the shard may: a query waits until what it saw is durable (barrier).

// Memory, given to Open as dir, keeps everything in memory.
const Memory = ":memory:"

// Engine runs instances of many tenants. It is safe for concurrent use.
type Engine struct {
	settings settings
	registry registry // handlers
	surface           // what the public methods keep; no part of running instances

	store  store.Store
	owned  bool // Close closes the store
	clock  clock
	log    *slog.Logger
	shards []*shard
	direct progress // commits beside the shards: deployments, kept messages

	requests   sync.Pool // *request, of the engine's own commands
	turns      sync.Pool // *turn
	answers    sync.Pool // chan struct{}, see request.reply
	jobs       jobQueue
	timers     timers
	messages   messages
	starts     startKeys
	watchers   watchers
	counters   counters
	recovery   recovery
	migrations migrations
	layouts    sync.Map // *program.Program -> *layout

	failure failureOnce
	life    sync.Mutex    // serialises Start and Shutdown
	started atomic.Bool   // set once, by Start
	closing atomic.Bool   // Shutdown has begun
	closed  chan struct{} // closed when Shutdown is over
	ended   error         // what Shutdown returned; valid once closed is closed
}

// clock is the time that an engine goes by. Only tests of clocks that jump replace it.
type clock interface {
	Now() time.Time
	// AfterFunc calls f in its own goroutine after d. stop prevents that, if it is not too late.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// now is the time in unix milliseconds.
func (e *Engine) now() int64 { return e.clock.Now().UnixMilli() }

// Open opens or creates the engine in dir. It runs nothing before Start; queries and commands work.
func Open(dir string, opts *Options) (*Engine, error) {
	if err := opts.check(); err != nil {
		return nil, wrap("open", "", "", "", "", err)
	}
	s, err := openStore(dir, opts)
	if err != nil {
		return nil, wrap("open", "", "", "", "", err)
	}
	e, err := openEngine(s, opts, wallClock{})
	if err != nil {
		return nil, wrap("open", "", "", "", "", errors.Join(err, s.Close()))
	}
	e.owned = true
	return e, nil
}

func openStore(dir string, opts *Options) (store.Store, error) {
	if dir == Memory {
		return store.Memory(), nil
	}
	if dir == "" {
		return nil, errors.New("no directory given: want a path, or workflow.Memory")
	}
	o := opts.resolve()
	return store.OpenPebble(dir, &store.PebbleOptions{
		NoSync:  o.NoSync,
		Problem: func(err error) { o.Logger.Error("the store has a problem", "error", err) },
	})
}

// OpenStore is Open on a store of the caller, who closes it after the engine.
func OpenStore(s store.Store, opts *Options) (*Engine, error) {
	e, err := openEngine(s, opts, wallClock{})
	return e, wrap("open", "", "", "", "", err)
}

func openEngine(s store.Store, opts *Options, c clock) (*Engine, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	e := &Engine{settings: opts.resolve(), store: s, clock: c, closed: make(chan struct{})}
	e.log = e.settings.Logger
	e.requests.New = func() any { return new(request) }
	e.turns.New = func() any { return new(turn) }
	e.direct.init(e)
	e.jobs.init(e)
	e.timers.init(e)
	e.messages.init(e)
	e.migrations.init(e)
	if err := e.openSurface(); err != nil {
		return nil, err
	}
	n := max(1, runtime.GOMAXPROCS(0)/2)
	for range n {
		e.shards = append(e.shards, newShard(e, e.settings.CacheBytes/int64(n)))
	}
	if err := e.recovery.scan(e); err != nil {
		return nil, err
	}
	for _, s := range e.shards {
		go s.run()
		go s.release()
	}
	return e, nil
}

// Start checks that each live instance finds its handlers, then runs handlers and timers: what ran when the engine was
// closed or killed runs again, timers that came due meanwhile fire once. ctx bounds the check only. A second Start
// does nothing.
func (e *Engine) Start(ctx context.Context) error {
	if ctx == nil {
		return wrap("start", "", "", "", "", errNoContext)
	}
	e.life.Lock()
	defer e.life.Unlock()
	if e.started.Load() {
		return nil
	}
	if err := e.refusal(); err != nil {
		return wrap("start", "", "", "", "", err)
	}
	unfinished, err := e.migrations.unfinished(ctx)
	if err != nil {
		return wrap("start", "", "", "", "", err)
	}
	if err := e.checkHandlers(ctx, unfinished); err != nil {
		return wrap("start", "", "", "", "", err)
	}
	e.started.Store(true)
	for _, s := range e.shards {
		s.inbox.push(e.own(request{op: opBegin}))
	}
	e.recovery.run(e)
	e.timers.start()
	e.messages.start()
	for _, u := range unfinished {
		e.migrations.begin(u.address, u.rec, true)
	}
	return nil
}

// Shutdown stops taking work, waits for handlers until ctx is done, then cancels them, waits, and closes. Handlers must
// heed their context: those that do not return within a second of its end are left running, what they return is dropped,
// and Shutdown, having closed everything, returns the error of ctx. (Those that run on behind their deadline are left
// without an error: their attempts are over.) What did not finish runs again, with the same key, after the next Start; a
// job with "retry: never" becomes an incident then, also if it was still waiting for a worker, since what is stored does
// not tell whether it began.
//
// A second Shutdown waits for the first, and hurries it when its own ctx is done. Neither cuts short what the store is
// writing: nothing of the engine runs any more when Shutdown returns.
func (e *Engine) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return wrap("shutdown", "", "", "", "", errNoContext)
	}
	unhurry := context.AfterFunc(ctx, e.jobs.hurry)
	defer unhurry()
	if !e.closing.CompareAndSwap(false, true) {
		<-e.closed
		return e.ended
	}
	e.life.Lock() // Start is over
	defer e.life.Unlock()
	for _, s := range e.shards {
		s.inbox.refuse(ErrClosed)
	}
	e.jobs.quit()
	e.timers.stop()
	e.recovery.stop()
	e.migrations.halt()
	e.messages.stop()
	left := e.jobs.stop()
	e.migrations.done.Wait()
	for _, s := range e.shards {
		s.inbox.close()
	}
	for _, s := range e.shards {
		<-s.done
	}
	e.watchers.poke()
	err := e.failure.err()
	if e.owned {
		if cerr := e.store.Close(); err == nil {
			err = cerr
		}
	}
	if left > 0 && err == nil {
		err = fmt.Errorf("%w: %d handlers did not return within %v of the end of their context, and were left running", cause(ctx), left, patience)
	}
	e.ended = wrap("shutdown", "", "", "", "", err)
	close(e.closed)
	return e.ended
}

// cause is the error of a context that has ended, or of the one that hurried the shutdown in its place.
func cause(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Canceled
}

// Close is Shutdown without patience. It may be called twice.
func (e *Engine) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return e.Shutdown(ctx)
}

// Ready says whether commands would be accepted now, for a health probe.
func (e *Engine) Ready(ctx context.Context) error {
	if ctx == nil {
		return wrap("ready", "", "", "", "", errNoContext)
	}
	err := e.refusal()
	for _, s := range e.shards {
		if err == nil && s.inbox.full() {
			err = ErrOverloaded
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	return wrap("ready", "", "", "", "", err)
}

// refusal is why nothing is accepted any more, or nil.
func (e *Engine) refusal() error {
	if err := e.failure.err(); err != nil {
		return err
	}
	if e.closing.Load() {
		return ErrClosed
	}
	return nil
}

// shardOf is the owner of an instance. The last byte of a ULID is random.
func (e *Engine) shardOf(id keys.ID) *shard { return e.shards[int(id[15])%len(e.shards)] }

// newID makes an instance id: a ULID, of which 80 bits are random.
func (e *Engine) newID() keys.ID {
	var id keys.ID
	ms := uint64(e.now())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	hi, lo := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		id[8+i] = byte(lo >> (8 * i))
	}
	id[6], id[7] = byte(hi), byte(hi>>8)
	return id
}

// commit writes a batch beside the shards and returns when it is durable. A batch that fails an expectation is
// store.ErrConflict and was not written; other errors of the store fail the engine.
func (e *Engine) commit(ctx context.Context, b *store.Batch) error {
	if err := e.refusal(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.direct.commit(b)
}

// snapshot returns a consistent view of the store of which nothing can be undone by a crash. The caller closes it.
func (e *Engine) snapshot(ctx context.Context) (store.Snapshot, error) {
	if err := e.refusal(); err != nil {
		return nil, err
	}
	snap, err := e.store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.barrier(ctx); err != nil {
		return nil, errors.Join(err, snap.Close())
	}
	return snap, nil
}

// barrier returns when everything that was visible in the store before the call is durable. It costs nothing when the
// engine is idle, and one sync at most.
func (e *Engine) barrier(ctx context.Context) error {
	for _, s := range e.shards {
		if err := s.progress.barrier(ctx); err != nil {
			return err
		}
	}
	return e.direct.barrier(ctx)
}
