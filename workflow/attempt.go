package workflow

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/tenant"
)

// errGoexit is what an attempt comes to whose handler neither returns nor panics.
var errGoexit = errors.New("the handler ended its goroutine (runtime.Goexit, which t.FailNow and t.Fatal call) and returned nothing")

// run runs one attempt and reports what came of it: by its deadline at the latest, whether or not the handler heeds its
// context.
func (q *jobQueue) run(j *job) {
	e, node := q.e, &j.v.prog.Nodes[j.ref.node]
	h := e.registry.lookup(node.Handler)
	if h == nil {
		e.report(j, kernel.Command{
			Kind: kernel.FailJob, Permanent: true, Cause: fmt.Sprintf("no handler is registered for kind %q", node.Handler),
		})
		return
	}
	a := newAttempt(e, j, node)
	var limit *deadline
	if !node.Timeout.IsZero() {
		limit = q.watch(a, j, node)
	}
	e.counters.handlers.Add(1)
	result, err := expr.Value{}, errGoexit
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler of kind %q panicked: %v%s", node.Handler, p, panicStack())
		}
		e.counters.handlers.Add(-1)
		if limit != nil && limit.passed() {
			e.log.Warn("a handler ended after its deadline: what it returned is dropped", "tenant", a.desc.Tenant,
				"process", a.desc.Process, "instance", a.desc.Instance, "node", a.desc.Node, "attempt", a.desc.Attempt)
			return
		}
		q.finish(j, result, err)
	}()
	result, err = h.call(&a.ctx, &a.desc, j.in)
}

// finish reports the outcome of an attempt, unless the engine is being shut down and the job is to run again.
func (q *jobQueue) finish(j *job, result expr.Value, err error) {
	if err == nil {
		if err = q.e.checkResult(result); err != nil {
			err = Permanent(err)
		}
	}
	var cmd kernel.Command
	switch {
	case err == nil:
		cmd.Kind, cmd.Result = kernel.CompleteJob, result
	case q.ctx.Err() != nil:
		return // it was interrupted; a failure of its own will show again
	default:
		cmd.Kind = kernel.FailJob
		cmd.Permanent, cmd.Code, cmd.Delay, cmd.Cause, cmd.Result = classify(err)
	}
	q.e.report(j, cmd)
}

// report sends the command that ends an attempt to the owner of the instance.
func (e *Engine) report(j *job, cmd kernel.Command) {
	cmd.Node, cmd.Since = j.ref.node, j.ref.since
	e.shardOf(j.ref.id).inbox.push(e.own(request{tenant: j.ref.tenant, id: j.ref.id, cmd: cmd}))
}

// attempt is what a handler's context consists of, in one piece.
type attempt struct {
	ctx  jobContext
	desc Job
}

func newAttempt(e *Engine, j *job, node *program.Node) *attempt {
	key := jobKeyOf(j)
	id := key[len(j.v.tenantName)+1:]
	a := &attempt{desc: Job{
		ID: id, Key: key, Kind: node.Handler, Tenant: j.v.tenantName, Process: j.v.name, Version: int(j.v.number),
		Instance: id[:ulidLength], Node: node.ID, Attempt: j.attempt,
	}}
	a.ctx = jobContext{e.jobs.ctx, &a.desc}
	return a
}

// deadline ends an attempt that takes too long: it reports the failure, and what the handler returns later is dropped.
// The worker stays with its handler until that returns, so Options.Workers bounds what runs in all.
type deadline struct {
	q      *jobQueue
	cancel context.CancelFunc
	stop   func() bool   // prevents expire, unless it is too late
	over   chan struct{} // closed when expire is over
	late   bool          // the attempt is over; valid once over is closed
}

// watch gives the attempt its deadline.
func (q *jobQueue) watch(a *attempt, j *job, node *program.Node) *deadline {
	now := q.e.clock.Now()
	a.desc.Deadline = node.Timeout.From(now, j.v.location)
	l := &deadline{q: q, over: make(chan struct{})}
	a.ctx.Context, l.cancel = context.WithTimeout(q.ctx, a.desc.Deadline.Sub(now))
	limited, ended := a.ctx.Context, *j // a copy, so that jobs without a deadline need not escape
	l.stop = context.AfterFunc(limited, func() {
		defer close(l.over)
		if !errors.Is(limited.Err(), context.DeadlineExceeded) {
			return // the engine is being shut down
		}
		q.e.report(&ended, kernel.Command{Kind: kernel.FailJob, Cause: fmt.Sprintf("no result within the timeout of %s", node.Timeout)})
		l.late = true
		q.mu.Lock()
		q.overdue++
		q.mu.Unlock()
		q.ended.Broadcast()
	})
	return l
}

// passed ends the watch over an attempt whose handler is over, and reports whether the deadline has come before.
func (l *deadline) passed() bool {
	defer l.cancel()
	if l.stop() {
		return false
	}
	<-l.over
	if l.late {
		l.q.mu.Lock()
		l.q.overdue--
		l.q.mu.Unlock()
	}
	return l.late
}

// maxFrames bounds the stack in the cause of an incident.
const maxFrames = 8

// panicStack is where the handler panicked, the innermost call first: the calls of the program itself, without those of
// the runtime and of the engine. It is for use in a deferred function that has just recovered.
func panicStack() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var b strings.Builder
	for n := 0; n < maxFrames; {
		f, more := frames.Next()
		if strings.Contains(f.Function, "/replank/workflow.Handle[") || strings.Contains(f.Function, "/replank/workflow.(*handler).") {
			break
		}
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			dir, file := path.Split(filepath.ToSlash(f.File))
			fmt.Fprintf(&b, "\n\tat %s (%s:%d)", f.Function, path.Join(path.Base(dir), file), f.Line)
			n++
		}
		if !more {
			break
		}
	}
	return b.String()
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
