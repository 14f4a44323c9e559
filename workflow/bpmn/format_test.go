package bpmn

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/workflow/schema"
)

// What is written reads as what it was, in every dialect, and keeps the rules of BPMN.
func TestFormatAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		src := randschema.Make(intn, randschema.Config{Locals: true})
		p, err := schema.Parse("a.yaml", []byte(src))
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		back(t, p, Dialect(intn(len(dialects))))
	})
}

type tester interface {
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func back(t tester, p *schema.Process, d Dialect) {
	text, err := Format(p, d)
	if err != nil {
		t.Fatalf("%v", err)
	}
	checkBPMN(t, text)
	again, err := Format(p, d)
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("written twice, it is different")
	}
	all, err := Parse("a.bpmn", text)
	if err != nil {
		t.Fatalf("%v: %v\n%s", d, err, text)
	}
	if len(all) != 1 || all[0].Digest() != p.Digest() {
		t.Fatalf("%v: read back\n%s\nwritten\n%s\n%s", d, all[0].YAML(), p.YAML(), text)
	}
}

// A file of every element of the grammar.
func TestFormatElements(t *testing.T) {
	src, err := os.ReadFile("testdata/elements.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := schema.Parse("elements.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	for d := range dialects {
		back(t, p, Dialect(d))
	}
}

// checkBPMN holds a file to the rules of BPMN that its XML schema does not say: ids differ, what is referred to is there
// and of the right element, flows stay in their scope, flow nodes list their flows, everything is in the diagram.
func checkBPMN(t tester, text []byte) {
	type entry struct {
		*plainElement
		scope string
	}
	byID := map[string]entry{}
	var all []entry
	var visit func(e *plainElement, scope string)
	visit = func(e *plainElement, scope string) {
		if id := e.attr("id"); id != "" {
			if byID[id].plainElement != nil {
				t.Errorf("the id %s stands here twice", id)
			}
			byID[id] = entry{e, scope}
		}
		all = append(all, entry{e, scope})
		switch e.name.Local {
		case "process", "subProcess", "transaction":
			scope = e.attr("id")
		}
		for _, c := range e.children {
			visit(c, scope)
		}
	}
	if err := wellFormed(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	visit(readMarkup(text), "")
	drawn, incoming, outgoing := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, e := range all {
		for attr, want := range map[string]string{
			"messageRef": "message", "signalRef": "signal", "errorRef": "error", "escalationRef": "escalation", "default": "sequenceFlow",
			"attachedToRef": "", "sourceRef": "", "targetRef": "", "bpmnElement": "", "activityRef": "",
		} {
			if ref := e.attr(attr); ref != "" && (byID[ref].plainElement == nil || want != "" && byID[ref].name.Local != want) {
				t.Errorf("%s refers to %s, which is no %s", e.name.Local, ref, want)
			}
		}
		switch e.name.Local {
		case "sequenceFlow":
			from, to := byID[e.attr("sourceRef")], byID[e.attr("targetRef")]
			if from.scope != e.scope || to.scope != e.scope {
				t.Errorf("the flow %s leaves its scope", e.attr("id"))
			}
			outgoing[e.attr("id")], incoming[e.attr("id")] = e.attr("sourceRef"), e.attr("targetRef")
		case "BPMNShape", "BPMNEdge":
			drawn[e.attr("bpmnElement")] = true
		}
	}
	for _, e := range all {
		id := e.attr("id")
		if e.name.Space != model {
			continue
		}
		if outgoing[id] != "" || roles[e.name.Local] >= start || e.name.Local == "boundaryEvent" {
			if !drawn[id] {
				t.Errorf("%s %s is not in the diagram", e.name.Local, id)
			}
		}
		for _, c := range e.children {
			if list := map[string]map[string]string{"incoming": incoming, "outgoing": outgoing}[c.name.Local]; list != nil {
				if list[c.text] != id {
					t.Errorf("%s lists %s as %s", id, c.text, c.name.Local)
				}
				delete(list, c.text)
			}
		}
	}
	if len(incoming)+len(outgoing) > 0 {
		t.Errorf("flows that no flow node lists: %v %v", incoming, outgoing)
	}
}

func wellFormed(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Without the schema in it, a file still says what may follow what: the graph that is drawn is the process, by the rules of
// BPMN.
func TestFormatWithoutSchema(t *testing.T) {
	compared := 0
	few := func() string {
		if compared < 10 {
			return fmt.Sprintf("%d were compared", compared)
		}
		return ""
	}
	randtest.Check(t, few, func(t *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		p, err := schema.Parse("a.yaml", []byte(randschema.Make(intn, randschema.Config{})))
		if err != nil {
			t.Fatal(err)
		}
		text, err := Format(p, Standard)
		if err != nil {
			t.Fatal(err)
		}
		all, err := ParseControl("a.bpmn", bytes.ReplaceAll(text, []byte(own), []byte("urn:other")))
		if err != nil && strings.Contains(err.Error(), "bpmn/not-yet") {
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		compared++
		free, err := schema.ParseControl("a.yaml", p.YAML())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := faultsOf(all[0]), faultsOf(free); !maps.Equal(got, want) {
			t.Errorf("by the rules of BPMN it is not what was written: wrong is %v, and was %v\n%s", got, want, text)
		}
		if got, want := successors(all[0]), successors(p); !maps.Equal(got, want) {
			t.Errorf("read: %v\nwritten: %v\n%s", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)), text)
		}
	})
}

// faultsOf are the fatal findings of a process, but for nodes that can never happen: those behind an event that nothing
// raises are only warned of where the text has them in its do, which the import writes as a jump.
func faultsOf(p *schema.Process) map[string]bool {
	all := map[string]bool{}
	for _, f := range p.Verify(schema.Budget{}).Findings {
		if f.Severity == schema.Fatal && f.Code != "sound/dead" {
			all[f.Code+" "+f.Node] = true
		}
	}
	return all
}

// successors are the activities and events that may come right after each other, as "a b", gateways, starts and ends left
// aside.
func successors(p *schema.Process) map[string]bool {
	g := p.Graph()
	next, kind := map[string][]string{}, map[string]schema.Kind{}
	for _, f := range g.Flows {
		next[f.From] = append(next[f.From], f.To)
	}
	for _, n := range g.Nodes {
		kind[n.ID] = n.Kind
		if n.Kind == schema.StartEvent && n.Scope != "" {
			next[n.Scope] = append(next[n.Scope], n.ID)
		}
		if n.Host != "" {
			next[n.Host] = append(next[n.Host], n.ID)
		}
	}
	shown := func(id string) bool {
		switch kind[id] {
		case schema.StartEvent, schema.EndEvent, schema.ExclusiveGateway, schema.ParallelGateway, schema.InclusiveGateway, schema.EventGateway:
			return false
		}
		return true
	}
	all := map[string]bool{}
	for id := range kind {
		if !shown(id) {
			continue
		}
		seen := map[string]bool{}
		todo := next[id]
		for len(todo) > 0 {
			to := todo[0]
			todo = todo[1:]
			if shown(to) {
				all[id+" "+to] = true
			} else if !seen[to] {
				seen[to] = true
				todo = append(todo, next[to]...)
			}
		}
	}
	return all
}

// Scenario files: a schema above the line.
//
//	format [dialect=NAME]   the file that is written for it; with only=WORD the lines that have this word
//	change                  the schema, a line "====", then replacements "old => new", a line each, that a tool makes in the
//	                        file, \n for a line break; below the line what is read then
func TestFormatScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/format", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			src, changes, _ := strings.Cut(d.Input, "====\n")
			p, err := schema.Parse("a.yaml", []byte(src))
			if err != nil {
				return err.Error()
			}
			name := "standard"
			d.MaybeScanArgs(t, "dialect", &name)
			dialect, err := ParseDialect(name)
			if err != nil {
				return err.Error()
			}
			text, err := Format(p, dialect)
			if err != nil {
				return err.Error()
			}
			if only := ""; d.Cmd == "format" {
				d.MaybeScanArgs(t, "only", &only)
				var lines []string
				for line := range strings.Lines(string(text)) {
					if strings.Contains(line, only) && (only == "" || !strings.Contains(line, "replank:schema")) {
						lines = append(lines, line)
					}
				}
				return strings.Join(lines, "")
			}
			file := string(text)
			for change := range strings.Lines(changes) {
				from, to, _ := strings.Cut(strings.TrimSpace(change), " => ")
				if !strings.Contains(file, from) {
					return fmt.Sprintf("the file has no %s\n%s", from, file)
				}
				file = strings.ReplaceAll(file, from, strings.ReplaceAll(to, `\n`, "\n"))
			}
			all, err := Parse("a.bpmn", []byte(file))
			if err != nil {
				return err.Error()
			}
			same := ""
			if all[0].Digest() == p.Digest() {
				same = "unchanged\n"
			}
			return same + show(all)
		})
	})
}

