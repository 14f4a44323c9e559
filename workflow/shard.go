package workflow

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// Bounds of a turn and of the turns of one shard that are not durable yet. depth x maxSteps x shards commands may be
// applied and unanswered. A batch of half a memtable and more would force the log to rotate.
const (
	depth    = 4
	maxSteps = 256
	maxBytes = 512 << 10 // of values and events, an estimate; the step that exceeds it is the turn's last
)

// shard owns some of the instances: everything here but inbox, progress, tickets and pending belongs to the goroutine
// of run.
type shard struct {
	e        *Engine
	inbox    inbox
	progress progress      // numbers its turns
	tickets  chan struct{} // capacity depth: a token for each turn that is not durable yet
	pending  chan *turn    // from run to release, in order
	done     chan struct{} // closed when release is over

	cached  atomic.Int64 // instances in cache, for Stats
	cache   cache
	spare   spares
	batch   store.Batch
	taken   []*request // what take returned, from at on
	at      int
	backlog lanes[*request] // what one turn had no room for
	again   []*request      // what is to come first in the next turn, see postponed
	log     []kernel.Event  // scratch of one command
	key     []byte          // scratch
	value   []byte          // scratch
	index   indexWrites     // scratch of one write-out

	// dispatching is set by opBegin; held are the jobs that were offered before.
	dispatching bool
	held        []heldJob
	// handed are the jobs that were handed out, or held, since Open, and whose attempts are not over: each attempt is
	// reported once, also if the job was canceled meanwhile. The head does not tell them from those that ran when the
	// engine was closed, nor from those that are still delayed.
	handed map[workRef]struct{}
}

// heldJob is a job that waits for Start.
type heldJob struct {
	jobRef
	recovered bool // it ran when the engine was closed or killed
}

// workRef names work wherever a move has put it.
type workRef struct {
	tenant keys.Tenant
	id     keys.ID
	since  uint64
}

// jobRef names a job. Invariant: it is the same in every attempt, but for the node, which a move changes.
type jobRef struct {
	tenant keys.Tenant
	id     keys.ID
	node   int32 // in the version that the instance was on
	since  uint64
}

func newShard(e *Engine, cacheBytes int64) *shard {
	s := &shard{
		e: e, tickets: make(chan struct{}, depth), pending: make(chan *turn, depth), done: make(chan struct{}),
		handed: make(map[workRef]struct{}),
	}
	s.inbox.init(&e.jobs, e.settings.Queue)
	s.progress.init(e)
	s.cache.init(cacheBytes, s.discard)
	s.spare.init(cacheBytes)
	return s
}

// run is the loop of the owner.
func (s *shard) run() {
	defer close(s.pending)
	for {
		// While no ticket is free the inbox fills up, and the next turn is the larger: this sizes the turns.
		s.tickets <- struct{}{}
		if !s.fill() {
			return
		}
		s.pending <- s.turn()
	}
}

// fill takes what waits. It returns false when nothing comes any more.
func (s *shard) fill() bool {
	if s.at < len(s.taken) { // the last turn ended early, because of its size
		for _, r := range s.taken[s.at:] {
			s.backlog.push(r.tenant, r)
		}
	}
	clear(s.taken)
	var open bool
	s.taken, open = s.inbox.take(s.taken, s.backlog.n == 0 && len(s.again) == 0)
	s.at = 0
	if len(s.again) > 0 {
		s.taken, s.again, open = append(s.again, s.taken...), nil, true
	}
	if s.backlog.n > 0 || len(s.taken) > maxSteps {
		// More than a turn can take: tenants are served in turn.
		for _, r := range s.taken {
			s.backlog.push(r.tenant, r)
		}
		s.at = len(s.taken)
	}
	return open || s.backlog.n > 0
}

// next is the next request, or nil.
func (s *shard) next() *request {
	if s.at < len(s.taken) {
		s.at++
		return s.taken[s.at-1]
	}
	r, _ := s.backlog.pop()
	return r
}

// turn carries out requests up to the bounds of a turn, and commits what came of them.
func (s *shard) turn() *turn {
	t := s.e.turns.Get().(*turn)
	t.n = s.progress.enqueued.Load() + 1
	t.now = s.e.now()
	callers := 0
	for t.steps < maxSteps && t.bytes < maxBytes {
		r := s.next()
		if r == nil {
			break
		}
		t.steps++
		if r.direct {
			callers++
		}
		s.execute(t, r)
	}
	s.writeOut(t)
	s.progress.enqueued.Store(t.n) // before anything of it is visible
	if s.batch.Len() > 0 {
		d, err := s.e.store.Commit(context.Background(), &s.batch)
		if err != nil {
			s.e.fail(err)
			s.batch.Reset()
		}
		t.durable = d
	}
	s.cache.evict(s.progress.durable.Load())
	s.cached.Store(int64(len(s.cache.byAddr)))
	s.inbox.carriedOut(callers)
	if s.e.timers.late(t.now) {
		s.e.timers.poke()
	}
	return t
}

