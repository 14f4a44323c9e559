package schema

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendJSON writes a value as JSON on one line, without white space. It is the form that digests are taken of, so
// every change to it is a change of the digest of every schema.
func appendJSON(b []byte, v *value) []byte {
	switch v.shape {
	case shapeNull:
		return append(b, "null"...)
	case shapeBool, shapeInt, shapeDouble:
		return append(b, v.text...)
	case shapeList:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	case shapeMap:
		b = append(b, '{')
		for i, e := range v.fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendQuoted(b, e.key), ':')
			b = appendJSON(b, e.value)
		}
		return append(b, '}')
	}
	return appendQuoted(b, v.text)
}

// appendQuoted writes a text in double quotes so that both JSON and YAML read it back: characters that print as they
// are, the others escaped.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c > 0xffff && !unicode.IsPrint(c):
			b = utf8.AppendRune(b, c) // both read it as it is
		case c != ' ' && !unicode.IsPrint(c):
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return append(b, '"')
}

// flowWidth is how long a list or mapping on one line may be, in bytes.
const flowWidth = 90

// appendYAML writes a value in block style at the given indentation; the caller wrote what stands before it on the
// line. Lists and mappings of scalars that fit go on one line.
func appendYAML(b []byte, v *value, indent int) []byte { return yamlWriter{}.block(b, v, indent) }

// A yamlWriter writes values with the comments of a source, if it has any.
type yamlWriter struct{ notes notes }

// block is appendYAML.
func (w yamlWriter) block(b []byte, v *value, indent int) []byte {
	switch {
	case v.shape == shapeList && len(v.items) > 0:
		for i, item := range v.items {
			if i > 0 {
				b = newLine(b, indent)
			}
			b = append(w.notes.head(b, item, indent, i == 0), "- "...)
			if item.shape == shapeList && w.notes.none(item) {
				b = w.notes.line(appendFlow(b, item), item) // lists in lists occur in literals only
				continue
			}
			b = w.nested(b, item, indent+2, true)
		}
		return w.notes.tail(b, v, indent)
	case v.shape == shapeMap && len(v.fields) > 0:
		for i, e := range v.fields {
			if i > 0 {
				b = newLine(b, indent)
			}
			b = append(w.notes.head(b, e.value, indent, i == 0), quoteYAML(e.key)...)
			b = append(b, ':')
			b = w.nested(append(b, ' '), e.value, indent+2, false)
		}
		return w.notes.tail(b, v, indent)
	case v.literal():
		text, ended := strings.CutSuffix(v.text, "\n")
		if b = append(b, '|'); !ended {
			b = append(b, '-')
		}
		for _, line := range strings.Split(text, "\n") {
			if line == "" {
				b = append(b, '\n')
				continue
			}
			b = append(newLine(b, indent), line...)
		}
		return b
	case v.shape == shapeString:
		return append(b, quoteBlock(v.text)...)
	case v.shape == shapeNull:
		return b[:len(b)-1] // the space before it
	}
	return appendFlow(b, v)
}

// nested writes a value that stands after "- " or "key: ", and the comment on its line: on the same line if it is a
// scalar, short, or a mapping in a list; else on lines of its own.
func (w yamlWriter) nested(b []byte, v *value, indent int, inList bool) []byte {
	simple := len(v.items) == 0 && len(v.fields) == 0
	switch {
	case simple:
		return w.notes.line(w.block(b, v, indent), v)
	case !inList && v.flat() && len(appendFlow(nil, v)) <= flowWidth && w.notes.none(v):
		return w.notes.line(appendFlow(b, v), v)
	case inList:
		return w.block(b, v, indent)
	}
	return w.block(newLine(w.notes.line(b[:len(b)-1], v), indent), v, indent)
}

// literal reports whether a text is written as a literal block where there is room for one.
func (v *value) literal() bool {
	text, ended := strings.CutSuffix(v.text, "\n")
	return v.shape == shapeString && printable(v.text) && (literalBlock.MatchString(text) || ended && literalLine.MatchString(text))
}

// flat reports whether a value holds scalars only, none of them of several lines.
func (v *value) flat() bool {
	for _, item := range v.items {
		if !item.scalar() || strings.Contains(item.text, "\n") {
			return false
		}
	}
	for _, e := range v.fields {
		if !e.value.scalar() || strings.Contains(e.value.text, "\n") {
			return false
		}
	}
	return true
}

func newLine(b []byte, indent int) []byte {
	b = append(b, '\n')
	for range indent {
		b = append(b, ' ')
	}
	return b
}

// appendFlow writes a value on one line.
func appendFlow(b []byte, v *value) []byte {
	switch v.shape {
	case shapeNull:
		return append(b, "null"...)
	case shapeBool, shapeInt, shapeDouble:
		return append(b, v.text...)
	case shapeList:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendFlow(b, item)
		}
		return append(b, ']')
	case shapeMap:
		b = append(b, '{')
		for i, e := range v.fields {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(append(b, quoteYAML(e.key)...), ": "...)
			b = appendFlow(b, e.value)
		}
		return append(b, '}')
	}
	return append(b, quoteYAML(v.text)...)
}

var (
	// plainForm is text that no YAML reader takes for anything else, in block or flow style. It is narrower than YAML.
	plainForm = regexp.MustCompile(`^[A-Za-z_(/][A-Za-z0-9_.()/<>=!&|+*%$@;~^ '"-]*$`)
	// resolved is text that some YAML reader takes for a bool, null or number.
	resolved = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|nan|inf)$`)
	// literalBlock is text of several lines that a literal block holds unchanged: no line begins or ends in white space.
	literalLine  = regexp.MustCompile(`^[^\s](.*[^\s])?$`)
	literalBlock = regexp.MustCompile(`^[^\s](.*[^\s])?(\n|\n *[^\s](.*[^\s])?)*\n *[^\s](.*[^\s])?$`)
)

// quoteYAML returns a text as YAML reads it back, in flow style too: plain if that is safe, else in quotes.
func quoteYAML(s string) string {
	if plainForm.MatchString(s) && !resolved.MatchString(s) && !strings.HasSuffix(s, " ") {
		return s
	}
	if strings.Contains(s, `"`) && !strings.ContainsAny(s, "'\n") && printable(s) {
		return "'" + s + "'"
	}
	return string(appendQuoted(nil, s))
}

// quoteBlock is quoteYAML for block style, where brackets, braces, commas and question marks inside a text are safe.
func quoteBlock(s string) string {
	if inner := strings.NewReplacer(",", "_", "[", "_", "]", "_", "{", "_", "}", "_", "?", "_").Replace(s); len(s) > 0 && inner[0] == s[0] && quoteYAML(inner) == inner {
		return s
	}
	return quoteYAML(s)
}

func printable(s string) bool {
	for _, c := range s {
		if c != '\n' && c != ' ' && !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}
