package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// Builder builds a Process in Go; it mirrors the text form one to one. Its methods change the Builder and return it.
// Mistakes are reported by Build, all at once, as findings that name the step.
type Builder struct {
	doc     *value
	records map[string]string // Go type -> name of the record type
	structs []any             // recordOf and varsOf, in the order given
	wrong   []mistake
	source  *source   // nil: built in Go
	at      mark      // in source
	found   []Finding // by whoever reads source
	open    []Finding // what that leaves open
}

// A mistake is something that cannot even be written as text.
type mistake struct{ code, node, hint, message string }

// New begins a process; steps run in the order given.
func New(id string, steps ...Step) *Builder {
	b := &Builder{doc: mapValue(entry{key: "process", value: stringValue(id)}), records: map[string]string{}}
	b.doc = b.doc.set("steps", listValue())
	return b.Then(steps...)
}

// Title sets the title of the process.
func (b *Builder) Title(s string) *Builder { return b.put("title", stringValue(s)) }

// Doc sets the description of the process.
func (b *Builder) Doc(s string) *Builder { return b.put("doc", stringValue(s)) }

// In adds variables that an instance is started with.
func (b *Builder) In(names ...string) *Builder {
	b.doc = b.doc.appendTo("in", stringValues(names)...)
	return b
}

// Out adds variables that an instance returns.
func (b *Builder) Out(names ...string) *Builder {
	b.doc = b.doc.appendTo("out", stringValues(names)...)
	return b
}

// Record declares a record type.
func (b *Builder) Record(name string, fields ...Field) *Builder {
	rec := mapValue()
	for _, f := range fields {
		if rec.get(f.Name) != nil {
			b.mistake("schema/duplicate-key", "", "", "the field %q of record %q is declared twice", f.Name, name)
		}
		rec.fields = append(rec.fields, entry{key: f.Name, value: stringValue(string(f.Type))})
	}
	return b.declare("types", name, rec)
}

// Var declares a variable.
func (b *Builder) Var(name string, t Type) *Builder {
	return b.Variables(Variable{Name: name, Type: t})
}

// VarDefault declares a variable with a default: a bool, number, string, time.Time, time.Duration, or what
// encoding/json makes a list or mapping of.
func (b *Builder) VarDefault(name string, t Type, v any) *Builder {
	return b.Variables(Variable{Name: name, Type: t, Default: v})
}

// Variables declares variables.
func (b *Builder) Variables(vars ...Variable) *Builder {
	for _, d := range vars {
		b.declare("vars", d.Name, variableValue(d, func(code, hint, message string) { b.mistake(code, "", hint, "%s", message) }))
	}
	return b
}

// DefaultRetry sets the policy of services that have none of their own.
func (b *Builder) DefaultRetry(r Retry) *Builder { return b.fallback("retry", retryValue(r)) }

// DefaultNoRetry gives services that have no policy of their own one attempt.
func (b *Builder) DefaultNoRetry() *Builder { return b.fallback("retry", stringValue("never")) }

// DefaultTimeout sets the timeout of services that have none of their own.
func (b *Builder) DefaultTimeout(period string) *Builder {
	return b.fallback("timeout", stringValue(period))
}

// Then adds steps at the end.
func (b *Builder) Then(steps ...Step) *Builder {
	b.doc = b.doc.appendTo("steps", stepValues(steps)...)
	return b
}

// Starts adds ways in which an instance begins, beside Plain none of them by the program: Timer, OnMessage, OnSignal,
// OnCondition. Next says with which step, else with the first; Then adds steps before it.
func (b *Builder) Starts(events ...Step) *Builder {
	b.doc = b.doc.appendTo("start", stepValues(events)...)
	return b
}

// Events adds event sub-processes of the process; see Step.Events.
func (b *Builder) Events(events ...Step) *Builder {
	b.doc = b.doc.appendTo("events", stepValues(events)...)
	return b
}

// Build makes the process. The error is an *Error with every finding. The Builder can be used further.
func (b *Builder) Build() (*Process, error) { return b.build(false) }

func (b *Builder) build(free bool) (*Process, error) {
	f := &findings{source: b.source}
	if f.source == nil {
		f.source = &source{name: b.doc.get("process").text}
	}
	doc, wrong := b.reflected()
	doc = doc.placed(b.at)
	f.list = b.reported()
	for _, m := range wrong {
		f.fatal(m.code, mark{}, m.node, m.hint, "%s", m.message)
	}
	wellFormed(f, doc, "", 0)
	if refused(f.list) {
		return nil, f.failure()
	}
	p, err := assemble(f, doc, free)
	if wrong := (*Error)(nil); errors.As(err, &wrong) {
		f.list = append(wrong.Findings, b.opened()...)
		return nil, f.failure()
	} else if err == nil {
		p.open = b.opened()
	}
	return p, err
}

