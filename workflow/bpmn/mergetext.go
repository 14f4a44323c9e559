package bpmn

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/replank/replank/workflow/schema"
)

// An object is a mapping of the text form. The values that are not looked at stay as they are, in their order.
type object = map[string]json.RawMessage

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
	if alike(base, theirs) {
		return ours
	}
	return theirs
}

// added are the entries of ours, with those that theirs has and base has not, but those of known names.
func added(ours, base, theirs json.RawMessage, known map[string]string) json.RawMessage {
	have, before, now := asObject(ours), asObject(base), asObject(theirs)
	text := bytes.TrimSuffix(ours, []byte("}"))
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if have[name] != nil || before[name] != nil || known[name] != "" {
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

func addedNames(ours, base, theirs json.RawMessage, known map[string]string) json.RawMessage {
	names := func(text json.RawMessage) (list []string) {
		_ = json.Unmarshal(text, &list) // none if there is none
		return list
	}
	all, before := names(ours), names(base)
	for _, name := range names(theirs) {
		if !slices.Contains(all, name) && !slices.Contains(before, name) && known[name] == "" {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return asText(all)
}

// sameFlows reports whether two processes have the same nodes and flows.
func sameFlows(a, b *schema.Process) bool {
	type node struct {
		id, scope, host, trigger, undoes string
		kind                             schema.Kind
		interrupt, transaction, multi    bool
	}
	type flow struct {
		id, from, to, guard string
		other               bool
	}
	shape := func(p *schema.Process) map[any]bool {
		all := map[any]bool{}
		g := p.Graph()
		for _, n := range g.Nodes {
			all[node{n.ID, n.Scope, n.Host, n.Trigger, n.Undoes, n.Kind, n.Interrupt, n.Transaction, n.Multi != ""}] = true
		}
		for _, f := range g.Flows {
			all[flow{f.ID, f.From, f.To, f.Guard, f.Default}] = true
		}
		return all
	}
	return maps.Equal(shape(a), shape(b))
}
