package bpmn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

var elementNames = map[schema.Kind]string{
	schema.UserTask: "userTask", schema.ServiceTask: "serviceTask", schema.ScriptTask: "scriptTask", schema.RuleTask: "businessRuleTask",
	schema.SendTask: "sendTask", schema.ReceiveTask: "receiveTask", schema.ManualTask: "manualTask", schema.CallActivity: "callActivity",
	schema.SubProcess: "subProcess", schema.EventSubProcess: "subProcess", schema.ExclusiveGateway: "exclusiveGateway",
	schema.ParallelGateway: "parallelGateway", schema.InclusiveGateway: "inclusiveGateway", schema.EventGateway: "eventBasedGateway",
	schema.StartEvent: "startEvent", schema.CatchEvent: "intermediateCatchEvent", schema.ThrowEvent: "intermediateThrowEvent",
	schema.BoundaryEvent: "boundaryEvent", schema.EndEvent: "endEvent",
}

// node writes a flow node. Values that BPMN takes for granted are not written.
func (f *formatter) node(n *schema.FlowNode) {
	m, s := &f.body, f.said[n.ID]
	if n.Joins {
		s = nil
	}
	name := "bpmn:" + elementNames[n.Kind]
	if n.Transaction {
		name = "bpmn:transaction"
	}
	attrs := []string{"id", f.nodes[n.ID], "name", n.Title, "default", f.other[n.ID]}
	flag := func(name, value string, on bool) {
		if on {
			attrs = append(attrs, name, value)
		}
	}
	flag("attachedToRef", f.nodes[n.Host], n.Host != "")
	flag("cancelActivity", "false", n.Host != "" && !n.Interrupt && n.Trigger != "compensation")
	flag("triggeredByEvent", "true", n.Kind == schema.EventSubProcess)
	flag("isInterrupting", "false", n.Kind == schema.StartEvent && n.Node == nil && n.Trigger != "" && !n.Interrupt)
	flag("isForCompensation", "true", n.Undoes != "")
	flag("calledElement", s.word("process"), n.Kind == schema.CallActivity)
	if n.Kind == schema.ReceiveTask || n.Kind == schema.SendTask {
		attrs = append(attrs, "messageRef", f.message(s.word("message"), s))
	}
	script, target := f.script(n, s)
	flag("scriptFormat", celLanguage, script != "")
	if f.d == Standard || f.d == Activiti {
		flag("implementation", f.handler(n), n.Kind == schema.ServiceTask)
	}
	m.open(name, append(attrs, f.vendorAttrs(n, s, target)...)...)
	f.doc(m, s)
	f.vendorElements(n, s)
	for _, id := range f.ins[n.ID] {
		m.leaf("bpmn:incoming", id)
	}
	for _, id := range f.outs[n.ID] {
		m.leaf("bpmn:outgoing", id)
	}
	if groups := strings.Join(f.groups(n), ","); groups != "" && f.d == Standard {
		m.open("bpmn:potentialOwner")
		m.open("bpmn:resourceAssignmentExpression")
		m.leaf("bpmn:formalExpression", groups)
		m.close()
		m.close()
	}
	f.copies(n, s)
	if script != "" {
		m.leaf("bpmn:script", script)
	}
	f.trigger(n, s)
	if len(f.inside[n.ID]) > 0 {
		f.scope(n.ID)
	}
	m.close()
}

func (f *formatter) handler(n *schema.FlowNode) string {
	if n.Node == nil {
		return ""
	}
	return n.Node.Handler()
}

func (f *formatter) groups(n *schema.FlowNode) []string {
	if n.Node == nil || n.Kind != schema.UserTask {
		return nil
	}
	return n.Node.Groups()
}

