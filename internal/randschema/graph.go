package randschema

import (
	"fmt"
	"slices"
)

// ending makes a sub-process with an end of its own.
func (g *maker) ending(vars []string) *Step {
	s := &Step{Kind: "subprocess", ID: g.id("sub"), Body: []*Step{g.user(0, vars)}}
	g.end(s, vars)
	return s
}

// end puts a choice somewhere into the top list of a sub-process that ends it: all at once, or by an error, which a
// boundary event of it catches.
func (g *maker) end(sub *Step, vars []string) {
	end := &Step{Kind: "end", ID: g.id("t"), Lines: []string{"terminate: true"}}
	if g.intn(3) > 0 {
		end.Lines = []string{"error: thrown"}
		caught := &Case{Kind: "error", Text: g.id("be"), Lines: []string{"code: thrown"}}
		if g.intn(2) == 0 {
			caught.Steps = []*Step{g.user(0, vars)}
		}
		sub.Bounds = append(sub.Bounds, caught)
	}
	steps := []*Step{end}
	if g.intn(2) == 0 {
		steps = []*Step{g.user(0, vars), end}
	}
	choice := &Step{Kind: "choose", ID: g.id("x"), Cases: []*Case{{Kind: "when", Text: g.distinct(vars), Steps: steps}, {Kind: "else"}}}
	sub.Body = slices.Insert(sub.Body, g.intn(2)*len(sub.Body), choice) // not into a graph
}

// events is a race as a graph.
func (g *maker) events(split, join string, vars []string) []*Step {
	late := &Step{Kind: "wait", ID: g.id("w"), Lines: []string{fmt.Sprintf("for: PT%dH", 1+g.intn(48))}, Next: join}
	heard := &Step{Kind: "wait", ID: g.id("w"), Lines: []string{fmt.Sprintf("message: m%d", g.intn(3)), fmt.Sprintf("key: string(%s)", g.pick(vars))}}
	return []*Step{
		{Kind: "gateway", ID: split, Lines: []string{"kind: event"}, Flows: []Flow{{Next: late.ID}, {Next: heard.ID}}},
		late, heard,
		{Kind: "gateway", ID: join, Lines: []string{"kind: exclusive"}},
	}
}

// graph makes a list of steps that bare gateways lead through: a split with two ways and its join, or a cycle.
func (g *maker) graph(vars []string) []*Step {
	split, join := g.id("g"), g.id("g")
	kinds := []string{"exclusive", "exclusive", "parallel", "inclusive"}
	if len(vars) < 2 {
		kinds = kinds[:2]
	}
	k := g.intn(len(kinds) + 2)
	if k > len(kinds) {
		return g.events(split, join, vars)
	}
	if k == len(kinds) {
		body, after := g.user(0, vars), g.step(0, vars)
		steps := []*Step{{Kind: "gateway", ID: join, Lines: []string{"kind: exclusive"}}, body}
		switch g.intn(3) {
		case 0:
			steps = append(steps, g.step(0, vars))
		case 1:
			steps = append(steps, g.choose(1, vars))
		}
		return append(steps, &Step{Kind: "gateway", ID: split, Lines: []string{"kind: exclusive"}, Flows: []Flow{
			{Next: join, When: g.distinct(vars)}, {Next: after.ID, Else: true},
		}}, after)
	}
	mine := [][]string{vars, vars}
	users := g.users
	if k >= 2 {
		mine = share(vars, 2)
	}
	var ways []*Step
	for _, vars := range mine {
		if k >= 2 {
			g.users = nil // as in parallel
		}
		ways = append(ways, g.step(0, vars))
	}
	g.users = users
	ways[0].Next = join
	s := &Step{Kind: "gateway", ID: split, Lines: []string{"kind: " + kinds[k]}}
	switch kinds[k] {
	case "exclusive":
		s.Flows = []Flow{{Next: ways[0].ID, When: g.distinct(vars)}, {Next: ways[1].ID, Else: true}}
	case "parallel":
		s.Flows = []Flow{{Next: ways[0].ID}, {Next: ways[1].ID}}
	default:
		s.Flows = []Flow{{Next: ways[0].ID, When: g.distinct(vars)}, {Next: ways[1].ID, When: g.distinct(vars)}, {Next: join, Else: true}}
	}
	return []*Step{s, ways[0], ways[1], {Kind: "gateway", ID: join, Lines: []string{"kind: " + kinds[k]}}}
}
