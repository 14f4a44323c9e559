package schema

import (
	"fmt"
	"strings"

	"github.com/replank/replank/internal/nearest"
)

// A resolver fills the links of a process: ids to steps, names to variables, who lies in what. It reports what leads
// nowhere.
type resolver struct {
	*findings
	p      *Process
	lost   map[string]bool // ids that are not in the tree for reasons already reported
	region map[any]any     // step or branch -> what no jump may cross: a *branch of a parallel or some, a *step (see place), nil
	loops  map[any][]*step // branch -> repeats around it
	ids    map[string]text // steps, events and flows
	broken bool            // a jump leads nowhere
	hints  int             // what the search for names that were meant may still cost
}

// resolve fills the links of p and checks its references.
func resolve(p *Process, fs *findings, lost map[string]bool) {
	r := &resolver{findings: fs, p: p, lost: lost, region: map[any]any{}, loops: map[any][]*step{}, ids: map[string]text{}, hints: 1 << 26}
	p.byID = map[string]*step{}
	for _, e := range p.starts {
		e.role = roleStart
		r.step(e, place{})
	}
	r.steps(p.steps, place{})
	for _, e := range p.handlers {
		e.role = roleHandler
		r.step(e, place{})
	}
	r.identities()
	r.data()
	for _, s := range p.all {
		r.jumps(s)
		r.separates(s)
		r.undoes(s)
		r.catches(s)
	}
	r.rules()
	if len(lost) == 0 && !r.broken {
		r.reachable()
	}
}

// A place is where steps lie. region is a branch of what runs side by side, or a step with a scope of its own: a
// subprocess, an each, an event sub-process, an event that does not interrupt, an activity with its compensation.
type place struct {
	outer  *step
	within *step
	loops  []*step
	region any
}

// own is the place of what lies in s as in a scope of its own, of which the loops around are no part.
func (at place) own(s *step) place { return place{outer: at.outer, within: s, region: s} }

func (r *resolver) steps(steps []*step, at place) {
	for _, s := range steps {
		r.step(s, at)
	}
}

// step enters a step and what lies in it: first its body, then its event sub-processes, its boundary events, which lie
// where it lies, and its compensation.
func (r *resolver) step(s *step, at place) {
	s.index = len(r.p.all)
	r.p.all = append(r.p.all, s)
	s.outer, s.within, s.loops = at.outer, at.within, at.loops
	r.region[s] = at.region
	if s.id.given() {
		r.identify(s.id, func() { r.p.byID[s.id.s] = s })
	}
	inner := at
	switch {
	case s.kind == kindRepeat:
		inner.loops = append(at.loops[:len(at.loops):len(at.loops)], s)
	case s.kind == kindSubprocess:
		inner.outer, inner.within, inner.region = s, s, s
	case s.kind == kindEach:
		inner = at.own(s)
		inner.outer = s
	case s.beside:
		inner = at.own(s)
	case s.role == roleHandler:
		inner.within, inner.region = s, s
	case s.role == roleBoundary:
		inner.within = s
	}
	for _, b := range s.cases {
		in := inner
		if s.kind == kindParallel || s.kind == kindSome {
			in.region = b
		}
		r.region[b], r.loops[b] = in.region, in.loops
		if b.id.given() {
			r.identify(b.id, func() {})
		}
		r.steps(b.body, in)
	}
	r.steps(s.body, inner)
	for _, e := range s.events {
		e.race, e.role = s, roleRace
		r.step(e, at)
	}
	for _, e := range s.handlers {
		e.role = roleHandler
		r.step(e, inner)
	}
	for _, e := range s.bounds {
		e.host, e.role = s, roleBoundary
		r.step(e, at)
	}
	if s.undo != nil && s.undo.step != nil {
		s.undo.step.host = s
		beside := at.own(s)
		beside.within = at.within // not s
		r.step(s.undo.step, beside)
	}
}

// identify checks that an id is new among steps, events and flows.
func (r *resolver) identify(id text, enter func()) {
	if first, twice := r.ids[id.s]; twice {
		where := ""
		if first.at.line > 0 {
			where = fmt.Sprintf(", first in line %d", first.at.line)
		}
		r.fatal("schema/duplicate-id", id.at, id.s, "give it another id", "the id %q stands here a second time%s", id.s, where)
		return
	}
	r.ids[id.s] = id
	enter()
}

// identities checks that "was" makes no two steps the same.
func (r *resolver) identities() {
	old := map[string]text{}
	for _, s := range r.p.all {
		if !s.was.given() {
			continue
		}
		_, taken := r.ids[s.was.s]
		first, twice := old[s.was.s]
		switch {
		case taken:
			r.fatal("schema/was", s.was.at, s.id.s, "a step was called so, or is called so, not both", "there is still a step or flow %q", s.was.s)
		case twice:
			r.fatal("schema/was", s.was.at, s.id.s, "keep one of the two", "another step says that it was %q%s", s.was.s, inLine(first))
		}
		old[s.was.s] = s.was
	}
}

func inLine(t text) string {
	if t.at.line == 0 {
		return ""
	}
	return fmt.Sprintf(", in line %d", t.at.line)
}

