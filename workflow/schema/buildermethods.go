package schema

// Title sets the title.
func (s Step) Title(t string) Step { return s.text("title", t) }

// Doc sets the description.
func (s Step) Doc(t string) Step { return s.text("doc", t) }

// Was says the id of the step in earlier versions.
func (s Step) Was(oldID string) Step { return s.text("was", oldID) }

// Next makes the step jump to another instead of going on.
func (s Step) Next(step string) Step { return s.text("next", step) }

// In adds variables that the task is given. A task has either In or InExpr.
func (s Step) In(names ...string) Step { return s.list("in", stringValues(names)) }

// InExpr adds a parameter that the task is given: a CEL expression over the variables.
func (s Step) InExpr(param, cel string) Step { return s.either("in", param, cel) }

// Out adds variables that the result of the task has; "v?" may be absent. A step has either Out or OutExpr.
func (s Step) Out(names ...string) Step { return s.list("out", stringValues(names)) }

// OutExpr adds a variable that the step writes: a CEL expression over the variables and result, or message.
func (s Step) OutExpr(variable, cel string) Step { return s.either("out", variable, cel) }

// either adds name: expression to a mapping. Where there is a list already both are kept, for the reader to refuse.
func (s Step) either(key, name, cel string) Step {
	entry := mapValue(entry{key: name, value: stringValue(cel)})
	if m := s.v.get(key); m != nil && m.shape == shapeList {
		return s.list(key, []*value{entry})
	}
	return s.pair(key, name, entry.fields[0].value)
}

// Set makes a script write a literal, as VarDefault takes it.
func (s Step) Set(variable string, v any) Step {
	w, err := goValue(v)
	if err != nil {
		w = &value{} // refused as "no value"
	}
	return s.pair("set", variable, w)
}

// Groups adds candidate groups of a user task.
func (s Step) Groups(groups ...string) Step { return s.list("groups", stringValues(groups)) }

// Due sets the period within which a user task should be done.
func (s Step) Due(period string) Step { return s.text("due", period) }

// SeparateFrom names user tasks whose last completer may not do this one.
func (s Step) SeparateFrom(steps ...string) Step { return s.list("separate-from", stringValues(steps)) }

// Handler sets the registered kind that serves a service task; without it, that is the step's id.
func (s Step) Handler(kind string) Step { return s.text("handler", kind) }

// Retry sets the retry policy of a service task.
func (s Step) Retry(r Retry) Step { return Step{s.v.set("retry", retryValue(r))} }

// NoRetry gives a service task one attempt; a crash while it runs is an incident.
func (s Step) NoRetry() Step { return s.text("retry", "never") }

// Timeout bounds one attempt of a service task.
func (s Step) Timeout(period string) Step { return s.text("timeout", period) }

// After makes a Timer due a period after its activity, or race, began.
func (s Step) After(period string) Step { return s.text("after", period) }

// At makes a Timer due at an instant, which is a CEL expression.
func (s Step) At(cel string) Step { return s.text("at", cel) }

// Then adds steps that follow an event: Timer, OnMessage, OnError.
func (s Step) Then(steps ...Step) Step { return s.list("do", stepValues(steps)) }

// Boundary adds events of the activity, which interrupt it; see Continue.
func (s Step) Boundary(events ...Step) Step { return s.list("boundary", stepValues(events)) }

// Terminate makes an End cancel everything else in its scope.
func (s Step) Terminate() Step { return Step{s.v.set("terminate", boolValue(true))} }

// Error makes an End or Throw raise an error, which an event around it catches.
func (s Step) Error(code string) Step { return s.text("error", code) }

// Variables declares variables of a Sub or Each. Only name, type, default, secret and was count.
func (s Step) Variables(vars ...Variable) Step {
	for _, d := range vars {
		s = s.pair("vars", d.Name, variableValue(d, func(string, string, string) {}))
	}
	return s
}
