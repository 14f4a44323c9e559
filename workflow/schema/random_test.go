package schema

import (
	"fmt"
	"strings"
	"unicode"

	"pgregory.net/rapid"
)

// A sourceWriter makes random sources of correct structure that use every key of the table. Their expressions are any
// text, so they can be read, resolved and printed, but not compiled.
type sourceWriter struct {
	t    *rapid.T
	ids  int
	vars []string

	undoable []string // ids of activities with a compensation
}

func (w *sourceWriter) pick(name string, percent int) bool {
	return rapid.IntRange(1, 100).Draw(w.t, name) <= percent
}

func (w *sourceWriter) id() string {
	w.ids++
	return fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"a", "Step_", "x.y-", "no", "_", "true"}).Draw(w.t, "id"), w.ids)
}

var nasty = []string{
	"x", "true", "null", "~", "12", "1e3", "0x1F", "- a", "a: b", "a #b", "#", "!x", "&x", "*x", "[a]", "{a: b}", "'", `"`, `\`, "a\nb", "a\n\n  b\nc",
	"|", ">", "%", "@", "`", "é😀", "\u2028", "a\tb", "2020-01-01", "=", "<<", "a, b", "a?", "yes", "...", "---", "P1D", "\u00a0x", "?", "x:", `a == "b" && !c`, "a ? b : c",
}

// word is any text that is not empty and has no control characters: what the reader accepts for a text or expression.
func (w *sourceWriter) word() *value {
	s := rapid.OneOf(rapid.SampledFrom(nasty), rapid.StringN(1, 12, -1)).Draw(w.t, "text")
	s = strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && (c < ' ' || c == 0x7f || c == unicode.ReplacementChar) {
			return 'x'
		}
		return c
	}, s)
	if strings.TrimSpace(s) == "" {
		s = "x"
	}
	return stringValue(s)
}

func (w *sourceWriter) names(suffix string) *value {
	list := listValue()
	for _, name := range w.vars {
		if w.pick("has", 50) {
			if suffix != "" && w.pick("optional", 30) {
				name += suffix
			}
			list.items = append(list.items, stringValue(name))
		}
	}
	return list
}

func (w *sourceWriter) expressions() *value {
	m := mapValue()
	for _, name := range w.vars {
		if w.pick("has", 50) {
			m.fields = append(m.fields, entry{key: name, value: w.word()})
		}
	}
	return m
}

func (w *sourceWriter) period() *value {
	return stringValue(rapid.SampledFrom([]string{"P1Y2M3DT4H5M6S", "PT90M", "P2W", "P5D working", "PT1S"}).Draw(w.t, "period"))
}

func (w *sourceWriter) literal(depth int) *value {
	switch rapid.IntRange(0, 6).Draw(w.t, "literal") {
	case 0:
		return boolValue(w.pick("bool", 50))
	case 1:
		return intValue(rapid.Int64().Draw(w.t, "int"))
	case 2:
		return doubleValue(rapid.Float64().Draw(w.t, "double"))
	case 3:
		if depth > 0 {
			list := listValue()
			for range rapid.IntRange(0, 3).Draw(w.t, "items") {
				list.items = append(list.items, w.literal(depth-1))
			}
			return list
		}
	case 4:
		if depth > 0 {
			m := mapValue()
			for i := range rapid.IntRange(0, 3).Draw(w.t, "fields") {
				m.fields = append(m.fields, entry{key: fmt.Sprint(w.word().text, i), value: w.literal(depth - 1)})
			}
			return m
		}
	}
	return w.word()
}

// maybe adds a key with the given chance in percent.
func (w *sourceWriter) maybe(v *value, percent int, key string, make func() *value) {
	if w.pick(key, percent) {
		v.fields = append(v.fields, entry{key: key, value: make()})
	}
}

func (w *sourceWriter) list(make func() *value, from, to int) *value {
	list := listValue()
	for range rapid.IntRange(from, to).Draw(w.t, "count") {
		list.items = append(list.items, make())
	}
	return list
}

func (w *sourceWriter) retry() *value {
	if w.pick("never", 30) {
		return stringValue("never")
	}
	v := mapValue()
	w.maybe(v, 50, "max", func() *value { return intValue(5) })
	w.maybe(v, 50, "first", func() *value { return stringValue("PT90S") })
	w.maybe(v, 50, "factor", func() *value { return doubleValue(1.5) })
	w.maybe(v, 50, "limit", func() *value { return stringValue("P1D") })
	return v
}

func (w *sourceWriter) declarations() *value {
	m := mapValue()
	for _, name := range w.vars {
		d := mapValue(entry{key: "type", value: stringValue(rapid.SampledFrom([]string{"int", "list(string)", "map(string, R)", "dyn", "R"}).Draw(w.t, "type"))})
		w.maybe(d, 30, "default", func() *value { return w.literal(2) })
		w.maybe(d, 30, "index", func() *value { return boolValue(w.pick("index", 50)) })
		w.maybe(d, 30, "secret", func() *value { return boolValue(w.pick("secret", 50)) })
		w.maybe(d, 30, "from", w.word)
		w.maybe(d, 30, "was", func() *value { return stringValue("old_" + name) })
		m.fields = append(m.fields, entry{key: name, value: d})
	}
	return m
}

