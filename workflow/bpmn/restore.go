package bpmn

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file takes back what Format put into a file. As long as the file, diagrams aside, says what Format would write for
// the schema in it, it is that schema. Otherwise a tool has changed the file, and merge.go settles what counts.

// restored reads one process: the schema in it if there is one, else by its graph.
func (f *file) restored(e *element) (*schema.Process, error) {
	if !bytes.Contains(f.text, []byte(own)) {
		return f.process(e)
	}
	doc := readMarkup(f.text)
	id := e.attr("id")
	text, name := doc.process(id).schema()
	d, err := ParseDialect(name)
	if text == "" || err != nil {
		return f.process(e)
	}
	parse := schema.Parse
	if f.options.ControlOnly {
		parse = schema.ParseControl
	}
	p, err := parse(f.name+"#"+id, []byte(text))
	if err != nil {
		return f.process(e)
	}
	written, err := Format(p, d)
	if err != nil {
		return f.process(e)
	}
	if doc.says(id) == readMarkup(written).says(ID(p.ID())) {
		return p, nil
	}
	return f.merged(e, p, written)
}

// A plainElement is an element with all that is in it, of all name spaces. Texts are without white space around them.
type plainElement struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*plainElement
	text     string
}

// readMarkup reads a text that load has accepted; nil if it is no XML.
func readMarkup(text []byte) *plainElement {
	d := xml.NewDecoder(bytes.NewReader(text))
	root := &plainElement{}
	open := []*plainElement{root}
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		at := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &plainElement{name: token.Name, attrs: token.Copy().Attr}
			at.children = append(at.children, e)
			open = append(open, e)
		case xml.EndElement:
			at.text = strings.TrimSpace(at.text)
			open = open[:len(open)-1]
		case xml.CharData:
			at.text += string(token)
		}
	}
	if len(root.children) == 0 {
		return root
	}
	return root.children[0]
}

func (e *plainElement) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func (e *plainElement) child(space, name string) *plainElement {
	for _, c := range e.children {
		if c.name.Local == name && c.name.Space == space {
			return c
		}
	}
	return &plainElement{}
}

// process is the process with an id.
func (e *plainElement) process(id string) *plainElement {
	for _, c := range e.children {
		if c.name.Local == "process" && c.attr("id") == id {
			return c
		}
	}
	return &plainElement{}
}

// schema is the schema that Format put into a process, and the dialect that it wrote; "" if there is none.
func (e *plainElement) schema() (text, dialect string) {
	x := e.child(model, "extensionElements").child(own, "schema")
	return x.text, x.attr("dialect")
}

// says is what a file says of a process, in one form: what may stand in any order is in order, and what means nothing,
// diagrams, lists of incoming and outgoing flows, values that BPMN takes for granted, is left out.
func (e *plainElement) says(process string) string {
	var b strings.Builder
	for _, c := range e.children {
		switch c.name.Local {
		case "message", "signal", "error", "escalation":
			b.WriteString(c.canonical() + "\n")
		}
	}
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n") + e.process(process).canonical()
}

// granted are values that tools add or drop.
var granted = map[string]string{
	"cancelActivity": "true", "isInterrupting": "true", "triggeredByEvent": "false", "isForCompensation": "false", "startQuantity": "1",
	"completionQuantity": "1", "parallelMultiple": "false", "instantiate": "false", "isClosed": "false", "processType": "None",
	"isSequential": "false", "waitForCompletion": "true", "eventGatewayType": "Exclusive",
}

func (e *plainElement) canonical() string {
	attrs := slices.DeleteFunc(slices.Clone(e.attrs), func(a xml.Attr) bool {
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns", strings.HasSuffix(a.Name.Space, "XMLSchema-instance"), a.Name.Local == "gatewayDirection":
			return true
		}
		return a.Name.Space == "" && granted[a.Name.Local] == a.Value || a.Value == ""
	})
	slices.SortFunc(attrs, func(a, b xml.Attr) int {
		return cmp.Or(cmp.Compare(a.Name.Space, b.Name.Space), cmp.Compare(a.Name.Local, b.Name.Local))
	})
	var b strings.Builder
	b.WriteString("<" + e.name.Space + " " + e.name.Local)
	for _, a := range attrs {
		b.WriteString(" " + a.Name.Space + " " + a.Name.Local + `="` + quotedXML(a.Value) + `"`)
	}
	b.WriteString(">" + quotedXML(e.text))
	var parts []string
	for _, c := range e.children {
		if c.name.Space == own || c.name.Local == "incoming" || c.name.Local == "outgoing" {
			continue
		}
		if s := c.canonical(); c.name.Local != "extensionElements" || len(c.children) > 0 && strings.Count(s, "<") > 2 {
			parts = append(parts, s)
		}
	}
	slices.Sort(parts)
	b.WriteString(strings.Join(parts, "") + "</>")
	return b.String()
}
