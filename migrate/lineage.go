package migrate

import (
	"slices"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// Lineage is how two versions of a process are related. "was" says what an id was in the version before, so between
// versions that are further apart it has to be followed from one to the next, and read backwards towards an older one.
type Lineage struct {
	Between []*schema.Process // the versions deployed between the two, in the order from the old schema to the target
	Back    bool              // the target is the older one
}

// names tells the names in the old schema of what the target has: nodes, or variables.
type names struct {
	has func(p *program.Program, name string) bool
	was func(p *program.Program, name string) string // "" if it says nothing, or there is no such name
}

var nodeNames = names{
	has: func(p *program.Program, id string) bool { _, ok := p.ByID[id]; return ok },
	was: func(p *program.Program, id string) string {
		if n, ok := p.ByID[id]; ok {
			return p.Nodes[n].Was
		}
		return ""
	},
}

var varNames = names{
	has: func(p *program.Program, name string) bool { return variable(p, name) >= 0 },
	was: func(p *program.Program, name string) string {
		if i := variable(p, name); i >= 0 {
			return p.Vars[i].Was
		}
		return ""
	},
}

func variable(p *program.Program, name string) int {
	return slices.IndexFunc(p.Vars, func(v program.Var) bool { return v.Name == name })
}

// before is the name in an older version of what newer has under a name. A version after the one that renamed it says so
// too; from there on the name is the name.
func (x names) before(older, newer *program.Program, name string) string {
	was := x.was(newer, name)
	if was == "" || !x.has(older, was) || x.has(older, name) && x.was(older, name) == was {
		return name
	}
	return was
}

// chain is the versions from the old schema to the target.
func (c *Checker) chain() []*program.Program {
	chain := []*program.Program{c.from.Program()}
	for _, p := range c.lineage.Between {
		chain = append(chain, p.Program())
	}
	return append(chain, c.to.Program())
}

// renamed maps names of the old schema to those names of the target that are the same thing, where they are not equal or
// where the target says what it was. Two names that were one are none.
func (c *Checker) renamed(x names, old, now []string) map[string]string {
	chain := c.chain()
	list := now
	if c.lineage.Back {
		list = old
		slices.Reverse(chain)
	}
	out := map[string]string{}
	for _, name := range list {
		first, told := name, false
		for i := len(chain) - 1; i > 0; i-- {
			before := x.before(chain[i-1], chain[i], first)
			told = told || before != first
			first = before
		}
		if !told || !x.has(chain[0], first) {
			continue
		}
		if c.lineage.Back {
			out[name] = first
		} else {
			out[first] = name
		}
	}
	return out
}

func nodeIDs(p *program.Program) []string {
	ids := make([]string, len(p.Nodes))
	for i := range p.Nodes {
		ids[i] = p.Nodes[i].ID
	}
	return ids
}

func varIDs(p *program.Program) []string {
	ids := make([]string, len(p.Vars))
	for i := range p.Vars {
		ids[i] = p.Vars[i].Name
	}
	return ids
}

// formerVar is the variable of the old schema that the target's variable was by name, or -1: no renaming tells of it.
func (c *Checker) formerVar(name string) int {
	//lint:sorted at most one has this name
	for old, now := range c.variables {
		if now == name {
			return variable(c.from.Program(), old)
		}
	}
	return -1
}
