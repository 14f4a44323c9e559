package schema

import (
	"fmt"
	"slices"
	"strings"
)

// This file is the tree that changes work on: the canonical value of a process (print.go) with an index of its steps.
// Which keys of a step hold other steps follows from the key table alone, so that a new kind of step needs nothing here.

// A holding says what of a step a key holds.
type holding uint8

const (
	holdsSteps  holding = iota + 1 // a list of steps
	holdsEvents                    // a list of events
	holdsCases                     // a list of cases, each with a list of steps
	holdsOne                       // one step, or a word
)

// A nest is a key whose value holds steps.
type nest struct {
	key   string
	holds holding
}

// nests are the keys of each kind that hold steps, in the order of the key table.
var nests = func() (all [len(kindKeys)][]nest) {
	for k := range all {
		for _, r := range stepTables[k] {
			if r.at != nil {
				all[k] = appendNest(all[k], r.key, r.form, r.at(&step{}))
			}
		}
	}
	return all
}()

// processNests are those of the process.
var processNests = func() (all []nest) {
	for _, r := range processTable {
		if r.at != nil {
			all = appendNest(all, r.key, r.form, r.at(&Process{}))
		}
	}
	return all
}()

func appendNest(all []nest, key string, f form, in any) []nest {
	switch in.(type) {
	case *[]*step:
		if f == formSteps {
			return append(all, nest{key, holdsSteps})
		}
		return append(all, nest{key, holdsEvents})
	case *[]*branch:
		return append(all, nest{key, holdsCases})
	case **compensation:
		return append(all, nest{key, holdsOne})
	}
	return all
}

// anyEvent is the kinds of events, starts included.
var anyEvent = eventKinds | of(kindPlain)

// stepKind is the kind of the step or event that a mapping is, which its first key introduces; 0: it is none.
func (v *value) stepKind() kind {
	if v == nil || v.shape != shapeMap || len(v.fields) == 0 {
		return 0
	}
	if k, ok := (stepKinds | eventKinds | startKinds).named(v.fields[0].key); ok {
		return k
	}
	return 0
}

// stepID is the id of a step or event.
func (v *value) stepID() string { return v.fields[0].value.text }

// clone is a deep copy.
func (v *value) clone() *value {
	if v == nil {
		return nil
	}
	c := *v
	c.items = make([]*value, len(v.items))
	for i, item := range v.items {
		c.items[i] = item.clone()
	}
	c.fields = slices.Clone(v.fields)
	for i := range c.fields {
		c.fields[i].value = c.fields[i].value.clone()
	}
	return &c
}

// assign sets a key of v itself; nil takes it away.
func (v *value) assign(key string, w *value) {
	for i := range v.fields {
		if v.fields[i].key == key {
			if w == nil {
				v.fields = slices.Delete(v.fields, i, i+1)
			} else {
				v.fields[i].value = w
			}
			return
		}
	}
	if w != nil {
		v.fields = append(v.fields, entry{key: key, value: w})
	}
}

// str is the text of a key, "" if v has none.
func (v *value) str(key string) string {
	if w := v.get(key); w != nil && w.scalar() {
		return w.text
	}
	return ""
}

// A sequence is a list of steps or events in the tree.
type sequence struct {
	holder *value // the mapping it is in: of the process, a step or a case
	key    string
	holds  holding // holdsSteps, holdsEvents or holdsOne
	owner  *site   // the step it belongs to; nil: the process
	kase   int     // number of the case that holder is; -1: none
}

func (q *sequence) items() []*value {
	w := q.holder.get(q.key)
	switch {
	case w == nil:
		return nil
	case q.holds == holdsOne && w.stepKind() != 0:
		return []*value{w}
	}
	return w.items
}

func (q *sequence) put(items []*value) {
	switch {
	case q.holds != holdsOne:
		q.holder.assign(q.key, listValue(items...))
	case len(items) == 0:
		q.holder.assign(q.key, nil)
	default:
		q.holder.assign(q.key, items[0])
	}
}

func (q *sequence) splice(i, j int, with ...*value) {
	q.put(slices.Concat(q.items()[:i], with, q.items()[j:]))
}

// same reports whether two sequences are the same, in outlines of one tree.
func (q *sequence) same(o *sequence) bool { return q.holder == o.holder && q.key == o.key }

// A site is where a step or event stands.
type site struct {
	v     *value
	kind  kind
	id    string
	in    *sequence
	i     int // its index in in
	inner []*sequence
}

// outer is the step around it, nil if there is none.
func (s *site) outer() *site { return s.in.owner }

// within reports whether s is t or lies in it.
func (s *site) within(t *site) bool {
	for ; s != nil; s = s.outer() {
		if s == t {
			return true
		}
	}
	return false
}

// cases are the cases, branches or flows of a step.
func (s *site) cases() []*value {
	if key := s.caseKey(); key != "" && s.v.get(key) != nil {
		return s.v.get(key).items
	}
	return nil
}

func (s *site) caseKey() string {
	for _, n := range nests[s.kind] {
		if n.holds == holdsCases {
			return n.key
		}
	}
	return ""
}

// body is the n-th list of steps of s: of its cases, or its own (which is the 0th); nil if there is none.
func (s *site) body(n int) *sequence {
	for _, q := range s.inner {
		if q.holds == holdsSteps && max(q.kase, 0) == n {
			return q
		}
	}
	return nil
}

// An outline is an index of a tree. A change of the tree makes it stale.
type outline struct {
	doc   *value
	top   []*sequence
	sites map[string]*site // of two with one id the last
	order []*site          // in document order
}

