package workflow

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/oklog/ulid/v2"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/tenant"
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
	limit int // jobs waiting, beyond which starts wait; see full

	mu      sync.Mutex
	cond    sync.Cond // for idle workers
	room    sync.Cond // for waitRoom
	queue   lanes[job]
	workers int
	idle    int  // workers that wait and were not signalled
	coming  int  // workers that were signalled or started, and did not look at the queue yet
	waiting int  // who waits for room
	stopped bool // no further job is handed to a worker
	crowded bool // starts were held back
	done    sync.WaitGroup

	ctx    context.Context // of handlers
	cancel context.CancelFunc
}

// minWaitingJobs is the least limit on waiting jobs.
const minWaitingJobs = 4096

func (q *jobQueue) init(e *Engine) {
	q.e, q.limit = e, max(minWaitingJobs, 4*e.settings.Workers, 4*e.settings.Queue)
	q.cond.L, q.room.L = &q.mu, &q.mu
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
		q.done.Add(1)
		go q.work()
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
	relieved := q.crowded && q.queue.n <= q.limit/2
	if relieved {
		q.crowded = false
	}
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

// full reports whether so many jobs wait that starts should. Who is told so is let in later by inbox.retry.
func (q *jobQueue) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queue.n < q.limit || q.stopped {
		return false
	}
	q.crowded = true
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
	q.mu.Lock()
	q.stopped = true
	q.mu.Unlock()
	q.cond.Broadcast()
	q.room.Broadcast()
	q.cancel()
}

// stop hands out no further job, waits for those that run until ctx is done, then cancels them and waits. Of a failed
// engine it does not wait: nothing that a handler still does can be recorded.
func (q *jobQueue) stop(ctx context.Context) {
	q.mu.Lock()
	q.stopped = true
	q.mu.Unlock()
	q.cond.Broadcast()
	q.room.Broadcast()
	idle := make(chan struct{})
	go func() {
		q.done.Wait()
		close(idle)
	}()
	if q.e.failure.err() == nil {
		select {
		case <-idle:
		case <-ctx.Done():
			q.cancel()
			<-idle
		}
	}
	q.cancel()
}

// work is one worker.
func (q *jobQueue) work() {
	defer q.done.Done()
	for first := true; ; first = false {
		j, ok := q.pop(first)
		if !ok {
			return
		}
		q.e.counters.handlers.Add(1)
		r := q.e.attempt(&j)
		q.e.counters.handlers.Add(-1)
		if r != nil {
			q.e.shardOf(j.ref.id).inbox.push(r)
		}
	}
}

// attempt runs the handler once and returns the command that reports what came of it; nil if the engine is being shut
// down and the job is to run again.
func (e *Engine) attempt(j *job) *request {
	node := &j.v.prog.Nodes[j.ref.node]
	cmd := kernel.Command{Node: j.ref.node, Since: j.ref.since}
	if h := e.registry.lookup(node.Handler); h == nil {
		cmd.Kind, cmd.Permanent = kernel.FailJob, true
		cmd.Cause = fmt.Sprintf("no handler is registered for kind %q", node.Handler)
	} else {
		result, err := e.call(h, j, node)
		if err == nil {
			err = e.checkResult(result)
			if err != nil {
				err = Permanent(err)
			}
		}
		switch {
		case err == nil:
			cmd.Kind, cmd.Result = kernel.CompleteJob, result
		case e.jobs.ctx.Err() != nil:
			return nil // it was interrupted; a failure of its own will show again
		default:
			cmd.Kind = kernel.FailJob
			cmd.Permanent, cmd.Code, cmd.Delay, cmd.Cause, cmd.Result = classify(err)
		}
	}
	return e.own(request{tenant: j.ref.tenant, id: j.ref.id, cmd: cmd})
}

// attempted is what a handler's context consists of, in one piece.
type attempted struct {
	ctx  jobContext
	desc Job
}

// call runs the handler with its deadline. A panic is an error with its stack.
func (e *Engine) call(h *handler, j *job, node *program.Node) (result expr.Value, err error) {
	key := jobKeyOf(j)
	id := key[len(j.v.tenantName)+1:]
	a := &attempted{desc: Job{
		ID: id, Key: key, Kind: node.Handler, Tenant: j.v.tenantName, Process: j.v.name, Version: int(j.v.number),
		Instance: id[:ulidLength], Node: node.ID, Attempt: j.attempt,
	}}
	a.ctx = jobContext{e.jobs.ctx, &a.desc}
	if !node.Timeout.IsZero() {
		now := e.clock.Now()
		a.desc.Deadline = node.Timeout.From(now, j.v.location)
		limited, cancel := context.WithTimeout(e.jobs.ctx, a.desc.Deadline.Sub(now))
		defer cancel()
		a.ctx.Context = limited
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler of kind %q panicked: %v\n%s", node.Handler, p, debug.Stack())
		}
	}()
	result, err = h.call(&a.ctx, &a.desc, j.in)
	if err != nil && errors.Is(err, context.DeadlineExceeded) && a.ctx.Err() != nil && e.jobs.ctx.Err() == nil {
		err = fmt.Errorf("no result within the timeout of %s: %w", node.Timeout, err)
	}
	return result, err
}

const ulidLength = 26

// jobKeyOf is the idempotency key of a job: the same in every attempt, unique in the store. Behind the tenant's name
// and a slash it is the job's id: the instance's id, a dash and the number of the event that opened the work.
func jobKeyOf(j *job) string {
	var buf [tenant.MaxName + 1 + ulidLength + 1 + 20]byte
	b := append(append(buf[:0], j.v.tenantName...), '/')
	at := len(b)
	b = b[:at+ulidLength]
	if err := ulid.ULID(j.ref.id).MarshalTextTo(b[at:]); err != nil {
		copy(b[at:], j.ref.id.String()) // cannot be: the length is right
	}
	return string(strconv.AppendUint(append(b, '-'), j.ref.since, 10))
}
