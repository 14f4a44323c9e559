package picture

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// Scenario files. A schema stands above the line, its chart below. Schemas are kept under name=NAME.
//
//	chart     the Mermaid flowchart of the schema
//	diff      what distinguishes the schema from that called from=NAME
//	instance  the schema called of=NAME with what an instance of it has done: a line for each event, "completed a",
//	          "decided c flow"; then "waits a", "failed a", "owed a"
//	finding   the first finding that refuses the schema
//	svg       the SVG, for small ones
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		known := map[string]*schema.Process{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var name string
			d.MaybeScanArgs(t, "name", &name)
			p, err := schema.Parse("test.yaml", []byte(d.Input))
			switch d.Cmd {
			case "instance":
				var of string
				d.ScanArgs(t, "of", &of)
				pic, err := Instance(known[of], readRun(t, d.Input))
				if err != nil {
					return err.Error()
				}
				return pic.Mermaid()
			case "finding":
				refusal := (*schema.Error)(nil)
				if !errors.As(err, &refusal) {
					return "sound"
				}
				p, err = schema.ParseTrusted("test.yaml", []byte(d.Input))
				if err != nil {
					return err.Error()
				}
				i := slices.IndexFunc(refusal.Findings, func(f schema.Finding) bool { return f.Severity == schema.Fatal })
				return Finding(p, refusal.Findings[i]).Mermaid()
			}
			if err != nil {
				return err.Error()
			}
			known[name] = p
			switch d.Cmd {
			case "chart":
				return Schema(p, nil).Mermaid()
			case "svg":
				return string(Schema(p, nil).SVG())
			case "diff":
				var from string
				d.ScanArgs(t, "from", &from)
				return Difference(known[from], p).Mermaid()
			}
			t.Fatalf("unknown command %q", d.Cmd)
			return ""
		})
	})
}

func readRun(t *testing.T, input string) Run {
	kinds := map[string]history.Kind{}
	for k := history.Created; k <= history.Caught; k++ {
		kinds[k.String()] = k
	}
	var run Run
	var events []history.Event
	for line := range strings.Lines(input) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		node, flow, _ := strings.Cut(rest, " ")
		switch verb {
		case "waits":
			run.Waits = append(run.Waits, node)
		case "failed":
			run.Failed = append(run.Failed, node)
		case "owed":
			run.Owed = append(run.Owed, node)
		case "dropped":
			events = append(events, history.Event{Kind: history.Migrated, Move: &history.Move{Dropped: []uint64{uint64(len(events))}}})
		default:
			if kinds[verb] == 0 {
				t.Fatalf("unknown event %q", verb)
			}
			events = append(events, history.Event{Seq: uint64(len(events) + 1), Kind: kinds[verb], Node: node, Flow: flow})
		}
	}
	run.Events = all(events)
	return run
}

func all(events []history.Event) iter.Seq2[history.Event, error] {
	return func(yield func(history.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// hostile is a schema whose texts would do harm where they are taken for markup.
const hostile = `
process: p
title: '</title><script>alert(1)</script>'
in: [v]
vars: {v: string}
steps:
  - user: a
    title: '"] --> evil["<script>alert(1)</script> & #quot; ]]> ` + "`b`" + `'
    boundary: [{timer: t, after: PT1S, title: '<img src=x onerror=alert(1)>'}]
  - choose: c
    title: '1. end'
    cases:
      - when: v == "<script>|" || v == "'"
        do: [{service: end, title: "- x\u0000"}]
      - else: []
`

// No text of a schema becomes markup.
func TestHostileTexts(t *testing.T) {
	p, err := schema.Parse("p.yaml", []byte(strings.ReplaceAll(hostile, `\u0000`, "")))
	if err != nil {
		t.Fatal(err)
	}
	pic := Schema(p, nil)
	checkSVG(t, pic)
	svg := string(pic.SVG())
	for _, bad := range []string{"<script", "<img", "]]>"} {
		if strings.Contains(svg, bad) {
			t.Errorf("the SVG has %q", bad)
		}
	}
	chart := pic.Mermaid()
	for _, bad := range []string{"<", "`", "evil[", `"]"`, "1. end", "<script>|"} {
		if strings.Contains(strings.ReplaceAll(chart, "-->", ""), bad) {
			t.Errorf("the chart has %q:\n%s", bad, chart)
		}
	}
	for line := range strings.Lines(chart) {
		if n := strings.Count(line, `"`); n != 0 && n != 2 {
			t.Errorf("%d quotes in %s", n, line)
		}
	}
}

// checkSVG reads the picture as XML: it shows each node and flow once, refers to nothing outside, and has no script.
func checkSVG(t interface{ Errorf(string, ...any) }, pic *Picture) {
	shown := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(pic.SVG()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("no XML: %v", err)
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "svg", "title", "style", "rect", "g", "text", "polyline", "polygon", "path", "circle":
		default:
			t.Errorf("an element %s", e.Name.Local)
		}
		kind := ""
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Name.Local, "href") {
				t.Errorf("an attribute %s", a.Name.Local)
			}
			switch a.Name.Local {
			case "class":
				kind, _, _ = strings.Cut(a.Value, " ")
			case "data-id":
				shown[kind+" "+a.Value]++
			}
		}
	}
	want := 0
	for i := range pic.graph.Nodes {
		want++
		if id := pic.graph.Nodes[i].ID; shown["node "+id] != 1 {
			t.Errorf("node %s is shown %d times", id, shown["node "+id])
		}
	}
	for i := range pic.graph.Flows {
		want++
		if id := pic.graph.Flows[i].ID; shown["edge "+id] != 1 {
			t.Errorf("flow %s is shown %d times", id, shown["edge "+id])
		}
	}
	if len(shown) != want {
		t.Errorf("%d things are shown, want %d", len(shown), want)
	}
}

