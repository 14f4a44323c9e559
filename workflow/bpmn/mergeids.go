package bpmn

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/replank/replank/workflow/schema"
)

// This file gives the nodes and flows of a merge whose flows are different their ids. The import writes ids in another
// way that end as those that it makes itself: what the file still calls as Format did is called as in ours. What a
// tool has given another id has that wherever ours names it.

// called are the ids of the result for what theirs calls in another way. read are the nodes of theirs.
func (m *merge) called(read map[string]object) map[string]string {
	all := maps.Clone(m.folded)
	for raw := range m.file { //lint:sorted each is on its own
		if id := ID(raw); id != raw && m.written[raw] != nil && read[raw] == nil {
			all[id] = raw
		}
	}
	for id, to := range all { //lint:sorted each is on its own
		if last := all[to]; last != "" && m.folded[id] != "" {
			all[id] = last
		}
	}
	return all
}

// all are the steps of a list as the result calls them.
func (m *merge) all(text json.RawMessage) json.RawMessage {
	var list []string
	if json.Unmarshal(text, &list) != nil {
		return text
	}
	for i, id := range list {
		list[i] = cmp.Or(m.result[id], id)
	}
	return asText(list)
}

// rename says what ours has to say of other steps, in its rules and in who must not be the same, with the ids of the
// result. If that cannot be done, the process is refused for what it then does not find.
func (m *merge) rename() (rules json.RawMessage) {
	var changes []schema.Change
	for _, raw := range slices.Sorted(maps.Keys(m.was)) {
		if id := m.was[raw]; m.ours[id] != nil {
			changes = append(changes, schema.Rename(id, ID(raw)))
		}
	}
	p := m.p
	if len(changes) > 0 {
		if q, err := schema.Edit(p, changes...); err == nil {
			p = q
		}
	}
	now := objects(p)
	for id, o := range m.ours { //lint:sorted each is on its own
		to := id
		for raw, was := range m.was { //lint:sorted at most one is it
			if was == id {
				to = ID(raw)
			}
		}
		if o["separate-from"] != nil && now[to]["separate-from"] != nil {
			o = maps.Clone(o)
			o["separate-from"] = now[to]["separate-from"]
			m.ours[id] = o
		}
	}
	return asObject(p.JSON())["rules"]
}
