package bpmn

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file tells which edits of a file have had no effect.

// tellMost bounds the edits that are told one by one.
const tellMost = 100

// times are the keys that a timer says: how often it comes depends on where it stands too.
var times = []string{"after", "for", "at", "until", "every", "cron"}

// says are the keys of a step that attributes and elements of a file say, by their names.
var says = map[string][]string{
	"id": {"process"}, "name": {"title"}, "documentation": {"doc"},
	"candidateGroups": {"groups"}, "potentialOwner": {"groups"}, "assignmentDefinition": {"groups", "assignee"},
	"assignee": {"assignee"}, "humanPerformer": {"assignee"}, "performer": {"assignee"},
	"dueDate": {"due"}, "taskSchedule": {"due", "follow-up"}, "followUpDate": {"follow-up"}, "priority": {"priority"}, "priorityDefinition": {"priority"},
	"formKey": {"form"}, "formRef": {"form"}, "formId": {"form"}, "formDefinition": {"form"}, "formData": {"form"},
	"implementation": {"handler"}, "topic": {"handler"}, "type": {"handler"}, "class": {"handler"}, "delegateExpression": {"handler"},
	"expression": {"handler", "out"}, "decisionRef": {"handler"}, "operationRef": {"handler"}, "taskDefinition": {"handler", "retry"}, "calledDecision": {"handler", "out"},
	"retries": {"retry"}, "failedJobRetryTimeCycle": {"retry"},
	"calledElement": {"process", "version"}, "processId": {"process"}, "calledElementVersion": {"version"},
	"messageRef": {"message", "name", "key"}, "signalRef": {"signal", "name"}, "errorRef": {"error", "code"}, "escalationRef": {"escalation", "code"},
	"activityRef": {"nodes"}, "subscription": {"key"}, "correlationKey": {"key"}, "errorCode": {"error", "code"}, "escalationCode": {"escalation", "code"},
	"timeDuration": times, "timeDate": times, "timeCycle": times, "condition": {"when", "condition"},
	"loopCardinality": {"of"}, "collection": {"of"}, "inputCollection": {"of"}, "elementVariable": {"as"}, "inputElement": {"as"},
	"completionCondition": {"until"}, "isSequential": {"mode"}, "outputCollection": {"out"}, "outputElement": {"collect"},
	"loopCharacteristics": {"of", "as", "collect", "out"},
	"script":              {"out", "set"}, "scriptFormat": {"out", "set"}, "resultVariable": {"out", "set"},
	"ioMapping": {"in", "out"}, "inputOutput": {"in", "out"}, "in": {"in"}, "out": {"out"},
	"lane": {"groups"}, "partner": {"partner"},
	"dataInputAssociation": {"in"}, "dataOutputAssociation": {"out"},
}

// structural are attributes and elements that say how the flows go.
var structural = map[string]bool{
	"element": true, "scope": true, "association": true, "attachedToRef": true, "cancelActivity": true, "triggeredByEvent": true, "isInterrupting": true,
	"isForCompensation": true, "sourceRef": true, "targetRef": true, "conditionExpression": true, "default": true, "instantiate": true,
	"eventGatewayType": true, "parallelMultiple": true, "multiInstanceLoopCharacteristics": true, "standardLoopCharacteristics": true,
}

// structural reports whether an edit is about flows.
func (x *edit) structural() bool {
	if len(x.path) == 0 {
		return true
	}
	last := x.path[len(x.path)-1]
	return structural[last] || structural[x.path[0]] && len(x.path) > 1 && x.path[0] == "conditionExpression" ||
		roles[last] == definition || x.owner.name.Local != "process" && last == "id"
}

// keys are those that the edit is about: of the innermost name that says some.
func (x *edit) keys() []string {
	for _, name := range slices.Backward(x.path) {
		if keys := says[name]; keys != nil {
			return keys
		}
	}
	return nil
}

// what is the edit in words.
func (x *edit) what() string {
	switch {
	case len(x.path) == 0 && x.gone:
		return x.element() + " is gone"
	case len(x.path) == 0:
		return x.element() + " is new"
	}
	name := strings.TrimSuffix(strings.Join(x.path, "/"), "/text")
	switch {
	case x.gone:
		return fmt.Sprintf("%s of %s is gone", name, x.element())
	case strings.TrimSpace(x.now) == "":
		return fmt.Sprintf("%s of %s is new or another", name, x.element())
	}
	return fmt.Sprintf("%s of %s is now %q", name, x.element(), clip(x.now))
}

// untaken are warnings of the edits that have no effect and that no finding of the import tells.
func (m *merge) untaken(told ...[]schema.Finding) (list []schema.Finding) {
	news := slices.Concat(told...)
	for i := range m.list {
		x := &m.list[i]
		if m.taken(x) || slices.ContainsFunc(news, x.holds) {
			continue
		}
		f := schema.Finding{
			Severity: schema.Warning, Code: "bpmn/edit", Pos: schema.Pos{Line: x.at.line, Col: x.at.col}, Node: x.owner.attr("id"),
			Message: x.what() + ", which is not taken over: the schema in the file stays as it is", Hint: "change it in the schema, and export that",
		}
		if len(list) == tellMost {
			f.Message = "more is changed here and behind this that may not be taken over: the schema in the file stays as it is"
			return append(list, f)
		}
		list = append(list, f)
	}
	return list
}

