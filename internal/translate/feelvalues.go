package translate

import "strconv"

// This file reads the values of FEEL: literals, lists, contexts, names and comprehensions.

// keywords cannot be names.
var keywords = map[string]bool{
	"if": true, "then": true, "else": true, "for": true, "return": true, "some": true, "every": true, "satisfies": true,
	"in": true, "between": true, "and": true, "or": true, "function": true, "instance": true, "of": true, "external": true,
}

func (p *parser) formulaValue() term {
	t := p.next()
	switch {
	case t.kind == integer, t.kind == decimal, t.kind == quoted:
		return p.literal(t)
	case t.kind == mark && t.text == "(":
		inner := p.formula()
		if p.is("..") {
			p.fail(t.pos, "a range cannot be a value")
		}
		p.expect(")")
		return inner
	case t.kind == mark && t.text == "[":
		return p.formulaList(t)
	case t.kind == mark && t.text == "{":
		return p.context(t)
	case t.kind == mark && t.text == "@":
		p.fail(t.pos, "dates and durations are written otherwise in CEL")
	case t.kind == mark && t.text == "`":
		p.fail(t.pos, "a name in backquotes cannot name a variable")
	case t.kind == mark && t.text == "?":
		p.fail(t.pos, "? stands for the input of a decision table")
	case t.kind == word && t.text == "null":
		return p.none(t)
	case t.kind == word && (t.text == "true" || t.text == "false"):
		return p.truth(t, t.text == "true")
	case t.kind == word:
		if name, words := p.function(t); words > 0 {
			p.at += words - 1
			return p.invoke(t, name)
		}
		if !keywords[t.text] {
			p.spaced(t)
			return p.variable(t)
		}
		fallthrough
	default:
		p.at--
		p.unexpected("a value is wanted")
	}
	return term{of: &class{}}
}

// spaced refuses a name that goes on after a space. Which names have spaces, FEEL knows from the variables.
func (p *parser) spaced(name token) {
	if next := p.peek(0); next.kind == word && !keywords[next.text] {
		p.fail(name.pos, "%q begins a name with spaces, which no variable has", clip(name.text))
	}
}

func (p *parser) formulaList(open token) term {
	elem := &class{}
	uniform := true
	parts := []string{"["}
	for p.err == nil && !p.take("]") {
		if len(parts) > 1 {
			p.expect(",")
			parts = append(parts, ", ")
		}
		t := p.formula()
		parts = append(parts, t.text)
		switch {
		case p.is(".."):
			p.fail(open.pos, "a range cannot be a value")
		case p.err != nil, t.null:
		default:
			kind, ok := both(elem.kind, family(t.of.root().kind))
			uniform = uniform && ok && t.of.root().kind != Any
			elem.kind = kind
		}
	}
	list := p.made(open.pos, List, postfix, append(parts, "]")...)
	if uniform && elem.kind != Any {
		list.of.elem = elem
	}
	return list
}

// context reads {name: value, ...}. An entry that uses an earlier one is refused.
func (p *parser) context(open token) term {
	before := len(p.scopes)
	parts := []string{"{"}
	seen := map[string]bool{}
	for p.err == nil && !p.take("}") {
		if len(parts) > 1 {
			p.expect(",")
			parts = append(parts, ", ")
		}
		key := p.next()
		if key.kind != word && key.kind != quoted {
			p.at--
			p.unexpected("the name of an entry is wanted")
		} else if seen[key.text] {
			p.fail(key.pos, "the context has two entries %q", clip(key.text))
		}
		seen[key.text] = true
		p.expect(":")
		value := p.formula()
		parts = append(parts, strconv.Quote(key.text), ": ", value.text)
		p.scopes = append(p.scopes, scope{name: key.text})
	}
	p.scopes = p.scopes[:before]
	return p.made(open.pos, Map, postfix, append(parts, "}")...)
}

// comprehension reads what follows some, every or for.
func (p *parser) comprehension(kind token) term {
	name := p.next()
	p.expect("in")
	list := p.formula()
	if p.is("..") {
		p.fail(kind.pos, "a range cannot be a value")
	}
	p.want(list, List)
	if !p.visible(name) {
		return list
	}
	elem := p.path(list, name.text, list.text+"[]").of
	if p.err == nil && list.of.root().elem != nil {
		elem.kind = list.of.root().elem.kind
	}
	p.scopes = append(p.scopes, scope{name.text, elem})
	defer func() { p.scopes = p.scopes[:len(p.scopes)-1] }()
	var body term
	if p.take(",") { // another list, as if a comprehension of the same kind stood within
		p.enter()
		defer p.leave()
		if kind.text == "for" {
			p.fail(kind.pos, "a list of several lists' elements is written otherwise in CEL")
		}
		body = p.comprehension(kind)
	} else {
		p.expect(map[bool]string{true: "return", false: "satisfies"}[kind.text == "for"])
		body = p.formula()
	}
	made, function := List, ".map("
	if kind.text != "for" {
		p.want(body, Bool)
		made, function = Bool, map[string]string{"some": ".exists(", "every": ".all("}[kind.text]
	}
	return p.made(kind.pos, made, postfix, list.within(postfix), function, name.text, ", ", body.text, ")")
}

// visible checks a name to be bound.
func (p *parser) visible(name token) bool {
	if p.err == nil {
		if name.kind != word || keywords[name.text] {
			p.syntax(name.pos, "the name of an element is wanted")
		} else if selector(name.text)[0] == '[' {
			p.fail(name.pos, "%q cannot name an element", clip(name.text))
		}
	}
	return p.err == nil
}
