package migrate

import (
	"fmt"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// renames warns when the run did an activity that the target deleted, and the target inserted one of the same kind in
// the same place: probably it is the same activity under another id, and would be done twice.
func (c *Checker) renames(r *run) []schema.Finding {
	var out []schema.Finding
	s, t := c.s.Program(), c.t.Program()
	told := map[int32]bool{}
	for i := range r.items {
		x := &r.items[i]
		if x.Node >= 0 || told[x.from.Node] {
			continue
		}
		told[x.from.Node] = true
		before, after := neighbours(s, x.from.Node, c.node)
		for j := range t.Nodes {
			if c.back[j] >= 0 || class(&t.Nodes[j]) != class(&s.Nodes[x.from.Node]) {
				continue
			}
			b, a := neighbours(t, int32(j), c.back)
			if (before < 0) != (b < 0) || (after < 0) != (a < 0) || before >= 0 && c.node[before] != b || after >= 0 && c.node[after] != a {
				continue
			}
			f := fatal(c.to, "migrate/rename", t.Nodes[j].ID,
				fmt.Sprintf("%s was deleted and %s was inserted in its place: if they are the same, it would be done twice", s.Nodes[x.from.Node].ID, t.Nodes[j].ID),
				fmt.Sprintf("write `was: %s` at %s", s.Nodes[x.from.Node].ID, t.Nodes[j].ID))
			f.Severity = schema.Warning
			out = append(out, f)
		}
	}
	return out
}

// neighbours are the activities next to n in the order of the document that both schemas have, or -1.
func neighbours(p *program.Program, n int32, other []int32) (before, after int32) {
	before, after = -1, -1
	for i := n - 1; i >= 0 && before < 0; i-- {
		if other[i] >= 0 && class(&p.Nodes[i]) <= 2 {
			before = i
		}
	}
	for i := n + 1; int(i) < len(p.Nodes) && after < 0; i++ {
		if other[i] >= 0 && class(&p.Nodes[i]) <= 2 {
			after = i
		}
	}
	return before, after
}
