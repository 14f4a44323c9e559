package bpmn

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// A markup is XML in the making, with two spaces for each level.
type markup struct {
	b       bytes.Buffer
	depth   int
	opened  []string
	pending bool // the last element has no content so far
}

// open begins an element. Attributes are names and values; those with an empty value are left out.
func (m *markup) open(name string, attrs ...string) {
	m.finish()
	m.indent()
	m.b.WriteString("<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			m.b.WriteString(" " + attrs[i] + `="` + quotedXML(attrs[i+1]) + `"`)
		}
	}
	m.opened = append(m.opened, name)
	m.pending = true
}

// finish ends the start tag of the last element.
func (m *markup) finish() {
	if m.pending {
		m.b.WriteString(">\n")
		m.pending = false
	}
}

func (m *markup) indent() {
	m.b.WriteString(strings.Repeat("  ", m.depth+len(m.opened)))
}

// close ends the element that was opened last.
func (m *markup) close() {
	last := len(m.opened) - 1
	name := m.opened[last]
	m.opened = m.opened[:last]
	if m.pending {
		m.b.WriteString("/>\n")
		m.pending = false
		return
	}
	m.indent()
	m.b.WriteString("</" + name + ">\n")
}

// leaf is an element with a text, or with none.
func (m *markup) leaf(name, text string, attrs ...string) {
	m.open(name, attrs...)
	if text == "" {
		m.close()
		return
	}
	m.b.WriteString(">" + plainQuotes.Replace(quotedXML(text)) + "</" + name + ">\n")
	m.opened, m.pending = m.opened[:len(m.opened)-1], false
}

func (m *markup) bytes() []byte { return m.b.Bytes() }

// plainQuotes undoes what only attributes need.
var plainQuotes = strings.NewReplacer("&#34;", `"`, "&#39;", "'")

// quotedXML is a text for XML, in content and in attributes alike.
func quotedXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
