package kernel

import (
	"iter"
	"slices"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// Trace is the effective trace E of an instance (formal-core.md, TRACE): what a migration replays. It is a view of the
// history. Slices belong to the trace; values are shared.
type Trace struct {
	Created int64   // unix milliseconds
	Input   []Write // what the instance began with
	Env     []Env   // writes that no letter makes: of operators, and of what a move dropped or converted
	Letters []Letter
	Decided []Annotation // what gateways chose; replay decides again, so they are for digests and explanations
	Seen    []Seen       // the letters of the raw history, those of moves before included: what rules read
	Moved   bool         // the run came here from another version, so Seen does not follow from Letters
}

// Letter is one entry of the effective trace.
type Letter struct {
	Seq   uint64 // its original event number, which is also the version of what it wrote
	At    int64
	Kind  history.Kind
	Node  int32
	Phase program.Phase // 0: a guard incident was resolved at the gateway Node
	Path  []Iteration   // loop iterations it lies in, outermost first
	Wrote []Write       // its mask, with the values
	Reads []Version     // what it read, ascending by slot
	Actor string
	Code  string
}

// Annotation is a decision of a gateway.
type Annotation struct {
	Seq   uint64
	After int // letters of the trace that come before it
	Node  int32
	Flows uint64
	Back  bool // it began a loop again
	Path  []Iteration
}

// Iteration is one turn of a loop of the program, from 1.
type Iteration struct {
	Loop int32
	N    uint32
}

// Version is one variable at one moment: the event that wrote it, 0 for its default.
type Version struct {
	Slot int32
	Seq  uint64
}

// Effective folds a history, from its first event on, and returns its effective trace and the state it ends in.
func (m *Machine) Effective(events iter.Seq2[Event, error]) (*Trace, *State, error) {
	t, s := &Trace{}, m.NewState()
	for e, err := range events {
		if err != nil {
			return nil, nil, err
		}
		if err := m.Fold(t, s, &e); err != nil {
			return nil, nil, err
		}
	}
	return t, s, nil
}

// add extends the trace by e, s being the state before it.
func (t *Trace) add(m *Machine, s *State, e *Event) {
	if e.Node >= int32(len(m.p.Nodes)) || e.Node < 0 && e.Kind != history.Created {
		return // Evolve refuses it
	}
	t.see(s, e)
	l := Letter{Seq: e.Seq, At: e.At, Kind: e.Kind, Node: e.Node, Wrote: e.Wrote, Actor: e.Actor, Code: e.Code}
	switch e.Kind {
	case history.Created:
		t.Created, t.Input = e.At, e.Wrote
		return
	case history.Decided, history.LoopedBack:
		t.Decided = append(t.Decided, Annotation{e.Seq, len(t.Letters), e.Node, e.Flows, e.Kind == history.LoopedBack, m.path(s, e.Node)})
		return
	case history.Released:
		for i := len(t.Letters) - 1; i >= 0; i-- {
			if t.Letters[i].Node == e.Node {
				t.Letters = slices.Delete(t.Letters, i, i+1)
				for k := range t.Decided {
					if t.Decided[k].After > i {
						t.Decided[k].After--
					}
				}
				return
			}
		}
		return
	case history.Started:
		l.Phase, l.Reads = program.Start, s.versions(m.p.Nodes[e.Node].Reads)
	case history.Completed:
		l.Phase, l.Reads = program.Complete, s.versions(m.p.Nodes[e.Node].OutReads)
	case history.Fired, history.Received, history.Caught:
		l.Phase, l.Reads = program.Occur, s.versions(m.p.Nodes[e.Node].OutReads)
	case history.IncidentResolved:
		if len(m.byNode[e.Node]) == 0 {
			return
		}
	default:
		return
	}
	l.Path = m.path(s, e.Node)
	t.Letters = append(t.Letters, l)
}

func (m *Machine) path(s *State, node int32) []Iteration {
	loops := m.p.Nodes[node].Loops
	if len(loops) == 0 {
		return nil
	}
	path := make([]Iteration, len(loops))
	for i, l := range loops {
		path[i] = Iteration{l, s.Loops[l].Iteration}
	}
	return path
}

// Path is the loop iterations that node lies in now, outermost first; nil if it lies in no loop.
func (m *Machine) Path(s *State, node int32) []Iteration { return m.path(s, node) }

func (s *State) versions(slots []int) []Version {
	if len(slots) == 0 {
		return nil
	}
	out := make([]Version, len(slots))
	for i, slot := range slots {
		out[i] = Version{int32(slot), s.Slots[slot]}
	}
	return out
}
