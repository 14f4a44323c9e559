package translate

import "strings"

// This file reads conditions whose language nothing names, or names wrongly. They are taken as CEL, and left as they are,
// if they are CEL; else what Java, MVEL, Python and XPath write otherwise is understood:
//
//	return c;             c
//	a and b, a or b, not a, not(a), True, False, None
//	a = b, a === b        a == b; == on Java's texts is taken for what it was meant for
//	a.equals("x"), contains, startsWith, endsWith, isEmpty, size
//	kcontext.getVariable("a")
//	true(), eval(c)
//
// Numbers are CEL's: a / b of integers is an integer.

func (p *parser) plain() (Expr, error) {
	from, to := 0, len(p.src)
	trim := func() {
		for from < to && strings.IndexByte(" \t\r\n", p.src[from]) >= 0 {
			from++
		}
		for from < to && strings.IndexByte(" \t\r\n", p.src[to-1]) >= 0 {
			to--
		}
	}
	trim()
	for from < to && p.src[to-1] == ';' {
		to--
		trim()
	}
	if s := p.src[from:to]; strings.HasPrefix(s, "return") && len(s) > 6 && strings.IndexByte(" (\t\r\n", s[6]) >= 0 {
		from += 6
		trim()
	}
	p.scan(from, to)
	if p.err == nil && len(p.tokens) == 1 {
		p.syntax(from, "the expression is empty")
	}
	t := p.ternary()
	p.done()
	if p.foreign {
		return p.finish(t)
	}
	e, err := asIs(p.src[from:to], p.lang)
	switch {
	case err == nil && p.err == nil: // the same text, and what was found out about it
		known, err := p.finish(t)
		if err == nil {
			e.Vars, e.Type = known.Vars, known.Type
		}
		return e, nil
	case err == nil:
		return e, nil
	case p.err != nil:
		return Expr{}, p.err
	}
	return Expr{}, err
}
