package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
)

// Scenario files. A schema stands above the line, its graph below: the nodes, then the flows.
func TestGraphs(t *testing.T) {
	datadriven.Walk(t, "testdata/graph", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			p, err := Parse("test.yaml", []byte(d.Input))
			if err != nil {
				return err.Error()
			}
			checkGraph(t, p)
			return showGraph(p.Graph())
		})
	})
}

func showGraph(g *Graph) string {
	var b strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "%s: %v", n.ID, n.Kind)
		for _, part := range [...]struct{ label, text string }{{"", n.Trigger}, {"in ", n.Scope}, {"of ", n.Host}} {
			if part.text != "" {
				b.WriteString(" " + part.label + part.text)
			}
		}
		for _, flag := range [...]struct {
			text string
			on   bool
		}{{n.Multi, n.Multi != ""}, {"transaction", n.Transaction}, {"undoes " + n.Undoes, n.Undoes != ""}, {"goes beside", n.Host != "" && n.Node != nil && !n.Interrupt}} {
			if flag.on {
				b.WriteString(" " + flag.text)
			}
		}
		b.WriteString("\n")
	}
	for _, a := range g.Associations {
		fmt.Fprintf(&b, "%s ..> %s\n", a.From, a.To)
	}
	for _, f := range g.Flows {
		fmt.Fprintf(&b, "%s -> %s", f.From, f.To)
		if plain := f.From + "->" + f.To; f.ID != plain {
			fmt.Fprintf(&b, " id %s", f.ID)
		}
		if f.Name != "" {
			fmt.Fprintf(&b, " [%s]", f.Name)
		}
		if f.Guard != "" && f.Guard != f.Name {
			fmt.Fprintf(&b, " if %s", f.Guard)
		}
		if f.Default {
			b.WriteString(" default")
		}
		if f.Back {
			b.WriteString(" back")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Of any process, the graph has the nodes that the compiler has, and what can follow what is the same in both.
func TestGraphFollowsCompiler(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := randschema.Make(intn(t), randschema.Config{Depth: 4, Locals: true})
		p, err := Parse("test.yaml", []byte(src))
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		checkGraph(t, p)
	})
}

// checkGraph compares the graph of p with the links of the compiler, gateways and what is implicit left aside.
func checkGraph(t interface {
	Errorf(string, ...any)
	Fatalf(string, ...any)
}, p *Process,
) {
	g := p.Graph()
	byID, flowIDs := map[string]*FlowNode{}, map[string]bool{}
	in, out := map[string]int{}, map[string]int{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if byID[n.ID] != nil {
			t.Errorf("two nodes %q", n.ID)
		}
		byID[n.ID] = n
	}
	for _, f := range g.Flows {
		from, to := byID[f.From], byID[f.To]
		switch {
		case from == nil || to == nil:
			t.Fatalf("the flow %q leads from or to nothing", f.ID)
		case from.Scope != to.Scope:
			t.Errorf("the flow %q leads from scope %q to %q", f.ID, from.Scope, to.Scope)
		case flowIDs[f.ID]:
			t.Errorf("two flows %q", f.ID)
		}
		flowIDs[f.ID] = true
		in[f.To]++
		out[f.From]++
	}
	for id, n := range byID {
		if n.Undoes != "" || n.Kind == EventSubProcess || n.Trigger == "compensation" && n.Host != "" {
			if in[id]+out[id] > 0 {
				t.Errorf("flows lead to or from %s", id)
			}
			continue
		}
		if entered := n.Kind == StartEvent || n.Host != ""; entered == (in[id] > 0) {
			t.Errorf("%d flows lead to %s, a %v", in[id], id, n.Kind)
		}
		if (n.Kind == EndEvent) == (out[id] > 0) {
			t.Errorf("%d flows leave %s, a %v", out[id], id, n.Kind)
		}
	}
	got, want := drawnPairs(g, byID), compiledPairs(p)
	maps.DeleteFunc(got, func(pair string, _ bool) bool { // what lies in children is compiled as a program of its own
		a, b, _ := strings.Cut(pair, " ")
		_, one := p.program.ByID[a]
		_, other := p.program.ByID[b]
		return !one || !other
	})
	if !maps.Equal(got, want) {
		t.Errorf("drawn %v\ncompiled %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func visible(k Kind) bool {
	switch k {
	case ExclusiveGateway, ParallelGateway, InclusiveGateway, EventGateway:
		return false
	}
	return true
}

// drawnPairs are the steps and events that may follow each other by the flows of g, as "a b".
func drawnPairs(g *Graph, byID map[string]*FlowNode) map[string]bool {
	next := map[string][]string{}
	for _, f := range g.Flows {
		next[f.From] = append(next[f.From], f.To)
	}
	for _, n := range g.Nodes {
		if n.Kind == SubProcess || n.Kind == EventSubProcess {
			next[n.ID] = append(next[n.ID], n.ID+":start")
		}
		if n.Host != "" {
			next[n.Host] = append(next[n.Host], n.ID)
		}
	}
	return pairs(slices.Sorted(maps.Keys(byID)), func(id string) []string { return next[id] }, func(id string) bool {
		return byID[id].Node != nil && visible(byID[id].Kind)
	})
}

// compiledPairs are the same by the links of the compiler.
func compiledPairs(p *Process) map[string]bool {
	c := newCompiler(p)
	c.layout()
	index, ids := map[string]int32{}, []string{}
	for i := range c.prog.Nodes {
		index[c.prog.Nodes[i].ID] = int32(i)
		ids = append(ids, c.prog.Nodes[i].ID)
	}
	next := func(id string) []string {
		i := index[id]
		var list []string
		s := c.steps[i]
		if !c.isJoin[i] {
			for _, e := range append(slices.Clone(s.events), s.bounds...) {
				list = append(list, e.id.s)
			}
			switch {
			case s.role != roleNone:
				s = nil // its follow is what comes after its do
				list = append(list, target(c, c.heads[c.steps[i]])...)
			case s.kind == kindRace:
				s = nil
			}
		}
		if s == nil {
			return list
		}
		own := map[*link]bool{} // those of its events are theirs
		for _, e := range slices.Concat(s.events, s.handlers, s.bounds) {
			if len(e.body) > 0 || e.target != nil {
				own[c.heads[e]] = true
			}
		}
		for _, l := range c.outs(i) {
			if !own[l] {
				list = append(list, target(c, l)...)
			}
		}
		return list
	}
	return pairs(ids, next, func(id string) bool { return visible(Kind(c.prog.Nodes[index[id]].Kind)) })
}

func target(c *compiler, l *link) []string {
	if l == nil || l.to == scopeEnds {
		return nil
	}
	return []string{c.prog.Nodes[l.to].ID}
}

func pairs(ids []string, next func(string) []string, shown func(string) bool) map[string]bool {
	all := map[string]bool{}
	for _, id := range ids {
		if !shown(id) {
			continue
		}
		seen := map[string]bool{}
		todo := next(id)
		for len(todo) > 0 {
			to := todo[0]
			todo = todo[1:]
			if shown(to) {
				all[id+" "+to] = true
			} else if !seen[to] {
				seen[to] = true
				todo = append(todo, next(to)...)
			}
		}
	}
	return all
}
