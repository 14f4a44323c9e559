package bpmn

// A role is what an element within a process is to the import.
type role uint8

const (
	aside   role = iota + 1 // says nothing about control flow: left aside
	later                   // refused by name
	inside                  // read with what it is part of
	flowing                 // sequenceFlow
	start                   // flow nodes from here on
	end
	user
	service
	script
	receive
	subprocess
	exclusive
	parallel
	inclusive
)

// roles are the elements that BPMN 2.0 allows within a process or a flow node (its XML schema, Semantic.xsd). What is not
// there is no BPMN.
var roles = map[string]role{
	"startEvent": start, "endEvent": end,
	"task": user, "userTask": user, "manualTask": user,
	"serviceTask": service, "sendTask": service, "businessRuleTask": service, "scriptTask": script, "receiveTask": receive,
	"subProcess":       subprocess,
	"exclusiveGateway": exclusive, "parallelGateway": parallel, "inclusiveGateway": inclusive,
	"sequenceFlow": flowing,

	"boundaryEvent": later, "intermediateCatchEvent": later, "intermediateThrowEvent": later, "implicitThrowEvent": later, "event": later,
	"eventBasedGateway": later, "complexGateway": later, "callActivity": later, "transaction": later, "adHocSubProcess": later,
	"standardLoopCharacteristics": later, "multiInstanceLoopCharacteristics": later,
	"cancelEventDefinition": later, "compensateEventDefinition": later, "conditionalEventDefinition": later, "errorEventDefinition": later,
	"escalationEventDefinition": later, "linkEventDefinition": later, "messageEventDefinition": later, "signalEventDefinition": later,
	"timerEventDefinition": later, "eventDefinition": later, "eventDefinitionRef": later,
	"choreographyTask": later, "subChoreography": later, "callChoreography": later,

	"terminateEventDefinition": inside, "conditionExpression": inside, "script": inside, "laneSet": inside, "property": inside,
	"dataObject": inside, "documentation": inside,

	"incoming": aside, "outgoing": aside, "auditing": aside, "monitoring": aside, "categoryValueRef": aside, "category": aside,
	"artifact": aside, "association": aside, "group": aside, "textAnnotation": aside,
	"dataObjectReference": aside, "dataStoreReference": aside, "dataStore": aside, "dataState": aside,
	"ioSpecification": aside, "ioBinding": aside, "dataInput": aside, "dataOutput": aside, "inputSet": aside, "outputSet": aside,
	"dataInputAssociation": aside, "dataOutputAssociation": aside,
	"resourceRole": aside, "performer": aside, "humanPerformer": aside, "potentialOwner": aside, "rendering": aside,
	"correlationSubscription": aside, "supports": aside, "supportedInterfaceRef": aside, "conversation": aside,
}

// isNode reports whether elements with a name are flow nodes, supported or not.
func isNode(name string) bool {
	switch name {
	case "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent", "eventBasedGateway", "complexGateway",
		"callActivity", "transaction", "adHocSubProcess":
		return true
	}
	return roles[name] >= start
}

// activity reports whether nodes of a role do work.
func (r role) activity() bool { return r >= user && r <= subprocess }

// gateway reports whether nodes of a role only direct tokens.
func (r role) gateway() bool { return r >= exclusive }
