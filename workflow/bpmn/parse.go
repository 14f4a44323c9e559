package bpmn

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// Options say what to read of a file. The zero Options read every process as Parse does.
type Options struct {
	// Process is the id of the one process to read, as the file writes it; "" reads all.
	Process string
	// ControlOnly reads the control flow: conditions and scripts are kept as text and not compiled, every flow of a
	// gateway may be taken, and unsound processes are accepted. See schema.ParseControl.
	ControlOnly bool
	// Strict refuses a file for every rule of BPMN that it breaks. Otherwise rules that tools break all the time and that
	// say nothing about what a process does are left aside: xsi:type of expressions, operations of message events, names
	// of data in a state.
	Strict bool
	// Imports reads a BPMN file that the file, or one that it imports, names as imported, by its location, which is relative
	// to the file; nil reads none. Strict refuses ids that two of the files have in one name space. Nothing else is taken
	// from them, and locations that are URLs are not asked for.
	Imports func(location string) ([]byte, error)
}

// Text is a source in BPMN 2.0 XML, to be deployed. Findings call it "text".
func Text(src string) schema.Source { return textSource(src) }

type textSource string

// Schemas implements schema.Source. What a process leaves open refuses it; see schema.Builder.Open.
func (s textSource) Schemas() ([]*schema.Process, error) {
	all, err := Parse("text", []byte(s))
	if err != nil {
		return nil, err
	}
	var wrong []schema.Finding
	for _, p := range all {
		_, err := p.Schemas()
		if refused := (*schema.Error)(nil); errors.As(err, &refused) {
			wrong = append(wrong, refused.Findings...)
		} else if err != nil {
			return nil, err
		}
	}
	if len(wrong) > 0 {
		return nil, &schema.Error{Findings: wrong}
	}
	return all, nil
}

// Parse reads every process of a file, in the order of the file; name appears in findings. The error is a *schema.Error
// with every finding, each with its line and column. src is not kept.
func Parse(name string, src []byte) ([]*schema.Process, error) { return Options{}.Parse(name, src) }

// ParseControl reads every process of a file for questions about control flow; see Options.ControlOnly.
func ParseControl(name string, src []byte) ([]*schema.Process, error) {
	return Options{ControlOnly: true}.Parse(name, src)
}

// Parse reads the processes of a file that the options ask for; see the function Parse. What is wrong with processes
// that are not asked for is not reported.
func (o Options) Parse(name string, src []byte) ([]*schema.Process, error) {
	f := &file{name: name, options: o}
	if finding := f.load(src); finding != nil {
		return nil, f.refuse(*finding)
	}
	chosen, finding := f.choose()
	if finding != nil {
		return nil, f.refuse(append(f.scrutinize(nil), *finding)...)
	}
	var all []*schema.Process
	var wrong []schema.Finding
	broken := f.scrutinize(chosen)
	if f.options.Strict && f.options.Imports != nil {
		broken = append(broken, f.clashes()...)
	}
	if len(broken) > 0 {
		if refused := (*schema.Error)(nil); errors.As(f.refuse(broken...), &refused) {
			wrong = refused.Findings
		}
	}
	for _, e := range chosen {
		p, err := f.restored(e)
		if refused := (*schema.Error)(nil); errors.As(err, &refused) {
			wrong = append(wrong, refused.Findings...)
			continue
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(wrong) > 0 {
		slices.SortStableFunc(wrong, func(a, b schema.Finding) int {
			return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
		})
		return nil, &schema.Error{Findings: wrong}
	}
	return all, nil
}

// A file is one BPMN file.
type file struct {
	name        string
	options     Options
	text        []byte // UTF-8, without a byte order mark; nil if there is none
	root        *element
	ids         map[string]*element // all elements but extensions by id; the first of several
	messages    map[string]*element
	definitions map[string]*element // event definitions of the file itself
	items       map[string]string   // id of an itemDefinition -> its structure
	peers       map[string][]string // see partners; nil: not asked yet
}

// choose returns the processes to read, and fills what they refer to.
func (f *file) choose() ([]*element, *schema.Finding) {
	f.index()
	var all, full []*element
	var known []string
	seen := map[string]bool{}
	executable := false
	for _, e := range f.root.children {
		if e.name != "process" {
			continue
		}
		id := e.attr("id")
		if seen[id] {
			return nil, found(e, "bpmn/id", "give each process an id of its own", "there are two processes with the id %q", clip(id))
		}
		seen[id] = true
		all = append(all, e)
		known = append(known, fmt.Sprintf("%q", clip(id)))
		if slices.ContainsFunc(e.children, func(c *element) bool { return isNode(c.name) }) {
			full = append(full, e)
			executable = executable || e.flag("isExecutable", false)
		}
	}
	if want := f.options.Process; want != "" {
		i := slices.IndexFunc(all, func(e *element) bool { return e.attr("id") == want })
		if i < 0 {
			return nil, found(f.root, "bpmn/process", "the file has "+strings.Join(known[:min(len(known), 12)], ", "), "there is no process %q", clip(want))
		}
		return all[i : i+1], nil
	}
	if executable {
		full = slices.DeleteFunc(full, func(e *element) bool { return !e.flag("isExecutable", true) })
	}
	if len(full) == 0 { // an instance of an empty process is complete when it begins
		full = slices.DeleteFunc(all, func(e *element) bool { return !e.flag("isExecutable", false) })
	}
	if len(full) == 0 {
		return nil, found(f.root, "bpmn/empty", "a file needs a process with at least one flow node", "there is no process in it")
	}
	return full, nil
}

// index fills the tables of what a file defines.
func (f *file) index() {
	f.ids, f.messages, f.definitions, f.items = map[string]*element{}, map[string]*element{}, map[string]*element{}, map[string]string{}
	var all func(e *element)
	all = func(e *element) {
		if e.name == "extensionElements" {
			return
		}
		if id := e.attr("id"); id != "" && f.ids[id] == nil {
			f.ids[id] = e
		}
		for _, c := range e.children {
			all(c)
		}
	}
	all(f.root)
	for _, e := range f.root.children {
		switch id := e.attr("id"); {
		case e.name == "message":
			f.messages[id] = e
		case e.name == "itemDefinition":
			f.items[id] = e.attr("structureRef")
		case roles[e.name] == definition:
			f.definitions[id] = e
		}
	}
}

// refuse is the error of a file of which nothing can be read.
func (f *file) refuse(findings ...schema.Finding) error {
	_, err := schema.New("file").Source(f.name, f.text).Found(findings...).Build()
	return err
}

// found is a fatal finding at an element.
func found(e *element, code, hint, format string, args ...any) *schema.Finding {
	return &schema.Finding{
		Severity: schema.Fatal, Code: code, Pos: schema.Pos{Line: e.line, Col: e.col},
		Node: e.attr("id"), Message: fmt.Sprintf(format, args...), Hint: hint,
	}
}
