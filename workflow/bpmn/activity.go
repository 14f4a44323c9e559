package bpmn

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/schema"
)

// work are the drafts of an activity: itself, in the loop that it has, with its boundary events, and what stands for
// several flows out of it.
func (g *graph) work(n *node) []*draft {
	next, more := g.leave(n)
	d := &draft{id: n.entered(), at: n.element, next: next}
	inner := (&draft{id: n.id, at: n.element, step: g.activity(n)}).worded().step
	events, behind := g.boundary(n, d)
	more = append(more, behind...)
	within := n.loop != nil && n.loop.name == "standardLoopCharacteristics" && !n.framed() // what interrupts the activity leaves the loop
	if within && n.clocked() {
		g.warn(n.loop, "bpmn/loop", "put the loop into a sub-process, and the event on that", "a boundary event of %s begins to wait anew in each round of its loop", named(n.element))
	}
	if n.undo != nil && (n.loop == nil || within) {
		inner = inner.Compensation(g.undoing(n.undo))
	}
	if len(events) > 0 && (n.loop == nil || within) {
		inner = inner.Boundary(events...)
	}
	inner = inner.Line(n.line, n.col)
	switch {
	case n.loop == nil:
		d.step = inner
	case within:
		d.step = g.repeat(n, n.entered(), inner)
	case n.framed():
		d.step = schema.Sub(n.entered(), g.repeat(n, n.entered()+".loop", inner).Line(n.line, n.col)).Boundary(events...)
	default:
		d.step = g.each(n, inner)
		if n.undo != nil {
			d.step = d.step.Compensation(g.undoing(n.undo))
		}
		if len(events) > 0 {
			d.step = d.step.Boundary(events...)
		}
	}
	return append([]*draft{d}, more...)
}

// undoing is the step of a compensation.
func (g *graph) undoing(n *node) schema.Step {
	if n.loop != nil {
		g.fatal(n.loop, "bpmn/not-yet", "put the loop into a sub-process", "the compensation %s cannot be a loop", named(n.element))
	}
	for _, b := range n.bounds {
		g.fatal(b.element, "bpmn/not-yet", "put it into a sub-process", "the compensation %s cannot have boundary events", named(n.element))
	}
	return (&draft{id: n.id, at: n.element, step: g.activity(n)}).worded().step.Line(n.line, n.col)
}

// boundary are the boundary events of an activity, and the drafts that they need. Where they lead is added to d.leads.
func (g *graph) boundary(n *node, d *draft) (events []schema.Step, more []*draft) {
	if n.name == "transaction" && !n.awaits("cancel") && n.inner.cancels() {
		id := n.id + ".end2"
		g.warn(n.element, "bpmn/cancel", "give it a cancel boundary event", "%s can be cancelled, and nothing says what follows; the way ends there", named(n.element))
		events = append(events, schema.OnCancel(eventID(n, 0)).Next(id).Line(n.line, n.col))
		more, d.leads = append(more, ended(n.element, id)), append(d.leads, id)
	}
	for _, b := range n.bounds {
		if !b.interrupts() {
			if len(b.events) > 1 {
				g.fatal(b.element, "bpmn/not-yet", "make an event for each", "%s leaves its activity alone and waits for several events; that is not supported", named(b.element))
				continue
			}
			body := g.steps(b.inner)
			events = append(events, (&draft{id: b.id, at: b.element, step: g.on(b, b.events[0], b.id)}).worded().step.Continue().Then(body...).Line(b.line, b.col))
			continue
		}
		next, behind := g.leave(b)
		if next == "" {
			next = b.id + ".end"
			behind = []*draft{ended(b.element, next)}
		}
		more = append(more, behind...)
		if len(b.events) > 1 {
			merge := &draft{id: b.id, at: b.element, step: schema.Gateway(b.id, schema.ExclusiveGateway), next: next}
			more = append(more, merge.worded())
			next = b.id
		}
		for i, e := range b.events {
			id := b.id
			if len(b.events) > 1 {
				id = eventID(b, i)
			}
			s := g.on(b, e, id)
			if len(b.events) == 1 {
				s = (&draft{id: id, at: b.element, step: s}).worded().step
			}
			events = append(events, s.Next(next).Line(b.line, b.col))
		}
		d.leads = append(d.leads, next)
	}
	return events, more
}

// awaits reports whether a boundary event of an activity is of a kind.
func (n *node) awaits(kind string) bool {
	return slices.ContainsFunc(n.bounds, func(b *node) bool {
		return slices.ContainsFunc(b.events, func(d *element) bool { return kindOf(d) == kind })
	})
}

// cancels reports whether an end event of a transaction cancels it.
func (s *scope) cancels() bool {
	return slices.ContainsFunc(s.nodes, func(n *node) bool {
		return n.role == end && slices.ContainsFunc(n.events, func(d *element) bool { return kindOf(d) == "cancel" })
	})
}

