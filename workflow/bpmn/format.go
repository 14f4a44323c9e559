package bpmn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	drawing "github.com/replank/replank/internal/diagram"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/workflow/schema"
)

// Dialect names the vendor whose attributes and extension elements an exported file has, beside those of the standard.
type Dialect uint8

// Dialects.
const (
	Standard Dialect = iota
	Camunda          // Camunda 7
	Zeebe            // Camunda 8
	Flowable
	Activiti
)

// dialects have a name and, but for the standard, a prefix with its name space.
var dialects = [...]struct{ name, prefix, space string }{
	Standard: {"standard", "", ""},
	Camunda:  {"camunda", "camunda", "http://camunda.org/schema/1.0/bpmn"},
	Zeebe:    {"zeebe", "zeebe", "http://camunda.org/schema/zeebe/1.0"},
	Flowable: {"flowable", "flowable", "http://flowable.org/bpmn"},
	Activiti: {"activiti", "activiti", "http://activiti.org/bpmn"},
}

// String is the name of the dialect, "camunda".
func (d Dialect) String() string {
	if int(d) < len(dialects) {
		return dialects[d].name
	}
	return "unknown"
}

// ParseDialect reads the name of a dialect.
func ParseDialect(name string) (Dialect, error) {
	var known []string
	for d := range dialects {
		if dialects[d].name == name {
			return Dialect(d), nil
		}
		known = append(known, dialects[d].name)
	}
	return 0, fmt.Errorf("bpmn: there is no dialect %q; the dialects are %s", name, strings.Join(known, ", "))
}

// own is the name space of what Replank adds. It is durable: files in the wild have it.
const own = "urn:replank:bpmn:1"

// celLanguage says that an expression is CEL.
const celLanguage = "https://cel.dev"

// Format writes p as BPMN 2.0 XML with a diagram. What is drawn is Process.Graph: a block x is the gateways x and x.join,
// and where a process begins and ends there are events. What BPMN cannot say, types and data of steps among it, is the
// canonical text of the process in an extension element: Parse takes it back as long as the rest of the file says what it
// said, so that what Format wrote reads as a process of the same digest. Of a file that a tool has changed, the changes
// count: where the flows are as they were, for the steps changed; where they are not, the process is the graph that the
// file draws, with the data of the steps that are left. A change that cannot be taken over is a warning, bpmn/edit.
//
// Tools of other vendors can show and edit the file. Whether their engines can run it depends on the process: guards stay
// CEL.
func Format(p *schema.Process, d Dialect) ([]byte, error) {
	if int(d) >= len(dialects) {
		return nil, fmt.Errorf("bpmn: there is no dialect %d", d)
	}
	f := &formatter{p: p, d: d, at: drawing.Of(p.Graph()), used: map[string]bool{}, roots: map[string]string{}, ties: map[string]string{}}
	f.name()
	f.process()
	return f.file(), nil
}

// A formatter is a file in the making.
type formatter struct {
	p       *schema.Process
	d       Dialect
	at      *drawing.Diagram
	used    map[string]bool // ids of the file
	id      string          // of the process
	nodes   map[string]string
	flows   []string // ids of flows
	ins     map[string][]string
	outs    map[string][]string
	other   map[string]string    // node -> the id of its default flow
	inside  map[string][]int     // scope -> its nodes
	within  map[string][]int     // scope -> its flows
	ties    map[string]string    // source of an association -> its id
	roots   map[string]string    // element, name and key -> id of a message, signal, error or escalation
	defined markup               // those, written
	body    markup               // the process
	said    map[string]statement // what the text says of each node
	env     *expr.Env            // of the variables, if somebody asked; see isList
}

// A statement is what the text says of a step itself: keys and values.
type statement map[string]any

// word is the value of the first key that is a text; "" if there is none.
func (s statement) word(keys ...string) string {
	for _, k := range keys {
		if text, ok := s[k].(string); ok && text != "" {
			return text
		}
	}
	return ""
}

// statements are what the text says of the nodes of p.
func statements(p *schema.Process) map[string]statement {
	all := map[string]statement{}
	for n := range p.Nodes() {
		all[n.ID()] = stated([]byte(n.Own()))
	}
	return all
}

// stated reads canonical text of the schema. Numbers stay as written.
func stated(text []byte) statement {
	var s statement
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&s) // what the schema prints is JSON
	return s
}