// execute carries out one request. The answer, if somebody waits for it, goes out with the turn.
func (s *shard) execute(t *turn, r *request) {
	r.err = s.e.failure.err()
	if r.err == nil {
		switch r.op {
		case opCommand:
			r.err = s.command(t, r)
		case opMove:
			if s.postponed(r) {
				return
			}
			r.err = s.move(t, r)
		case opInspect:
			r.err = s.inspect(r)
		case opFire:
			s.fire(t, r)
		case opRecover:
			s.recover(t, r)
		case opBegin:
			s.begin(t)
		}
	}
	switch {
	case r.reply != nil || r.key != nil:
		t.replies = append(t.replies, r)
	default:
		s.e.recycle(r)
	}
}

// command decides a kernel command and appends what follows to the turn.
func (s *shard) command(t *turn, r *request) error {
	if r.cmd.Kind == kernel.CompleteJob || r.cmd.Kind == kernel.FailJob { // the attempt is over, whatever comes of this
		delete(s.handed, workRef{r.tenant, r.id, r.cmd.Since})
	}
	in, err := s.instance(r)
	if err != nil {
		return err
	}
	r.cmd.At = max(r.cmd.At, t.now)
	if r.check != nil {
		if err := r.check(in.v, in.head.State, &r.cmd); err != nil {
			return err
		}
	}
	aim(in.head.State, &r.cmd)
	s.log, err = in.v.machine.Decide(in.head.State, s.context(in), &r.cmd, s.log[:0])
	if err != nil {
		if errors.Is(err, kernel.ErrRead) || errors.Is(err, kernel.ErrBroken) {
			s.abandon(t, in, err)
		}
		return fmt.Errorf("%w", err)
	}
	return s.stepped(t, r, in)
}

// stepped takes the events in s.log, which the instance has made, into the turn. ErrLimit: they write too much at once,
// and the instance is as it was before the turn.
func (s *shard) stepped(t *turn, r *request, in *instance) error {
	if !in.dirty {
		in.dirty = true
		t.dirty = append(t.dirty, in)
	}
	if in.new {
		s.cache.add(in)
	}
	if (in.new || in.from != nil) && !s.dispatching {
		s.e.recovery.uses(in.v)
	}
	grown := 0
	for i := range s.log {
		grown += in.record(&s.log[i])
	}
	t.bytes += grown
	clear(s.log) // it holds values
	if grown > maxRecord {
		err := explain(ErrLimit, fmt.Sprintf("the step writes %d bytes, the limit is %d", grown, maxRecord))
		if r.cmd.Kind == kernel.CompleteJob { // to run it again would not help
			s.failJob(jobRef{r.tenant, r.id, r.cmd.Node, r.cmd.Since}, err.Error())
		}
		s.abandon(t, in, err)
		return err
	}
	if r.extra != nil {
		t.extras = append(t.extras, extra{in, r.extra})
	}
	r.out = in.outcome()
	s.e.counters.steps.Add(1)
	return nil
}

// aim corrects the node of a command for an instance that has moved since the command was made: what it is meant for is
// told by the event that opened it.
func aim(st *kernel.State, c *kernel.Command) {
	if c.Since == 0 {
		return
	}
	if w := st.Work(c.Node); w != nil && w.Since == c.Since {
		return
	}
	if w := bySince(st, c.Since); w != nil {
		c.Node = w.Node
	}
}

// context is what the kernel needs beside the state.
func (s *shard) context(in *instance) kernel.Context {
	return kernel.Context{Values: in, Location: in.v.location, MaxValue: maxValue(s.e.settings.Limits.ValueBytes)}
}

// instance is the instance of a request: a new one for a start, else from the cache or the store.
func (s *shard) instance(r *request) (*instance, error) {
	if r.start != nil {
		return s.create(r), nil
	}
	return s.load(r.tenant, r.id)
}

func (s *shard) inspect(r *request) error {
	in, err := s.load(r.tenant, r.id)
	if err != nil {
		return err
	}
	r.out = in.outcome()
	return r.inspect(in.v, in)
}

