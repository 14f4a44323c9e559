package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// blame is the change of the schema for which letter x cannot be reproduced while the target waits at the nodes waits.
// What is said is true of the two schemas; where several changes play together, it is the nearest one.
func (r *run) blame(k *kernel.Replay, x *item, waits []int32) string {
	t := r.c.t.Program()
	id := t.Nodes[x.Node].ID
	if other := r.otherwise(k); other != "" {
		return other
	}
	if inserted := r.c.inserted(waits); len(inserted) > 0 {
		return strings.Join(inserted, ", ") + " was inserted before " + id
	}
	if taken := r.takenAway(k, x, waits); taken != "" {
		return taken
	}
	for _, i := range x.from.Path {
		if loop := &r.c.s.Program().Loops[i.Loop]; i.N > 1 && r.c.node[loop.Node] < 0 {
			return "the loop " + loop.ID + " was deleted"
		}
	}
	if now := r.c.ordered(waits, x.Node, x.from.Node); now != "" {
		return now
	}
	if slices.ContainsFunc(waits, func(w int32) bool { return leads(t, w, x.Node) }) {
		for _, d := range r.trace.Decided { // what the run had passed by
			n := &r.c.s.Program().Nodes[d.Node]
			switch now := r.c.node[d.Node]; {
			case now < 0:
				return n.ID + " was deleted"
			case t.Nodes[now].Kind != n.Kind:
				return fmt.Sprintf("%s was changed from %s to %s", n.ID, schema.Kind(n.Kind), schema.Kind(t.Nodes[now].Kind))
			}
		}
	}
	return id + " was moved"
}

// inserted are the ids of those nodes of the target that the old schema does not have.
func (c *Checker) inserted(nodes []int32) []string {
	var ids []string
	for _, w := range nodes {
		if c.back[w] < 0 {
			ids = append(ids, c.t.Program().Nodes[w].ID)
		}
	}
	return ids
}

// ordered names what the target waits for and that comes before x there, and did not in the old schema.
func (c *Checker) ordered(waits []int32, x, old int32) string {
	var ids []string
	for _, w := range waits {
		if leads(c.to.Program(), w, x) && c.back[w] >= 0 && !leads(c.from.Program(), c.back[w], old) {
			ids = append(ids, c.to.Program().Nodes[w].ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	verb := " comes before "
	if len(ids) > 1 {
		verb = " come before "
	}
	return strings.Join(ids, ", ") + verb + c.to.Program().Nodes[x].ID + " now"
}

// ended is the change for which activities that run, by their ids in the old schema, would not run in the target.
func (c *Checker) ended(ids []string) string {
	for _, id := range ids {
		old := c.from.Program().ByID[id]
		if now := c.node[old]; now >= 0 && c.to.Program().Nodes[now].Running == petri.NoPlace {
			return fmt.Sprintf("%s was changed from %s to %s", id, schema.Kind(c.from.Program().Nodes[old].Kind), schema.Kind(c.to.Program().Nodes[now].Kind))
		}
	}
	return "what interrupts " + strings.Join(ids, ", ") + " was changed"
}

// takenAway names a gateway that the target has and the old schema has not, and by whose decision the replay came past
// letter x, or into a loop again.
func (r *run) takenAway(k *kernel.Replay, x *item, waits []int32) string {
	t := r.c.t.Program()
	reached := slices.ContainsFunc(waits, func(w int32) bool { return leads(t, w, x.Node) })
	for _, d := range slices.Backward(k.Decided()) {
		if r.c.back[d.Node] >= 0 {
			continue
		}
		if l := slices.IndexFunc(t.Loops, func(l program.Loop) bool { return l.Node == d.Node }); l >= 0 && d.Back {
			if slices.ContainsFunc(waits, func(w int32) bool { return slices.Contains(t.Nodes[w].Loops, int32(l)) }) {
				return fmt.Sprintf("the loop %s was inserted, and goes round again", t.Loops[l].ID)
			}
		} else if !reached && otherWay(t, d, x.Node) {
			return fmt.Sprintf("%s was inserted, and decides %s", t.Nodes[d.Node].ID, flows(t, d.Node, d.Flows))
		}
	}
	return ""
}

// otherWay reports whether a flow that decision d did not take leads to node x.
func otherWay(p *program.Program, d kernel.Annotation, x int32) bool {
	for i := range p.Decisions {
		if p.Decisions[i].Node != d.Node {
			continue
		}
		for f, take := range p.Decisions[i].Take {
			if d.Flows&(1<<f) == 0 && take >= 0 && leadsFrom(p, p.Net.Trans(int(take)).Post, x) {
				return true
			}
		}
	}
	return false
}

// leads reports whether x can come after w, without going round a loop.
func leads(p *program.Program, w, x int32) bool {
	n := &p.Nodes[w]
	from := p.Net.NewMarking()
	for _, t := range [...]int32{n.Complete, n.Occur} {
		if t >= 0 {
			from.Union(p.Net.Trans(int(t)).Post)
		}
	}
	return leadsFrom(p, from, x)
}

// leadsFrom reports whether tokens at some of these places, and at others, can bring one to node x, without going round
// a loop.
func leadsFrom(p *program.Program, from petri.Marking, x int32) bool {
	n := &p.Nodes[x]
	goal := n.Start
	if goal < 0 {
		goal = max(n.Complete, n.Occur)
	}
	reached := from.Clone()
	for grown := true; grown; {
		grown = false
		for i := range p.Net.Len() {
			t := p.Net.Trans(i)
			if p.Acts[i].Back >= 0 || !t.Pre.Meets(reached) && !slices.ContainsFunc(t.Inputs, reached.Has) {
				continue
			}
			if int32(i) == goal {
				return true
			}
			if !reached.Contains(t.Post) {
				reached.Union(t.Post)
				grown = true
			}
		}
	}
	return false
}
