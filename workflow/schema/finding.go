package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Severity of a Finding.
type Severity uint8

const (
	// Warning is a finding that a schema may be deployed with.
	Warning Severity = iota + 1
	// Fatal is a finding that refuses the schema.
	Fatal
)

// String is "warning" or "error".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a source. Line and Col start at 1 and count lines and characters; 0: unknown, as for a process
// built in Go.
type Pos struct {
	File      string
	Line, Col int
}

// String is "file:line:col", without what is unknown.
func (p Pos) String() string {
	name := p.File
	if name == "" {
		name = "schema"
	}
	if p.Line == 0 {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, p.Line, p.Col)
}

// Finding is one thing wrong with a source.
type Finding struct {
	Severity Severity
	Code     string // stable: "schema/unknown-key", "data/missing"
	Pos      Pos
	Node     string   // id of the step or event, "" if it concerns none
	Message  string   // what is wrong
	Hint     string   // what to do about it; may be empty
	Trace    []string // ids of the nodes of a shortest run that shows it; nil where no run is needed

	excerpt string // the source line that Pos is in, "" if unknown
}

// String shows the finding as a compiler does: position and message, the line of the source with a caret under the
// place, the run that shows it, the hint. It does not end in a newline.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Pos.String())
	b.WriteString(": ")
	if f.Severity == Warning {
		b.WriteString("warning: ")
	}
	if f.Node != "" && f.Pos.Line == 0 {
		fmt.Fprintf(&b, "step %q: ", f.Node)
	}
	fmt.Fprintf(&b, "%s [%s]", f.Message, f.Code)
	if f.excerpt != "" {
		line, caret := underline(f.excerpt, f.Pos.Col)
		fmt.Fprintf(&b, "\n  | %s\n  | %s", line, caret)
	}
	if len(f.Trace) > 0 {
		fmt.Fprintf(&b, "\n  run: %s", strings.Join(f.Trace, ", "))
	}
	if f.Hint != "" {
		fmt.Fprintf(&b, "\n  hint: %s", f.Hint)
	}
	return b.String()
}

// excerptWidth bounds the part of a long line that a finding shows, in characters.
const excerptWidth = 120

// underline returns the part of line around column col (from 1, in characters) with a line that has a caret under
// that column. Tabs become spaces so that the caret stands right, control characters become "?".
func underline(line string, col int) (shown, caret string) {
	chars := []rune(strings.TrimRight(line, "\r\n"))
	for i, c := range chars {
		switch {
		case c == '\t':
			chars[i] = ' '
		case c < ' ' || c == 0x7f:
			chars[i] = '?'
		}
	}
	at := min(max(col-1, 0), len(chars))
	from := 0
	if at > excerptWidth*3/4 {
		from = at - excerptWidth/2
	}
	to := min(len(chars), from+excerptWidth)
	return strings.TrimRight(string(chars[from:to]), " "), strings.Repeat(" ", at-from) + "^"
}

// Error says why a source was refused. It holds all findings, warnings included, in the order of the source.
//
// "All" is what can be told: a text that is no YAML or JSON has that one finding. Mistakes in keys, forms, ids and types
// are found together with those in expressions, as long as all variables are declared properly. What follows from the
// runs of a process (soundness, missing data, races) is looked for once all of the above is right, for only then is it
// known what the process is; so a source may be refused a second time for other reasons.
type Error struct{ Findings []Finding }

// Error lists all findings, one after the other.
func (e *Error) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// findings collects what is wrong with one source.
type findings struct {
	source *source
	list   []Finding
}

// add records a finding at a place; node may be "".
func (fs *findings) add(severity Severity, code string, at mark, node, hint, format string, args ...any) {
	fs.list = append(fs.list, fs.source.finding(severity, code, at, node, hint, fmt.Sprintf(format, args...)))
}

// fatal records a finding that refuses the source.
func (fs *findings) fatal(code string, at mark, node, hint, format string, args ...any) {
	fs.add(Fatal, code, at, node, hint, format, args...)
}

// refused reports whether list has a fatal finding.
func refused(list []Finding) bool {
	return slices.ContainsFunc(list, func(f Finding) bool { return f.Severity == Fatal })
}

// sortFindings puts findings into the order of the source; those without a position come last. Findings at one
// place keep their order.
func sortFindings(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int {
		if (a.Pos.Line == 0) != (b.Pos.Line == 0) {
			if a.Pos.Line == 0 {
				return 1
			}
			return -1
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Col - b.Pos.Col
	})
}