// Pictures of random schemas and of random edits of them are whole, and equal input gives equal bytes.
func TestRandomPictures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		tree := randschema.New(intn, randschema.Config{})
		p, err := schema.Parse("a.yaml", []byte(tree.Text()))
		if err != nil {
			t.Fatal(err)
		}
		checkSVG(t, Schema(p, nil))
		for range 3 {
			edited, _ := randschema.Change(tree, intn)
			if edited == nil {
				continue
			}
			tree = edited
		}
		q, err := schema.ParseTrusted("b.yaml", []byte(tree.Text()))
		if err != nil {
			return // an edit may break what schemas need
		}
		diff := Difference(p, q)
		checkSVG(t, diff)
		checkDifference(t, p, q, diff)
		if again := Difference(p, q); !bytes.Equal(diff.SVG(), again.SVG()) || diff.Mermaid() != again.Mermaid() {
			t.Errorf("drawn twice, it is different")
		}
	})
}

// checkDifference compares the marks of a difference with the nodes of the two versions, which are matched by their ids.
func checkDifference(t interface{ Errorf(string, ...any) }, p, q *schema.Process, diff *Picture) {
	was := map[string]bool{}
	for n := range q.Nodes() {
		if n.Was() != "" {
			was[n.Was()] = true
		}
		old := p.Node(n.ID())
		if n.Was() != "" {
			old = p.Node(n.Was())
		}
		switch m := diff.Marks().Nodes[n.ID()]; {
		case (old == nil) != (m == Added):
			t.Errorf("%s is marked %v; in the old version: %v", n.ID(), m, old != nil)
		case old != nil && old.Own() != n.Own() && m != Changed && m != Moved:
			t.Errorf("%s is marked %v, but says something else", n.ID(), m)
		}
	}
	for n := range p.Nodes() {
		gone := !was[n.ID()] && (q.Node(n.ID()) == nil || q.Node(n.ID()).Was() != "")
		removed := diff.Marks().Nodes[n.ID()] == Removed || diff.Marks().Nodes[n.ID()+":old"] == Removed
		if gone != removed {
			t.Errorf("%s is gone: %v, marked as removed: %v", n.ID(), gone, removed)
		}
	}
}

// What is the same is not marked.
func TestNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := schema.Parse("a.yaml", []byte(randschema.Make(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }, randschema.Config{})))
		if err != nil {
			t.Fatal(err)
		}
		if m := Difference(p, p).Marks(); len(m.Nodes)+len(m.Flows) > 0 {
			t.Errorf("marked: %v", m)
		}
	})
}

// A history that cannot be read is not drawn.
func TestInstanceError(t *testing.T) {
	p, err := schema.New("p", schema.User("a")).Build()
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, err := Instance(p, Run{Events: func(yield func(history.Event, error) bool) { yield(history.Event{}, broken) }}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func ExampleDifference() {
	old, err := schema.New("claim", schema.User("check"), schema.Service("pay")).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	now, err := schema.New("claim", schema.User("check"), schema.User("approve"), schema.Service("pay")).Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	d := Difference(old, now)
	marks, _ := json.Marshal(d.Marks())
	fmt.Println(string(marks))
	_ = os.WriteFile(os.DevNull, d.SVG(), 0o644)
	// Output:
	// {"nodes":{"approve":"added"},"flows":{"approve-\u003epay":"added","check-\u003eapprove":"added","check-\u003epay":"removed"}}
}
