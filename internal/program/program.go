// Package program is a compiled process schema: the net, the table of its nodes, its expressions. workflow/schema
// builds it, internal/kernel runs and replays it; nothing else interprets a schema.
//
// Everything in a Program is immutable and shared. Numbers of places, nodes, variables (slots), loops and flows are
// durable: heads and events store them. They follow from the source text alone, in document order, and Layout names
// the way in which they do; a change to the numbering is a new Layout, and the old one must remain available.
package program

import (
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/period"
	"github.com/replank/replank/internal/petri"
)

// Layout is the version of the numbering. It is stored with every deployed schema.
const Layout = 1

// Kind is the kind of a node. Values are durable and equal those of schema.Kind.
type Kind uint8

// Kinds of nodes, in the order of schema.Kind.
const (
	UserTask Kind = iota + 1
	ServiceTask
	ScriptTask
	RuleTask
	SendTask
	ReceiveTask
	ManualTask
	CallActivity
	SubProcess
	EventSubProcess
	ExclusiveGateway
	ParallelGateway
	InclusiveGateway
	EventGateway
	StartEvent
	CatchEvent
	ThrowEvent
	BoundaryEvent
	EndEvent
)

// Phase is what a letter says of its node. Values are durable.
type Phase uint8

// Phases of letters. A task has Start (dispatch, claim) and Complete; a script only Complete; an event only Occur.
const (
	Start Phase = iota + 1
	Complete
	Occur // a timer fired, a message was received, an error was caught
)

// Program is one compiled schema.
type Program struct {
	Process string
	Title   string
	Digest  [32]byte // of the canonical source
	// Free says that decisions are not evaluated: any flow may be taken. Such a program has no variables and no
	// expressions, tasks have no data, every Guard is nil. It serves questions about control flow and is never deployed.
	Free    bool
	Net     *petri.Net
	Initial petri.Marking // of a new instance, before its first closure
	Acts    []Act         // by transition of Net

	Nodes     []Node // in document order
	Decisions []Decision
	Loops     []Loop  // outer before inner
	Scopes    []Scope // 0 is the process, then embedded sub-processes in document order
	Vars      []Var   // by slot: those of the process, then the locals of sub-processes ("id.v")
	In, Out   []int   // slots of the process's data interface
	Env       *expr.Env

	// Witnesses are the nodes whose last completer is remembered, because a separate-from names them. Ascending.
	Witnesses []int
	// OpenedBy lists, for each place, the nodes that wait when it is marked (Node.Wait).
	OpenedBy [][]int32
	// Waiting is the set of all places in OpenedBy; Automatic of those at which a script waits to run.
	Waiting, Automatic petri.Marking

	Rules []Rule // of the domain, in the order written

	// Children are the scopes that may run in several copies, by their owners, ascending. Outer is the number of the
	// variables around this program, if it is a child: they come first in Vars, and have the slots that they have there.
	Children []Child
	Outer    int

	ByID map[string]int // node id -> index; for lookups only, never ranged over

	// PlaceNode is the node that a place belongs to, -1 for the process itself.
	PlaceNode []int32
}

// Act is what firing a transition means beside moving tokens.
type Act struct {
	Node  int32 // -1: none
	Phase Phase // of a letter, 0: silent
	// Decision and Flow: the transition takes that flow of Decisions[Decision]; -1: none.
	Decision, Flow int32
	Enter          []int32 // loops whose first iteration begins
	Back           int32   // loop whose next iteration begins; -1: none
	Leave          []int32 // loops that are left, by going on or by cancellation
	Reset          int32   // scope whose local variables return to their defaults; -1: none
}