// script is what a script task does, and the variable that it sets if it is one with an expression.
func (f *formatter) script(n *schema.FlowNode, s statement) (text, variable string) {
	if n.Kind != schema.ScriptTask {
		return "", ""
	}
	out, _ := s["out"].(map[string]any)
	if _, sets := s["set"]; !sets && len(out) == 1 {
		for variable, cel := range out {
			if text, ok := cel.(string); ok {
				return text, variable
			}
		}
	}
	what := statement{}
	for _, key := range [...]string{"set", "out"} {
		if s[key] != nil {
			what[key] = s[key]
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(what) // it came from JSON
	return strings.TrimSpace(b.String()), ""
}

func (f *formatter) expression(element, cel string) {
	f.body.leaf(element, cel, "xsi:type", "bpmn:tFormalExpression", "language", celLanguage)
}

// trigger writes the definition of an event.
func (f *formatter) trigger(n *schema.FlowNode, s statement) {
	switch n.Kind {
	case schema.StartEvent, schema.CatchEvent, schema.ThrowEvent, schema.BoundaryEvent, schema.EndEvent:
	default:
		return
	}
	id := n.ID
	if n.Node == nil && n.Kind == schema.StartEvent {
		s, id = f.said[n.Scope], n.Scope // of an event sub-process
	}
	named := func(keys ...string) string {
		if name := s.word(keys...); name != "" || n.Kind == schema.EndEvent {
			return name
		}
		return id
	}
	m := &f.body
	switch n.Trigger {
	case "timer":
		f.timer(s)
	case "message":
		m.leaf("bpmn:messageEventDefinition", "", "messageRef", f.message(named("message", "name"), s))
	case "signal":
		m.leaf("bpmn:signalEventDefinition", "", "signalRef", f.root("signal", named("signal", "name"), ""))
	case "error":
		m.leaf("bpmn:errorEventDefinition", "", "errorRef", f.root("error", s.word("code", "error"), ""))
	case "escalation":
		m.leaf("bpmn:escalationEventDefinition", "", "escalationRef", f.root("escalation", s.word("code", "escalation"), ""))
	case "condition":
		m.open("bpmn:conditionalEventDefinition")
		f.expression("bpmn:condition", s.word("when", "condition"))
		m.close()
	case "compensation":
		nodes, _ := s["nodes"].([]any)
		if len(nodes) == 0 {
			m.leaf("bpmn:compensateEventDefinition", "")
		}
		for _, id := range nodes { // a definition names one activity
			m.leaf("bpmn:compensateEventDefinition", "", "activityRef", f.nodes[fmt.Sprint(id)])
		}
	case "cancel":
		m.leaf("bpmn:cancelEventDefinition", "")
	case "terminate":
		m.leaf("bpmn:terminateEventDefinition", "")
	}
}

// timer writes when a timer fires. BPMN knows no working time: it is left out.
func (f *formatter) timer(s statement) {
	m := &f.body
	m.open("bpmn:timerEventDefinition")
	period := func(keys ...string) string { return strings.TrimSuffix(s.word(keys...), " working") }
	typed := []string{"xsi:type", "bpmn:tFormalExpression"}
	switch {
	case period("after", "for") != "":
		m.leaf("bpmn:timeDuration", period("after", "for"), typed...)
	case s.word("at", "until") != "":
		f.expression("bpmn:timeDate", s.word("at", "until"))
	case period("every") != "":
		m.leaf("bpmn:timeCycle", "R/"+period("every"), typed...)
	case s.word("cron") != "":
		m.leaf("bpmn:timeCycle", s.word("cron"), typed...)
	}
	m.close()
}

// message is the id of a message. Zeebe wants to know its key: messages of one name with different keys are different
// elements.
func (f *formatter) message(name string, s statement) string {
	key := s.word("key")
	if f.d != Zeebe || key == "" {
		return f.root("message", name, "")
	}
	return f.root("message", name, key, func(m *markup) {
		m.open("bpmn:extensionElements")
		m.leaf("zeebe:subscription", "", "correlationKey", "="+key)
		m.close()
	})
}
