package schema

// Step is one step: an activity, an event or a block. Methods return the Step, changed; the one that they are called
// on stays as it was, so that a Step can serve as a pattern for others.
type Step struct{ v *value }

// Case is one way out of a block, or a flow of a gateway. Methods return the Case, changed.
type Case struct{ v *value }

func newStep(k kind, id string) Step {
	return Step{mapValue(entry{key: kindKeys[k], value: stringValue(id)})}
}

func stepValues(steps []Step) []*value {
	out := make([]*value, len(steps))
	for i, s := range steps {
		out[i] = s.v
		if s.v == nil {
			out[i] = mapValue()
		}
	}
	return out
}

func caseValues(cases []Case) []*value {
	out := make([]*value, len(cases))
	for i, c := range cases {
		out[i] = c.v
		if c.v == nil {
			out[i] = mapValue()
		}
	}
	return out
}

// User is a task that a person does.
func User(id string) Step { return newStep(kindUser, id) }

// Service is a task that a handler of the program does.
func Service(id string) Step { return newStep(kindService, id) }

// Script writes variables, from literals and expressions; see Set and OutExpr.
func Script(id string) Step { return newStep(kindScript, id) }

// Receive waits for a message with a correlation key, which is a CEL expression; "" is the empty key.
func Receive(id, message, key string) Step {
	return newStep(kindReceive, id).text("message", message).optional("key", key)
}

// Wait waits for a period.
func Wait(id, period string) Step { return newStep(kindWait, id).text("for", period) }

// WaitUntil waits for an instant, which is a CEL expression.
func WaitUntil(id, cel string) Step { return newStep(kindWait, id).text("until", cel) }

// WaitMessage waits for a message, as Receive does, but is an event and no activity.
func WaitMessage(id, message, key string) Step {
	return newStep(kindWait, id).text("message", message).optional("key", key)
}

// End ends a way; the scope ends when all its ways have.
func End(id string) Step { return newStep(kindEnd, id) }

// Choose takes the first case whose guard is true.
func Choose(id string, cases ...Case) Step {
	return newStep(kindChoose, id).list("cases", caseValues(cases))
}

// Some takes all cases whose guards are true, or the else.
func Some(id string, cases ...Case) Step {
	return newStep(kindSome, id).list("cases", caseValues(cases))
}

// Parallel takes all branches, each one step or a Do, and goes on when all have ended.
func Parallel(id string, branches ...Step) Step {
	return newStep(kindParallel, id).list("branches", stepValues(branches))
}

// Race waits for the first of several events, Timer or OnMessage; what follows it is given with Then.
func Race(id string, events ...Step) Step {
	return newStep(kindRace, id).list("cases", stepValues(events))
}

// Repeat does steps until an expression, tested after them, is true.
func Repeat(id, until string, steps ...Step) Step {
	return newStep(kindRepeat, id).text("until", until).list("do", stepValues(steps))
}

// RepeatWhile does steps as long as an expression, tested before them, is true.
func RepeatWhile(id, cel string, steps ...Step) Step {
	return newStep(kindRepeat, id).text("while", cel).list("do", stepValues(steps))
}

// Sub is an embedded subprocess.
func Sub(id string, steps ...Step) Step {
	return newStep(kindSubprocess, id).list("do", stepValues(steps))
}

// Gateway is a bare gateway, for graphs that no block can say: ExclusiveGateway, ParallelGateway, InclusiveGateway or
// EventGateway. Without flows it merges and goes on.
func Gateway(id string, kind Kind, flows ...Case) Step {
	word := map[Kind]string{ExclusiveGateway: "exclusive", ParallelGateway: "parallel", InclusiveGateway: "inclusive", EventGateway: "event"}[kind]
	if word == "" {
		word = kind.String()
	}
	s := newStep(kindGateway, id).text("kind", word)
	if len(flows) > 0 {
		s = s.list("flows", caseValues(flows))
	}
	return s
}

// Timer is an event that After or At makes due: a boundary event, or a case of a race.
func Timer(id string) Step { return newStep(kindTimer, id) }

// OnMessage is the event that a message with a correlation key arrives: a boundary event, or a case of a race.
func OnMessage(id, message, key string) Step {
	return newStep(kindMessage, id).optional("name", message).optional("key", key)
}

// OnError is the boundary event that an error is raised; code "" catches any.
func OnError(id, code string) Step { return newStep(kindError, id).optional("code", code) }

// Do is a branch of several steps of a Parallel.
func Do(steps ...Step) Step { return Step{mapValue()}.list("do", stepValues(steps)) }

// Branch is a Do with a durable name of its own.
func Branch(id string, steps ...Step) Step { return Do(steps...).text("id", id) }

// When is the case that a guard is true.
func When(cel string, steps ...Step) Case {
	c := Case{mapValue(entry{key: "when", value: stringValue(cel)})}
	if len(steps) > 0 {
		c.v = c.v.set("do", listValue(stepValues(steps)...))
	}
	return c
}

// Else is the case that no guard is true.
func Else(steps ...Step) Case {
	return Case{mapValue(entry{key: "else", value: listValue(stepValues(steps)...)})}
}

// To is an unconditional flow of a gateway.
func To(step string) Case { return Case{mapValue(entry{key: "next", value: stringValue(step)})} }

// ElseTo is the flow of a gateway that is taken when no other is.
func ElseTo(step string) Case {
	return Case{mapValue(entry{key: "else", value: boolValue(true)}, entry{key: "next", value: stringValue(step)})}
}

// Next makes the case jump to a step at its end.
func (c Case) Next(step string) Case { return Case{c.v.set("next", stringValue(step))} }

// Named gives the case a durable name of its own.
func (c Case) Named(id string) Case { return Case{c.v.set("id", stringValue(id))} }

func (s Step) text(key, v string) Step { return Step{s.v.set(key, stringValue(v))} }

func (s Step) optional(key, v string) Step {
	if v == "" {
		return s
	}
	return s.text(key, v)
}

func (s Step) list(key string, items []*value) Step { return Step{s.v.appendTo(key, items...)} }

func (s Step) pair(key, name string, v *value) Step {
	m := s.v.get(key)
	if m == nil || m.shape != shapeMap {
		m = mapValue()
	}
	return Step{s.v.set(key, m.set(name, v))}
}
