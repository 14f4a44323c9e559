package schema

import "fmt"

// A Change is one change of a process: an insertion, a deletion, a move. Constructors make them (edit_make.go), Compare
// finds them, Edit makes them happen. The zero Change is refused.
//
// The changes are the adaptation patterns of Weber, Reichert and Rinderle-Ma ("Change patterns and change support
// features", Data & Knowledge Engineering 66, 2008), read for block-structured schemas: where the paper speaks of an
// activity, sub-process or hammock, a Change takes a fragment. A fragment is written as the id of a step, or as
// "first:last", the ids of the first and last of several steps that follow each other in one list; what lies in them
// and at their border belongs to it.
//
// What Edit keeps up for every change:
//
//   - Ids stay, and with them the identity of steps across versions; only Rename changes one, and says so with "was".
//   - A jump to a step that leaves its place leads to what took its place: the step that replaces it, the block around
//     it, or what followed it. If that has no id to jump to, the change is refused.
//   - A jump at the end of a fragment belongs to the place, not the step: what goes on there afterwards has it.
//   - Deleting a step that others name in separate-from takes the name out: nobody has done the step. In other lists
//     of steps that would become empty by that the change is refused.
type Change struct {
	op    op
	node  string   // fragment, or step
	nodes []string // fragments or steps
	at    spot
	n     int    // of a case or flow, or of a variable
	text  string // CEL, new id, suffix of copies, name of a variable
	as    string // id of the block that the change makes; "": follows from the rest
	v     *value // step, case, declaration; never changed
	wrong string // why it cannot even be written
	exact bool   // of a script of Compare: jumps and references are left as they are, other changes of the script see to them
}

// op is what a change does.
type op uint8

const (
	opInsert op = iota + 1
	opInsertBetween
	opInsertParallel
	opInsertCase
	opInsertEvent
	opDelete
	opDeleteCase
	opMove
	opMoveCase
	opReplace
	opSwap
	opEmbed
	opInline
	opParallelize
	opSerialize
	opOrder
	opUnorder
	opSetGuard
	opCopy
	opRename
	opUpdate
	opSetCase
	opSetVar
	opDeleteVar
	opSet
)

// A deed is what an op is called, and how it is done.
type deed struct {
	name string
	do   func(*editor, *Change) *fault
	text func(*Change) string // without the name
}

var deeds [opSet + 1]deed

func init() {
	deeds = [...]deed{
		opInsert:         {"insert", (*editor).insert, func(c *Change) string { return c.step() + " " + c.at.String() }},
		opInsertBetween:  {"insert", (*editor).insertBetween, func(c *Change) string { return fmt.Sprintf("%s between %s and %s", c.step(), c.node, c.text) }},
		opInsertParallel: {"insert", (*editor).insertParallel, func(c *Change) string { return fmt.Sprintf("%s parallel to %s", c.step(), c.node) }},
		opInsertCase:     {"insert case", (*editor).insertCase, func(c *Change) string { return fmt.Sprintf("%s of %s", c.way(), c.node) }},
		opInsertEvent:    {"insert", (*editor).insertEvent, func(c *Change) string { return fmt.Sprintf("%s at %s", c.step(), c.node) }},
		opDelete:         {"delete", (*editor).delete, func(c *Change) string { return c.node }},
		opDeleteCase:     {"delete case", (*editor).deleteCase, func(c *Change) string { return fmt.Sprintf("%d of %s", c.n, c.node) }},
		opMove:           {"move", (*editor).move, func(c *Change) string { return c.node + " " + c.at.String() }},
		opMoveCase:       {"move case", (*editor).moveCase, func(c *Change) string { return fmt.Sprintf("%d of %s to %s", c.n, c.node, c.text) }},
		opReplace:        {"replace", (*editor).replace, func(c *Change) string { return fmt.Sprintf("%s by %s", c.node, c.step()) }},
		opSwap:           {"swap", (*editor).swap, func(c *Change) string { return listed(c.nodes) }},
		opEmbed:          {"embed", (*editor).embed, func(c *Change) string { return fmt.Sprintf("%s in %s", c.node, c.step()) }},
		opInline:         {"inline", (*editor).inline, func(c *Change) string { return c.node }},
		opParallelize:    {"parallelize", (*editor).parallelize, func(c *Change) string { return listed(c.nodes) }},
		opSerialize:      {"serialize", (*editor).serialize, func(c *Change) string { return listed(c.nodes) }},
		opOrder:          {"order", (*editor).orderSteps, func(c *Change) string { return fmt.Sprintf("%s before %s", c.nodes[0], c.nodes[1]) }},
		opUnorder:        {"unorder", (*editor).unorder, func(c *Change) string { return listed(c.nodes) }},
		opSetGuard:       {"set guard", (*editor).setGuard, func(c *Change) string { return fmt.Sprintf("%d of %s to %s", c.n, c.node, clip(c.text)) }},
		opCopy:           {"copy", (*editor).copy, func(c *Change) string { return c.node + " " + c.at.String() }},
		opRename:         {"rename", (*editor).rename, func(c *Change) string { return fmt.Sprintf("%s to %s", c.node, c.text) }},
		opUpdate:         {"update", (*editor).update, func(c *Change) string { return c.updated() }},
		opSetCase:        {"set case", (*editor).setCase, func(c *Change) string { return fmt.Sprintf("%d of %s to %s", c.n, c.node, c.way()) }},
		opSetVar:         {"set variable", (*editor).setVar, func(c *Change) string { return fmt.Sprintf("%s: %s", c.text, appendFlow(nil, c.v)) }},
		opDeleteVar:      {"delete variable", (*editor).deleteVar, func(c *Change) string { return c.text }},
		opSet:            {"set", (*editor).set, func(c *Change) string { return c.setting() }},
	}
}