func (w *sourceWriter) process() *value {
	for i := range rapid.IntRange(1, 4).Draw(w.t, "variables") {
		w.vars = append(w.vars, fmt.Sprintf("v%d", i))
	}
	v := mapValue(entry{key: "process", value: stringValue("p")})
	w.maybe(v, 50, "title", w.word)
	w.maybe(v, 50, "doc", w.word)
	w.maybe(v, 50, "in", func() *value { return w.names("") })
	w.maybe(v, 50, "out", func() *value { return w.names("") })
	v.fields = append(v.fields, entry{key: "types", value: mapValue(entry{key: "R", value: mapValue(entry{key: "f", value: stringValue("int")})})},
		entry{key: "vars", value: w.declarations()})
	w.maybe(v, 50, "defaults", func() *value {
		d := mapValue()
		w.maybe(d, 50, "retry", w.retry)
		w.maybe(d, 50, "timeout", w.period)
		return d
	})
	w.maybe(v, 30, "start", func() *value {
		return w.list(func() *value { return w.event(startKinds, 2, roleStart) }, 1, 3)
	})
	steps := w.list(func() *value { return w.step(3) }, 0, 5)
	v.fields = append(v.fields, entry{key: "steps", value: steps})
	w.maybe(v, 30, "events", func() *value { return w.handlers(2) })
	if len(steps.items) > 1 {
		w.maybe(v, 50, "rules", func() *value {
			return w.rules(steps.items[0].fields[0].value.text, steps.items[1].fields[0].value.text)
		})
	}
	return v
}

// rules are rules over two steps.
func (w *sourceWriter) rules(a, b string) *value {
	n := 0
	return w.list(func() *value {
		n++
		v := mapValue(entry{key: "rule", value: stringValue(fmt.Sprintf("r%d", n))})
		w.maybe(v, 50, "doc", w.word)
		if w.pick("declare", 50) {
			v = v.set("declare", stringValue(fmt.Sprintf(" not-succession( %s,%s )", a, b)))
		} else {
			v = v.set("ltlf", stringValue(fmt.Sprintf("G(%s -> F !%s) | *.started", a, b)))
		}
		w.maybe(v, 50, "on", func() *value { return stringValue(rapid.SampledFrom([]string{"refuse", "flag"}).Draw(w.t, "on")) })
		return v
	}, 1, 3)
}

func (w *sourceWriter) step(depth int) *value {
	kinds := []kind{kindUser, kindService, kindScript, kindReceive, kindWait, kindRules, kindSend, kindManual, kindCall, kindThrow, kindCompensate, kindEnd}
	if depth > 0 {
		kinds = append(kinds, kindChoose, kindSome, kindRace, kindParallel, kindRepeat, kindSubprocess, kindGateway, kindEach)
	}
	return w.stepOf(kinds, depth)
}

