package kernel

import (
	"fmt"
	"time"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// maxEvents bounds the events of one command, and what happens silently after one event: a schema that runs by itself for
// ever is refused before it is deployed, so to reach it is a broken invariant.
const maxEvents = 1 << 16

// A step is one command being decided.
type step struct {
	m    *Machine
	s    *State
	ctx  Context
	c    *Command
	at   int64
	base int
	log  []Event
	err  error // ErrBroken, ErrRead: s is spoilt
}

// Decide checks c against s and, if it is possible, drives the instance to its next rest: the letter of the command,
// then the closure (decisions, scripts), then what is waited for now. It appends the events to log, whose extended
// slice it returns, and has evolved s by each of them. ctx is used during the call only.
//
// Errors wrap one of the sentinels of this package and leave s and log as they were, except ErrRead (a stored value
// could not be read) and ErrBroken, after which s must be dropped and loaded again.
//
// Bad data is the caller's error where a person or a program hands it in (ErrResult); where a handler did, or an
// expression of the schema fails, it is an incident of the instance and no error.
func (m *Machine) Decide(s *State, ctx Context, c *Command, log []Event) ([]Event, error) {
	if s.Ended() {
		return log, fmt.Errorf("%w: the instance has ended", ErrState)
	}
	if (s.Status == 0) != (c.Kind == Start) {
		if c.Kind == Start {
			return log, fmt.Errorf("%w: the instance has been started", ErrState)
		}
		return log, fmt.Errorf("%w: the instance has not been started", ErrState)
	}
	d := step{m: m, s: s, ctx: ctx, c: c, at: max(c.At, s.Updated), base: len(log), log: log}
	s.begin(ctx)
	s.closed = s.closed[:0]
	err := d.lead()
	if err == nil {
		d.rest()
		err = d.err
	}
	if e := s.end(); e != nil {
		err = e
	}
	if err != nil {
		return log[:d.base], err
	}
	return d.log, nil
}

// emit appends an event, numbered and timed, and evolves the state by it.
func (d *step) emit(e Event) {
	if d.err != nil {
		return
	}
	if len(d.log)-d.base >= maxEvents {
		d.err = fmt.Errorf("%w: one command made %d events", ErrBroken, maxEvents)
		return
	}
	e.Seq, e.At = d.s.Seq+1, d.at
	d.log = append(d.log, e)
	d.err = d.m.Evolve(d.s, &d.log[len(d.log)-1])
	if len(d.s.violated) > 0 {
		d.flag(e.Node)
	}
	d.cancel(e.Node)
}

// cancel tells of the tasks that the last event interrupted.
func (d *step) cancel(by int32) {
	for i := 0; i < len(d.s.closed) && d.err == nil; i++ {
		n := d.s.closed[i]
		if k := d.m.p.Nodes[n].Kind; n != by && (k == program.UserTask || k == program.ServiceTask) {
			d.log = append(d.log, Event{Seq: d.s.Seq + 1, At: d.at, Kind: history.Canceled, Node: n})
			d.err = d.m.Evolve(d.s, &d.log[len(d.log)-1])
		}
	}
	d.s.closed = d.s.closed[:0]
}

// rest runs the closure (formal-core.md, CLOSE), opens what is waited for now, and ends the instance if nothing is
// left.
func (d *step) rest() {
	for d.err == nil && d.s.readErr == nil {
		if di := d.m.pending(d.s); di >= 0 {
			d.choose(di)
		} else if n := d.automatic(); n >= 0 {
			d.run(n)
		} else {
			break
		}
	}
	if d.err != nil || d.s.readErr != nil {
		return
	}
	for p := range d.s.Marking.Each {
		if !d.m.p.Waiting.Has(p) {
			continue
		}
		for _, n := range d.m.p.OpenedBy[p] {
			if d.s.Work(n) == nil {
				d.open(n)
			}
		}
	}
	if d.s.Marking.Empty() {
		d.flagOwed()
		d.emit(Event{Kind: history.Ended, Node: -1})
	}
}

// choose makes a decision: exclusive takes the first true flow, inclusive all of them, the default if there is none.
func (d *step) choose(di int32) {
	x := &d.m.p.Decisions[di]
	if d.s.past != nil {
		d.s.past.look(d.s.Marking, d.m, di)
	}
	var flows uint64
	kind := history.Decided
	for i := range x.Flows {
		f := &x.Flows[i]
		yes := f.Guard == nil && flows == 0
		if f.Guard != nil {
			ok, err := f.Guard.Bool(d.s)
			if err != nil {
				d.incident(x.Node, fmt.Sprintf("flow %s: %v", f.ID, err), 0)
				return
			}
			yes = ok != f.Not
		}
		if yes {
			flows |= 1 << i
			if f.Back >= 0 {
				kind = history.LoopedBack
			}
			if !x.Inclusive {
				break
			}
		}
	}
	if flows == 0 {
		d.incident(x.Node, "no flow is true and there is no else", 0)
		return
	}
	d.emit(Event{Kind: kind, Node: x.Node, Flows: flows})
}

// automatic returns the first script or error end, in document order, that is ready to run, or -1.
func (d *step) automatic() int32 {
	first := int32(-1)
	for p := range d.s.Marking.Each {
		if !d.m.p.Automatic.Has(p) {
			continue
		}
		for _, n := range d.m.p.OpenedBy[p] {
			if (first < 0 || n < first) && d.m.runsItself(n) && d.s.Work(n) == nil {
				first = n
			}
		}
	}
	return first
}

func (m *Machine) runsItself(n int32) bool {
	k := m.p.Nodes[n].Kind
	return k == program.ScriptTask || k == program.EndEvent
}

// run runs a script, or throws the error of an error end to the boundary event that catches it.
func (d *step) run(n int32) {
	x := &d.m.p.Nodes[n]
	if err := d.forbidden(n, ownLetter(x)); err != nil {
		d.incident(n, err.Error(), 0)
		return
	}
	if x.Kind == program.EndEvent {
		d.emit(Event{Kind: history.Caught, Node: n, Code: x.Code})
		return
	}
	wrote, err := d.outputs(n, d.c.Result)
	if err != nil {
		d.incident(n, err.Error(), 0)
		return
	}
	d.emit(Event{Kind: history.Completed, Node: n, Wrote: wrote})
}

// open begins to wait at n.
func (d *step) open(n int32) {
	x := &d.m.p.Nodes[n]
	switch {
	case d.m.runsItself(n):
	case x.Kind == program.UserTask:
		e := Event{Kind: history.Offered, Node: n}
		if !x.Due.IsZero() {
			e.Due = d.after(x)
		}
		d.emit(e)
	case x.Kind == program.ServiceTask:
		if err := d.forbidden(n, program.Start); err != nil {
			d.incident(n, err.Error(), 0)
			return
		}
		d.emit(Event{Kind: history.Started, Node: n})
	case x.Timer != nil:
		due, err := d.due(x)
		if err != nil {
			d.incident(n, err.Error(), 0)
			return
		}
		d.emit(Event{Kind: history.Armed, Node: n, Due: due})
	case x.Message != "":
		e := Event{Kind: history.Subscribed, Node: n}
		if x.Key != nil {
			v, err := x.Key.Eval(d.s)
			if err != nil {
				d.incident(n, "key: "+err.Error(), 0)
				return
			}
			key, ok := v.Str()
			if !ok {
				d.incident(n, fmt.Sprintf("key: want string, got %v", v), 0)
				return
			}
			if len(key) > maxKey {
				d.incident(n, fmt.Sprintf("key: %d bytes, the limit is %d", len(key), maxKey), 0)
				return
			}
			e.Key = key
		}
		d.emit(e)
	default:
		d.err = fmt.Errorf("%w: nothing is known to wait for at %s", ErrBroken, x.ID)
	}
}

func (d *step) now() time.Time {
	loc := d.ctx.Location
	if loc == nil {
		loc = time.UTC
	}
	return time.UnixMilli(d.at).In(loc)
}

func (d *step) after(x *program.Node) int64 {
	return ceilMilli(x.Due.From(d.now(), d.now().Location()))
}

func (d *step) due(x *program.Node) (int64, error) {
	if x.Timer.At == nil {
		return ceilMilli(x.Timer.After.From(d.now(), d.now().Location())), nil
	}
	v, err := x.Timer.At.Eval(d.s)
	if err != nil {
		return 0, err
	}
	t, ok := v.Go().(time.Time)
	if !ok {
		return 0, fmt.Errorf("want timestamp, got %v", v)
	}
	return max(ceilMilli(t), 1), nil
}

// ceilMilli rounds up, because a timer must not fire early.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// incident records that n needs a person; the token stays where it is.
func (d *step) incident(n int32, cause string, attempt uint32) {
	if d.s.readErr != nil {
		return // not the instance's fault: Decide reports ErrRead
	}
	d.emit(Event{Kind: history.IncidentRaised, Node: n, Note: limit(cause), Attempt: attempt})
}

// maxKey bounds a correlation key, in bytes: it becomes part of a key of the store.
const maxKey = 1 << 10

// maxCause bounds the text of a cause in history, in bytes.
const maxCause = 1 << 10

func limit(s string) string {
	if len(s) <= maxCause {
		return s
	}
	cut := maxCause
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
