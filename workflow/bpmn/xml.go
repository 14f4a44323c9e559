package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/replank/replank/workflow/schema"
)

// Limits of a file. They bound what reading it may cost, whoever wrote it.
const (
	MaxSize  = 8 << 20 // bytes of a file; the largest real ones, mostly diagram, have less than one MiB
	MaxDepth = 256     // elements within elements
)

// model is the name space of BPMN 2.0.
const model = "http://www.omg.org/spec/BPMN/20100524/MODEL"

// An element is an XML element in BPMN's name space, or any within extensionElements. Others are not kept, nor is what is
// in them.
type element struct {
	name      string // without prefix
	space     string // the name space of an extension; "": BPMN's
	parent    *element
	attrs     []xml.Attr // those of the name space of the element are without one
	children  []*element
	text      string // all character data directly in it
	line, col int    // of its "<"; from 1, in characters
	textLine  int    // of the first character of text that is no white space; 0: there is none
	textCol   int
}

// attr is the value of an attribute of BPMN, or of the vendor whose element it is; "" if there is none.
func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// anyAttr is the value of an attribute of BPMN, or of any name space if there is none.
func (e *element) anyAttr(name string) string {
	if own := e.attr(name); own != "" {
		return own
	}
	for _, a := range e.attrs {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return a.Value
		}
	}
	return ""
}

// flag is an attribute that is true or false; standard is what it is where the file does not say.
func (e *element) flag(name string, standard bool) bool { return boolean(e.attr(name), standard) }

// boolean is a truth value as XML Schema writes it (xs:boolean); standard if the text is none.
func boolean(text string, standard bool) bool {
	switch strings.TrimSpace(text) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return standard
}

// child is the first child with a name, or nil.
func (e *element) child(name string) *element {
	for _, c := range e.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// A cursor tells lines and columns of ascending offsets.
type cursor struct {
	text      []byte
	offset    int
	line, col int
}

// to moves the cursor to an offset, which is not before it.
func (c *cursor) to(offset int) (line, col int) {
	for c.offset < min(offset, len(c.text)) {
		r, size := utf8.DecodeRune(c.text[c.offset:])
		c.offset += size
		c.col++
		if r == '\n' {
			c.line, c.col = c.line+1, 1
		}
	}
	return c.line, c.col
}

// load reads the elements of a file. It returns what is wrong with it, or nil.
func (f *file) load(src []byte) *schema.Finding {
	fatal := func(code, hint, message string, line, col int) *schema.Finding {
		return &schema.Finding{Severity: schema.Fatal, Code: code, Hint: hint, Message: message, Pos: schema.Pos{File: f.name, Line: line, Col: col}}
	}
	if len(src) > MaxSize {
		return fatal("bpmn/too-large", "split the file", "the file has more than 8 MiB", 0, 0)
	}
	text, unknown := decode(src)
	if unknown != "" {
		return fatal("bpmn/encoding", "save it as UTF-8", "the encoding "+unknown+" is not known", 1, 1)
	}
	at := &cursor{text: text, line: 1, col: 1}
	if !utf8.Valid(text) {
		line, col := at.to(invalid(text))
		return fatal("bpmn/encoding", "save it as UTF-8, or name its encoding in the first line", "the text is not UTF-8", line, col)
	}
	f.text = text
	r := treeReader{decoder: xml.NewDecoder(bytes.NewReader(text)), at: at}
	r.decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil } // decoded above
	root, problem := r.read()
	if problem != nil {
		return fatal(problem.code, problem.hint, problem.message, at.line, at.col)
	}
	f.root = root
	return nil
}

// invalid is the offset of the first byte that is not UTF-8.
func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// A problem is why a file cannot be read. It stands where the cursor is.
type problem struct{ code, hint, message string }

// A treeReader reads the elements of a text.
type treeReader struct {
	decoder *xml.Decoder
	at      *cursor
	space   string // the name space of the root
	open    []*element
	skipped int // depth within an element that is not kept
	vendor  int // depth within extensionElements
}

// read returns the root.
func (r *treeReader) read() (*element, *problem) {
	var root *element
	for {
		r.at.to(int(r.decoder.InputOffset()))
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.at.to(int(r.decoder.InputOffset()))
			return nil, &problem{"bpmn/xml", "", "this is no well-formed XML: " + strings.TrimPrefix(reason(err), "XML syntax error: ")}
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(r.open)+r.skipped >= MaxDepth {
				return nil, &problem{"bpmn/too-deep", "", "elements are nested more than 256 deep"}
			}
			e, bad := r.start(token, root)
			if bad != nil {
				return nil, bad
			}
			if root == nil {
				root = e
			}
		case xml.EndElement:
			if r.skipped > 0 {
				r.skipped--
				break
			}
			r.open = r.open[:len(r.open)-1]
			r.vendor = max(0, r.vendor-1)
		case xml.CharData:
			r.chars(token)
		case xml.Directive:
			return nil, &problem{"bpmn/dtd", "remove it", "a document type declaration is not read"}
		}
	}
	if root == nil {
		return nil, &problem{"bpmn/xml", "", "there is no XML in it"}
	}
	return root, nil
}

// reason is an error of the decoder without its line, which the finding has.
func reason(err error) string {
	if e := (*xml.SyntaxError)(nil); errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// start begins an element, kept or not.
func (r *treeReader) start(token xml.StartElement, root *element) (*element, *problem) {
	name := token.Name
	switch {
	case len(r.open) == 0 && r.skipped == 0:
		if root != nil {
			return nil, &problem{"bpmn/xml", "", "a second root element begins here"}
		}
		if name.Local != "definitions" {
			return nil, &problem{"bpmn/root", `a BPMN file is an element "definitions"`, "the root is an element " + clip(name.Local)}
		}
		r.space = name.Space
	case r.skipped > 0 || name.Local == "BPMNDiagram" || r.vendor == 0 && !r.isModel(name.Space):
		r.skipped++
		return nil, nil
	}
	e := &element{name: name.Local, attrs: token.Copy().Attr, line: r.at.line, col: r.at.col}
	if r.vendor > 0 {
		e.space = name.Space
	}
	for i, a := range e.attrs {
		if a.Name.Space == name.Space || a.Name.Space == model || a.Name.Space == r.space {
			e.attrs[i].Name.Space = ""
		}
	}
	if r.vendor > 0 || name.Local == "extensionElements" {
		r.vendor++
	}
	if len(r.open) > 0 {
		e.parent = r.open[len(r.open)-1]
		e.parent.children = append(e.parent.children, e)
	}
	r.open = append(r.open, e)
	return e, nil
}

// isModel reports whether elements of a name space are BPMN's. Files without name space, or with a prefix that nothing
// declares, or with another one for all that is in them, mean it so.
func (r *treeReader) isModel(space string) bool {
	return space == model || space == r.space || !strings.ContainsAny(space, ":/.")
}

// chars adds character data to the open element.
func (r *treeReader) chars(text xml.CharData) {
	if r.skipped > 0 || len(r.open) == 0 {
		return
	}
	e := r.open[len(r.open)-1]
	if len(bytes.TrimSpace(text)) > 0 && e.textLine == 0 {
		rest := r.at.text[min(r.at.offset, len(r.at.text)):]
		inner := bytes.TrimPrefix(rest, []byte("<![CDATA["))
		begin := len(rest) - len(bytes.TrimLeft(inner, " \t\r\n"))
		e.textLine, e.textCol = r.at.to(r.at.offset + begin)
	}
	if room := schema.MaxText - len(e.text); room > 0 {
		e.text += string(text[:min(len(text), room)])
	}
}
