package schema

import (
	"regexp"
	"strings"
)

// in reads a list of variables, or a mapping from parameters to expressions.
func (r *reader) in(v *value, into *[]param, key, node string) {
	if v.shape == shapeMap {
		for _, e := range v.fields {
			var expr text
			r.cel(e.value, &expr, key+" "+clip(e.key), node)
			if r.isName(e.key, e.at, node) && expr.given() {
				*into = append(*into, param{text{e.key, e.at}, expr})
			}
		}
		return
	}
	var names []text
	r.texts(v, &names, key, node, func(v *value, into *text, key, node string) {
		if strings.HasSuffix(v.text, "?") {
			r.fatal("schema/name", v.at, node, "only out lists may have it", "in names variables without a question mark")
			return
		}
		r.name(v, into, key, node)
	})
	for _, n := range names {
		*into = append(*into, param{name: n})
	}
}

// out reads a list of variables, unless only a mapping is allowed, or a mapping from variables to expressions.
func (r *reader) out(v *value, into *[]output, key, node string, lists bool) {
	if v.shape == shapeMap {
		for _, e := range v.fields {
			var expr text
			r.cel(e.value, &expr, key+" "+clip(e.key), node)
			if strings.HasSuffix(e.key, "?") {
				r.fatal("schema/not-yet", e.at, node, "use the list form of out, or an expression that has a value in every case", "an optional variable with an expression is not supported yet")
				continue
			}
			if r.isName(e.key, e.at, node) && expr.given() {
				*into = append(*into, output{variable: text{e.key, e.at}, expr: expr})
			}
		}
		return
	}
	if !lists && v.shape == shapeList {
		r.fatal("schema/form", v.at, node, "write out: {variable: expression}", "%s is a mapping from variables to expressions", key)
		return
	}
	optional := map[string]bool{}
	var names []text
	r.texts(v, &names, key, node, func(v *value, into *text, key, node string) {
		w := *v
		bare, isOptional := strings.CutSuffix(v.text, "?")
		w.text = bare
		r.name(&w, into, key, node)
		optional[into.s] = isOptional || optional[into.s]
	})
	for _, n := range names {
		*into = append(*into, output{variable: n, optional: optional[n.s]})
	}
}

// set reads a mapping from variables to literals.
func (r *reader) set(v *value, into *[]setting, key, node string) {
	if !r.mapping(v, key, node) {
		return
	}
	for _, e := range v.fields {
		var l literal
		r.literal(e.value, &l, clip(e.key), node)
		if r.isName(e.key, e.at, node) && l.given() {
			*into = append(*into, setting{text{e.key, e.at}, l})
		}
	}
}

var octalLike = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

// literal reads a constant.
func (r *reader) literal(v *value, into *literal, key, node string) {
	if r.constant(v, key, node) {
		*into = literal{v.plain(), v, v.at}
	}
}

// constant checks that a value holds nothing that means different things to different readers.
func (r *reader) constant(v *value, key, node string) bool {
	if v.refused {
		return false
	}
	switch v.shape {
	case shapeNull:
		r.fatal("schema/null", v.at, node, "give it a value, or leave the key out", "%s has no value", key)
		return false
	case shapeInt:
		if octalLike.MatchString(v.text) {
			r.fatal("schema/number", v.at, node, "drop the leading zeros, or quote it if it is a text", "%s: some readers take %s for an octal number", key, clip(v.text))
			return false
		}
	case shapeList:
		for _, item := range v.items {
			if !r.constant(item, key, node) {
				return false
			}
		}
	case shapeMap:
		for _, e := range v.fields {
			if !r.constant(e.value, key+"."+clip(e.key), node) {
				return false
			}
		}
	}
	return true
}

// retry reads a policy or "never".
func (r *reader) retry(v *value, into **retry, key, node string) {
	p := &retry{at: v.at}
	switch {
	case v.shape == shapeString && v.text == "never":
		p.never = true
	case v.shape == shapeMap:
		readRows(r, v, &p.policy, retryTable, "retry", node, v.at)
	default:
		r.fatal("schema/form", v.at, node, `as in {max: 5, first: PT2S, factor: 2, limit: PT10M}, or "never"`, "%s is a mapping or the word never", key)
		return
	}
	*into = p
}

// types reads the record types.
func (r *reader) types(v *value, into *[]*record) {
	if !r.mapping(v, "types", "") {
		return
	}
	for _, e := range v.fields {
		rec := &record{name: text{e.key, e.at}}
		if !r.isName(e.key, e.at, "") || !r.mapping(e.value, "the record "+e.key, "") {
			continue
		}
		for _, f := range e.value.fields {
			var typ text
			r.text(f.value, &typ, f.key, "")
			if r.isName(f.key, f.at, "") && typ.given() {
				rec.fields = append(rec.fields, field{text{f.key, f.at}, typ})
			}
		}
		*into = append(*into, rec)
	}
}

// vars reads declarations: name: type, or name: {type, ...}.
func (r *reader) vars(v *value, into *[]*variable, key, node string) {
	if !r.mapping(v, key, node) {
		return
	}
	for _, e := range v.fields {
		d := &variable{name: text{e.key, e.at}}
		if e.value.shape == shapeMap {
			readRows(r, e.value, d, variableTable, "a variable", node, e.at)
		} else {
			r.text(e.value, &d.typ, "the type of "+clip(e.key), node)
		}
		if r.isName(e.key, e.at, node) {
			*into = append(*into, d)
		}
	}
}
