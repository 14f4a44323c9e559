package schema

// This file is the key table: which keys a mapping of the text form may have, what their values look like and where
// the model keeps them. The reader, the builder (which makes values and has them read) and the printer follow it; the
// printer writes keys in the order of the rows. A row without a place in the model is of the grammar but not there
// yet; the reader refuses it by name, with the row's advice.

// A form says what the value of a key looks like and which Go type holds it in the model.
type form uint8

const (
	formText     form = iota + 1 // *text: a scalar, surrounding white space dropped
	formID                       // *text: the id of a step or process
	formName                     // *text: the name of a variable or record
	formCEL                      // *text: an expression
	formType                     // *text: the name of a type
	formSplit                    // *text: exclusive, parallel, inclusive or event
	formFlag                     // *bool
	formOnlyTrue                 // nothing: true, which is the default
	formPeriod                   // *span
	formLength                   // *time.Duration: a period of exact time
	formCount                    // *int: at least 1
	formFactor                   // *float64: at least 1
	formTexts                    // *[]text
	formIDs                      // *[]text
	formNames                    // *[]text
	formIn                       // *[]param: a list of names, or name: CEL
	formOut                      // *[]output: a list of names, or name: CEL
	formOutMap                   // *[]output: name: CEL
	formSet                      // *[]setting: name: literal
	formLiteral                  // *literal
	formRetry                    // **retry: a mapping, or never
	formDefaults                 // *defaults
	formTypes                    // *[]*record
	formVars                     // *[]*variable
	formSteps                    // *[]*step
	formBoundary                 // *[]*step: timer, message and error events
	formRace                     // *[]*step: timer and message events
	formCases                    // *[]*branch: {when, do} and {else}
	formBranches                 // *[]*branch: steps or {do}
	formFlows                    // *[]*branch: {next}
	formElse                     // *bool: present or absent; the value is empty or true
	formRules                    // *[]*rule; see rules.go
	formOn                       // *text: refuse or flag
)

// A row is one key of a mapping that the model keeps as a T.
type row[T any] struct {
	key   string
	form  form
	need  bool         // it must be there
	at    func(*T) any // where the model keeps it; nil: nowhere
	later string       // the key is of the grammar but not there yet: what to do meanwhile
}

// kinds is a set of kinds.
type kinds uint32

func of(list ...kind) kinds {
	var ks kinds
	for _, k := range list {
		ks |= 1 << k
	}
	return ks
}

func (ks kinds) has(k kind) bool { return ks&(1<<k) != 0 }

var (
	stepKinds  = of(kindUser, kindService, kindScript, kindReceive, kindWait, kindEnd, kindChoose, kindSome, kindRace, kindParallel, kindRepeat, kindSubprocess, kindGateway)
	eventKinds = of(kindTimer, kindMessage, kindError)
	hostKinds  = of(kindUser, kindService, kindReceive, kindSubprocess)
)

// kindKeys are the keys that introduce a step or an event, by kind.
var kindKeys = [...]string{
	kindUser: "user", kindService: "service", kindScript: "script", kindReceive: "receive", kindWait: "wait", kindEnd: "end",
	kindChoose: "choose", kindSome: "some", kindRace: "race", kindParallel: "parallel", kindRepeat: "repeat",
	kindSubprocess: "subprocess", kindGateway: "gateway", kindTimer: "timer", kindMessage: "message", kindError: "error",
}

// String is the key that introduces the kind.
func (k kind) String() string { return kindKeys[k] }

// A laterKind is a kind of the grammar that is not there yet.
type laterKind struct{ key, advice string }

var laterSteps = []laterKind{
	{"rule-table", `use "script" with conditional expressions, or "choose"`},
	{"send", `use "service" with a handler that sends`},
	{"manual", `use "user"`},
	{"call", `use "subprocess" with the steps of the other process, or a "service" that starts it`},
	{"each", `use "repeat" over an index, or a "service" that handles the whole list`},
	{"throw", `use "end" with "error" in a subprocess`},
	{"compensate", `use a "service" that undoes the work`},
}

var laterEvents = []laterKind{
	{"signal", `use "message"`},
	{"escalation", `use "error"`},
	{"condition", `test it in a "repeat" with a "wait"`},
}

// stepRow is a row for several kinds of steps and events.
type stepRow struct {
	kinds, need kinds // the kinds that may have the key, and those that must
	row[step]
}

const anyOther = kinds(1<<32 - 1)

