package ltlf

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/replank/replank/internal/nearest"
)

// A template is a rule with gaps for steps. One principle runs through them: what a rule demands, it demands to be
// completed; what it forbids, it forbids to begin, so that a step is stopped before it has done anything.
type template struct {
	name  string
	steps int // 1 or 2
	count int // least number that may stand behind the steps; 0: none may
	must  bool
	make  func(a, b string, n int) *Formula
	// active are the letters that make the rule matter: a run without them satisfies it in vain. nil: every run counts.
	active func(a, b string) []Atom
}

func done(s string) *Formula  { return atom(s, Completed) }
func begun(s string) *Formula { return atom(s, Begun) }

var anything = done(Any)

// times says that a completes n times in a row, other letters between, and the last of these is last.
func times(a string, n int, last *Formula) *Formula {
	f := finally(last)
	for range n - 1 {
		f = finally(and(done(a), next(f)))
	}
	return f
}

func existence(a, _ string, n int) *Formula { return times(a, n, done(a)) }

func absence(a, _ string, n int) *Formula {
	return and(not(times(a, n, done(a))), not(times(a, n, begun(a))))
}

func response(a, b string, _ int) *Formula { return globally(implies(done(a), finally(done(b)))) }

func alternateResponse(a, b string, _ int) *Formula {
	return globally(implies(done(a), next(until(and(not(begun(a)), not(done(a))), done(b)))))
}

func chainResponse(a, b string, _ int) *Formula {
	return globally(implies(done(a), next(until(not(anything), done(b)))))
}

func precedence(a, b string, _ int) *Formula { return weakUntil(not(begun(b)), done(a)) }

func alternatePrecedence(a, b string, n int) *Formula {
	again := precedence(a, b, n)
	return and(again, globally(implies(done(b), weakNext(again))))
}

func chainPrecedence(a, b string, n int) *Formula {
	again := precedence(a, b, n)
	return and(again, globally(implies(and(anything, not(done(a))), weakNext(again))))
}

func notCoExistence(a, b string, _ int) *Formula {
	return and(
		globally(implies(done(a), globally(not(begun(b))))),
		globally(implies(done(b), globally(not(begun(a))))),
		not(and(finally(done(a)), finally(done(b)))),
	)
}

func notResponse(a, b string, _ int) *Formula {
	return globally(implies(done(a), weakNext(globally(not(begun(b))))))
}

func notChain(a, b string, _ int) *Formula {
	return globally(implies(done(a), weakNext(weakUntil(not(begun(b)), and(anything, not(begun(b)))))))
}

func first(a, _ string) []Atom  { return []Atom{{a, Completed}} }
func second(_, b string) []Atom { return []Atom{{b, Begun}} }
func either(a, b string) []Atom { return []Atom{{a, Completed}, {b, Completed}} }
func bothEnds(a, b string) []Atom {
	return []Atom{{a, Completed}, {b, Begun}}
}

func both(f, g func(a, b string, n int) *Formula) func(a, b string, n int) *Formula {
	return func(a, b string, n int) *Formula { return and(f(a, b, n), g(a, b, n)) }
}

// templates are the templates of Declare. What each means in words stands in docs/rules.md. Their automata are durable:
// heads of instances hold the numbers of states, so a template never changes its meaning (testdata/templates.txt).
var templates = []template{
	{"existence", 1, 1, false, existence, nil},
	{"absence", 1, 1, false, absence, nil},
	{"exactly", 1, 1, true, func(a, b string, n int) *Formula { return and(existence(a, b, n), absence(a, b, n+1)) }, nil},
	{"init", 1, 0, false, func(a, _ string, _ int) *Formula { return begun(a) }, nil},
	{"end", 1, 0, false, func(a, _ string, _ int) *Formula {
		return finally(and(done(a), weakNext(globally(not(anything)))))
	}, nil},
	{"choice", 2, 0, false, func(a, b string, _ int) *Formula { return or(finally(done(a)), finally(done(b))) }, nil},
	{"exclusive-choice", 2, 0, false, func(a, b string, n int) *Formula {
		return and(or(finally(done(a)), finally(done(b))), notCoExistence(a, b, n))
	}, nil},
	{"responded-existence", 2, 0, false, func(a, b string, _ int) *Formula { return implies(finally(done(a)), finally(done(b))) }, first},
	{"co-existence", 2, 0, false, func(a, b string, _ int) *Formula { return iff(finally(done(a)), finally(done(b))) }, either},
	{"response", 2, 0, false, response, first},
	{"alternate-response", 2, 0, false, alternateResponse, first},
	{"chain-response", 2, 0, false, chainResponse, first},
	{"precedence", 2, 0, false, precedence, second},
	{"alternate-precedence", 2, 0, false, alternatePrecedence, second},
	{"chain-precedence", 2, 0, false, chainPrecedence, second},
	{"succession", 2, 0, false, both(response, precedence), bothEnds},
	{"alternate-succession", 2, 0, false, both(alternateResponse, alternatePrecedence), bothEnds},
	{"chain-succession", 2, 0, false, both(chainResponse, chainPrecedence), bothEnds},
	{"not-co-existence", 2, 0, false, notCoExistence, either},
	{"not-responded-existence", 2, 0, false, notCoExistence, either},
	{"not-response", 2, 0, false, notResponse, first},
	{"not-precedence", 2, 0, false, notResponse, first},
	{"not-succession", 2, 0, false, notResponse, first},
	{"not-chain-response", 2, 0, false, notChain, first},
	{"not-chain-precedence", 2, 0, false, notChain, first},
	{"not-chain-succession", 2, 0, false, notChain, first},
}

