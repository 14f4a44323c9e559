package bpmn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

// A merge settles what a file says that Format wrote and a tool changed. There are three versions: ours is the schema in
// the file, base is what the import makes of the file as Format wrote it, theirs what it makes of the file as it is. What
// is different between base and theirs the tool has changed, and counts; of the rest ours counts, which says more. If the
// flows are the same, so are the blocks of ours; if they are not, the process is the graph of theirs, with the data of
// ours. An edit of the file that has no effect in that is told.
type merge struct {
	*edits
	f            *file
	e            *element
	p            *schema.Process     // ours
	ours         map[string]object   // what the text says of each node
	base, theirs map[string]object   // by the ids of ours
	tree         map[string]object   // of the process whose flows count, by its ids
	graph        bool                // the flows are different
	ids          map[string]string   // id in theirs -> in ours
	folded       map[string]string   // id in theirs of what the import makes beside a step -> of that
	result       map[string]string   // id in theirs -> in the result, if that is another
	handles      map[string]string   // start event that Format wrote -> the event sub-process that it begins
	refer        map[string][]string // message and the like -> steps that refer to it
	took         map[string]bool     // "node key" of what was taken over
	dropped      []schema.Finding
}

// merged reads a process that was written as p and changed since.
func (f *file) merged(e *element, p *schema.Process, written []byte, d *edits) (*schema.Process, error) {
	m := &merge{edits: d, f: f, e: e, p: p, ours: objects(p), handles: handlers(d.written)}
	m.refer = m.references()
	declared := m.declared()
	base, before, err := baseOf(written, declared)
	if err != nil {
		return m.words(err)
	}
	reader := *f
	reader.options.ControlOnly = false
	l := &lessons{elses: map[string]bool{}, free: true, declared: declared, was: m.known()}
	for {
		theirs, now, err := reader.build(e, l)
		if err != nil {
			return nil, err // it says why
		}
		text := m.text(base, theirs)
		found, open := m.news(before.found, now.found), m.news(before.open, now.open)
		q, err := f.embedded(e, text, slices.Concat(found, m.dropped, m.unknown(), m.untaken(found, open)), open)
		refused := (*schema.Error)(nil)
		if !errors.As(err, &refused) {
			return q, err
		}
		if !l.learnElse(refused.Findings) {
			return nil, hinted(refused)
		}
	}
}

// baseOf is what the import makes of what Format wrote.
func baseOf(written []byte, declared map[string]string) (*schema.Process, *graph, error) {
	f := &file{name: "written"}
	if wrong := f.load(written); wrong != nil {
		return nil, nil, f.refuse(*wrong)
	}
	chosen, wrong := f.choose()
	if wrong != nil {
		return nil, nil, f.refuse(*wrong)
	}
	return f.build(chosen[0], &lessons{elses: map[string]bool{}, free: true, declared: declared})
}

// learnElse notes gateways that need a default flow, and reports whether there are any that were not noted before.
func (l *lessons) learnElse(findings []schema.Finding) bool {
	more := false
	for _, f := range findings {
		if f.Code == "schema/else" && !l.elses[f.Node] {
			l.elses[f.Node], more = true, true
		}
	}
	return more
}

// words takes over titles and descriptions, if the import does not know what Format wrote; err says what. Flows cannot be
// taken over then.
func (m *merge) words(err error) (*schema.Process, error) {
	m.base, m.theirs, m.tree, m.took = map[string]object{}, map[string]object{}, m.ours, map[string]bool{}
	for i := range m.list {
		x := &m.list[i]
		if x.structural() {
			return nil, m.f.refuse(schema.Finding{
				Severity: schema.Fatal, Code: "bpmn/edit", Pos: schema.Pos{Line: x.at.line, Col: x.at.col}, Node: x.id,
				Message: x.what() + "; the flows of this file can be changed in the schema only: " + firstReason(err), Hint: "change it in the schema, and export that",
			})
		}
		id := x.id
		if id != "" && m.ours[id] == nil {
			continue
		}
		was, now := object{"is": m.ours[id]["is"]}, object{"is": m.ours[id]["is"]}
		if m.base[id] != nil {
			was, now = m.base[id], m.theirs[id]
		}
		for _, key := range x.keys() {
			if key == "title" || key == "doc" {
				now[key] = nil
				if text := clean(x.now, schema.MaxText); text != "" {
					now[key] = asText(text)
				}
				was[key] = asText("\x00") // something else
			}
		}
		m.base[id], m.theirs[id] = was, now
	}
	out := asObject(m.p.JSON())
	for _, key := range [...]string{"title", "doc"} {
		if _, changed := m.theirs[""][key]; changed {
			m.take(out, "", key, out[key], m.base[""][key], m.theirs[""][key])
		}
	}
	return m.f.embedded(m.e, asText(m.lists(out)), m.untaken(nil, nil), nil)
}