// unknown are warnings of nodes with new ids of which nobody can tell what they were.
func (m *merge) unknown() (list []schema.Finding) {
	for _, raw := range slices.Sorted(maps.Keys(m.unclear)) {
		e := m.file[raw]
		was := slices.DeleteFunc(slices.Clone(m.unclear[raw]), func(id string) bool { return m.ours[id] == nil })
		slices.Sort(was)
		if was = slices.Compact(was); len(was) == 0 || len(list) == tellMost || e == nil {
			continue
		}
		list = append(list, schema.Finding{
			Severity: schema.Warning, Code: "bpmn/edit", Pos: schema.Pos{Line: e.line, Col: e.col}, Node: raw,
			Message: fmt.Sprintf("%s %q may be any of what is gone: %s; what the schema says of those is left out", e.name.Local, clip(raw), clip(strings.Join(was, ", "))),
			Hint:    "leave the ids as they were exported, or say it again in the schema",
		})
	}
	return list
}

// holds reports whether a finding of the import stands within the element that is new or another.
func (x *edit) holds(f schema.Finding) bool {
	if x.at == x.owner && len(x.path) > 0 || x.gone {
		return false // anywhere in it
	}
	from := cmp.Or(cmp.Compare(f.Pos.Line, x.at.line), cmp.Compare(f.Pos.Col, x.at.col))
	to := cmp.Or(cmp.Compare(f.Pos.Line, x.at.endLine), cmp.Compare(f.Pos.Col, x.at.endCol))
	return from >= 0 && to <= 0
}

// taken reports whether an edit has had its effect.
func (m *merge) taken(x *edit) bool {
	if x.structural() && m.graph {
		return true
	}
	took := func(id string) bool {
		return slices.ContainsFunc(x.keys(), func(key string) bool { return m.took[id+" "+key] })
	}
	switch {
	case x.gone && len(x.path) == 1 && x.path[0] == "default":
		return true // the import says which flow it takes
	case len(x.path) == 0 || m.implicit(x) && x.path[0] == "id":
		return m.implicit(x) || x.owner.name.Local == "sequenceFlow" && !m.graph // what the text leaves implicit, and what joins it
	case x.path[0] == "lane" || x.path[0] == "partner":
		return m.surrounded(x, cmp.Or(m.handles[x.id], x.id))
	case m.granted(x):
		return true
	case rooted(x.owner):
		return m.referring(x, took)
	case x.owner.name.Local == "sequenceFlow":
		return x.path[0] == "id" || x.path[0] == "name" && m.labels(x)
	case m.graph && m.ours[x.id] == nil: // as the import reads it
		return slices.ContainsFunc(x.keys(), func(key string) bool { return !alike(m.base[x.id][key], m.theirs[x.id][key]) })
	case m.handles[x.id] != "":
		return took(m.handles[x.id])
	}
	return took(x.id)
}

// granted reports whether a value is the new id of its node, which the step then takes for granted.
func (m *merge) granted(x *edit) bool {
	id := x.owner.attr("id")
	return m.was[id] != "" && x.now == id && x.path[len(x.path)-1] != "id" && slices.ContainsFunc(x.keys(), func(key string) bool {
		return m.ours[x.id][key] == nil && m.base[x.id][key] == nil && m.theirs[x.id][key] == nil
	})
}

// implicit reports whether an edit is about a node that the text of the schema leaves implicit.
func (m *merge) implicit(x *edit) bool {
	return isNode(x.owner.name.Local) && m.ours[x.id] == nil && m.written[x.id] != nil
}

// handlers are the start events of event sub-processes that Format wrote, with those.
func handlers(written map[string]*plainElement) map[string]string {
	all := map[string]string{}
	for id, e := range written { //lint:sorted each is on its own
		for _, c := range e.children {
			if c.name.Local == "startEvent" && e.attr("triggeredByEvent") == "true" {
				all[c.attr("id")] = id
			}
		}
	}
	return all
}

// labels reports whether the new label of a flow says nothing, or what its condition says.
func (m *merge) labels(x *edit) bool {
	return x.gone || x.now == "" || x.now == x.owner.child(model, "conditionExpression").text
}

// referring reports whether something holds for a node that refers to a message, signal, error or escalation.
func (m *merge) referring(x *edit, took func(id string) bool) bool {
	name := x.owner.name.Local
	keys := map[string][]string{"message": {"message", "name"}, "signal": {"signal", "name"}, "error": {"error", "code"}, "escalation": {"escalation", "code"}}[name]
	named := x.path[len(x.path)-1] == "name"
	return slices.ContainsFunc(m.refer[name+" "+x.id], func(id string) bool {
		return took(id) || named && slices.ContainsFunc(keys, func(k string) bool { return m.took[id+" "+k] })
	})
}

// references are the steps that refer to a message, signal, error or escalation, by its element and id.
func (m *merge) references() map[string][]string {
	all := map[string][]string{}
	for raw, e := range m.file { //lint:sorted asked for any
		id := m.origin(raw)
		id = cmp.Or(m.handles[id], id)
		for _, c := range append([]*plainElement{e}, e.children...) {
			for _, name := range [...]string{"message", "signal", "error", "escalation"} {
				if ref := m.origin(c.attr(name + "Ref")); ref != "" {
					all[name+" "+ref] = append(all[name+" "+ref], id)
				}
			}
		}
	}
	return all
}
