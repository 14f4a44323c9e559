// Package kernel is one process instance as a pure state machine.
//
//	Decide(state, command) -> events      checks the command, then drives the instance to rest
//	Evolve(state, event)                  the only thing that changes a state
//
// Decide changes the state by evolving it with each event it produces, so the fold of an instance's history is its
// state by construction. Running, verifying and replaying use the same net (internal/petri) and the same closure: in
// Decide guards are answered by their expressions, in Evolve by the Decided events that follow, in Replay by the
// recorded results.
//
// The package is pure: no I/O, no clock, no randomness, no goroutine, no logging. Time, ids and results come in with
// the command, values that are not in memory through Values.
package kernel

import (
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
)

// Status of an instance. Values are durable.
type Status uint8

// Statuses. An instance with an open incident is Running and State.Incidents is not 0.
const (
	Running Status = iota + 1
	Completed
)

// State is one instance: the fold of its history. The exported fields are durable (internal/codec encodes them in the
// head record); the rest is scratch that exists only during a step, and values that were read or written recently.
// A State belongs to one goroutine.
type State struct {
	Status  Status
	Epoch   uint64 // of the last migration it has seen; 0: none
	Seq     uint64 // number of the last event
	Created int64  // unix milliseconds
	Updated int64  // of the last event

	Scope // the root scope; children are records of their own

	// Children count the child scopes of each owner that has any; the scopes themselves are records of their own, so
	// that many children do not make the head long.
	Children []Children
	// Actors are the last completers of Program.Witnesses, in that order; "" for none yet.
	Actors []string
	// Rules are the states of the automata of Program.Rules, in that order; nil if instances keep none (Program.Watched).
	Rules []uint16

	machine    *Machine     // set by Shape
	values     []expr.Value // by slot: the current value, if it is in memory; absent: it is not, or is not written
	valueBytes int
	result     expr.Value // what `result` or `message` means while outputs are evaluated
	source     Values     // during a command
	readErr    error      // of source, reported when the command is over
	frontier   petri.Frontier
	closed     []int32 // nodes whose work firings took away since Decide looked last
	violated   []int   // rules that the last event violated for good
	unsafe     bool    // a firing put a second token on a place
	endless    bool    // silent transitions fired one another, and no end of it
	reset      bool    // see TakeReset
	past       *past   // in a replay only
}

// TakeReset reports whether variables of a sub-process were reset since it was asked last, which no event tells:
// entering the sub-process does that.
func (s *State) TakeReset() bool {
	was := s.reset
	s.reset = false
	return was
}

// Scope is a marking with its data: the instance itself, or a copy of a multi-instance body, or a handler occurrence.
type Scope struct {
	Marking petri.Marking
	// Slots hold, for each variable, the number of the event that wrote its current value; 0: not written, so its
	// value is its default, if it has one.
	Slots []uint64
	Works []Work // what it waits for, ascending by node
	Loops []Loop // by loop of the program
	// Key is the set digest of the effective trace (formal-core.md, KEY), Order the sequence digest of its letters as
	// they came (claims that were released included).
	Key, Order Digest
	// Superseded has a bit for each loop of which an iteration was dropped from Key; EnvWritten one for each variable
	// that such an iteration wrote.
	Superseded, EnvWritten Bits
	// Tags are tokens that carry debts or a position (formal-core.md, TAGS). A token without a tag has no debts, and
	// its position is the last event. Only migrations make tags.
	Tags []Tag
}

// Work is one thing an instance waits for: a task that is offered or running, an armed timer, a subscription, or an
// open incident at a gateway or script.
type Work struct {
	Node  int32
	Since uint64 // number of the event that opened it: its identity
	At    int64  // of that event, unix milliseconds
	Due   int64  // of a user task or timer, also one with an incident; of a job: when the next attempt is due; 0: none. Unix milliseconds
	// Attempt counts the failed attempts of a job; of a user task the claims that were given back, which rules of the
	// domain need: they heard of the first one that the task was started, and do not hear it again.
	Attempt  uint32
	Started  bool // the task was claimed or the job dispatched: it is running
	Job      bool // it is a service task, so a handler runs it
	Incident bool
	Actor    string // who claimed it
	Key      string // subscriptions: the correlation key; incidents: the cause
}

// begunBefore reports whether rules have heard already that a user task was started: its claim was given back.
func (w *Work) begunBefore() bool { return !w.Job && w.Attempt > 0 }

// Loop is the state of one structured loop.
type Loop struct {
	Iteration uint32 // from 1; 0: not open
	Acc       Digest // what the open iteration contributed to Key
	Wrote     Bits   // variables written in the open iteration
}

// Children counts the child scopes of one owner.
type Children struct {
	Node int32
	Open uint32 // alive now
	Next uint32 // key of the next one
}

// Tag is a token with debts or a position.
type Tag struct {
	Place petri.Place
	Pos   uint64   // greatest original event number in its causal past
	Debts []uint64 // numbers of the debts, ascending
}

// Bits is a small growable bitset; nil is empty.
type Bits []uint64

// Has reports whether bit i is set.
func (b Bits) Has(i int) bool { return i>>6 < len(b) && b[i>>6]&(1<<(i&63)) != 0 }

// Set returns b with bit i set; it grows b if it must.
func (b Bits) Set(i int) Bits {
	for i>>6 >= len(b) {
		b = append(b, 0)
	}
	b[i>>6] |= 1 << (i & 63)
	return b
}

// Or returns b with the bits of o set too.
func (b Bits) Or(o Bits) Bits {
	for len(b) < len(o) {
		b = append(b, 0)
	}
	for i, w := range o {
		b[i] |= w
	}
	return b
}

// Values reads variable values that are not in memory: the value that event version wrote to slot. An error fails the
// command with ErrRead and leaves the state unusable: drop it and load the instance again.
type Values interface {
	Value(slot int, version uint64) (expr.Value, error)
}

// Work returns the open work at node, or nil. The pointer is valid until the state changes.
func (s *Scope) Work(node int32) *Work {
	for i := range s.Works {
		if s.Works[i].Node == node {
			return &s.Works[i]
		}
	}
	return nil
}

// Incidents counts the open incidents.
func (s *Scope) Incidents() int {
	n := 0
	for i := range s.Works {
		if s.Works[i].Incident {
			n++
		}
	}
	return n
}

// Ended reports whether the instance is over.
func (s *State) Ended() bool { return s.Status >= Completed }