func (w *sourceWriter) stepOf(kinds []kind, depth int) *value {
	k := rapid.SampledFrom(kinds).Draw(w.t, "kind")
	v := mapValue(entry{key: k.String(), value: stringValue(w.id())})
	add := func(key string, w *value) { v.fields = append(v.fields, entry{key: key, value: w}) }
	steps := func() *value { return w.list(func() *value { return w.step(depth - 1) }, 0, 2) }
	some := func() *value { return w.list(func() *value { return w.step(depth - 1) }, 1, 3) }
	w.maybe(v, 20, "title", w.word)
	w.maybe(v, 20, "doc", w.word)
	w.maybe(v, 20, "was", func() *value { return stringValue("old-" + w.id()) })
	out := func() *value {
		if w.pick("map", 50) {
			return w.expressions()
		}
		return w.names("?")
	}
	switch k {
	case kindUser:
		w.maybe(v, 30, "groups", func() *value { return listValue(stringValue("g 1"), stringValue("-")) })
		w.maybe(v, 30, "due", w.period)
		w.maybe(v, 50, "in", out2(w))
		w.maybe(v, 50, "out", out)
		w.personal(v)
	case kindService:
		w.maybe(v, 30, "handler", w.word)
		w.maybe(v, 30, "timeout", w.period)
		w.maybe(v, 50, "retry", w.retry)
		w.maybe(v, 50, "in", out2(w))
		w.maybe(v, 50, "out", out)
		w.maybe(v, 20, "require", func() *value {
			return mapValue(entry{key: "labels", value: listValue(w.word())}, entry{key: "price", value: doubleValue(1.5)})
		})
	case kindScript:
		add("set", mapValue(entry{key: w.vars[0], value: w.literal(2)}))
		if len(w.vars) > 1 {
			add("out", mapValue(entry{key: w.vars[1], value: w.word()}))
		}
	case kindReceive:
		add("message", w.word())
		w.maybe(v, 50, "key", w.word)
		w.maybe(v, 50, "out", out)
		w.maybe(v, 50, "partner", w.word)
	case kindWait:
		w.waits(v, out)
	case kindRules:
		w.maybe(v, 60, "hit", func() *value {
			return stringValue(rapid.SampledFrom([]string{"first", "unique", "collect"}).Draw(w.t, "hit"))
		})
		add("rows", w.list(func() *value {
			return mapValue(entry{key: "when", value: w.word()}, entry{key: "set", value: w.assignments()})
		}, 1, 3))
		w.maybe(v, 50, "else", w.assignments)
	case kindSend:
		add("message", w.word())
		w.sends(v)
	case kindManual:
	case kindCall:
		add("process", stringValue("other"))
		w.maybe(v, 50, "version", func() *value { return intValue(3) })
		w.maybe(v, 50, "in", out2(w))
		w.maybe(v, 50, "out", out)
	case kindThrow:
		w.thrown(v, rapid.SampledFrom([]string{"message", "signal", "escalation", "error"}).Draw(w.t, "throw"))
	case kindEnd:
		what := rapid.SampledFrom([]string{"", "message", "signal", "escalation", "error", "terminate", "compensation"}).Draw(w.t, "end")
		switch what {
		case "terminate":
			add(what, boolValue(true))
		case "compensation":
			add(what, boolValue(true))
			w.undoes(v)
		default:
			w.thrown(v, what)
		}
	case kindCompensate:
		w.undoes(v)
	case kindEach:
		add("of", w.word())
		add("as", stringValue("element"))
		w.maybe(v, 50, "mode", func() *value {
			return stringValue(rapid.SampledFrom([]string{"parallel", "sequential"}).Draw(w.t, "mode"))
		})
		w.maybe(v, 50, "until", w.word)
		w.maybe(v, 50, "collect", w.word)
		w.maybe(v, 50, "out", w.expressions)
		add("vars", mapValue(entry{key: "local", value: stringValue("int")}))
		outside := w.vars
		w.vars = []string{"local"}
		add("do", some())
		w.vars = outside
	case kindChoose, kindSome:
		cases := listValue()
		for i := range rapid.IntRange(1, 3).Draw(w.t, "cases") {
			c := mapValue(entry{key: "when", value: stringValue(fmt.Sprint(w.word().text, i))})
			w.maybe(c, 30, "id", func() *value { return stringValue(w.id()) })
			w.maybe(c, 70, "do", steps)
			cases.items = append(cases.items, c)
		}
		c := mapValue(entry{key: "else", value: steps()})
		w.maybe(c, 30, "id", func() *value { return stringValue(w.id()) })
		cases.items = append(cases.items, c)
		add("cases", cases)
	case kindRace:
		add("cases", w.list(func() *value { return w.event(raceKinds, depth, roleRace) }, 1, 3))
	case kindParallel:
		add("branches", w.list(func() *value {
			if w.pick("bare", 40) {
				return w.step(depth - 1)
			}
			b := mapValue(entry{key: "do", value: steps()})
			w.maybe(b, 30, "id", func() *value { return stringValue(w.id()) })
			return b
		}, 2, 3))
	case kindRepeat:
		add("do", some())
		add(rapid.SampledFrom([]string{"until", "while"}).Draw(w.t, "test"), w.word())
	case kindSubprocess:
		w.maybe(v, 40, "vars", func() *value { return mapValue(entry{key: "local", value: stringValue("int")}) })
		add("do", some())
		w.maybe(v, 40, "events", func() *value { return w.handlers(depth) })
		w.maybe(v, 30, "transaction", func() *value { return boolValue(w.pick("transaction", 70)) })
	case kindGateway:
		add("kind", stringValue(rapid.SampledFrom([]string{"exclusive", "parallel", "inclusive"}).Draw(w.t, "gateway")))
		if self := v.fields[0].value.text; v.get("kind").text == "exclusive" && w.pick("flows", 50) {
			add("flows", listValue(
				mapValue(entry{key: "when", value: w.word()}, entry{key: "next", value: stringValue(self)}),
				mapValue(entry{key: "else", value: boolValue(true)}, entry{key: "id", value: stringValue(w.id())}, entry{key: "next", value: stringValue(self)})))
		}
	}
	if hostKinds.has(k) && w.pick("boundary", 30) {
		list := w.handlers(depth)
		if t := v.get("transaction"); t != nil && t.number == true {
			list.items = append(list.items, w.event(of(kindCancel), depth, roleBoundary))
			end := mapValue(entry{key: "end", value: stringValue(w.id())}, entry{key: "cancel", value: boolValue(true)})
			*v = *v.appendTo("do", end)
		}
		add("boundary", list)
	}
	if k != kindEnd && v.get("error") == nil && v.get("flows") == nil {
		w.maybe(v, 5, "next", func() *value { return v.fields[0].value })
	}
	if hostKinds.has(k) && w.pick("compensation", 20) {
		switch rapid.IntRange(0, 2).Draw(w.t, "undo") {
		case 0:
			add("compensation", stringValue("none"))
		case 1:
			add("compensation", stringValue("impossible"))
		case 2:
			add("compensation", w.compensation())
			w.undoable = append(w.undoable, v.fields[0].value.text)
		}
	}
	return v
}