// name gives everything its id: steps theirs, what the text leaves implicit one that is free.
func (f *formatter) name() {
	g := f.at.Graph
	f.id = f.take(f.p.ID())
	f.nodes, f.ins, f.outs, f.other = map[string]string{}, map[string][]string{}, map[string][]string{}, map[string]string{}
	f.inside, f.within = map[string][]int{}, map[string][]int{}
	f.said = statements(f.p)
	for _, implicit := range [...]bool{false, true} {
		for i := range g.Nodes {
			if n := &g.Nodes[i]; (n.Node == nil || n.Joins) == implicit {
				name, join := strings.CutSuffix(strings.TrimPrefix(n.ID, ":"), ".join")
				if join {
					name += "_join" // a dot would be escaped by ID
				}
				f.nodes[n.ID] = f.take(name)
			}
		}
	}
	scope := map[string]string{}
	for i := range g.Nodes {
		f.inside[g.Nodes[i].Scope] = append(f.inside[g.Nodes[i].Scope], i)
		scope[g.Nodes[i].ID] = g.Nodes[i].Scope
	}
	for i := range g.Flows {
		w := &g.Flows[i]
		id := w.ID
		if strings.Contains(id, "->") {
			id = "flow_" + f.nodes[w.From] + "_to_" + f.nodes[w.To]
		}
		id = f.take(id)
		f.flows = append(f.flows, id)
		f.outs[w.From] = append(f.outs[w.From], id)
		f.ins[w.To] = append(f.ins[w.To], id)
		f.within[scope[w.From]] = append(f.within[scope[w.From]], i)
		if w.Default {
			f.other[w.From] = id
		}
	}
}

// take makes an id of the file: letters, digits, "_", "-" and dots, beginning with a letter or "_", used once.
func (f *formatter) take(want string) string {
	id := strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == '.' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, want)
	base := id
	for n := 2; f.used[id]; n++ {
		id = fmt.Sprintf("%s_%d", base, n)
	}
	f.used[id] = true
	return id
}

// root is the id of a message, signal, error or escalation, which is written when it is first asked for.
// Those of the same name are one, unless their keys differ.
func (f *formatter) root(element, name, key string, inside ...func(*markup)) string {
	if name == "" {
		return ""
	}
	same := element + " " + name + "\x00" + key
	if id := f.roots[same]; id != "" {
		return id
	}
	id := f.take(element + "_" + name)
	f.roots[same] = id
	attrs := []string{"id", id, "name", name}
	switch element {
	case "error":
		attrs = append(attrs, "errorCode", name)
	case "escalation":
		attrs = append(attrs, "escalationCode", name)
	}
	f.defined.open("bpmn:"+element, attrs...)
	for _, write := range inside {
		write(&f.defined)
	}
	f.defined.close()
	return id
}

// process writes the process.
func (f *formatter) process() {
	m := &f.body
	m.depth = 1
	title := f.p.Title()
	m.open("bpmn:process", "id", f.id, "name", title, "isExecutable", "true")
	f.doc(m, stated(f.p.JSON()))
	m.open("bpmn:extensionElements")
	m.leaf("replank:schema", portable(f.p.JSON()), "dialect", f.d.String())
	m.close()
	f.scope("")
	m.close()
}

// portable is JSON without what XML cannot hold.
func portable(text []byte) string {
	return strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`).Replace(string(text))
}

func (f *formatter) doc(m *markup, s statement) {
	if doc := s.word("doc"); doc != "" {
		m.leaf("bpmn:documentation", doc)
	}
}

// scope writes what lies in the process or a sub-process.
func (f *formatter) scope(id string) {
	for _, i := range f.inside[id] {
		f.node(&f.at.Nodes[i])
	}
	for _, i := range f.within[id] {
		w := &f.at.Flows[i]
		f.body.open("bpmn:sequenceFlow", "id", f.flows[i], "sourceRef", f.nodes[w.From], "targetRef", f.nodes[w.To], "name", f.at.Guards[i])
		if w.Guard != "" {
			f.body.leaf("bpmn:conditionExpression", w.Guard, "xsi:type", "bpmn:tFormalExpression", "language", celLanguage)
		}
		f.body.close()
	}
	for _, a := range f.at.Associations {
		for _, i := range f.inside[id] {
			if f.at.Nodes[i].ID == a.From {
				f.ties[a.From] = f.take("association_" + a.To)
				f.body.leaf("bpmn:association", "", "id", f.ties[a.From], "associationDirection", "One",
					"sourceRef", f.nodes[a.From], "targetRef", f.nodes[a.To])
			}
		}
	}
}

// file is the whole file.
func (f *formatter) file() []byte {
	var m markup
	m.b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	attrs := []string{
		"xmlns:bpmn", model, "xmlns:bpmndi", "http://www.omg.org/spec/BPMN/20100524/DI", "xmlns:dc", "http://www.omg.org/spec/DD/20100524/DC",
		"xmlns:di", "http://www.omg.org/spec/DD/20100524/DI", "xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance", "xmlns:replank", own,
	}
	if d := dialects[f.d]; d.prefix != "" {
		attrs = append(attrs, "xmlns:"+d.prefix, d.space)
	}
	m.open("bpmn:definitions", append(attrs, "id", f.take("definitions"), "targetNamespace", own, "exporter", "Replank")...)
	m.finish()
	m.b.Write(f.defined.bytes())
	m.b.Write(f.body.bytes())
	f.diagram(&m)
	m.close()
	return m.bytes()
}
