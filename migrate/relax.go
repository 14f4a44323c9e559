package migrate

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
)

// This file says which letters need not be replayed (env*, for the criteria Loops and Deletions) and which may be
// replayed in another order (Order).

// superseded returns the outermost structured loop of which the letter lies in a finished iteration that another one
// followed, or -1: only the last, or open, iteration counts. What it wrote stays, as a write of the environment: without
// it a loop that writes a variable in its first round only would lose it.
func (r *run) superseded(x *item) int32 {
	for i, it := range x.Path {
		if n, ok := r.iterat[prefix(x.Path[:i], it.Loop)]; ok && it.N < n {
			return it.Loop
		}
	}
	return -1
}

// gone reports whether what was written to variable slot of the old schema in a finished iteration of loop went with it:
// the variable belongs to a sub-process in the loop, which was entered anew.
func (r *run) gone(slot, loop int32) bool {
	if loop < 0 {
		return false
	}
	p := r.c.s.Program()
	for i := range p.Scopes {
		if sc := &p.Scopes[i]; slices.Contains(sc.Locals, int(slot)) {
			return slices.Contains(p.Nodes[sc.Node].Loops, loop)
		}
	}
	return false
}

// newest finds the newest iteration of every loop, per iteration of the loops around it. A loop that was entered
// anew in the same surroundings (by a jump back) is left out: its iterations are not comparable.
func (r *run) newest() {
	r.iterat = map[string]uint32{}
	twice := map[string]bool{}
	last := map[string]uint32{}
	note := func(path []kernel.Iteration, again int) {
		for i, it := range path {
			key := prefix(path[:i], it.Loop)
			n := it.N
			if i == again {
				n++
			}
			if n < last[key] {
				twice[key] = true
			}
			last[key] = n
			r.iterat[key] = max(r.iterat[key], n)
		}
	}
	decided := r.trace.Decided
	for i := range len(r.trace.Letters) + 1 {
		for ; len(decided) > 0 && decided[0].After <= i; decided = decided[1:] {
			again := -1
			if decided[0].Back {
				again = len(decided[0].Path) - 1
			}
			note(decided[0].Path, again)
		}
		if i < len(r.trace.Letters) {
			note(r.trace.Letters[i].Path, -1)
		}
	}
	//lint:sorted deletions do not depend on their order
	for key := range twice {
		delete(r.iterat, key)
	}
}

func prefix(path []kernel.Iteration, loop int32) string { return fmt.Sprint(path, loop) }

// split divides the letters into those to replay and those whose writes become the environment's.
func (r *run) split(c Criteria) (rem []*item, env []kernel.Env, dropped []uint64, err *refusal) {
	env = slices.Clone(r.env)
	for i := range r.items {
		x := &r.items[i]
		over := int32(-1)
		if c&Loops != 0 {
			over = r.superseded(x)
		}
		switch {
		case over >= 0:
		case x.Node < 0 && c&Deletions == 0:
			why := r.c.missing(x.from.Node)
			why.letter = x.from
			return nil, nil, nil, why
		case x.Node < 0 && x.runs:
			return nil, nil, nil, &refusal{
				letter: x.from, message: r.old(x) + " is running, and the target does not have it", blame: r.c.fate(x.from.Node),
				remedies: []string{"waiting until it is completed (not available yet)", "aborting it (not available yet)"},
			}
		case x.Node < 0 && r.hostStays(x):
			return nil, nil, nil, &refusal{letter: x.from, message: r.old(x) + " interrupted an activity that the target still has", blame: r.c.fate(x.from.Node)}
		case x.Node < 0:
		default:
			rem = append(rem, x)
			continue
		}
		dropped = append(dropped, x.Seq)
		for _, w := range x.from.Wrote {
			if to := r.c.slot[w.Slot]; to >= 0 && !r.gone(w.Slot, over) {
				env = append(env, kernel.Env{Seq: x.Seq, Write: kernel.Write{Slot: to, Value: w.Value}})
			}
		}
	}
	return rem, env, dropped, nil
}

// hostStays reports whether x is a boundary event that fired at an activity which the target has: it can be deleted
// only together with its host.
func (r *run) hostStays(x *item) bool {
	host := r.c.s.Program().Nodes[x.from.Node].Host
	return host >= 0 && r.c.node[host] >= 0
}

func (r *run) old(x *item) string { return r.c.s.Program().Nodes[x.from.Node].ID }

// dependent reports whether f, which happened first, must also be replayed before e.
func (r *run) dependent(f, e *item) bool {
	return f.from.Node == e.from.Node && samePath(f.Path, e.Path) ||
		conflict(f.writes, e.reads) || conflict(f.writes, e.writes) || conflict(f.reads, e.writes) ||
		r.cancels(f, e) || r.cancels(e, f) || barrier(f.Path, e.Path)
}

func samePath(a, b []kernel.Iteration) bool { return slices.Equal(a, b) }

func conflict(a, b []int) bool {
	return slices.ContainsFunc(a, func(x int) bool { return slices.Contains(b, x) })
}

// barrier reports whether two letters lie in different iterations of one loop.
func barrier(a, b []kernel.Iteration) bool {
	for i := range min(len(a), len(b)) {
		if a[i].Loop != b[i].Loop {
			return false
		}
		if a[i].N != b[i].N {
			return true
		}
	}
	return false
}

// cancels reports whether a is an interrupting event and b lies in what it interrupts, in either schema.
func (r *run) cancels(a, b *item) bool {
	if a.Phase != program.Occur {
		return false
	}
	if inside(r.c.s.Program(), a.from.Node, b.from.Node) {
		return true
	}
	return a.Node >= 0 && b.Node >= 0 && inside(r.c.t.Program(), a.Node, b.Node)
}

// inside reports whether node n is what boundary event b is attached to, or lies in it. For an error end it is
// everything in the sub-process whose boundary event catches the error.
func inside(p *program.Program, b, n int32) bool {
	if p.Nodes[b].Kind == program.EndEvent {
		if b = p.Nodes[b].Throws; b < 0 {
			return false
		}
	}
	host := p.Nodes[b].Host
	if host < 0 {
		return false
	}
	for {
		if n == host {
			return true
		}
		if n = p.Scopes[p.Nodes[n].Scope].Node; n < 0 {
			return false
		}
	}
}

// befores lists, for each letter, the earlier ones that must be replayed before it.
func (r *run) befores(rem []*item) [][]int {
	out := make([][]int, len(rem))
	for i, e := range rem {
		for j, f := range rem[:i] {
			if r.dependent(f, e) {
				out[i] = append(out[i], j)
			}
		}
	}
	return out
}
