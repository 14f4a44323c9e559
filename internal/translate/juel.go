package translate

import "strings"

// This file reads JUEL, the unified expression language of JSP 2.1 and later (JSR 245, section 1), as Camunda 7, Flowable
// and Activiti evaluate it.
//
//	a / b, a div b        double(a) / double(b): JUEL never divides integers
//	a % b, a mod b        of integers
//	a + b, a - b, a * b   of two integers or two doubles; JUEL's + never joins texts, so a text is refused
//	a == "x", a < b ...   as they are; JUEL would convert, so a variable used as a text here and a number there is refused
//	empty a               null, or equal to an empty text, list or map
//	c ? a : b, !a, and, or, eq, lt ...
//	a.b, a["b"], a[0]     JUEL gives null for what is missing, CEL fails
//	a.equals("x"), contains, startsWith, endsWith, isEmpty, size
//	execution.getVariable("a")
//	before ${a} after     texts joined
//
// Refused: other methods (of beans), functions, lambdas, assignments, instanceof.

// composite reads text with expressions in it.
func (p *parser) composite() term {
	var parts []term
	var plain strings.Builder
	flush := func(pos int) {
		if plain.Len() > 0 {
			parts = append(parts, p.literal(token{kind: quoted, text: plain.String(), pos: pos}))
			plain.Reset()
		}
	}
	source := strings.TrimSpace(p.src)
	shift := strings.Index(p.src, source)
	for i := 0; i < len(source) && p.err == nil; {
		switch rest := source[i:]; {
		case strings.HasPrefix(rest, `\${`), strings.HasPrefix(rest, `\#{`):
			plain.WriteString(rest[1:3])
			i += 3
		case strings.HasPrefix(rest, "${"), strings.HasPrefix(rest, "#{"):
			n := closing(rest)
			if n < 0 {
				p.syntax(shift+i, "the expression does not end with }")
				break
			}
			flush(shift + i)
			p.scan(shift+i+2, shift+i+n)
			parts = append(parts, p.ternary())
			p.done()
			i += n + 1
		default:
			plain.WriteByte(rest[0])
			i++
		}
	}
	flush(shift)
	switch {
	case p.err != nil:
		return term{}
	case len(parts) == 1:
		return parts[0]
	}
	joined := parts[0]
	for i, part := range parts {
		p.want(part, String)
		if i > 0 {
			joined = p.made(parts[0].pos, String, sum, joined.within(sum), " + ", part.within(product))
		}
	}
	return joined
}

// closing is the place of the } that ends the expression at the beginning of s, or -1.
func closing(s string) int {
	quote := byte(0)
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '}':
			return i
		}
	}
	return -1
}

func (p *parser) ternary() term {
	p.enter()
	defer p.leave()
	test := p.disjunction()
	if !p.take("?") {
		return test
	}
	yes := p.ternary()
	p.expect(":")
	return p.conditional(test, yes, p.ternary())
}

// note remembers that a token was read that CEL writes otherwise.
func (p *parser) note(t token) {
	if t.kind == word || t.text == "=" || t.text == "===" || t.text == "!==" {
		p.foreign = true
	}
}

func (p *parser) disjunction() term {
	l := p.conjunction()
	for p.is("||", "or") {
		p.note(p.next())
		l = p.or(l, p.conjunction())
	}
	return l
}

func (p *parser) conjunction() term {
	l := p.negation()
	for p.is("&&", "and") {
		p.note(p.next())
		l = p.and(l, p.negation())
	}
	return l
}

// negation reads the "not" of conditions in no named language. It binds less than a comparison in Python and is a
// function in XPath, so what follows not(...) must not make a difference.
func (p *parser) negation() term {
	if p.lang != Plain || !p.is("not") {
		return p.equality()
	}
	p.note(p.next())
	p.enter()
	defer p.leave()
	if !p.is("(") {
		return p.not(p.negation())
	}
	t := p.not(p.primary())
	if next := p.peek(0); next.kind != endOfText && !p.is("&&", "||", "and", "or", ")", "]", "?", ":", ",") {
		p.fail(next.pos, "nothing says whether not applies to what follows its parentheses")
	}
	return t
}

func (p *parser) equality() term {
	l := p.comparison()
	for {
		op := ""
		switch {
		case p.is("==", "eq"), p.lang == Plain && p.is("=", "==="):
			op = "=="
		case p.is("!=", "ne"), p.lang == Plain && p.is("!=="):
			op = "!="
		default:
			return l
		}
		p.note(p.next())
		l = p.equal(l, p.comparison(), op)
	}
}

