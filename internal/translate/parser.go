package translate

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/replank/replank/internal/expr"
)

// maxDepth bounds how deep an expression nests.
const maxDepth = 60

// A parser reads one expression and writes CEL as it goes. After the first failure it sees only the end of the text, so
// that every loop ends.
type parser struct {
	lang    Language
	src     string
	tokens  []token
	at      int
	depth   int
	err     error             // an *Error
	paths   map[string]*class // CEL text of a variable, or of a path from one, to its class
	names   []string          // variables, in the order of the source
	scopes  []scope           // innermost last
	sums    []term            // of FEEL, to be settled
	ordered []term            // to be settled
	foreign bool              // something was read that CEL writes otherwise
}

// A scope is a name bound within the expression.
type scope struct {
	name  string
	class *class // nil: the name may not be used
}

// A term is a translated part.
type term struct {
	text  string
	level level
	of    *class
	pos   int
	null  bool // the literal
	bare  bool // a variable, or a path from one
	local bool // bare, from a name bound within the expression
	fixed Type // Int or Double: the literal of a number
}

// A level is how tight the outermost operator of a text binds in CEL.
type level uint8

const (
	choice level = iota + 1
	either
	all
	relation
	sum
	product
	unary
	postfix
)

func (p *parser) fail(pos int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{Language: p.lang, Offset: pos, Reason: fmt.Sprintf(format, args...)}
	}
	p.at = len(p.tokens)
}

func (p *parser) syntax(pos int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{Language: p.lang, Offset: pos, Reason: fmt.Sprintf(format, args...), Syntax: true}
	}
	p.at = len(p.tokens)
}

// peek is the token n after the next one.
func (p *parser) peek(n int) token {
	if p.at+n >= len(p.tokens) {
		return token{pos: len(p.src)}
	}
	return p.tokens[p.at+n]
}

func (p *parser) next() token {
	t := p.peek(0)
	p.at++
	return t
}

// is reports whether the next token is one of some marks or words.
func (p *parser) is(texts ...string) bool {
	t := p.peek(0)
	for _, text := range texts {
		if t.text == text && (t.kind == mark || t.kind == word) {
			return true
		}
	}
	return false
}

// take takes the next token if it is one of some marks or words.
func (p *parser) take(texts ...string) bool {
	if p.is(texts...) {
		p.at++
		return true
	}
	return false
}

// expect takes a mark or word that must come next.
func (p *parser) expect(text string) {
	if !p.take(text) {
		p.unexpected("%q is wanted", text)
	}
}

// unexpected refuses the next token.
func (p *parser) unexpected(format string, args ...any) {
	t := p.peek(0)
	what := fmt.Sprintf("%q", clip(t.text))
	if t.kind == endOfText {
		what = "the end"
	}
	p.syntax(t.pos, "%s, not %s", fmt.Sprintf(format, args...), what)
}

// done refuses what follows the end of an expression.
func (p *parser) done() {
	if p.err == nil && p.peek(0).kind != endOfText {
		p.unexpected("the end of the expression is wanted")
	}
}

// enter counts a level of nesting; leave goes with it.
func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.peek(0).pos, "it nests deeper than %d levels", maxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

// made is a new term.
func (p *parser) made(pos int, kind Type, l level, parts ...string) term {
	text := strings.Join(parts, "")
	if len(text) > expr.MaxSource {
		p.fail(pos, "its translation is longer than %d bytes", expr.MaxSource)
		text = ""
	}
	return term{text: text, level: l, of: &class{kind: kind}, pos: pos}
}

// within is the text of a term as an operand that must bind at least as tight as l.
func (t term) within(l level) string {
	if t.level < l {
		return "(" + t.text + ")"
	}
	return t.text
}

// variable is the term of a variable, or of a name bound in the expression.
func (p *parser) variable(t token) term {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if s := p.scopes[i]; s.name == t.text {
			if s.class == nil {
				p.fail(t.pos, "%q is another entry of the same context, which CEL cannot read", t.text)
			}
			return term{text: t.text, level: postfix, of: s.class, pos: t.pos, bare: true, local: true}
		}
	}
	if err := expr.CheckVarName(t.text); err != nil {
		p.fail(t.pos, "%q cannot name a variable: %v", t.text, err)
	}
	if p.paths[t.text] == nil {
		p.names = append(p.names, t.text)
	}
	return p.path(term{pos: t.pos, bare: true}, t.text, t.text)
}

// path is the term of a variable, or of what of contains. Terms with the same key have the same type; unless the text may
// mean something else elsewhere, because names are bound.
func (p *parser) path(of term, text, key string) term {
	made := p.made(of.pos, Any, postfix, text)
	made.bare, made.local = of.bare, of.local
	if len(p.scopes) == 0 || of.bare && !of.local {
		if p.paths[key] == nil {
			p.paths[key] = made.of
		}
		made.of = p.paths[key]
	}
	return made
}

// property is a field of a term.
func (p *parser) property(of term, name string) term {
	p.want(of, Map)
	text := of.within(postfix) + selector(name)
	return p.path(of, text, text)
}

// element is the element of a list at an index that counts from 0.
func (p *parser) element(of term, index int64) term {
	p.want(of, List)
	return p.path(of, of.within(postfix)+"["+strconv.FormatInt(index, 10)+"]", of.text+"[]")
}

func selector(name string) string {
	if expr.CheckFieldName(name) != nil {
		return "[" + strconv.Quote(name) + "]"
	}
	return "." + name
}

// literal is the term of a number or text.
func (p *parser) literal(t token) term {
	switch t.kind {
	case quoted:
		return p.made(t.pos, String, postfix, strconv.Quote(t.text))
	case integer:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			p.fail(t.pos, "the number %s does not fit 64 bits", clip(t.text))
		}
		made := p.made(t.pos, Int, postfix, strconv.FormatInt(n, 10))
		made.fixed = Int
		return made
	}
	x, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		p.fail(t.pos, "the number %s is not a double", clip(t.text))
	}
	if digits := strings.TrimLeft(strings.ReplaceAll(t.text, ".", ""), "0"); p.lang == FEEL && len(digits) > 15 {
		p.fail(t.pos, "the decimal %s has more digits than a double", clip(t.text))
	}
	made := p.made(t.pos, Double, postfix, double(x))
	made.fixed = Double
	return made
}

// double writes a double so that CEL does not read an int.
func double(x float64) string {
	text := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
