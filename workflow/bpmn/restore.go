package bpmn

import (
	"bytes"
	"errors"

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
	edits := edited(readMarkup(written), doc, ID(p.ID()), e.attr("id"))
	edits.around(doc.process(e.attr("id")), doc, f.partners())
	if len(edits.list) == 0 {
		return p, nil
	}
	return f.merged(e, p, written, edits)
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
