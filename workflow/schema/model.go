package schema

import (
	"github.com/replank/replank/internal/period"
	"github.com/replank/replank/internal/program"
)

// This file is the tree that the text form, the Go builder and the compiler share: what the source says, checked for
// its form but not yet for its meaning. The reader (read.go) makes it, the resolver (resolve.go) fills the links
// between its parts, the printer (print.go) turns it back into text. After that nobody changes it.

// A mark is a place in the source: line and column, in characters, from 1. The zero mark is unknown: the process was
// built in Go.
type mark struct{ line, col int }

// A text is one scalar of the source. An empty scalar is refused by the reader, so "" means that the key is absent.
type text struct {
	s  string
	at mark // of its first character in the source, an opening quote included
}

// given reports whether the source has the scalar.
func (t text) given() bool { return t.s != "" }

// A span is a period of the source: "P5D working".
type span struct {
	text
	period period.Period
}

// A literal is a constant of the source: a default, or a value that a script sets.
type literal struct {
	// value is a plain Go value as encoding/json gives it, but with int64 for whole numbers and float64 for others:
	// bool, int64, uint64, float64, string, []any, map[string]any. Never nil: null is refused.
	value any
	tree  *value // as written, for the printer: keeps the order of keys
	at    mark
}

// given reports whether the source has the literal.
func (l literal) given() bool { return l.tree != nil }

// A Process is one process schema. It is immutable and may be shared; the zero Process is not valid.
type Process struct {
	source *source // for findings; never nil
	free   bool    // for questions about control flow only; see ParseControl

	id, title, doc text
	in, out        []text      // names of process variables
	types          []*record   // in the order written
	vars           []*variable // in the order written, which is that of their slots
	defaults       defaults
	starts         []*step // how an instance begins, if not with the first step, by the program alone
	steps          []*step
	handlers       []*step // event sub-processes of the process
	rules          []*rule // in the order written, which is that of their monitors

	// Filled by the resolver.
	all  []*step          // steps and events in document order: starts, steps, handlers; a step, then what lies in it, then its boundary
	byID map[string]*step // for lookups only

	json     []byte // canonical text, on one line; what the digest is taken of
	digest   [32]byte
	nodes    []*Node // twin of all
	program  *program.Program
	report   *Report   // of the default budget; nil if free
	warnings []Finding // of the reader and the compiler
	open     []Finding // see Open
}

// defaults are what services have that say nothing of their own.
type defaults struct {
	retry   *retry // nil: the engine's
	timeout span
}

// A record is a named record type.
type record struct {
	name   text
	fields []field
}

// A field is one field of a record; typ is the text of its type.
type field struct{ name, typ text }

// A variable is a declared variable, of the process or of a subprocess.
type variable struct {
	name          text
	typ           text // a type that expr.ParseType accepts with the process's records
	initial       literal
	index, secret bool
	from          text // CEL over the variables of the version that a migration comes from
	was           text // its name in earlier versions
}

// A kind is what a step or an event is, by the key that introduces it.
type kind uint8

const (
	kindUser kind = iota + 1
	kindService
	kindScript
	kindRules
	kindSend
	kindReceive
	kindManual
	kindCall
	kindWait
	kindThrow
	kindCompensate
	kindEnd
	kindChoose
	kindSome
	kindRace
	kindParallel
	kindRepeat
	kindEach
	kindSubprocess
	kindGateway
	// Events: cases of a race, boundary events, event sub-processes, and starts, of which plain is one.
	kindPlain
	kindTimer
	kindMessage
	kindSignal
	kindError
	kindEscalation
	kindCondition
	kindCancel
)

