package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// This file words what is wrong with the YAML of a source: the reader's own words and lines tell where it gave up, which
// is seldom where the author went wrong.

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// yamlSyntax reports what the YAML reader says, at the line it names.
func (fs *findings) yamlSyntax(err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	at := mark{}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ := strconv.Atoi(m[1])
		at = mark{min(max(line, 1), len(fs.source.lines)), 1}
		shown := fs.source.lines[at.line-1]
		at.col += len(shown) - len(strings.TrimLeft(shown, " \t"))
		message = m[2]
	}
	hint := ""
	unquoted, suspect := fs.source.unquoted(at.line)
	wrong, allowed := 0, []string(nil)
	if strings.Contains(message, "did not find expected") {
		wrong, allowed = fs.source.misindented()
	}
	switch {
	case strings.Contains(message, "control characters"):
		at, hint = fs.source.control(), "remove it"
	case wrong >= at.line && wrong > 0:
		shown := fs.source.lines[wrong-1]
		at = mark{wrong, 1 + len(shown) - len(strings.TrimLeft(shown, " "))}
		message = "this line is indented like none of those before it that it could go on"
		hint = fmt.Sprintf("indent it by %s spaces", strings.Join(allowed, " or "))
	case at.line > 0 && strings.HasPrefix(strings.TrimLeft(fs.source.lines[at.line-1], " "), "\t"), strings.Contains(message, "tab"):
		hint = "indent with spaces: YAML allows no tabs there"
	case strings.Contains(message, "incompatible YAML document"):
		message, hint = "the line %YAML names a version that is not read", "leave the line out"
	case unquoted.line > 0:
		at, hint = unquoted, "quote the whole text: "+string(appendQuoted(nil, clip(suspect)))
	case at.line > 1 && strings.Contains(message, "mapping values") && at.col-1 > deepest(fs.source.lines[:at.line-1]):
		hint = "indent it like the line before: what stands deeper than a text with a value goes on with that text"
	case strings.Contains(message, "mapping values"), strings.Contains(message, "expected key"), strings.Contains(message, "cannot start any token"):
		hint = `quote expressions and texts that begin with ! & * [ { ' " % @ or a backquote, or contain ": " or " #"`
	}
	fs.fatal("schema/syntax", at, "", hint, "not YAML: %s", message)
}

var keyAndText = regexp.MustCompile(`^[ -]*[A-Za-z_][A-Za-z0-9_.-]*: +(\S.*?)\s*$`)

// unquoted returns the first text from a line on that most likely lacks quotes: it begins with a character that means
// something else to YAML, or with a quotation that ends before the text does, or contains a colon and a space. The
// YAML reader names the line where the block began in which it failed.
func (s *source) unquoted(line int) (at mark, suspect string) {
	for ; line > 0 && line <= len(s.lines); line++ {
		m := keyAndText.FindStringSubmatchIndex(s.lines[line-1])
		if m == nil {
			continue
		}
		t := s.lines[line-1][m[2]:m[3]]
		wrong := strings.IndexByte("!&*%@`", t[0]) >= 0
		switch t[0] {
		case '"', '\'':
			end := strings.IndexByte(t[1:], t[0])
			rest := ""
			if end >= 0 {
				rest = strings.TrimSpace(t[end+2:])
			}
			wrong = rest != "" && rest[0] != '#' && rest[0] != t[0] && t[end] != '\\'
		case '[', '{', '|', '>':
		default:
			wrong = wrong || strings.Contains(t, ": ")
		}
		if wrong {
			return mark{line, utf8.RuneCountInString(s.lines[line-1][:m[2]]) + 1}, t
		}
	}
	return mark{}, ""
}

