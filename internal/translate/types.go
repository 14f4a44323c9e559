package translate

// This file finds out which types an expression asks its variables for. Each variable and each path from one (a.b, a[0])
// has a class; comparing two of which nothing is known joins their classes.

// A class is a set of terms of one type (union-find).
type class struct {
	up   *class // nil: the root
	kind Type   // of the root
	elem *class // of a list of which it is known; of the root
}

func (c *class) root() *class {
	for c.up != nil {
		c = c.up
	}
	return c
}

// both is the type of what is of type a and of type b.
func both(a, b Type) (Type, bool) {
	switch {
	case a == b || b == Any:
		return a, true
	case a == Any:
		return b, true
	case a == Number && (b == Int || b == Double):
		return b, true
	case b == Number && (a == Int || a == Double):
		return a, true
	}
	return Any, false
}

// family is the type that a value must have to be compared with one of type t.
func family(t Type) Type {
	if t == Int || t == Double {
		return Number
	}
	return t
}

func isNumber(t Type) bool { return family(t) == Number }

// want asks a term for a type. A term that cannot have it is refused: CEL does not convert.
func (p *parser) want(t term, kind Type) {
	if p.err != nil {
		return
	}
	if t.null {
		p.fail(t.pos, "null stands where %v is wanted: CEL fails there", kind)
		return
	}
	root := t.of.root()
	merged, ok := both(root.kind, kind)
	if !ok {
		p.fail(t.pos, "%s is %v and used as %v: CEL does not convert", clip(t.text), root.kind, kind)
		return
	}
	root.kind = merged
}

// same asks two terms for the same type, as far as comparing goes.
func (p *parser) same(l, r term) {
	if p.err != nil || l.null || r.null {
		return
	}
	switch lk, rk := l.of.root(), r.of.root(); {
	case lk == rk:
	case lk.kind != Any:
		p.want(r, family(lk.kind))
	case rk.kind != Any:
		p.want(l, family(rk.kind))
	default:
		lk.up = rk
	}
}

// join makes two terms one class.
func (p *parser) join(l, r term) {
	if p.err != nil {
		return
	}
	lc, rc := l.of.root(), r.of.root()
	if lc == rc {
		return
	}
	merged, ok := both(lc.kind, rc.kind)
	if !ok {
		p.fail(r.pos, "%s is %v and %s is %v: CEL does not convert", clip(l.text), lc.kind, clip(r.text), rc.kind)
		return
	}
	lc.up, rc.kind = rc, merged
}

// settle decides what is still open: terms that are put in order are numbers if nothing else is known, because CEL also
// orders truth values; sums of which nothing says whether they add numbers or join texts are refused.
func (p *parser) settle() {
	for _, t := range p.ordered {
		switch root := t.of.root(); root.kind {
		case Any:
			root.kind = Number
		case Bool, List, Map:
			p.fail(t.pos, "%s is %v, which has no order", clip(t.text), root.kind)
		}
	}
	for _, t := range p.sums {
		switch root := t.of.root(); root.kind {
		case Number:
			root.kind = Int
		case Int, String:
		default:
			p.fail(t.pos, "nothing says whether %s adds numbers or joins texts", clip(t.text))
		}
	}
}

// clip shortens a text for a message.
func clip(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:40]) + "..."
	}
	return s
}
