package bpmn

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
)

// A plainElement is an element with all that is in it, of all name spaces. Texts are without white space around them.
type plainElement struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*plainElement
	text     string

	line, col       int // of its "<"
	endLine, endCol int // where what is in it ends
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
			at.endLine, at.endCol = place.line, place.col
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

// own are the children of an element, those in its extensionElements among them, but what Replank itself put there.
func (e *plainElement) own() (list []*plainElement) {
	for _, c := range e.children {
		switch {
		case c.name.Space == model && c.name.Local == "extensionElements":
			list = append(list, c.own()...)
		case c.name.Space != own:
			list = append(list, c)
		}
	}
	return list
}

// vendorOrModel reports whether a name space is BPMN's or that of a vendor that is known. Others are left aside.
func vendorOrModel(space string) bool { return space == model || slices.Contains(vendors, space) }