func outlined(doc *value) *outline {
	o := &outline{doc: doc, sites: map[string]*site{}}
	for _, n := range processNests {
		o.top = append(o.top, &sequence{holder: doc, key: n.key, holds: n.holds, kase: -1})
	}
	for _, q := range o.top {
		o.enter(q)
	}
	return o
}

func (o *outline) enter(q *sequence) {
	for i, v := range q.items() {
		k := v.stepKind()
		if k == 0 {
			continue
		}
		s := &site{v: v, kind: k, id: v.stepID(), in: q, i: i}
		s.inner = sequencesOf(v, k, s)
		o.sites[s.id] = s
		o.order = append(o.order, s)
		for _, inner := range s.inner {
			o.enter(inner)
		}
	}
}

// sequencesOf are the lists that a step has or could have.
func sequencesOf(v *value, k kind, owner *site) []*sequence {
	var all []*sequence
	for _, n := range nests[k] {
		if n.holds != holdsCases {
			all = append(all, &sequence{holder: v, key: n.key, holds: n.holds, owner: owner, kase: -1})
			continue
		}
		list := v.get(n.key)
		if k == kindGateway || list == nil {
			continue
		}
		for i, c := range list.items {
			key := "do"
			if c.get("else") != nil {
				key = "else"
			}
			all = append(all, &sequence{holder: c, key: key, holds: holdsSteps, owner: owner, kase: i})
		}
	}
	return all
}

// branched writes branches that are bare steps as lists of one, in v and all that lies in it; v is changed.
func branched(v *value) {
	for _, item := range v.items {
		branched(item)
	}
	for _, e := range v.fields {
		branched(e.value)
	}
	if v.stepKind() != kindParallel {
		return
	}
	if list := v.get("branches"); list != nil {
		for i, b := range list.items {
			if b.stepKind() != 0 {
				list.items[i] = mapValue(entry{key: "do", value: listValue(b)})
			}
		}
	}
}

// stepsIn returns the ids of the steps in values and within them, in document order.
func stepsIn(items ...*value) []string {
	doc := mapValue(entry{key: "steps", value: listValue(items...)}).clone()
	branched(doc)
	var ids []string
	for _, s := range outlined(doc).order {
		ids = append(ids, s.id)
	}
	return ids
}

// A mention is a place where one step names another.
type mention struct {
	from   *site
	holder *value // the step, or a case of it
	key    string
	i      int // in a list; -1: the value is the id alone
}

func (r mention) target() string {
	v := r.holder.get(r.key)
	if r.i >= 0 {
		v = v.items[r.i]
	}
	return v.text
}

// jump reports whether control goes where the mention leads.
func (r mention) jump() bool { return r.key == "next" }

func (r mention) lead(to string) {
	v := r.holder.get(r.key)
	if r.i >= 0 {
		v.items[r.i] = placedText(to, v.items[r.i].at)
		return
	}
	r.holder.assign(r.key, placedText(to, v.at))
}

func placedText(s string, at mark) *value { return &value{shape: shapeString, text: s, at: at} }

// mentions are all of them, in document order.
func (o *outline) mentions() []mention {
	var all []mention
	for _, s := range o.order {
		for _, row := range stepTables[s.kind] {
			w := s.v.get(row.key)
			switch {
			case w == nil || row.key == "was":
			case row.form == formID && w.scalar():
				all = append(all, mention{s, s.v, row.key, -1})
			case row.form == formIDs && w.shape == shapeList:
				for i := range w.items {
					all = append(all, mention{s, s.v, row.key, i})
				}
			}
		}
		for _, c := range s.cases() {
			if c.get("next") != nil {
				all = append(all, mention{s, c, "next", -1})
			}
		}
	}
	return all
}

// A fault is why a change cannot be made.
type fault struct{ code, node, message, hint string }

func faultf(code, node, hint, format string, args ...any) *fault {
	return &fault{"edit/" + code, node, fmt.Sprintf(format, args...), hint}
}

// site finds a step or event.
func (o *outline) site(id string) (*site, *fault) {
	if s := o.sites[id]; s != nil {
		return s, nil
	}
	known := make([]string, 0, len(o.order))
	for _, s := range o.order {
		known = append(known, s.id)
	}
	return nil, faultf("unknown-node", id, didYouMean(id, known), "there is no step or event %q", clip(id))
}

// A stretch is a fragment found in the tree: the steps from i to before j of a list.
type stretch struct {
	in   *sequence
	i, j int
}

func (f stretch) steps() []*value { return f.in.items()[f.i:f.j] }
func (f stretch) first() string   { return f.steps()[0].stepID() }
func (f stretch) last() *value    { return f.in.items()[f.j-1] }

// has reports whether s lies in the fragment.
func (f stretch) has(s *site) bool {
	for ; s != nil; s = s.outer() {
		if s.in.same(f.in) {
			return s.i >= f.i && s.i < f.j
		}
	}
	return false
}

// fragment finds the steps that "first" or "first:last" names.
func (o *outline) fragment(name string) (stretch, *fault) {
	first, last, several := strings.Cut(name, ":")
	if !several {
		last = first
	}
	a, why := o.site(first)
	if why != nil {
		return stretch{}, why
	}
	b, why := o.site(last)
	if why != nil {
		return stretch{}, why
	}
	if !a.in.same(b.in) || b.i < a.i {
		return stretch{}, faultf("fragment", first, "name the first and the last of steps that follow each other in one list",
			"%q does not come before %q in one list of steps", first, last)
	}
	return stretch{a.in, a.i, b.i + 1}, nil
}