// misindented returns the first line that is indented less than the one before and like none of those that it could go
// on, and the nearest indentations that it could have: that of the
// line before or its like, and a smaller one.
func (s *source) misindented() (line int, allowed []string) {
	var open []int // columns at which collections begin, ascending
	text := -1     // inside a text of several lines: the indentation of its key,
	block := -1    // and of its first line; -1: not yet there
	flow := 0      // brackets open
	for i, l := range s.lines {
		lead := len(l) - len(strings.TrimLeft(l, " "))
		rest := strings.TrimSpace(l)
		if rest == "" || rest[0] == '#' {
			continue
		}
		if text >= 0 && lead > text {
			if block < 0 {
				block = lead
			}
			if lead < block {
				return i + 1, []string{strconv.Itoa(block), strconv.Itoa(text)}
			}
			continue
		}
		text, block = -1, -1
		if flow == 0 {
			deeper := -1
			for len(open) > 0 && open[len(open)-1] > lead {
				deeper = open[len(open)-1]
				open = open[:len(open)-1]
			}
			if i > 0 && (len(open) == 0 || open[len(open)-1] != lead) && lead < deepest(s.lines[:i]) {
				if deeper >= 0 {
					allowed = append(allowed, strconv.Itoa(deeper))
				}
				if len(open) > 0 {
					allowed = append(allowed, strconv.Itoa(open[len(open)-1]))
				}
				return i + 1, allowed
			}
			for col := lead; ; {
				if len(open) == 0 || open[len(open)-1] != col {
					open = append(open, col)
				}
				if !strings.HasPrefix(l[col:], "- ") {
					break
				}
				after := l[col+2:]
				col += 2 + len(after) - len(strings.TrimLeft(after, " "))
				if col >= len(l) {
					break
				}
			}
		}
		if strings.HasSuffix(rest, "|") || strings.HasSuffix(rest, ">") || strings.HasSuffix(rest, "|-") || strings.HasSuffix(rest, ">-") {
			text = lead
		}
		flow = max(flow+strings.Count(rest, "[")+strings.Count(rest, "{")-strings.Count(rest, "]")-strings.Count(rest, "}"), 0)
	}
	return 0, nil
}

// deepest is the indentation of the last line that has text, what follows its dashes counted as deeper.
func deepest(lines []string) int {
	for i := len(lines) - 1; i >= 0; i-- {
		if l := strings.TrimLeft(lines[i], " -"); l != "" && l[0] != '#' {
			return len(lines[i]) - len(l)
		}
	}
	return 0
}

// control is the first control character of the source.
func (s *source) control() mark {
	for i, line := range s.lines {
		if at := strings.IndexFunc(line, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }); at >= 0 {
			return mark{i + 1, utf8.RuneCountInString(line[:at]) + 1}
		}
	}
	return mark{}
}

// withinFlow is the part of the rest of a line that belongs to one entry, if the entry lies in brackets that end there.
func withinFlow(rest string) string {
	depth, comma := 0, -1
	for i := range len(rest) {
		switch rest[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth < 0 {
				if comma >= 0 {
					i = comma
				}
				return strings.TrimSpace(rest[:i])
			}
		case ',':
			if depth == 0 && comma < 0 {
				comma = i
			}
		}
	}
	return strings.TrimSpace(strings.TrimSuffix(rest, ","))
}

// torn reports a text of a mapping in braces that YAML ended at a comma within parentheses, as in {x: map(string, int)}.
// content is that text and what follows it: keys and values. It returns how many of the entries that follow are parts of
// the text.
func (l *yamlLoader) torn(content []*yaml.Node, item *value) int {
	open := func(s string) int { return strings.Count(s, "(") - strings.Count(s, ")") }
	text := content[0]
	if text.Kind != yaml.ScalarNode || text.Style != 0 || open(text.Value) <= 0 {
		return 0
	}
	whole, parts := l.word(text), 0
	for k := 1; k < len(content) && open(whole) > 0; k += 2 {
		whole += ", " + l.word(content[k])
		if k+1 < len(content) && content[k+1].Value != "" {
			whole += ": " + l.word(content[k+1])
		}
		parts++
		if strings.Contains(content[k].Value, ")") && open(whole) == 0 {
			l.fs.fatal("schema/unquoted", item.at, "", "quote the whole text: "+string(appendQuoted(nil, clip(whole))),
				"YAML ends this text at the comma, since it stands in { }")
			item.refused = true
			return parts
		}
	}
	return 0
}
