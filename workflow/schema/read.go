package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/nearest"
)

// A reader turns values into the model by the key table. It checks the form of everything, reports what is wrong and
// goes on, so that one run reports all.
type reader struct {
	*findings
	steps   int             // read so far
	nesting int             // of the steps being read
	lost    map[string]bool // ids of steps that are not in the model because something is wrong with them
	free    bool            // guards may be absent, and need not cover everything; see ParseControl
}

// process reads a whole source. The result lacks what was refused.
func (r *reader) process(v *value) *Process {
	p := &Process{source: r.source}
	if v.shape != shapeMap {
		r.notAProcess(v)
		return p
	}
	readRows(r, v, p, processTable, "a process", "", v.at)
	r.handlers(p.handlers)
	r.begins(p.starts)
	return p
}

func (fs *findings) notAProcess(v *value) {
	fs.fatal("schema/form", v.at, "", `begin with "process: some-id" and "steps:"`, "a process is a mapping, not %s", v.shape)
}

// readRows reads a mapping into t. what names the mapping in messages, node is the step it belongs to, at is where a
// missing key is reported. Keys in skip are somebody else's.
func readRows[T any](r *reader, v *value, t *T, rows []row[T], what, node string, at mark, skip ...string) {
	for _, e := range v.fields {
		if slices.Contains(skip, e.key) {
			continue
		}
		i := slices.IndexFunc(rows, func(row row[T]) bool { return row.key == e.key })
		switch {
		case i < 0:
			r.unknownKey(e, what, node, rowKeys(rows), usableKeys(rows))
		case rows[i].at == nil:
			r.fatal("schema/not-yet", e.at, node, rows[i].later, "%q in %s is not supported yet", e.key, what)
		default:
			r.value(rows[i].form, e.value, rows[i].at(t), e.key, node)
		}
	}
	for _, row := range rows {
		if row.need && v.get(row.key) == nil {
			r.fatal("schema/missing-key", at, node, "", "%s needs the key %q", what, row.key)
		}
	}
}

func rowKeys[T any](rows []row[T]) []string {
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row.key
	}
	return keys
}

// usableKeys are those that are there already.
func usableKeys[T any](rows []row[T]) []string {
	var keys []string
	for _, row := range rows {
		if row.at != nil {
			keys = append(keys, row.key)
		}
	}
	return keys
}

