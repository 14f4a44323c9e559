package schema

import "fmt"

// Runs says what of the process no engine can run yet: one Fatal finding an element, "schema/not-run-yet", with what to
// use meanwhile. Such a process is compiled and verified like any other, but Schemas refuses it, and so nobody can
// deploy it. The slice is the caller's; nil means that all of it runs.
func (p *Process) Runs() []Finding {
	var list []Finding
	for _, s := range p.all {
		for _, l := range s.lacks() {
			list = append(list, p.source.finding(Fatal, "schema/not-run-yet", s.id.at, s.id.s, l.advice, fmt.Sprintf("%s %q cannot be run yet", l.what, s.id.s)))
		}
	}
	return list
}

// A lack is something about a step that no engine runs yet.
type lack struct{ what, advice string }

// kindLacks are the kinds that no engine runs yet.
var kindLacks = [len(kindKeys)]string{
	kindRules:      `use "script" with conditional expressions, or "choose"`,
	kindSend:       `use "service" with a handler that sends`,
	kindManual:     `use "user"`,
	kindCall:       `use "subprocess" with the steps of the other process, or a "service" that starts it`,
	kindEach:       `use "repeat" over an index, or a "service" that handles the whole list`,
	kindThrow:      `use "end" with "error" in a subprocess, or a "service" that sends`,
	kindCompensate: `use a "service" that undoes the work`,
	kindSignal:     `use "message"`,
	kindEscalation: `use "error"`,
	kindCondition:  `test it in a "repeat" with a "wait"`,
	kindCancel:     `use "error"`,
}

// lacks lists what of a step no engine runs yet.
func (s *step) lacks() []lack {
	var list []lack
	add := func(is bool, what, advice string) {
		if is {
			list = append(list, lack{what, advice})
		}
	}
	key := func(name string) string { return fmt.Sprintf("%q of %s", name, s.kind) }
	switch {
	case s.role == roleStart:
		add(true, "the start", "start instances from the program, or begin with a receive step")
	case s.role == roleHandler:
		add(true, "the event sub-process", `put the steps into a "subprocess" with "boundary" events`)
	case s.beside:
		add(true, "without interrupting, the event", "put the other work into a parallel branch")
	case kindLacks[s.kind] != "":
		add(true, "the "+s.kind.String(), kindLacks[s.kind])
	}
	add(s.kind == kindWait && s.signal.given(), key("signal"), `use "message"`)
	add(s.kind == kindWait && s.condition.given(), key("condition"), `test it in a "repeat" with a "wait"`)
	add(s.cron.given(), key("cron"), `use a period, or "until" or "at" with an expression`)
	add(s.every.given(), key("every"), `use "repeat" with a "wait"`)
	if s.kind == kindEnd {
		add(s.escalation.given(), key("escalation"), `use "error"`)
		add(s.message.given(), key("message"), `put a "service" that sends before a plain "end"`)
		add(s.signal.given(), key("signal"), `put a "service" that sends before a plain "end"`)
		add(s.compensates, key("compensation"), `put a "service" that undoes the work before a plain "end"`)
		add(s.cancels, key("cancel"), `use "error"`)
	}
	add(s.transaction, key("transaction"), "undo the work in steps that follow an error")
	add(s.undo != nil && s.undo.step != nil, key("compensation"), "undo the work in steps that follow an error")
	add(s.kind == kindScript && len(s.bounds) > 0, key("boundary"), "leave it out: a script computes at once")
	add(s.assignee.given(), key("assignee"), `use "groups"`)
	add(s.followUp.given(), key("follow-up"), `use "due"`)
	add(s.priority.given(), key("priority"), "leave it out")
	add(s.form.given(), key("form"), "keep forms in the program that shows them, by the id of the step")
	add(s.require.given(), key("require"), "choose the provider in the handler")
	return list
}
