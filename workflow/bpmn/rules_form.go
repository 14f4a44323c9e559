package bpmn

import (
	"net/url"
	"regexp"
	"strings"
)

// Rules about the form of expressions and attributes.

var formRules = []rule{
	{"documentation text textAnnotation", always, mime},
	{"loopCardinality loopCondition completionCondition activationCondition timeDate", inExecutable, formal},
	{"conditionExpression timeDuration timeCycle from to", strictly, formal},
	{"conditionExpression loopCardinality loopCondition completionCondition condition script", always, languageIsURI},
	{"transaction", always, methodIsURI},
	{"property", always, propertyPlace},
	{"participantMultiplicity", always, multiplicity},
	{"globalConversation", always, noConversationNodes},
	{"performer humanPerformer potentialOwner resourceRole", always, resource},
	{"complexBehaviorDefinition", always, behaviourCondition},
	{"dataObjectReference", inExecutable, stateInName},
}

var mimeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+-]*/[A-Za-z0-9][A-Za-z0-9.+*-]*(\s*;.*)?$`)

// mime: 8.2.1, 8.3.1: textFormat is a MIME type.
func mime(s *scrutiny, e *element) {
	if format := strings.TrimSpace(e.attr("textFormat")); format != "" && !mimeForm.MatchString(format) {
		s.broken(e, "bpmn/text-format", "as in text/plain", "the textFormat %q is no MIME type", clip(format))
	}
}

// formal: 8.3.6: an expression of a process that is to be run is a FormalExpression.
func formal(s *scrutiny, e *element) {
	if strings.TrimSpace(e.text) == "" || !e.executable() {
		return
	}
	typ := e.anyAttr("type") // xsi:type
	if typ[strings.LastIndexByte(typ, ':')+1:] != "tFormalExpression" {
		s.broken(e, "bpmn/formal", `write xsi:type="tFormalExpression"`, "the %s is no formal expression, though the process is to be run", e.name)
	}
}

// languageIsURI: 8.3.6: the language of an expression is a URI. Names of languages, which tools write, pass.
func languageIsURI(s *scrutiny, e *element) {
	if language := strings.TrimSpace(e.attr("language")); language != "" && !isURI(language) {
		s.broken(e, "bpmn/uri", "as in https://cel.dev", "the language %q is no URI", clip(language))
	}
}

// methodIsURI: 10.3.5: the method of a transaction is ##Compensate, ##Image, ##Store or a URI.
func methodIsURI(s *scrutiny, e *element) {
	if method := strings.TrimSpace(e.attr("method")); method != "" && !strings.HasPrefix(method, "##") && !isURI(method) {
		s.broken(e, "bpmn/uri", "as in ##Compensate", "the method %q of the transaction is no URI", clip(method))
	}
}

func isURI(text string) bool {
	_, err := url.Parse(text)
	return err == nil && !strings.ContainsAny(text, " %$!<>\"{}|\\^`") || err == nil && strings.Contains(text, "://")
}

// propertyPlace: 10.4.1: only processes, activities and events have properties.
func propertyPlace(s *scrutiny, e *element) {
	if p := e.parent; p != nil && p.name != "process" && !isNode(p.name) {
		s.broken(e, "bpmn/property", "move it into the process", "a property stands in %s, and only processes, activities and events have properties", p.name)
	}
}

// multiplicity: 9.3.3.
func multiplicity(s *scrutiny, e *element) {
	low, high := number(e.attr("minimum")), number(e.attr("maximum"))
	if low >= 0 && high >= 0 && high < low {
		s.broken(e, "bpmn/multiplicity", "", "the maximum of participants, %d, is below the minimum, %d", high, low)
	}
}

// number is a count, -1 if the text is none.
func number(text string) int {
	n := -1
	for i, c := range strings.TrimSpace(text) {
		if c < '0' || c > '9' || i > 6 {
			return -1
		}
		n = max(n, 0)*10 + int(c-'0')
	}
	return n
}

// noConversationNodes: 9.5.4: a global conversation is atomic.
func noConversationNodes(s *scrutiny, e *element) {
	for _, c := range e.all("conversation", "subConversation", "callConversation") {
		s.broken(c, "bpmn/conversation", "use a collaboration", "a globalConversation contains the %s", named(c))
	}
}

// resource: 10.3.1: who does an activity is said by a resource with its parameters, or by an expression.
func resource(s *scrutiny, e *element) {
	bound := e.child("resourceParameterBinding")
	switch ref := e.child("resourceRef"); {
	case bound != nil && ref == nil:
		s.broken(bound, "bpmn/resource", "name the resource", "the %s binds parameters of no resource", e.name)
	case ref != nil && e.child("resourceAssignmentExpression") != nil:
		s.broken(e, "bpmn/resource", "remove one of the two", "the %s names both a resource and an expression", e.name)
	}
}

// behaviourCondition: 10.3.7: the condition of a complex behaviour is a condition.
func behaviourCondition(s *scrutiny, e *element) {
	if c := e.child("condition"); c == nil || number(c.text) >= 0 {
		s.broken(e, "bpmn/condition", "write a condition", "a complexBehaviorDefinition needs a condition that is true or false")
	}
}

// stateInName: 10.4.1: a reference to a data object in a state is called "<name> [<state>]".
func stateInName(s *scrutiny, e *element) {
	state, object := e.child("dataState"), s.byRef(s.ids, e.attr("dataObjectRef"))
	if state == nil || object == nil || state.attr("name") == "" || object.attr("name") == "" {
		return
	}
	if want := object.attr("name") + " [" + state.attr("name") + "]"; e.attr("name") != want {
		s.broken(e, "bpmn/data-state", "", "the reference is called %q, and not %q", clip(e.attr("name")), clip(want))
	}
}
