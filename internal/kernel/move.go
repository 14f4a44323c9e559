package kernel

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/history"
)

// Move is what a Migrated event says beside its time and actor: enough to compute the landing again from the history
// before it, so that a fold can go on behind it.
type Move struct {
	From, To uint32 // schema versions
	Criteria uint8  // migrate.Criteria that sufficed
	Timers   uint8  // migrate.TimerPolicy
	Rename   []Renaming
	Dropped  []uint64 // letters that became writes of the environment, ascending
	Order    []uint64 // letters in the order of the replay; nil: as they were
	Dues     []Due    // timers that are due at another time now, ascending by node
}

// Renaming makes two node ids the same node; the plan gave it, the schemas do not.
type Renaming struct{ Old, New string }

// Due is when the timer at a node is due.
type Due struct {
	Node int32
	At   int64 // unix milliseconds
}

// Move puts an instance on m's schema, where it lands in the state that migrate found for it (with the work that it
// keeps, see Settled), and drives it to rest there. old is its state until now, for numbers and times; it is not
// changed. wrote are the values of all variables in the numbering of m's schema, ascending by slot: they live in the
// Migrated event from now on, which is the first of the events appended to log. rules are what Monitors says of them.
//
// The errors are ErrState (it has ended), ErrRead and ErrBroken; after them landing is not to be used.
func (m *Machine) Move(old, landing *State, mv *Move, rules []uint16, wrote []Write, ctx Context, at int64, actor string, log []Event) ([]Event, error) {
	if old.Status != Running {
		return log, fmt.Errorf("%w: the instance has ended", ErrState)
	}
	e := Event{Seq: old.Seq + 1, At: max(at, old.Updated), Kind: history.Migrated, Node: -1, Actor: actor, Wrote: wrote, Move: mv, Rules: rules}
	base := len(log)
	log = append(log, e)
	m.Settled(old, landing, &e)
	d := step{m: m, s: landing, ctx: ctx, c: &Command{}, at: e.At, base: base, log: log}
	landing.begin(ctx)
	d.flagMoved()
	d.rest()
	err := d.err
	if read := landing.end(); read != nil {
		err = read
	}
	if err != nil {
		return log[:base], err
	}
	return d.log, nil
}

// Settled is the effect of the Migrated event e on a landing: it takes numbers, times and values over. A fold calls it
// with the landing that it computed again.
func (m *Machine) Settled(old, landing *State, e *Event) {
	landing.Status, landing.Epoch, landing.Created = Running, old.Epoch, old.Created
	landing.Seq, landing.Updated = e.Seq, e.At
	for i := range landing.Slots {
		landing.Slots[i] = 0
		landing.keep(i, expr.Value{})
	}
	for _, w := range e.Wrote {
		landing.write(w, e.Seq)
	}
	copy(landing.Rules, e.Rules)
	for _, d := range e.Move.Dues {
		if w := landing.Work(d.Node); w != nil {
			w.Due = d.At
		}
	}
	landing.closed = landing.closed[:0]
}

// Held are the variables that have a value in memory and were written, ascending by slot: all of them after a replay.
func (s *State) Held() []Write {
	var out []Write
	for i, v := range s.values {
		if s.Slots[i] != 0 && !v.Absent() {
			out = append(out, Write{Slot: int32(i), Value: v})
		}
	}
	return out
}

// Carry extends a trace, so that a replay of it gives the variables that the state behind Migrated event e has: each was
// written again by it.
func (t *Trace) Carry(e *Event) {
	t.Env = slices.Clip(t.Env)
	for _, w := range e.Wrote {
		t.Env = append(t.Env, Env{Seq: e.Seq, Write: w})
	}
}

// Fold extends a trace and the state that it led to by one event, which is not Migrated: that one needs the schema
// before it too, so package migrate folds it.
func (m *Machine) Fold(t *Trace, s *State, e *Event) error {
	t.add(m, s, e)
	err := m.Evolve(s, e)
	s.closed = s.closed[:0]
	return err
}