var orders = map[string]string{"<": "<", "<=": "<=", ">": ">", ">=": ">=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

func (p *parser) comparison() term {
	l := p.additive()
	for {
		t := p.peek(0)
		op := orders[t.text]
		switch {
		case t.kind == word && t.text == "instanceof":
			p.fail(t.pos, "instanceof asks for a class of Java")
			return l
		case op == "" || t.kind != mark && t.kind != word:
			return l
		}
		p.note(p.next())
		l = p.order(l, p.additive(), op)
	}
}

func (p *parser) additive() term {
	l := p.multiplicative()
	for p.is("+", "-", "+=") {
		t := p.next()
		if t.text == "+=" {
			p.fail(t.pos, "+= turns its operands into texts")
		}
		l = p.arithmetic(l, p.multiplicative(), t.text, sum)
	}
	return l
}

func (p *parser) multiplicative() term {
	l := p.prefix()
	for {
		t := p.peek(0)
		switch {
		case p.take("*"):
			l = p.arithmetic(l, p.prefix(), "*", product)
		case p.take("/", "div"):
			p.note(t)
			l = p.division(l, p.prefix(), t)
		case p.take("%", "mod"):
			p.note(t)
			r := p.prefix()
			p.want(l, Int)
			p.want(r, Int)
			l = p.made(l.pos, Int, product, l.within(product), " % ", r.within(unary))
		default:
			return l
		}
	}
}

// arithmetic is l + r, l - r or l * r of numbers.
func (p *parser) arithmetic(l, r term, op string, at level) term {
	if p.lang == Plain { // CEL's own, which also joins texts
		p.same(l, r)
		made := p.made(l.pos, Any, at, l.within(at), " ", op, " ", r.within(at+1))
		made.of = l.of
		return made
	}
	p.want(l, Number)
	p.want(r, Number)
	if p.err != nil {
		return l
	}
	kind := Number
	switch lk, rk := l.of.root().kind, r.of.root().kind; {
	case lk == Double || rk == Double:
		l, r, kind = p.asDouble(l), p.asDouble(r), Double
	case lk == Int || rk == Int:
		p.want(l, Int)
		p.want(r, Int)
		kind = Int
	default:
		p.join(l, r)
	}
	made := p.made(l.pos, kind, at, l.within(at), " ", op, " ", r.within(at+1))
	if kind == Number {
		made.of = l.of
	}
	return made
}

func (p *parser) division(l, r term, t token) term {
	if p.lang == Plain {
		p.want(l, Number)
		p.want(r, Number)
		return p.made(l.pos, Number, product, l.within(product), " / ", r.within(unary))
	}
	l, r = p.asDouble(l), p.asDouble(r)
	return p.made(t.pos, Double, product, l.within(product), " / ", r.within(unary))
}

func (p *parser) prefix() term {
	p.enter()
	defer p.leave()
	switch t := p.peek(0); {
	case p.take("!"), p.take("not"):
		p.note(t)
		return p.not(p.prefix())
	case p.take("-"):
		return p.minus(p.prefix(), t.pos)
	case p.lang == JUEL && p.take("empty"):
		of := p.prefix()
		if of.null {
			return p.truth(t, true)
		}
		x := "dyn(" + of.text + ")"
		return p.made(t.pos, Bool, either, x, " == null || ", x, ` == "" || `, x, " == [] || ", x, " == {}")
	}
	return p.selection()
}

// selection reads a primary and the properties, elements and methods selected from it.
func (p *parser) selection() term {
	t := p.primary()
	for p.err == nil {
		switch {
		case p.take("."):
			name := p.next()
			if name.kind != word {
				p.at--
				p.unexpected("the name of a property is wanted")
			} else if p.is("(") {
				t = p.method(t, name, p.arguments())
			} else {
				t = p.property(t, name.text)
			}
		case p.take("["):
			index := p.ternary()
			p.expect("]")
			t = p.index(t, index)
		case p.is("("):
			p.fail(p.peek(0).pos, "a call of something that is no method")
		default:
			return t
		}
	}
	return t
}

// index is of[index]: by a literal, because JUEL converts any other index to what it is needed as.
func (p *parser) index(of, index term) term {
	var n int64
	switch {
	case p.err != nil:
	case index.fixed == Int && index.level == postfix:
		for _, c := range []byte(index.text) {
			n = n*10 + int64(c-'0')
		}
		return p.element(of, n)
	case index.of.root().kind == String && len(index.text) > 1 && index.text[0] == '"' && index.level == postfix:
		return p.property(of, unquoted(index.text))
	case p.lang == Plain:
		return p.made(of.pos, Any, postfix, of.within(postfix), "[", index.text, "]")
	default:
		p.fail(index.pos, "the index is no literal: nothing says whether it is a number or a name")
	}
	return of
}

// arguments reads the arguments of a call.
func (p *parser) arguments() (list []term) {
	p.expect("(")
	for p.err == nil && !p.take(")") {
		if len(list) > 0 {
			p.expect(",")
		}
		list = append(list, p.ternary())
	}
	return list
}

func (p *parser) primary() term {
	t := p.next()
	switch {
	case t.kind == integer, t.kind == decimal, t.kind == quoted:
		return p.literal(t)
	case t.kind == word:
		return p.name(t)
	case t.kind == mark && t.text == "(":
		inner := p.ternary()
		p.expect(")")
		return inner
	}
	p.at--
	p.unexpected("a value is wanted")
	return term{of: &class{}}
}

// name reads what begins with a word.
func (p *parser) name(t token) term {
	switch {
	case p.is(":") && p.lang == JUEL:
		colon, local := p.peek(0).pos, p.peek(1)
		if colon == t.pos+len(t.text) && local.pos == colon+1 && local.kind == word && p.peek(2).text == "(" {
			p.fail(t.pos, "there is no function %s:%s() in CEL", clip(t.text), clip(local.text))
		}
	case p.is("("):
		return p.call(t)
	}
	if v, ok := p.variableOf(t); ok {
		return v
	}
	switch {
	case t.text == "true" || t.text == "false":
		return p.truth(t, t.text == "true")
	case t.text == "null":
		return p.none(t)
	case p.lang == Plain && (t.text == "True" || t.text == "False"):
		p.foreign = true
		return p.truth(t, t.text == "True")
	case p.lang == Plain && t.text == "None":
		p.foreign = true
		return p.none(t)
	}
	switch t.text {
	case "and", "or", "not", "eq", "ne", "lt", "gt", "le", "ge", "instanceof", "div", "mod", "empty":
		if p.lang == JUEL {
			p.at--
			p.unexpected("a value is wanted")
		}
	}
	return p.variable(t)
}
