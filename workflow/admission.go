package workflow

import (
	"context"
	"fmt"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// How callers are held back. Requests fall into three classes:
//
//	reserved  what ends, claims or releases work that is open already, and what only reads. Never refused and never made
//	          to wait for room: to refuse a completion would lose work that was done. Bounded by what is running.
//	commands  all others but starts. A shard takes at most Options.Queue of them and of starts at a time; when it is
//	          full the callers wait for room until their deadlines.
//	starts    a start also needs room in the queue of jobs: otherwise starts that run ahead of the handlers would fill
//	          the memory. They wait apart, so that no command waits behind a start. A start that a handler makes is a
//	          command here: the room that it would wait for is made by handlers.
//
// Callers are let in tenant by tenant in turn, in order of arrival within a tenant. A caller is refused at once when
// Options.Queue callers of the same tenant and class wait already: no tenant's flood refuses another's callers. The
// room for jobs is shared out among the tenants that have jobs waiting, see jobQueue.full.

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
	direct  bool                                 // it counts against the bound of what a shard takes
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

// submit hands r to its shard and waits for the answer.
func (e *Engine) submit(ctx context.Context, r *request) (outcome, error) {
	if err := e.admit(ctx, r); err != nil {
		return outcome{}, err
	}
	return e.await(ctx, r)
}

// admit puts r into the inbox of its shard, waiting for room as long as ctx allows. With a ctx that is done already it
// does nothing.
func (e *Engine) admit(ctx context.Context, r *request) error {
	r.reply = e.replyTo()
	err := e.enqueue(ctx, r)
	if err != nil { // else r is the shard's
		r.err = err
		e.answered(r)
	}
	return err
}

func (e *Engine) enqueue(ctx context.Context, r *request) error {
	if err := undone(ctx); err != nil {
		return err
	}
	class := commands
	switch {
	case r.reserved():
		class = reserved
	case r.start != nil:
		if _, byHandler := JobFrom(ctx); !byHandler {
			class = starts
		}
	}
	return e.shardOf(r.id).inbox.admit(ctx, r, class)
}

// undone is the error of a context that is done before anything was.
func undone(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w before the call: nothing was done", err)
	}
	return nil
}

// class is how a request is held back.
type class uint8

const (
	reserved class = iota
	commands
	starts
)

// reserved reports whether there is always room for r.
func (r *request) reserved() bool {
	if r.op == opInspect {
		return true
	}
	switch r.cmd.Kind {
	case kernel.Claim, kernel.Release, kernel.CompleteTask, kernel.CompleteJob, kernel.FailJob:
		return r.op == opCommand
	}
	return false
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
		select {
		case <-r.reply: // both came: an outcome that is known is told
			e.answers.Put(r.reply)
			return r.out, r.err
		default:
		}
		return outcome{}, fmt.Errorf("%w before the outcome was durable: the command may still be carried out", ctx.Err())
	}
}

// submitOwn is submit for the engine's own requests that somebody waits for: they have reserved room.
func (e *Engine) submitOwn(r *request) (outcome, error) {
	r.reply = e.replyTo()
	e.shardOf(r.id).inbox.push(r)
	return e.await(context.Background(), r)
}