var stepRows = []stepRow{
	{anyOther, 0, row[step]{key: "title", form: formText, at: func(s *step) any { return &s.title }}},
	{anyOther, 0, row[step]{key: "doc", form: formText, at: func(s *step) any { return &s.doc }}},
	{anyOther, 0, row[step]{key: "was", form: formID, at: func(s *step) any { return &s.was }}},

	{of(kindUser), 0, row[step]{key: "groups", form: formTexts, at: func(s *step) any { return &s.groups }}},
	{of(kindUser), 0, row[step]{key: "due", form: formPeriod, at: func(s *step) any { return &s.due }}},
	{of(kindUser), 0, row[step]{key: "separate-from", form: formIDs, at: func(s *step) any { return &s.apart }}},
	{of(kindUser), 0, row[step]{key: "assignee", later: `use "groups"`}},
	{of(kindUser), 0, row[step]{key: "follow-up", later: `use "due"`}},
	{of(kindUser), 0, row[step]{key: "priority", later: "leave it out"}},
	{of(kindUser), 0, row[step]{key: "form", later: "keep forms in the program that shows them, by the id of the step"}},

	{of(kindService), 0, row[step]{key: "handler", form: formText, at: func(s *step) any { return &s.handler }}},
	{of(kindService), 0, row[step]{key: "timeout", form: formPeriod, at: func(s *step) any { return &s.timeout }}},
	{of(kindService), 0, row[step]{key: "retry", form: formRetry, at: func(s *step) any { return &s.retry }}},
	{of(kindService), 0, row[step]{key: "require", later: "choose the provider in the handler"}},
	{of(kindService, kindUser, kindScript, kindReceive, kindSubprocess), 0, row[step]{key: "compensation", later: "undo the work in steps that follow an error"}},

	{of(kindReceive), of(kindReceive), row[step]{key: "message", form: formText, at: func(s *step) any { return &s.message }}},
	{of(kindWait), 0, row[step]{key: "message", form: formText, at: func(s *step) any { return &s.message }}},
	{of(kindMessage), 0, row[step]{key: "name", form: formText, at: func(s *step) any { return &s.message }}},
	{of(kindReceive, kindWait, kindMessage), 0, row[step]{key: "key", form: formCEL, at: func(s *step) any { return &s.key }}},
	{of(kindWait), 0, row[step]{key: "for", form: formPeriod, at: func(s *step) any { return &s.pause }}},
	{of(kindWait), 0, row[step]{key: "until", form: formCEL, at: func(s *step) any { return &s.instant }}},
	{of(kindWait), 0, row[step]{key: "cron", later: `use "for", or "until" with an expression`}},
	{of(kindWait), 0, row[step]{key: "signal", later: `use "message"`}},
	{of(kindWait), 0, row[step]{key: "condition", later: `test it in a "repeat" with a "wait"`}},
	{of(kindTimer), 0, row[step]{key: "after", form: formPeriod, at: func(s *step) any { return &s.pause }}},
	{of(kindTimer), 0, row[step]{key: "at", form: formCEL, at: func(s *step) any { return &s.instant }}},
	{of(kindTimer), 0, row[step]{key: "cron", later: `use "after", or "at" with an expression`}},
	{of(kindTimer), 0, row[step]{key: "every", later: `use "repeat" with a "wait"`}},
	{of(kindError), 0, row[step]{key: "code", form: formText, at: func(s *step) any { return &s.code }}},

	{of(kindEnd), 0, row[step]{key: "terminate", form: formFlag, at: func(s *step) any { return &s.kill }}},
	{of(kindEnd), 0, row[step]{key: "error", form: formText, at: func(s *step) any { return &s.code }}},
	{of(kindEnd), 0, row[step]{key: "escalation", later: `use "error"`}},
	{of(kindEnd), 0, row[step]{key: "message", later: `put a "service" that sends before a plain "end"`}},
	{of(kindEnd), 0, row[step]{key: "signal", later: `put a "service" that sends before a plain "end"`}},
	{of(kindEnd), 0, row[step]{key: "compensation", later: `put a "service" that undoes the work before a plain "end"`}},
	{of(kindEnd), 0, row[step]{key: "cancel", later: `use "error"`}},

	{of(kindUser, kindService), 0, row[step]{key: "in", form: formIn, at: func(s *step) any { return &s.in }}},
	{of(kindUser, kindService, kindReceive, kindWait, kindMessage), 0, row[step]{key: "out", form: formOut, at: func(s *step) any { return &s.out }}},
	{of(kindScript), 0, row[step]{key: "set", form: formSet, at: func(s *step) any { return &s.set }}},
	{of(kindScript), 0, row[step]{key: "out", form: formOutMap, at: func(s *step) any { return &s.out }}},

	{of(kindGateway), of(kindGateway), row[step]{key: "kind", form: formSplit, at: func(s *step) any { return &s.split }}},
	{of(kindGateway), 0, row[step]{key: "flows", form: formFlows, at: func(s *step) any { return &s.cases }}},
	{of(kindChoose, kindSome), of(kindChoose, kindSome), row[step]{key: "cases", form: formCases, at: func(s *step) any { return &s.cases }}},
	{of(kindRace), of(kindRace), row[step]{key: "cases", form: formRace, at: func(s *step) any { return &s.events }}},
	{of(kindParallel), of(kindParallel), row[step]{key: "branches", form: formBranches, at: func(s *step) any { return &s.cases }}},
	{of(kindRepeat), 0, row[step]{key: "while", form: formCEL, at: func(s *step) any { return &s.while }}},
	{of(kindRepeat), 0, row[step]{key: "until", form: formCEL, at: func(s *step) any { return &s.until }}},
	{of(kindSubprocess), 0, row[step]{key: "vars", form: formVars, at: func(s *step) any { return &s.vars }}},
	{of(kindSubprocess), 0, row[step]{key: "transaction", later: "undo the work in steps that follow an error"}},
	{of(kindSubprocess), 0, row[step]{key: "events", later: `use "boundary" on the subprocess`}},
	{of(kindSubprocess), 0, row[step]{key: "in", later: "leave it out: its steps see the variables around it"}},
	{of(kindSubprocess), 0, row[step]{key: "out", later: "leave it out: its steps write the variables around it"}},
	{of(kindRepeat, kindSubprocess), of(kindRepeat, kindSubprocess), row[step]{key: "do", form: formSteps, at: func(s *step) any { return &s.body }}},

	{eventKinds, 0, row[step]{key: "interrupt", form: formOnlyTrue, later: "events interrupt their activity for now: put the other work into a parallel branch"}},
	{eventKinds, 0, row[step]{key: "do", form: formSteps, at: func(s *step) any { return &s.body }}},
	{hostKinds, 0, row[step]{key: "boundary", form: formBoundary, at: func(s *step) any { return &s.bounds }}},
	{anyOther &^ of(kindEnd), 0, row[step]{key: "next", form: formID, at: func(s *step) any { return &s.next }}},
}

