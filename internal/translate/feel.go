package translate

import "strings"

// This file reads FEEL, the expression language of DMN 1.3 (OMG, "Decision Model and Notation", section 10.3), as Camunda 8
// evaluates it.
//
//	a = b, a != b, <, <=, >, >=          as they are; null compares with variables and paths only
//	and, or                              FEEL's three values: where FEEL has null for want of a value, CEL fails, and both
//	                                     let "false and" and "true or" win
//	not(a), if a then b else c           FEEL takes null for false in "if", CEL fails
//	a + b                                integers or texts; nothing else may remain possible
//	a - b, a * b                         integers: decimals round otherwise than doubles
//	a between b and c, a in [b..c], a in (b, > c), a in list
//	a[1], a[-1]                          a[0], a[size(a) - 1]: FEEL counts from 1
//	some, every, for                     exists, all, map
//	[a, b], {"a": b}
//	the functions of feelcalls.go
//
// Refused: division and powers (decimals), other filters, names with spaces or signs, dates and durations, ranges as
// values, functions, instance of.

// feel reads an expression, with or without the = before it.
func (p *parser) feel() term {
	from := len(p.src) - len(strings.TrimLeft(p.src, " \t\r\n"))
	if strings.HasPrefix(p.src[from:], "=") {
		from++
	}
	p.scan(from, len(p.src))
	t := p.formula()
	p.done()
	return t
}

// formula reads what may stand in parentheses.
func (p *parser) formula() term {
	p.enter()
	defer p.leave()
	switch t := p.peek(0); {
	case p.take("if"):
		test := p.formula()
		p.expect("then")
		yes := p.formula()
		p.expect("else")
		return p.conditional(test, yes, p.formula())
	case p.is("some", "every", "for") && p.peek(1).kind == word:
		p.next()
		return p.comprehension(t)
	case p.is("function") && p.peek(1).text == "(":
		p.fail(t.pos, "a function cannot be a value")
	}
	l := p.formulaAnd()
	for p.take("or") {
		l = p.or(l, p.formulaAnd())
	}
	return l
}

func (p *parser) formulaAnd() term {
	l := p.formulaTest()
	for p.take("and") {
		l = p.and(l, p.formulaTest())
	}
	return l
}

// formulaTest reads a comparison; comparisons do not chain.
func (p *parser) formulaTest() term {
	l := p.formulaSum()
	t := p.peek(0)
	switch {
	case p.take("="):
		return p.equal(l, p.formulaSum(), "==")
	case p.take("!="):
		return p.equal(l, p.formulaSum(), "!=")
	case p.take("<", "<=", ">", ">="):
		return p.order(l, p.formulaSum(), t.text)
	case p.take("between"):
		low := p.formulaSum()
		p.expect("and")
		return p.and(p.order(low, l, "<="), p.order(l, p.formulaSum(), "<="))
	case p.take("in"):
		return p.formulaIn(l)
	case p.is("instance"):
		p.fail(t.pos, "instance of asks for a type of FEEL")
	}
	return l
}

// formulaIn reads what follows x in.
func (p *parser) formulaIn(x term) term {
	if p.is("(") && !p.opensRange() {
		p.next()
		test := p.formulaUnary(x)
		for p.take(",") {
			test = p.or(test, p.formulaUnary(x))
		}
		p.expect(")")
		return test
	}
	return p.formulaUnary(x)
}

// opensRange reports whether the bracket that comes next begins a range: ".." comes before it is closed.
func (p *parser) opensRange() bool {
	depth := 0
	for n := 0; p.peek(n).kind != endOfText; n++ {
		if p.peek(n).kind != mark {
			continue
		}
		switch p.peek(n).text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth <= 0 && n > 0 {
				return false
			}
		case "..":
			if depth <= 1 {
				return true
			}
		}
	}
	return false
}

