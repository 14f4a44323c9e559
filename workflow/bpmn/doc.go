// Package bpmn reads process schemas from BPMN 2.0 XML (OMG, "Business Process Model and Notation", version 2.0.2).
//
// What is read, element by element:
//
//	process                                   a schema, executable or not; one without flow nodes (a pool) is left out
//	startEvent                                where the process or sub-process begins; no step
//	endEvent, with terminateEventDefinition   end, end with terminate
//	task, userTask, manualTask                user; the innermost lane that it lies in is its group
//	serviceTask, sendTask, businessRuleTask   service; the implementation, unless it is ##something, is the handler
//	scriptTask                                script if its scriptFormat is CEL and it has a resultVariable, else service
//	receiveTask                               receive of the name of its message, with an empty key
//	subProcess                                subprocess
//	exclusive-, parallel-, inclusiveGateway   gateway; one that both merges and splits stays one gateway
//	sequenceFlow                              next, or a flow of a gateway under the flow's id
//
// A step with several outgoing flows is followed by a gateway: "<id>.fork", parallel where the flows are unconditional,
// inclusive where they have conditions; where there are both, the conditional ones hang on "<id>.some" behind it, whose
// else, if the file has none, is "<id>.skip". A process without start event begins with all nodes that nothing leads
// to, by "<id>.start"; one with several begins with one of them, which only control flow can say. A way that leads
// nowhere ends there, in "<id>.end" where the text form needs it.
//
// Names become titles, documentation docs. Diagrams, data objects, pools, message flows, lanes of other nodes, artifacts
// and whatever is not in BPMN's name space are left aside. Everything else is refused, by its name and line.
//
// # Conditions
//
// Conditions are CEL when deployed: those of JUEL (${x}, #{x}) and FEEL (= x, or so named by the language of the
// expression) are translated where the meaning is the same, others are taken as CEL, with some habits of Java, MVEL, Python
// and XPath understood; internal/translate says what. An expression without translation is refused with its text and the
// reason. Variables that conditions use are dyn, with a warning, unless the file declares them as a property or data
// object of a type that is known; the activities that come right before a condition write them, and where none comes
// before it, the process is started with them. Options.ControlOnly leaves conditions alone.
//
// # Hostile files
//
// There are no entities but those of XML itself, a document type declaration is refused, size and depth are limited
// (MaxSize, MaxDepth), nothing outside the text is read.
package bpmn
