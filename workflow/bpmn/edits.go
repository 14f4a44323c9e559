package bpmn

import (
	"cmp"
	"encoding/xml"
	"maps"
	"slices"
	"strings"
)

// This file compares a file that Format wrote with what has become of it. Each attribute, text and element that differs
// is an edit, but what only draws or only writes the same in another way: diagrams, texts and data beside the
// flow, lists of incoming and outgoing flows, prefixes, order, white space, values that BPMN takes for granted, ids of
// flows that nothing decides and of elements within nodes, attributes and elements of name spaces that nobody knows.

// An edit is one difference.
type edit struct {
	owner *plainElement // the process, flow node, flow, message or the like in the file; what is gone: where it was
	id    string        // of the owner as Format wrote it, "" for the process; of what is new, its id
	path  []string      // elements within the owner, then the attribute; none: the owner itself is new or gone
	now   string        // the value, "" if there is none
	at    *plainElement // where it stands
	gone  bool          // nothing is there any more
}

// edits are all differences, with the ids of a file and those that Format gave the same elements.
type edits struct {
	list    []edit
	written map[string]*plainElement // by id
	file    map[string]*plainElement // by id
	was     map[string]string        // id in the file -> another one that Format wrote
	unclear map[string][]string      // new node in the file -> those that are gone of which it may be any
	before  *plan                    // of what was written
	now     *plan                    // of the file
}

// edited compares two files, each for one process.
func edited(written, file *plainElement, writtenID, fileID string) *edits {
	d := &edits{written: map[string]*plainElement{}, file: map[string]*plainElement{}, was: map[string]string{}}
	before, now := written.process(writtenID), file.process(fileID)
	scopes := map[*plainElement]string{}
	owners(before, written, d.written, scopes)
	owners(now, file, d.file, scopes)
	d.refer()
	d.rename()
	d.before, d.now = planOf(before), planOf(now)
	d.follow(d.before, d.now)
	if writtenID != fileID && ID(fileID) != writtenID {
		d.add(edit{owner: now, path: []string{"id"}, now: fileID, at: now})
	}
	d.compare(edit{owner: now}, before, now)
	for _, id := range slices.Sorted(maps.Keys(d.file)) {
		e := d.file[id]
		old, known := d.written[d.origin(id)]
		switch {
		case !known && rooted(e):
		case !known:
			d.add(edit{owner: e, id: id, at: e})
		default:
			at := edit{owner: e, id: d.origin(id)}
			if d.origin(id) != id && isNode(e.name.Local) {
				d.add(edit{owner: e, id: d.origin(id), path: []string{"id"}, now: id, at: e})
			}
			if e.name.Local != old.name.Local {
				d.add(edit{owner: e, id: d.origin(id), path: []string{"element"}, now: e.name.Local, at: e})
			}
			if !rooted(e) && d.origin(scopes[e]) != scopes[old] {
				d.add(edit{owner: e, id: d.origin(id), path: []string{"scope"}, now: scopes[e], at: e})
			}
			d.compare(at, old, e)
			d.tied(at, old, e)
		}
	}
	left := map[string]bool{}
	for id := range d.file {
		left[d.origin(id)] = true
	}
	for _, id := range slices.Sorted(maps.Keys(d.written)) {
		if old := d.written[id]; !left[id] && !rooted(old) {
			d.add(edit{owner: old, id: id, at: now, gone: true})
		}
	}
	return d
}

func (d *edits) add(e edit) { d.list = append(d.list, e) }

// origin is the id that Format gave what has an id in the file.
func (d *edits) origin(id string) string {
	if was := d.was[id]; was != "" {
		return was
	}
	return id
}

// owners fills the flow nodes and flows of a process, and the messages and the like of its file, by id, and where they lie.
func owners(process, root *plainElement, all map[string]*plainElement, scopes map[*plainElement]string) {
	var visit func(e *plainElement, scope string)
	visit = func(e *plainElement, scope string) {
		for _, c := range e.children {
			if !isOwner(c) {
				continue
			}
			id := c.attr("id")
			all[id], scopes[c] = c, scope
			visit(c, id)
		}
	}
	visit(process, "")
	for _, c := range root.children {
		if rooted(c) && c.attr("id") != "" {
			all[c.attr("id")] = c
		}
	}
}