// formulaUnary reads one test of x: < a, a range, a list, or a value.
func (p *parser) formulaUnary(x term) term {
	t := p.peek(0)
	switch {
	case p.take("<", "<=", ">", ">="):
		return p.order(x, p.formulaSum(), t.text)
	case p.is("[", "(", "]") && p.opensRange():
		p.next()
		low := p.formulaSum()
		p.expect("..")
		high := p.formulaSum()
		closing := p.next()
		if closing.kind != mark || closing.text != "]" && closing.text != ")" && closing.text != "[" {
			p.at--
			p.unexpected("the end of the range is wanted")
		}
		from, to := "<=", "<="
		if t.text != "[" {
			from = "<"
		}
		if closing.text != "]" {
			to = "<"
		}
		return p.and(p.order(low, x, from), p.order(x, high, to))
	}
	value := p.formulaSum()
	switch {
	case p.err != nil:
		return value
	case value.of.root().kind == List:
		return p.contains(x, value)
	case value.bare && value.of.root().kind == Any:
		p.fail(value.pos, "nothing says whether %s is a list or a value", clip(value.text))
	}
	return p.equal(x, value, "==")
}

// contains is item in list, where the elements of the list are asked for the type of the item if they are of one.
func (p *parser) contains(item, list term) term {
	if of := list.of.root().elem; of != nil && !item.null {
		p.same(item, term{text: "an element of " + list.text, of: of, pos: list.pos})
	}
	return p.member(item, list)
}

func (p *parser) formulaSum() term {
	l := p.formulaProduct()
	for {
		switch {
		case p.take("+"):
			l = p.addition(l, p.formulaProduct())
		case p.take("-"):
			r := p.formulaProduct()
			p.want(l, Int)
			p.want(r, Int)
			l = p.made(l.pos, Int, sum, l.within(sum), " - ", r.within(product))
		default:
			return l
		}
	}
}

// addition is l + r: the sum of integers, or two texts joined.
func (p *parser) addition(l, r term) term {
	for _, t := range []term{l, r} {
		if p.err == nil && !t.null && isNumber(t.of.root().kind) {
			p.want(t, Int)
		}
	}
	if l.null || r.null {
		p.fail(l.pos, "null is added: CEL fails there")
	}
	p.join(l, r)
	made := p.made(l.pos, Any, sum, l.within(sum), " + ", r.within(product))
	made.of = l.of
	p.sums = append(p.sums, made)
	return made
}

func (p *parser) formulaProduct() term {
	l := p.formulaSign()
	for p.err == nil {
		switch t := p.peek(0); {
		case p.take("*"):
			r := p.formulaSign()
			p.want(l, Int)
			p.want(r, Int)
			l = p.made(l.pos, Int, product, l.within(product), " * ", r.within(unary))
		case p.is("/"):
			p.fail(t.pos, "FEEL divides decimals, CEL doubles, which round otherwise")
		case p.is("**"):
			p.fail(t.pos, "CEL has no powers")
		default:
			return l
		}
	}
	return l
}

func (p *parser) formulaSign() term {
	t := p.peek(0)
	if !p.take("-") {
		return p.formulaPath()
	}
	p.enter()
	defer p.leave()
	return p.minus(p.formulaSign(), t.pos)
}

// formulaPath reads a value and what is selected from it.
func (p *parser) formulaPath() term {
	t := p.formulaValue()
	for p.err == nil {
		switch at := p.peek(0); {
		case p.take("."):
			name := p.next()
			if name.kind != word {
				p.at--
				p.unexpected("the name of an entry is wanted")
				return t
			}
			p.spaced(name)
			t = p.property(t, name.text)
		case p.is("[") && !p.opensRange():
			p.next()
			t = p.filter(t, at)
		default:
			return t
		}
	}
	return t
}

// filter reads the rest of list[n].
func (p *parser) filter(list term, at token) term {
	negative := p.take("-")
	n := p.peek(0)
	if n.kind != integer || p.peek(1).text != "]" || len(n.text) > 9 || strings.Trim(n.text, "0") == "" {
		p.fail(at.pos, "only a literal index can be told from a filter, and FEEL's count from 1")
		return list
	}
	p.at += 2
	index := int64(0)
	for _, c := range []byte(n.text) {
		index = index*10 + int64(c-'0')
	}
	if !negative {
		return p.element(list, index-1)
	}
	p.want(list, List)
	text := list.within(postfix) + "[size(" + list.text + ") - " + strings.TrimLeft(n.text, "0") + "]"
	return p.path(list, text, list.text+"[]")
}
