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
	if ends := r.c.terminating(); ends != "" && len(waits) == 0 {
		return ends
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
				return changed(n, &t.Nodes[now])
			}
		}
	}
	return r.c.displaced(x.Node)
}

// displaced says why a node of the target comes at another moment than it did, where nothing more is known.
func (c *Checker) displaced(node int32) string {
	t := c.to.Program()
	id := t.Nodes[node].ID
	diff := schema.Compare(c.from, c.to)
	if slices.Contains(diff.Moved(), id) {
		return id + " was moved"
	}
	var ids []string
	for _, g := range diff.Changed() {
		if i, ok := t.ByID[g]; ok && class(&t.Nodes[i]) == gateways {
			ids = append(ids, g)
		}
	}
	switch len(ids) {
	case 0:
		return "the way to " + id + " was changed"
	case 1:
		return "the gateway " + ids[0] + " was changed"
	}
	return "the gateways " + strings.Join(ids, ", ") + " were changed"
}

// missing says that the target does not have a node of the old schema.
func (c *Checker) missing(old int32) *refusal {
	s, t := c.from.Program(), c.to.Program()
	n := &s.Nodes[old]
	if c.replaced(old) {
		now := &t.Nodes[t.ByID[n.ID]]
		return &refusal{message: fmt.Sprintf("%s was %s, and is %s in the target", n.ID, sort(n), sort(now)), blame: changed(n, now)}
	}
	return &refusal{message: "the target does not have " + n.ID, blame: c.fate(old), remedies: []string{"a rename, if it has another id now"}}
}

// fate is what became of a node that the target does not have.
func (c *Checker) fate(old int32) string {
	s, t := c.from.Program(), c.to.Program()
	if c.replaced(old) {
		return changed(&s.Nodes[old], &t.Nodes[t.ByID[s.Nodes[old].ID]])
	}
	return s.Nodes[old].ID + " was deleted"
}

// replaced reports whether the target has another thing under the id of a node.
func (c *Checker) replaced(old int32) bool {
	now, same := c.to.Program().ByID[c.from.Program().Nodes[old].ID]
	return same && c.back[now] < 0 && class(&c.from.Program().Nodes[old]) != class(&c.to.Program().Nodes[now])
}

// changed says that a node is of another kind now.
func changed(old, now *program.Node) string {
	a, b := sort(old), sort(now)
	return fmt.Sprintf("%s was changed from %s to %s", old.ID, a[strings.Index(a, " ")+1:], b[strings.Index(b, " ")+1:])
}

// sort is the kind of a node with its article.
func sort(n *program.Node) string {
	kind := schema.Kind(n.Kind).String()
	if many(n) {
		kind = "each"
	}
	if strings.ContainsRune("aeio", rune(kind[0])) {
		return "an " + kind
	}
	return "a " + kind
}

// terminating names the ends of the target that cut off what else runs, and did not in the old schema.
func (c *Checker) terminating() string {
	s, t := c.from.Program(), c.to.Program()
	var ids []string
	for i := range t.Nodes {
		if old := c.back[i]; t.Nodes[i].Terminate && (old < 0 || !s.Nodes[old].Terminate) {
			ids = append(ids, t.Nodes[i].ID)
		}
	}
	switch len(ids) {
	case 0:
		return ""
	case 1:
		return ids[0] + " now cuts off what else runs"
	}
	return strings.Join(ids, ", ") + " now cut off what else runs"
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
			return changed(&c.from.Program().Nodes[old], &c.to.Program().Nodes[now])
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
