package bpmn

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// derived finds the ends of ids that the import makes itself, and the one that the schema does.
var derived = regexp.MustCompile(`\.(join|fork|some|skip|start|end|way|and|else|each|loop|event[0-9]+|end[0-9]+|way[0-9]+)$`)

// ID is the id that a node, flow or process of a file has in the schema. Most are the same: an id of letters, digits, _,
// - and dots that begins with a letter or _. Of others, each character that cannot stand there is written as _xHHHH_, its
// code point in at least four hexadecimal digits, as SQL/XML does with names (ISO/IEC 9075-14, 9.1); so is a _ before
// what looks like such an escape, and the dot of an end that the import uses itself. Different ids stay different.
func ID(id string) string {
	escape := -1 // the dot of a reserved end
	if at := derived.FindStringIndex(id); at != nil {
		escape = at[0]
	}
	var b strings.Builder
	for i, c := range id {
		size := utf8.RuneLen(c)
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		inner := '0' <= c && c <= '9' || c == '-' || c == '.'
		switch {
		case c == utf8.RuneError, i == escape, !letter && (!inner || i == 0), c == '_' && looksEscaped(id[i+size:]):
			fmt.Fprintf(&b, "_x%04X_", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// looksEscaped reports whether s begins like an escape after its first _, if a _ follows or not: it may be that of the
// next escape.
func looksEscaped(s string) bool {
	if len(s) < 5 || s[0] != 'x' {
		return false
	}
	for i := 1; i < 5; i++ {
		if strings.IndexByte("0123456789ABCDEF", s[i]) < 0 {
			return false
		}
	}
	return true
}
