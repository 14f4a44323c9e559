package bpmn

// Rules about flows, gateways and events that do not change what the import reads.

var flowRules = []rule{
	{"messageFlow", always, noArtifact},
	{"messageFlow", always, messageEnds},
	{"sequenceFlow", inExecutable, immediate},
	{"exclusiveGateway parallelGateway inclusiveGateway complexGateway eventBasedGateway", inExecutable, direction},
	{"eventBasedGateway", always, instantiates},
	{"eventBasedGateway", inExecutable, noConverging},
	{"eventBasedGateway", strictly, severalEvents},
	{"intermediateThrowEvent intermediateCatchEvent", inExecutable, goesOn},
	{"task userTask serviceTask scriptTask sendTask receiveTask manualTask businessRuleTask callActivity subProcess transaction exclusiveGateway parallelGateway inclusiveGateway", inExecutable, between},
	{"messageEventDefinition", strictly, operation},
	{"adHocSubProcess", always, noEvents},
	{"callChoreography choreographyTask subChoreography", always, noChoreography},
}

// noArtifact: 7.6.2: artifacts are no ends of message flows.
func noArtifact(s *scrutiny, e *element) {
	for _, attr := range []string{"sourceRef", "targetRef"} {
		end := s.byRef(s.ids, e.attr(attr))
		if end != nil && (end.name == "association" || end.name == "group" || end.name == "textAnnotation") {
			s.broken(e, "bpmn/message-flow", "remove it", "the %s of the message flow is an artifact: %s", attr, named(end))
		}
	}
}

// messageEnds: 10.5.2, 10.5.3: a start event sends no messages, an end event gets none.
func messageEnds(s *scrutiny, e *element) {
	if from := s.byRef(s.ids, e.attr("sourceRef")); from != nil && from.name == "startEvent" {
		s.broken(e, "bpmn/message-flow", "lead it from an activity, or an event that sends", "a message flow leaves %s", named(from))
	}
	if to := s.byRef(s.ids, e.attr("targetRef")); to != nil && to.name == "endEvent" {
		s.broken(e, "bpmn/message-flow", "lead it to an activity, or an event that waits", "a message flow leads to %s", named(to))
	}
}

// immediate: 8.3.13: a process that is to be run does not say isImmediate="false".
func immediate(s *scrutiny, e *element) {
	if !e.flag("isImmediate", true) && e.executable() {
		s.broken(e, "bpmn/immediate", `remove isImmediate="false"`, "the flow may be left for later, though the process is to be run")
	}
}

// direction: 10.6: what gatewayDirection promises.
func direction(s *scrutiny, e *element) {
	in, out := s.flowsOf(e)
	switch d := e.attr("gatewayDirection"); {
	case e.name == "eventBasedGateway" && d == "Converging":
	case d == "Diverging" && (in > 1 || out < 2), d == "Converging" && (out > 1 || in < 2), d == "Mixed" && (in < 2 || out < 2):
		s.broken(e, "bpmn/direction", "correct the attribute, or remove it", "%s is said to be %s, but has %d incoming and %d outgoing flows", named(e), clip(d), in, out)
	}
}

// noConverging: 10.6.6: an event gateway splits.
func noConverging(s *scrutiny, e *element) {
	if e.attr("gatewayDirection") == "Converging" {
		s.broken(e, "bpmn/direction", "remove the attribute", "%s cannot be Converging", named(e))
	}
}

// severalEvents: 10.6.6: an event gateway has two outgoing flows at least.
func severalEvents(s *scrutiny, e *element) {
	if _, out := s.flowsOf(e); out < 2 {
		s.broken(e, "bpmn/event-gateway", "lead it to each event that may come first, or remove it", "%s has %d outgoing flows, and needs two at least", named(e), out)
	}
}

// instantiates: 10.6.6: an event gateway that starts the process is not led to, and waits for messages.
func instantiates(s *scrutiny, e *element) {
	if in, _ := s.flowsOf(e); e.flag("instantiate", false) && in > 0 {
		s.broken(e, "bpmn/instantiate", `remove instantiate="true", or the flows to it`, "%s starts the process, but flows lead to it", named(e))
	}
}

// goesOn: 10.5.4: an intermediate event has an outgoing flow, unless it throws a link.
func goesOn(s *scrutiny, e *element) {
	if _, out := s.flowsOf(e); out == 0 && (e.name != "intermediateThrowEvent" || e.child("linkEventDefinition") == nil) {
		s.broken(e, "bpmn/flow", "lead a flow to what follows, or make it an end event", "no flow leaves %s", named(e))
	}
}

// between: 10.5.2, 10.5.3: where there are start events, flows lead to everything else; where there are end events, flows
// leave everything else.
func between(s *scrutiny, e *element) {
	if e.flag("isForCompensation", false) || e.flag("triggeredByEvent", false) || e.parent == nil {
		return
	}
	in, out := s.flowsOf(e)
	if in == 0 && s.options.Strict && s.has(e.parent, "startEvent") && !e.flag("instantiate", false) {
		s.broken(e, "bpmn/flow", "lead a flow to it, or remove it", "nothing leads to %s, though there is a start event", named(e))
	}
	if out == 0 && s.options.Strict && s.has(e.parent, "endEvent") {
		s.broken(e, "bpmn/flow", "lead it to an end event", "no flow leaves %s, though there is an end event", named(e))
	}
}

// operation: 10.5.1: a message event of a process that is to be run names an operation.
func operation(s *scrutiny, e *element) {
	if !e.executable() || e.parent == nil || roles[e.parent.name] < start {
		return
	}
	if e.attr("operationRef") == "" && e.child("operationRef") == nil {
		s.broken(e, "bpmn/operation", "name an operation", "%s has a message but names no operation, though the process is to be run", named(e.parent))
	}
}

// noEvents: 10.3.6: an ad-hoc sub-process has no start and end events; and, as every activity, one loop at most.
func noEvents(s *scrutiny, e *element) {
	if loops := e.all("standardLoopCharacteristics", "multiInstanceLoopCharacteristics"); len(loops) > 1 { // 10.3.7
		s.broken(loops[1], "bpmn/loop", "remove one of the two", "%s has two loop characteristics", named(e))
	}
	for _, c := range e.all("startEvent", "endEvent") {
		s.broken(c, "bpmn/ad-hoc", "remove it", "the ad-hoc sub-process %s has the %s", named(e), named(c))
	}
}

// noChoreography: 10.3.5, 10.7: activities of a choreography stand in no process.
func noChoreography(s *scrutiny, e *element) {
	if e.process() != nil {
		s.broken(e, "bpmn/choreography", "use a task", "%s is an activity of a choreography, and stands in a process", named(e))
	}
}
