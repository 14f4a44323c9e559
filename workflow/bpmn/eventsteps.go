package bpmn

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file makes steps of events. Of an event with several definitions each becomes a step "<id>.event1", "<id>.event2"
// and so on: a race of them where it catches, all in turn where it throws.

// numbered is the number that follows an id that the import makes, for the i-th from 0.
func numbered(i int) string { return strconv.Itoa(i + 1) }

func eventID(n *node, i int) string { return n.id + ".event" + numbered(i) }

// on is the event that a definition waits for, at a boundary, at a start or of an event sub-process; of catches says
// whether it may occur more than once.
func (g *graph) on(n *node, d *element, id string) schema.Step {
	var s schema.Step
	again := n.role == start || !n.interrupts()
	switch kindOf(d) {
	case "timer":
		s = g.timer(d, n.id, again).event(schema.Timer(id))
	case "message":
		name, key := g.message(n, d)
		s = g.partner(n, schema.OnMessage(id, name, key))
	case "signal":
		s = schema.OnSignal(id, g.signal(n, d))
	case "conditional":
		s = schema.OnCondition(id, g.until(n, d))
	case "error":
		s = schema.OnError(id, g.code(d, "errorRef", "errorCode"))
	case "escalation":
		s = schema.OnEscalation(id, g.code(d, "escalationRef", "escalationCode"))
	case "cancel":
		s = schema.OnCancel(id)
	default:
		g.fatal(d, "bpmn/not-yet", "undo in steps that follow an error", "%s with %s is not supported here", named(n.element), d.name)
		s = schema.OnCondition(id, "true")
	}
	return s
}

// wait is the step that waits for what a definition says.
func (g *graph) wait(n *node, d *element, id string) schema.Step {
	switch kindOf(d) {
	case "timer":
		return g.timer(d, n.id, false).wait(id)
	case "signal":
		return schema.WaitSignal(id, g.signal(n, d))
	case "conditional":
		return schema.WaitCondition(id, g.until(n, d))
	default:
		name, key := g.message(n, d)
		return g.partner(n, schema.WaitMessage(id, name, key))
	}
}

// thrown is the step that throws what a definition says, on the way or, with ends, at an end.
func (g *graph) thrown(n *node, d *element, id string, ends bool) schema.Step {
	s := schema.Throw(id)
	if ends {
		s = schema.End(id)
	}
	switch kindOf(d) {
	case "message":
		name, key := g.message(n, d)
		return g.partner(n, s.Message(name, key))
	case "signal":
		return s.Signal(g.signal(n, d))
	case "escalation":
		return s.Escalation(cmp.Or(g.code(d, "escalationRef", "escalationCode"), n.id))
	case "error":
		return g.raised(n, d, s, ends)
	case "compensate":
		nodes := g.undone(d)
		if nodes == nil && strings.TrimSpace(d.attr("activityRef")) != "" {
			if ends {
				return s
			}
			return schema.Gateway(id, schema.ExclusiveGateway)
		}
		if ends {
			return s.Compensates(nodes...)
		}
		return schema.Compensate(id, nodes...)
	case "cancel":
		return s.Cancel()
	case "terminate":
		return s.Terminate()
	}
	return s
}

// raised is the end that raises an error. One that nothing catches ends the process (BPMN 2.0.2, 10.5.6): as a terminate
// end event, if it does not lie in a sub-process. What an event sub-process raises, none of its scope catches.
func (g *graph) raised(n *node, d *element, s schema.Step, ends bool) schema.Step {
	code := cmp.Or(g.code(d, "errorRef", "errorCode"), n.id)
	catches := func(list []*node) bool {
		return slices.ContainsFunc(list, func(b *node) bool {
			return slices.ContainsFunc(b.events, func(c *element) bool {
				caught := g.code(c, "errorRef", "errorCode")
				return kindOf(c) == "error" && (caught == "" || caught == code)
			})
		})
	}
	depth, fromHandler := 0, false
	for e := n.parent; e != nil && e.name != "process"; e = e.parent {
		host := g.known[e.attr("id")]
		if host == nil {
			break
		}
		if !fromHandler && g.handled(host.inner, catches) || catches(host.bounds) {
			return s.Error(code)
		}
		if fromHandler = host.isHandler(); !fromHandler || !host.replaces() {
			depth++
		}
	}
	if !fromHandler && g.handled(g.top, catches) {
		return s.Error(code)
	}
	if depth > 0 {
		g.unsettled(n.element, "open/error", "catch it with a boundary event of the sub-process", "nothing catches the error %q of %s; it would end the process, and now only ends the sub-process", code, named(n.element))
	} else {
		g.warn(n.element, "bpmn/error", "use a terminate end event", "nothing catches the error %q of %s, which ends the process", code, named(n.element))
	}
	if !ends {
		return s.Escalation(code)
	}
	return s.Terminate()
}

