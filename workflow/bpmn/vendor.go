package bpmn

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// This file reads what vendors add to BPMN, by their name spaces: Camunda 7, Zeebe (Camunda 8), Flowable, Activiti, and
// jBPM, which writes its own into BPMN's data associations.

var vendors = []string{
	"http://camunda.org/schema/1.0/bpmn", "http://camunda.org/schema/zeebe/1.0", "http://flowable.org/bpmn", "http://activiti.org/bpmn",
	"http://www.camunda.com/fox", "http://www.jboss.org/drools",
}

// extensions are the elements that vendors put into an element, in the order of the file.
func (e *element) extensions() (list []*element) {
	for _, c := range e.children {
		if c.name == "extensionElements" {
			for _, x := range c.children {
				if slices.Contains(vendors, x.space) {
					list = append(list, x)
				}
			}
		}
	}
	return list
}

// vendor is the first element of a name that a vendor puts into an element, or nil.
func (e *element) vendor(name string) *element {
	for _, x := range e.extensions() {
		if x.name == name {
			return x
		}
	}
	return nil
}

// own is an attribute of a vendor; "" if there is none.
func (e *element) own(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name && slices.Contains(vendors, a.Name.Space) {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// handler is the kind of work that a task is: the type of job, the topic, the class, the bean or expression that it names,
// in that order; "" if it names none.
func (g *graph) handler(n *node) string {
	kinds := []string{n.own("topic"), n.own("class"), n.own("delegateExpression"), n.own("expression"), n.own("decisionRef"), n.own("taskName"), n.own("type")}
	if t := n.vendor("taskDefinition"); t != nil {
		kinds = slices.Insert(kinds, 0, t.attr("type"))
	}
	if d := n.vendor("calledDecision"); d != nil {
		kinds = append(kinds, d.attr("decisionId"))
	}
	if implementation := n.attr("implementation"); !strings.HasPrefix(implementation, "##") && n.role != user {
		kinds = append(kinds, implementation)
	}
	if operation := g.byRef(g.ids, n.attr("operationRef")); operation != nil {
		kinds = append(kinds, operation.attr("name"))
	}
	for _, kind := range kinds {
		kind = strings.TrimSpace(kind)
		if strings.HasPrefix(kind, "=") {
			name, ok := literalFEEL(kind)
			if !ok {
				g.unsettled(n.element, "open/handler", "name the handler itself", "the handler of %s is an expression: %q; %q stands for it", named(n.element), clip(kind), n.id)
				return n.id
			}
			kind = name
		}
		if strings.HasPrefix(kind, "${") || strings.HasPrefix(kind, "#{") {
			kind = strings.TrimSuffix(kind[2:], "}")
		}
		if kind = clean(kind, schema.MaxText); kind != "" {
			return kind
		}
	}
	return ""
}

var feelText = regexp.MustCompile(`^=\s*"([^"\\]*)"$`)

// literalFEEL is the text that an expression in FEEL is, if it is no more than that.
func literalFEEL(text string) (literal string, ok bool) {
	m := feelText.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return "", false
	}
	return m[1], true
}

var retryForm = regexp.MustCompile(`^R(\d{1,3})/(P.*)$`)

// retries reads how often a failed job is tried.
func (g *graph) retries(n *node, s schema.Step) schema.Step {
	if t := n.vendor("taskDefinition"); t != nil {
		text := strings.TrimSpace(t.attr("retries"))
		if most, err := strconv.Atoi(text); err == nil && most > 0 {
			return s.Retry(schema.Retry{Max: most})
		}
		if text != "" {
			g.warn(t, "bpmn/retry", "use a number from 1", "the retries %q of %s are left aside", clip(text), named(n.element))
		}
	}
	if c := n.vendor("failedJobRetryTimeCycle"); c != nil {
		if m := retryForm.FindStringSubmatch(strings.TrimSpace(c.text)); m != nil {
			most, _ := strconv.Atoi(m[1])
			if p, err := schema.ParsePeriod(m[2]); err == nil && most > 0 && p.Years+p.Months+p.Days == 0 && !p.Work {
				return s.Retry(schema.Retry{Max: most, First: p.Rest, Factor: 1})
			}
		}
		g.warn(c, "bpmn/retry", "use a form like R3/PT10M", "the retries %q are left aside", clip(c.text))
	}
	return s
}

// person says who does a user task, by when, and in which form.
func (g *graph) person(n *node, s schema.Step) schema.Step {
	assignee, groups := n.own("assignee"), n.own("candidateGroups")
	due, later := n.own("dueDate"), n.own("followUpDate")
	if a := n.vendor("assignmentDefinition"); a != nil {
		assignee, groups = cmp.Or(assignee, a.attr("assignee")), cmp.Or(groups, a.attr("candidateGroups"))
	}
	if t := n.vendor("taskSchedule"); t != nil {
		due, later = cmp.Or(due, t.attr("dueDate")), cmp.Or(later, t.attr("followUpDate"))
	}
	for _, c := range n.children {
		if roles[c.name] != inside || c.child("resourceAssignmentExpression") == nil {
			continue
		}
		text := c.child("resourceAssignmentExpression")
		for _, name := range []string{"formalExpression", "expression"} {
			if x := text.child(name); x != nil {
				text = x
			}
		}
		if c.name == "potentialOwner" {
			groups = cmp.Or(groups, text.text)
		} else {
			assignee = cmp.Or(assignee, text.text)
		}
	}
	if assignee = strings.TrimSpace(assignee); assignee != "" {
		if cel, ok := g.words(n, assignee); ok && !g.options.ControlOnly {
			s = s.Assignee(cel)
			g.need(n.element, outside(n.element, reads(cel))...)
		} else if !ok {
			g.warn(n.element, "bpmn/assignee", "write it in CEL", "the assignee %q of %s has no translation and is left aside", clip(assignee), named(n.element))
		}
	}
	s = s.Groups(g.groups(n, groups+","+g.fixedGroups(n))...)
	s = g.period(n, due, s, schema.Step.Due, "is due")
	s = g.period(n, later, s, schema.Step.FollowUp, "is looked at again")
	return g.form(n, g.priority(n, s))
}

// period gives a user task a period; what is none is left aside.
func (g *graph) period(n *node, text string, s schema.Step, set func(schema.Step, string) schema.Step, what string) schema.Step {
	if text == "" {
		return s
	}
	if _, err := schema.ParsePeriod(text); err == nil {
		return set(s, text)
	}
	g.warn(n.element, "bpmn/due", "use a period, as in P2D", "when %s %s, %q, is left aside", named(n.element), what, clip(text))
	return s
}

// priority is that of a user task.
func (g *graph) priority(n *node, s schema.Step) schema.Step {
	at, text := n.element, n.own("priority")
	if p := n.vendor("priorityDefinition"); p != nil && text == "" {
		at, text = p, strings.TrimSpace(p.attr("priority"))
	}
	if text == "" || g.options.ControlOnly {
		return s
	}
	if fixed, err := strconv.Atoi(text); err == nil {
		return s.Priority(strconv.Itoa(fixed))
	}
	return s.Priority(g.value(at, text, "priority", n.id, schema.Int))
}

// fixedGroups are the groups that an input of the task is set to (jBPM); "" if there are none.
func (g *graph) fixedGroups(n *node) string {
	for _, c := range n.all("dataInputAssociation") {
		to, set := c.child("targetRef"), c.child("assignment")
		if to == nil || set == nil || set.child("from") == nil {
			continue
		}
		if end := g.byRef(g.ids, to.text); end != nil && end.attr("name") == "GroupId" {
			return strings.TrimSpace(set.child("from").text)
		}
	}
	return ""
}

// groups are the candidate groups of a user task: those that it names, and the lane that it lies in.
func (g *graph) groups(n *node, listed string) (list []string) {
	for name := range strings.SplitSeq(listed, ",") {
		name = clean(name, schema.MaxID)
		switch {
		case name == "" || slices.Contains(list, name):
		case strings.ContainsAny(name, "{}="):
			g.warn(n.element, "bpmn/groups", "name the groups themselves", "the group %q of %s is an expression and left aside", clip(name), named(n.element))
		default:
			list = append(list, name)
		}
	}
	if lane := g.lanes[n.attr("id")]; lane != "" && !slices.Contains(list, lane) {
		list = append(list, lane)
	}
	return list
}

// form is the form of a user task, as its key or by its fields.
func (g *graph) form(n *node, s schema.Step) schema.Step {
	form := map[string]any{}
	for _, name := range []string{"formKey", "formRef", "formId"} {
		if v := n.own(name); v != "" {
			form["key"] = v
		}
	}
	if d := n.vendor("formDefinition"); d != nil {
		if key := cmp.Or(d.attr("formKey"), d.attr("formId")); key != "" {
			form["key"] = clean(key, schema.MaxText)
		}
	}
	if fields := fieldsOf(n); len(fields) > 0 {
		form["fields"] = fields
	}
	if len(form) == 0 {
		return s
	}
	return s.Form(form)
}

// fieldsOf are the fields of a form: each a formField of formData, or a formProperty.
func fieldsOf(n *node) (fields []any) {
	add := func(f *element, label string) {
		if f.attr("id") == "" {
			return
		}
		field := map[string]any{"id": clean(f.attr("id"), schema.MaxID)}
		for name, text := range map[string]string{"label": label, "type": f.attr("type")} { //lint:sorted the form is a mapping too
			if v := clean(text, schema.MaxText); v != "" {
				field[name] = v
			}
		}
		fields = append(fields, field)
	}
	for _, x := range n.extensions() {
		if x.name == "formProperty" {
			add(x, x.attr("name"))
		}
	}
	if d := n.vendor("formData"); d != nil {
		for _, f := range d.all("formField") {
			add(f, f.attr("label"))
		}
	}
	return fields
}

// called is what a call activity calls, as the file writes it.
func (g *graph) called(n *node) string {
	if c := n.vendor("calledElement"); c != nil && c.attr("processId") != "" {
		return c.attr("processId")
	}
	return n.attr("calledElement")
}

// correlation is the key of a message, in CEL. Who sends has none, nor what begins an instance.
func (g *graph) correlation(n *node, m *element) string {
	sub := m.vendor("subscription")
	begins := n.role == start && n.place() != "handler"
	if sub == nil || strings.TrimSpace(sub.attr("correlationKey")) == "" || begins || n.role == throw || n.role == end || n.role == send {
		return ""
	}
	text := *sub
	text.parent = n.element // where the key is asked for
	key := g.value(&text, sub.attr("correlationKey"), "key", n.id, schema.String)
	if _, err := strconv.ParseInt(key, 10, 64); err == nil { // Zeebe takes numbers for their texts
		key = strconv.Quote(key)
	}
	return key
}

// reads are the variables of an expression in CEL.
func reads(cel string) []string {
	names, _ := schema.Names(cel)
	return names
}