// jumps resolves next of a step and of its branches.
func (r *resolver) jumps(s *step) {
	s.target = r.jump(s.next, s.id.s, r.region[s], s.loops)
	for _, b := range s.cases {
		b.target = r.jump(b.next, s.id.s, r.region[b], r.loops[b])
		if s.kind == kindGateway && s.split.s == "event" && b.target != nil {
			if k := b.target.kind; k != kindReceive && k != kindWait {
				r.fatal("schema/event-flow", b.next.at, s.id.s, "", "a flow of an event gateway leads to a receive or wait, not to %s", article(k))
			} else if len(b.target.bounds) > 0 {
				r.fatal("schema/event-flow", b.next.at, s.id.s, "make the boundary event another flow of the gateway", "%q has boundary events and cannot follow an event gateway", b.next.s)
			}
		}
	}
}

// jump finds the step that next names and checks rule 6: a jump stays inside its scope, never crosses the border of a
// branch that runs beside others or of a subprocess, and never enters the body of a repeat from outside.
func (r *resolver) jump(next text, node string, region any, loops []*step) *step {
	if !next.given() {
		return nil
	}
	target := r.p.byID[next.s]
	ok := false
	defer func() { r.broken = r.broken || !ok }()
	if target == nil {
		if !r.lost[next.s] {
			r.fatal("schema/unknown-step", next.at, node, r.nearestStep(next.s, stepKinds), "there is no step %q to go on with", next.s)
		}
		return nil
	}
	if target.host != nil && target.role == roleNone {
		r.fatal("schema/jump", next.at, node, "", "%q is a compensation; nothing can go on with it", next.s)
		return nil
	}
	if !stepKinds.has(target.kind) {
		r.fatal("schema/jump", next.at, node, "lead to the first step of its do", "%q is an event; nothing can go on with it", next.s)
		return nil
	}
	if to := r.region[target]; to != region {
		r.fatal("schema/jump", next.at, node, "jumps stay inside the same scope", "the jump to %q would %s", next.s, crossing(region, to))
		return nil
	}
	for i, loop := range target.loops {
		if i >= len(loops) || loops[i] != loop {
			r.fatal("schema/jump", next.at, node, fmt.Sprintf("jump to %q instead", loop.id.s), "the jump to %q would enter the body of the repeat %q from outside", next.s, loop.id.s)
			return nil
		}
	}
	ok = true
	return target
}

func crossing(from, to any) string {
	switch x := from.(type) {
	case *step:
		return fmt.Sprintf("leave the %s %q", x.kind.enclosing(), x.id.s)
	case *branch:
		return "leave its branch, which runs beside others"
	}
	switch x := to.(type) {
	case *step:
		return fmt.Sprintf("enter the %s %q", x.kind.enclosing(), x.id.s)
	}
	return "enter a branch that runs beside others"
}

// enclosing is what steps lie in that a kind encloses.
func (k kind) enclosing() string {
	switch {
	case k == kindEach, k == kindSubprocess:
		return k.String()
	case eventKinds.has(k):
		return "event"
	}
	return "compensation of"
}

// separates resolves separate-from.
func (r *resolver) separates(s *step) {
	for _, name := range s.apart {
		other := r.p.byID[name.s]
		switch {
		case other == nil && r.lost[name.s]:
		case other == nil:
			r.fatal("schema/unknown-step", name.at, s.id.s, r.nearestStep(name.s, of(kindUser)), "there is no step %q to be separate from", name.s)
		case other.kind != kindUser:
			r.fatal("schema/separate", name.at, s.id.s, "", "%q is %s; only user steps are done by people", name.s, article(other.kind))
		case other == s:
			r.fatal("schema/separate", name.at, s.id.s, "", "a step cannot be separate from itself")
		default:
			s.separate = append(s.separate, other)
		}
	}
}

// nearestStep is a hint at the step that a wrong name means, "" if there is none, or if so much is wrong already that
// looking for it would take too long.
func (r *resolver) nearestStep(name string, allowed kinds) string {
	if r.hints < 0 {
		return ""
	}
	var known []string
	for _, s := range r.p.all {
		if s.id.given() && allowed.has(s.kind) {
			known = append(known, s.id.s)
			r.hints -= 64 + len(name)*len(s.id.s) // about what one comparison takes
		}
	}
	return didYouMean(name, known)
}

func didYouMean(name string, known []string) string {
	if near := nearest.Name(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) > 0 && len(known) <= 12 {
		return "known: " + strings.Join(known, ", ")
	}
	return ""
}

// visible returns the declaration of a variable as a step inside outer sees it, or nil.
func (p *Process) visible(outer *step, name string) (d *variable, owner *step) {
	for ; outer != nil; outer = outer.outer {
		for _, d := range outer.vars {
			if d.name.s == name {
				return d, outer
			}
		}
		if outer.as.s == name && name != "" {
			return &variable{name: outer.as, typ: text{"dyn", outer.as.at}}, outer
		}
	}
	for _, d := range p.vars {
		if d.name.s == name {
			return d, nil
		}
	}
	return nil, nil
}
