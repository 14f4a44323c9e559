package picture

import (
	"slices"
	"strings"

	"github.com/replank/replank/internal/diagram"
	"github.com/replank/replank/workflow/schema"
)

// Difference is the picture of what distinguishes two versions of a process: the new one, with what is gone of the old one
// in its place. Nodes are the same by their ids and "was". One has moved if it lies in another subprocess, or if both what
// comes before it and what comes after it, new and removed steps left aside, is different; it has changed if it says
// something else itself, or has another id. Flows are the same by their ends, and have changed if their guards differ.
func Difference(from, to *schema.Process) *Picture {
	c := &comparer{old: from.Graph(), merged: to.Graph(), name: map[string]string{}, m: newMarks()}
	c.match(to)
	c.nodes()
	c.flows()
	return &Picture{c.merged, heading(from) + " → " + heading(to), c.m}
}

// A comparer is a difference in the making.
type comparer struct {
	old    *schema.Graph
	merged *schema.Graph     // the new one, to which what is gone is added
	name   map[string]string // node of the old graph -> node of the merged one
	gone   map[string]bool   // nodes of the merged graph that the new one does not have
	m      *Marks
}

// match finds the new name of each old node, and one that is free for those that are gone.
func (c *comparer) match(to *schema.Process) {
	now := map[string]string{}
	taken := map[string]bool{}
	for n := range to.Nodes() {
		if n.Was() != "" {
			now[n.Was()] = n.ID()
			taken[n.ID()] = true
		}
	}
	there := map[string]bool{}
	for i := range c.merged.Nodes {
		there[c.merged.Nodes[i].ID] = true
	}
	c.gone = map[string]bool{}
	for i := range c.old.Nodes {
		id := c.old.Nodes[i].ID
		step, part := id, ""
		for _, end := range [...]string{".join", ":start", ":end", ":merge"} {
			if s, found := strings.CutSuffix(id, end); found {
				step, part = s, end
			}
		}
		name, renamed := now[step]
		if !renamed {
			name = step
		}
		if there[name+part] && (renamed || !taken[step]) {
			c.name[id] = name + part
			continue
		}
		name = id
		for there[name] {
			name += ":old"
		}
		c.name[id] = name
		c.gone[name], there[name] = true, true
	}
}

// nodes marks the nodes and adds those that are gone.
func (c *comparer) nodes() {
	added := map[string]bool{}
	at := map[string]int{}
	for i := range c.merged.Nodes {
		at[c.merged.Nodes[i].ID] = i
		added[c.merged.Nodes[i].ID] = true
	}
	for i := range c.old.Nodes {
		delete(added, c.name[c.old.Nodes[i].ID])
	}
	//lint:sorted each mark has a key of its own
	for id := range added {
		c.m.Nodes[id] = Added
	}
	name := func(id string) string { return c.name[id] }
	before := neighbours(c.old, name, func(id string) bool { return !c.gone[id] })
	after := neighbours(c.merged, func(id string) string { return id }, func(id string) bool { return !added[id] })
	for i := range c.old.Nodes {
		was := c.old.Nodes[i]
		id := c.name[was.ID]
		if c.gone[id] {
			was.ID, was.Scope, was.Host = id, c.name[was.Scope], c.name[was.Host]
			if host, there := at[was.Host]; there && was.Host != "" {
				was.Scope = c.merged.Nodes[host].Scope
			}
			at[id] = len(c.merged.Nodes)
			c.merged.Nodes = append(c.merged.Nodes, was)
			c.m.Nodes[id] = Removed
			continue
		}
		is := &c.merged.Nodes[at[id]]
		switch {
		case is.Node == nil || is.Joins:
		case is.Scope != c.name[was.Scope] || is.Host != c.name[was.Host],
			!slices.Equal(before.ins[id], after.ins[id]) && !slices.Equal(before.outs[id], after.outs[id]):
			c.m.Nodes[id] = Moved
		case is.Node.Own() != was.Node.Own() || is.ID != was.ID:
			c.m.Nodes[id] = Changed
		}
	}
}

// flows marks the flows and adds those that are gone, as far as both of their ends are in one scope of the merged graph,
// and a flow can lead there.
func (c *comparer) flows() {
	scope, bound := map[string]string{}, map[string]bool{}
	for i := range c.merged.Nodes {
		n := &c.merged.Nodes[i]
		scope[n.ID], bound[n.ID] = n.Scope, n.Host != ""
	}
	type ends struct{ from, to string }
	left := map[ends][]*schema.SequenceFlow{}
	for i := range c.old.Flows {
		f := &c.old.Flows[i]
		k := ends{c.name[f.From], c.name[f.To]}
		left[k] = append(left[k], f)
	}
	ids := map[string]bool{}
	for i := range c.merged.Flows {
		f := &c.merged.Flows[i]
		ids[f.ID] = true
		k := ends{f.From, f.To}
		if len(left[k]) == 0 {
			c.m.Flows[f.ID] = Added
			continue
		}
		was := left[k][0]
		left[k] = left[k][1:]
		if was.Guard != f.Guard || was.Default != f.Default {
			c.m.Flows[f.ID] = Changed
		}
	}
	for i := range c.old.Flows {
		f := c.old.Flows[i]
		k := ends{c.name[f.From], c.name[f.To]}
		if !slices.Contains(left[k], &c.old.Flows[i]) || scope[k.from] != scope[k.to] || bound[k.to] {
			continue
		}
		f.From, f.To = k.from, k.to
		for ids[f.ID] {
			f.ID += ":old"
		}
		ids[f.ID] = true
		c.m.Flows[f.ID] = Removed
		c.merged.Flows = append(c.merged.Flows, f)
	}
}

// A setting is what comes right before and right after each node, by its name. Gateways and nodes that only one version has
// are left aside, and so is what loops lead back to: who wraps steps in a loop does not move them.
type setting struct{ ins, outs map[string][]string }

func neighbours(g *schema.Graph, name func(string) string, common func(string) bool) setting {
	next := map[string][]string{}
	stop := map[string]bool{}
	for i := range g.Flows {
		if f := &g.Flows[i]; !f.Back {
			next[f.From] = append(next[f.From], f.To)
		}
	}
	for i := range g.Nodes {
		stop[g.Nodes[i].ID] = !diagram.Diamond(g.Nodes[i].Kind) && common(name(g.Nodes[i].ID))
	}
	s := setting{map[string][]string{}, map[string][]string{}}
	for i := range g.Nodes {
		id := g.Nodes[i].ID
		if !stop[id] {
			continue
		}
		seen := map[string]bool{}
		todo := slices.Clone(next[id])
		for len(todo) > 0 {
			to := todo[0]
			todo = todo[1:]
			if seen[to] {
				continue
			}
			seen[to] = true
			if !stop[to] {
				todo = append(todo, next[to]...)
				continue
			}
			s.outs[name(id)] = append(s.outs[name(id)], name(to))
			s.ins[name(to)] = append(s.ins[name(to)], name(id))
		}
	}
	for _, side := range [...]map[string][]string{s.ins, s.outs} {
		//lint:sorted each list is put in order
		for _, list := range side {
			slices.Sort(list)
		}
	}
	return s
}
