package bpmn

import (
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file and the two after it are rules of BPMN 2.0.2 that a file can break though what it means for control flow is
// plain: about data, references and attributes. The numbers are those of its sections. What decides about control flow
// is checked where it is read.

// A scrutiny holds a file against the rules.
type scrutiny struct {
	*file
	found []schema.Finding
	in    map[string]int // sequence flows that end at an id
	out   map[string]int // and that begin there
	held  map[held]bool  // what has has found
}

type held struct {
	in   *element
	name string
}

// has reports whether an element has a child of a name. It looks once.
func (s *scrutiny) has(e *element, name string) bool {
	yes, known := s.held[held{e, name}]
	if !known {
		yes = e.child(name) != nil
		s.held[held{e, name}] = yes
	}
	return yes
}

// A rule looks at elements of some names.
type rule struct {
	names string // separated by spaces
	// where says when breaking the rule refuses a file: always, in a process that is meant to be run, or only if
	// Options.Strict asks for it, since tools break it all the time.
	where level
	check func(s *scrutiny, e *element)
}

type level uint8

const (
	always level = iota + 1
	inExecutable
	strictly
)

var rules = slices.Concat(formRules, flowRules, dataRules)

// rulesOf are the rules that look at an element, by its name.
var rulesOf = func() map[string][]rule {
	table := map[string][]rule{}
	for _, r := range rules {
		for name := range strings.FieldsSeq(r.names) {
			table[name] = append(table[name], r)
		}
	}
	return table
}()

// scrutinize holds what the processes to be read consist of, and what stands beside processes, against the rules.
func (f *file) scrutinize(chosen []*element) []schema.Finding {
	if f.options.ControlOnly {
		return nil
	}
	s := &scrutiny{file: f, in: map[string]int{}, out: map[string]int{}, held: map[held]bool{}}
	for _, e := range chosen {
		s.count(e)
	}
	for _, e := range f.root.children {
		if e.name != "process" || slices.Contains(chosen, e) {
			s.walk(e, e.name == "process" && e.flag("isExecutable", false))
		}
	}
	return s.found
}

// count counts the sequence flows in an element by their ends.
func (s *scrutiny) count(e *element) {
	for _, c := range e.children {
		if c.name == "sequenceFlow" {
			s.out[strings.TrimSpace(c.attr("sourceRef"))]++
			s.in[strings.TrimSpace(c.attr("targetRef"))]++
		} else {
			s.count(c)
		}
	}
}

// flowsOf are the numbers of sequence flows that end and begin at an element.
func (s *scrutiny) flowsOf(e *element) (in, out int) { return s.in[e.attr("id")], s.out[e.attr("id")] }

func (s *scrutiny) walk(e *element, executable bool) {
	if e.name == "extensionElements" {
		return
	}
	for _, r := range rulesOf[e.name] {
		if r.where == always || s.options.Strict || r.where == inExecutable && executable {
			r.check(s, e)
		}
	}
	for _, c := range e.children {
		s.walk(c, executable)
	}
}

// broken notes that a rule is broken.
func (s *scrutiny) broken(e *element, code, hint, format string, args ...any) {
	f := found(e, code, hint, format, args...)
	s.found = append(s.found, *f)
}

// all are the children of an element that have one of some names.
func (e *element) all(names ...string) (list []*element) {
	for _, c := range e.children {
		if slices.Contains(names, c.name) {
			list = append(list, c)
		}
	}
	return list
}

// refs are the texts of the children of a name: what they refer to.
func (e *element) refs(name string) (list []string) {
	for _, c := range e.all(name) {
		list = append(list, strings.TrimSpace(c.text))
	}
	return list
}

// executable reports whether an element lies in a process that is meant to be run.
func (e *element) executable() bool {
	p := e.process()
	return p != nil && p.flag("isExecutable", false)
}

// process is the process that an element lies in, nil if in none.
func (e *element) process() *element {
	for p := e; p != nil; p = p.parent {
		if p.name == "process" {
			return p
		}
	}
	return nil
}
