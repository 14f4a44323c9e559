package bpmn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file settles what counts of each step of a merge.

// structure are the keys under which steps lie in steps.
var structure = []string{"do", "else", "branches", "cases", "flows", "boundary", "events"}

// each goes through a list of steps, cases, flows or events.
func (m *merge) each(text json.RawMessage) json.RawMessage {
	var items []json.RawMessage
	if json.Unmarshal(text, &items) != nil {
		return text // no list: else of a table, say
	}
	for i, item := range items {
		if o := asObject(item); o != nil {
			items[i] = asText(m.step(o))
		} else {
			items[i] = m.each(item)
		}
	}
	return asText(items)
}

// step settles what counts of a step of the tree, and of those in it.
func (m *merge) step(o object) object {
	kind, id := m.identity(o)
	if outer := m.folded[id]; m.graph && outer != "" && kind == "each" {
		id, o = outer, fold(o, outer)
	}
	for _, key := range structure {
		if o[key] != nil {
			o[key] = m.each(o[key])
		}
	}
	if undo := asObject(o["compensation"]); undo != nil {
		o["compensation"] = asText(m.step(undo))
	}
	if to := m.result[word(o["next"])]; to != "" {
		o["next"] = asText(to)
	}
	if kind == "" {
		if to := m.result[word(o["id"])]; to != "" {
			o["id"] = asText(to)
		}
		return o // a case, a branch or a flow
	}
	if o["nodes"] != nil {
		o["nodes"] = m.all(o["nodes"])
	}
	name := id // in ours
	if m.graph {
		name = m.ids[id]
		if to := m.result[id]; to != "" {
			o[kind], id = asText(to), to
		}
	}
	ours, base, theirs := m.ours[name], m.base[name], m.theirs[name]
	if ours == nil || base == nil || theirs == nil {
		return o
	}
	if m.graph && kind == "wait" && waits[is(ours)] != nil && is(base) == is(ours) && is(theirs) == is(ours) {
		waiting := o["wait"]
		delete(o, "wait")
		o = asWait(ours, m.counted(asEvent(ours, o), name, is(ours), id), name)
		o["wait"] = waiting
		return o
	}
	return m.counted(o, name, kind, id)
}

// counted is a step of the tree of some kind and id, called name in ours, with what counts of it.
func (m *merge) counted(o object, name, kind, id string) object {
	ours, base, theirs := m.ours[name], m.base[name], m.theirs[name]
	keys := slices.Concat(slices.Collect(maps.Keys(ours)), slices.Collect(maps.Keys(base)), slices.Collect(maps.Keys(theirs)))
	switch {
	case block(is(ours)) || block(is(base)):
		keys = []string{"title", "doc"}
	case is(base) != is(theirs):
		m.changed(o, name, kind)
		keys = []string{"title", "doc"}
	case is(ours) != kind || is(ours) != is(base): // the import knows no such step: it has no keys of its own
		for key := range o { //lint:sorted each is on its own
			if !slices.Contains(structure, key) && key != "next" && key != "compensation" {
				delete(o, key)
			}
		}
		o[is(ours)] = asText(id)
		for key, value := range ours { //lint:sorted each is on its own
			if key != "is" && key != "compensation" {
				o[key] = value
			}
		}
		keys = []string{"title", "doc"}
	}
	for _, key := range keys {
		switch {
		case key == "is" || key == "compensation" || slices.Contains(structure, key) && !table(key, ours):
		case key == "nodes" && m.graph: // one step for each
		default:
			m.take(o, name, key, ours[key], base[key], theirs[key])
		}
	}
	if undo := ours["compensation"]; undo != nil && asObject(undo) == nil && o["compensation"] == nil {
		o["compensation"] = undo
	}
	switch was := m.p.Node(name).Was(); {
	case was != "":
		o["was"] = asText(was)
	case m.graph && m.renamed(name):
		o["was"] = asText(name)
		if ours["name"] == nil && base["name"] != nil && alike(base["name"], theirs["name"]) { // that of an event sub-process was its id
			o["name"] = base["name"]
		}
	}
	return o
}

// table reports whether else holds what a table assigns.
func table(key string, ours object) bool { return key == "else" && is(ours) == "rule-table" }

// renamed reports whether a tool has given a node of ours another id.
func (m *merge) renamed(name string) bool {
	return slices.ContainsFunc(m.list, func(x edit) bool { return x.id == name && len(x.path) == 1 && x.path[0] == "id" })
}

// changed settles a step that a tool has made another kind of: data stays where the new kind has it too.
func (m *merge) changed(o object, name, kind string) {
	ours := m.ours[name]
	data := func(kind string) bool { return kind == "user" || kind == "service" || kind == "call" }
	var lost []string
	for _, key := range slices.Sorted(maps.Keys(ours)) {
		switch {
		case key == "is" || key == "title" || key == "doc" || o[key] != nil || m.base[name][key] != nil:
		case (key == "in" || key == "out") && data(is(ours)) && data(kind):
			o[key] = ours[key]
		default:
			lost = append(lost, key)
		}
	}
	if len(lost) > 0 {
		line, col := m.f.place(name)
		m.dropped = append(m.dropped, schema.Finding{
			Severity: schema.Warning, Code: "bpmn/edit", Pos: schema.Pos{Line: line, Col: col}, Node: name, Hint: "say it again in the schema",
			Message: fmt.Sprintf("%q is now a %s; what the schema says of it as a %s is left out: %s", name, kind, is(ours), strings.Join(lost, ", ")),
		})
	}
}

