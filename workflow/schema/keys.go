package schema

// This file is the key table: which keys a mapping of the text form may have, what their values look like and where
// the model keeps them. The reader, the builder (which makes values and has them read) and the printer follow it; the
// printer writes keys in the order of the rows. A row without a place in the model is of the grammar but not there
// yet; the reader refuses it by name, with the row's advice.

// A form says what the value of a key looks like and which Go type holds it in the model.
type form uint8

const (
	formText         form = iota + 1 // *text: a scalar, surrounding white space dropped
	formID                           // *text: the id of a step or process
	formName                         // *text: the name of a variable or record
	formCEL                          // *text: an expression
	formType                         // *text: the name of a type
	formSplit                        // *text: exclusive, parallel, inclusive or event
	formFlag                         // *bool
	formInterrupt                    // *bool: set by false; true is the default
	formPeriod                       // *span
	formLength                       // *time.Duration: a period of exact time
	formCount                        // *int: at least 1
	formFactor                       // *float64: at least 1
	formTexts                        // *[]text
	formIDs                          // *[]text
	formNames                        // *[]text
	formIn                           // *[]param: a list of names, or name: CEL
	formOut                          // *[]output: a list of names, or name: CEL
	formOutMap                       // *[]output: name: CEL
	formSet                          // *[]setting: name: literal
	formLiteral                      // *literal
	formRetry                        // **retry: a mapping, or never
	formDefaults                     // *defaults
	formTypes                        // *[]*record
	formVars                         // *[]*variable
	formSteps                        // *[]*step
	formBoundary                     // *[]*step: events of every kind
	formEvents                       // *[]*step: event sub-processes; events of every kind but cancel
	formStarts                       // *[]*step: plain, timer, message, signal and condition events
	formRace                         // *[]*step: timer, message, signal and condition events
	formCases                        // *[]*branch: {when, do} and {else}
	formBranches                     // *[]*branch: steps or {do}
	formFlows                        // *[]*branch: {next}
	formElse                         // *bool: present or absent; the value is empty or true
	formMode                         // *text: parallel or sequential
	formHit                          // *text: first, unique or collect
	formCron                         // *text: five to seven fields
	formMapping                      // *literal: a mapping, passed through
	formRequire                      // *literal: a mapping with the keys of requirements
	formCompensation                 // **compensation: a step, none or impossible
	formTable                        // *[]*tableRow: {when, set}
	formRules                        // *[]*rule; see rules.go
	formOn                           // *text: refuse or flag
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

var processTable = []row[Process]{
	{key: "process", form: formID, need: true, at: func(p *Process) any { return &p.id }},
	{key: "title", form: formText, at: func(p *Process) any { return &p.title }},
	{key: "doc", form: formText, at: func(p *Process) any { return &p.doc }},
	{key: "in", form: formNames, at: func(p *Process) any { return &p.in }},
	{key: "out", form: formNames, at: func(p *Process) any { return &p.out }},
	{key: "types", form: formTypes, at: func(p *Process) any { return &p.types }},
	{key: "vars", form: formVars, at: func(p *Process) any { return &p.vars }},
	{key: "defaults", form: formDefaults, at: func(p *Process) any { return &p.defaults }},
	{key: "start", form: formStarts, at: func(p *Process) any { return &p.starts }},
	{key: "steps", form: formSteps, need: true, at: func(p *Process) any { return &p.steps }},
	{key: "events", form: formEvents, at: func(p *Process) any { return &p.handlers }},
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

// A row of a rule table. Its else is a mapping of its own.
var rowTable = []row[tableRow]{
	{key: "when", form: formCEL, need: true, at: func(r *tableRow) any { return &r.when }},
	{key: "set", form: formOutMap, need: true, at: func(r *tableRow) any { return &r.set }},
}