// clocked reports whether an activity has boundary events for which it matters when they begin to wait.
func (n *node) clocked() bool { return n.awaits("timer") || n.awaits("conditional") }

// framed reports whether the standard loop of an activity lies in a sub-process, which has the boundary events: they wait
// through all of its rounds. What undoes the activity, or cancels it, cannot be that of another.
func (n *node) framed() bool {
	return n.loop != nil && n.loop.name == "standardLoopCharacteristics" && n.clocked() && n.undo == nil && n.name != "transaction"
}

// repeat does an activity as its standard loop says, in a step of the given id.
func (g *graph) repeat(n *node, id string, inner schema.Step) schema.Step {
	if most := n.loop.attr("loopMaximum"); most != "" {
		g.unsettled(n.loop, "open/loop", "count in a variable, and test it in the condition", "that %s loops at most %s times is left aside", named(n.element), clip(most))
	}
	var cel string
	if c := n.loop.child("loopCondition"); c != nil && strings.TrimSpace(c.text) != "" {
		cel = g.translated(c, c.text, "again", n.id, schema.Bool)
	} else {
		cel = g.missing(n.loop, "again", n.id, schema.Bool, "the loop of "+named(n.element)+" has no condition")
	}
	if n.loop.flag("testBefore", false) {
		return schema.RepeatWhile(id, cel, inner)
	}
	if strings.Contains(cel, "//") {
		cel += "\n" // the comment ends before the parenthesis
	}
	return schema.Repeat(id, "!("+cel+")", inner)
}

var (
	countDone  = regexp.MustCompile(`\b(nrOfCompletedInstances|numberOfCompletedInstances)\b`)
	countTotal = regexp.MustCompile(`\b(nrOfInstances|numberOfInstances)\b`)
)

// each does an activity for each element of a list, or as often as a number says.
func (g *graph) each(n *node, inner schema.Step) schema.Step {
	over := g.collection(n)
	s := schema.Each(n.entered(), over.as, over.of, inner)
	if n.loop.flag("isSequential", false) {
		s = s.Sequential()
	}
	if c := n.loop.child("completionCondition"); c != nil && strings.TrimSpace(c.text) != "" {
		cel := g.guard(c, "enough", n.id, "done", "total", "results", "nrOfCompletedInstances", "nrOfInstances", "numberOfCompletedInstances", "numberOfInstances")
		s = s.Until(countTotal.ReplaceAllString(countDone.ReplaceAllString(cel, "done"), "total"))
	}
	if over.collect != "" && over.into != "" {
		s = s.Collect(over.collect).OutExpr(over.into, "results")
		g.vars.add(n.loop, []string{over.into})
	}
	return s
}

// activity is the step of an activity, without what is around it.
func (g *graph) activity(n *node) schema.Step {
	var s schema.Step
	switch n.role {
	case user:
		if kind := g.handler(n); n.name == "task" && kind != "" {
			s = schema.Service(n.id).Handler(kind)
			break
		}
		s = g.person(n, schema.User(n.id))
	case manual:
		return schema.Manual(n.id)
	case receive:
		name, key := g.message(n, n.element)
		s = g.partner(n, schema.Receive(n.id, name, key))
	case send:
		name, key := g.message(n, n.element)
		if kind := g.handler(n); kind != "" || n.attr("messageRef") == "" {
			s = g.service(n, kind)
			break
		}
		return g.partner(n, schema.Send(n.id, name, key))
	case call:
		s = g.call(n)
	case subprocess:
		return g.sub(n)
	case script:
		if variable, text := g.script(n); variable != "" {
			return schema.Script(n.id).OutExpr(variable, text)
		}
		s = g.service(n, g.handler(n))
	default:
		s = g.service(n, g.handler(n))
	}
	return g.data(n, s)
}

// service is a task that a handler does, of the kind given, "" if the file gives none.
func (g *graph) service(n *node, kind string) schema.Step {
	s := schema.Service(n.id)
	if kind != "" {
		s = s.Handler(kind)
	}
	return g.retries(n, s)
}

// sub is an embedded sub-process with its event sub-processes.
func (g *graph) sub(n *node) schema.Step {
	s := schema.Sub(n.id, g.steps(n.inner)...)
	if n.name == "transaction" {
		s = s.Transaction()
	}
	if handlers := g.handlers(n.inner); len(handlers) > 0 {
		s = s.Events(handlers...)
	}
	for _, h := range n.inner.handlers {
		if h.compensates() && n.undo == nil && n.loop == nil && !n.undoes() {
			s = s.Compensation((&draft{id: h.id, at: h.element, step: schema.Sub(h.id, g.steps(h.inner)...)}).worded().step.Line(h.line, h.col))
		}
	}
	return s
}

// compensates reports whether an event sub-process undoes the sub-process that it lies in.
func (n *node) compensates() bool {
	return len(n.inner.starts) == 1 && n.inner.starts[0].alone("compensate") != nil
}

