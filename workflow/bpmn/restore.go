package bpmn

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
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
	kept := doc.process(e.attr("id")).schema()
	if kept == nil {
		return f.process(e)
	}
	p, d, err := f.kept(e, kept)
	var written []byte
	if err == nil {
		written, err = Format(p, d)
	}
	if err != nil {
		return f.process(e, schema.Finding{
			Severity: schema.Warning, Code: "bpmn/schema", Pos: schema.Pos{Line: kept.line, Col: kept.col}, Hint: "export the process again",
			Message: "the schema in the file is left aside, and the process read from its graph: " + firstReason(err),
		})
	}
	if doc.says(e.attr("id")) == readMarkup(written).says(ID(p.ID())) {
		return p, nil
	}
	return f.merged(e, p, written)
}

// kept is the process that Format put into a file, with places of the file, and the dialect that it wrote.
func (f *file) kept(e *element, x *plainElement) (*schema.Process, Dialect, error) {
	d, err := ParseDialect(x.attr("dialect"))
	if err != nil {
		return nil, d, err
	}
	p, err := f.embedded(e, []byte(x.text), nil, nil)
	return p, d, err
}

// embedded is the process that a text says, with the places that its steps have in the file.
func (f *file) embedded(e *element, text []byte, found, open []schema.Finding) (*schema.Process, error) {
	b, err := schema.Embedded(text, f.place)
	if err != nil {
		return nil, err
	}
	b.Source(f.name, f.text).Line(e.line, e.col).Found(found...).Open(open...)
	if f.options.ControlOnly {
		return b.BuildControl()
	}
	return b.Build()
}

// place is where the element of a step, event or flow stands: a flow where its condition does.
func (f *file) place(id string) (line, col int) {
	e := f.ids[id]
	if e == nil {
		return 0, 0
	}
	if c := e.child("conditionExpression"); c != nil && c.textLine > 0 {
		return c.textLine, c.textCol
	}
	return e.line, e.col
}

// firstReason is the first thing that an error says is wrong, without its place.
func firstReason(err error) string {
	refused := (*schema.Error)(nil)
	if !errors.As(err, &refused) {
		return err.Error()
	}
	for _, f := range refused.Findings {
		if f.Severity == schema.Fatal {
			return f.Message
		}
	}
	return refused.Findings[0].Message
}

// A plainElement is an element with all that is in it, of all name spaces. Texts are without white space around them.
type plainElement struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*plainElement
	text     string

	line, col int // of its "<"
}

// readMarkup reads a text that load has accepted; nil if it is no XML.
func readMarkup(text []byte) *plainElement {
	d := xml.NewDecoder(bytes.NewReader(text))
	root := &plainElement{}
	open := []*plainElement{root}
	place := &cursor{text: text, line: 1, col: 1}
	for {
		place.to(int(d.InputOffset()))
		token, err := d.Token()
		if err != nil {
			break
		}
		at := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &plainElement{name: token.Name, attrs: token.Copy().Attr, line: place.line, col: place.col}
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

// schema is the element with the schema that Format put into a process, or nil.
func (e *plainElement) schema() *plainElement {
	if x := e.child(model, "extensionElements").child(own, "schema"); x.name.Local != "" {
		return x
	}
	return nil
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
