package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
)

// stuck explains why letter x cannot be reproduced: what the target waits for instead, or how it decided.
func (r *run) stuck(k *kernel.Replay, x *item) *refusal {
	t := r.c.t.Program()
	why := &refusal{letter: x.from}
	var nodes []int32
	var waits []string
	for i := range t.Nodes {
		if n := &t.Nodes[i]; k.Waits(int32(i)) && !beside(n) {
			nodes, waits = append(nodes, int32(i)), append(waits, n.ID)
		}
	}
	id := t.Nodes[x.Node].ID
	switch {
	case k.Blocked() != nil:
		why.message = fmt.Sprintf("%s cannot happen: the target cannot decide: %v", id, k.Blocked())
	case len(waits) == 0:
		why.message = fmt.Sprintf("%s cannot happen: the target has ended before it", id)
	default:
		why.message = fmt.Sprintf("%s cannot happen yet: the target waits for %s first", id, strings.Join(waits, ", "))
	}
	why.blame = r.blame(k, x, nodes)
	if inserted := r.c.inserted(nodes); len(inserted) > 0 && r.otherwise(k) == "" {
		why.remedies = append(why.remedies, "owing "+strings.Join(inserted, ", ")+" (insertions, not available yet)")
	}
	undo := "compensating "
	if x.runs {
		undo = "aborting "
	}
	why.remedies = append(why.remedies, undo+r.old(x)+" (not available yet)")
	return why
}

// otherwise names a gateway that the target decided in another way than the run did.
func (r *run) otherwise(k *kernel.Replay) string {
	for _, d := range k.Decided() {
		old := r.c.back[d.Node]
		if old < 0 {
			continue
		}
		now := flows(r.c.t.Program(), d.Node, d.Flows)
		for _, a := range r.trace.Decided {
			if a.Node == old {
				if then := flows(r.c.s.Program(), a.Node, a.Flows); then != now && r.guardsDiffer(old, d.Node) {
					return fmt.Sprintf("%s decides %s now, and decided %s", r.c.t.Program().Nodes[d.Node].ID, now, then)
				}
			}
		}
	}
	return ""
}

func flows(p *program.Program, node int32, set uint64) string {
	var ids []string
	for _, d := range p.Decisions {
		if d.Node != node {
			continue
		}
		ids = ids[:0]
		for i, f := range d.Flows {
			if set&(1<<i) != 0 {
				ids = append(ids, f.ID)
			}
		}
	}
	return strings.Join(ids, "+")
}

// guardsDiffer reports whether the decisions of two gateways are not made by the same guards.
func (r *run) guardsDiffer(old, now int32) bool {
	return guards(r.c.s.Program(), old) != guards(r.c.t.Program(), now)
}

func guards(p *program.Program, node int32) string {
	var b strings.Builder
	for _, d := range p.Decisions {
		if d.Node != node {
			continue
		}
		for _, f := range d.Flows {
			b.WriteString(f.ID)
			if f.Guard != nil {
				b.WriteString("\x00" + f.Guard.Source())
			}
			b.WriteString("\x01")
		}
	}
	return b.String()
}

// byValue reports whether a decision of the replay is not one that the run made before, by the same guards on the same
// versions of what they read: then it was made by values, which the class of the run does not determine.
func (r *run) byValue(k *kernel.Replay) bool {
	if len(k.Decided()) == 0 {
		return false
	}
	all := r.written()
	return slices.ContainsFunc(k.Decided(), func(d kernel.Annotation) bool {
		old := r.c.back[d.Node]
		return old < 0 || r.guardsDiffer(old, d.Node) || !r.decidedBefore(old, d.Seq, all)
	})
}

// decidedBefore reports whether the run decided at node old on the versions that a decision at position pos sees: none
// of what the guards read was written between pos and its own decision, and nothing they read is converted.
func (r *run) decidedBefore(old int32, pos uint64, all []written) bool {
	var reads []int
	for _, d := range r.c.s.Program().Decisions {
		if d.Node == old {
			for i := range d.Flows {
				reads = append(reads, d.Flows[i].Reads...)
			}
		}
	}
	for _, slot := range reads {
		if to := r.c.slot[slot]; to < 0 || r.c.convert[to].program != nil {
			return false
		}
	}
	return slices.ContainsFunc(r.trace.Decided, func(a kernel.Annotation) bool {
		return a.Node == old && a.Seq >= pos && !slices.ContainsFunc(all, func(w written) bool {
			return w.seq > pos && w.seq < a.Seq && slices.ContainsFunc(w.list, func(x kernel.Write) bool { return slices.Contains(reads, int(x.Slot)) })
		})
	})
}
