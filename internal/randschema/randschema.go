// Package randschema makes random process schemas and random edits of them, for property tests: block-structured,
// race-free, sound by construction, with data, guards, loops, boundary events and sub-processes. Edits need not keep
// any of that.
package randschema

import (
	"fmt"
	"strings"
)

// Config bounds what Make makes. The zero Config is small and uses every element but those of the last four.
type Config struct {
	Depth    int  // nesting of blocks; 0: 3
	Width    int  // steps in a list; 0: 3
	Vars     int  // variables v0..; 0: 4
	Required int  // variables q0.. without a default, which a first task writes
	Locals   bool // sub-processes may have a variable of their own
	Ends     bool // sub-processes may end by an error, or all at once
	Graphs   bool // lists may have splits, joins and cycles of bare gateways
}

// Make returns a schema in the text form: the text of New.
func Make(intn func(n int) int, c Config) string { return New(intn, c).Text() }

// New returns a schema. intn returns a number in [0, n) and decides everything, so equal numbers make equal schemas.
//
// All variables are ints and belong to one strand of control at a time: a parallel branch reads and writes only its own
// share, so there are no races. Loops contain a user task, so nothing runs by itself for ever.
func New(intn func(n int) int, c Config) *Tree {
	if c.Depth == 0 {
		c.Depth = 3
	}
	if c.Width == 0 {
		c.Width = 3
	}
	if c.Vars == 0 {
		c.Vars = 4
	}
	t := &Tree{}
	g := &maker{intn: intn, width: c.Width, locals: c.Locals, ends: c.Ends, graphs: c.Graphs, t: t}
	var vars, required []string
	for i := range c.Vars {
		t.Vars = append(t.Vars, Var{Name: fmt.Sprintf("v%d", i), Default: true})
		vars = append(vars, t.Vars[i].Name)
	}
	for i := range c.Required {
		t.Vars = append(t.Vars, Var{Name: fmt.Sprintf("q%d", i)})
		required = append(required, fmt.Sprintf("q%d", i))
	}
	if len(required) > 0 {
		t.Steps = append(t.Steps, &Step{Kind: "user", ID: g.id("u"), Out: "[" + strings.Join(required, ", ") + "]"})
	}
	if c.Ends && intn(2) == 0 { // what it does not do is not required either: it ends before, or not at all
		t.Steps = append(t.Steps, &Step{Kind: "choose", ID: g.id("x"), Cases: []*Case{
			{Kind: "when", Text: g.distinct(vars), Steps: []*Step{g.user(0, vars), {Kind: "end", ID: g.id("t"), Lines: []string{"terminate: true"}}}},
			{Kind: "else"},
		}})
	}
	t.Steps = append(t.Steps, g.list(c.Depth, append(vars, required...))...)
	return t
}

// maker makes steps.
type maker struct {
	intn   func(n int) int
	width  int
	locals bool
	ends   bool
	graphs bool
	t      *Tree
	users  []string // ids of user tasks so far
}

func (g *maker) id(prefix string) string {
	g.t.ids++
	return fmt.Sprintf("%s%d", prefix, g.t.ids)
}

func (g *maker) pick(vars []string) string { return vars[g.intn(len(vars))] }

func (g *maker) guard(vars []string) string {
	return fmt.Sprintf("%s %s %d", g.pick(vars), []string{">", "<", "==", "!="}[g.intn(4)], g.intn(4))
}

// distinct is a guard that no other case has, because a case is known by its guard.
func (g *maker) distinct(vars []string) string {
	return fmt.Sprintf("%s && %q != %q", g.guard(vars), g.id("c"), "")
}

// list makes one or more steps.
func (g *maker) list(depth int, vars []string) []*Step {
	var list []*Step
	for range 1 + g.intn(g.width) {
		if g.graphs && depth > 0 && g.intn(4) == 0 {
			list = append(list, g.graph(vars)...)
			continue
		}
		if g.ends && depth > 0 && g.intn(4) == 0 {
			list = append(list, g.ending(vars))
			continue
		}
		list = append(list, g.step(depth, vars))
	}
	return list
}

// maybe makes a list or none.
func (g *maker) maybe(depth int, vars []string) []*Step {
	if g.intn(4) == 0 {
		return nil
	}
	return g.list(depth-1, vars)
}

func (g *maker) step(depth int, vars []string) *Step {
	k := g.intn(14)
	if depth <= 0 {
		k = g.intn(6)
	}
	switch k {
	case 0, 1:
		return g.user(depth, vars)
	case 2:
		s := &Step{Kind: "service", ID: g.id("j")}
		s.In, s.Out = g.data(s, vars)
		s.Bounds = g.boundary(depth, vars)
		return s
	case 3:
		s := &Step{Kind: "script", ID: g.id("s")}
		s.In, s.Out = g.data(s, vars)
		return s
	case 4:
		s := &Step{Kind: "receive", ID: g.id("r"), Lines: []string{fmt.Sprintf("message: m%d", g.intn(3)), fmt.Sprintf("key: string(%s)", g.pick(vars))}}
		s.In, s.Out = g.data(s, vars)
		return s
	case 5:
		return &Step{Kind: "wait", ID: g.id("w"), Lines: []string{fmt.Sprintf("for: PT%dH", 1+g.intn(48))}}
	case 6, 7:
		return g.choose(depth, vars)
	case 8:
		return g.parallel(depth, vars)
	case 9:
		return g.some(depth, vars)
	case 10:
		return g.race(depth, vars)
	case 11, 12:
		return g.repeat(depth, vars)
	default:
		s := &Step{Kind: "subprocess", ID: g.id("sub")}
		if g.locals && g.intn(2) == 0 {
			s.Local = g.id("x")
			vars = append(vars[:len(vars):len(vars)], s.Local)
		}
		s.Body = g.list(depth-1, vars)
		if s.Local != "" {
			vars = vars[:len(vars)-1]
		}
		s.Bounds = g.boundary(depth, vars)
		if g.ends && g.intn(2) == 0 {
			g.end(s, vars)
		}
		return s
	}
}