// abandon drops an instance whose state is spoilt: a value could not be read, or an invariant does not hold. What this
// turn did to it was not written and is undone; it is loaded again when it is needed, and its jobs run again.
func (s *shard) abandon(t *turn, in *instance, cause error) {
	s.e.log.Error("instance cannot go on", "tenant", in.v.tenantName, "instance", in.id.String(), "process", in.v.name, "error", cause)
	s.cache.remove(in)
	in.spoilt = true
	if !in.dirty {
		return
	}
	for i, d := range t.dirty {
		if d == in {
			t.dirty = append(t.dirty[:i], t.dirty[i+1:]...)
			break
		}
	}
	for _, r := range t.replies {
		if r.tenant == in.tenant && r.id == in.id && r.err == nil {
			r.err = fmt.Errorf("undone, because a later command of the same turn failed: %w", cause)
		}
	}
	if !in.new {
		s.inbox.push(s.e.own(request{op: opRecover, tenant: in.tenant, id: in.id, cmd: kernel.Command{Since: in.wrote}}))
	}
}

// fire fires a timer, or hands out a job whose delay is over, which is no step of the instance. A timer that is not
// armed any more is none of its business.
func (s *shard) fire(t *turn, r *request) {
	in, err := s.load(r.tenant, r.id)
	if err != nil {
		s.lost(r, err)
		return
	}
	r.cmd.At = max(r.cmd.At, t.now)
	w := bySince(in.head.State, r.cmd.Since)
	switch {
	case w == nil || w.Incident || w.Due == 0:
		return
	case w.Due > r.cmd.At: // it is due later than who fired it knew
		t.armed = append(t.armed, timer{w.Due, jobRef{r.tenant, r.id, w.Node, w.Since}})
		return
	}
	if !w.Job {
		if err := s.command(t, r); err != nil {
			s.lost(r, err)
		}
		return
	}
	s.handOut(t, in, w, false)
}

// recover hands out the jobs of an instance that ran when the engine was closed or killed.
func (s *shard) recover(t *turn, r *request) {
	in, err := s.load(r.tenant, r.id)
	if err != nil {
		s.lost(r, err)
		return
	}
	for i := range in.head.State.Works {
		if w := &in.head.State.Works[i]; w.Job && !w.Incident && w.Due == 0 && w.Since <= r.cmd.Since {
			s.handOut(t, in, w, true)
		}
	}
}

// begin hands out the jobs that were offered before Start.
func (s *shard) begin(t *turn) {
	s.dispatching = true
	for _, h := range s.held {
		in, err := s.load(h.tenant, h.id)
		if err != nil {
			s.lost(&request{tenant: h.tenant, id: h.id}, err)
			continue
		}
		if w := bySince(in.head.State, h.since); w != nil && w.Job && !w.Incident {
			s.dispatchNow(t, in, w, h.recovered)
		} else {
			delete(s.handed, workRef{h.tenant, h.id, h.since})
		}
	}
	s.held = nil
}

// lost logs that a timer or job cannot be served. It is found again at the next open.
func (s *shard) lost(r *request, err error) {
	if !errors.Is(err, ErrNotFound) {
		s.e.log.Error("a timer or job has to wait for the next open", "tenant", s.e.tenantName(r.tenant), "instance", r.id.String(), "error", err)
	}
}

// handOut hands out the job w of in, unless it was handed out already and its attempt is not over: now, or when Start is
// called.
func (s *shard) handOut(t *turn, in *instance, w *kernel.Work, recovered bool) {
	ref := workRef{in.tenant, in.id, w.Since}
	if _, again := s.handed[ref]; again {
		return
	}
	s.handed[ref] = struct{}{}
	if s.dispatching {
		s.dispatchNow(t, in, w, recovered)
	} else {
		s.held = append(s.held, heldJob{jobRef{in.tenant, in.id, w.Node, w.Since}, recovered})
	}
}

// dispatchNow adds the job w of in to what the turn releases. A job that cannot be handed out becomes an incident.
func (s *shard) dispatchNow(t *turn, in *instance, w *kernel.Work, recovered bool) {
	ref := jobRef{in.tenant, in.id, w.Node, w.Since}
	if recovered && in.v.prog.Nodes[w.Node].Retry.Never {
		s.failJob(ref, "the program ended while the job ran, and it must not run twice")
		return
	}
	var input expr.Value
	if len(in.v.prog.Nodes[w.Node].In) > 0 {
		var err error
		input, err = in.v.machine.Input(in.head.State, s.context(in), w.Node)
		if err != nil {
			s.failJob(ref, "input: "+err.Error())
			return
		}
	}
	t.jobs = append(t.jobs, job{v: in.v, ref: ref, attempt: int(w.Attempt) + 1, in: input})
}

// failJob makes a job an incident, with the next turn.
func (s *shard) failJob(ref jobRef, cause string) {
	s.inbox.push(s.e.own(request{tenant: ref.tenant, id: ref.id, cmd: kernel.Command{
		Kind: kernel.FailJob, Node: ref.node, Since: ref.since, Permanent: true, Cause: cause,
	}}))
}
