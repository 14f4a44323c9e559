package bpmn

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/replank/replank/workflow/schema"
)

// A merge settles what a file says that Format wrote and a tool changed. There are three versions: ours is the schema in
// the file, base is what the import makes of the file as Format wrote it, theirs what it makes of the file as it is. What
// is different between base and theirs the tool has changed, and counts; of the rest ours counts, which says more. If the
// flows are the same, so are the blocks of ours; if they are not, the process is the graph of theirs, with the data of
// ours.
type merge struct {
	ours, base, theirs map[string]object // what the text says of each node
	p                  *schema.Process   // ours
	graph              bool              // the flows are different
	id                 map[string]string
}

// merged reads a process that was written as p and changed since.
func (f *file) merged(e *element, p *schema.Process, written []byte) (*schema.Process, error) {
	theirs, err := f.control(e)
	if err != nil {
		return f.process(e) // it says why
	}
	before := &file{name: f.name}
	if before.load(written) != nil {
		return f.process(e)
	}
	before.options.ControlOnly = true
	chosen, wrong := before.choose()
	if wrong != nil || len(chosen) != 1 {
		return f.process(e)
	}
	base, err := before.process(chosen[0])
	if err != nil {
		return f.process(e)
	}
	m := &merge{ours: objects(p), base: objects(base), theirs: objects(theirs), p: p, graph: !sameFlows(base, theirs), id: map[string]string{}}
	for id := range m.ours {
		m.id[ID(id)] = id
	}
	tree := p
	if m.graph {
		tree = theirs
	}
	text := m.process(tree, base, theirs)
	parse := schema.Parse
	if f.options.ControlOnly {
		parse = schema.ParseControl
	}
	q, err := parse(f.name, text)
	if refused := (*schema.Error)(nil); errors.As(err, &refused) {
		return nil, &schema.Error{Findings: located(f, e, refused.Findings)}
	}
	return q, err
}

// control reads a process for its control flow.
func (f *file) control(e *element) (*schema.Process, error) {
	g := *f
	g.options.ControlOnly = true
	return g.process(e)
}

// located are findings about a text that is in no file, with the places of the elements that they are about.
func located(f *file, e *element, list []schema.Finding) []schema.Finding {
	at := map[string]*element{}
	var note func(*element)
	note = func(e *element) {
		at[ID(e.attr("id"))] = e
		for _, c := range e.children {
			note(c)
		}
	}
	note(e)
	var out []schema.Finding
	for _, x := range list {
		place := e
		if found := at[x.Node]; found != nil {
			place = found
		}
		out = append(out, schema.Finding{
			Severity: x.Severity, Code: x.Code, Pos: schema.Pos{File: f.name, Line: place.line, Col: place.col},
			Node: x.Node, Message: x.Message, Hint: x.Hint, Trace: x.Trace,
		})
	}
	return out
}

// sameFlows reports whether two processes have the same nodes and flows.
func sameFlows(a, b *schema.Process) bool {
	type node struct {
		id, scope, host, trigger, multi, undoes string
		kind                                    schema.Kind
		interrupt, transaction                  bool
	}
	type flow struct {
		id, from, to, guard string
		other               bool
	}
	shape := func(p *schema.Process) map[any]bool {
		all := map[any]bool{}
		g := p.Graph()
		for _, n := range g.Nodes {
			all[node{n.ID, n.Scope, n.Host, n.Trigger, n.Multi, n.Undoes, n.Kind, n.Interrupt, n.Transaction}] = true
		}
		for _, f := range g.Flows {
			all[flow{f.ID, f.From, f.To, f.Guard, f.Default}] = true
		}
		return all
	}
	return maps.Equal(shape(a), shape(b))
}

// An object is a mapping of the text form. The values that are not looked at stay as they are, in their order.
type object = map[string]json.RawMessage

// process is the text of the merged process: of the given tree, with what counts of each step.
func (m *merge) process(tree, base, theirs *schema.Process) []byte {
	out, ours, old, now := asObject(tree.JSON()), asObject(m.p.JSON()), asObject(base.JSON()), asObject(theirs.JSON())
	for _, key := range [...]string{"title", "doc"} {
		put(out, key, pick(ours[key], old[key], now[key]))
	}
	if m.graph {
		for _, key := range [...]string{"out", "types", "defaults", "rules"} {
			put(out, key, ours[key])
		}
		put(out, "vars", added(ours["vars"], old["vars"], now["vars"]))
		put(out, "in", addedNames(ours["in"], old["in"], now["in"]))
	}
	for _, key := range [...]string{"steps", "events", "start"} {
		if out[key] != nil {
			out[key] = m.list(out[key])
		}
	}
	return asText(out)
}

