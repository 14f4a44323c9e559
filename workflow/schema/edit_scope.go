package schema

import (
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
)

// This file is the variables that steps of the tree name, and what a name means where they stand: a subprocess or each
// that declares it, the process, or nothing. A change that would give a name another meaning is refused, and so is one
// that lets a step run beside another whose outcome it reads: nobody would see that from the change.

// A using is a name in a step: where it is looked up, and whether the step writes it.
type using struct {
	name  string
	in    *sequence // its meaning is that in a step of this list
	write bool
}

// uses are the variables that a step itself names, with its cases, but not the steps in it.
func (s *site) uses() []using {
	var all []using
	add := func(in *sequence, write bool, names ...string) {
		for _, name := range names {
			all = append(all, using{strings.TrimSuffix(name, "?"), in, write})
		}
	}
	written := func(in *sequence, v *value, expressions bool) {
		for _, f := range v.fields {
			add(in, true, f.key)
			if expressions {
				add(in, false, identifiers(f.value.text)...)
			}
		}
		for _, item := range v.items {
			add(in, true, item.text)
		}
	}
	for _, row := range stepTables[s.kind] {
		v, in := s.v.get(row.key), s.in
		if v == nil {
			continue
		}
		if s.kind == kindEach && (row.key == "until" || row.key == "collect") {
			in = s.body(0) // of a round
		}
		switch row.form {
		case formCEL, formPeriod, formCron:
			add(in, false, identifiers(v.text)...)
		case formIn:
			for _, f := range v.fields {
				add(in, false, identifiers(f.value.text)...)
			}
			for _, item := range v.items {
				add(in, false, item.text)
			}
		case formOut, formOutMap:
			written(in, v, true)
		case formSet:
			written(in, v, false)
		case formTable:
			for _, r := range v.items {
				if when := r.get("when"); when != nil {
					add(in, false, identifiers(when.text)...)
				}
				if set := r.get("set"); set != nil {
					written(in, set, true)
				}
			}
		}
	}
	for _, c := range s.cases() {
		if when := c.get("when"); when != nil && when.scalar() {
			add(s.in, false, identifiers(when.text)...)
		}
	}
	return all
}

// identifiers are the variables in an expression; none in what is no expression.
func identifiers(cel string) []string {
	names, err := expr.Names(cel)
	if err != nil {
		return nil // the result is refused for it, unless it is a period or the like
	}
	return names
}

// declarer is the subprocess or each that a name in a list of steps belongs to, nil: the process; or not known.
func (e *editor) declarer(name string, in *sequence) (by *site, known bool) {
	for q := in; q.owner != nil; q = q.owner.in {
		s := q.owner
		if q.key != "do" && q.key != "events" { // at its border
			continue
		}
		if vars := s.v.get("vars"); vars != nil && vars.get(name) != nil || s.kind == kindEach && s.v.str("as") == name {
			return s, true
		}
	}
	vars := e.doc.get("vars")
	return nil, vars != nil && vars.get(name) != nil
}

// free are the variables that the steps of a fragment name and that are declared outside it.
func (e *editor) free(f stretch) map[*site][]using {
	all := make(map[*site][]using)
	for _, s := range e.o.order {
		if !f.has(s) {
			continue
		}
		for _, u := range s.uses() {
			if by, known := e.declarer(u.name, u.in); known && (by == nil || !f.has(by)) {
				all[s] = append(all[s], u)
			}
		}
	}
	return all
}

// rebound checks that what the steps of a fragment name means the same in another list.
func (e *editor) rebound(f stretch, to *sequence) *fault {
	if e.p.free || f.in.same(to) {
		return nil
	}
	named := e.free(f)
	for _, s := range e.o.order {
		for _, u := range named[s] {
			was, _ := e.declarer(u.name, f.in)
			now, known := e.declarer(u.name, to)
			if known && was == now {
				continue
			}
			there := "there would be none of that name"
			if known {
				there = "would then use that of " + scopeName(now)
			}
			return faultf("scope", s.id, "give one of the variables another name, or keep the step where its variable is declared",
				"%q uses the variable %q of %s, and %s", s.id, u.name, scopeName(was), there)
		}
	}
	return nil
}

func scopeName(s *site) string {
	if s == nil {
		return "the process"
	}
	return s.kind.String() + ` "` + s.id + `"`
}

// beside checks that no fragment reads what one before it writes, which it could not if they ran at once. (What else they
// may not do to the same variable, the verification of the result finds.)
func (e *editor) beside(list ...stretch) *fault {
	if e.p.free {
		return nil
	}
	writer := make(map[string]string) // by variable: a step
	for _, f := range list {
		named := e.free(f)
		for _, s := range e.o.order {
			if s.undoing() {
				continue // it reads when something compensates
			}
			for _, u := range named[s] {
				if by := writer[u.name]; !u.write && by != "" {
					return faultf("data", s.id, "keep their order, or let it read another variable",
						"%q reads %q, which %q writes before it; at once with it, it would read what was there before", s.id, u.name, by)
				}
			}
		}
		for _, s := range slices.Backward(e.o.order) {
			for _, u := range named[s] {
				if u.write {
					writer[u.name] = s.id
				}
			}
		}
	}
	return nil
}

// undoing reports whether s lies in a compensation.
func (s *site) undoing() bool {
	for ; s != nil; s = s.outer() {
		if s.in.key == "compensation" {
			return true
		}
	}
	return false
}

// undeclared checks that no step in s uses a variable of s that it has no more with other keys.
func (e *editor) undeclared(s *site, by *value) *fault {
	for _, t := range e.o.order {
		if t == s || !t.within(s) {
			continue
		}
		for _, u := range t.uses() {
			if d, known := e.declarer(u.name, u.in); !known || d != s {
				continue
			}
			if vars := by.get("vars"); vars != nil && vars.get(u.name) != nil || by.str("as") == u.name {
				continue
			}
			return faultf("scope", s.id, "declare it in the step that is given too, or change its uses first",
				"%q uses the variable %q of %s, which would not have it any more", t.id, u.name, scopeName(s))
		}
	}
	return nil
}
