package kernel

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// Evolve changes s by one event and then fires silent transitions up to the next decision, which a Decided or
// LoopedBack event will bring. It is the only function that changes the durable part of a state. An event that does not
// fit the state (from a corrupt or foreign history) is ErrBroken; s is then not to be used any more.
//
//	event               effect
//	Created             initial marking; input variables written
//	Offered             work opened: a user task, Due
//	Started             letter Start; work opened (job) or taken by Actor (user task)
//	Released            the open Start is retracted: the token goes back
//	Completed           letter Complete; variables written; work closed
//	Fired, Received     letter Occur; variables written; work closed
//	Caught              letter Occur of an error boundary event, or of an error end that one catches
//	Failed              Attempt and Due of the work
//	Decided, LoopedBack the decision's flows are taken
//	Armed, Subscribed   work opened: Due, Key
//	IncidentRaised      work marked or opened; the token stays
//	IncidentResolved    work unmarked or closed; (letter, at gateways) the decision is made again
//	Canceled            nothing: the letter that canceled has done it
//	RuleViolated        nothing: the letter that violated it has moved its automaton
//	Ended               status
func (m *Machine) Evolve(s *State, e *Event) error {
	s.Seq, s.Updated, s.violated = e.Seq, e.At, s.violated[:0]
	if e.Node >= int32(len(m.p.Nodes)) || e.Kind != history.RuleViolated && (e.Node < 0) != (e.Kind == history.Created || e.Kind == history.Ended || e.Kind == history.Migrated) {
		return m.broken(s, e, "no such node")
	}
	for _, w := range e.Wrote {
		if w.Slot < 0 || int(w.Slot) >= len(s.Slots) {
			return m.broken(s, e, "no such variable")
		}
	}
	ok := true
	switch e.Kind {
	case history.Created:
		m.create(s, e)
	case history.Offered, history.Armed, history.Subscribed:
		s.open(&Work{Node: e.Node, Since: e.Seq, At: e.At, Due: e.Due, Key: e.Key})
	case history.Started:
		ok = m.start(s, e)
	case history.Released:
		ok = m.release(s, e)
	case history.Completed:
		by := e.Actor
		if w := s.Work(e.Node); w != nil && by == "" {
			by = w.Actor // the program completed what somebody had claimed: four eyes hold for them
		}
		ok = m.letter(s, e, program.Complete, m.p.Nodes[e.Node].Complete)
		if k := m.witness[e.Node]; k >= 0 {
			s.Actors[k] = by
		}
	case history.Fired, history.Received, history.Caught:
		ok = m.letter(s, e, program.Occur, m.p.Nodes[e.Node].Occur)
	case history.Failed:
		if w := s.Work(e.Node); w != nil {
			w.Attempt, w.Due = e.Attempt, e.Due
		}
	case history.Decided, history.LoopedBack:
		ok = m.decide(s, e)
	case history.IncidentRaised:
		m.raise(s, e)
	case history.IncidentResolved:
		m.resolve(s, e)
	case history.Canceled, history.RuleViolated:
	case history.Ended:
		s.Status = Completed
	case history.Migrated:
		return m.broken(s, e, "a move is folded with the schema before it")
	default:
		return m.broken(s, e, "this version of Replank does not know the event")
	}
	if !ok {
		return m.broken(s, e, "it is not enabled")
	}
	m.settle(s)
	if s.unsafe {
		return m.broken(s, e, "a second token on a place")
	}
	if s.endless {
		return m.broken(s, e, "it never comes to rest")
	}
	return nil
}

func (m *Machine) broken(s *State, e *Event, why string) error {
	node := ""
	if e.Node >= 0 && int(e.Node) < len(m.p.Nodes) {
		node = " " + m.p.Nodes[e.Node].ID
	}
	return fmt.Errorf("%w: event %d (%v%s): %s", ErrBroken, e.Seq, e.Kind, node, why)
}

func (m *Machine) create(s *State, e *Event) {
	s.Status, s.Created = Running, e.At
	copy(s.Marking, m.p.Initial)
	m.p.Net.All(s.frontier)
	if s.past != nil {
		for place := range m.p.Initial.Each {
			s.past.pos[place] = e.Seq
		}
	}
	for _, w := range e.Wrote {
		s.write(w, e.Seq)
	}
}

// write makes w the current value of its variable. In a replay letters may come in another order than they were
// written in: the latest version stays.
func (s *State) write(w Write, version uint64) {
	if s.past != nil {
		s.past.write(w, version, s.Status == 0) // before it is created, all writes are the environment's
		if version < s.Slots[w.Slot] {
			return
		}
	}
	s.Slots[w.Slot] = version
	s.keep(int(w.Slot), w.Value)
}

// open adds work, which is kept ascending by node.
func (s *State) open(w *Work) {
	i := len(s.Works)
	for i > 0 && s.Works[i-1].Node > w.Node {
		i--
	}
	if i == len(s.Works) {
		s.Works = append(s.Works, *w)
		return
	}
	s.Works = slices.Insert(s.Works, i, *w)
}

