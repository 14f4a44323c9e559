package migrate

import (
	"fmt"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// Outcome is the kind of a Verdict. Values are durable.
type Outcome uint8

// Outcomes.
const (
	Accept            Outcome = iota + 1 // it may move, to Target
	AcceptIf                             // it may move if its values are so
	Ambiguous                            // several targets fit
	Later                                // not now, but after Until
	NeedsCompensation                    // after Undo was compensated
	NeedsAbort                           // after Undo was aborted
	Never                                // not by these criteria
	PlanError                            // the target schema itself is at fault
)

var outcomeNames = [...]string{
	Accept: "accept", AcceptIf: "accept-if", Ambiguous: "ambiguous", Later: "later",
	NeedsCompensation: "needs-compensation", NeedsAbort: "needs-abort", Never: "never", PlanError: "plan-error",
}

// String is the outcome's name as in JSON.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) && outcomeNames[o] != "" {
		return outcomeNames[o]
	}
	return "unknown"
}

// MarshalText is String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Target is where a run lands: node ids, in document order.
type Target struct {
	Offered []string // wait to be started, or for a message or time
	Running []string // go on running
}

// Verdict is the answer for one run, or for every run of one class.
type Verdict struct {
	Outcome  Outcome
	Criteria Criteria // Accept: the least set that suffices
	Target   Target   // Accept
	Event    uint64   // else: the number of the first event that cannot be reproduced; 0: none, it is the state at the end
	Node     string   // and its node, by its id in the old schema
	Blame    string   // the change of the schema that is at fault
	Message  string
	Undo     []string         // NeedsAbort: running nodes that the target would not have running
	Warnings []schema.Finding // a probable rename, say
	Remedies []string         // what would help
}

// Accepted reports whether the run may move.
func (v *Verdict) Accepted() bool { return v.Outcome == Accept }

// String tells the verdict in one line.
func (v Verdict) String() string {
	if v.Outcome == Accept {
		s := fmt.Sprintf("accept (%s): offered [%s]", v.Criteria, strings.Join(v.Target.Offered, " "))
		if len(v.Target.Running) > 0 {
			s += fmt.Sprintf(", running [%s]", strings.Join(v.Target.Running, " "))
		}
		return s
	}
	s := v.Outcome.String() + ": " + v.Message
	if v.Blame != "" {
		s += "; " + v.Blame
	}
	if len(v.Remedies) > 0 {
		s += "; would help: " + strings.Join(v.Remedies, ", ")
	}
	return s
}
