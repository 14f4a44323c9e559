package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/workflow/schema"
)

// A spot is a place in a file that a tool could edit: an attribute's value or a text.
type spot struct {
	from, to int // of the value
	line     int
	name     string // of the attribute, or of the element whose text it is
	owner    string // id of the element, "" if it has none
	text     bool
}

var (
	startTag  = regexp.MustCompile(`<bpmn:[A-Za-z]+|<(camunda|zeebe|flowable|activiti):[A-Za-z]+`)
	attribute = regexp.MustCompile(` ([A-Za-z:]+)="([^"]*)"`)
)

// spots are those in the process of a file that Format wrote, a line each, and in what it refers to; what only draws is
// left out.
func spots(text []byte) (all []spot) {
	offset, owner := 0, ""
	for i, line := range strings.SplitAfter(string(text), "\n") {
		at := offset
		offset += len(line)
		tag := startTag.FindStringIndex(line)
		if strings.Contains(line, "<bpmndi:BPMNDiagram") {
			break
		}
		if tag == nil || strings.Contains(line, "<bpmn:definitions") || strings.Contains(line, "<bpmn:incoming>") || strings.Contains(line, "<bpmn:outgoing>") {
			continue
		}
		end := strings.Index(line, ">")
		for _, m := range attribute.FindAllStringSubmatchIndex(line[:end], -1) {
			name := line[m[2]:m[3]]
			if name == "id" {
				owner = line[m[4]:m[5]]
			}
			if name != "xsi:type" {
				all = append(all, spot{from: at + m[4], to: at + m[5], line: i + 1, name: name, owner: owner})
			}
		}
		if close := strings.LastIndex(line, "</"); close > end+1 {
			name := line[tag[0]+1 : tag[1]]
			all = append(all, spot{from: at + end + 1, to: at + close, line: i + 1, name: name, owner: owner, text: true})
		}
	}
	return all
}

// edited is the file with another value at a spot.
func (s spot) edited(text []byte, value string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(value)) // a Buffer takes everything
	return slices.Concat(text[:s.from], b.Bytes(), text[s.to:])
}

// outcome is what has become of an edit on a line: "refused", "taken over", "told"; "" if nobody notices it.
func outcome(p *schema.Process, text []byte, line int) (string, *schema.Process, error) {
	all, err := Parse("a.bpmn", text)
	if refused := (*schema.Error)(nil); errors.As(err, &refused) && len(refused.Findings) > 0 {
		return "refused", nil, err
	}
	if err != nil || len(all) != 1 {
		return "", nil, fmt.Errorf("%d processes, %w", len(all), err)
	}
	q := all[0]
	if q.Digest() != p.Digest() {
		return "taken over", q, nil
	}
	for _, f := range q.Verify(schema.Budget{}).Findings {
		if f.Pos.Line == line && (strings.HasPrefix(f.Code, "bpmn/") || strings.HasPrefix(f.Code, "open/")) {
			return "told", q, nil
		}
	}
	return "", q, nil
}

