package bpmn

import (
	"slices"
	"strings"
)

// Rules about data (10.4, 8.3.10).

var dataRules = []rule{
	{"ioSpecification", always, processSets},
	{"ioSpecification", strictly, sets},
	{"dataObject dataInput dataOutput", inExecutable, collection},
	{"serviceTask", inExecutable, servedData},
	{"serviceTask", strictly, serviceData},
	{"sendTask", inExecutable, sentData},
	{"receiveTask", inExecutable, oneOutput},
	{"receiveTask", strictly, receivedData},
	{"process globalTask globalUserTask globalScriptTask globalManualTask globalBusinessRuleTask", always, binding},
	{"multiInstanceLoopCharacteristics", inExecutable, loopData},
	{"dataInputAssociation dataOutputAssociation", always, associationEnds},
	{"startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent", inExecutable, eventData},
}

// processSets is sets for what a process is given and returns.
func processSets(s *scrutiny, e *element) {
	if e.parent != nil && e.parent.name == "process" {
		sets(s, e)
	}
}

// sets: 10.4.2: each data input is in an input set, each output in an output set, and what a set takes while the activity
// is executing is in that set.
func sets(s *scrutiny, e *element) {
	for _, way := range []struct{ data, set, refs, while string }{
		{"dataInput", "inputSet", "dataInputRefs", "whileExecutingInputRefs"},
		{"dataOutput", "outputSet", "dataOutputRefs", "whileExecutingOutputRefs"},
	} {
		var used []string
		for _, set := range e.all(way.set) {
			refs := set.refs(way.refs)
			used = append(used, refs...)
			for _, ref := range set.refs(way.while) {
				if !slices.Contains(refs, ref) {
					s.broken(set, "bpmn/data-set", "add it to the "+way.refs, "the %s takes %q while executing, but does not have it", way.set, clip(ref))
				}
			}
		}
		for _, data := range e.all(way.data) {
			if id := data.attr("id"); !slices.Contains(used, id) {
				s.broken(data, "bpmn/data-set", "add it to an "+way.set, "the %s %q is in no %s", way.data, clip(id), way.set)
			}
		}
	}
}

// item is the item definition that an element refers to by an attribute, nil if by none.
func (s *scrutiny) item(e *element, attr string) *element {
	if e == nil {
		return nil
	}
	if d := s.byRef(s.ids, e.attr(attr)); d != nil && d.name == "itemDefinition" {
		return d
	}
	return nil
}

// collection: 10.4.1: data is a collection if and only if its item definition is one.
func collection(s *scrutiny, e *element) {
	d := s.item(e, "itemSubjectRef")
	if d != nil && d.flag("isCollection", false) != e.flag("isCollection", false) {
		s.broken(e, "bpmn/collection", "say isCollection as its item definition does", "%s and its item definition %q do not agree on being a collection", named(e), clip(d.attr("id")))
	}
}

// same reports whether two item definitions are of the same structure.
func same(a, b *element) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a == b || a.attr("structureRef") != "" && a.attr("structureRef") == b.attr("structureRef")
}

// oneSet checks that a task that passes a message has at most one set of data for it.
func (s *scrutiny) oneSet(e *element, set string) {
	if io := e.child("ioSpecification"); io != nil && len(io.all(set)) > 1 {
		s.broken(io.all(set)[1], "bpmn/data-set", "remove it", "%s has more than one %s", named(e), set)
	}
}

// oneOutput: 10.3.3: a receive task has at most one output set.
func oneOutput(s *scrutiny, e *element) { s.oneSet(e, "outputSet") }

// passes checks that a task has at most one set, and that its one piece of data is of the item that a message has.
func (s *scrutiny) passes(e, message *element, data, set string) {
	io := e.child("ioSpecification")
	if io == nil {
		return
	}
	s.oneSet(e, set)
	if list := io.all(data); len(list) == 1 && message != nil && message.attr("itemRef") != "" && !same(s.item(list[0], "itemSubjectRef"), s.item(message, "itemRef")) {
		s.broken(list[0], "bpmn/data-item", "let both refer to the same item definition", "the %s of %s is not of the item of the message %q", data, named(e), clip(message.attr("id")))
	}
}

// servedData: 10.3.3: a service task whose operation has a message has data for it.
func servedData(s *scrutiny, e *element) {
	if op := s.byRef(s.ids, e.attr("operationRef")); op != nil && op.child("inMessageRef") != nil && e.child("ioSpecification") == nil {
		s.broken(e, "bpmn/data-item", "give it an ioSpecification", "%s has no inputSet, but its operation has a message", named(e))
	}
}

