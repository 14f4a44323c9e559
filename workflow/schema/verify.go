package schema

import (
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Verification explores everything a process can do, guards free, before it may be deployed: breadth first, on the net
// that instances run on, with the closure that they use. The schema is sound (van der Aalst, "Verification of workflow
// nets") if no place can be marked twice, the end can be reached from wherever an instance can get, every step can
// happen, and no way leads in a circle without waiting for anybody. Completion is proper by construction: an instance
// is complete when its marking is empty.

// Budget bounds a verification; the zero Budget is the default: 2^20 markings, and as long as they take.
type Budget struct {
	States int           // markings; 0 means 2^20
	Time   time.Duration // 0 means no limit
}

// Report is the outcome of a verification.
type Report struct {
	Findings   []Finding // in the order of the source
	States     int       // markings seen, those within a step included
	Unverified bool      // the budget ran out before a proof, which findings "sound/unverified", "rule/unverified" or "atomic/unverified" explain; others may be missing
}

// defaultStates is how many markings are explored for a process by default, those of its children included.
const defaultStates = 1 << 20

// Limits on findings of one sort: more of them would not say more.
const (
	maxUnsafe   = 3
	maxDeadlock = 5
	maxData     = 50
)

// Verify verifies the process within a budget. The findings are warnings, those of the compiler included: Parse and
// Build refuse what has others. The verification of the default budget was done by them and is not done again, except
// for a process of ParseTrusted, and one of ParseControl or BuildControl, which may have Fatal findings: those are
// verified each time.
func (p *Process) Verify(b Budget) *Report {
	r := p.report
	if b != (Budget{}) || r == nil {
		r = verify(p, b)
	}
	report := *r
	report.Findings = slices.Concat(p.warnings, p.open, r.Findings)
	sortFindings(report.Findings)
	return &report
}

// verifier is one verification.
type verifier struct {
	p        *Process
	prog     *program.Program
	net      *petri.Net
	space    *petri.Space
	small    int  // states up to which a space is explored as it is; 0: smallSpace
	complete bool // nothing was left out for want of budget
	open     bool // but rules were, or atomicity; it is reported
	states   int
	constant decided
	granted  grant
	fired    []bool // by transition, if a reduced net tells; nil: the space does
	findings

	thrown map[int32]petri.Marking // by transition: events that catch -> places of what runs and may throw that
	urgent []int32                 // nodes: ends that throw an error, in the order of the source
}

// verify explores the compiled form of p: the process, then each child on its own, within one budget.
func verify(p *Process, b Budget) *Report {
	var deadline time.Time
	if b.Time > 0 {
		deadline = time.Now().Add(b.Time)
	}
	left := b.States
	if left == 0 {
		left = defaultStates
	}
	all := &Report{}
	for _, prog := range p.scopes() {
		r := verifyScope(p, prog, left, deadline)
		all.Findings = append(all.Findings, r.Findings...)
		all.States += r.States
		all.Unverified = all.Unverified || r.Unverified
		left = max(1, left-r.States)
	}
	sortFindings(all.Findings)
	return all
}

// scopes are the programs of p that are verified one by one: its own, then those of its children.
func (p *Process) scopes() []*program.Program {
	list := []*program.Program{p.program}
	for i := 0; i < len(list); i++ {
		for _, child := range list[i].Children {
			list = append(list, child.Program)
		}
	}
	return list
}

// verifyScope explores one program of p. The zero deadline is none.
func verifyScope(p *Process, prog *program.Program, states int, deadline time.Time) *Report {
	v := &verifier{p: p, prog: prog, net: prog.Net, findings: findings{source: p.source}}
	v.throwers()
	v.hasten()
	opt := petri.Options{Budget: states, Possible: v.possible}
	if !deadline.IsZero() {
		opt.Stop = func() bool { return time.Now().After(deadline) }
	}
	if v.judge(opt); refused(v.list) {
		if c := v.correlated(opt); c != nil {
			v = c
		}
	}
	if refused(v.list) {
		return &Report{Findings: v.list, States: v.states}
	}
	if !v.complete {
		v.unproved()
	}
	return &Report{Findings: v.list, States: v.states, Unverified: !v.complete || v.open}
}

// whole reports what is wrong in the space, which is that of the net, or a part of it.
func (v *verifier) whole(opt petri.Options) {
	v.unsafe()
	if len(v.list) > 0 { // after an unsafe firing a token is missing, and all else would follow from that
		return
	}
	v.livelock()
	v.completes()
	if len(v.list) == 0 {
		v.decide()
		v.endless()
	}
	if len(v.list) == 0 { // what lies behind a join that waits for ever is dead too
		v.dead()
	}
	if !refused(v.list) {
		v.rules(opt)
		v.atomic(opt)
	}
	if !v.prog.Free {
		v.dataFlow()
	}
}

// unsafe reports places that can be marked twice. What is found only behind another such firing follows from that.
func (v *verifier) unsafe() {
	reported := 0
	for _, u := range v.space.Unsafe {
		run := v.space.Run(u.State)
		if reported == maxUnsafe || !v.safe(run) {
			continue
		}
		reported++
		v.twice(v.space.Marking(u.State), u.Trans, append(run, u.Trans))
	}
}

// safe reports whether a run marks no place twice.
func (v *verifier) safe(run []int) bool {
	m := v.net.NewMarking()
	m.Union(v.prog.Initial)
	for _, t := range run {
		if !v.net.Fire(m, t) {
			return false
		}
	}
	return true
}

// twice reports that transition t, the last of a run, marks a place of m again.
func (v *verifier) twice(m petri.Marking, t int, run []int) {
	m = m.Clone()
	m.Minus(v.net.Trans(t).Takes())
	node := int32(-1)
	for place := range v.net.Trans(t).Post.Each {
		if m.Has(place) {
			node = v.prog.PlaceNode[place]
			break
		}
	}
	v.sound("sound/unsafe", node, run, "let only one of the parallel ways lead there, or join them first",
		"%s can be reached again while it is still busy", v.name(node))
}

// automatic reports whether transition t happens without waiting for anybody.
func (v *verifier) automatic(t int) bool {
	if t < v.net.Silent() {
		return true
	}
	a := &v.prog.Acts[t]
	return v.prog.Nodes[a.Node].Kind.Automatic()
}

// livelock reports a way that leads in a circle without waiting for anybody.
func (v *verifier) livelock() {
	state, circle := v.space.Cycle(v.automatic)
	if circle != nil {
		v.circles(circle, append(v.space.Run(state), circle...))
	}
}

// circles reports a circle, with which a run ends.
func (v *verifier) circles(circle, run []int) {
	node := int32(-1)
	for _, t := range circle {
		if n := v.prog.Acts[t].Node; n >= 0 && (node < 0 || n < node) {
			node = n
		}
	}
	v.sound("sound/livelock", node, run, "let every way round pass a user, service, receive or wait step",
		"%s can be repeated for ever within one step: the circle waits for nobody", v.name(node))
}

// completes reports states from which the end cannot be reached: stuck ones, or, if there are none, others.
func (v *verifier) completes() {
	stuck := make(map[int32]int) // by the node blamed: the state with the shortest run
	for i := range v.space.Len() {
		if !v.space.Stuck(i) || v.space.Marking(i).Empty() {
			continue
		}
		node := v.blame(v.space.Marking(i))
		if s, known := stuck[node]; !known || v.space.Depth(i) < v.space.Depth(s) {
			stuck[node] = i
		}
	}
	reported := 0
	for node := range int32(len(v.prog.Nodes)) {
		state, blamed := stuck[node]
		if !blamed || reported == maxDeadlock {
			continue
		}
		reported++
		v.stuck(node, v.space.Run(state))
	}
	if reported > 0 || !v.space.Complete || v.granted.given {
		return
	}
	if worst := lostIn(v.space); worst >= 0 {
		v.lost(v.blame(v.space.Marking(worst)), v.space.Run(worst))
	}
}

// stuck reports that a run ends where node waits for ever.
func (v *verifier) stuck(node int32, run []int) {
	hint := "the run shows how the process gets there"
	if node >= 0 && v.isJoin(node) {
		hint = "every flow into the join must get its token: let no branch end inside or jump out, and do not join alternatives"
	}
	v.sound("sound/deadlock", node, run, hint, "%s waits for ever: nothing can happen any more", v.name(node))
}

// lost reports that the end cannot be reached after a run.
func (v *verifier) lost(node int32, run []int) {
	v.sound("sound/lost", node, run, "give the circle a way out", "once at %s the process can never end", v.name(node))
}

// blame picks the node that a marking from which nothing leads on is best explained by: a join that lacks an input,
// else the first one marked.
func (v *verifier) blame(m petri.Marking) int32 {
	first := int32(-1)
	for place := range m.Each {
		if int(place) >= len(v.prog.PlaceNode) {
			break // of a guard
		}
		n := v.prog.PlaceNode[place]
		if n < 0 {
			continue
		}
		if v.isJoin(n) {
			return n
		}
		if first < 0 || v.prog.Nodes[first].Kind == program.SubProcess {
			first = n
		}
	}
	return first
}

// isJoin reports whether node i is a parallel or inclusive gateway.
func (v *verifier) isJoin(i int32) bool {
	k := v.prog.Nodes[i].Kind
	return k == program.ParallelGateway || k == program.InclusiveGateway
}

// dead reports steps that no run reaches. What lies in one of them, or on its border, is not mentioned. A boundary event
// that cannot happen does no harm, so that is a warning, and what only it leads to is not mentioned either.
func (v *verifier) dead() {
	if v.granted.given {
		v.list = append(v.list, v.granted.dead...)
		return
	}
	if !v.complete {
		return
	}
	fired, exists := v.happening()
	behind := make(map[*step]bool) // steps in the body of a dead event
	led := v.led(fired)
	for i := range v.prog.Nodes {
		n, s := &v.prog.Nodes[i], v.step(int32(i))
		owner := v.prog.Scopes[n.Scope].Node
		switch {
		case fired[i], strings.HasSuffix(n.ID, joinSuffix), behind[s], led[i] && n.Host < 0:
		case !exists[i] && !v.isJoin(int32(i)): // events take the place of a race or an event gateway
		case owner >= 0 && !fired[owner], n.Host >= 0 && !fired[n.Host]:
		case n.Host >= 0, s.role == roleHandler:
			inside(s.body, behind)
			around := v.p.id.s
			if n.Host >= 0 {
				around = v.prog.Nodes[n.Host].ID
			} else if owner >= 0 {
				around = v.prog.Nodes[owner].ID
			}
			message, hint := "%s can never happen: %q ends before", "remove it"
			switch s.kind {
			case kindError:
				message, hint = "%s catches an error that nothing in %q throws", "remove it, or let a service or an error end in its host throw that error"
			case kindEscalation:
				message, hint = "%s catches an escalation that nothing in %q throws", "remove it, or let a throw or an end in its host raise that escalation"
			case kindCancel:
				message, hint = "%s waits for a cancellation that nothing in %q causes", "remove it, or give the transaction a cancel end"
			}
			v.report(Warning, "sound/dead", s.id.at, n.ID, nil, hint, message, v.name(int32(i)), around)
		default:
			hint := "lead a flow to it, or remove it"
			if v.constant.never != nil {
				hint = "a guard that is a constant may keep every run away from it: use a variable there, or remove the step"
			}
			v.sound("sound/dead", int32(i), nil, hint, "%s can never happen", v.name(int32(i)))
		}
	}
}

// led tells which nodes that never happen dead boundary events lead to.
func (v *verifier) led(fired []bool) []bool {
	led := make([]bool, len(v.prog.Nodes))
	reached := v.prog.Net.NewMarking()
	for i := range v.prog.Nodes {
		if n := &v.prog.Nodes[i]; n.Host >= 0 && n.Occur >= 0 && !fired[i] && fired[n.Host] {
			reached.Union(v.prog.Net.Trans(int(n.Occur)).Post)
		}
	}
	for more := !reached.Empty(); more; {
		more = false
		for t, a := range v.prog.Acts {
			x := v.prog.Net.Trans(t)
			if a.Node < 0 || fired[a.Node] || !x.Pre.Meets(reached) && !slices.ContainsFunc(x.Inputs, reached.Has) {
				continue
			}
			led[a.Node] = true
			if !reached.Contains(x.Post) {
				reached.Union(x.Post)
				more = true
			}
		}
	}
	return led
}

// happening tells for each node whether something of it happens in some run, and whether there is anything that could.
func (v *verifier) happening() (fired, exists []bool) {
	fired = make([]bool, len(v.prog.Nodes))
	exists = make([]bool, len(v.prog.Nodes))
	for t, a := range v.prog.Acts {
		if a.Node < 0 {
			continue
		}
		exists[a.Node] = true
		if v.happens(t) {
			fired[a.Node] = true
			if throws := v.prog.Nodes[a.Node].Throws; throws >= 0 {
				fired[throws] = true
			}
		}
	}
	return fired, exists
}

// inside adds all steps of a list and within them to a set.
func inside(list []*step, set map[*step]bool) {
	for _, s := range list {
		set[s] = true
		for more := range s.inner {
			inside(more, set)
		}
	}
}
