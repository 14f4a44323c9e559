package randschema

import (
	"fmt"
	"slices"
)

// An Edit is one way to change a schema. Kinds lists them.
type Edit struct {
	Name string
	do   func(*editor) bool
}

// Kinds are the edits that Change picks from.
var Kinds = []Edit{
	{"insert", (*editor).insert},
	{"delete", (*editor).delete},
	{"move", (*editor).move},
	{"swap", (*editor).swap},
	{"guard", (*editor).guards},
	{"sequence to parallel", (*editor).parallelize},
	{"parallel to sequence", (*editor).serialize},
	{"wrap in loop", (*editor).wrapLoop},
	{"wrap in choice", (*editor).wrapChoice},
	{"wrap in sub-process", (*editor).wrapScope},
	{"unwrap", (*editor).unwrap},
	{"rename", (*editor).rename},
	{"outputs", (*editor).outputs},
	{"boundary event", (*editor).bounds},
	{"new variable", (*editor).variable},
	{"kind of task", (*editor).kind},
	{"jump", (*editor).jump},
	{"end", (*editor).ends},
	{"rename variable", (*editor).renameVar},
	{"type of variable", (*editor).retype},
}

// Change returns an edited copy of t and the name of the edit; nil if the edit that was picked does not apply. Like New
// it draws everything from intn. The result may be unsound.
func Change(t *Tree, intn func(n int) int) (*Tree, string) {
	k := Kinds[intn(len(Kinds))]
	e := &editor{maker: maker{intn: intn, width: 2, t: t.Clone()}}
	e.walk(&e.t.Steps, e.names(), true)
	if !k.do(e) {
		return nil, k.Name
	}
	return e.t, k.Name
}

// editor is one edit of one tree.
type editor struct {
	maker
	lists []spot
	steps []*Step
}

// spot is a list of steps and what its steps may read and write.
type spot struct {
	list *[]*Step
	vars []string
}

func (e *editor) names() []string {
	var names []string
	for _, v := range e.t.Vars {
		names = append(names, v.Name)
	}
	return names
}

// walk collects all lists and steps. open says that an empty list counts too.
func (e *editor) walk(list *[]*Step, vars []string, open bool) {
	if open || len(*list) > 0 {
		e.lists = append(e.lists, spot{list, vars})
	}
	for _, s := range *list {
		e.steps = append(e.steps, s)
		for _, c := range s.Cases {
			inner := vars
			if c.Vars != nil {
				inner = c.Vars
			}
			e.walk(&c.Steps, inner, true)
		}
		inner := vars
		if s.Local != "" {
			inner = append(vars[:len(vars):len(vars)], s.Local)
		}
		e.walk(&s.Body, inner, s.Kind == "repeat" || s.Kind == "subprocess")
		for _, c := range s.Bounds {
			e.walk(&c.Steps, vars, true)
		}
	}
}

// spot is any list; full one with at least n steps, and the index of the first of n of them.
func (e *editor) spot() spot { return e.lists[e.intn(len(e.lists))] }

func (e *editor) full(n int) (at spot, i int, ok bool) {
	var full []spot
	for _, l := range e.lists {
		if len(*l.list) >= n {
			full = append(full, l)
		}
	}
	if len(full) == 0 {
		return spot{}, 0, false
	}
	at = full[e.intn(len(full))]
	return at, e.intn(len(*at.list) - n + 1), true
}

