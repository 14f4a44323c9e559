package kernel

import (
	"errors"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/history"
)

// CommandKind says what a Command wants.
type CommandKind uint8

// Commands.
const (
	Start        CommandKind = iota + 1 // begin; Writes are the input variables (see Machine.Inputs)
	Claim                               // a user task, by Actor
	Release                             // a claimed task
	CompleteTask                        // a user task, claimed or not, with Result
	CompleteJob                         // a running job, with Result
	FailJob                             // a running job: Cause, and Permanent, Code or Delay
	Fire                                // an armed timer that is due
	Receive                             // a message for a subscription, with Result as its payload
	Retry                               // an incident
	Refuse                              // a message that a subscription cannot take, and Cause: an incident there
)

// Command is one request to an instance.
type Command struct {
	Kind  CommandKind
	At    int64  // now, unix milliseconds; never before the instance's last event (Decide uses the later of both)
	Actor string // who asks; "" for the engine and the program itself
	Node  int32  // index in Program.Nodes; Start: ignored
	// Since is the number of the event that opened the work it is meant for; 0: whatever is open at Node.
	Since uint64

	Writes []Write    // Start
	Result expr.Value // a map (dyn), or absent for none

	Cause     string
	Permanent bool          // FailJob: no further attempt
	Code      string        // FailJob: a business error, caught by an error boundary event
	Delay     time.Duration // FailJob: next attempt after it, without using one up; 0: the retry policy decides
}

// Event is one fact, as compact as history needs it. Field meanings depend on Kind (see Evolve); Node is an index in
// the program in force.
type Event struct {
	Seq     uint64
	At      int64 // unix milliseconds
	Kind    history.Kind
	Node    int32  // -1: none
	Flows   uint64 // Decided, LoopedBack: bit i says that flow i of the decision was taken
	Attempt uint32
	Due     int64 // unix milliseconds; 0: none
	Actor   string
	Key     string
	Code    string
	Note    string
	Wrote   []Write // ascending by slot; owned by the event
	Move    *Move   // Migrated
	// Rules are, at Migrated, the states of the automata of the schema moved to (State.Rules); nil if it has none.
	Rules []uint16
}

// Write is one variable written.
type Write struct {
	Slot  int32
	Value expr.Value
}

// Errors of Decide. The state is unchanged after all of them but ErrRead and ErrBroken.
var (
	ErrState     = errors.New("not possible in this state")
	ErrNotFound  = errors.New("nothing like that is open")
	ErrConflict  = errors.New("somebody else has it")
	ErrForbidden = errors.New("not allowed")
	ErrRule      = errors.New("a rule of the process refuses it")
	ErrResult    = errors.New("the result does not fit the schema")
	ErrRead      = errors.New("a stored value cannot be read")
	ErrBroken    = errors.New("broken invariant")
)

// Context is what Decide needs beside the state: constant while a command runs.
type Context struct {
	Values   Values
	Location *time.Location // for calendar periods; nil: UTC
	// MaxValue bounds each value that is written, in bytes of its encoding; 0: no bound.
	MaxValue int
}
