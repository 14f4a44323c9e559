package bpmn

import (
	"path"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// Imports of other BPMN files bring nothing into a process: what it calls it calls by name, when it runs. But an id must be
// the only one of its name space in all files that are brought together (BPMN 2.0, 15.3.2), which Options.Strict holds them to.

// The name space of BPMN itself is what imports of BPMN files name as their type.
const modelSpace = "http://www.omg.org/spec/BPMN/20100524/MODEL"

const (
	maxImports = 64 // files that are read
	maxClashes = 10 // ids that are reported
)

// A named id is an id in its name space.
type namedID struct{ space, id string }

// clashes are the ids that a file has in common with others that it imports, directly or not, or these among one another.
func (f *file) clashes() []schema.Finding {
	s := &importing{root: f, from: map[namedID]string{}, at: map[namedID]*element{}, known: map[string]bool{}}
	s.known[path.Base(strings.ReplaceAll(f.name, `\`, "/"))] = true // in a circle
	s.take(f, "", nil)
	s.follow(f, "", nil)
	return s.found
}

// importing is the reading of what a file imports.
type importing struct {
	root  *file
	from  map[namedID]string   // the file that has an id; "" is the one that is read
	at    map[namedID]*element // and where
	known map[string]bool      // files, by location
	found []schema.Finding
}

// take takes over the ids of a file, which by brings in: those of its elements, not of drawings and extensions.
func (s *importing) take(f *file, location string, by *element) {
	space := f.root.attr("targetNamespace")
	var all func(e *element)
	all = func(e *element) {
		if e.name == "extensionElements" || e.name == "BPMNDiagram" {
			return
		}
		if id := e.attr("id"); id != "" && e != f.root {
			s.meet(namedID{space, id}, e, location, by)
		}
		for _, c := range e.children {
			all(c)
		}
	}
	all(f.root)
}

// meet notes that element e of a file has an id.
func (s *importing) meet(id namedID, e *element, location string, by *element) {
	other, twice := s.from[id]
	switch {
	case !twice:
		s.from[id], s.at[id] = location, e
	case other == location || len(s.found) >= maxClashes: // the first: said elsewhere
	case other == "":
		s.found = append(s.found, *found(s.at[id], "bpmn/id", "give it another id", "the id %q stands in %s too, which is imported", clip(id.id), clip(location)))
	default:
		s.found = append(s.found, *found(by, "bpmn/id", "give one of the two another id", "%s and %s, which are imported, both have the id %q", clip(other), clip(location), clip(id.id)))
	}
}

// follow reads what a file imports. by is what brings the file in; nil: it is the one that is read.
func (s *importing) follow(f *file, location string, by *element) {
	for _, e := range f.root.all("import") {
		to := strings.TrimSpace(e.attr("location"))
		if e.attr("importType") != modelSpace || to == "" || strings.Contains(to, "://") {
			continue
		}
		to = path.Join(path.Dir(location), to)
		if s.known[to] || len(s.known) == maxImports {
			continue
		}
		s.known[to] = true
		at := by
		if at == nil {
			at = e
		}
		src, err := s.root.options.Imports(to)
		if err != nil {
			s.found = append(s.found, *found(at, "bpmn/import", "put it there, or take the import out", "%s, which is imported, cannot be read: %v", clip(to), err))
			continue
		}
		other := &file{name: to}
		if wrong := other.load(src); wrong != nil {
			s.found = append(s.found, *found(at, "bpmn/import", "", "%s, which is imported, is no BPMN file: %s", clip(to), wrong.Message))
			continue
		}
		s.take(other, to, at)
		s.follow(other, to, at)
	}
}