// fold makes one step of "x.each" and the sub-process x in it.
func fold(o object, id string) object {
	var list []json.RawMessage
	_ = json.Unmarshal(o["do"], &list) // the import wrote it
	o["each"] = asText(id)
	for _, item := range list[:min(1, len(list))] {
		for key, value := range asObject(item) { //lint:sorted each is on its own
			if key == "do" || key != "subprocess" && key != "next" && o[key] == nil {
				o[key] = value
			}
		}
	}
	return o
}

// adjust gives what base and theirs say of a node what the import cannot know.
func (m *merge) adjust(id string) {
	ours, base, theirs := m.ours[id], maps.Clone(m.base[id]), maps.Clone(m.theirs[id])
	if base == nil || theirs == nil {
		return
	}
	if raced(ours, base) && raced(ours, theirs) {
		base, theirs = asEvent(ours, base), asEvent(ours, theirs)
	}
	if is(ours) == "script" {
		m.script(id, ours, base, theirs)
	}
	for key, value := range ours { //lint:sorted each is on its own
		plain, working := strings.CutSuffix(word(value), " working")
		switch {
		case working && word(base[key]) == plain: // BPMN knows no working time
			base[key] = value
			if now := word(theirs[key]); now != "" {
				theirs[key] = asText(now + " working")
			}
		case key == "of" && word(base[key]) == "size("+word(value)+")": // a list that BPMN knows by its size
			base[key] = value
			if list, ok := strings.CutPrefix(word(theirs[key]), "size("); ok {
				list = strings.TrimSuffix(list, ")")
				if _, err := schema.Names(list); err == nil {
					theirs[key] = asText(list)
				}
			}
		case key == "retry" && asObject(value) != nil && asObject(base[key]) != nil && asObject(theirs[key]) != nil && !alike(base[key], theirs[key]):
			retry := asObject(value)
			maps.Copy(retry, asObject(theirs[key]))
			theirs[key] = asText(retry)
		case (key == "in" || key == "out") && is(ours) != "each" && base[key] == nil && theirs[key] != nil: // what BPMN knows none of stays
			theirs[key] = joined(key, is(ours), value, theirs[key])
		}
	}
	m.base[id], m.theirs[id] = base, theirs
}

// joined are the inputs or outputs of ours and those that a tool has added; nil if they cannot be joined.
func joined(key, kind string, ours, theirs json.RawMessage) json.RawMessage {
	from := ""
	if key == "out" {
		from = "result."
		if kind == "receive" || kind == "wait" || kind == "message" || kind == "signal" {
			from = "message."
		}
	}
	all := object{}
	for _, side := range [...]json.RawMessage{ours, theirs} {
		var names []string
		if json.Unmarshal(side, &names) != nil {
			maps.Copy(all, asObject(side))
			continue
		}
		for _, name := range names {
			if strings.HasSuffix(name, "?") {
				return nil
			}
			all[name] = asText(from + name)
		}
	}
	return asText(all)
}

// script says what a script task assigns, which the import takes for work of a handler where the file names no variable.
func (m *merge) script(id string, ours, base, theirs object) {
	var now *plainElement
	for raw, e := range m.file { //lint:sorted one has the id
		if m.origin(raw) == id {
			now = e
		}
	}
	if now == nil || now.name.Local != "scriptTask" || is(base) != "service" || is(theirs) != "service" {
		return
	}
	for _, key := range [...]string{"out", "set"} {
		base[key], theirs[key] = ours[key], ours[key]
	}
	base["is"], theirs["is"] = ours["is"], ours["is"]
	delete(base, "handler")
	delete(theirs, "handler")
	text := now.child(model, "script").text
	if out := asObject(ours["out"]); ours["set"] == nil && len(out) == 1 {
		for variable, cel := range out { //lint:sorted there is one
			if word(cel) == "" || word(cel) == text {
				continue
			}
			if cel, reason := toCEL(text, now.attr("scriptFormat")); reason == "" {
				theirs["out"] = asText(object{variable: asText(cel)})
			}
		}
		return
	}
	if what := asObject(json.RawMessage(text)); what != nil {
		for key := range what { //lint:sorted each is on its own
			if key != "out" && key != "set" {
				return
			}
		}
		theirs["out"], theirs["set"] = what["out"], what["set"]
	}
}

// identity is what introduces a step and its id; "" for other mappings.
func (m *merge) identity(o object) (kind, id string) {
	for key, value := range o { //lint:sorted a step has one such key
		if text := word(value); text != "" && m.tree[text] != nil && is(m.tree[text]) == key {
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

// alike reports whether two values say the same.
func alike(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// word is a value that is a text, else "".
func word(v json.RawMessage) string {
	var text string
	_ = json.Unmarshal(v, &text) // "" if it is none
	return text
}
