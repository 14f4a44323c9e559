package schema

import (
	"fmt"

	"github.com/replank/replank/internal/expr"
)

// data checks the declarations of variables and the names in data interfaces. The expressions are the compiler's.
func (r *resolver) data() {
	records := r.records()
	count := 0
	declare := func(vars []*variable, node string) {
		count += len(vars)
		r.declarations(vars, records, node)
	}
	declare(r.p.vars, "")
	for _, s := range r.p.all {
		declare(s.vars, s.id.s)
	}
	if count > MaxVars {
		r.fatal("schema/too-large", r.p.id.at, "", "group them in records", "%d variables, more than %d", count, MaxVars)
	}
	for _, names := range [][]text{r.p.in, r.p.out} {
		for _, name := range names {
			r.variable(name, nil, "")
		}
	}
	for _, s := range r.p.all {
		for _, list := range [][]param{s.in, s.data} {
			for _, in := range list {
				if !in.expr.given() {
					r.variable(in.name, s.outer, s.id.s)
				}
			}
		}
		for _, out := range s.out {
			r.written(out.variable, s)
		}
		for _, set := range s.set {
			r.written(set.variable, s)
		}
		for _, row := range s.rows {
			for _, out := range row.set {
				r.written(out.variable, s)
			}
		}
		for _, out := range s.noRow {
			r.written(out.variable, s)
		}
		if s.kind == kindEach {
			r.element(s)
		}
	}
}

// element checks the name of what an each goes through.
func (r *resolver) element(s *step) {
	if s.as.s == "result" || s.as.s == "message" {
		r.fatal("schema/name", s.as.at, s.id.s, "choose another name", "%q means what a step is given in its out", s.as.s)
	}
}

// written checks a variable that a step writes: it is declared, and no each between the two makes it read-only.
func (r *resolver) written(name text, s *step) {
	r.variable(name, s.outer, s.id.s)
	if !name.given() {
		return
	}
	for outer := s.outer; outer != nil; outer = outer.outer {
		for _, d := range outer.vars {
			if d.name.s == name.s {
				return
			}
		}
		switch {
		case outer.kind == kindEach && outer.as.s == name.s:
			r.fatal("schema/read-only", name.at, s.id.s, "write a variable under the vars of the each", "%q is the element of the each and cannot be written", name.s)
			return
		case outer.kind == kindEach:
			if d, _ := r.p.visible(outer.outer, name.s); d != nil {
				r.fatal("schema/read-only", name.at, s.id.s, "declare a variable under the vars of the each, and give it a collect and an out",
					"%q cannot be written within the each %q: its copies run at the same time", name.s, outer.id.s)
			}
			return
		}
	}
}

// records checks the record types and returns them in the form that internal/expr takes. If something is wrong with
// one, the fields of all are dyn, so that the variables that have them are not reported as well; if it is a name, there
// are none (nil), and what variables are of cannot be said.
func (r *resolver) records() map[string]map[string]string {
	records := r.p.records()
	before := len(r.list)
	for _, rec := range r.p.types {
		if _, err := expr.NewEnv(map[string]map[string]string{rec.name.s: {}}, nil); err != nil {
			r.fatal("schema/type", rec.name.at, "", "", "%v", err)
			records = nil
		}
	}
	if records == nil {
		return nil
	}
	for _, rec := range r.p.types {
		bad := false
		for _, f := range rec.fields {
			if _, err := expr.ParseType(f.typ.s, map[string]map[string]string{}); err == nil {
				continue
			}
			// The names of records are known here, their fields are not: a circle is reported once, at its record.
			if _, err := expr.ParseType(f.typ.s, opaque(records)); err != nil {
				r.fatal("schema/type", f.typ.at, "", "", "field %q of %q: %v", f.name.s, rec.name.s, err)
				bad = true
			}
		}
		if bad {
			continue
		}
		if _, err := expr.ParseType(rec.name.s, records); err != nil && len(r.list) == before {
			r.fatal("schema/type", rec.name.at, "", "", "%v", err)
		}
	}
	if len(r.list) > before {
		return opaque(records)
	}
	return records
}

// opaque are records of the same names without their fields.
func opaque(records map[string]map[string]string) map[string]map[string]string {
	out := make(map[string]map[string]string, len(records))
	for name := range records { //lint:sorted a set has no order
		out[name] = map[string]string{}
	}
	return out
}

func (r *resolver) declarations(vars []*variable, records map[string]map[string]string, node string) {
	names, old := map[string]bool{}, map[string]bool{}
	for _, d := range vars {
		names[d.name.s] = true
	}
	for _, d := range vars {
		if d.was.given() && (names[d.was.s] || old[d.was.s]) {
			r.fatal("schema/was", d.was.at, node, "keep one of the two", "another variable is or was %q", d.was.s)
		}
		old[d.was.s] = true
		if node != "" && (d.index || d.from.given()) {
			r.fatal("schema/not-yet", d.name.at, node, "declare it in the process", "index and from of a subprocess's variable are not supported yet")
		}
		if d.name.s == "result" || d.name.s == "message" {
			r.fatal("schema/name", d.name.at, node, "choose another name", "%q means what a step is given in its out", d.name.s)
			continue
		}
		if !d.typ.given() || records == nil {
			continue // reported
		}
		typ, err := expr.ParseType(d.typ.s, records)
		if err != nil {
			r.fatal("schema/type", d.typ.at, node, "", "variable %q: %v", d.name.s, err)
			continue
		}
		if _, err := expr.NewEnv(records, []expr.Var{{Name: d.name.s, Type: typ}}); err != nil {
			r.fatal("schema/name", d.name.at, node, "", "%v", err)
		}
	}
}

// variable checks that a variable is declared where a step in outer sees it.
func (r *resolver) variable(name text, outer *step, node string) {
	if !name.given() {
		return
	}
	if d, _ := r.p.visible(outer, name.s); d != nil {
		return
	}
	var known []string
	for ; outer != nil; outer = outer.outer {
		for _, d := range outer.vars {
			known = append(known, d.name.s)
		}
		if outer.as.given() {
			known = append(known, outer.as.s)
		}
	}
	for _, d := range r.p.vars {
		known = append(known, d.name.s)
	}
	hint := didYouMean(name.s, known)
	if hint == "" || len(known) == 0 {
		hint = fmt.Sprintf("declare it: vars: {%s: some-type}", clip(name.s))
	}
	r.fatal("schema/unknown-variable", name.at, node, hint, "there is no variable %q here", clip(name.s))
}
