package bpmn

import (
	"fmt"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// vendorAttrs are the attributes of the dialect. target is the variable that a script sets.
func (f *formatter) vendorAttrs(n *schema.FlowNode, s statement, target string) []string {
	var attrs []string
	add := func(name, value string) { attrs = append(attrs, dialects[f.d].prefix+":"+name, value) }
	if f.d == Standard || f.d == Zeebe {
		return nil
	}
	switch n.Kind {
	case schema.UserTask:
		add("candidateGroups", strings.Join(f.groups(n), ","))
		add("dueDate", strings.TrimSuffix(s.word("due"), " working"))
	case schema.ServiceTask:
		switch f.d {
		case Camunda:
			add("type", "external")
			add("topic", f.handler(n))
		case Flowable:
			add("type", "external-worker")
			add("topic", f.handler(n))
		}
	case schema.ScriptTask:
		add("resultVariable", target)
	}
	return attrs
}

// vendorElements are the extension elements of the dialect.
func (f *formatter) vendorElements(n *schema.FlowNode, s statement) {
	var list [][]string
	switch {
	case f.d == Zeebe && n.Kind == schema.UserTask:
		list = append(list, []string{"zeebe:userTask"})
		if groups := f.groups(n); len(groups) > 0 {
			list = append(list, []string{"zeebe:assignmentDefinition", "candidateGroups", strings.Join(groups, ",")})
		}
	case f.d == Zeebe && n.Kind == schema.ServiceTask:
		list = append(list, []string{"zeebe:taskDefinition", "type", f.handler(n), "retries", retries(s)})
	case f.d == Zeebe && n.Kind == schema.CallActivity:
		list = append(list, []string{"zeebe:calledElement", "processId", s.word("process")})
	}
	if len(list) == 0 {
		return
	}
	f.body.open("bpmn:extensionElements")
	for _, e := range list {
		f.body.leaf(e[0], "", e[1:]...)
	}
	f.body.close()
}

// retries is how often a service is tried; "" if it does not say.
func retries(s statement) string {
	switch r := s["retry"].(type) {
	case string: // never
		return "1"
	case map[string]any:
		if r["max"] != nil {
			return fmt.Sprint(r["max"])
		}
	}
	return ""
}
