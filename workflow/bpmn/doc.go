// Package bpmn reads process schemas from BPMN 2.0 XML (OMG, "Business Process Model and Notation", version 2.0.2).
//
// What is read, element by element:
//
//	process                                   a schema: each executable one, or all if none is; one without flow nodes (a pool) is left out
//	startEvent                                where the process or sub-process begins; no step if it is the only one and plain, else start
//	endEvent                                  end, with what it throws; several event definitions: throws before it
//	task, userTask; manualTask                user, manual; the lane that it lies in and those who may do it are its groups
//	serviceTask, businessRuleTask             service; see vendor.go for its handler
//	sendTask                                  send of its message; service if it has none
//	scriptTask                                script if it is an expression with a result variable, else service
//	receiveTask                               receive of its message
//	callActivity                              call; a global task of the file is done in its place
//	subProcess, transaction                   subprocess; with triggeredByEvent one of the events of its scope
//	exclusive-, parallel-, inclusiveGateway   gateway; one that both merges and splits stays one gateway
//	eventBasedGateway                         gateway of kind event
//	intermediateCatchEvent                    wait; several event definitions: a race of them, or all with parallelMultiple
//	intermediateThrowEvent                    throw, compensate; none: a gateway that lets tokens through, as links are
//	boundaryEvent                             boundary; compensation: the step that its association leads to
//	multiInstanceLoopCharacteristics          each, "<id>.each", around the activity
//	standardLoopCharacteristics               repeat, "<id>.loop", around the activity; with a clock at it, a sub-process around that
//	sequenceFlow                              next, or a flow of a gateway under the flow's id
//	messageFlow                               partner of those at its ends
//
// A step with several outgoing flows is followed by a gateway: "<id>.fork", parallel where the flows are unconditional,
// inclusive where they have conditions; where there are both, the conditional ones hang on "<id>.some" behind it, whose
// else, if the file has none, is "<id>.skip". A process without start event begins with all nodes that nothing leads
// to, by "<id>.start". A way that leads nowhere ends there, in "<id>.end" where the text form needs it. What follows a
// boundary event that does not interrupt is moved into a scope of its own; see aside.go.
//
// Names become titles, documentation docs. Diagrams, artifacts and whatever is not in BPMN's name space, or that of a
// vendor that is known, are left aside; what of that matters when a process runs is said, see omitted.go. Ad-hoc
// sub-processes, complex gateways and choreographies are refused, by their name and line.
//
// # What a file leaves open
//
// Files are written for engines that know more, or only to be looked at. An expression that has no translation, a choice
// without conditions, a timer that says no time do not keep a process from being read: a variable stands for it, and a
// finding open/... says so. Such a process can be verified, drawn, compared and written as YAML; it is not deployed; see
// schema.Builder.Open. So codes of findings tell the reasons apart: bpmn/... and schema/... refuse a file, open/... leaves
// something to be settled, sound/... and data/... are what verification finds.
//
// In a process that is not marked isExecutable="true", what cannot be is left out with a warning; in one that is, it is
// refused. Options.Strict refuses both, and asks for more rules; see rules.go.
//
// # Expressions
//
// Expressions are CEL when deployed: those of JUEL (${x}, #{x}) and FEEL (= x, or so named by the language of the
// expression, or of the file) are translated where the meaning is the same, others are taken as CEL, with some habits
// of Java, MVEL, Python and XPath understood; internal/translate says what. Variables are dyn, with a warning, unless
// the file declares them as a property or data object of a type that is known; the activities that come right before a
// condition write them, and where none comes before it, the process is started with them. Options.ControlOnly leaves
// expressions alone.
//
// # Hostile files
//
// There are no entities but those of XML itself, a document type declaration is refused, size and depth are limited
// (MaxSize, MaxDepth), nothing outside the text is read: imports are not followed.
package bpmn