// Templates are the names of the templates of Declare. The slice is the caller's.
func Templates() []string {
	names := make([]string, len(templates))
	for i := range templates {
		names[i] = templates[i].name
	}
	return names
}

// MaxCount bounds the number in existence, absence and exactly.
const MaxCount = 100

// A Constraint is a template with its steps filled in.
type Constraint struct {
	Template string
	Steps    []string // one or two
	Count    int      // 0: none was written
	Formula  *Formula
	Active   []Atom // letters that make it matter; nil: every run counts
}

// String is the constraint in its canonical spelling: "precedence(check, pay)".
func (c *Constraint) String() string {
	args := strings.Join(c.Steps, ", ")
	if c.Count > 0 {
		args += ", " + strconv.Itoa(c.Count)
	}
	return c.Template + "(" + args + ")"
}

// Declare reads a template with its steps, "precedence(check, pay)". The error is a *SyntaxError.
func Declare(text string) (*Constraint, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	t := p.template()
	c := &Constraint{}
	if t != nil {
		c.Template = t.name
		p.args(t, c)
	}
	if p.err == nil && p.tok != "" {
		p.fail("%q stands behind the template", p.tok)
	}
	if p.err != nil {
		return nil, p.err
	}
	a, b, n := c.Steps[0], "", max(c.Count, 1)
	if t.steps == 2 {
		b = c.Steps[1]
	}
	c.Formula = t.make(a, b, n)
	if t.active != nil {
		c.Active = t.active(a, b)
	}
	return c, nil
}

func (p *parser) template() *template {
	name := p.tok
	for i := range templates {
		if templates[i].name == name {
			p.advance()
			return &templates[i]
		}
	}
	hint := "templates: " + strings.Join(Templates(), ", ")
	if near := nearest.Name(strings.ReplaceAll(name, "_", "-"), Templates()); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	if name == "" {
		p.fail("a template is missing")
	} else {
		p.fail("there is no template %q", name)
	}
	p.err.Hint = hint
	return nil
}

func (p *parser) args(t *template, c *Constraint) {
	usage := t.usage()
	expect := func(sign string) {
		if p.err == nil && p.tok != sign {
			p.fail("%q is missing", sign)
			p.err.Hint = "write " + usage
		}
		p.advance()
	}
	expect("(")
	for i := range t.steps {
		if i > 0 {
			expect(",")
		}
		if p.err != nil {
			return
		}
		s := p.tok
		if word(s) != len(s) || s == "" || s[0] >= '0' && s[0] <= '9' || strings.HasPrefix(s, Any) {
			p.fail("a step is missing")
			p.err.Hint = "write " + usage
			return
		}
		if i == 1 && s == c.Steps[0] {
			p.fail("%s needs two different steps", t.name)
			return
		}
		c.Steps = append(c.Steps, s)
		p.advance()
	}
	if t.must || t.count > 0 && p.tok == "," {
		expect(",")
		n, err := strconv.Atoi(p.tok)
		if p.err == nil && (err != nil || n < t.count || n > MaxCount) {
			p.fail("%s needs a number from %d to %d", t.name, t.count, MaxCount)
			p.err.Hint = "write " + usage
			return
		}
		c.Count = n
		p.advance()
	}
	expect(")")
}

func (t *template) usage() string {
	s := t.name + "(a"
	if t.steps == 2 {
		s += ", b"
	}
	switch {
	case t.must:
		s += ", n"
	case t.count > 0:
		return s + ") or " + s + ", n)"
	}
	return s + ")"
}
