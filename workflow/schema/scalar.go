package schema

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// inside returns the place of the character of t.s that stands offset characters after its beginning: quotes and
// escapes of the source are accounted for, as are the lines, indentation and folding of scalars of several lines.
// Where the source does not show it, it returns the place of the scalar.
func (s *source) inside(t text, offset int) mark {
	if s.other || t.at.line < 1 || t.at.line > len(s.lines) {
		return t.at
	}
	w := scalarWalk{lines: s.lines, line: t.at.line - 1, col: t.at.col - 1}
	w.load()
	chars := []rune(t.s)
	first := w.peek()
	switch first {
	case '"', '\'':
		w.col++
		w.quoted(first, len(chars)+64)
	case '|', '>':
		w.block()
	default:
		w.plain(len(chars))
	}
	places := w.found
	for len(places) > 0 && strings.ContainsRune(" \t\n", places[0].char) {
		places = places[1:] // the reader drops white space around a scalar
	}
	if offset < 0 || offset > len(places) || len(places) == 0 {
		return t.at
	}
	if offset == len(places) { // behind the last character
		last := places[offset-1].at
		return mark{last.line, last.col + 1}
	}
	return places[offset].at
}

// A scalarWalk goes through the source of a scalar and notes where each of its characters stands.
type scalarWalk struct {
	lines     []string
	line, col int // from 0
	chars     []rune
	found     []placed
}

type placed struct {
	char rune
	at   mark
}

func (w *scalarWalk) load() { w.chars = []rune(w.lines[w.line]) }

// peek is the character here, 0 at the end of the line.
func (w *scalarWalk) peek() rune {
	if w.col < len(w.chars) {
		return w.chars[w.col]
	}
	return 0
}

func (w *scalarWalk) add(c rune, col int) {
	w.found = append(w.found, placed{c, mark{w.line + 1, col + 1}})
}

// fold goes to the next line with text: one line end is a space, each further one a line end. It reports false at the
// end of the source.
func (w *scalarWalk) fold() bool {
	for n := len(w.found); n > 0 && strings.ContainsRune(" \t", w.found[n-1].char) && w.found[n-1].at.line == w.line+1; n-- {
		w.found = w.found[:n-1]
	}
	end, line := len(w.chars), w.line
	breaks := 0
	for {
		if w.line+1 >= len(w.lines) {
			return false
		}
		w.line++
		breaks++
		w.load()
		w.col = len(w.chars) - len([]rune(strings.TrimLeft(string(w.chars), " \t")))
		if w.col < len(w.chars) {
			break
		}
	}
	at := mark{line + 1, end + 1}
	if breaks == 1 {
		w.found = append(w.found, placed{' ', at})
	}
	for range breaks - 1 {
		w.found = append(w.found, placed{'\n', at})
	}
	return true
}

// quoted walks a scalar in quotes, from behind the first one, for at most limit characters.
func (w *scalarWalk) quoted(quote rune, limit int) {
	for len(w.found) < limit {
		c, col := w.peek(), w.col
		switch {
		case c == 0:
			if !w.fold() {
				return
			}
			continue
		case c == quote && quote == '\'' && w.col+1 < len(w.chars) && w.chars[w.col+1] == '\'':
			w.col++
		case c == quote:
			return
		case c == '\\' && quote == '"':
			if w.col+1 >= len(w.chars) { // the line goes on below
				n := len(w.found)
				if !w.fold() {
					return
				}
				w.found = w.found[:min(n, len(w.found))]
				continue
			}
			c = w.escape()
		}
		w.add(c, col)
		w.col++
	}
}

var escapes = map[rune]rune{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'b': '\b', 'f': '\f'}

// escape walks to the last character of an escape and returns what it stands for.
func (w *scalarWalk) escape() rune {
	w.col++
	digits := map[rune]int{'x': 2, 'u': 4, 'U': 8}[w.peek()]
	if digits == 0 {
		if c, known := escapes[w.peek()]; known {
			return c
		}
		return w.peek()
	}
	c := w.hex(digits)
	if utf16.IsSurrogate(c) && w.col+2 < len(w.chars) && w.chars[w.col+1] == '\\' && w.chars[w.col+2] == 'u' {
		w.col += 2
		c = utf16.DecodeRune(c, w.hex(4))
	}
	return c
}

func (w *scalarWalk) hex(digits int) rune {
	from := min(w.col+1, len(w.chars))
	to := min(from+digits, len(w.chars))
	n, _ := strconv.ParseUint(string(w.chars[from:to]), 16, 32)
	w.col = to - 1
	return rune(n)
}

// plain walks a scalar without quotes of a given length.
func (w *scalarWalk) plain(length int) {
	for len(w.found) < length {
		if c := w.peek(); c != 0 {
			w.add(c, w.col)
			w.col++
		} else if !w.fold() {
			return
		}
	}
}

// block walks a literal or folded scalar. Line ends are taken as one character each, which is what folding leaves of
// them unless lines are empty or further indented.
func (w *scalarWalk) block() {
	indent := -1
	for w.line+1 < len(w.lines) {
		w.line++
		w.load()
		blank := strings.TrimSpace(string(w.chars)) == ""
		lead := len(w.chars) - len([]rune(strings.TrimLeft(string(w.chars), " ")))
		switch {
		case blank && indent < 0:
			continue
		case indent < 0:
			indent = lead
		case !blank && lead < indent:
			return
		}
		for col := indent; col < len(w.chars); col++ {
			w.add(w.chars[col], col)
		}
		w.add('\n', len(w.chars))
	}
}
