package workflow

import (
	"context"
	"sync"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/keys"
)

// job is one attempt at a service task, ready to run. That it was started is durable.
type job struct {
	v       *version
	ref     jobRef
	attempt int
	in      expr.Value
}

// jobQueue holds the jobs that wait for a worker, and the workers. Workers are started when there is work for them,
// and stay.
type jobQueue struct {
	e     *Engine
	limit int // jobs waiting, beyond which starts may wait; see full

	mu      sync.Mutex
	cond    sync.Cond // for idle workers
	room    sync.Cond // for waitRoom
	queue   lanes[job]
	workers int
	idle    int                      // workers that wait and were not signalled
	coming  int                      // workers that were signalled or started, and did not look at the queue yet
	waiting int                      // who waits for room
	stopped bool                     // no further job is handed to a worker
	crowded map[keys.Tenant]struct{} // starts of these tenants were held back
	overdue int                      // workers whose handler runs on behind its deadline: its attempt is over

	ended     sync.Cond   // for stop: a worker ended or became overdue, or one of these was set
	hurried   bool        // handlers were canceled
	impatient bool        // and have had time to return
	over      bool        // stop is over
	lastCall  func() bool // keeps impatient from being set

	ctx    context.Context // of handlers
	cancel context.CancelFunc
}

// minWaitingJobs is the least limit on waiting jobs.
const minWaitingJobs = 4096

func (q *jobQueue) init(e *Engine) {
	q.e, q.limit = e, max(minWaitingJobs, 4*e.settings.Workers, 4*e.settings.Queue)
	q.cond.L, q.room.L, q.ended.L = &q.mu, &q.mu, &q.mu
	q.crowded = make(map[keys.Tenant]struct{})
	q.ctx, q.cancel = context.WithCancel(context.Background())
}

// push adds jobs and sees to it that workers run.
func (q *jobQueue) push(jobs []job) {
	q.mu.Lock()
	if q.stopped {
		q.mu.Unlock()
		return // they run after the next open
	}
	for i := range jobs {
		q.queue.push(jobs[i].ref.tenant, jobs[i])
	}
	need := max(0, q.queue.n-q.coming)
	wake := min(q.idle, need)
	start := min(need-wake, q.e.settings.Workers-q.workers)
	q.idle -= wake
	q.workers += start
	q.coming += wake + start
	for range start {
		go q.work(true)
	}
	q.mu.Unlock()
	for range wake {
		q.cond.Signal()
	}
}

// pop waits for a job. It returns false when there will be none. first: the worker has just started.
func (q *jobQueue) pop(first bool) (job, bool) {
	q.mu.Lock()
	if first {
		q.coming--
	}
	for q.queue.n == 0 && !q.stopped {
		q.idle++
		q.cond.Wait()
		q.coming--
	}
	if q.stopped {
		q.mu.Unlock()
		return job{}, false
	}
	j, _ := q.queue.pop()
	relieved := q.relieved(j.ref.tenant)
	if q.waiting > 0 && q.queue.n <= q.limit/2 {
		q.room.Broadcast()
	}
	q.mu.Unlock()
	if relieved {
		for _, s := range q.e.shards {
			s.inbox.retry()
		}
	}
	return j, true
}

// full reports whether so many jobs wait, and so many of them are the tenant's, that its starts should wait: tenants
// that have jobs waiting share the room. Who is told so is let in later by inbox.retry.
func (q *jobQueue) full(t keys.Tenant) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queue.n < q.limit || q.queue.length(t) < q.share() || q.stopped {
		return false
	}
	q.crowded[t] = struct{}{}
	return true
}

// share is how many waiting jobs a tenant may have in a full queue. It needs mu.
func (q *jobQueue) share() int { return max(1, q.limit/max(1, len(q.queue.active))) }

// relieved reports whether starts that were held back may go on, after a job of tenant t was taken. It needs mu.
func (q *jobQueue) relieved(t keys.Tenant) bool {
	switch {
	case len(q.crowded) == 0:
		return false
	case q.queue.n <= q.limit/2:
		clear(q.crowded)
		return true
	}
	if _, held := q.crowded[t]; !held || q.queue.length(t) > q.share()/2 {
		return false
	}
	delete(q.crowded, t)
	return true
}

// waitRoom waits until there is room. It returns false when no job will be handed out any more.
func (q *jobQueue) waitRoom() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting++
	for q.queue.n >= q.limit && !q.stopped {
		q.room.Wait()
	}
	q.waiting--
	return !q.stopped
}

func (q *jobQueue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.queue.n
}

// halt hands out no further job, and cancels those that run.
func (q *jobQueue) halt() {
	q.quit()
	q.ended.Broadcast()
	q.cancel()
}

// quit hands out no further job.
func (q *jobQueue) quit() {
	q.mu.Lock()
	q.stopped = true
	q.mu.Unlock()
	q.cond.Broadcast()
	q.room.Broadcast()
}

// patience is how long handlers have to return once their context has ended at a shutdown.
const patience = time.Second

// hurry cancels the handlers that run, and ends the patience with them.
func (q *jobQueue) hurry() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over || q.hurried {
		return
	}
	q.hurried = true
	q.cancel()
	q.lastCall = q.e.clock.AfterFunc(patience, func() {
		q.mu.Lock()
		q.impatient = true
		q.mu.Unlock()
		q.ended.Broadcast()
	})
	q.ended.Broadcast()
}

// stop waits for the handlers that run, after quit. Once they are hurried it waits no longer than patience, and not for
// those that are overdue: their attempts are over, and nothing that they still do is recorded. Of a failed engine it
// waits for none. It returns how many it left whose attempts were not over.
func (q *jobQueue) stop() (left int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.workers > 0 && !(q.hurried && q.workers == q.overdue) && !q.impatient && q.e.failure.err() == nil {
		q.ended.Wait()
	}
	if q.e.failure.err() == nil {
		left = q.workers - q.overdue
		if q.workers > 0 {
			q.e.log.Warn("handlers that ignore the end of their context are left running", "handlers", q.workers)
		}
	}
	q.over = true
	if q.lastCall != nil {
		q.lastCall()
	}
	q.cancel()
	return left
}

// work is one worker. first: it has just been started for jobs that were pushed. A handler that ends its goroutine takes
// the worker with it, so another one takes its place.
func (q *jobQueue) work(first bool) {
	over := false
	defer func() {
		if !over {
			go q.work(false)
		}
	}()
	for ; ; first = false {
		j, ok := q.pop(first)
		if !ok {
			break
		}
		q.run(&j)
	}
	over = true
	q.mu.Lock()
	q.workers--
	q.mu.Unlock()
	q.ended.Broadcast()
}