// objects are what the text says of the nodes of p.
func objects(p *schema.Process) map[string]object {
	all := map[string]object{}
	for n := range p.Nodes() {
		all[n.ID()] = asObject(json.RawMessage(n.Own()))
	}
	return all
}

// is is what introduces a step.
func is(o object) string {
	var kind string
	_ = json.Unmarshal(o["is"], &kind) // "" if there is none
	return kind
}

func asObject(text json.RawMessage) object {
	var o object
	_ = json.Unmarshal(text, &o) // what is no mapping has no keys
	return o
}

func asText(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // it came from JSON
	return bytes.TrimSpace(b.Bytes())
}

func put(o object, key string, v json.RawMessage) {
	if v == nil {
		delete(o, key)
	} else {
		o[key] = v
	}
}

// pick is theirs if the tool has changed it, else ours.
func pick(ours, base, theirs json.RawMessage) json.RawMessage {
	if bytes.Equal(base, theirs) {
		return ours
	}
	return theirs
}

// added are the entries of ours, with those that theirs has and base has not.
func added(ours, base, theirs json.RawMessage) json.RawMessage {
	have, before, now := asObject(ours), asObject(base), asObject(theirs)
	text := bytes.TrimSuffix(ours, []byte("}"))
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if have[name] != nil || before[name] != nil {
			continue
		}
		if len(text) == 0 {
			text = []byte("{")
		} else if len(text) > 1 {
			text = append(slices.Clip(text), ',')
		}
		text = append(append(append(slices.Clip(text), asText(name)...), ':'), now[name]...)
	}
	if len(text) == 0 {
		return nil
	}
	return append(slices.Clip(text), '}')
}

func addedNames(ours, base, theirs json.RawMessage) json.RawMessage {
	names := func(text json.RawMessage) (list []string) {
		_ = json.Unmarshal(text, &list) // none if there is none
		return list
	}
	all, before := names(ours), names(base)
	for _, name := range names(theirs) {
		if !slices.Contains(all, name) && !slices.Contains(before, name) {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return asText(all)
}

// structure are the keys under which steps lie in steps.
var structure = [...]string{"do", "else", "branches", "cases", "boundary", "events"}

// list goes through a list of steps, cases or events.
func (m *merge) list(text json.RawMessage) json.RawMessage {
	var items []json.RawMessage
	if json.Unmarshal(text, &items) != nil {
		return text // no list: else of a table, say
	}
	for i, item := range items {
		if o := asObject(item); o != nil {
			items[i] = asText(m.step(o))
		}
	}
	return asText(items)
}

// step settles what counts of a step of the tree, and of those in it.
func (m *merge) step(o object) object {
	for _, key := range structure {
		if o[key] != nil {
			o[key] = m.list(o[key])
		}
	}
	kind, id := m.identity(o)
	if kind == "" {
		return o // a case or a branch
	}
	name := id // in ours
	if m.graph {
		name = m.id[id]
	}
	ours, base, theirs := m.ours[name], m.base[ID(name)], m.theirs[ID(name)]
	if ours == nil || base == nil || theirs == nil || is(base) != is(theirs) {
		return o
	}
	keys := slices.Concat(slices.Collect(maps.Keys(ours)), slices.Collect(maps.Keys(base)), slices.Collect(maps.Keys(theirs)))
	if block(is(ours)) || block(is(base)) {
		keys = []string{"title", "doc"}
	} else if is(ours) != kind {
		delete(o, kind)
		o[is(ours)] = asText(id)
	}
	for _, key := range keys {
		if key == "is" {
			continue
		}
		put(o, key, pick(ours[key], base[key], theirs[key]))
	}
	if was := m.p.Node(name).Was(); was != "" {
		o["was"] = asText(was)
	}
	return o
}

// identity is what introduces a step and its id; "" for other mappings.
func (m *merge) identity(o object) (kind, id string) {
	known := m.ours
	if m.graph {
		known = m.theirs
	}
	for key, value := range o { //lint:sorted a step has one such key
		var text string
		if json.Unmarshal(value, &text) == nil && known[text] != nil && is(known[text]) == key {
			return key, text
		}
	}
	return "", ""
}

// block reports whether a kind is a block or a gateway, whose cases are its flows.
func block(kind string) bool {
	switch kind {
	case "choose", "some", "race", "parallel", "repeat", "gateway":
		return true
	}
	return false
}
