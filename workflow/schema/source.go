package schema

import (
	"strings"
	"unicode/utf8"
)

// A source is the text that a schema was read from, for the positions and excerpts of findings. A process built in
// Go has a source without lines.
type source struct {
	name  string   // appears in findings
	lines []string // without line ends
	other bool     // it is of another notation: inside finds no place within its scalars
}

func newSource(name string, src []byte) *source {
	lines := strings.Split(string(src), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return &source{name: name, lines: lines}
}

// finding makes a finding at a place of the source; node may be "".
func (s *source) finding(severity Severity, code string, at mark, node, hint, message string) Finding {
	f := Finding{Severity: severity, Code: code, Pos: s.pos(at), Node: node, Message: message, Hint: hint}
	if at.line > 0 && at.line <= len(s.lines) {
		f.excerpt = s.lines[at.line-1]
	}
	return f
}

// pos makes a mark public.
func (s *source) pos(at mark) Pos { return Pos{s.name, at.line, at.col} }

// invalid is the first place that is not UTF-8.
func (s *source) invalid() mark {
	for i, line := range s.lines {
		if !utf8.ValidString(line) {
			col := 1
			for len(line) > 0 {
				r, size := utf8.DecodeRuneInString(line)
				if r == utf8.RuneError && size == 1 {
					break
				}
				line, col = line[size:], col+1
			}
			return mark{i + 1, col}
		}
	}
	return mark{}
}
