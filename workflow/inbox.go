package workflow

import (
	"context"
	"fmt"
	"sync"

	"github.com/replank/replank/internal/keys"
)

// inbox is where requests wait for their shard. The zero inbox takes nothing; see init.
type inbox struct {
	jobs *jobQueue
	room int           // bound on taken, and on the waiters of a tenant and class
	wake chan struct{} // capacity 1: a token when the loop may find something

	mu      sync.Mutex
	queue   []*request
	taken   int // callers' requests in queue or with the loop, not yet carried out; reserved ones do not count
	waiters [starts + 1]lanes[*waiter]
	refused error // why callers are refused, if they are
	closed  bool  // nothing comes any more
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
func (b *inbox) admit(ctx context.Context, r *request, c class) error {
	b.mu.Lock()
	waiting := b.waiters[c].length(r.tenant)
	switch {
	case b.refused != nil:
		defer b.mu.Unlock()
		return b.refused
	case c == reserved:
		b.put(r)
		return nil
	case waiting == 0 && b.taken < b.room && (c != starts || !b.jobs.full(r.tenant)):
		r.direct = true
		b.taken++
		b.put(r)
		return nil
	case waiting >= b.room:
		defer b.mu.Unlock()
		return explain(ErrOverloaded, fmt.Sprintf("%d commands and %d callers of the tenant wait already", b.taken, waiting))
	}
	w := &waiter{r, make(chan error, 1)}
	b.waiters[c].push(r.tenant, w)
	b.mu.Unlock()
	select {
	case err := <-w.ch:
		return err
	case <-ctx.Done():
	}
	b.mu.Lock()
	if b.waiters[c].drop(r.tenant, func(other *waiter) bool { return other == w }) {
		b.letIn()
		return &because{what: "no room until the deadline: nothing was done", is: ErrOverloaded, cause: ctx.Err()}
	}
	b.mu.Unlock()
	return <-w.ch // it was let in, or refused, meanwhile
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

// push puts one of the engine's own requests into the queue. There is always room, until the inbox is closed.
func (b *inbox) push(r *request) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		b.jobs.e.turnAway(r)
		return
	}
	b.put(r)
}

// turnAway answers a request that comes after the end. What a handler reports then is dropped: its job runs again.
func (e *Engine) turnAway(r *request) {
	r.err = ErrClosed
	if r.reply != nil || r.key != nil {
		e.answered(r)
	} else {
		e.recycle(r)
	}
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

// letIn lets in who waits while there is room: a command, then a start, and so on. It needs mu and releases it.
func (b *inbox) letIn() {
	n := len(b.queue)
	for c, idle := commands, 0; b.taken < b.room && idle < 2; c = commands + starts - c { // the other one
		if b.next(c) {
			idle = 0
		} else {
			idle++
		}
	}
	grown := len(b.queue) > n
	b.mu.Unlock()
	if grown {
		b.signal()
	}
}

// next lets in one caller of a class, if there is one for whom there is room. It needs mu.
func (b *inbox) next(c class) bool {
	w, ok := b.waiters[c].popIf(func(t keys.Tenant) bool { return c != starts || !b.jobs.full(t) })
	if !ok {
		return false
	}
	w.r.direct = true
	b.taken++
	b.queue = append(b.queue, w.r)
	w.ch <- nil
	return true
}

// refuse turns callers away from now on, those who wait for room too. The first reason counts.
func (b *inbox) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refused == nil {
		b.refused = err
	}
	for c := range b.waiters {
		for w, ok := b.waiters[c].pop(); ok; w, ok = b.waiters[c].pop() {
			w.ch <- b.refused
		}
	}
}

// close says that nothing comes any more.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.signal()
}

// full reports whether so many callers wait that one of a single tenant might be refused.
func (b *inbox) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.callers() >= b.room
}

// callers is how many callers wait for room. It needs mu.
func (b *inbox) callers() int { return b.waiters[commands].n + b.waiters[starts].n }

// length is the number of requests and callers that wait.
func (b *inbox) length() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue) + b.callers()
}
