package schema

// This file is the builder of what no engine runs yet; see Process.Runs.

// Send sends a message with a correlation key, which is a CEL expression; "" is the empty key. Data is what it carries.
func Send(id, message, key string) Step {
	return newStep(kindSend, id).text("message", message).optional("key", key)
}

// Manual is a task that a person does without the engine, which goes on at once.
func Manual(id string) Step { return newStep(kindManual, id) }

// Call runs another process; see Version.
func Call(id, process string) Step { return newStep(kindCall, id).text("process", process) }

// RuleTable is a decision table; see Row and Hit.
func RuleTable(id string) Step { return newStep(kindRules, id) }

// Each does steps for each element of a list, or as often as an int says, both CEL; as is the variable that holds the
// element, or the number from 0.
func Each(id, as, of string, steps ...Step) Step {
	return newStep(kindEach, id).text("of", of).text("as", as).list("do", stepValues(steps))
}

// WaitSignal waits for a signal.
func WaitSignal(id, signal string) Step { return newStep(kindWait, id).text("signal", signal) }

// WaitCondition waits until a CEL expression over the variables is true.
func WaitCondition(id, cel string) Step { return newStep(kindWait, id).text("condition", cel) }

// WaitCron waits for the next instant that a cron expression names.
func WaitCron(id, cron string) Step { return newStep(kindWait, id).text("cron", cron) }

// Throw throws something on its way: Error, Escalation, Message or Signal says what.
func Throw(id string) Step { return newStep(kindThrow, id) }

// Compensate undoes activities that were done: those named, or all of the scope.
func Compensate(id string, nodes ...string) Step {
	s := newStep(kindCompensate, id)
	if len(nodes) > 0 {
		s = s.list("nodes", stringValues(nodes))
	}
	return s
}

// Plain is the start by the program; see Builder.Starts.
func Plain(id string) Step { return newStep(kindPlain, id) }

// OnSignal is the event that a signal is sent.
func OnSignal(id, signal string) Step { return newStep(kindSignal, id).optional("name", signal) }

// OnEscalation is the event that an escalation is raised; code "" catches any.
func OnEscalation(id, code string) Step { return newStep(kindEscalation, id).optional("code", code) }

// OnCondition is the event that a CEL expression over the variables becomes true.
func OnCondition(id, cel string) Step { return newStep(kindCondition, id).text("when", cel) }

// OnCancel is the boundary event that a transaction is cancelled.
func OnCancel(id string) Step { return newStep(kindCancel, id) }

// Continue makes an event leave its activity, or scope, alone: what follows it runs beside.
func (s Step) Continue() Step { return Step{s.v.set("interrupt", boolValue(false))} }

// Every makes a Timer due again and again.
func (s Step) Every(period string) Step { return s.text("every", period) }

// Cron makes a Timer due whenever a cron expression says.
func (s Step) Cron(cron string) Step { return s.text("cron", cron) }

// Version is the version of the process that a Call runs, from 1; without it, that deployed last.
func (s Step) Version(n int) Step { return Step{s.v.set("version", intValue(int64(n)))} }

// Data adds variables that a message or signal carries. A step has either Data or DataExpr.
func (s Step) Data(names ...string) Step { return s.list("data", stringValues(names)) }

// DataExpr adds a parameter that a message or signal carries: a CEL expression over the variables.
func (s Step) DataExpr(param, cel string) Step { return s.either("data", param, cel) }

// TTL is how long a message that nobody waits for is kept.
func (s Step) TTL(period string) Step { return s.text("ttl", period) }

// Partner names who sends or gets a message, for people.
func (s Step) Partner(name string) Step { return s.text("partner", name) }

// Message makes an End or Throw send a message with a correlation key, which is a CEL expression; "" is the empty key.
func (s Step) Message(name, key string) Step { return s.text("message", name).optional("key", key) }

// Signal makes an End or Throw send a signal.
func (s Step) Signal(name string) Step { return s.text("signal", name) }

// Escalation makes an End or Throw raise an escalation.
func (s Step) Escalation(code string) Step { return s.text("escalation", code) }

// Cancel makes an End cancel the transaction around it.
func (s Step) Cancel() Step { return Step{s.v.set("cancel", boolValue(true))} }

// Compensates makes an End undo activities that were done: those named, or all of the scope.
func (s Step) Compensates(nodes ...string) Step {
	s = Step{s.v.set("compensation", boolValue(true))}
	if len(nodes) > 0 {
		s = s.list("nodes", stringValues(nodes))
	}
	return s
}

// Compensation is the step that undoes an activity.
func (s Step) Compensation(by Step) Step {
	return Step{s.v.set("compensation", stepValues([]Step{by})[0])}
}

// NothingToUndo says that an activity needs no compensation.
func (s Step) NothingToUndo() Step { return s.text("compensation", "none") }

// CannotUndo says that an activity cannot be compensated.
func (s Step) CannotUndo() Step { return s.text("compensation", "impossible") }

// Transaction makes a Sub a transaction; see Cancel.
func (s Step) Transaction() Step { return Step{s.v.set("transaction", boolValue(true))} }

// Events adds event sub-processes to a Sub: what follows them, given with Then, runs within it.
func (s Step) Events(events ...Step) Step { return s.list("events", stepValues(events)) }

// Sequential makes an Each do one element after the other.
func (s Step) Sequential() Step { return s.text("mode", "sequential") }

// Collect is a CEL expression over the variables of one round of an Each, whose value is added to results.
func (s Step) Collect(cel string) Step { return s.text("collect", cel) }

// Until ends an Each early: a CEL expression over the variables, results, done and total.
func (s Step) Until(cel string) Step { return s.text("until", cel) }

// Hit says which rows of a RuleTable count: first, unique or collect.
func (s Step) Hit(policy string) Step { return s.text("hit", policy) }

// Row adds a row to a RuleTable: if the expression is true, variables are set, each to an expression.
func (s Step) Row(when string, set ...Assign) Step {
	return s.list("rows", []*value{mapValue(entry{key: "when", value: stringValue(when)}, entry{key: "set", value: assignments(set)})})
}

// Otherwise is what a RuleTable sets if no row is true.
func (s Step) Otherwise(set ...Assign) Step { return Step{s.v.set("else", assignments(set))} }

// Assign gives a variable the value of a CEL expression.
type Assign struct{ Variable, CEL string }

func assignments(list []Assign) *value {
	m := mapValue()
	for _, a := range list {
		m.fields = append(m.fields, entry{key: a.Variable, value: stringValue(a.CEL)})
	}
	return m
}

// Assignee is a CEL expression for the person who does a user task.
func (s Step) Assignee(cel string) Step { return s.text("assignee", cel) }

// FollowUp sets the period after which a user task should be looked at again.
func (s Step) FollowUp(period string) Step { return s.text("follow-up", period) }

// Priority is a CEL expression, an int: user tasks with higher ones come first.
func (s Step) Priority(cel string) Step { return s.text("priority", cel) }

// Form is a mapping that is passed to who shows a user task, as VarDefault takes it.
func (s Step) Form(form any) Step { return s.literal("form", form) }

// Require is what a service task requires of its provider: price, latency, reliability and reputation (numbers), labels
// and weights.
func (s Step) Require(requirement any) Step { return s.literal("require", requirement) }

func (s Step) literal(key string, x any) Step {
	w, err := goValue(x)
	if err != nil {
		w = &value{} // refused: it is no mapping
	}
	return Step{s.v.set(key, w)}
}