// find is any step that is fit.
func (e *editor) find(fit func(*Step) bool) *Step {
	var all []*Step
	for _, s := range e.steps {
		if fit(s) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[e.intn(len(all))]
}

func (e *editor) insert() bool {
	l := e.spot()
	*l.list = slices.Insert(*l.list, e.intn(len(*l.list)+1), e.step(e.intn(2), l.vars))
	return true
}

func (e *editor) delete() bool {
	l, i, ok := e.full(1)
	if ok {
		*l.list = slices.Delete(*l.list, i, i+1)
	}
	return ok
}

// move takes a step out and puts it into any list, which may not be one within it.
func (e *editor) move() bool {
	l, i, ok := e.full(1)
	if !ok {
		return false
	}
	s := (*l.list)[i]
	*l.list = slices.Delete(*l.list, i, i+1)
	e.lists, e.steps = nil, nil
	e.walk(&e.t.Steps, e.names(), true)
	to := e.spot()
	if e.intn(2) == 0 {
		to = l // near moves are the ones that people make
	}
	*to.list = slices.Insert(*to.list, e.intn(len(*to.list)+1), s)
	return true
}

func (e *editor) swap() bool {
	l, i, ok := e.full(2)
	if ok {
		(*l.list)[i], (*l.list)[i+1] = (*l.list)[i+1], (*l.list)[i]
	}
	return ok
}

func (e *editor) guards() bool {
	s := e.find(func(s *Step) bool { return s.Kind == "choose" || s.Kind == "some" || s.Kind == "repeat" })
	if s == nil {
		return false
	}
	vars := e.names()
	if s.Kind == "repeat" {
		s.Guard = e.guard(vars)
	} else {
		s.Cases[e.intn(len(s.Cases)-1)].Text = e.distinct(vars)
	}
	return true
}

func (e *editor) parallelize() bool {
	l, i, ok := e.full(2)
	if ok {
		p := &Step{Kind: "parallel", ID: e.id("p")}
		for _, s := range (*l.list)[i : i+2] {
			p.Cases = append(p.Cases, &Case{Kind: "do", Steps: []*Step{s}})
		}
		*l.list = slices.Replace(*l.list, i, i+2, p)
	}
	return ok
}

func (e *editor) serialize() bool {
	return e.dissolve(func(s *Step) []*Step {
		if s.Kind != "parallel" {
			return nil
		}
		return slices.Concat(s.Cases[0].Steps, s.Cases[1].Steps)
	})
}

// dissolve replaces a step, for which with is not nil, by the steps that with returns.
func (e *editor) dissolve(with func(*Step) []*Step) bool {
	type at struct {
		l spot
		i int
	}
	var all []at
	for _, l := range e.lists {
		for i, s := range *l.list {
			if with(s) != nil {
				all = append(all, at{l, i})
			}
		}
	}
	if len(all) == 0 {
		return false
	}
	x := all[e.intn(len(all))]
	*x.l.list = slices.Replace(*x.l.list, x.i, x.i+1, with((*x.l.list)[x.i])...)
	return true
}

// wrap puts one or two steps into a new one.
func (e *editor) wrap(make func(l spot, body []*Step) *Step) bool {
	l, i, ok := e.full(1 + e.intn(2))
	if !ok {
		return false
	}
	n := min(1+e.intn(2), len(*l.list)-i)
	body := slices.Clone((*l.list)[i : i+n])
	*l.list = slices.Replace(*l.list, i, i+n, make(l, body))
	return true
}

func (e *editor) wrapLoop() bool {
	return e.wrap(func(l spot, body []*Step) *Step {
		return &Step{Kind: "repeat", ID: e.id("l"), Test: []string{"until", "while"}[e.intn(2)], Guard: e.guard(l.vars), Body: body}
	})
}

func (e *editor) wrapChoice() bool {
	return e.wrap(func(l spot, body []*Step) *Step {
		return &Step{Kind: "choose", ID: e.id("x"), Cases: []*Case{{Kind: "when", Text: e.distinct(l.vars), Steps: body}, {Kind: "else"}}}
	})
}

func (e *editor) wrapScope() bool {
	return e.wrap(func(l spot, body []*Step) *Step {
		return &Step{Kind: "subprocess", ID: e.id("sub"), Body: body, Bounds: e.boundary(0, l.vars)}
	})
}

// unwrap replaces a loop, a sub-process or a choice by what is in it.
func (e *editor) unwrap() bool {
	which := e.intn(3)
	return e.dissolve(func(s *Step) []*Step {
		switch s.Kind {
		case "repeat", "subprocess":
			return s.Body
		case "choose":
			return s.Cases[which%len(s.Cases)].Steps
		}
		return nil
	})
}

func (e *editor) rename() bool {
	s := e.find(func(*Step) bool { return true })
	if s == nil {
		return false
	}
	old := s.ID
	s.ID, s.Was = e.id("n"), old
	for _, x := range e.steps {
		for i := range x.Separate {
			if x.Separate[i] == old {
				x.Separate[i] = s.ID
			}
		}
		for i := range x.Flows {
			if x.Flows[i].Next == old {
				x.Flows[i].Next = s.ID
			}
		}
		if x.Next == old {
			x.Next = s.ID
		}
	}
	return true
}

func (e *editor) outputs() bool {
	s := e.find(func(s *Step) bool { return s.Out != "" })
	if s != nil {
		s.In, s.Out = e.data(s, e.names())
	}
	return s != nil
}

func (e *editor) bounds() bool {
	s := e.find(func(s *Step) bool { return s.Kind == "user" || s.Kind == "service" || s.Kind == "subprocess" })
	switch {
	case s == nil:
		return false
	case len(s.Bounds) > 0 && e.intn(2) == 0:
		i := e.intn(len(s.Bounds))
		s.Bounds = slices.Delete(s.Bounds, i, i+1)
	default:
		ev := e.event(e.intn(3), 2, e.names()) // no boundary of New has this code
		if e.intn(2) == 0 {
			ev.Steps = e.list(0, e.names()[:1])
		}
		s.Bounds = append(s.Bounds, ev)
	}
	return true
}

// variable adds a variable without a default, which one user task writes and another one reads, or a choice in front of
// it: an instance that is past the first and before the second lacks a value.
func (e *editor) variable() bool {
	var users []*Step
	for _, s := range e.steps {
		if s.Kind == "user" {
			users = append(users, s)
		}
	}
	if len(users) < 2 {
		return false
	}
	i := e.intn(len(users) - 1)
	writer, reader := users[i], users[i+1+e.intn(len(users)-1-i)]
	name := e.id("q")
	e.t.Vars = append(e.t.Vars, Var{Name: name})
	writer.Out = fmt.Sprintf("[%s]", name)
	reader.In = fmt.Sprintf("[%s]", name)
	if e.intn(2) == 0 {
		e.dissolve(func(s *Step) []*Step {
			if s != reader {
				return nil
			}
			return []*Step{{Kind: "choose", ID: e.id("x"), Cases: []*Case{{Kind: "when", Text: e.distinct([]string{name}), Steps: []*Step{s}}, {Kind: "else"}}}}
		})
	}
	return true
}

// kind makes a person's task a program's, or the other way round.
func (e *editor) kind() bool {
	s := e.find(func(s *Step) bool { return s.Kind == "user" || s.Kind == "service" || s.Kind == "script" })
	if s == nil {
		return false
	}
	kinds := []string{"user", "service", "script"}
	if len(s.Bounds) > 0 {
		kinds = kinds[:2]
	}
	old := s.Kind
	s.Kind = kinds[e.intn(len(kinds))]
	if s.Kind != old {
		s.In, s.Out = e.data(s, e.names())
		s.Separate = nil
	}
	return s.Kind != old
}