// shut removes the work at node and reports whether there was any.
func (s *State) shut(node int32) bool {
	for i := range s.Works {
		if s.Works[i].Node == node {
			s.Works = slices.Delete(s.Works, i, i+1)
			return true
		}
	}
	return false
}

func (m *Machine) start(s *State, e *Event) bool {
	n := &m.p.Nodes[e.Node]
	if n.Start < 0 || !m.p.Net.Enabled(s.Marking, int(n.Start)) {
		return false
	}
	again := false
	if w := s.Work(e.Node); w != nil {
		w.Started, w.Actor = true, e.Actor
		again = w.begunBefore()
	} else {
		s.open(&Work{Node: e.Node, Since: e.Seq, At: e.At, Started: true, Job: n.Kind == program.ServiceTask, Actor: e.Actor})
	}
	m.count(s, e.Node, m.nodes[e.Node].start)
	s.past.letter(e.Seq)
	m.fire(s, int(n.Start))
	if !again {
		m.observe(s, e.Node, program.Start)
	}
	return true
}

// release takes an open start back: out of the marking, the trace and its set digest. The sequence digest keeps it,
// which only makes its classes finer.
func (m *Machine) release(s *State, e *Event) bool {
	n := &m.p.Nodes[e.Node]
	w := s.Work(e.Node)
	if n.Start < 0 || w == nil || !w.Started || !s.Marking.Has(n.Running) {
		return false
	}
	w.Started, w.Actor = false, ""
	w.Attempt++
	s.Marking.Remove(n.Running)
	s.Marking.Add(n.Offered)
	d := m.nodes[e.Node].start
	s.Key = s.Key.Sub(d)
	for _, l := range n.Loops {
		s.Loops[l].Acc = s.Loops[l].Acc.Sub(d)
	}
	return true
}

// letter fires transition t as a letter of the trace and writes the event's variables.
func (m *Machine) letter(s *State, e *Event, phase program.Phase, t int32) bool {
	if t < 0 || !m.p.Net.Enabled(s.Marking, int(t)) {
		return false
	}
	m.count(s, e.Node, m.letterDigest(e.Node, phase, e.Code, e.Wrote))
	loops := m.p.Nodes[e.Node].Loops
	for _, w := range e.Wrote {
		s.write(w, e.Seq)
		for _, l := range loops {
			s.Loops[l].Wrote = s.Loops[l].Wrote.Set(int(w.Slot))
		}
	}
	s.past.letter(e.Seq)
	m.fire(s, int(t))
	m.observe(s, e.Node, phase)
	return true
}

// count adds a letter to the digests.
func (m *Machine) count(s *State, node int32, d Digest) {
	if m.blind {
		return
	}
	s.Key = s.Key.Add(d)
	s.Order = s.Order.then(d)
	if loops := m.p.Nodes[node].Loops; len(loops) > 0 {
		s.countIn(loops, d)
	}
}

// countIn adds a letter to the digests of the loops around it.
func (s *State) countIn(loops []int32, d Digest) {
	for _, l := range loops {
		if loop := &s.Loops[l]; loop.Iteration > 0 { // the first test of a "while" comes before its first iteration
			loop.Acc = loop.Acc.Add(d)
		}
	}
}

// decide takes the flows of the enabled decision at the event's node. A flow that begins a loop again is not counted:
// its iteration is just being taken out of the digest.
func (m *Machine) decide(s *State, e *Event) bool {
	di := int32(-1)
	for _, d := range m.byNode[e.Node] {
		for _, t := range m.entry(d) {
			if m.p.Net.Enabled(s.Marking, int(t)) {
				di = d
			}
		}
	}
	if di < 0 || e.Flows == 0 || e.Flows>>len(m.p.Decisions[di].Flows) != 0 {
		return false
	}
	d := &m.p.Decisions[di]
	for i := range d.Flows {
		if e.Flows&(1<<i) != 0 && d.Flows[i].Back < 0 {
			m.count(s, e.Node, m.decisions[di][i])
		}
	}
	if d.Inclusive {
		return m.split(s, d, e.Flows)
	}
	for i, t := range d.Take {
		if e.Flows == 1<<i {
			m.fire(s, int(t))
			return true
		}
	}
	return false
}

// split walks the chain of an inclusive split: one transition per guarded flow, true or false, in the track that says
// whether a flow was taken before; then the end of the track.
func (m *Machine) split(s *State, d *program.Decision, flows uint64) bool {
	walk := func(t int32) bool {
		if t < 0 || !m.p.Net.Enabled(s.Marking, int(t)) {
			return false
		}
		m.fire(s, int(t))
		return true
	}
	some := false
	for i := range len(d.Chain) / 2 {
		chain, no := d.Chain, 1
		if some {
			chain = d.ChainSome
		}
		if flows&(1<<i) != 0 {
			no, some = 0, true
		}
		if !walk(chain[2*i+no]) {
			return false
		}
	}
	if some {
		return walk(d.Done)
	}
	return walk(d.Default)
}