// data is what an activity reads and writes.
func (g *maker) data(s *Step, vars []string) (in, out string) {
	switch s.Kind {
	case "user":
		in = fmt.Sprintf("[%s]", g.pick(vars))
		if g.intn(3) > 0 {
			opt := ""
			if g.intn(4) == 0 {
				opt = "?"
			}
			out = fmt.Sprintf("[%q]", g.pick(vars)+opt) // YAML reads no unquoted question mark before a bracket
		}
	case "service":
		in = fmt.Sprintf("{x: %s + 1}", g.pick(vars))
		out = fmt.Sprintf("{%s: result.x}", g.pick(vars))
	case "script":
		v := g.pick(vars)
		out = fmt.Sprintf("{%s: (%s + %d) %% 5}", v, g.pick(vars), g.intn(3))
	case "receive":
		if g.intn(2) == 0 {
			out = fmt.Sprintf("{%s: message.x}", g.pick(vars))
		}
	}
	return in, out
}

func (g *maker) user(depth int, vars []string) *Step {
	s := &Step{Kind: "user", ID: g.id("u")}
	s.In, s.Out = g.data(s, vars)
	if len(g.users) > 0 && g.intn(4) == 0 {
		s.Separate = []string{g.pick(g.users)}
	}
	g.users = append(g.users, s.ID)
	s.Bounds = g.boundary(depth, vars)
	return s
}

func (g *maker) boundary(depth int, vars []string) []*Case {
	if g.intn(4) != 0 {
		return nil
	}
	var events []*Case
	for i := range 1 + g.intn(2) {
		e := g.event((i+g.intn(3))%3, i, vars)
		if g.intn(2) == 0 {
			e.Steps = g.list(min(depth-1, 1), vars)
		}
		events = append(events, e)
	}
	return events
}

// event makes a boundary event; one host catches each code once.
func (g *maker) event(kind, code int, vars []string) *Case {
	switch kind {
	case 0:
		return &Case{Kind: "timer", Text: g.id("bt"), Lines: []string{fmt.Sprintf("after: P%dD", 1+g.intn(5))}}
	case 1:
		return &Case{Kind: "message", Text: g.id("bm"), Lines: []string{fmt.Sprintf("key: string(%s)", g.pick(vars))}}
	}
	return &Case{Kind: "error", Text: g.id("be"), Lines: []string{fmt.Sprintf("code: c%d", code)}}
}

func (g *maker) choose(depth int, vars []string) *Step {
	s := &Step{Kind: "choose", ID: g.id("x")}
	for range 1 + g.intn(2) {
		c := &Case{Kind: "when", Text: g.distinct(vars)}
		c.Steps = g.maybe(depth, vars)
		s.Cases = append(s.Cases, c)
	}
	s.Cases = append(s.Cases, &Case{Kind: "else", Steps: g.list(depth-1, vars)})
	return s
}

// share splits the variables among n strands.
func share(vars []string, n int) [][]string {
	out := make([][]string, n)
	for i, v := range vars {
		out[i%n] = append(out[i%n], v)
	}
	return out
}

func (g *maker) parallel(depth int, vars []string) *Step {
	if len(vars) < 2 {
		return g.user(0, vars)
	}
	s := &Step{Kind: "parallel", ID: g.id("p")}
	users := g.users
	for _, vars := range share(vars, 2) {
		g.users = nil // four eyes across branches would be a race of actors
		s.Cases = append(s.Cases, &Case{Kind: "do", Steps: g.list(depth-1, vars), Vars: vars})
	}
	g.users = users
	return s
}

func (g *maker) some(depth int, vars []string) *Step {
	if len(vars) < 2 {
		return g.user(0, vars)
	}
	s := &Step{Kind: "some", ID: g.id("o")}
	users := g.users
	all := vars
	for _, vars := range share(vars, 2) {
		g.users = nil
		c := &Case{Kind: "when", Text: g.distinct(all), Vars: vars}
		c.Steps = g.maybe(depth, vars)
		s.Cases = append(s.Cases, c)
	}
	g.users = users
	s.Cases = append(s.Cases, &Case{Kind: "else"})
	return s
}

func (g *maker) race(depth int, vars []string) *Step {
	s := &Step{Kind: "race", ID: g.id("e")}
	timer := &Case{Kind: "timer", Text: g.id("et"), Lines: []string{fmt.Sprintf("after: PT%dH", 1+g.intn(30))}}
	timer.Steps = g.maybe(depth, vars)
	message := &Case{Kind: "message", Text: g.id("em"), Lines: []string{fmt.Sprintf("name: m%d", g.intn(3)), fmt.Sprintf("key: string(%s)", g.pick(vars))}}
	message.Steps = g.maybe(depth, vars)
	s.Cases = []*Case{timer, message}
	return s
}

func (g *maker) repeat(depth int, vars []string) *Step {
	s := &Step{Kind: "repeat", ID: g.id("l"), Test: []string{"until", "while"}[g.intn(2)], Guard: g.guard(vars)}
	s.Body = []*Step{g.user(0, vars)}
	if g.intn(2) == 0 {
		s.Body = append(s.Body, g.list(depth-1, vars)...)
	}
	return s
}
