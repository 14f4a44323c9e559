package bpmn

import (
	"fmt"
	"slices"
	"strings"
)

// This file says what of a file is left aside though it matters when the process runs. What only matters to the engine that
// the file was written for, or to a tool for drawing, is left aside without a word.

// An omission is something that is left aside.
type omission struct {
	// what are elements, and attributes with an @ before them, of an element of BPMN; element@attribute is one of an
	// element that a vendor puts into it. They are separated by spaces.
	what string
	on   string // the elements of BPMN that it counts on, separated by spaces; "": any
	only string // the value of the attribute that matters; "": any
	says string // what it says
	hint string
	when func(g *graph, e *element) bool // whether it counts on an element; nil: always
}

// omissions are what is left aside, by the name space that it is in.
var omissions = map[string][]omission{
	model:                                 standardOmissions,
	"http://camunda.org/schema/1.0/bpmn":  camundaOmissions,
	"http://www.camunda.com/fox":          camundaOmissions,
	"http://flowable.org/bpmn":            slices.Concat(camundaOmissions, flowableOmissions),
	"http://activiti.org/bpmn":            slices.Concat(camundaOmissions, flowableOmissions),
	"http://camunda.org/schema/zeebe/1.0": zeebeOmissions,
	"http://www.jboss.org/drools":         jbpmOmissions,
}

var standardOmissions = []omission{
	{what: "@waitForCompletion", on: "compensateEventDefinition", only: "false", says: "that the process goes on while things are undone", hint: "undo beside the process, in a branch of its own"},
	{what: "@noneBehaviorEventRef @oneBehaviorEventRef complexBehaviorDefinition", on: "multiInstanceLoopCharacteristics", says: "which event is thrown when a round ends", hint: "throw it behind the activity, in a sub-process that is the loop"},
	{what: "loopDataOutputRef outputDataItem", on: "multiInstanceLoopCharacteristics", says: "where the results of the rounds are collected", hint: "give the each a collect and an out"},
	{what: "script", on: "scriptTask", says: "a handler does what it says", hint: "write it in CEL, with a result variable", when: func(g *graph, e *element) bool {
		return !g.mapped[e] && strings.TrimSpace(e.text) != ""
	}},
	{what: "performer humanPerformer potentialOwner resourceRole", says: "who does it", hint: "name them in a resourceAssignmentExpression", when: func(_ *graph, e *element) bool {
		return e.child("resourceAssignmentExpression") == nil
	}},
	{what: "dataInputAssociation dataOutputAssociation", says: "a value that is calculated or fixed", hint: "write it as an in or out of the step", when: (*graph).assigned},
}

// camundaOmissions are those of Camunda 7 and of what it and its relatives share.
var camundaOmissions = []omission{
	{what: "@candidateUsers", says: "who may do it", hint: "use candidateGroups, or assignee"},
	{what: "@candidateStarterUsers @candidateStarterGroups potentialStarter", says: "who may start the process", hint: "check it where the process is started"},
	{what: "@formKey @formRef formData formProperty", on: "startEvent", says: "the form that the process is started with", hint: "declare what it asks for as inputs of the process"},
	{what: "@initiator", says: "the variable with the person who started the process", hint: "start the process with a variable that says so"},
	{what: "taskListener executionListener", says: "code that runs when something begins or ends", hint: "make it a service before or behind"},
	{what: "field connector", says: "what the handler is given", hint: "use an inputParameter"},
	{what: "@calledElementVersionTag @calledElementTenantId @caseRef", on: "callActivity", says: "what is called", hint: "name a process, and its version if needed"},
	{what: "@calledElementBinding", on: "callActivity", only: "deployment", says: "that the version deployed together is called", hint: "name the version"},
	{what: "@variableMappingClass @variableMappingDelegateExpression", says: "code that maps variables", hint: "use in and out"},
	{what: "@decisionRefVersion @decisionRefVersionTag @decisionRefTenantId", says: "which version of the decision is taken", hint: "let the handler choose it"},
	{what: "@mapDecisionResult", says: "how the result of the decision is mapped", hint: "let the handler return the value itself"},
	{what: "@errorCodeVariable @errorMessageVariable @escalationCodeVariable", says: "the variable that gets the code or message", hint: "let the handler write it"},
	{what: "errorEventDefinition", says: "when the handler has failed with an error", hint: "let the handler fail with the code"},
	{what: "@variableName @variableEvents", on: "conditionalEventDefinition", says: "on which changes the condition is looked at", hint: "ask for the change in the condition"},
	{what: "@taskPriority @jobPriority", says: "in which order jobs are done", hint: "give the handlers different workers"},
	{what: "ioMapping inputOutput in out", says: "data that goes in or out", hint: "map it in an activity before or behind", when: (*graph).unmapped},
}

// flowableOmissions are those of Flowable and Activiti beside.
var flowableOmissions = []omission{
	{what: "@skipExpression", says: "when the task is skipped", hint: "lead a flow with a condition around it"},
	{what: "@elementIndexVariable", says: "the variable with the number of the round", hint: "put the number into the elements of the list"},
	{what: "eventListener", says: "code that runs when something happens", hint: "make it a service"},
	{what: "mapException", says: "which exceptions are errors", hint: "let the handler fail with the code"},
	{what: "variableAggregation", says: "how the results of the rounds are collected", hint: "give the each a collect and an out"},
	{what: "customResource", says: "who may do it", hint: "use candidateGroups, or assignee"},
}