// serviceData: 10.3.3: a service task passes the messages of its operation.
func serviceData(s *scrutiny, e *element) {
	if op := s.byRef(s.ids, e.attr("operationRef")); op != nil && op.name == "operation" {
		in, out := op.child("inMessageRef"), op.child("outMessageRef")
		if in != nil {
			s.passes(e, s.byRef(s.ids, in.text), "dataInput", "inputSet")
		}
		if out != nil {
			s.passes(e, s.byRef(s.ids, out.text), "dataOutput", "outputSet")
		}
	}
}

// sentData: 10.3.3: a send task passes its message.
func sentData(s *scrutiny, e *element) {
	s.passes(e, s.byRef(s.messages, e.attr("messageRef")), "dataInput", "inputSet")
}

// receivedData: 10.3.3: a receive task passes its message.
func receivedData(s *scrutiny, e *element) {
	s.passes(e, s.byRef(s.messages, e.attr("messageRef")), "dataOutput", "outputSet")
}

// binding: 10.4.2: what offers an interface binds its operations to data.
func binding(s *scrutiny, e *element) {
	if e.child("supportedInterfaceRef") != nil && e.child("ioSpecification") != nil && e.child("ioBinding") == nil {
		s.broken(e, "bpmn/binding", "add an ioBinding", "%s supports an interface but does not bind its operations to data", named(e))
	}
}

// loopData: 10.3.7: a multi-instance activity goes through a data input of its own that is a collection, and each element
// is of the same structure, and no collection.
func loopData(s *scrutiny, e *element) {
	c := e.child("loopDataInputRef")
	if c == nil {
		return
	}
	data := s.byRef(s.ids, c.text)
	if data == nil {
		return // it is what a tool means by it
	}
	if data.name != "dataInput" && data.name != "dataObject" && data.name != "dataObjectReference" && data.name != "property" {
		s.broken(c, "bpmn/loop-data", "name a data input of the activity", "%q is no data to loop over", clip(c.text))
		return
	}
	one := e.child("inputDataItem")
	whole, each := s.item(data, "itemSubjectRef"), s.item(one, "itemSubjectRef")
	if whole == nil || each == nil || !data.flag("isCollection", false) {
		return
	}
	if each.flag("isCollection", false) || each.attr("structureRef") != whole.attr("structureRef") {
		s.broken(one, "bpmn/loop-data", "let it refer to an item definition of the same structure that is no collection", "an element of %q is of another kind than the list", clip(c.text))
	}
}

// associationEnds: 10.4.2: data flows into activities and out of them; what a process is given is not written, what it
// returns is not read; several sources need a transformation.
func associationEnds(s *scrutiny, e *element) {
	sources := e.refs("sourceRef")
	if len(sources) > 1 && e.child("transformation") == nil {
		s.broken(e, "bpmn/association", "add a transformation", "the %s has %d sources and nothing that makes one value of them", e.name, len(sources))
	}
	for _, way := range []struct {
		association, data, verb string
		refs                    []string
	}{
		{"dataInputAssociation", "dataOutput", "reads", sources},
		{"dataOutputAssociation", "dataInput", "writes", e.refs("targetRef")},
	} {
		for _, ref := range way.refs {
			if end := s.byRef(s.ids, ref); e.name == way.association && end != nil && end.name == way.data {
				s.broken(e, "bpmn/association", "use a data object", "the %s %s the %s", e.name, way.verb, named(end))
			}
		}
	}
}

// eventData: 10.5.1: the data of an event is of the items of what it catches or throws, in the same order.
func eventData(s *scrutiny, e *element) {
	data := e.all("dataInput", "dataOutput")
	if len(data) == 0 {
		return
	}
	var items []*element
	for _, d := range e.children {
		payload := map[string][2]string{
			"messageEventDefinition": {"messageRef", "itemRef"}, "signalEventDefinition": {"signalRef", "structureRef"},
			"errorEventDefinition": {"errorRef", "structureRef"}, "escalationEventDefinition": {"escalationRef", "structureRef"},
		}[d.name]
		if payload[0] != "" {
			items = append(items, s.item(s.byRef(s.ids, d.attr(payload[0])), payload[1]))
		}
	}
	for i, want := range items {
		if i >= len(data) {
			break
		}
		if has := s.item(data[i], "itemSubjectRef"); has != nil && want != nil && !same(has, want) &&
			strings.TrimSpace(has.attr("structureRef")) != "" && strings.TrimSpace(want.attr("structureRef")) != "" {
			s.broken(data[i], "bpmn/data-item", "let both refer to the same item definition", "the data of %s is not of the item that it catches or throws", named(e))
		}
	}
}
