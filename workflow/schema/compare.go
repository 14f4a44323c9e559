package schema

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Diff is what distinguishes two processes. It is immutable.
type Diff struct {
	From, To *Process
	// Changes lead from one to the other: Edit(From, Changes...) has the digest of To, if both were read in the same way
	// (ParseControl or not). They belong together, in this order: they say of jumps and references what becomes of them,
	// and ask for nothing that the constructors of changes ask for.
	Changes []Change
	// Hints are warnings that concern To: "diff/rename" for a node that looks as if it were one of From under another
	// name, but does not say so with "was".
	Hints []Finding

	moved, changed []string          // ids in To, in document order
	was            map[string]string // id in To -> another id in From
}

// Compare finds the changes that lead from one process to another. Nodes are the same if they have the same id, or if
// "was" says so; nothing is guessed. Of the steps of a list as many as possible stay where they are (a longest increasing
// subsequence), the others are moved. Cases are matched by id, then guard, then by what they hold.
func Compare(from, to *Process) *Diff {
	d := &Diff{From: from, To: to, was: map[string]string{}}
	if from.digest == to.digest {
		return d
	}
	goal := printed(to)
	branched(goal)
	c := &comparison{editor: newEditor(from), to: outlined(goal), diff: d, cases: map[*value]*value{}, moved: map[string]bool{}, changed: map[string]bool{}}
	c.keys(func(key string) bool { return key != "rules" })
	c.vars()
	c.hints()
	process := len(d.Changes)
	c.identify()
	c.keys(func(key string) bool { return key == "rules" }) // which renaming has renamed in, too
	for _, q := range c.to.top {
		c.sync(q)
	}
	c.settleCases()
	c.remove()
	c.revise()
	if !c.arrived() {
		// Not expected. What the steps are is still said, if not how they came to be.
		d.Changes = append(d.Changes[:process], Change{op: opSet, text: "rules", v: goal.get("rules"), exact: true})
		for _, q := range c.to.top {
			if w := goal.get(q.key); w != nil || c.doc.get(q.key) != nil {
				d.Changes = append(d.Changes, Change{op: opSet, text: q.key, v: w, exact: true})
			}
		}
	}
	for _, s := range c.to.order {
		if c.moved[s.id] {
			d.moved = append(d.moved, s.id)
		}
		if c.changed[s.id] {
			d.changed = append(d.changed, s.id)
		}
	}
	return d
}

// Added are the ids of the nodes that are in To only, in document order. The slice is the caller's.
func (d *Diff) Added() []string {
	var ids []string
	for _, s := range d.To.all {
		if d.From.byID[d.before(s.id.s)] == nil {
			ids = append(ids, s.id.s)
		}
	}
	return ids
}

// Removed are the ids of the nodes that are in From only, in document order. The slice is the caller's.
func (d *Diff) Removed() []string {
	kept := map[string]bool{}
	for _, s := range d.To.all {
		kept[d.before(s.id.s)] = true
	}
	var ids []string
	for _, s := range d.From.all {
		if !kept[s.id.s] {
			ids = append(ids, s.id.s)
		}
	}
	return ids
}

// Moved are the ids of the nodes that were moved, in document order of To, without those that moved along with what they
// lie in. The slice is the caller's.
func (d *Diff) Moved() []string { return slices.Clone(d.moved) }

// Changed are the ids of the nodes in To of which something of their own is another: a key, the id, the cases. They are
// in document order. The slice is the caller's.
func (d *Diff) Changed() []string { return slices.Clone(d.changed) }

// before is the id in From of a node with an id in To.
func (d *Diff) before(id string) string {
	if old, renamed := d.was[id]; renamed {
		return old
	}
	return id
}

// String lists the changes, one a line.
func (d *Diff) String() string {
	if len(d.Changes) == 0 {
		return "no changes"
	}
	lines := make([]string, len(d.Changes))
	for i, c := range d.Changes {
		lines[i] = c.String()
	}
	return strings.Join(lines, "\n")
}

// comparison is one in the course of being made: an editor whose tree becomes that of the target.
type comparison struct {
	*editor
	to             *outline
	diff           *Diff
	cases          map[*value]*value // case of the target -> case of the tree
	moved, changed map[string]bool
}