// zeebeOmissions are those of Camunda 8.
var zeebeOmissions = []omission{
	{what: "assignmentDefinition@candidateUsers", says: "who may do it", hint: "use candidateGroups, or assignee"},
	{what: "taskListeners executionListeners", says: "jobs that run when something begins or ends", hint: "make them services before or behind"},
	{what: "taskHeaders", says: "what the handler is given", hint: "use an input"},
	{what: "taskDefinition", on: "intermediateThrowEvent endEvent", says: "the handler that does it", hint: "put a service task before the event"},
	{what: "publishMessage", says: "how the message is sent", hint: "give the step a key and a ttl"},
	{what: "calledElement@bindingType calledDecision@bindingType", only: "deployment", says: "that the version deployed together is called", hint: "name the version"},
	{what: "calledElement@versionTag calledDecision@versionTag", says: "which version is called", hint: "name the version"},
	{what: "calledElement@propagateAllChildVariables", only: "true", says: "that all variables come back", hint: "name them in outputs"},
	{what: "conditionalFilter", says: "on which changes the condition is looked at", hint: "ask for the change in the condition"},
	{what: "linkedResources", says: "what the handler is given", hint: "let the handler load it"},
	{what: "ioMapping", says: "data that goes in or out", hint: "map it in an activity before or behind", when: (*graph).unmapped},
}

var jbpmOmissions = []omission{
	{what: "onEntry-script onExit-script", says: "code that runs when something begins or ends", hint: "make it a service before or behind"},
	{what: "@waitForCompletion", on: "callActivity", only: "false", says: "that the process goes on at once", hint: "send a message that starts the other process"},
	{what: "@ruleFlowGroup", says: "which rules are asked", hint: "let the handler choose them"},
}

// A spoken is what is left aside in several places.
type spoken struct {
	omission
	first, holder *element
	name          string
	others        []string // lines
}

// omitted warns of what is left aside of the process: once for everything of a name.
func (g *graph) omitted() {
	if g.options.ControlOnly {
		return
	}
	var list []*spoken
	byName := map[string]*spoken{}
	note := func(o omission, at, holder *element, name string) {
		s := byName[name]
		if s == nil {
			s = &spoken{omission: o, first: at, holder: holder, name: name}
			byName[name] = s
			list = append(list, s)
		} else if line := fmt.Sprint(at.line); !slices.Contains(s.others, line) && len(s.others) < 20 {
			s.others = append(s.others, line)
		}
	}
	var walk func(e *element)
	walk = func(e *element) {
		if e.name == "extensionElements" {
			return
		}
		for _, a := range e.attrs {
			space := a.Name.Space
			if space == "" {
				space = model
			}
			if o := omissionOf(space, "@"+a.Name.Local); o != nil && o.counts(g, e, e, a.Value) {
				note(*o, e, e, a.Name.Local)
			}
		}
		for _, x := range e.extensions() {
			if o := omissionOf(x.space, x.name); o != nil && o.counts(g, e, e, "") {
				note(*o, x, e, x.name)
			}
			for _, a := range x.attrs {
				if o := omissionOf(x.space, x.name+"@"+a.Name.Local); o != nil && o.counts(g, e, e, a.Value) {
					note(*o, x, e, a.Name.Local)
				}
			}
		}
		for _, c := range e.children {
			if o := omissionOf(model, c.name); o != nil && o.counts(g, e, c, "") {
				note(*o, c, e, c.name)
			}
			walk(c)
		}
	}
	walk(g.root)
	for _, s := range list {
		more := ""
		if len(s.others) > 0 {
			more = " (also in line " + strings.Join(s.others, ", ") + ")"
		}
		g.warn(s.first, "bpmn/left-aside", s.hint, "%s of %s is left aside: %s%s", s.name, named(holding(s.holder)), s.says, more)
	}
}

// holding is the flow node that an element is part of, or else the element itself.
func holding(e *element) *element {
	for at := e; at != nil && at.name != "process"; at = at.parent {
		if roles[at.name] >= start {
			return at
		}
	}
	return e
}

// omissionOf is the row for an element or attribute, nil if there is none.
func omissionOf(space, what string) *omission {
	return omissionTable[[2]string{space, what}]
}

var omissionTable = func() map[[2]string]*omission {
	table := map[[2]string]*omission{}
	for space, list := range omissions { //lint:sorted each has keys of its own
		for i := range list {
			for what := range strings.FieldsSeq(list[i].what) {
				table[[2]string{space, what}] = &list[i]
			}
		}
	}
	return table
}()

// counts reports whether something counts on an element of BPMN; about is what is asked about it.
func (o *omission) counts(g *graph, on, about *element, value string) bool {
	value = strings.TrimSpace(value)
	if o.only == "false" || o.only == "true" {
		value = fmt.Sprint(boolean(value, o.only != "true"))
	}
	return (o.on == "" || slices.Contains(strings.Fields(o.on), on.name)) && (o.only == "" || value == o.only) && (o.when == nil || o.when(g, about))
}

// unmapped reports whether the mappings of an element have not been read.
func (g *graph) unmapped(e *element) bool { return !g.mapped[e] }

// assigned reports whether a data association calculates or fixes a value that is not read. jBPM gives every task its own
// name so.
func (g *graph) assigned(c *element) bool {
	if c.child("transformation") == nil && c.child("assignment") == nil {
		return false
	}
	to := c.child("targetRef")
	if to == nil || c.name != "dataInputAssociation" {
		return true
	}
	if end := g.byRef(g.ids, to.text); end != nil {
		name := end.attr("name")
		return name != "TaskName" && name != "NodeName" && (name != "GroupId" || c.parent.name != "userTask")
	}
	return true
}
