package kernel

import (
	"fmt"

	"github.com/replank/replank/workflow/history"
)

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

// Replay runs a new instance with the recorded letters as its oracle, by the strict criterion (formal-core.md, REPLAY
// with no relaxation): silent transitions fire eagerly, guards are evaluated on the values written so far, scripts and
// events happen when the trace says so. The state it returns has the marking, variables (versions are the original event
// numbers), loops and digests that the trace leads to; of its work only node and start are meaningful. A letter that is
// not enabled is a *Refusal.
func (m *Machine) Replay(t *Trace, ctx Context) (*State, error) {
	s := m.NewState()
	d := step{m: m, s: s, ctx: ctx, c: &Command{}, at: t.Created}
	s.begin(ctx)
	created := Event{Seq: 1, At: t.Created, Kind: history.Created, Node: -1, Wrote: t.Input}
	if err := m.Evolve(s, &created); err != nil {
		return nil, err
	}
	for i := range t.Letters {
		d.close()
		l := &t.Letters[i]
		e := Event{Seq: l.Seq, At: l.At, Kind: l.Kind, Node: l.Node, Wrote: l.Wrote, Actor: l.Actor, Code: l.Code}
		err := d.err
		if err == nil {
			err = m.Evolve(s, &e)
		}
		if err != nil {
			return nil, &Refusal{i, m.p.Nodes[l.Node].ID, err}
		}
		s.closed, d.log = s.closed[:0], d.log[:0]
	}
	d.close()
	if d.err != nil {
		return nil, d.err
	}
	if s.Marking.Empty() {
		s.Status = Completed
	}
	return s, s.end()
}

// close makes the decisions that a closure comes to; scripts wait for their letters.
func (d *step) close() {
	for d.err == nil && d.s.readErr == nil {
		di := d.m.pending(d.s)
		if di < 0 {
			return
		}
		d.choose(di)
	}
}
