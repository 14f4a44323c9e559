package schema

import "pgregory.net/rapid"

// compensation is a step without what a compensation cannot have.
func (w *sourceWriter) compensation() *value {
	before := w.undoable
	s := w.stepOf([]kind{kindUser, kindService, kindManual}, 0)
	w.undoable = before
	bare := mapValue()
	for _, e := range s.fields {
		if e.key != "boundary" && e.key != "compensation" && e.key != "next" {
			bare.fields = append(bare.fields, e)
		}
	}
	return bare
}

// handlers are events of different codes.
func (w *sourceWriter) handlers(depth int) *value {
	list := w.list(func() *value {
		return w.event(of(kindTimer, kindMessage, kindSignal, kindCondition), depth, roleHandler)
	}, 0, 2)
	for _, k := range []kind{kindError, kindEscalation} {
		if w.pick("thrown", 40) {
			list.items = append(list.items, w.event(of(k), depth, roleHandler))
		}
	}
	return list
}

func (w *sourceWriter) assignments() *value {
	return mapValue(entry{key: w.vars[0], value: w.word()})
}

// personal adds what user steps have that no engine runs yet.
func (w *sourceWriter) personal(v *value) {
	w.maybe(v, 20, "assignee", w.word)
	w.maybe(v, 20, "priority", w.word)
	w.maybe(v, 20, "follow-up", w.period)
	w.maybe(v, 20, "form", func() *value { return mapValue(entry{key: "key", value: w.literal(2)}) })
}

// thrown adds what a throw or an end throws or sends.
func (w *sourceWriter) thrown(v *value, what string) {
	if what == "" {
		return
	}
	v.fields = append(v.fields, entry{key: what, value: w.word()})
	switch what {
	case "message":
		w.sends(v)
	case "signal":
		w.maybe(v, 50, "data", out2(w))
	}
}

// undoes adds the names of activities that have a compensation.
func (w *sourceWriter) undoes(v *value) {
	if len(w.undoable) > 0 {
		w.maybe(v, 50, "nodes", func() *value { return listValue(stringValue(w.undoable[0])) })
	}
}

// sends adds what a message carries.
func (w *sourceWriter) sends(v *value) {
	w.maybe(v, 50, "key", w.word)
	w.maybe(v, 50, "data", out2(w))
	w.maybe(v, 30, "ttl", w.period)
	w.maybe(v, 30, "partner", w.word)
}

// waits adds what a wait waits for.
func (w *sourceWriter) waits(v *value, out func() *value) {
	add := func(key string, w *value) { v.fields = append(v.fields, entry{key: key, value: w}) }
	switch rapid.IntRange(0, 5).Draw(w.t, "wait") {
	case 0:
		add("for", w.period())
	case 1:
		add("until", w.word())
	case 2:
		add("message", w.word())
		w.maybe(v, 50, "key", w.word)
		w.maybe(v, 50, "out", out)
		w.maybe(v, 30, "partner", w.word)
	case 3:
		add("signal", w.word())
		w.maybe(v, 50, "out", out)
	case 4:
		add("condition", w.word())
	case 5:
		add("cron", stringValue("0 9 * * 1-5"))
	}
}

func out2(w *sourceWriter) func() *value {
	return func() *value {
		if w.pick("map", 50) {
			return w.expressions()
		}
		return w.names("")
	}
}

func (w *sourceWriter) event(allowed kinds, depth int, as role) *value {
	var kinds []kind
	for k := kindPlain; k <= kindCancel; k++ {
		if allowed.has(k) {
			kinds = append(kinds, k)
		}
	}
	k := rapid.SampledFrom(kinds).Draw(w.t, "event")
	v := mapValue(entry{key: k.String(), value: stringValue(w.id())})
	add := func(key string, w *value) { v.fields = append(v.fields, entry{key: key, value: w}) }
	beside := as == roleHandler && k != kindError && w.pick("beside", 40)
	switch k {
	case kindTimer:
		switch rapid.IntRange(0, 3).Draw(w.t, "timer") {
		case 0:
			add("after", w.period())
		case 1:
			add("at", w.word())
		case 2:
			add("cron", stringValue("@daily"))
		case 3:
			if beside || as == roleStart || as == roleRace {
				add("every", w.period())
			} else {
				add("after", w.period())
			}
		}
	case kindMessage:
		w.maybe(v, 50, "name", w.word)
		w.maybe(v, 50, "key", w.word)
		w.maybe(v, 30, "partner", w.word)
		w.maybe(v, 50, "out", w.expressions)
	case kindSignal:
		w.maybe(v, 50, "name", w.word)
		w.maybe(v, 50, "out", w.expressions)
	case kindError, kindEscalation:
		w.maybe(v, 50, "code", w.word)
	case kindCondition:
		add("when", w.word())
	case kindPlain:
		add("do", listValue(w.stepOf([]kind{kindUser}, 0))) // else it is a second one like another
		return v
	}
	if beside {
		add("interrupt", boolValue(false))
	} else {
		w.maybe(v, 20, "interrupt", func() *value { return boolValue(true) })
	}
	if depth > 0 {
		w.maybe(v, 50, "do", func() *value { return w.list(func() *value { return w.step(depth - 1) }, 0, 2) })
	}
	return v
}
