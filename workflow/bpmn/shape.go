package bpmn

import (
	"slices"
	"strings"
)

// This file holds event definitions against the table of what an event can be (BPMN 2.0.2, table 10.93). What cannot be
// is refused in a process that is meant to be run. In one that is only drawn it is left out with a warning: tools let
// people draw an event "of several kinds" by writing all kinds that there are.

// kindsOf are the event definitions that an event can have, by where it stands.
var kindsOf = map[string]string{
	"start":    "message timer signal conditional",
	"embedded": "",
	"handler":  "message timer signal conditional error escalation compensate",
	"end":      "message signal error escalation compensate cancel terminate",
	"catch":    "message timer signal conditional link",
	"throw":    "message signal escalation compensate link",
	"boundary": "message timer signal conditional error escalation compensate cancel",
}

// place is the row of kindsOf for an event.
func (n *node) place() string {
	switch n.role {
	case start:
		switch {
		case n.scope.name == "process":
			return "start"
		case n.scope.flag("triggeredByEvent", false):
			return "handler"
		}
		return "embedded"
	case end:
		return "end"
	case catch:
		return "catch"
	case throw:
		return "throw"
	}
	return "boundary"
}

// whatIs is a row of kindsOf for a message.
var whatIs = map[string]string{
	"start": "a start event", "embedded": "the start event of a sub-process", "handler": "the start event of an event sub-process", "end": "an end event",
	"catch": "an intermediate catch event", "throw": "an intermediate throw event", "boundary": "a boundary event",
}

// shape looks at the event definitions of an event.
func (g *graph) shape(n *node) {
	if n.role < start || n.role > boundary {
		return
	}
	place := n.place()
	able := strings.Fields(kindsOf[place])
	given := len(n.events)
	n.events = slices.DeleteFunc(n.events, func(d *element) bool {
		kind := kindOf(d)
		if slices.Contains(able, kind) {
			return false
		}
		if kind == "link" && place == "end" {
			n.role = throw // it goes on behind the link
			return g.strict(d, "bpmn/event-kind", "use an intermediate throw event", "%s has %s, which an end event cannot have", named(n.element), d.name)
		}
		if place == "embedded" {
			g.fatal(d, "bpmn/event-kind", "wait for it in an intermediate event behind a plain start event", "%s has %s, which the start event of a sub-process cannot have", named(n.element), d.name)
			return true
		}
		g.strict(d, "bpmn/event-kind", "use another event", "%s has %s, which %s cannot have", named(n.element), d.name, whatIs[place])
		return true
	})
	link := slices.IndexFunc(n.events, func(d *element) bool { return kindOf(d) == "link" })
	if link >= 0 && len(n.events) > 1 {
		g.strict(n.events[link], "bpmn/event-kind", "use an event of its own", "%s is a link and something else", named(n.element))
		n.events = slices.Delete(n.events, link, link+1)
		link = -1
	}
	switch {
	case n.role == throw && (len(n.events) == 0 || link >= 0):
		n.role = pass
	case n.role == catch && link >= 0:
		n.role = pass
	case n.role == catch && len(n.events) == 0:
		if given == 0 {
			g.strict(n.element, "bpmn/event-kind", "say what it waits for", "%s waits for nothing", named(n.element))
		}
		n.role = pass
	case n.role == boundary && len(n.events) == 0:
		if given == 0 {
			g.strict(n.element, "bpmn/event-kind", "say what it waits for", "%s waits for nothing", named(n.element))
		}
		g.lost[n.attr("id")] = true
	case place == "handler" && len(n.events) == 0:
		g.fatal(n.element, "bpmn/event-kind", "say what begins the sub-process", "the start event of the event sub-process %s waits for nothing", named(n.scope.element))
	case n.role == end && slices.ContainsFunc(n.events, func(d *element) bool { return kindOf(d) == "cancel" }) && n.scope.name != "transaction":
		g.fatal(n.element, "bpmn/cancel", "use an error end event", "%s cancels a transaction, but lies in none", named(n.element))
	}
	all := n.flag("parallelMultiple", false)
	switch several := len(n.events) > 1; {
	case several && n.role == start && (all || place == "handler"):
		g.fatal(n.element, "bpmn/not-yet", "wait for the others behind it", "%s with several event definitions is not supported here", named(n.element))
	case several && n.role == boundary && all:
		g.fatal(n.element, "bpmn/not-yet", `remove parallelMultiple="true" if one of them is enough`, "%s waits for all of several events; that is not supported at an activity", named(n.element))
	}
}

// alone is the one event definition of a kind that an event has, or nil.
func (n *node) alone(kind string) *element {
	if len(n.events) == 1 && kindOf(n.events[0]) == kind {
		return n.events[0]
	}
	return nil
}
