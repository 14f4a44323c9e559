package translate

// This file writes the operators that all languages have, with CEL's meaning of them.

// equal is l == r or l != r. Null is compared with variables and what they contain only: what an operation makes of null
// differs from language to language.
func (p *parser) equal(l, r term, op string) term {
	if l.null && !r.bare && !r.null || r.null && !l.bare && !l.null {
		p.fail(l.pos, "null is compared with something that is no variable")
	}
	p.same(l, r)
	if p.err == nil { // CEL refuses to compare the two
		switch lk, rk := l.of.root().kind, r.of.root().kind; {
		case lk == Double && rk == Int:
			r = p.asDouble(r)
		case lk == Int && rk == Double:
			l = p.asDouble(l)
		}
	}
	return p.made(l.pos, Bool, relation, l.within(sum), " ", op, " ", r.within(sum))
}

// order is l < r, l <= r, l > r or l >= r.
func (p *parser) order(l, r term, op string) term {
	for _, t := range []term{l, r} {
		if t.null {
			p.fail(t.pos, "null is put in order: CEL fails there")
		}
	}
	p.same(l, r)
	p.ordered = append(p.ordered, l, r)
	return p.made(l.pos, Bool, relation, l.within(sum), " ", op, " ", r.within(sum))
}

// and and or do in CEL what they do elsewhere, but for a failing operand that the other one makes irrelevant.
func (p *parser) and(l, r term) term {
	p.want(l, Bool)
	p.want(r, Bool)
	return p.made(l.pos, Bool, all, l.within(all), " && ", r.within(all+1))
}

func (p *parser) or(l, r term) term {
	p.want(l, Bool)
	p.want(r, Bool)
	return p.made(l.pos, Bool, either, l.within(either), " || ", r.within(either+1))
}

func (p *parser) not(t term) term {
	p.want(t, Bool)
	return p.made(t.pos, Bool, unary, "!", t.within(postfix))
}

// minus is -t.
func (p *parser) minus(t term, pos int) term {
	p.want(t, Number)
	made := p.made(pos, Any, unary, "-", t.within(postfix))
	made.of = t.of
	if t.level == postfix {
		made.fixed = t.fixed
	}
	return made
}

// conditional is test ? yes : no. CEL wants one type for both.
func (p *parser) conditional(test, yes, no term) term {
	p.want(test, Bool)
	if p.err != nil {
		return test
	}
	yk, nk := yes.of.root().kind, no.of.root().kind
	switch {
	case yes.null || no.null:
		// CEL's null is of no other type
		made := p.made(test.pos, Any, choice, test.within(either), " ? ", loose(yes), " : ", loose(no))
		if made.of = yes.of; yes.null {
			made.of = no.of
		}
		return made
	case yk == Double || nk == Double:
		yes, no = p.asDouble(yes), p.asDouble(no)
	default:
		p.same(yes, no)
	}
	made := p.made(test.pos, Any, choice, test.within(either), " ? ", yes.within(either), " : ", no.within(choice))
	if made.of = yes.of; yes.fixed != 0 {
		made.of = no.of // what the literal is, it stays
	}
	if yes.fixed != 0 && no.fixed != 0 {
		made.of = &class{kind: yes.of.root().kind}
	} else if p.err == nil && yes.fixed == 0 && no.fixed == 0 && isNumber(made.of.root().kind) {
		p.join(yes, no)
	}
	return made
}

// loose is the text of a term whose type CEL does not check.
func loose(t term) string {
	if t.null || t.bare {
		return t.text
	}
	return "dyn(" + t.text + ")"
}

// asDouble makes a double of a number.
func (p *parser) asDouble(t term) term {
	p.want(t, Number)
	switch {
	case p.err != nil, t.of.root().kind == Double:
		return t
	case t.fixed == Int:
		made := p.made(t.pos, Double, t.level, t.text, ".0")
		made.fixed = Double
		return made
	}
	return p.made(t.pos, Double, postfix, "double(", t.text, ")")
}

// member is item in list.
func (p *parser) member(item, list term) term {
	p.want(list, List)
	return p.made(item.pos, Bool, relation, item.within(sum), " in ", list.within(sum))
}

// truth and none are the literals.
func (p *parser) truth(t token, value bool) term {
	if value {
		return p.made(t.pos, Bool, postfix, "true")
	}
	return p.made(t.pos, Bool, postfix, "false")
}

func (p *parser) none(t token) term {
	made := p.made(t.pos, Any, postfix, "null")
	made.null = true
	return made
}
