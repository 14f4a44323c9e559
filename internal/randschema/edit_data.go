package randschema

import (
	"fmt"
	"regexp"
)

// jump makes a step jump to another one of its list, or no longer.
func (e *editor) jump() bool {
	l, i, ok := e.full(2)
	if !ok {
		return false
	}
	s, to := (*l.list)[i], (*l.list)[e.intn(len(*l.list))]
	switch {
	case len(s.Flows) > 0:
		s.Flows[e.intn(len(s.Flows))].Next = to.ID
	case s.Next != "":
		s.Next = ""
	case s != to && s.Kind != "end":
		s.Next = to.ID
	default:
		return false
	}
	return true
}

// ends gives a sub-process an end of its own.
func (e *editor) ends() bool {
	s := e.find(func(s *Step) bool { return s.Kind == "subprocess" })
	if s == nil {
		return false
	}
	e.end(s, e.names()[:1])
	return true
}

// variableOf is any variable but the input.
func (e *editor) variableOf() *Var {
	if len(e.t.Vars) < 2 {
		return nil
	}
	return &e.t.Vars[1+e.intn(len(e.t.Vars)-1)]
}

// renameVar gives a variable another name, which says what it was.
func (e *editor) renameVar() bool {
	v := e.variableOf()
	if v == nil {
		return false
	}
	old := v.Name
	v.Name, v.Was = e.id("z"), old
	e.replace(old, v.Name)
	return true
}

// replace writes one variable for another.
func (e *editor) replace(old, now string) {
	word := regexp.MustCompile(`\b` + old + `\b`)
	fix := func(texts ...*string) {
		for _, t := range texts {
			*t = word.ReplaceAllString(*t, now)
		}
	}
	fixCases := func(cases []*Case) {
		for _, c := range cases {
			fix(&c.Text)
			for i := range c.Lines {
				fix(&c.Lines[i])
			}
			for i := range c.Vars {
				fix(&c.Vars[i])
			}
		}
	}
	for _, s := range e.steps {
		fix(&s.In, &s.Out, &s.Guard)
		for i := range s.Lines {
			fix(&s.Lines[i])
		}
		for i := range s.Flows {
			fix(&s.Flows[i].When)
		}
		fixCases(s.Cases)
		fixCases(s.Bounds)
	}
}

// retype changes the type of a variable, with or without a converter, or makes its values others.
func (e *editor) retype() bool {
	v := e.variableOf()
	if v == nil {
		return false
	}
	old := v.Name
	if v.Was != "" {
		old = v.Was // the version before this one may be the one that renamed it; else this is refused
	}
	other := e.t.Vars[e.intn(len(e.t.Vars))].Name
	switch e.intn(5) {
	case 0:
		v.Type, v.From = "string", fmt.Sprintf("string(%s)", old)
	case 1:
		v.Type = "string"
	case 2:
		v.Type = "dyn"
	case 3:
		v.From = fmt.Sprintf("%s + %s", old, other)
	default:
		v.From = fmt.Sprintf("10 / %s", old) // fails by value
	}
	return true
}