// change makes a change and notes it.
func (c *comparison) change(ch Change) {
	ch.exact = true
	if c.make(ch) == nil {
		c.diff.Changes = append(c.diff.Changes, ch)
	}
}

// arrived reports whether the tree says what the target says.
func (c *comparison) arrived() bool {
	f := &findings{source: &source{}}
	r := &reader{findings: f, lost: map[string]bool{}, free: c.diff.To.free}
	return bytes.Equal(appendJSON(nil, printed(r.process(c.doc))), c.diff.To.json)
}

// keys compares what the process says under some keys, steps and variables left aside.
func (c *comparison) keys(which func(key string) bool) {
	all := []string{}
	for _, v := range []*value{c.doc, c.to.doc} {
		for _, e := range v.fields {
			held := e.key == "vars" || slices.ContainsFunc(processNests, func(n nest) bool { return n.key == e.key })
			if !held && which(e.key) && !slices.Contains(all, e.key) {
				all = append(all, e.key)
			}
		}
	}
	for _, key := range all {
		if v := c.to.doc.get(key); !sameValue(c.doc.get(key), v) {
			c.change(Change{op: opSet, text: key, v: v.clone()})
		}
	}
}

// vars compares the variables of the process.
func (c *comparison) vars() {
	goal := c.to.doc.get("vars")
	if goal == nil {
		goal = mapValue()
	}
	vars := func() *value {
		if v := c.doc.get("vars"); v != nil {
			return v
		}
		return mapValue()
	}
	for _, e := range slices.Clone(vars().fields) {
		if goal.get(e.key) == nil {
			c.change(Change{op: opDeleteVar, text: e.key})
		}
	}
	for i, e := range goal.fields {
		if !sameValue(vars().get(e.key), e.value) {
			c.change(Change{op: opSetVar, text: e.key, n: i, v: e.value.clone()})
		}
	}
	for i, e := range vars().fields {
		if goal.fields[i].key != e.key { // only the order is another
			c.change(Change{op: opSet, text: "vars", v: goal.clone()})
			return
		}
	}
}

func sameValue(a, b *value) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(appendJSON(nil, a), appendJSON(nil, b))
}

// hints finds nodes that may have been renamed.
func (c *comparison) hints() {
	was := map[string]bool{}
	for _, s := range c.to.order {
		was[s.v.str("was")] = true
	}
	for _, s := range c.to.order {
		if c.o.sites[s.id] != nil || s.v.get("was") != nil {
			continue
		}
		for _, old := range c.o.order {
			if c.to.sites[old.id] != nil || was[old.id] || !alike(old, s) {
				continue
			}
			was[old.id] = true
			n := c.diff.To.byID[s.id]
			c.diff.Hints = append(c.diff.Hints, c.diff.To.source.finding(Warning, "diff/rename", n.id.at, s.id,
				fmt.Sprintf("if it is, say so: was: %s", old.id), fmt.Sprintf("%q looks like %q under another name, but counts as new", s.id, old.id)))
			break
		}
	}
}

// alike reports whether two nodes look like one: of one kind, with the same title, or the same keys and some of them, or
// between the same neighbours.
func alike(a, b *site) bool {
	if a.kind != b.kind {
		return false
	}
	if title := a.v.str("title"); title != "" || b.v.get("title") != nil {
		return title == b.v.str("title")
	}
	x, y := plainKeys(a), plainKeys(b)
	if !sameValue(x, y) {
		return false
	}
	return len(x.fields) > 0 || neighbour(a, -1) == neighbour(b, -1) && neighbour(a, 1) == neighbour(b, 1)
}

// plainKeys are the keys of a step that say what it does.
func plainKeys(s *site) *value {
	v := mapValue()
	for _, e := range s.v.fields[1:] {
		if own(s.kind, e) && e.key != "doc" && e.key != "was" && e.key != "next" {
			v.fields = append(v.fields, e)
		}
	}
	return v
}

// neighbour is the id of the step before or behind in the list, or of what it lies in.
func neighbour(s *site, by int) string {
	if items := s.in.items(); s.i+by >= 0 && s.i+by < len(items) {
		return items[s.i+by].stepID()
	}
	if s.outer() != nil {
		return "in " + s.outer().id
	}
	return ""
}
