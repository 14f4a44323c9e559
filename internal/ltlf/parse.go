package ltlf

import (
	"fmt"
	"strings"
)

// Limits of a text. They bound what reading it may cost.
const (
	MaxText  = 4 << 10 // bytes
	maxDepth = 100     // parentheses and operators within one another
)

// SyntaxError says where a text is no formula, or no template with its steps.
type SyntaxError struct {
	Offset int // in bytes from the beginning of the text
	What   string
	Hint   string // may be empty
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("at character %d: %s", e.Offset+1, e.What) }

// Parse reads a formula. The error is a *SyntaxError.
//
//	formula  = formula ("<->" | "->" | "|" | "&") formula      binding ever tighter; "->" groups to the right
//	         | formula ("U" | "R" | "W") formula                tighter still, to the right
//	         | ("!" | "X" | "WX" | "F" | "G") formula | "(" formula ")" | "true" | "false" | atom
//	atom     = (step | "*") [ ".started" | ".completed" ]       a bare name means completed
//
// X is the next position, which must be there, WX the next one if there is one, F some position from here on, G all of
// them; f U g says that g comes and f holds until then, f W g the same but that g need not come, f R g that g holds up to
// and including the position where f does.
func Parse(text string) (*Formula, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	f := p.binary(0)
	if p.err == nil && p.tok != "" {
		tok := p.tok
		p.fail("%q cannot stand here", tok)
		switch tok {
		case "and", "AND":
			p.err.Hint = `write "&"`
		case "or", "OR":
			p.err.Hint = `write "|"`
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	return f, nil
}

type parser struct {
	text  string
	at    int    // of tok
	end   int    // of tok
	tok   string // "" at the end
	depth int
	err   *SyntaxError // the first
}

func newParser(text string) (*parser, error) {
	p := &parser{text: text}
	if len(text) > MaxText {
		return nil, &SyntaxError{What: fmt.Sprintf("the text is longer than %d bytes", MaxText), Hint: "make several rules of it"}
	}
	p.advance()
	return p, nil
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{Offset: p.at, What: fmt.Sprintf(format, args...)}
	}
	p.tok, p.end = "", len(p.text) // so that every loop ends
}

// advance goes to the next token.
func (p *parser) advance() {
	if p.err != nil {
		return
	}
	p.at = p.end
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	p.end, p.tok = p.at, ""
	rest := p.text[p.at:]
	if rest == "" {
		return
	}
	n := 0
	for _, sign := range [...]string{"<->", "->", "&", "|", "!", "(", ")", ","} {
		if strings.HasPrefix(rest, sign) {
			n = len(sign)
			break
		}
	}
	if n == 0 {
		n = word(rest)
	}
	if n == 0 {
		p.fail("%q is no part of a formula", firstRune(rest))
		return
	}
	p.end, p.tok = p.at+n, rest[:n]
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

// word is the length of the id, number or wildcard that s begins with, 0 if there is none. An arrow ends an id.
func word(s string) int {
	n := 0
	for n < len(s) {
		c := s[n]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		more := n > 0 && (c == '.' || c == '-' && !strings.HasPrefix(s[n:], "->"))
		if !letter && !more && !(c >= '0' && c <= '9') && !(c == '*' && n == 0) {
			break
		}
		n++
	}
	return n
}

// levels are the binary operators, the loosest first; right says which group to the right.
var levels = [...]struct {
	signs []string
	right bool
	make  map[string]func(f, g *Formula) *Formula
}{
	{[]string{"<->"}, false, map[string]func(f, g *Formula) *Formula{"<->": iff}},
	{[]string{"->"}, true, map[string]func(f, g *Formula) *Formula{"->": implies}},
	{[]string{"|"}, false, map[string]func(f, g *Formula) *Formula{"|": or}},
	{[]string{"&"}, false, map[string]func(f, g *Formula) *Formula{"&": func(f, g *Formula) *Formula { return and(f, g) }}},
	{[]string{"U", "R", "W"}, true, map[string]func(f, g *Formula) *Formula{"U": until, "R": release, "W": weakUntil}},
}

func (p *parser) binary(level int) *Formula {
	if level == len(levels) {
		return p.unary()
	}
	l := &levels[level]
	f := p.binary(level + 1)
	for p.err == nil {
		build := l.make[p.tok]
		if build == nil {
			break
		}
		p.advance()
		if l.right {
			if !p.deeper() {
				break
			}
			f = build(f, p.binary(level))
			p.depth--
			break
		}
		f = build(f, p.binary(level+1))
	}
	return f
}

func (p *parser) deeper() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail("the formula is nested more than %d deep", maxDepth)
		return false
	}
	return true
}

var unaries = map[string]func(*Formula) *Formula{"!": not, "X": next, "WX": weakNext, "F": finally, "G": globally}

func (p *parser) unary() *Formula {
	if !p.deeper() {
		return truth
	}
	defer func() { p.depth-- }()
	tok := p.tok
	if build := unaries[tok]; build != nil {
		p.advance()
		return build(p.unary())
	}
	switch tok {
	case "":
		p.fail("the formula ends where a step or an operator is expected")
	case "true":
		p.advance()
		return truth
	case "false":
		p.advance()
		return not(truth)
	case "(":
		p.advance()
		f := p.binary(0)
		if p.tok != ")" {
			p.fail("a closing parenthesis is missing")
		}
		p.advance()
		return f
	default:
		if word(tok) == len(tok) && levels[len(levels)-1].make[tok] == nil {
			return p.atom()
		}
		p.fail("%q stands where a step or an operator is expected", tok)
		if (tok == "&" || tok == "|") && strings.HasSuffix(p.text[:p.err.Offset], tok) {
			p.err.Hint = "write it once"
		}
	}
	return truth
}

// atom reads a step with an optional phase. Ids may have dots of their own: only the two phases are taken off.
func (p *parser) atom() *Formula {
	step, phase := p.tok, Completed
	if s, ok := strings.CutSuffix(step, ".started"); ok {
		step, phase = s, Started
	} else if s, ok := strings.CutSuffix(step, ".completed"); ok {
		step = s
	} else if step == Any {
		p.fail(`"*" needs a phase: *.started or *.completed`)
	}
	if c := step[0]; c >= '0' && c <= '9' || step != Any && strings.HasPrefix(step, Any) {
		p.fail("%q is no step", step)
	}
	p.advance()
	return atom(step, phase)
}
