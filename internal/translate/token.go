package translate

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endOfText tokenKind = iota
	word
	integer
	decimal
	quoted // text is the content, escapes resolved
	mark
)

type token struct {
	kind tokenKind
	text string
	pos  int // in the source
}

// marks are the tokens of several characters that are neither words nor numbers, those that begin alike longest first.
var marks = []string{"===", "!==", "&&", "||", "==", "!=", "<=", ">=", "**", "..", "->", "+="}

// scan makes tokens of the source from one offset to another.
func (p *parser) scan(from, to int) {
	p.at, p.tokens = 0, nil
	for i := from; p.err == nil; {
		for i < to && strings.IndexByte(" \t\r\n", p.src[i]) >= 0 {
			i++
		}
		if i >= to {
			p.tokens = append(p.tokens, token{pos: to})
			return
		}
		rest := p.src[i:to]
		first, width := utf8.DecodeRuneInString(rest)
		t := token{kind: mark, pos: i}
		switch {
		case p.lang == FEEL && strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			i += n
			continue
		case p.lang == FEEL && strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest, "*/")
			if n < 0 {
				p.syntax(i, "the comment does not end")
				return
			}
			i += n + 2
			continue
		case isLetter(first):
			n := strings.IndexFunc(rest, func(r rune) bool { return !isLetter(r) && !unicode.IsDigit(r) })
			if n < 0 {
				n = len(rest)
			}
			t.kind, t.text = word, rest[:n]
			i += n
		case isDigit(rest[0]) || rest[0] == '.' && len(rest) > 1 && isDigit(rest[1]):
			t.kind, t.text = p.number(rest)
			i += len(t.text)
		case first == '"' || first == '\'' && p.lang != FEEL:
			text, n := p.quotation(rest, i)
			t.kind, t.text = quoted, text
			i += n
		default:
			t.text = rest[:width]
			for _, m := range marks {
				if strings.HasPrefix(rest, m) {
					t.text = m
					break
				}
			}
			i += len(t.text)
		}
		p.tokens = append(p.tokens, t)
	}
}

func isLetter(r rune) bool {
	return r == '_' || r == '$' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80 && unicode.IsLetter(r)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number reads digits, a fraction and, but for FEEL, an exponent.
func (p *parser) number(s string) (tokenKind, string) {
	kind, n := integer, 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		for kind, n = decimal, n+1; n < len(s) && isDigit(s[n]); {
			n++
		}
	}
	if e := n + 1; p.lang != FEEL && n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if e < len(s) && isDigit(s[e]) {
			for kind, n = decimal, e; n < len(s) && isDigit(s[n]); {
				n++
			}
		}
	}
	return kind, s[:n]
}

// quotation reads a quoted text at the beginning of s, which stands at pos; n is its length with the quotes.
func (p *parser) quotation(s string, pos int) (text string, n int) {
	var b strings.Builder
	for n = 1; n < len(s); n++ {
		switch c := s[n]; {
		case c == s[0]:
			return b.String(), n + 1
		case c != '\\':
			b.WriteByte(c)
		case n+1 < len(s):
			n++
			if r, width, ok := p.escape(s[n:]); ok {
				b.WriteRune(r)
				n += width - 1
				continue
			}
			p.syntax(pos+n-1, "there is no escape \\%c", s[n])
			return "", len(s)
		}
	}
	p.syntax(pos, "the text does not end")
	return "", len(s)
}

// escape reads what follows a backslash.
func (p *parser) escape(s string) (r rune, width int, ok bool) {
	if strings.IndexByte(`\"'`, s[0]) >= 0 {
		return rune(s[0]), 1, true
	}
	if p.lang == JUEL {
		return 0, 0, false
	}
	switch digits := map[byte]int{'u': 4, 'U': 6}[s[0]]; {
	case s[0] == 'n':
		return '\n', 1, true
	case s[0] == 't':
		return '\t', 1, true
	case s[0] == 'r':
		return '\r', 1, true
	case digits > 0 && len(s) > digits && (digits == 4 || p.lang == FEEL):
		for _, c := range []byte(s[1 : 1+digits]) {
			d := strings.IndexByte("0123456789abcdef", c|0x20)
			if c < '0' || d < 0 || c < 'A' && c > '9' {
				return 0, 0, false
			}
			r = r<<4 | rune(d)
		}
		return r, 1 + digits, utf8.ValidRune(r)
	}
	return 0, 0, false
}
