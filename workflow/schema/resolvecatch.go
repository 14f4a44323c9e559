package schema

// This file finds who catches what is thrown, and what a compensation undoes.

// catches finds the event that catches the error, escalation or cancellation of an end or a throw: the innermost one
// around it. Of one activity or scope an event that names the code comes before one that takes any (BPMN 2.0, 10.5.6).
// What an event sub-process throws, its neighbours do not catch: only what lies around their scope does. An escalation
// that nobody catches is none.
func (r *resolver) catches(s *step) {
	var k kind
	var code string
	switch {
	case s.kind != kindEnd && s.kind != kindThrow:
		return
	case s.code.given():
		k, code = kindError, s.code.s
	case s.escalation.given():
		k, code = kindEscalation, s.escalation.s
	case s.cancels:
		s.catch = r.cancelled(s)
		return
	default:
		return
	}
	for events := range r.p.around(s) {
		if s.catch = catching(events, k, code); s.catch != nil {
			return
		}
	}
}

// around yields the lists of events that may catch what s throws, inner before outer.
func (p *Process) around(s *step) func(yield func([]*step) bool) {
	return func(yield func([]*step) bool) {
		from := s
		for at := s.within; at != nil; from, at = at, at.within {
			switch {
			case at.role == roleHandler, at.role == roleBoundary: // what follows an event lies beside the activity
			case from.role != roleHandler && !yield(at.handlers), !yield(at.bounds):
				return
			}
		}
		if from.role != roleHandler {
			yield(p.handlers)
		}
	}
}

// catching is the event of a list that catches a code, or nil.
func catching(events []*step, k kind, code string) *step {
	var all *step
	for _, e := range events {
		if e.kind != k {
			continue
		}
		switch e.code.s + e.escalation.s { // one of the two is given
		case code:
			return e
		case "":
			all = e
		}
	}
	return all
}

// cancelled is the event that a cancel end leads to: that of the innermost transaction around it.
func (r *resolver) cancelled(s *step) *step {
	for at := s.within; at != nil; at = at.within {
		if !at.transaction {
			continue
		}
		for _, e := range at.bounds {
			if e.kind == kindCancel {
				return e
			}
		}
		r.fatal("schema/cancel", s.id.at, s.id.s, "give it boundary: [{cancel: some-id}]", "the transaction %q has no cancel event, so nothing could go on", at.id.s)
		return nil
	}
	r.fatal("schema/cancel", s.id.at, s.id.s, "use terminate: true, or set transaction: true on the subprocess", "there is no transaction around it to cancel")
	return nil
}

// undoes resolves the activities that a compensate step or end names.
func (r *resolver) undoes(s *step) {
	for _, name := range s.undone {
		other := r.p.byID[name.s]
		switch {
		case other == nil && r.lost[name.s]:
		case other == nil:
			r.fatal("schema/unknown-step", name.at, s.id.s, r.nearestStep(name.s, hostKinds), "there is no step %q to compensate", name.s)
		case !hostKinds.has(other.kind):
			r.fatal("schema/compensate", name.at, s.id.s, "name activities", "%q is %s and cannot be compensated", name.s, article(other.kind))
		case other.kind != kindSubprocess && other.kind != kindEach && (other.undo == nil || other.undo.step == nil):
			r.fatal("schema/compensate", name.at, s.id.s, "give it a compensation", "%q has no compensation", name.s)
		default:
			s.undoes = append(s.undoes, other)
		}
	}
}