// A step is an activity, an event, a block or a gateway. Which fields can be set depends on the kind: the key table
// (keys.go) says it.
type step struct {
	kind kind
	id   text
	at   mark // of the mapping

	title, doc text
	was        text // its id in earlier versions
	next       text // jump that replaces going on; see target

	in      []param     // user, service, call
	out     []output    // user, service, call, script, each; receive, message and signal waits and events (there over "message")
	set     []setting   // script
	handler text        // service: the registered kind; "" means the id (see handlerName)
	groups  []text      // user: candidate groups
	due     span        // user
	apart   []text      // user: "separate-from"; see separate
	retry   *retry      // service; nil: Process.defaults
	timeout span        // service; not given: Process.defaults
	message text        // send, receive, wait, throw, end, message event ("name"); "" of a message event means the id (see messageName)
	key     text        // what has a message: CEL, a string; "" means the empty key
	pause   span        // wait "for", timer "after"
	instant text        // wait "until", timer "at": CEL, a timestamp
	code    text        // error event: "" catches any; "error" of end and throw
	kill    bool        // end "terminate: true"
	until   text        // repeat: CEL, tested after the body; each: CEL over results, done and total
	while   text        // repeat: CEL, tested before the body; exactly one of until and while is given
	split   text        // gateway "kind": exclusive, parallel, inclusive, event
	cases   []*branch   // choose, some: cases, the else last. parallel: branches. gateway: flows, may be empty: a mere merge
	body    []*step     // repeat, each, subprocess: "do". Events: what follows them; empty: they go on to what follows the host or race
	vars    []*variable // subprocess, each: its own variables
	events  []*step     // race: its cases
	bounds  []*step     // boundary events of an activity

	assignee    text          // user: CEL, a string
	followUp    span          // user
	priority    text          // user: CEL, an int
	form        literal       // user: a mapping, passed through
	require     literal       // service: a mapping, passed through
	callee      text          // call "process"
	version     int           // call; 0: the one that is deployed last
	signal      text          // wait, throw, end, signal event ("name"); "" of a signal event means the id (see signalName)
	data        []param       // send, throw, end: what the message or signal carries
	ttl         span          // send, throw, end: how long the message is kept
	partner     text          // what has a message: who is at the other end, for people
	condition   text          // wait, condition event ("when"): CEL, a bool
	cron        text          // wait, timer
	every       span          // timer
	escalation  text          // throw, end: the code; escalation event ("code"): "" catches any
	compensates bool          // end "compensation: true"
	cancels     bool          // end "cancel: true"
	undone      []text        // compensate, end "nodes": what to compensate; none: all of the scope; see undoes
	hit         text          // rule-table: "" means first
	rows        []*tableRow   // rule-table
	noRow       []output      // rule-table "else"
	list        text          // each "of": CEL, a list or an int
	as          text          // each: the name of the variable that holds the element
	mode        text          // each: "" means parallel
	collect     text          // each: CEL, what each copy adds to results
	transaction bool          // subprocess
	handlers    []*step       // subprocess "events": its event sub-processes
	beside      bool          // event "interrupt: false"
	undo        *compensation // activity; nil: the default of its kind

	// Filled by the resolver.
	index    int     // position in Process.all
	outer    *step   // the subprocess or each it lies in directly; nil: the process. A boundary event lies where its host lies
	loops    []*step // the repeats around it within its child scope, outermost first; not itself
	within   *step   // what it lies in directly: outer, or an event with what follows it, or an activity that it compensates
	role     role    // of events: what they do
	host     *step   // boundary events and compensations: the activity they belong to
	race     *step   // cases of a race: the race
	target   *step   // where next leads
	separate []*step // the user steps that apart names
	undoes   []*step // the activities that undone names
	catch    *step   // end and throw: the event that catches the error, escalation or cancel; nil: none does
}

// A role is what an event is there for.
type role uint8

const (
	roleNone     role = iota // a step
	roleRace                 // case of a race
	roleBoundary             // boundary event
	roleHandler              // event sub-process
	roleStart                // start of the process
)

// A branch is one way out of a block or gateway: a case {when, do}, {else: steps}, a branch {do} of a parallel (one
// that is a bare step has that as its body), or a flow {next, when} of a gateway.
type branch struct {
	at        mark
	id        text // durable name of the flow, "" where it follows from its ends or its guard
	when      text // CEL guard; "" for else, for branches of a parallel and for unguarded flows
	otherwise bool // it is the else
	body      []*step
	next      text  // jump at the end of the body; flows of a gateway: where they lead
	target    *step // where next leads; filled by the resolver
}

// A param is one entry of "in": a variable by name, or name: CEL over the variables.
type param struct {
	name text
	expr text // "": the variable called name
}

// An output is one entry of "out": a variable by name, which takes the result's field of that name, or variable: CEL
// over the variables and, except in scripts, "result" or "message".
type output struct {
	variable text // without the question mark
	optional bool // "v?": the result may leave it out; list form only
	expr     text
}

// A setting is one entry of a script's "set".
type setting struct {
	variable text
	value    literal
}

// A tableRow is one row of a rule-table.
type tableRow struct {
	at   mark
	when text
	set  []output // with expressions
}

// A compensation says how an activity is undone: by a step, or in a word.
type compensation struct {
	word text // none or impossible
	step *step
}

// A retry is a retry policy.
type retry struct {
	at     mark
	never  bool
	policy Retry // what the source leaves out is 0 and means the default; see Retry
}

// handlerName is the registered kind that serves a service.
func (s *step) handlerName() string {
	if s.handler.given() {
		return s.handler.s
	}
	return s.id.s
}

// messageName is the name of the message that a receive, a wait or a message event expects; "" if it expects none.
func (s *step) messageName() string {
	if s.kind == kindMessage && !s.message.given() {
		return s.id.s
	}
	return s.message.s
}

// signalName is the name of the signal that a wait or a signal event expects; "" if it expects none.
func (s *step) signalName() string {
	if s.kind == kindSignal && !s.signal.given() {
		return s.id.s
	}
	return s.signal.s
}

// expects reports whether a message or a signal comes to the step, over which its out is.
func (s *step) expects() bool {
	switch s.kind {
	case kindReceive, kindWait, kindMessage, kindSignal:
		return s.messageName() != "" || s.signalName() != ""
	}
	return false
}

// stops reports whether nothing falls through behind the step.
func (s *step) stops() bool {
	return s.kind == kindEnd || s.kind == kindThrow && s.code.given() || s.kind == kindGateway && len(s.cases) > 0
}

// isChild reports whether what lies in the step is a scope of its own, of which several may run at a time: the body of
// an each, of an event that does not interrupt, and a compensation.
func (s *step) isChild() bool {
	return s.kind == kindEach || s.beside
}

// inner yields the lists of steps that lie in s or at its border, in document order.
func (s *step) inner(yield func([]*step) bool) {
	for _, b := range s.cases {
		if !yield(b.body) {
			return
		}
	}
	var undo []*step
	if s.undo != nil && s.undo.step != nil {
		undo = []*step{s.undo.step}
	}
	for _, list := range [][]*step{s.events, s.body, s.handlers, s.bounds, undo} {
		if !yield(list) {
			return
		}
	}
}
