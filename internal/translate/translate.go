package translate

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/replank/replank/internal/expr"
)

// A Language is what an expression is written in.
type Language uint8

const (
	Plain Language = iota // not named: taken as CEL; see plain.go for what else is understood
	CEL                   // CEL: taken as it is
	JUEL                  // ${x} or #{x}, alone or within text
	FEEL                  // a FEEL expression, with or without the = before it
)

// String is the name of the language in messages.
func (l Language) String() string { return [...]string{"plain", "CEL", "JUEL", "FEEL"}[l] }

// Detect says what an expression is written in. named is the language, or its URI, as the file gives it for the
// expression; "" if it does not. What the file gives for all its expressions is better left out: most files name XPath,
// the default, and write something else.
func Detect(src, named string) Language {
	s, named := strings.TrimSpace(src), strings.ToLower(named)
	switch {
	case named == "cel" || strings.Contains(named, "cel.dev") || strings.Contains(named, "/cel-spec"):
		return CEL
	case strings.Contains(named, "feel"):
		return FEEL
	case strings.Contains(named, "juel"), strings.HasPrefix(s, "${"), strings.HasPrefix(s, "#{"):
		return JUEL
	case strings.HasPrefix(s, "=") && !strings.HasPrefix(s, "=="):
		return FEEL
	}
	return Plain
}

// An Expr is an expression in CEL.
type Expr struct {
	CEL  string
	Vars []Var // the variables that it uses, each once, in the order of the source
	Type Type  // of the result
}

// A Var is a variable, and the type that its uses ask for.
type Var struct {
	Name string
	Type Type
}

// A Type is what can be said of a value.
type Type uint8

const (
	Any Type = iota
	Bool
	Number // int or double
	Int
	Double
	String
	List
	Map // or a record
)

// String names the type in messages.
func (t Type) String() string {
	return [...]string{"anything", "a truth value", "a number", "an integer", "a double", "a text", "a list", "a map"}[t]
}

// An Error says why an expression has no translation.
type Error struct {
	Language Language
	Offset   int // in bytes from the beginning of the source
	Reason   string
	Syntax   bool // the source is not an expression of its language at all, as far as this package reads it
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("%v, at offset %d: %s", e.Language, e.Offset, e.Reason)
}

// Translate returns src in CEL. The error is an *Error.
func Translate(src string, from Language) (Expr, error) {
	return (&parser{lang: from, src: src, paths: map[string]*class{}}).translate()
}

func (p *parser) translate() (Expr, error) {
	src := p.src
	switch {
	case len(src) > expr.MaxSource:
		p.fail(0, "the expression has %d bytes; the limit is %d", len(src), expr.MaxSource)
	case !utf8.ValidString(src):
		p.syntax(0, "the expression is not UTF-8")
	case strings.TrimSpace(src) == "":
		p.syntax(0, "the expression is empty")
	}
	if p.err != nil {
		return Expr{}, p.err
	}
	var t term
	switch p.lang {
	case CEL:
		return asIs(src, p.lang)
	case JUEL:
		t = p.composite()
	case FEEL:
		t = p.feel()
	default:
		return p.plain()
	}
	return p.finish(t)
}

// finish settles what was left open and returns the translation.
func (p *parser) finish(t term) (Expr, error) {
	if p.err == nil {
		p.settle()
	}
	if p.err != nil {
		return Expr{}, p.err
	}
	if _, err := expr.Names(t.text); err != nil {
		p.fail(0, "its translation is no CEL: %v", err)
		return Expr{}, p.err
	}
	e := Expr{CEL: t.text, Type: t.of.root().kind}
	for _, name := range p.names {
		e.Vars = append(e.Vars, Var{name, p.paths[name].root().kind})
	}
	return e, nil
}

// asIs returns an expression that is CEL.
func asIs(src string, from Language) (Expr, error) {
	text := strings.TrimSpace(src)
	names, err := expr.Names(text)
	if err != nil {
		return Expr{}, &Error{Language: from, Reason: err.Error(), Syntax: true}
	}
	e := Expr{CEL: text}
	for _, name := range names {
		e.Vars = append(e.Vars, Var{Name: name})
	}
	return e, nil
}