func (r *reader) unknownKey(e entry, what, node string, known, usable []string) {
	hint := "known keys: " + strings.Join(usable, ", ")
	if near := nearest.Name(e.key, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	r.fatal("schema/unknown-key", e.at, node, hint, "%s has no key %q", what, clip(e.key))
}

// list returns the items of a list; nothing counts as an empty one. ok is false if v is something else.
func (r *reader) list(v *value, key, node string) (items []*value, ok bool) {
	switch v.shape {
	case shapeNull:
		return nil, true
	case shapeList:
		return v.items, true
	}
	r.fatal("schema/form", v.at, node, "write [a, b], or one line for each beginning with a dash", "%s is a list, not %s", key, v.shape)
	return nil, false
}

// stepList reads a list of steps.
func (r *reader) stepList(v *value, key, node string) []*step {
	items, _ := r.list(v, key, node)
	r.nesting++
	defer func() { r.nesting-- }()
	if r.nesting > MaxNesting {
		if r.nesting == MaxNesting+1 {
			r.fatal("schema/too-deep", v.at, node, "move inner steps into handlers, or jump with next", "blocks are nested more than %d deep", MaxNesting)
		}
		return nil
	}
	var steps []*step
	for _, item := range items {
		if s := r.step(item, stepKinds, "a step"); s != nil {
			steps = append(steps, s)
		}
	}
	return steps
}

// eventList reads a list of events of the allowed kinds.
func (r *reader) eventList(v *value, allowed kinds, key, node string) []*step {
	items, _ := r.list(v, key, node)
	var events []*step
	for _, item := range items {
		if s := r.step(item, allowed, "an event"); s != nil {
			events = append(events, s)
		}
	}
	return events
}

// step reads one step or event. It returns nil if it cannot even tell its kind.
func (r *reader) step(v *value, allowed kinds, what string) *step {
	if r.steps++; r.steps > MaxSteps {
		if r.steps == MaxSteps+1 {
			r.fatal("schema/too-large", v.at, "", "split the process", "more than %d steps and events", MaxSteps)
		}
		return nil
	}
	if v.refused {
		return nil
	}
	if v.shape != shapeMap {
		r.fatal("schema/form", v.at, "", fmt.Sprintf("write %s: some-id", allowed.first()), "%s is a mapping that begins with its kind, not %s", what, v.shape)
		return nil
	}
	k, intro, ok := r.kindOf(v, allowed, what)
	if !ok {
		r.lose(v)
		return nil
	}
	s := &step{kind: k, at: v.at}
	r.value(formID, intro.value, &s.id, intro.key, "")
	node := s.id.s
	at := intro.at
	if s.id.given() {
		at = s.id.at
	}
	readRows(r, v, s, stepTables[k], article(k), node, at, append(allowed.keys(), intro.key)...)
	r.consistent(s, v)
	return s
}

// kindOf finds the key of v that introduces the kind. A misspelt one is reported and taken for what it most likely
// means, so that the rest can be checked.
func (r *reader) kindOf(v *value, allowed kinds, what string) (k kind, intro entry, ok bool) {
	for _, e := range v.fields {
		found, known := allowed.named(e.key)
		switch {
		case known && ok:
			r.fatal("schema/two-kinds", e.at, intro.value.text, "make two steps of it", "%s is either %q or %q", what, kindKeys[k], e.key)
		case known:
			k, intro, ok = found, e, true
		}
	}
	if ok {
		return k, intro, true
	}
	known := allowed.keys()
	for _, e := range v.fields {
		if other, isKind := (stepKinds | eventKinds | startKinds).named(e.key); isKind && len(v.fields) > 0 && v.fields[0].key == e.key {
			r.fatal("schema/kind", e.at, e.value.text, "allowed here: "+strings.Join(known, ", "), "%q cannot stand here", kindKeys[other])
			return 0, entry{}, false
		}
	}
	for _, e := range v.fields {
		if near := nearest.Name(e.key, known); near != "" && e.value.scalar() && !slices.Contains(rowKeys(stepTables[kindUser]), e.key) {
			r.fatal("schema/unknown-kind", e.at, e.value.text, fmt.Sprintf("did you mean %q?", near), "%s of the kind %q is unknown", what, clip(e.key))
			k, _ := allowed.named(near)
			return k, e, true
		}
	}
	if len(v.fields) == 0 {
		r.fatal("schema/unknown-kind", v.at, "", "kinds: "+strings.Join(known, ", "), "%s needs its kind", what)
		return 0, entry{}, false
	}
	first := v.fields[0]
	r.fatal("schema/unknown-kind", first.at, "", "kinds: "+strings.Join(known, ", "), "%s needs its kind, and %q is none", what, clip(first.key))
	return 0, entry{}, false
}

// named returns the kind that a key introduces.
func (ks kinds) named(key string) (kind, bool) {
	i := slices.Index(kindKeys[:], key)
	return kind(max(i, 0)), i > 0 && ks.has(kind(i))
}

// keys are the keys that introduce the kinds.
func (ks kinds) keys() []string {
	var keys []string
	for k, key := range kindKeys {
		if k > 0 && ks.has(kind(k)) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (ks kinds) first() kind {
	k := kind(1)
	for !ks.has(k) {
		k++
	}
	return k
}

// lose remembers the ids in a step that is left out, so that references to them are not reported as well.
func (r *reader) lose(v *value) {
	switch v.shape {
	case shapeList:
		for _, item := range v.items {
			r.lose(item)
		}
	case shapeMap:
		for _, e := range v.fields {
			if e.value.scalar() && e.value.text != "" {
				r.lost[e.value.text] = true
			} else {
				r.lose(e.value)
			}
		}
	}
}

// article is "a user", "an end".
func article(k kind) string {
	if strings.IndexByte("aeiou", kindKeys[k][0]) >= 0 && k != kindUser {
		return "an " + kindKeys[k]
	}
	return "a " + kindKeys[k]
}