// Schemas is Build, so that a Builder can be deployed.
func (b *Builder) Schemas() ([]*Process, error) {
	p, err := b.Build()
	if err != nil {
		return nil, err
	}
	return p.Schemas()
}

func (b *Builder) put(key string, v *value) *Builder {
	b.doc = b.doc.set(key, v)
	return b
}

func (b *Builder) mistake(code, node, hint, format string, args ...any) {
	b.wrong = append(b.wrong, mistake{code, node, hint, fmt.Sprintf(format, args...)})
}

// declare adds an entry to the mapping under key.
func (b *Builder) declare(key, name string, v *value) *Builder {
	m := b.doc.get(key)
	if m == nil {
		m = mapValue()
	}
	if m.get(name) != nil {
		b.mistake("schema/duplicate-key", "", "remove one of the two", "%q is declared twice", name)
	}
	return b.put(key, m.set(name, v))
}

func (b *Builder) fallback(key string, v *value) *Builder {
	m := b.doc.get("defaults")
	if m == nil {
		m = mapValue()
	}
	return b.put("defaults", m.set(key, v))
}

// variableValue writes a declaration as the text form does.
func variableValue(d Variable, wrong func(code, hint, message string)) *value {
	v := mapValue(entry{key: "type", value: stringValue(string(d.Type))})
	if d.Default != nil {
		def, err := goValue(d.Default)
		if err != nil {
			wrong("schema/default", "use what the text form can write", fmt.Sprintf("the default of %q: %v", d.Name, err))
			return v
		}
		v = v.set("default", def)
	}
	if d.Index {
		v = v.set("index", boolValue(true))
	}
	if d.Secret {
		v = v.set("secret", boolValue(true))
	}
	if d.From != "" {
		v = v.set("from", stringValue(d.From))
	}
	if d.Was != "" {
		v = v.set("was", stringValue(d.Was))
	}
	return v
}

func retryValue(r Retry) *value {
	v := mapValue()
	if r.Max != 0 {
		v = v.set("max", intValue(int64(r.Max)))
	}
	if r.First != 0 {
		v = v.set("first", lengthValue(r.First))
	}
	if r.Factor != 0 {
		v = v.set("factor", factorValue(r.Factor))
	}
	if r.Limit != 0 {
		v = v.set("limit", lengthValue(r.Limit))
	}
	return v
}

// factorValue writes a number that is checked by the reader, infinities and NaN included.
func factorValue(x float64) *value {
	v := doubleValue(x)
	if math.IsInf(x, 0) || math.IsNaN(x) {
		v.shape, v.number = shapeString, nil
	}
	return v
}

// lengthValue writes an exact time as a period; one that no period can say is written so that the reader refuses it.
func lengthValue(d time.Duration) *value {
	if d < 0 || d%time.Second != 0 {
		return stringValue(d.String())
	}
	return stringValue(Period{Rest: d}.String())
}

// goValue writes a Go value as the text form does. One that contains itself is too deep.
func goValue(x any) (*value, error) { return goValueIn(x, 0) }

var errTooDeep = fmt.Errorf("it is nested more than %d deep, or contains itself", maxDepth)

func goValueIn(x any, depth int) (*value, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	switch x := x.(type) {
	case time.Duration:
		return stringValue(x.String()), nil
	case float64:
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, fmt.Errorf("%v cannot be written", x)
		}
		return doubleValue(x), nil
	case []any:
		list := listValue()
		for _, item := range x {
			v, err := goValueIn(item, depth+1)
			if err != nil {
				return nil, err
			}
			list.items = append(list.items, v)
		}
		return list, nil
	}
	text, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	f := &findings{source: &source{}}
	v := loadJSON(f, text)
	if v == nil || refused(f.list) {
		return nil, fmt.Errorf("it is too large or too deep")
	}
	unmark(v)
	return v, nil
}

// unmark removes the positions of a value.
func unmark(v *value) {
	v.at = mark{}
	for _, item := range v.items {
		unmark(item)
	}
	for i := range v.fields {
		v.fields[i].at = mark{}
		unmark(v.fields[i].value)
	}
}

// wellFormed checks in values made in Go what the loaders check in text: nesting, length, encoding.
func wellFormed(f *findings, v *value, node string, depth int) {
	switch {
	case v == nil:
		return
	case depth > maxDepth:
		f.fatal("schema/too-deep", v.at, node, "", "values are nested more than %d deep", maxDepth)
		return
	case len(v.text) > MaxText:
		f.fatal("schema/too-large", v.at, node, "", "a text of %d bytes, more than %d", len(v.text), MaxText)
	}
	for _, item := range v.items {
		wellFormed(f, item, node, depth+1)
	}
	for _, e := range v.fields {
		wellFormed(f, e.value, node, depth+1)
	}
}