// stepTables are the rows of each kind.
var stepTables = func() (tables [len(kindKeys)][]row[step]) {
	for k := range tables {
		for _, r := range stepRows {
			if k > 0 && r.kinds.has(kind(k)) {
				row := r.row
				row.need = r.need.has(kind(k))
				tables[k] = append(tables[k], row)
			}
		}
	}
	return tables
}()

var processTable = []row[Process]{
	{key: "process", form: formID, need: true, at: func(p *Process) any { return &p.id }},
	{key: "title", form: formText, at: func(p *Process) any { return &p.title }},
	{key: "doc", form: formText, at: func(p *Process) any { return &p.doc }},
	{key: "in", form: formNames, at: func(p *Process) any { return &p.in }},
	{key: "out", form: formNames, at: func(p *Process) any { return &p.out }},
	{key: "types", form: formTypes, at: func(p *Process) any { return &p.types }},
	{key: "vars", form: formVars, at: func(p *Process) any { return &p.vars }},
	{key: "defaults", form: formDefaults, at: func(p *Process) any { return &p.defaults }},
	{key: "start", later: "start instances from the program, or begin with a receive step"},
	{key: "steps", form: formSteps, need: true, at: func(p *Process) any { return &p.steps }},
	{key: "events", later: `put the steps into a "subprocess" with "boundary" events`},
	{key: "rules", form: formRules, at: func(p *Process) any { return &p.rules }},
}

var defaultsTable = []row[defaults]{
	{key: "retry", form: formRetry, at: func(d *defaults) any { return &d.retry }},
	{key: "timeout", form: formPeriod, at: func(d *defaults) any { return &d.timeout }},
}

var retryTable = []row[Retry]{
	{key: "max", form: formCount, at: func(r *Retry) any { return &r.Max }},
	{key: "first", form: formLength, at: func(r *Retry) any { return &r.First }},
	{key: "factor", form: formFactor, at: func(r *Retry) any { return &r.Factor }},
	{key: "limit", form: formLength, at: func(r *Retry) any { return &r.Limit }},
}

var variableTable = []row[variable]{
	{key: "type", form: formType, need: true, at: func(v *variable) any { return &v.typ }},
	{key: "default", form: formLiteral, at: func(v *variable) any { return &v.initial }},
	{key: "index", form: formFlag, at: func(v *variable) any { return &v.index }},
	{key: "secret", form: formFlag, at: func(v *variable) any { return &v.secret }},
	{key: "from", form: formCEL, at: func(v *variable) any { return &v.from }},
	{key: "was", form: formName, at: func(v *variable) any { return &v.was }},
}

var whenTable = []row[branch]{
	{key: "when", form: formCEL, need: true, at: func(b *branch) any { return &b.when }},
	{key: "id", form: formID, at: func(b *branch) any { return &b.id }},
	{key: "do", form: formSteps, at: func(b *branch) any { return &b.body }},
	{key: "next", form: formID, at: func(b *branch) any { return &b.next }},
}

var elseTable = []row[branch]{
	{key: "else", form: formSteps, need: true, at: func(b *branch) any { return &b.body }},
	{key: "id", form: formID, at: func(b *branch) any { return &b.id }},
	{key: "next", form: formID, at: func(b *branch) any { return &b.next }},
}

var branchTable = []row[branch]{
	{key: "id", form: formID, at: func(b *branch) any { return &b.id }},
	{key: "do", form: formSteps, need: true, at: func(b *branch) any { return &b.body }},
}

// A flow of a gateway is {next}, {next, when} or {next, else}; the value of else is empty.
var flowTable = []row[branch]{
	{key: "when", form: formCEL, at: func(b *branch) any { return &b.when }},
	{key: "else", form: formElse, at: func(b *branch) any { return &b.otherwise }},
	{key: "id", form: formID, at: func(b *branch) any { return &b.id }},
	{key: "next", form: formID, need: true, at: func(b *branch) any { return &b.next }},
}
