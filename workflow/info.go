package workflow

import (
	"time"

	"github.com/replank/replank/workflow/schema"
)

// State of an instance. In JSON it is its name.
type State uint8

// States of an instance.
const (
	Running   State = iota + 1
	Failed          // runs, with an open incident
	Completed       // reached its end
)

// Ended reports whether nothing can happen to the instance any more.
func (s State) Ended() bool { return s == Completed }

// String returns the name in lower case, "running".
func (s State) String() string {
	switch s {
	case Running:
		return "running"
	case Failed:
		return "failed"
	case Completed:
		return "completed"
	}
	return "unknown"
}

// MarshalText is String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// InstanceInfo is an instance at one moment. Times are UTC, in milliseconds.
type InstanceInfo struct {
	ID        string            `json:"id"`
	Key       string            `json:"key,omitempty"` // business key
	Process   string            `json:"process"`
	Version   int               `json:"version"`
	State     State             `json:"state"`
	Started   time.Time         `json:"started"`
	Ended     time.Time         `json:"ended,omitzero"`
	Due       time.Time         `json:"due,omitzero"`
	Priority  int               `json:"priority,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Seq       uint64            `json:"seq"` // number of its last event
	Waits     []Wait            `json:"waits,omitempty"`
	Incidents []string          `json:"incidents,omitempty"` // ids of the open ones
	Rules     []RuleInfo        `json:"rules,omitempty"`     // of the process, those with "on"; see schema.Rule
	Cursor    string            `json:"-"`                   // for InstanceFilter.After
}

// RuleInfo is what an instance so far says about a rule of its process.
type RuleInfo struct {
	Rule string `json:"rule"`
	// Verdict is "satisfied" or "violated", which is final, or "possibly satisfied" or "possibly violated", which is what
	// it would be if the instance ended now.
	Verdict string `json:"verdict"`
}

// Wait is something an instance waits for.
type Wait struct {
	Node  string      `json:"node"`
	Kind  schema.Kind `json:"kind"`
	Task  string      `json:"task,omitempty"` // id of a user task
	Until time.Time   `json:"until,omitzero"` // due date of a user task; when a timer fires, or a job is tried again
}

// TaskState of a user task. In JSON it is its name.
type TaskState uint8

// States of a user task.
const (
	Offered   TaskState = iota + 1 // may be claimed
	Claimed                        // by TaskInfo.Assignee
	Done                           // completed
	Withdrawn                      // something else made it unnecessary
)

// String returns the name in lower case, "offered".
func (s TaskState) String() string {
	switch s {
	case Offered:
		return "offered"
	case Claimed:
		return "claimed"
	case Done:
		return "done"
	case Withdrawn:
		return "withdrawn"
	}
	return "unknown"
}

// MarshalText is String.
func (s TaskState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// TaskInfo is a user task at one moment. Times are UTC, in milliseconds.
type TaskInfo struct {
	ID       string         `json:"id"`
	Instance string         `json:"instance"`
	Process  string         `json:"process"`
	Node     string         `json:"node"`
	Title    string         `json:"title,omitempty"`
	State    TaskState      `json:"state"`
	Assignee string         `json:"assignee,omitempty"` // who claimed it
	Groups   []string       `json:"groups,omitempty"`   // candidates
	Created  time.Time      `json:"created"`
	Due      time.Time      `json:"due,omitzero"`
	Revision uint64         `json:"revision"`     // differs whenever the task has changed; for Task.At. Below 2^53
	In       map[string]any `json:"in,omitempty"` // what the task was given; nil in lists, see Task.Info and Input
	Cursor   string         `json:"-"`            // for TaskFilter.After
}

// IncidentInfo is an incident: what failed, with what input.
type IncidentInfo struct {
	ID       string         `json:"id"`
	Instance string         `json:"instance"`
	Process  string         `json:"process"`
	Node     string         `json:"node"`
	Cause    string         `json:"cause"`
	Attempts int            `json:"attempts,omitempty"` // of a service task, until it was raised
	Raised   time.Time      `json:"raised"`             // UTC, milliseconds
	In       map[string]any `json:"in,omitempty"`       // of an activity; nil in lists, see Incident.Info
	Cursor   string         `json:"-"`                  // for IncidentFilter.After
}

// Message is addressed by name and correlation key, and kept until an instance waits for it or TTL is over.
type Message struct {
	Name string
	Key  string
	Data any // a struct with json tags or a map; nil for none
	// ID makes it safe to send a message again when the outcome is unknown: a second message of the tenant with the same
	// ID, whatever its name, is dropped, once the first was delivered or kept. The ID is remembered for TTL or
	// Options.MessageTTL, whichever is longer (24 h if both are negative), from then on. "": none.
	ID  string
	TTL time.Duration // 0: Options.MessageTTL; negative: not kept
}

// Delivery is where a message went.
type Delivery struct {
	Instances []string // ids of the instances that took it
	Kept      bool     // nobody waited; it is kept for its TTL
	Duplicate bool     // a message with the same ID came before, and had the effect told here; this one was dropped
}

// Deployment is the outcome of Deploy, a Version for each process in source order.
type Deployment struct{ Versions []Version }

// Version is one deployed schema.
type Version struct {
	Process  string
	Number   int
	New      bool      // false: an equal source was current already
	Deployed time.Time // UTC, milliseconds; zero from Verify
	Live     int       // instances that run on it; only from Tenant.Versions
	Warnings []schema.Finding
}

// StartOptions are optional; nil is the zero StartOptions.
type StartOptions struct {
	Key      string // business key: a second Start with it returns the same instance
	Version  int    // 0: current
	Priority int
	Due      time.Time
	Labels   map[string]string // opaque labels
}