func (m *Machine) raise(s *State, e *Event) {
	if w := s.Work(e.Node); w != nil {
		w.Incident, w.Key = true, e.Note
		if w.Job {
			w.Attempt, w.Due = e.Attempt, 0
		}
	} else {
		s.open(&Work{Node: e.Node, Since: e.Seq, At: e.At, Incident: true, Key: e.Note})
	}
	m.block(s.frontier, e.Node)
}

func (m *Machine) resolve(s *State, e *Event) {
	if w := s.Work(e.Node); w != nil && w.Started {
		w.Incident, w.Key, w.Attempt, w.Due = false, "", 0, 0
		return
	}
	s.shut(e.Node)
	if len(m.byNode[e.Node]) > 0 {
		m.count(s, e.Node, prf(m.p.Nodes[e.Node].ID, phaseResolved))
	}
	m.unblock(s.frontier, e.Node)
	if s.past != nil {
		s.past.raise(s.Marking, m, e)
	}
}

// settle fires enabled silent transitions in the closure's order, up to the next decision.
func (m *Machine) settle(s *State) {
	for range maxEvents {
		t := m.p.Net.Next(s.Marking, s.frontier)
		if t < 0 || m.p.Acts[t].Decision >= 0 {
			return
		}
		m.fire(s, t)
	}
	s.endless = true
}

// pending returns the decision that the closure has come to, or -1.
func (m *Machine) pending(s *State) int32 {
	if t := m.p.Net.Next(s.Marking, s.frontier); t >= 0 {
		return m.p.Acts[t].Decision
	}
	return -1
}

// fire fires an enabled transition with everything that it means.
func (m *Machine) fire(s *State, t int) {
	if len(s.Tags) > 0 {
		m.retag(s, t)
	}
	if s.past != nil {
		s.past.move(s.Marking, m.p.Net.Trans(t))
	}
	if !m.p.Net.Step(s.Marking, s.frontier, t) {
		s.unsafe = true
	}
	for _, n := range m.closes[t] {
		if s.shut(n) {
			s.closed = append(s.closed, n)
		}
	}
	act := &m.p.Acts[t]
	for _, l := range act.Leave {
		s.Loops[l] = Loop{}
	}
	if act.Back >= 0 {
		m.loopBack(s, act.Back)
	}
	for _, l := range act.Enter {
		s.Loops[l] = Loop{Iteration: 1}
	}
	if act.Reset >= 0 {
		s.reset = true
		for _, slot := range m.p.Scopes[act.Reset].Locals {
			var left written
			if s.past != nil {
				left = s.past.reset(slot)
			}
			s.Slots[slot] = left.seq
			s.keep(slot, left.value)
		}
	}
}

// loopBack begins the next iteration of l: what the last one contributed leaves the set digest of the instance and of
// the loops around it, and what it wrote is environment data from now on.
func (m *Machine) loopBack(s *State, l int32) {
	loop := &s.Loops[l]
	s.Key = s.Key.Sub(loop.Acc)
	for p := m.p.Loops[l].Parent; p >= 0; p = m.p.Loops[p].Parent {
		s.Loops[p].Acc = s.Loops[p].Acc.Sub(loop.Acc)
	}
	s.Superseded = s.Superseded.Set(int(l))
	s.EnvWritten = s.EnvWritten.Or(loop.Wrote)
	*loop = Loop{Iteration: loop.Iteration + 1}
	for i := int(l) + 1; i < len(s.Loops); i++ { // inner loops come after outer ones
		if m.within(int32(i), l) {
			s.Loops[i] = Loop{}
		}
	}
}

func (m *Machine) within(inner, outer int32) bool {
	for l := m.p.Loops[inner].Parent; l >= 0; l = m.p.Loops[l].Parent {
		if l == outer {
			return true
		}
	}
	return false
}

// retag moves tags with their tokens: the tokens that t makes carry the debts of all that it takes or reads, and the
// greatest of their positions.
func (m *Machine) retag(s *State, t int) {
	x := m.p.Net.Trans(t)
	var in Tag
	tagged := false
	kept := s.Tags[:0]
	for _, g := range s.Tags {
		if x.Takes().Has(g.Place) || x.Read.Has(g.Place) {
			tagged = true
			in.Pos = max(in.Pos, g.Pos)
			for _, d := range g.Debts {
				if i, found := slices.BinarySearch(in.Debts, d); !found {
					in.Debts = slices.Insert(in.Debts, i, d)
				}
			}
		}
		if !x.Takes().Has(g.Place) {
			kept = append(kept, g)
		}
	}
	s.Tags = kept
	if !tagged {
		return
	}
	for p := range x.Post.Each {
		s.Tags = append(s.Tags, Tag{Place: p, Pos: in.Pos, Debts: slices.Clone(in.Debts)})
	}
	slices.SortFunc(s.Tags, func(a, b Tag) int { return int(a.Place) - int(b.Place) })
}
