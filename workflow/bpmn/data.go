package bpmn

import (
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file finds out which variables a process has. BPMN files hardly declare any: who writes what is up to the engine.
// So a variable is one that a condition or a CEL script uses, and it is written by the activities that come right before
// that use, gateways left aside. Where a use can be reached from the beginning without an activity, or behind a join,
// where it is not clear whose value counts, the process is started with the variable.

// usage is what the expressions of a process use.
type usage struct {
	names []string // in the order of the file
	at    map[string]*element
	given map[string]bool // the process is started with it
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

// variables finds the variables of the process and marks the nodes that write them.
func (g *graph) variables() *usage {
	u := &usage{at: map[string]*element{}, given: map[string]bool{}}
	g.uses(g.top, u)
	if len(u.names) > schema.MaxVars {
		g.fatal(g.root, "bpmn/too-large", "", "the conditions use %d variables, more than %d", len(u.names), schema.MaxVars)
		return u
	}
	for _, name := range u.names {
		if g.types[name] == "" {
			e := u.at[name]
			f := found(e, "bpmn/undeclared", "declare it as a property whose item definition has a type", "nothing declares the variable %q, which is taken for dyn", name)
			f.Severity = schema.Warning
			if e.textLine > 0 {
				f.Pos = schema.Pos{Line: e.textLine, Col: e.textCol}
			}
			g.found = append(g.found, *f)
		}
	}
	return u
}

// uses goes through the expressions of a scope.
func (g *graph) uses(s *scope, u *usage) {
	for _, n := range s.nodes {
		var names []string
		for _, f := range n.out {
			if f.condition == "" || g.options.ControlOnly {
				continue
			}
			found, _ := schema.Names(f.condition)
			u.add(f.element, found)
			names = append(names, found...)
		}
		if len(names) > 0 {
			before(n, unique(names), u, map[*node]bool{})
		}
		if variable, text := celScript(n); variable != "" {
			u.add(n.element, []string{variable})
			found, err := schema.Names(text.text)
			switch {
			case g.options.ControlOnly:
			case err != nil:
				g.notCEL(text, err)
			default:
				u.add(n.element, found)
				earlier(n, found, u, map[*node]bool{n: true})
			}
		}
		if n.inner != nil {
			g.uses(n.inner, u)
		}
	}
}

func (u *usage) add(e *element, names []string) {
	for _, name := range names {
		if u.at[name] == nil {
			u.at[name] = e
			u.names = append(u.names, name)
		}
	}
}

// before makes the activities that come right before n, or n itself, write variables.
func before(n *node, names []string, u *usage, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	if n.role.activity() && n.role != subprocess && n.role != script || n.role == script && !isCELScript(n) {
		n.writes = unique(append(n.writes, names...))
		return
	}
	if n.role.gateway() {
		earlier(n, names, u, seen)
		return
	}
	u.give(names) // a start, a sub-process, a CEL script, which write it or not
}

// earlier makes the activities that come right before n, but not n, write variables.
func earlier(n *node, names []string, u *usage, seen map[*node]bool) {
	joins := (n.role == parallel || n.role == inclusive) && len(n.in) > 1
	if len(n.in) == 0 || joins || len(names) == 0 {
		u.give(names)
		return
	}
	for _, f := range n.in {
		before(f.from, names, u, seen)
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

// celScript is what a script task assigns if it is written in CEL: the variable and the script; "" if it is not.
func celScript(n *node) (variable string, text *element) {
	format, variable := strings.ToLower(n.attr("scriptFormat")), strings.TrimSpace(n.attr("resultVariable"))
	text = n.child("script")
	if n.role != script || !strings.Contains(format, "cel") || strings.Contains(format, "excel") || variable == "" || text == nil {
		return "", nil
	}
	return variable, text
}

func isCELScript(n *node) bool {
	variable, _ := celScript(n)
	return variable != ""
}