// replaces reports whether an event sub-process ends what runs in its scope when it begins.
func (n *node) replaces() bool {
	return len(n.inner.starts) == 1 && (n.inner.starts[0].interrupts() || n.inner.starts[0].alone("error") != nil)
}

// handled reports whether an event sub-process of a scope catches.
func (g *graph) handled(s *scope, catches func([]*node) bool) bool {
	return s != nil && slices.ContainsFunc(s.handlers, func(h *node) bool { return catches(h.inner.starts) })
}

// message is the name of the message of an event or task, and its correlation key in CEL.
func (g *graph) message(n *node, d *element) (name, key string) {
	ref := d.attr("messageRef")
	m := g.byRef(g.messages, ref)
	if m != nil {
		name = g.nameOf(n, m)
		key = g.correlation(n, m)
	}
	return cmp.Or(name, clean(ref, schema.MaxText), n.id), key
}

// nameOf is the name of the message or signal of a node.
func (g *graph) nameOf(n *node, e *element) string {
	name := clean(e.attr("name"), schema.MaxText)
	if !strings.HasPrefix(name, "=") {
		return name
	}
	if literal, ok := literalFEEL(name); ok {
		return literal
	}
	g.unsettled(n.element, "open/name", "give it a name that is none", "the name of the %s of %s is an expression: %q; it is taken for the name itself", e.name, named(n.element), clip(name))
	return name
}

// signal is the name of a signal.
func (g *graph) signal(n *node, d *element) string {
	ref := d.attr("signalRef")
	if s := g.byRef(g.ids, ref); s != nil {
		if name := g.nameOf(n, s); name != "" {
			return name
		}
	}
	return cmp.Or(clean(ref, schema.MaxText), n.id)
}

// code is the code of an error or escalation; "" if the definition names none.
func (g *graph) code(d *element, ref, attr string) string {
	named := d.attr(ref)
	if e := g.byRef(g.ids, named); e != nil {
		return clean(cmp.Or(e.attr(attr), e.attr("name"), e.attr("id")), schema.MaxText)
	}
	return clean(named, schema.MaxText)
}

// until is the condition of a conditional event.
func (g *graph) until(n *node, d *element) string {
	if c := d.child("condition"); c != nil && strings.TrimSpace(c.text) != "" {
		return g.guard(c, "when", n.id)
	}
	return g.missing(d, "when", n.id, schema.Bool, named(n.element)+" says no condition")
}

// undone are the activities that a compensation names.
func (g *graph) undone(d *element) []string {
	ref := strings.TrimSpace(d.attr("activityRef"))
	if ref == "" {
		return nil
	}
	n := g.known[ref]
	if n == nil || !n.role.activity() {
		g.fatal(d, "bpmn/reference", "name an activity, or none for all", "there is no activity %q to compensate", clip(ref))
		return nil
	}
	if n.undo == nil && n.role != subprocess {
		g.warn(d, "bpmn/compensation", "give it a boundary event with an association to what undoes it", "nothing undoes %s, so that its compensation does nothing", named(n.element))
		return nil
	}
	if n.framed() {
		return []string{n.id + ".loop"}
	}
	return []string{n.id}
}

// partner says who is at the other end of the message of a step.
func (g *graph) partner(n *node, s schema.Step) schema.Step {
	if names := g.peers[n.attr("id")]; len(names) > 0 {
		s = s.Partner(names[0])
	}
	return s
}