// text is the text of the merged process.
func (m *merge) text(base, theirs *schema.Process) []byte {
	m.took, m.dropped = map[string]bool{}, nil
	m.graph = !sameFlows(base, theirs) || slices.ContainsFunc(m.list, func(x edit) bool { return m.ours[x.id] != nil && m.renamed(x.id) })
	var fold map[string]string
	m.ids, m.folded = m.names(m.file)
	read := objects(theirs)
	m.theirs, fold = m.aligned(read, m.ids)
	maps.Copy(m.folded, fold)
	ids, _ := m.names(m.written)
	m.base, _ = m.aligned(objects(base), ids)
	for id := range m.ours {
		m.adjust(id)
	}
	tree := m.p
	m.tree, m.result = m.ours, nil
	rules := asObject(m.p.JSON())["rules"]
	if m.graph {
		tree, m.tree = theirs, read
		m.result, rules = m.called(read), m.rename()
	}
	out, ours, old, now := asObject(tree.JSON()), asObject(m.p.JSON()), asObject(base.JSON()), asObject(theirs.JSON())
	out["process"] = ours["process"]
	for _, key := range [...]string{"process", "title", "doc"} {
		m.take(out, "", key, ours[key], old[key], now[key])
	}
	for _, key := range [...]string{"out", "types", "defaults"} {
		put(out, key, ours[key])
	}
	put(out, "rules", rules)
	known := m.declared()
	put(out, "vars", added(ours["vars"], old["vars"], now["vars"], known))
	put(out, "in", addedNames(ours["in"], old["in"], now["in"], known))
	return asText(m.lists(out))
}

// names are the ids that the import gives the elements of a file, with those of ours; and those of the start events of
// event sub-processes, which are steps of their own in neither, with that of the event.
func (m *merge) names(file map[string]*plainElement) (ids, starts map[string]string) {
	ids, starts = map[string]string{}, map[string]string{}
	for id, e := range file { //lint:sorted each is on its own
		origin := id
		if file[id] == m.file[id] {
			origin = m.origin(id)
		}
		if m.ours[origin] != nil {
			ids[ID(id)] = origin
		}
		if e.attr("triggeredByEvent") == "true" && m.ours[origin] != nil {
			for _, c := range e.children {
				if c.name.Local == "startEvent" {
					ids[ID(c.attr("id"))], starts[ID(c.attr("id"))] = origin, ID(id)
				}
			}
		}
	}
	return ids, starts
}

// aligned are the nodes of a reading by the ids of ours. The import makes two steps of an each, "x.each" and the
// sub-process x in it: they are one; folded says so.
func (m *merge) aligned(read map[string]object, ids map[string]string) (all map[string]object, folded map[string]string) {
	all, folded = map[string]object{}, map[string]string{}
	for id, o := range read { //lint:sorted each is on its own
		if inner, ok := strings.CutSuffix(id, ".each"); ok && is(m.ours[ids[inner]]) == "each" && is(read[inner]) == "subprocess" {
			o = maps.Clone(o)
			for _, key := range [...]string{"title", "doc"} {
				put(o, key, read[inner][key])
			}
			all[ids[inner]], folded[id] = o, inner
		}
	}
	for id, o := range read { //lint:sorted each is on its own
		name := id
		if ids[id] != "" {
			name = ids[id]
		}
		if folded[id+".each"] == "" && folded[id] == "" {
			all[name] = o
		}
	}
	return all, folded
}

// declared are the variables of ours, and those of its steps, with the types that they have to the import.
func (m *merge) declared() map[string]string {
	all := map[string]string{}
	for _, v := range m.p.Vars() {
		all[v.Name] = string(schema.Dyn)
	}
	for _, o := range m.ours { //lint:sorted a set
		for name := range asObject(o["vars"]) { //lint:sorted a set
			all[name] = string(schema.Dyn)
		}
		if as := word(o["as"]); as != "" {
			all[as] = string(schema.Dyn)
		}
	}
	return all
}

// lists goes through the steps of a process.
func (m *merge) lists(out object) object {
	for _, key := range [...]string{"steps", "events", "start"} {
		if out[key] != nil {
			out[key] = m.each(out[key])
		}
	}
	return out
}

// take puts what counts of a key of a node, and notes if that is theirs.
func (m *merge) take(o object, id, key string, ours, base, theirs json.RawMessage) {
	put(o, key, pick(ours, base, theirs))
	if !alike(base, theirs) {
		m.took[id+" "+key] = true
	}
}

// hinted are findings with the hints that help in a BPMN file.
func hinted(refused *schema.Error) error {
	for i := range refused.Findings {
		if hint, other := hints[refused.Findings[i].Code]; other {
			refused.Findings[i].Hint = hint
		}
	}
	return refused
}

// named is the element of an edit for a message.
func (x *edit) element() string {
	if id := x.owner.attr("id"); id != "" {
		return fmt.Sprintf("%s %q", x.owner.name.Local, clip(id))
	}
	return x.owner.name.Local
}
