package schema

import (
	"fmt"
	"strings"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// joinSuffix ends the ids of the joins of blocks, and no others.
const joinSuffix = ".join"

// step is the step or event that node i comes from.
func (v *verifier) step(i int32) *step {
	return v.p.byID[strings.TrimSuffix(v.prog.Nodes[i].ID, joinSuffix)]
}

// name is a node for a message: an activity, event or gateway by its kind in BPMN, a block as its author wrote it.
func (v *verifier) name(i int32) string {
	if i < 0 {
		return "the process"
	}
	n, s := &v.prog.Nodes[i], v.step(i)
	switch s.kind {
	case kindRepeat:
		if strings.HasSuffix(n.ID, joinSuffix) {
			return fmt.Sprintf("the test of %s %q", s.kind, s.id.s)
		}
		fallthrough
	case kindChoose, kindSome, kindParallel, kindRace, kindEach:
		if strings.HasSuffix(n.ID, joinSuffix) {
			return fmt.Sprintf("the end of %s %q", s.kind, s.id.s)
		}
		return fmt.Sprintf("%s %q", s.kind, s.id.s)
	}
	return fmt.Sprintf("%s %q", Kind(n.Kind), n.ID)
}

// sound adds a fatal finding about node i that a run shows.
func (v *verifier) sound(code string, i int32, run []int, hint, format string, args ...any) {
	at, id := v.p.id.at, ""
	if i >= 0 {
		at, id = v.step(i).id.at, v.prog.Nodes[i].ID
	}
	v.report(Fatal, code, at, id, run, hint, format, args...)
}

// report adds a finding that a run shows.
func (v *verifier) report(severity Severity, code string, at mark, id string, run []int, hint, format string, args ...any) {
	v.add(severity, code, at, id, hint, format, args...)
	v.list[len(v.list)-1].Trace = v.trace(run)
}

// trace words a run: the ids of what happened, the flows that were chosen, and last what is still running. Entries look
// like "check" (it happened), "route[else]" (the gateway chose that flow), "check started".
func (v *verifier) trace(run []int) []string {
	if run == nil {
		return nil
	}
	trace := []string{}
	m := v.net.NewMarking()
	m.Union(v.prog.Initial)
	for _, t := range run {
		v.net.Fire(m, t)
		if entry := v.entry(t); entry != "" {
			trace = append(trace, entry)
		}
	}
	for i := range v.prog.Nodes {
		if n := &v.prog.Nodes[i]; n.Running != petri.NoPlace && m.Has(n.Running) {
			trace = append(trace, n.ID+" started")
		}
	}
	return trace
}

// entry is what a run tells of a transition, "" if nothing: starts, and what is silent.
func (v *verifier) entry(t int) string {
	a := &v.prog.Acts[t]
	switch {
	case a.Phase == program.Start:
	case a.Phase != 0, a.Node >= 0 && v.prog.Nodes[a.Node].Kind == program.EndEvent:
		return v.prog.Nodes[a.Node].ID
	case a.Decision >= 0 && a.Flow >= 0 && len(v.prog.Decisions[a.Decision].Flows) > 1:
		f := v.prog.Decisions[a.Decision].Flows[a.Flow].ID
		if id := v.prog.Nodes[a.Node].ID; !strings.HasPrefix(f, id+"->") {
			f = fmt.Sprintf("%s[%s]", id, f)
		}
		return f
	}
	return ""
}

// heard words a run for a rule, which hears starts too: each in its place, unless the next that the rule hears is that the
// step is complete.
func (v *verifier) heard(run []int) []string {
	if run == nil {
		return nil
	}
	trace := []string{}
	for i, t := range run {
		entry := v.entry(t)
		if a := &v.prog.Acts[t]; a.Phase == program.Start && !v.completesFirst(a.Node, run[i+1:]) {
			entry = v.prog.Nodes[a.Node].ID + " started"
		}
		if entry != "" {
			trace = append(trace, entry)
		}
	}
	return trace
}

// completesFirst reports whether the first letter of a run completes a node.
func (v *verifier) completesFirst(node int32, run []int) bool {
	for _, t := range run {
		if a := &v.prog.Acts[t]; a.Phase != 0 {
			return a.Node == node
		}
	}
	return false
}