// What tools do to a file without changing it changes nothing.
func TestFormatSurvivesTools(t *testing.T) {
	p, err := schema.Parse("a.yaml", []byte("process: p\nsteps: [{user: a, boundary: [{timer: t, after: PT1H, do: [{end: e}]}]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Format(p, Camunda)
	if err != nil {
		t.Fatal(err)
	}
	file := string(text)
	for _, change := range [][2]string{
		{"<bpmn:", "<bpmn2:"},
		{"</bpmn:", "</bpmn2:"},
		{`"bpmn:t`, `"bpmn2:t`},
		{"xmlns:bpmn=", "xmlns:bpmn2="},
		{`attachedToRef="a"`, `attachedToRef="a" cancelActivity="1"`},
		{`exporter="Replank"`, `exporter="Other" exporterVersion="9"`},
		{"\n", "\n\n   "},
		{`x="`, `x="1`},
		{"<bpmn2:timerEventDefinition", `<bpmn2:timerEventDefinition id="TimerEventDefinition_1"`},
		{"flow_a_to_end", "Flow_0x1"}, // nothing decides it
		{"</bpmn2:process>", `<bpmn2:laneSet id="l"/><bpmn2:textAnnotation id="n"><bpmn2:text>!</bpmn2:text></bpmn2:textAnnotation></bpmn2:process>`},
		{"<bpmn2:process", `<bpmn2:collaboration id="c"><bpmn2:participant id="pool" name="Us" processRef="p"/></bpmn2:collaboration><bpmn2:process`},
	} {
		if !strings.Contains(file, change[0]) {
			t.Fatalf("no %s", change[0])
		}
		file = strings.ReplaceAll(file, change[0], change[1])
	}
	all, err := Parse("a.bpmn", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Digest() != p.Digest() {
		t.Errorf("read back\n%s", all[0].YAML())
	}
	for _, f := range all[0].Verify(schema.Budget{}).Findings {
		t.Errorf("found %v", f)
	}
}

// Whatever becomes of a file, reading it ends, with processes or with findings.
func FuzzRestore(f *testing.F) {
	p, err := schema.Parse("a.yaml", []byte("process: p\nin: [v]\nvars: {v: int}\nsteps:\n"+
		"  - {user: a, out: [v]}\n  - {choose: c, cases: [{when: v > 1, do: [{service: b}]}, {else: []}]}\n"))
	if err != nil {
		f.Fatal(err)
	}
	for d := range dialects {
		text, err := Format(p, Dialect(d))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, false)
		f.Add(bytes.Replace(text, []byte(`id="a"`), []byte(`id="a" name="Z"`), 1), true)
		f.Add(bytes.ReplaceAll(text, []byte(`1</bpmn:cond`), []byte(`w</bpmn:cond`)), false)
	}
	f.Fuzz(func(t *testing.T, src []byte, control bool) {
		_, err := Options{ControlOnly: control}.Parse("a.bpmn", src)
		if refused := (*schema.Error)(nil); err != nil && (!errors.As(err, &refused) || len(refused.Findings) == 0) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}

func TestParseDialect(t *testing.T) {
	for d := range dialects {
		if got, err := ParseDialect(Dialect(d).String()); err != nil || got != Dialect(d) {
			t.Errorf("%v: %v, %v", Dialect(d), got, err)
		}
	}
	if _, err := ParseDialect("visio"); err == nil {
		t.Error("visio is a dialect")
	}
	p, err := schema.New("p", schema.User("a")).Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Format(p, 99); err == nil {
		t.Error("written in dialect 99")
	}
}
