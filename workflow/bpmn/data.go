package bpmn

import (
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file finds out which variables a process has. BPMN files hardly declare any: who writes what is up to the engine.
// So a variable is one that an expression uses or that a file maps to or from an activity. One that a condition of a flow
// uses is written by the activities that come right before that, gateways and events left aside. Where the condition can
// be reached from the beginning without an activity, or behind a join, where it is not clear whose value counts, the
// process is started with the variable; and so it is with those that other expressions use.

// usage is what the expressions of a process use.
type usage struct {
	names  []string // in the order in which they were found
	at     map[string]*element
	given  map[string]bool           // the process is started with it
	seen   map[string]map[*node]bool // where before has been for a variable
	walked int                       // nodes that it has looked at, for tests
}

// declare notes the type of a property or data object that is called as a variable can be.
func (g *graph) declare(e *element) {
	item := strings.TrimSpace(e.attr("itemSubjectRef"))
	structure, known := g.items[item]
	if _, local, prefixed := strings.Cut(item, ":"); !known && prefixed {
		structure = g.items[local]
	}
	structure = structure[strings.LastIndexAny(structure, ".:")+1:]
	typ := map[string]string{
		"boolean": "bool", "string": "string", "integer": "int", "int": "int", "long": "int", "short": "int", "float": "double", "double": "double",
	}[strings.ToLower(structure)]
	if typ == "" {
		return
	}
	for _, name := range []string{e.attr("id"), e.attr("name")} {
		if name != "" && g.types[name] == "" {
			g.types[name] = typ
		}
	}
}

// variables finds the variables of conditions and scripts and marks the nodes that write them.
func (g *graph) variables() {
	if g.options.ControlOnly {
		return
	}
	g.uses(g.top)
	for _, n := range g.known {
		n.writes = unique(n.writes)
	}
}

// need notes that the process is started with variables.
func (g *graph) need(e *element, names ...string) {
	g.vars.add(e, names)
	g.vars.give(names)
}

// undeclared warns of variables whose type nobody says.
func (g *graph) undeclared() {
	u := g.vars
	u.names = slices.DeleteFunc(u.names, func(name string) bool { return g.named[name] })
	if len(u.names) > schema.MaxVars {
		g.fatal(g.root, "bpmn/too-large", "", "the expressions use %d variables, more than %d", len(u.names), schema.MaxVars)
		u.names = nil
	}
	for _, name := range u.names {
		if g.types[name] == "" && !g.options.ControlOnly {
			e := u.at[name]
			f := found(e, "bpmn/undeclared", "declare it as a property whose item definition has a type", "nothing declares the variable %q, which is taken for dyn", name)
			f.Severity = schema.Warning
			if e.textLine > 0 {
				f.Pos = schema.Pos{Line: e.textLine, Col: e.textCol}
			}
			g.found = append(g.found, *f)
		}
	}
}

// uses goes through the conditions and scripts of a scope.
func (g *graph) uses(s *scope) {
	for _, n := range s.nodes {
		var names []string
		for _, f := range n.out {
			if f.condition != "" {
				found := outside(n.parent, g.settled(reads(f.condition)))
				g.vars.add(f.element, found)
				names = append(names, found...)
			}
		}
		if len(names) > 0 {
			g.vars.before(n, names)
		}
		if variable, text := expressionScript(n); variable != "" && text != nil {
			g.vars.add(n.element, []string{variable})
			if cel, reason := toCEL(text.text, n.attr("scriptFormat")); reason == "" {
				found := outside(n.element, reads(cel))
				g.vars.add(n.element, found)
				for _, name := range unique(found) {
					g.vars.earlier(n, name, map[*node]bool{n: true})
				}
			}
		}
		if n.loop != nil {
			if c := n.loop.child("loopCondition"); c != nil {
				if cel, reason := toCEL(c.text, g.language(c, c.text)); reason == "" {
					found := outside(n.element, reads(cel))
					g.vars.add(c, found)
					g.vars.before(n, found)
					if n.loop.flag("testBefore", false) {
						g.vars.give(found)
					}
				}
			}
		}
		if n.inner != nil {
			g.uses(n.inner)
		}
		for _, b := range n.bounds {
			if b.inner != nil {
				g.uses(b.inner)
			}
		}
	}
	for _, h := range s.handlers {
		g.uses(h.inner)
	}
}

// settled are the names that do not stand for something that is open.
func (g *graph) settled(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return g.named[name] })
}

func (u *usage) add(e *element, names []string) {
	for _, name := range names {
		if u.at[name] == nil {
			u.at[name] = e
			u.names = append(u.names, name)
		}
	}
}

// writes reports whether a node can write what a condition behind it asks for.
func (n *node) canWrite() bool {
	switch n.role {
	case user, service, receive:
		return true
	case send:
		return n.attr("messageRef") == ""
	case script:
		variable, _ := expressionScript(n)
		return variable == ""
	}
	return false
}

// before makes the activities that come right before n, or n itself, write variables. For each variable it goes back over
// a node once, however many conditions use it.
func (u *usage) before(n *node, names []string) {
	for _, name := range unique(names) {
		if u.seen[name] == nil {
			u.seen[name] = map[*node]bool{}
		}
		u.back(n, name, u.seen[name])
	}
}

func (u *usage) back(n *node, name string, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	u.walked++
	switch {
	case n.canWrite() && (n.loop == nil || n.loop.name == "standardLoopCharacteristics"):
		n.writes = append(n.writes, name)
	case n.role.gateway() || n.role == manual || n.role == throw || n.role == catch:
		u.earlier(n, name, seen)
	default:
		u.given[name] = true // a start, a sub-process, a script in CEL, which write it or not
	}
}

// earlier makes the activities that come right before n, but not n, write a variable.
func (u *usage) earlier(n *node, name string, seen map[*node]bool) {
	joins := (n.role == parallel || n.role == inclusive) && len(n.in) > 1
	if len(n.in) == 0 || joins {
		u.given[name] = true
		return
	}
	for _, f := range n.in {
		u.back(f.from, name, seen)
	}
}

func (u *usage) give(names []string) {
	for _, name := range names {
		u.given[name] = true
	}
}

// unique drops what stands in a list before.
func unique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
