package bpmn

import (
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
}

// Text is a source in BPMN 2.0 XML, to be deployed. Findings call it "text".
func Text(src string) schema.Source { return textSource(src) }

type textSource string

// Schemas implements schema.Source.
func (s textSource) Schemas() ([]*schema.Process, error) { return Parse("text", []byte(s)) }

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
		return nil, f.refuse(*finding)
	}
	var all []*schema.Process
	var wrong []schema.Finding
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
		return nil, &schema.Error{Findings: wrong}
	}
	return all, nil
}

// A file is one BPMN file.
type file struct {
	name     string
	options  Options
	text     []byte // UTF-8, without a byte order mark; nil if there is none
	root     *element
	messages map[string]*element
	items    map[string]string // id of an itemDefinition -> its structure
}

// choose returns the processes to read, and fills what they refer to.
func (f *file) choose() ([]*element, *schema.Finding) {
	f.messages, f.items = map[string]*element{}, map[string]string{}
	var all, full []*element
	var known []string
	seen := map[string]bool{}
	for _, e := range f.root.children {
		id := e.attr("id")
		switch e.name {
		case "message":
			f.messages[id] = e
		case "itemDefinition":
			f.items[id] = e.attr("structureRef")
		case "process":
			if seen[id] {
				return nil, found(e, "bpmn/id", "give each process an id of its own", "there are two processes with the id %q", clip(id))
			}
			seen[id] = true
			all = append(all, e)
			known = append(known, fmt.Sprintf("%q", clip(id)))
			if slices.ContainsFunc(e.children, func(c *element) bool { return isNode(c.name) }) {
				full = append(full, e)
			}
		}
	}
	if want := f.options.Process; want != "" {
		i := slices.IndexFunc(all, func(e *element) bool { return e.attr("id") == want })
		if i < 0 {
			return nil, found(f.root, "bpmn/process", "the file has "+strings.Join(known[:min(len(known), 12)], ", "), "there is no process %q", clip(want))
		}
		return all[i : i+1], nil
	}
	if len(full) == 0 {
		return nil, found(f.root, "bpmn/empty", "a file needs a process with at least one flow node", "there is no process in it")
	}
	return full, nil
}

// refuse is the error of a file of which nothing can be read.
func (f *file) refuse(finding schema.Finding) error {
	_, err := schema.New("file").Source(f.name, f.text).Found(finding).Build()
	return err
}

// found is a fatal finding at an element.
func found(e *element, code, hint, format string, args ...any) *schema.Finding {
	return &schema.Finding{
		Severity: schema.Fatal, Code: code, Pos: schema.Pos{Line: e.line, Col: e.col},
		Node: e.attr("id"), Message: fmt.Sprintf(format, args...), Hint: hint,
	}
}