// handlers are the event sub-processes of a scope.
func (g *graph) handlers(s *scope) (list []schema.Step) {
	for _, h := range s.handlers {
		if len(h.inner.starts) != 1 || len(h.inner.starts[0].events) != 1 {
			continue // refused
		}
		if outer := g.known[s.attr("id")]; h.compensates() && outer != nil && outer.undo == nil && outer.loop == nil && !outer.undoes() {
			continue // it undoes the sub-process
		}
		n := h.inner.starts[0]
		e := g.on(n, n.events[0], n.id)
		title := cmp.Or(clean(n.attr("name"), schema.MaxText), clean(h.attr("name"), schema.MaxText))
		if title != "" {
			e = e.Title(title)
		}
		if kind := kindOf(n.events[0]); !n.flag("isInterrupting", true) {
			if kind == "error" {
				g.warn(n.element, "bpmn/interrupt", `remove isInterrupting="false"`, "%s cannot leave its scope alone: an error ends it", named(n.element))
			} else {
				e = e.Continue()
			}
		}
		list = append(list, e.Then(g.steps(h.inner)...).Line(n.line, n.col))
	}
	return list
}

// globals are the tasks that a call activity may call, and what they are.
var globals = map[string]role{
	"globalTask": user, "globalUserTask": user, "globalManualTask": manual, "globalScriptTask": script, "globalBusinessRuleTask": service,
}

// call is the step of a call activity. A global task of the file is done in its place.
func (g *graph) call(n *node) schema.Step {
	called := strings.TrimSpace(g.called(n))
	if t := g.byRef(g.ids, called); t != nil && globals[t.name] != 0 {
		return g.activity(&node{element: t, role: globals[t.name], id: n.id, scope: n.scope})
	}
	switch {
	case called == "":
		g.unsettled(n.element, "open/called", "name the process in calledElement", "%s does not say which process it calls; %q stands for it", named(n.element), n.id)
		called = n.attr("id")
	case strings.ContainsAny(called, "{}=()"):
		g.unsettled(n.element, "open/called", "name the process itself", "which process %s calls is an expression: %q; %q stands for it", named(n.element), clip(called), n.id)
		called = n.attr("id")
	}
	if _, local, prefixed := strings.Cut(called, ":"); prefixed && g.ids[called] == nil {
		called = local
	}
	s := schema.Call(n.id, ID(called))
	if version, binding := n.own("calledElementVersion"), n.own("calledElementBinding"); version != "" && (binding == "" || binding == "version") {
		if v := number(version); v > 0 {
			return s.Version(v)
		}
		g.warn(n.element, "bpmn/called", "use a number", "the version %q that %s calls is left aside", clip(version), named(n.element))
	}
	return s
}

// script is what a script task assigns if it is an expression: the variable and its value in CEL; "" if it is not.
func (g *graph) script(n *node) (variable, cel string) {
	variable, text := expressionScript(n)
	if variable == "" || text == nil {
		return "", ""
	}
	if g.options.ControlOnly {
		g.vars.add(n.element, []string{variable})
		return variable, cmp.Or(clean(text.text, schema.MaxText), "true")
	}
	g.mapped[text] = true
	cel, reason := toCEL(text.text, cmp.Or(n.attr("scriptFormat"), text.attr("language")))
	if reason == "" {
		reason = counting(n.element, cel, nil)
	}
	if reason != "" {
		g.warn(text, "bpmn/script", "write it in CEL", "%q has no translation: %s; a handler does it", clip(text.text), reason)
		return "", ""
	}
	return variable, cel
}

// expressionScript is a script that may be one expression, and the variable that gets its value.
func expressionScript(n *node) (variable string, text *element) {
	if n.role != script {
		return "", nil
	}
	if v := n.vendor("script"); v != nil {
		return variableName(v.attr("resultVariable")), &element{name: v.name, text: strings.TrimSpace(v.attr("expression")), line: v.line, col: v.col, textLine: v.line, textCol: v.col}
	}
	format := strings.ToLower(n.attr("scriptFormat"))
	cel := slices.Contains([]string{"cel", "juel", "feel"}, format) || strings.Contains(format, "cel.dev") || strings.Contains(format, "feel") || strings.HasSuffix(format, "/cel") || strings.HasSuffix(format, "-cel")
	text = n.child("script")
	if !cel || text == nil {
		return "", nil
	}
	return variableName(n.anyAttr("resultVariable")), text
}

var variableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variableName is the variable that a name of the file is: the same if a variable can be called so, one with a _ behind it
// if it is a word that means something else, "" if it is no name.
func variableName(name string) string {
	switch name = strings.TrimSpace(name); {
	case len(name) >= schema.MaxID || !variableForm.MatchString(name):
		return ""
	case taken(name):
		return name + "_"
	}
	return name
}

// taken reports whether a name means something else than a variable.
func taken(name string) bool {
	return name == "result" || name == "message" || expr.CheckVarName(name) != nil
}