// Whatever of a file with every element of the grammar a tool changes, it is taken over, told, or refused.
func TestEveryEdit(t *testing.T) {
	src, err := os.ReadFile("testdata/elements.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The import knows no event sub-process that cancels a transaction: with it only words can be taken over.
	known := bytes.Replace(src, []byte("end: lc, cancel: true"), []byte("end: lc"), 1)
	count := everyEdit(t, known, Zeebe, !testing.Short())
	if !testing.Short() {
		everyEdit(t, src, Zeebe, false)
		everyEdit(t, known, Camunda, false)
	}
	for _, want := range []string{"refused", "taken over", "told"} {
		if count[want] < 10 {
			t.Errorf("%d edits are %s: %v", count[want], want, count)
		}
	}
}

func everyEdit(t *testing.T, src []byte, d Dialect, graph bool) map[string]int {
	p, err := schema.Parse("elements.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Format(p, d)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, s := range spots(text) {
		if ends := s.name == "id" || s.name == "sourceRef" || s.name == "targetRef"; drawn(s, text) || ends && !graph {
			continue
		}
		old := string(text[s.from:s.to])
		got, _, err := outcome(p, s.edited(text, old+"Z"), s.line)
		if got == "" {
			t.Errorf("%v: line %d, %s of %q, %q: the edit goes unnoticed: %v", d, s.line, s.name, s.owner, old, err)
		}
		count[got]++
	}
	return count
}

// A condition that is another leaves the data of all steps as it is, and is right.
func TestConditionOfElements(t *testing.T) {
	src, err := os.ReadFile("testdata/elements.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := schema.Parse("elements.yaml", bytes.Replace(src, []byte("end: lc, cancel: true"), []byte("end: lc"), 1))
	if err != nil {
		t.Fatal(err)
	}
	for d := range dialects {
		text, err := Format(p, Dialect(d))
		if err != nil {
			t.Fatal(err)
		}
		got, q, err := outcome(p, bytes.Replace(text, []byte(">n == 2<"), []byte(">n == 12<"), 1), 0)
		if got != "taken over" {
			t.Fatalf("%v: it is %s: %v", Dialect(d), got, err)
		}
		now := objects(q)
		for id, o := range objects(p) {
			n := now[id]
			for _, key := range [...]string{"compensation", "events"} { // their steps are nodes themselves
				delete(o, key)
				delete(n, key)
			}
			if !block(is(o)) && !maps.EqualFunc(o, n, alike) {
				t.Errorf("%v: %s is now %s", Dialect(d), asText(o), asText(n))
			}
		}
		for _, f := range q.Verify(schema.Budget{}).Findings {
			if strings.HasPrefix(f.Code, "bpmn/") {
				t.Errorf("%v: %v", Dialect(d), f)
			}
		}
	}
}

// drawn reports whether a value says nothing of its own: a language in which the expression says the same, the id of a flow
// that nothing decides, or of what the text leaves implicit.
func drawn(s spot, text []byte) bool {
	id := string(text[s.from:s.to])
	return s.name == "language" || s.name == "associationDirection" || s.name == "id" && (strings.HasPrefix(id, "flow_") || strings.HasPrefix(id, "association_") || regexp.MustCompile(`(^|_)(start|end|join|merge|compensation)(_\d+)?$`).MatchString(id) ||
		strings.HasPrefix(id, "message_") || strings.HasPrefix(id, "signal_") || strings.HasPrefix(id, "error_") || strings.HasPrefix(id, "escalation_"))
}

// An edit of a random file has its effect, and nothing but that, or is told where it stands.
func TestRandomEdit(t *testing.T) {
	met := map[string]int{}
	missing := randtest.Keys(met, "name taken over", "documentation taken over", "condition taken over", "default taken over", "target taken over",
		"attribute told", "handler taken over", "script taken over", "value told", "value taken over", "wrong condition refused")
	randtest.Check(t, missing, func(t *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		p, err := schema.Parse("a.yaml", []byte(randschema.Make(intn, randschema.Config{Locals: true})))
		if err != nil {
			t.Fatal(err)
		}
		d := Dialect(intn(len(dialects)))
		text, err := Format(p, d)
		if err != nil {
			t.Fatal(err)
		}
		kind, line, owner, changed := randomEdit(intn, p, d, text)
		if kind == "" {
			return
		}
		got, q, err := outcome(p, changed, line)
		if got == "" {
			t.Fatalf("%s in line %d, of %q, goes unnoticed: %v\n%s", kind, line, owner, err, changed)
		}
		met[kind+" "+got]++
		if kind == "condition" || kind == "name" || kind == "attribute" || kind == "documentation" || kind == "handler" || kind == "script" {
			refusable(t, err, changed)
		}
		if q == nil {
			return
		}
		switch kind {
		case "name", "documentation":
			key := map[string]string{"name": "title", "documentation": "doc"}[kind]
			if o := objects(q)[owner]; got != "taken over" || word(o[key]) != "edited" {
				t.Errorf("%s of %q is %s: %s\n%s", kind, owner, got, o[key], changed)
			}
		case "condition":
			i := slices.IndexFunc(q.Graph().Flows, func(f schema.SequenceFlow) bool { return strings.HasPrefix(f.Guard, "!(!(") })
			if i < 0 {
				t.Errorf("the condition of %q is not there\n%s\n%s", owner, q.YAML(), changed)
			}
		}
		if readMarkup(changed).refers(owner) {
			return // several steps say it
		}
		was, now := objects(p), objects(q)
		for id, o := range was {
			if n := now[id]; id != owner && n != nil && !block(is(o)) && is(o) == is(n) && kind != "target" {
				delete(o, "compensation")
				delete(n, "compensation")
				if !maps.EqualFunc(o, n, alike) {
					t.Errorf("%s of %q changes %s too: %s is now %s\n%s", kind, owner, id, asText(o), asText(n), changed)
				}
			}
		}
	})
}

// refusable fails the test if a right edit is refused, but for a choice of which nobody can tell any more that it has a way.
func refusable(t tester, err error, changed []byte) {
	if refused := (*schema.Error)(nil); errors.As(err, &refused) {
		for _, f := range refused.Findings {
			if f.Severity == schema.Fatal && f.Code != "schema/else" && !strings.HasPrefix(f.Code, "sound/") && !strings.HasPrefix(f.Code, "data/") {
				t.Errorf("a right edit is refused: %v\n%s", f, changed)
			}
		}
	}
}

// refers reports whether an id is that of a message or the like.
func (e *plainElement) refers(id string) bool {
	return slices.ContainsFunc(e.children, func(c *plainElement) bool { return rooted(c) && c.attr("id") == id })
}

// randomEdit makes one edit of a file: of which kind, in which line and of which element.
func randomEdit(intn func(int) int, p *schema.Process, d Dialect, text []byte) (kind string, line int, owner string, changed []byte) {
	all := spots(text)
	pick := func(fit func(s spot) bool) *spot {
		list := slices.Clone(all)
		list = slices.DeleteFunc(list, func(s spot) bool { return !fit(s) })
		if len(list) == 0 {
			return nil
		}
		return &list[intn(len(list))]
	}
	step := func(s spot) bool {
		return s.name == "id" && p.Node(string(text[s.from:s.to])) != nil
	}
	insert := func(s *spot, what string) []byte {
		return slices.Concat(text[:s.to+1], []byte(what), text[s.to+1:])
	}
	kind = [...]string{"name", "documentation", "condition", "default", "target", "attribute", "handler", "script", "value"}[intn(9)]
	var s *spot
	switch kind {
	case "name":
		if s = pick(step); s != nil {
			changed = insert(s, ` name="edited"`)
			if bytes.HasPrefix(text[s.to+1:], []byte(` name="`)) {
				s = nil // it has one
			}
		}
	case "documentation":
		s = pick(func(s spot) bool {
			return step(s) && !bytes.HasPrefix(text[s.to:], []byte(`"/>`)) && !bytes.Contains(text[s.to:s.to+bytes.IndexByte(text[s.to:], '\n')], []byte("/>"))
		})
		if s != nil {
			end := s.to + bytes.IndexByte(text[s.to:], '>') + 1
			changed = slices.Concat(text[:end], []byte("<bpmn:documentation>edited</bpmn:documentation>"), text[end:])
		}
	case "condition":
		if s = pick(func(s spot) bool { return s.name == "bpmn:conditionExpression" }); s != nil {
			value := "!(!(" + strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&#34;", `"`).Replace(string(text[s.from:s.to])) + "))"
			if intn(3) == 0 {
				kind, value = "wrong condition", "nobody_knows > 1"
			}
			changed = s.edited(text, value)
		}
	case "default":
		if s = pick(func(s spot) bool { return s.name == "default" }); s != nil {
			i := slices.IndexFunc(all, func(o spot) bool {
				return o.name == "sourceRef" && string(text[o.from:o.to]) == s.owner && all[max(0, slices.Index(all, o)-1)].name == "id" && string(text[all[slices.Index(all, o)-1].from:all[slices.Index(all, o)-1].to]) != string(text[s.from:s.to])
			})
			if i < 1 {
				return "", 0, "", nil
			}
			changed = s.edited(text, string(text[all[i-1].from:all[i-1].to]))
		}
	case "target":
		if s = pick(func(s spot) bool { return s.name == "targetRef" }); s != nil {
			other := pick(func(o spot) bool {
				return o.name == "targetRef" && string(text[o.from:o.to]) != string(text[s.from:s.to])
			})
			if other == nil {
				return "", 0, "", nil
			}
			changed = s.edited(text, string(text[other.from:other.to]))
		}
	case "attribute":
		if s = pick(step); s != nil {
			changed = insert(s, ` startForm="x"`)
		}
	case "handler":
		s = pick(func(s spot) bool {
			return s.name == "implementation" || s.name == "type" || strings.HasSuffix(s.name, ":topic")
		})
		if s != nil {
			changed = s.edited(text, "other.handler")
		}
	case "script":
		if s = pick(func(s spot) bool { return s.name == "bpmn:script" && text[s.from] != '{' }); s != nil {
			changed = s.edited(text, "1 + 1")
		}
	case "value":
		if s = pick(func(s spot) bool { return s.name != "id" && !drawn(s, text) }); s != nil {
			changed = s.edited(text, string(text[s.from:s.to])+"Z")
		}
	}
	if s == nil {
		return "", 0, "", nil
	}
	return kind, s.line, s.owner, changed
}
