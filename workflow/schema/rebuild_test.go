package schema

// This file makes the builder calls that mirror a step.

func rebuildStep(m *step) Step {
	if stepKinds.has(m.kind) {
		return rebuildKeys(m, rebuildKind(m))
	}
	s := rebuildEvent(m).Then(rebuildSteps(m.body)...)
	if m.beside {
		s = s.Continue()
	}
	return rebuildKeys(m, s)
}

// rebuildKind makes a step with what its kind needs.
func rebuildKind(m *step) Step {
	id := m.id.s
	switch m.kind {
	case kindUser:
		return rebuildUser(m, User(id))
	case kindService:
		return Service(id)
	case kindScript:
		return Script(id)
	case kindRules:
		return rebuildTable(m, RuleTable(id))
	case kindSend:
		return rebuildSent(m, Send(id, m.message.s, m.key.s))
	case kindReceive:
		return Receive(id, m.message.s, m.key.s)
	case kindManual:
		return Manual(id)
	case kindCall:
		if m.version > 0 {
			return Call(id, m.callee.s).Version(m.version)
		}
		return Call(id, m.callee.s)
	case kindWait:
		return rebuildWait(m)
	case kindThrow:
		return rebuildThrow(m, Throw(id))
	case kindCompensate:
		return Compensate(id, strs(m.undone)...)
	case kindEnd:
		return rebuildEnd(m, End(id))
	case kindRace:
		return Race(id, rebuildSteps(m.events)...)
	case kindEach:
		return rebuildEach(m)
	case kindSubprocess:
		return rebuildSub(m)
	}
	return rebuildBlock(m)
}

// rebuildBlock makes a block or a gateway.
func rebuildBlock(m *step) Step {
	id := m.id.s
	switch m.kind {
	case kindChoose:
		return Choose(id, rebuildCases(m.cases)...)
	case kindSome:
		return Some(id, rebuildCases(m.cases)...)
	case kindParallel:
		var branches []Step
		for _, b := range m.cases {
			if b.id.given() {
				branches = append(branches, Branch(b.id.s, rebuildSteps(b.body)...))
			} else {
				branches = append(branches, Do(rebuildSteps(b.body)...))
			}
		}
		return Parallel(id, branches...)
	case kindRepeat:
		if m.while.given() {
			return RepeatWhile(id, m.while.s, rebuildSteps(m.body)...)
		}
		return Repeat(id, m.until.s, rebuildSteps(m.body)...)
	}
	return Gateway(id, m.nodeKind(), rebuildFlows(m.cases)...)
}

func rebuildWait(m *step) Step {
	id := m.id.s
	switch {
	case m.pause.given():
		return Wait(id, m.pause.s)
	case m.instant.given():
		return WaitUntil(id, m.instant.s)
	case m.cron.given():
		return WaitCron(id, m.cron.s)
	case m.signal.given():
		return WaitSignal(id, m.signal.s)
	case m.condition.given():
		return WaitCondition(id, m.condition.s)
	}
	return WaitMessage(id, m.message.s, m.key.s)
}

func rebuildSub(m *step) Step {
	s := Sub(m.id.s, rebuildSteps(m.body)...).Variables(rebuildVars(m.vars)...)
	if m.transaction {
		s = s.Transaction()
	}
	if len(m.handlers) > 0 {
		s = s.Events(rebuildSteps(m.handlers)...)
	}
	return s
}

func rebuildEach(m *step) Step {
	s := Each(m.id.s, m.as.s, m.list.s, rebuildSteps(m.body)...).Variables(rebuildVars(m.vars)...)
	if m.mode.given() {
		s = s.Sequential()
	}
	return given(given(s, m.until, Step.Until), m.collect, Step.Collect)
}

func rebuildTable(m *step, s Step) Step {
	assign := func(list []output) (set []Assign) {
		for _, out := range list {
			set = append(set, Assign{out.variable.s, out.expr.s})
		}
		return set
	}
	for _, row := range m.rows {
		s = s.Row(row.when.s, assign(row.set)...)
	}
	if len(m.noRow) > 0 {
		s = s.Otherwise(assign(m.noRow)...)
	}
	return given(s, m.hit, Step.Hit)
}

