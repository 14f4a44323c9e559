package schema

import "regexp"

// This file checks what events have to do with what they stand in: a boundary, an event sub-process, a start, a race.

// belongs checks that keys are there only beside one of others.
func (r *reader) belongs(v *value, node, what, purpose string, keys []string, beside ...string) {
	for _, key := range beside {
		if v.get(key) != nil {
			return
		}
	}
	for _, key := range keys {
		if v.get(key) != nil {
			r.fatal("schema/pointless", v.keyMark(key), node, "give it "+either(beside)+" too, or leave it out", "%q belongs to %s %s", key, what, purpose)
		}
	}
}

// either is `"a" or "b"`.
func either(words []string) string {
	out := ""
	for i, w := range words {
		if i > 0 {
			out += " or "
		}
		out += `"` + w + `"`
	}
	return out
}

// sent checks the keys of what an end or a throw sends.
func (r *reader) sent(v *value, node, what string) {
	r.belongs(v, node, what, "that sends a message", []string{"key", "ttl", "partner"}, "message")
	r.belongs(v, node, what, "that sends a message or a signal", []string{"data"}, "message", "signal")
}

// end checks that an end does one thing.
func (r *reader) end(s *step, v *value) {
	node, first := s.id.s, ""
	does := map[string]bool{
		"terminate": s.kill, "error": s.code.given(), "escalation": s.escalation.given(), "message": s.message.given(),
		"signal": s.signal.given(), "compensation": s.compensates, "cancel": s.cancels,
	}
	for _, key := range []string{"terminate", "error", "escalation", "message", "signal", "compensation", "cancel"} {
		switch {
		case !does[key]:
		case key == "error" && first == "terminate":
			r.fatal("schema/pointless", v.keyMark(first), node, "", "an end either terminates or raises an error")
		case first != "":
			r.fatal("schema/either", v.keyMark(key), node, "remove one of the two", "%q excludes %q", key, first)
		default:
			first = key
		}
	}
	r.sent(v, node, "an end")
	r.belongs(v, node, "an end", "that compensates", []string{"nodes"}, "compensation")
}

// boundary checks the boundary events of a step.
func (r *reader) boundary(s *step) {
	for _, e := range s.bounds {
		if e.kind == kindCancel && !s.transaction {
			r.fatal("schema/cancel", e.id.at, e.id.s, "give it transaction: true, or use an error event", "%q is no transaction and cannot be cancelled", s.id.s)
		}
	}
	r.besides(s.bounds)
}

// besides checks that nothing follows events that do not interrupt: they have their do, and what they interrupted goes on.
func (r *reader) besides(events []*step) {
	for _, e := range events {
		if e.beside && of(kindError, kindCancel).has(e.kind) {
			r.fatal("schema/pointless", e.id.at, e.id.s, "leave interrupt out", "%s always interrupts", article(e.kind))
			e.beside = false
		}
		if e.beside && e.next.given() {
			r.fatal("schema/pointless", e.next.at, e.id.s, "put the steps into its do", "an event that does not interrupt leads nowhere else: there is no token to go on with")
		}
		if !e.beside && e.every.given() {
			r.fatal("schema/pointless", e.every.at, e.id.s, "use after, or interrupt: false", "the activity is interrupted the first time")
		}
	}
}

// handlers checks event sub-processes.
func (r *reader) handlers(events []*step) {
	r.caught(events)
	for _, e := range events {
		if !e.beside && e.next.given() {
			r.fatal("schema/pointless", e.next.at, e.id.s, "put the steps into its do", "what encloses the event ends with it: nothing can follow")
		}
	}
	r.besides(events)
}

// begins checks the starts of a process.
func (r *reader) begins(events []*step) {
	r.oneOccurrence(events, "a start")
	plain := false
	for _, e := range events {
		if e.kind == kindPlain && !e.next.given() && len(e.body) == 0 && plain {
			r.fatal("schema/twice", e.id.at, e.id.s, "remove one, or lead it elsewhere with next", "two plain starts begin at the same step")
		}
		plain = plain || e.kind == kindPlain && !e.next.given() && len(e.body) == 0
	}
}

// oneOccurrence checks events that cannot but take the place of what waits.
func (r *reader) oneOccurrence(events []*step, what string) {
	for _, e := range events {
		if e.beside {
			r.fatal("schema/pointless", e.id.at, e.id.s, "leave interrupt out", "%s interrupts nothing", what)
			e.beside = false
		}
	}
}

// caught checks that no two events catch the same errors or escalations, or the same cancellation.
func (r *reader) caught(events []*step) {
	seen := map[kind]map[string]string{kindError: {}, kindEscalation: {}, kindCancel: {}}
	for _, e := range events {
		codes, what := seen[e.kind], "errors"
		if codes == nil {
			continue
		}
		code, hint := e.code.s, "give them different codes"
		switch e.kind {
		case kindEscalation:
			code, what = e.escalation.s, "escalations"
		case kindCancel:
			what, hint = "cancellation", "remove one of the two"
		}
		if other, twice := codes[code]; twice {
			r.fatal("schema/twice", e.id.at, e.id.s, hint, "%q catches the same %s", other, what)
		}
		codes[code] = e.id.s
	}
}

var cronForm = regexp.MustCompile(`^[0-9A-Za-z*?/,#-]+([ \t]+[0-9A-Za-z*?/,#-]+){4,6}$|^@[a-z]+$`)

// cron reads a cron expression: five fields from the minute on, or six or seven with the second and the year, or a word
// like @daily. Whether its numbers are in range is for the clock that runs it.
func (r *reader) cron(v *value, into *text, key, node string) {
	var t text
	r.text(v, &t, key, node)
	if !t.given() {
		return
	}
	if !cronForm.MatchString(t.s) {
		r.fatal("schema/cron", t.at, node, `five fields: minute, hour, day, month, weekday, as in "0 9 * * 1-5"`, "%q is no cron expression", clip(t.s))
		return
	}
	*into = t
}