// Node is an activity, event or gateway.
type Node struct {
	ID    string
	Was   string // its id in earlier versions, "" if the same
	Title string
	Kind  Kind
	Line  int // of the source; 0: unknown

	Scope int32   // the embedded sub-process it lies in
	Loops []int32 // loops around it, outermost first
	Host  int32   // boundary events: the activity they are attached to; else -1
	Race  int32   // events of a race: the race's node; else -1

	// Places. Offered: ready to start (tasks), or waiting (events: the place whose token they consume). Running:
	// between start and complete, or while some child runs. On: the activity is active, from offer to end; present only on sub-processes and on
	// activities with boundary events. NoPlace where there is none.
	Offered, Running, On petri.Place
	// Wait is the place whose token means that the node waits for something: Offered, or On of the host.
	// Scripts and error ends wait too, for the engine: their places are Automatic. NoPlace: it never waits (gateways,
	// sub-processes, other ends; error boundary events, which happen to a running task).
	Wait petri.Place

	// Transitions of Net, -1 where there is none.
	Start, Complete, Occur int32

	In  []Param
	Out []Output
	// Reads and Writes are slots, ascending: reads of In, keys, timers, conditions; writes of Out and Set.
	// OutReads are read by Out, at completion.
	Reads, OutReads, Writes []int

	// OpenResult: Out consists of expressions over the result, so that a result may hold more than they use. Else the
	// result's names are the variables written, and any other name is an error.
	OpenResult bool

	Groups    []string
	Handler   string // service tasks
	Retry     Retry
	Timeout   period.Period // of one attempt; zero: none
	Due       period.Period // user tasks; zero: none
	Separate  []int32       // user tasks: nodes whose last completer may not do this one
	Timer     *Timer
	Message   string        // receive, message events; what is sent
	Key       *expr.Program // correlation key, a string; nil: ""
	Code      string        // error and escalation events: "" catches any; what is thrown
	Throws    int32         // error ends, and what else throws: the event of this program that catches it; -1
	Terminate bool          // ends

	// What no engine runs yet: see schema.Process.Runs.
	Signal             string        // what is waited for, or sent
	Condition          *expr.Program // a bool
	Callee             string        // calls: the process; Version 0: the latest
	Version            int
	Assignee, Priority *expr.Program // user tasks: a string, an int
	FollowUp, TTL      period.Period // zero: none
	Table              *Table        // rule tasks
	Each               *Each         // multi-instance
}

// Timer says when a timer event is due: After its activation, or At an instant; or again and again, Every period or as
// Cron says.
type Timer struct {
	After period.Period
	At    *expr.Program // timestamp; nil: After
	Every period.Period // zero: once
	Cron  string        // "": none
}

// Param is one entry of a task's input.
type Param struct {
	Name string
	Slot int           // the variable, if Expr is nil
	Expr *expr.Program // over the variables
}

// Output is one variable that a completion writes.
type Output struct {
	Slot     int
	Name     string        // of the variable
	Optional bool          // "v?": the result may leave it out
	Expr     *expr.Program // over result (message for events) and the variables; nil: the result's field Name
	Set      *expr.Value   // scripts: a literal
}

// Retry is a retry policy of a service task. Delay n (from 1) is min(First * Factor^(n-1), Limit).
type Retry struct {
	Max    int // attempts in all
	First  time.Duration
	Factor float64
	Limit  time.Duration
	Never  bool // one attempt, and a crash while it runs is an incident
}

// MaxFlows bounds the flows of a Decision: events store which were taken as 64 bits.
const MaxFlows = 64

// Decision is a gateway that chooses: exclusive takes the first true flow in the written order, inclusive all true
// ones; the last flow, if it has no guard, is taken when no other is.
type Decision struct {
	Node      int32
	Inclusive bool
	Flows     []Flow
	// Exclusive: Take[i] is the transition of flow i; all of them share their pre set.
	//
	// Inclusive: a chain of steps, one per guarded flow, in two tracks (a flow was taken already, or none was).
	// Chain[2*i] and Chain[2*i+1] are the transitions of flow i in the track "none yet": true, false;
	// ChainSome[2*i..] the same in the track "some". Default and Done end the tracks. -1: there is none, as for
	// flow 0 in the track "some", and for "false" of the last flow in the track "none yet" if there is no default.
	Take             []int32
	Chain, ChainSome []int32
	Default, Done    int32
	// Entry are the transitions that the gateway may fire first; they share their pre set. Entry[0] comes first in a
	// closure and stands for the gateway there; a gateway that cannot be decided drops all of them.
	Entry []int32
}

// Flow is one way out of a Decision.
type Flow struct {
	ID    string        // durable name, unique in its decision
	Guard *expr.Program // nil: default, or any flow of a Program that is Free
	Text  string        // of the guard as written; "": default, or there is none
	Not   bool          // taken when Guard is false (exit of "while", loop-back of "until")
	Back  int32         // the loop that it begins again; -1: none
	Reads []int
}

// Loop is one structured loop (repeat).
type Loop struct {
	ID     string
	Node   int32 // its test
	Parent int32 // the loop around it; -1
	Scope  int32
}

// Scope is the process or an embedded sub-process.
type Scope struct {
	ID     string
	Node   int32 // -1 for the process
	Parent int32 // -1 for the process
	On     petri.Place
	Inside petri.Marking // the places within, On excluded
	Locals []int         // slots
}

// Var is one variable.
type Var struct {
	Name    string // "v", or "id.v" for a local of sub-process id
	Type    expr.Type
	Default expr.Value // absent: none
	Index   bool
	Secret  bool
	From    *expr.Program // over the variables of the version that a migration comes from; nil: see FromText
	Was     string
	// FromText is the source of From, "": by name. If From is nil it uses variables that this version does not have.
	FromText string
}
