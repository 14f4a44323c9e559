package workflow

import (
	"context"
	"fmt"
	"sync"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// How callers are held back. A shard takes at most Options.Queue commands of callers at a time; when it is full, at
// most Options.Queue further callers wait for room, in order of arrival, until their deadlines; the next one is refused
// at once. So is nobody else: completions of handlers, timers, and messages that were accepted have reserved room,
// since to refuse them would lose work that was done. They are bounded by what is running.
//
// A start also needs room in the queue of jobs: otherwise starts that run ahead of the handlers would fill the memory.

// op is what a request wants of a shard.
type op uint8

const (
	opCommand op = iota // a kernel command
	opInspect           // to read one instance
	opFire              // to fire the timer at cmd.Node, or hand out the job there: its delay is over
	opRecover           // to hand out the jobs that ran when the engine was closed or killed: those up to cmd.Since
	opMove              // to move one instance to another version
	opBegin             // Start was called: to hand out what was held back
)

// request is one command on its way to the shard that owns its instance. Callers make their own; the engine's own
// are pooled.
type request struct {
	tenant keys.Tenant
	id     keys.ID // zero for a start: do chooses one
	cmd    kernel.Command
	start  *startSpec // of a kernel.Start

	// check runs in the owner shard just before the command is decided, and may complete it: resolve an id to a node,
	// compare revisions, ask for permission. Its error is the command's. It must not keep v, s or c.
	check func(v *version, s *kernel.State, c *kernel.Command) error
	// extra adds writes to the batch of the command, if it succeeds. Runs in the owner shard.
	extra func(b *store.Batch)

	op      op
	inspect func(v *version, in *instance) error // opInspect
	moving  *moving                              // opMove
	direct  bool                                 // a caller's: it counts against the bound
	reply   chan struct{}                        // capacity 1: gets a token when out and err are set; nil: nobody waits
	key     *startKey                            // a start with a business key: released when the request is answered

	out outcome
	err error
}

// startSpec is what a start needs beside the command.
type startSpec struct {
	version  *version
	key      string // business key, "": none
	labels   map[string]string
	priority int
	due      int64 // unix milliseconds, 0: none
}

// outcome is what became of a command, as of the durable step that carried it out.
type outcome struct {
	ID        keys.ID
	Existing  bool   // a start: the business key led to an instance that was there
	Seq       uint64 // number of the instance's last event
	Status    kernel.Status
	Incidents int
}

// own returns a pooled request of the engine itself. The shard takes it back.
func (e *Engine) own(r request) *request {
	p := e.requests.Get().(*request)
	*p = r
	return p
}

func (e *Engine) recycle(r *request) {
	*r = request{}
	e.requests.Put(r)
}

// do carries out a command and returns when its outcome is durable, or when ctx is done: then the command may still
// be carried out, unless the error is ErrOverloaded.
func (e *Engine) do(ctx context.Context, r *request) (outcome, error) {
	if r.start != nil {
		if r.id == (keys.ID{}) {
			r.id = e.newID()
		}
		if r.start.key != "" {
			return e.startByKey(ctx, r)
		}
	}
	return e.submit(ctx, r)
}

// inspect runs fn on an instance in its owner shard, and returns when what fn saw is durable. fn must not change
// the instance, nor keep anything of it.
func (e *Engine) inspect(ctx context.Context, t keys.Tenant, id keys.ID, fn func(v *version, in *instance) error) error {
	_, err := e.submit(ctx, &request{tenant: t, id: id, op: opInspect, inspect: fn})
	return err
}

func (e *Engine) submit(ctx context.Context, r *request) (outcome, error) {
	r.direct, r.reply = true, e.replyTo()
	if r.err = e.shardOf(r.id).inbox.admit(ctx, r); r.err != nil {
		err := r.err
		e.answered(r)
		return outcome{}, err
	}
	return e.await(ctx, r)
}

// submitWhole is submit for who holds a lock that must outlast the command: once the request is let in, it waits for the
// outcome whatever becomes of ctx.
func (e *Engine) submitWhole(ctx context.Context, r *request) (outcome, error) {
	r.direct, r.reply = true, e.replyTo()
	if err := e.shardOf(r.id).inbox.admit(ctx, r); err != nil {
		e.answered(r)
		return outcome{}, err
	}
	return e.await(context.Background(), r)
}

// replyTo returns a channel for one answer, of capacity 1 and empty.
func (e *Engine) replyTo() chan struct{} {
	if ch, ok := e.answers.Get().(chan struct{}); ok {
		return ch
	}
	return make(chan struct{}, 1)
}

// await returns the answer, or the error of ctx if that comes first: then the request is not the caller's any more.
func (e *Engine) await(ctx context.Context, r *request) (outcome, error) {
	select {
	case <-r.reply:
		e.answers.Put(r.reply)
		return r.out, r.err
	case <-ctx.Done():
		return outcome{}, fmt.Errorf("%w before the outcome was durable: the command may still be carried out", ctx.Err())
	}
}

// submitOwn is submit for the engine's own requests that somebody waits for: they have reserved room.
func (e *Engine) submitOwn(r *request) (outcome, error) {
	r.reply = e.replyTo()
	e.shardOf(r.id).inbox.push(r)
	return e.await(context.Background(), r)
}

// inbox is where requests wait for their shard. The zero inbox takes nothing; see init.
type inbox struct {
	jobs *jobQueue
	room int           // bound on taken and on waiters
	wake chan struct{} // capacity 1: a token when the loop may find something

	mu      sync.Mutex
	queue   []*request
	taken   int       // callers' requests in queue or with the loop, not yet carried out
	waiters []*waiter // in order of arrival
	refused error     // why callers are refused, if they are
	closed  bool      // nothing comes any more
}

// waiter is a caller who waits for room.
type waiter struct {
	r  *request
	ch chan error // capacity 1: nil when r is in the queue
}

func (b *inbox) init(jobs *jobQueue, room int) {
	b.jobs, b.room, b.wake = jobs, max(room, 1), make(chan struct{}, 1)
}

// admit puts a caller's request into the queue, waiting for room as long as ctx allows.
func (b *inbox) admit(ctx context.Context, r *request) error {
	b.mu.Lock()
	switch {
	case b.refused != nil:
		defer b.mu.Unlock()
		return b.refused
	case len(b.waiters) == 0 && b.hasRoom(r):
		b.taken++
		b.put(r)
		return nil
	case len(b.waiters) >= b.room:
		defer b.mu.Unlock()
		return explain(ErrOverloaded, fmt.Sprintf("%d commands and %d callers wait already", b.taken, len(b.waiters)))
	}
	w := &waiter{r, make(chan error, 1)}
	b.waiters = append(b.waiters, w)
	b.mu.Unlock()
	select {
	case err := <-w.ch:
		return err
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.waiters {
		if other == w {
			b.waiters = append(b.waiters[:i], b.waiters[i+1:]...)
			return &because{what: "no room until the deadline", is: ErrOverloaded, cause: ctx.Err()}
		}
	}
	return <-w.ch // it was let in, or refused, meanwhile
}

// hasRoom needs mu.
func (b *inbox) hasRoom(r *request) bool {
	return b.taken < b.room && (r.start == nil || !b.jobs.full())
}

// put needs mu and releases it.
func (b *inbox) put(r *request) {
	b.queue = append(b.queue, r)
	first := len(b.queue) == 1
	b.mu.Unlock()
	if first {
		b.signal()
	}
}

func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// push puts one of the engine's own requests into the queue. There is always room.
func (b *inbox) push(r *request) {
	b.mu.Lock()
	b.put(r)
}

// take waits for requests and returns all of them, giving spare as memory for the next ones. wait false: it returns at
// once. It returns false when nothing is there and nothing comes any more.
func (b *inbox) take(spare []*request, wait bool) ([]*request, bool) {
	for {
		b.mu.Lock()
		if len(b.queue) > 0 || !wait || b.closed {
			q, open := b.queue, !b.closed
			b.queue = spare[:0]
			b.mu.Unlock()
			return q, open || len(q) > 0
		}
		b.mu.Unlock()
		<-b.wake
	}
}

// carriedOut notes that n requests of callers are, and lets in who waited.
func (b *inbox) carriedOut(n int) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	b.taken -= n
	b.letIn()
}

// retry lets in who waited for the queue of jobs.
func (b *inbox) retry() {
	b.mu.Lock()
	b.letIn()
}

// letIn needs mu and releases it.
func (b *inbox) letIn() {
	n := 0
	for n < len(b.waiters) && b.hasRoom(b.waiters[n].r) {
		w := b.waiters[n]
		n++
		b.taken++
		b.queue = append(b.queue, w.r)
		w.ch <- nil
	}
	if n > 0 {
		kept := copy(b.waiters, b.waiters[n:])
		clear(b.waiters[kept:])
		b.waiters = b.waiters[:kept]
	}
	b.mu.Unlock()
	if n > 0 {
		b.signal()
	}
}

// refuse turns callers away from now on, those who wait for room too. The first reason counts.
func (b *inbox) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused == nil {
		b.refused = err
	}
	for _, w := range b.waiters {
		w.ch <- b.refused
	}
	b.waiters = nil
}

// close says that nothing comes any more.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
}

// full reports whether the next caller would be refused at once.
func (b *inbox) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiters) >= b.room
}

// length is the number of requests and callers that wait.
func (b *inbox) length() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue) + len(b.waiters)
}