// given makes a call if a text is given.
func given(s Step, t text, call func(Step, string) Step) Step {
	if t.given() {
		return call(s, t.s)
	}
	return s
}

// rebuildSent adds what a message or signal carries.
func rebuildSent(m *step, s Step) Step {
	for _, in := range m.data {
		if in.expr.given() {
			s = s.DataExpr(in.name.s, in.expr.s)
		} else {
			s = s.Data(in.name.s)
		}
	}
	return given(s, m.ttl.text, Step.TTL)
}

func rebuildThrow(m *step, s Step) Step {
	if m.message.given() {
		s = s.Message(m.message.s, m.key.s)
	}
	s = given(given(s, m.signal, Step.Signal), m.escalation, Step.Escalation)
	return rebuildSent(m, given(s, m.code, Step.Error))
}

func rebuildEnd(m *step, s Step) Step {
	s = rebuildThrow(m, s)
	if m.kill {
		s = s.Terminate()
	}
	if m.cancels {
		s = s.Cancel()
	}
	if m.compensates {
		s = s.Compensates(strs(m.undone)...)
	}
	return s
}

func rebuildUser(m *step, s Step) Step {
	s = given(given(given(s, m.assignee, Step.Assignee), m.priority, Step.Priority), m.followUp.text, Step.FollowUp)
	if m.form.given() {
		s = s.Form(m.form.ordered())
	}
	return s
}

func rebuildEvent(m *step) Step {
	id := m.id.s
	switch m.kind {
	case kindPlain:
		return Plain(id)
	case kindMessage:
		return OnMessage(id, m.message.s, m.key.s)
	case kindSignal:
		return OnSignal(id, m.signal.s)
	case kindError:
		return OnError(id, m.code.s)
	case kindEscalation:
		return OnEscalation(id, m.escalation.s)
	case kindCondition:
		return OnCondition(id, m.condition.s)
	case kindCancel:
		return OnCancel(id)
	}
	s := given(given(Timer(id), m.pause.text, Step.After), m.instant, Step.At)
	return given(given(s, m.every.text, Step.Every), m.cron, Step.Cron)
}

// rebuildKeys adds the keys that several kinds have.
func rebuildKeys(m *step, s Step) Step {
	for _, set := range []struct {
		given text
		call  func(Step, string) Step
	}{
		{m.title, Step.Title},
		{m.doc, Step.Doc},
		{m.was, Step.Was},
		{m.next, Step.Next},
		{m.handler, Step.Handler},
		{m.due.text, Step.Due},
		{m.timeout.text, Step.Timeout},
		{m.partner, Step.Partner},
	} {
		s = given(s, set.given, set.call)
	}
	if len(m.groups) > 0 {
		s = s.Groups(strs(m.groups)...)
	}
	if len(m.apart) > 0 {
		s = s.SeparateFrom(strs(m.apart)...)
	}
	if m.retry != nil && m.retry.never {
		s = s.NoRetry()
	} else if m.retry != nil {
		s = s.Retry(m.retry.policy)
	}
	if m.require.given() {
		s = s.Require(m.require.ordered())
	}
	for _, in := range m.in {
		if in.expr.given() {
			s = s.InExpr(in.name.s, in.expr.s)
		} else {
			s = s.In(in.name.s)
		}
	}
	for _, out := range m.out {
		switch {
		case out.expr.given():
			s = s.OutExpr(out.variable.s, out.expr.s)
		case out.optional:
			s = s.Out(out.variable.s + "?")
		default:
			s = s.Out(out.variable.s)
		}
	}
	for _, set := range m.set {
		s = s.Set(set.variable.s, set.value.ordered())
	}
	if len(m.bounds) > 0 {
		s = s.Boundary(rebuildSteps(m.bounds)...)
	}
	switch u := m.undo; {
	case u == nil:
	case u.step != nil:
		s = s.Compensation(rebuildStep(u.step))
	case u.word.s == "none":
		s = s.NothingToUndo()
	default:
		s = s.CannotUndo()
	}
	return s
}
