package bpmn

// A role is what an element within a process is to the import.
type role uint8

const (
	aside      role = iota + 1 // says nothing about control flow: left aside
	refused                    // refused by name
	inside                     // read with what it is part of
	flowing                    // sequenceFlow
	definition                 // an event definition
	start                      // flow nodes from here on
	end
	catch
	throw
	boundary
	user
	manual
	service
	send
	script
	receive
	call
	subprocess
	exclusive
	parallel
	inclusive
	events // event-based gateway
	pass   // lets tokens through: no element of BPMN, but what is left of a throw event that throws nothing, or of a link
)

// roles are the elements that BPMN 2.0 allows within a process or a flow node (its XML schema, Semantic.xsd). What is not
// there is no BPMN.
var roles = map[string]role{
	"startEvent": start, "endEvent": end, "intermediateCatchEvent": catch, "intermediateThrowEvent": throw, "implicitThrowEvent": throw, "boundaryEvent": boundary,
	"task": user, "userTask": user, "manualTask": manual,
	"serviceTask": service, "businessRuleTask": service, "sendTask": send, "scriptTask": script, "receiveTask": receive,
	"callActivity": call, "subProcess": subprocess, "transaction": subprocess,
	"exclusiveGateway": exclusive, "parallelGateway": parallel, "inclusiveGateway": inclusive, "eventBasedGateway": events,
	"sequenceFlow": flowing,

	"cancelEventDefinition": definition, "compensateEventDefinition": definition, "conditionalEventDefinition": definition,
	"errorEventDefinition": definition, "escalationEventDefinition": definition, "linkEventDefinition": definition,
	"messageEventDefinition": definition, "signalEventDefinition": definition, "terminateEventDefinition": definition,
	"timerEventDefinition": definition, "eventDefinitionRef": definition,

	"event": refused, "eventDefinition": refused, "complexGateway": refused, "adHocSubProcess": refused,
	"choreographyTask": refused, "subChoreography": refused, "callChoreography": refused,

	"standardLoopCharacteristics": inside, "multiInstanceLoopCharacteristics": inside, "loopCharacteristics": inside,
	"conditionExpression": inside, "script": inside, "laneSet": inside, "property": inside, "dataObject": inside,
	"documentation": inside, "association": inside, "extensionElements": inside,
	"performer": inside, "humanPerformer": inside, "potentialOwner": inside,

	"incoming": aside, "outgoing": aside, "auditing": aside, "monitoring": aside, "categoryValueRef": aside, "category": aside,
	"artifact": aside, "group": aside, "textAnnotation": aside,
	"dataObjectReference": aside, "dataStoreReference": aside, "dataStore": aside, "dataState": aside,
	"ioSpecification": aside, "ioBinding": aside, "dataInput": aside, "dataOutput": aside, "inputSet": aside, "outputSet": aside,
	"dataInputAssociation": aside, "dataOutputAssociation": aside,
	"resourceRole": aside, "rendering": aside,
	"correlationSubscription": aside, "supports": aside, "supportedInterfaceRef": aside, "conversation": aside,
}

// isNode reports whether elements with a name are flow nodes, supported or not.
func isNode(name string) bool {
	switch name {
	case "complexGateway", "adHocSubProcess":
		return true
	}
	return roles[name] >= start
}

// activity reports whether nodes of a role do work.
func (r role) activity() bool { return r >= user && r <= subprocess }

// gateway reports whether nodes of a role only direct tokens.
func (r role) gateway() bool { return r >= exclusive }

// kind is what an event definition is: "message", "timer"; "terminate".
func kindOf(definition *element) string {
	const suffix = "EventDefinition"
	return definition.name[:max(0, len(definition.name)-len(suffix))]
}