func isOwner(e *plainElement) bool {
	return e.name.Space == model && (isNode(e.name.Local) || e.name.Local == "sequenceFlow") && e.attr("id") != ""
}

// rooted reports whether an element is one that nodes refer to, beside the process.
func rooted(e *plainElement) bool {
	switch e.name.Local {
	case "message", "signal", "error", "escalation":
		return e.name.Space == model
	}
	return false
}

// beside are elements that only draw, or name data beside the flow.
var beside = map[string]bool{
	"incoming": true, "outgoing": true, "laneSet": true, "textAnnotation": true, "group": true, "association": true, "dataObject": true,
	"dataObjectReference": true, "dataStoreReference": true, "ioSpecification": true,
}

// granted are values that tools add or drop.
var granted = map[string]string{
	"cancelActivity": "true", "isInterrupting": "true", "triggeredByEvent": "false", "isForCompensation": "false", "startQuantity": "1",
	"completionQuantity": "1", "parallelMultiple": "false", "instantiate": "false", "isClosed": "false", "processType": "None",
	"isSequential": "false", "waitForCompletion": "true", "eventGatewayType": "Exclusive",
}

// truths are the other words that XML Schema has for truth values.
var truths = map[string]string{"1": "true", "0": "false"}

// compare adds what differs between an element and what it was, without what has an owner of its own.
func (d *edits) compare(at edit, was, now *plainElement) {
	add := func(name, value string, where *plainElement, gone bool) {
		e := at
		e.path, e.now, e.at, e.gone = append(slices.Clone(at.path), name), value, where, gone
		d.add(e)
	}
	formal := was.attr("language") == celLanguage
	if formal {
		if cel, reason := toCEL(now.text, now.attr("language")); was.text != now.text && (reason != "" || cel != was.text) {
			add("text", now.text, now, false)
		} else if reason == "" && cel != was.text {
			add("language", now.attr("language"), now, false)
		}
	} else if was.text != now.text {
		add("text", now.text, now, false)
	}
	before, after := d.values(was, false), d.values(now, true)
	for _, name := range slices.SortedFunc(maps.Keys(after), byLocal) {
		if before[name] != after[name] && (!formal || name.Local != "language") {
			add(name.Local, after[name], now, false)
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(before), byLocal) {
		if _, left := after[name]; !left && (!formal || name.Local != "language") {
			add(name.Local, "", now, true)
		}
	}
	left := map[xml.Name][]*plainElement{}
	for _, c := range was.own() {
		if !isOwner(c) && !beside[c.name.Local] {
			left[c.name] = append(left[c.name], c)
		}
	}
	for _, c := range now.own() {
		if isOwner(c) || beside[c.name.Local] || !vendorOrModel(c.name.Space) {
			continue
		}
		if same := left[c.name]; len(same) > 0 {
			left[c.name] = same[1:]
			inner := at
			inner.path = append(slices.Clone(at.path), c.name.Local)
			d.compare(inner, same[0], c)
			continue
		}
		add(c.name.Local, c.text, c, false)
	}
	for _, name := range slices.SortedFunc(maps.Keys(left), byLocal) {
		for range left[name] {
			add(name.Local, "", now, true)
		}
	}
}

func byLocal(a, b xml.Name) int {
	return cmp.Or(strings.Compare(a.Local, b.Local), strings.Compare(a.Space, b.Space))
}

// values are the attributes of an element that say something; ids in the file are those that Format wrote.
func (d *edits) values(e *plainElement, file bool) map[xml.Name]string {
	all := map[xml.Name]string{}
	for _, a := range e.attrs {
		name, value := a.Name.Local, a.Value
		if g := granted[name]; g == "true" || g == "false" {
			value = cmp.Or(truths[value], value)
		}
		if a.Name.Space != "" && !vendorOrModel(a.Name.Space) || name == "xmlns" || name == "id" || name == "gatewayDirection" || value == "" || granted[name] == value {
			continue
		}
		switch name {
		case "sourceRef", "targetRef", "attachedToRef", "default", "activityRef", "messageRef", "signalRef", "errorRef", "escalationRef":
			if file {
				value = d.origin(value)
			}
		}
		all[a.Name] = value
	}
	return all
}
