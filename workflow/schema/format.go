package schema

import (
	"bytes"
	"strings"
)

// Format returns a source in the canonical layout: keys in the order of the grammar, two spaces for each level, short
// lists and mappings on one line, quotes where YAML needs them and nowhere else. Comments stay with what they stand at;
// of several blank lines one stays. YAML becomes YAML, JSON becomes JSON. What the source says does not change, so it may
// be wrong in any way but one: text that is no YAML or JSON, or uses what a schema may not (tags, aliases, duplicate
// keys), or is no mapping, is refused with an *Error. Format of what Format returned is the same text. src is not kept.
func Format(src []byte) ([]byte, error) {
	src = bytes.TrimPrefix(src, []byte("\xEF\xBB\xBF"))
	f, v := readSource("", src)
	if v != nil {
		f.cutOff(v)
		if v.shape != shapeMap {
			f.notAProcess(v)
		}
	}
	if v == nil || refused(f.list) {
		return nil, f.failure()
	}
	if looksLikeJSON(src, "") {
		arrangeRows(v, processTable, "")
		return append(appendIndented(nil, v, 0), '\n'), nil
	}
	w := yamlWriter{f.source.notes(v)}
	arrangeRows(v, processTable, "")
	w.notes.hoist(v)
	var b []byte
	if len(v.fields) > 0 {
		b = w.block(nil, v, 0)
	} else {
		b = w.notes.line(appendFlow(nil, v), v)
		b = w.notes.tail(b, v, 0)
	}
	return append(b, '\n'), nil
}

// cutOff refuses texts that a comment cuts off within quotes: written again, they would no longer show it.
func (fs *findings) cutOff(v *value) {
	for _, item := range v.items {
		fs.cutOff(item)
	}
	for _, e := range v.fields {
		fs.cutOff(e.value)
	}
	if v.cut && (strings.Count(v.text, `"`)%2 == 1 || strings.Count(v.text, "'")%2 == 1) {
		fs.fatal("schema/cut", v.at, "", "put the whole text into quotes", `YAML takes what follows " #" in this line for a comment, which cuts the text off`)
	}
}

// appendIndented writes JSON: what is flat and short on one line, anything else on a line for each entry.
func appendIndented(b []byte, v *value, indent int) []byte {
	if v.scalar() || v.flat() && len(appendSpaced(nil, v)) <= flowWidth && indent > 0 {
		return appendSpaced(b, v)
	}
	brackets := "[]"
	if v.shape == shapeMap {
		brackets = "{}"
	}
	b = append(b, brackets[0])
	for i, item := range v.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendIndented(newLine(b, indent+2), item, indent+2)
	}
	for i, e := range v.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(newLine(b, indent+2), e.key), ": "...)
		b = appendIndented(b, e.value, indent+2)
	}
	if len(v.items)+len(v.fields) > 0 {
		b = newLine(b, indent)
	}
	return append(b, brackets[1])
}

// appendSpaced writes JSON on one line, with a space behind commas and colons.
func appendSpaced(b []byte, v *value) []byte {
	switch v.shape {
	case shapeList:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendSpaced(b, item)
		}
		return append(b, ']')
	case shapeMap:
		b = append(b, '{')
		for i, e := range v.fields {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(appendQuoted(b, e.key), ": "...)
			b = appendSpaced(b, e.value)
		}
		return append(b, '}')
	}
	return appendJSON(b, v)
}
