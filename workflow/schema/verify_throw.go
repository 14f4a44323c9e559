package schema

import (
	"slices"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// throwers finds, for each event that catches errors, escalations or a cancellation, the places of what runs and may
// throw that to it. A task may throw any error, a called process any escalation too; what a child throws is known.
func (v *verifier) throwers() {
	v.thrown = make(map[int32]petri.Marking)
	for i := range v.prog.Nodes {
		if n := &v.prog.Nodes[i]; n.Occur >= 0 && thrownKinds.has(v.step(int32(i)).kind) {
			v.thrown[n.Occur] = v.net.NewMarking()
		}
	}
	for i := range v.prog.Nodes {
		n := &v.prog.Nodes[i]
		if n.Running == petri.NoPlace {
			continue
		}
		child := v.prog.ChildOf(int32(i))
		v.catchers(int32(i), kindError)
		if n.Kind == program.CallActivity || child != nil && calls(child.Program) {
			v.catchers(int32(i), kindEscalation)
		}
		if child != nil {
			for _, e := range child.Throws {
				v.thrown[v.prog.Nodes[e].Occur].Add(n.Running)
			}
		}
	}
}

// calls reports whether a program, or a child within it, calls a process.
func calls(p *program.Program) bool {
	return slices.ContainsFunc(p.Nodes, func(n program.Node) bool { return n.Kind == program.CallActivity }) ||
		slices.ContainsFunc(p.Children, func(c program.Child) bool { return calls(c.Program) })
}

// catchers adds node i to all events of a kind that may catch what it throws: an event further in that names a code, or
// takes any, hides those further out.
func (v *verifier) catchers(i int32, k kind) {
	s := v.step(i)
	caught := map[string]bool{}
	catch := func(events []*step) bool {
		var codes []string
		for _, e := range events {
			code := e.code.s + e.escalation.s // one of the two is given
			if e.kind != k || caught[code] {
				continue
			}
			codes = append(codes, code)
			if at, here := v.prog.ByID[e.id.s]; here {
				v.thrown[v.prog.Nodes[at].Occur].Add(v.prog.Nodes[i].Running)
			}
		}
		for _, code := range codes {
			caught[code] = true
		}
		return !caught[""]
	}
	if !catch(s.bounds) {
		return
	}
	for events := range v.p.around(s) {
		if !catch(events) {
			return
		}
	}
}

// hasten finds the ends that throw an error. An instance takes them as soon as it is there, unless a rule of the domain
// refuses that, so that somebody has to see to it. (What else happens by itself may fail and wait for somebody, too.)
func (v *verifier) hasten() {
	if slices.ContainsFunc(v.p.program.Rules, func(r program.Rule) bool { return r.Refuse }) {
		return
	}
	for i := range v.prog.Nodes {
		if n := &v.prog.Nodes[i]; n.Kind == program.EndEvent && n.Occur >= 0 && v.step(int32(i)).code.given() {
			v.urgent = append(v.urgent, int32(i))
		}
	}
}

// possible refuses errors and the like that nothing that runs can throw (those of ends and throws are their letters), and
// what an end that throws an error comes before: everything but scripts that stand before it.
func (v *verifier) possible(m petri.Marking, t int) bool {
	if from, isError := v.thrown[int32(t)]; isError && !m.Meets(from) {
		return false
	}
	for _, e := range v.urgent {
		if occur := v.prog.Nodes[e].Occur; m.Contains(v.prog.Net.Trans(int(occur)).Pre) {
			n := v.prog.Acts[t].Node
			return t == int(occur) || v.prog.Nodes[n].Kind == program.ScriptTask && n < e
		}
	}
	return true
}

// can reports whether nothing in a run of the net is out of turn.
func (v *verifier) can(run []int) bool {
	m := v.net.NewMarking()
	m.Union(v.prog.Initial)
	for _, t := range run {
		if t >= v.net.Silent() && !v.possible(m, t) {
			return false
		}
		v.net.Fire(m, t)
	}
	return true
}