// As gives the block that the change makes an id: InsertParallel, InsertWhen, Parallelize, Order, Unorder, EmbedLoop,
// EmbedWhen. Without it the id follows from those of the steps.
func (c Change) As(id string) Change {
	c.as = id
	return c
}

// Edit makes changes to a process, one after the other, and returns the process that comes of it; p stays as it is. A
// later change sees what an earlier one did. The result goes the way of Parse: it is read, resolved, compiled and
// verified, so that changes of a sound process give a sound process or an error. (What ParseControl made stays so, and
// nothing of it is verified.)
//
// It is all or nothing. The error is an *Error with every finding: the preconditions that do not hold, codes "edit/...",
// each with the change by its number in the list, from 1; if all hold, what is wrong with the result, and from which
// change on. Findings, and positions of the steps of the result that were in p, point into the source of p.
func Edit(p *Process, changes ...Change) (*Process, error) {
	doc, wrong := editAll(p, changes)
	if len(wrong) > 0 {
		return nil, &Error{wrong}
	}
	result, err := remade(p, doc)
	if err != nil {
		return nil, blamed(p, changes, err)
	}
	return result, nil
}

// editAll returns the tree of p after the changes. After a change that is refused it goes on with the others, but does
// not report those that name a step that a refused one would have brought.
func editAll(p *Process, changes []Change) (*value, []Finding) {
	e, good := newEditor(p), newEditor(p) // good lags behind: it has made all changes but those in since
	var since []Change
	var wrong []Finding
	lost := map[string]bool{}
	for i, c := range changes {
		why := e.make(c)
		if why == nil {
			since = append(since, c)
			continue
		}
		for _, earlier := range since {
			good.make(earlier) // went well before
		}
		e, since = good.copied(), nil
		follows := false
		for _, id := range c.names() {
			follows = follows || lost[id]
		}
		for _, id := range c.brings() {
			lost[id] = e.o.sites[id] == nil
		}
		if !follows {
			f := p.source.finding(Fatal, why.code, mark{}, why.node, why.hint, fmt.Sprintf("change %d (%s): %s", i+1, c, why.message))
			if s := p.byID[why.node]; s != nil {
				f = p.source.finding(Fatal, why.code, s.id.at, why.node, why.hint, f.Message)
			}
			wrong = append(wrong, f)
		}
	}
	return e.doc, wrong
}

// remade makes a process of a changed tree of p.
func remade(p *Process, doc *value) (*Process, error) {
	f := &findings{source: &source{name: p.source.name, lines: p.source.lines, other: true}}
	wellFormed(f, doc, "", 0)
	if refused(f.list) {
		return nil, f.failure()
	}
	return assemble(f, doc, p.free)
}

// blamed says of an error of the result which change brought it: one after which the process is refused, and before
// which it is not. There may be several such changes; halving finds one.
func blamed(p *Process, changes []Change, err error) error {
	wrong, ok := err.(*Error)
	if !ok || len(changes) == 0 {
		return err
	}
	good, bad := 0, len(changes)
	for bad-good > 1 {
		half := (good + bad) / 2
		doc, _ := editAll(p, changes[:half])
		if _, err := remade(p, doc); err != nil {
			bad = half
		} else {
			good = half
		}
	}
	for i := range wrong.Findings {
		if f := &wrong.Findings[i]; f.Severity == Fatal {
			f.Message += fmt.Sprintf(" (refused from change %d on: %s)", bad, changes[bad-1])
		}
	}
	return wrong
}

// editor is a tree in the course of changes.
type editor struct {
	p    *Process
	doc  *value
	o    *outline
	born map[*value]string // the ids of steps and events before all changes
}

func newEditor(p *Process) *editor {
	doc := printed(p)
	branched(doc)
	o := outlined(doc)
	born := make(map[*value]string, len(o.order))
	for i := len(o.order) - 1; i >= 0; i-- { // inner ones first: they keep their places
		s := o.order[i]
		born[s.v] = s.id
		if old := p.byID[s.id]; old != nil {
			settle(s.v, old.id.at)
		}
	}
	return &editor{p: p, doc: doc, o: o, born: born}
}

// copied is another editor with a tree like that of e.
func (e *editor) copied() *editor {
	doc := e.doc.clone()
	o := outlined(doc)
	born := make(map[*value]string, len(o.order))
	for i, s := range e.o.order {
		if id, was := e.born[s.v]; was {
			born[o.order[i].v] = id
		}
	}
	return &editor{p: e.p, doc: doc, o: o, born: born}
}

// settle gives v and what in it has none a place in the source; v is changed.
func settle(v *value, at mark) {
	if v.at != (mark{}) {
		return
	}
	v.at = at
	for _, item := range v.items {
		settle(item, at)
	}
	for i := range v.fields {
		v.fields[i].at = at
		settle(v.fields[i].value, at)
	}
}

// make makes one change. If it returns a fault the tree may be half changed.
func (e *editor) make(c Change) *fault {
	if c.op == 0 {
		return faultf("change", "", "make changes with InsertAfter, Delete and the like", "the zero Change changes nothing")
	}
	if c.op != opUpdate && c.op != opSetCase && c.v != nil {
		c.v = c.v.clone()
		branched(c.v)
	}
	why := deeds[c.op].do(e, &c)
	e.o = outlined(e.doc)
	return why
}
