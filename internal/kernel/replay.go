package kernel

import (
	"errors"
	"fmt"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// Replay runs a new instance of a schema with recorded letters as its oracle: silent transitions fire eagerly, guards
// are evaluated on the values as of their position, scripts and events happen when the letters say so. It is the same
// closure and the same firing as in Decide.
//
// The state that it builds has the marking, variables (versions are the original event numbers), loops and digests that
// the letters lead to; of its work only node and start are meaningful.
type Replay struct {
	m       *Machine
	step    step
	decided []Annotation
	fired   int   // letters so far
	blocked error // why a decision could not be made; the token stays
	event   Event // of the letter that fires
}

// NewReplay begins a replay on m's schema. input are the variables that the instance began with, env further writes
// that no letter of the replay makes; both are seen by guards from their event numbers on.
func (m *Machine) NewReplay(created int64, input []Write, env []Env) (*Replay, error) {
	s := m.NewState()
	s.past = newPast(m.p.Net.Places(), len(m.p.Vars))
	r := &Replay{m: m, step: step{m: m, s: s, c: &Command{}, at: created}}
	for _, e := range env {
		s.write(e.Write, e.Seq)
	}
	e := Event{Seq: 1, At: created, Kind: history.Created, Node: -1, Wrote: input}
	if err := m.Evolve(s, &e); err != nil {
		return nil, err
	}
	return r, nil
}

// Env is one write of the environment: of an operator, or of a letter that is not replayed.
type Env struct {
	Seq uint64
	Write
}

// Close makes the decisions that the closure comes to. A decision that cannot be made (its guard fails, or no flow is
// true) leaves its token where it is; see Blocked.
func (r *Replay) Close() error {
	d := &r.step
	for d.err == nil {
		di := r.m.pending(d.s)
		if di < 0 {
			return nil
		}
		from := len(d.log)
		path := r.m.path(d.s, r.m.p.Decisions[di].Node)
		d.choose(di)
		for _, e := range d.log[from:] {
			switch e.Kind {
			case history.Decided, history.LoopedBack:
				r.decided = append(r.decided, Annotation{Seq: d.s.past.limit, After: r.fired, Node: e.Node, Flows: e.Flows, Back: e.Kind == history.LoopedBack, Path: path})
			case history.IncidentRaised:
				r.blocked = fmt.Errorf("%s: %s", r.m.p.Nodes[e.Node].ID, e.Note)
			}
		}
		d.log = d.log[:0]
	}
	return d.err
}

// Enabled reports whether letter l can happen now. Call it after Close.
func (r *Replay) Enabled(l *Letter) bool {
	n := &r.m.p.Nodes[l.Node]
	t := int32(-1)
	switch l.Phase {
	case program.Start:
		t = n.Start
	case program.Complete:
		t = n.Complete
	case program.Occur:
		t = n.Occur
	default: // a decision that is made again
		w := r.step.s.Work(l.Node)
		return w != nil && w.Incident
	}
	return t >= 0 && r.m.p.Net.Enabled(r.step.s.Marking, int(t))
}

// Fire makes letter l happen, which must be enabled.
func (r *Replay) Fire(l *Letter) error {
	s, e := r.step.s, &r.event
	s.closed = s.closed[:0]
	e.Seq, e.At, e.Kind, e.Node, e.Wrote, e.Actor, e.Code = l.Seq, l.At, l.Kind, l.Node, l.Wrote, l.Actor, l.Code
	if err := r.m.Evolve(s, e); err != nil {
		return err
	}
	r.fired++
	return nil
}

// Expect makes room for what the letters write, which Fire is about to be called with.
func (r *Replay) Expect(letters []Letter) { r.step.s.past.expect(letters) }

// State is the state so far. It is the replay's.
func (r *Replay) State() *State { return r.step.s }

// Decided are the decisions that the replay made; Seq is the position that they were made at.
func (r *Replay) Decided() []Annotation { return r.decided }

// Blocked says why the last decision that could not be made could not be; nil if all could.
func (r *Replay) Blocked() error { return r.blocked }

// Waits reports whether a token is at node n: it is offered, running or waiting.
func (r *Replay) Waits(n int32) bool {
	x, m := &r.m.p.Nodes[n], r.step.s.Marking
	return m.Has(x.Wait) || m.Has(x.Running)
}

// Defined reports whether a variable has a value in the replay: a write of any number, or a default.
func (r *Replay) Defined(slot int) bool {
	return len(r.step.s.past.writes[slot]) > 0 || !r.m.p.Vars[slot].Default.Absent()
}

// Found reports whether letter l, at its node, found a value in a variable: a default, or a write with a number up to
// its own or to the position of its token. What the environment wrote later it cannot have read.
func (r *Replay) Found(l *Letter, slot int) bool {
	past, limit := r.step.s.past, l.Seq
	if at := r.m.p.Nodes[l.Node].Offered; at != petri.NoPlace {
		limit = max(limit, past.pos[at])
	}
	list := past.writes[slot]
	return len(list) > 0 && list[0].seq <= limit || !r.m.p.Vars[slot].Default.Absent()
}

// Take ends the replay and returns its state, which runs on from there.
func (r *Replay) Take() *State {
	s := r.step.s
	s.past, s.closed = nil, s.closed[:0]
	for _, v := range s.values {
		if !v.Absent() {
			s.valueBytes += v.Size()
		}
	}
	if s.Marking.Empty() {
		s.Status = Completed
	}
	return s
}

// Refusal says which letter of a trace a schema cannot reproduce.
type Refusal struct {
	Letter int // index in Trace.Letters
	Node   string
	Err    error
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("letter %d (%s): %v", r.Letter, r.Node, r.Err) }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

var errNotEnabled = errors.New("it is not enabled")

// Replay runs a whole trace on m's own schema by the strict criterion: all letters, in their order. A letter that is not
// enabled is a *Refusal. That the state equals the instance's is the invariant replay(schema, effective trace) = head.
func (m *Machine) Replay(t *Trace) (*State, error) {
	r, err := m.NewReplay(t.Created, t.Input, t.Env)
	if err != nil {
		return nil, err
	}
	r.Expect(t.Letters)
	for i := range t.Letters {
		l := &t.Letters[i]
		if err := r.Close(); err != nil {
			return nil, err
		}
		if !r.Enabled(l) {
			return nil, &Refusal{i, m.p.Nodes[l.Node].ID, errNotEnabled}
		}
		if err := r.Fire(l); err != nil {
			return nil, &Refusal{i, m.p.Nodes[l.Node].ID, err}
		}
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return r.Take(), nil
}
