// Package history is what an instance has done: the event kinds, append-only, and nothing else.
package history

import "time"

// Kind is an event kind. Values are durable: never renumbered, never reused.
type Kind uint8

// Event kinds. Those marked (letter) make up the effective trace that a migration replays; the others follow from
// them or tell of the work around them.
const (
	Created          Kind = iota + 1 // the instance began; Wrote are its input variables
	Offered                          // a user task may be claimed
	Started                          // (letter) a job was dispatched, a task was claimed
	Completed                        // (letter) an activity ended; Wrote are the variables it wrote
	Failed                           // an attempt of a job failed; there will be another at Due
	Canceled                         // an open activity was interrupted
	Decided                          // a gateway chose Flow
	LoopedBack                       // a structured loop began its next iteration
	Armed                            // a timer waits for Due
	Fired                            // (letter) a timer event occurred
	Subscribed                       // a message is waited for
	Received                         // (letter) a message arrived; Wrote are the variables it wrote
	Opened                           // (letter) multi-instance: the number of copies was fixed
	Compensated                      // a completed activity was undone
	VarsSet                          // an operator wrote variables
	Suspended                        // an operator stopped the instance
	Resumed                          // an operator let it go on
	IncidentRaised                   // something needs a person
	IncidentResolved                 // and got one
	Modified                         // state moved by an operator
	Changed                          // the schema of this instance was changed ad hoc
	Migrated                         // the instance moved to another version
	Redacted                         // values were removed for good
	Ended                            // the instance completed or was aborted
	Released                         // a claimed task went back to its group; retracts the open Started
	Caught                           // (letter) an error was caught by a boundary event
	RuleViolated                     // the event before, or the end, violated the rule Note of the schema
)

var names = [...]string{
	Created: "created", Offered: "offered", Started: "started", Completed: "completed", Failed: "failed",
	Canceled: "canceled", Decided: "decided", LoopedBack: "looped-back", Armed: "armed", Fired: "fired",
	Subscribed: "subscribed", Received: "received", Opened: "opened", Compensated: "compensated", VarsSet: "vars-set",
	Suspended: "suspended", Resumed: "resumed", IncidentRaised: "incident-raised", IncidentResolved: "incident-resolved",
	Modified: "modified", Changed: "changed", Migrated: "migrated", Redacted: "redacted", Ended: "ended",
	Released: "released", Caught: "caught", RuleViolated: "rule-violated",
}

// String returns the kind's name as it stands in JSON, "completed".
func (k Kind) String() string {
	if int(k) < len(names) && names[k] != "" {
		return names[k]
	}
	return "unknown"
}

// MarshalText is String.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Iteration is one turn of a structured loop, counted from 1.
type Iteration struct {
	Loop string `json:"loop"`
	N    int    `json:"n"`
}

// Move is what Migrated says of the move. The event's Wrote are all variables, as they are from there on.
type Move struct {
	From     int      `json:"from"`              // the version before; Event.Version is the one after
	Criteria string   `json:"criteria"`          // the relaxations that it took
	Dropped  []uint64 `json:"dropped,omitempty"` // numbers of the events that do not count from there on
	Order    []uint64 `json:"order,omitempty"`   // numbers of the events in the order in which they count; nil: as they came
}

// Event is one fact. Its slices and maps must not be changed.
type Event struct {
	Seq     uint64         `json:"seq"` // number in its instance, from 1
	Kind    Kind           `json:"kind"`
	At      time.Time      `json:"at"`      // UTC, milliseconds
	Version int            `json:"version"` // schema version that was in force
	Node    string         `json:"node,omitempty"`
	Scope   string         `json:"scope,omitempty"` // "" for the instance, "reviews[2]" for a copy
	Path    []Iteration    `json:"path,omitempty"`  // the loop iterations it happened in, outermost first
	Flow    string         `json:"flow,omitempty"`  // Decided, LoopedBack: the flow taken; several are joined by ","
	Actor   string         `json:"actor,omitempty"` // who did it; "" for the engine and the program itself
	Attempt int            `json:"attempt,omitempty"`
	Due     time.Time      `json:"due,omitzero"`
	Key     string         `json:"key,omitempty"`  // Subscribed: the correlation key
	Code    string         `json:"code,omitempty"` // Caught: the error code
	Wrote   map[string]any `json:"wrote,omitempty"`
	Note    string         `json:"note,omitempty"` // cause of a failure or incident; RuleViolated: the rule
	Move    *Move          `json:"move,omitempty"` // Migrated
}
