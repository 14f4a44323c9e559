package schema

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const freeSource = `
process: p
steps:
  - gateway: g
    kind: exclusive
    flows:
      - {id: f, when: "this is (no CEL", next: a}
      - {next: b}
      - {next: j}
  - user: a
    next: j
  - user: b
  - gateway: j
    kind: parallel
  - user: alone
    next: j
  - end: e
`

// A process read for its control flow has the net of the whole one, and nothing to evaluate.
func TestControlOnly(t *testing.T) {
	if _, err := Parse("p.yaml", []byte(freeSource)); err == nil {
		t.Fatal("Parse takes it")
	}
	p, err := ParseControl("p.yaml", []byte(strings.Replace(freeSource, "  - user: alone\n    next: j\n", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	prog := p.Program()
	if !prog.Free || !p.ControlOnly() {
		t.Error("its program does not say that it is free")
	}
	if len(prog.Decisions) != 1 {
		t.Fatalf("%d decisions", len(prog.Decisions))
	}
	want := []struct{ id, text string }{{"f", "this is (no CEL"}, {"g->b", ""}, {"g->j", ""}}
	for i, f := range prog.Decisions[0].Flows {
		if f.ID != want[i].id || f.Text != want[i].text || f.Guard != nil || len(f.Reads) > 0 {
			t.Errorf("flow %d is %+v, want %v and nothing to evaluate", i, f, want[i])
		}
	}
	again, err := ParseControl("p", p.YAML())
	if err != nil || again.Digest() != p.Digest() {
		t.Errorf("its own text says something else: %v", err)
	}
	if _, err := p.Schemas(); err == nil {
		t.Error("it can be deployed")
	}
	found := p.Verify(Budget{}).Findings
	if len(found) != 1 || found[0].Code != "sound/deadlock" || found[0].Severity != Fatal {
		t.Errorf("the verification finds %v", found)
	}
}

// Steps that nothing leads to are a warning there, and the join does not wait for them.
func TestControlOnlyUnreachable(t *testing.T) {
	p, err := ParseControl("p.yaml", []byte("process: p\nsteps: [{user: a, next: c}, {user: b}, {gateway: c, kind: parallel}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	found := p.Verify(Budget{}).Findings
	if len(found) == 0 || found[0].Code != "schema/unreachable" || found[0].Severity != Warning || found[0].Node != "b" {
		t.Errorf("the verification finds %v", found)
	}
	for _, f := range found {
		if f.Code == "sound/deadlock" {
			t.Errorf("the join waits: %v", f)
		}
	}
}

// Tasks, blocks, timers and scripts have no data, and nothing of it is compiled.
func TestControlOnlyHasNoData(t *testing.T) {
	p, err := ParseControl("p.yaml", []byte(`
process: p
in: [n]
vars: {n: int, s: string}
steps:
  - user: a
    in: {x: "no (CEL"}
    out: [n]
  - script: b
    out: {s: "n +"}
  - repeat: c
    until: "?"
    do: [{wait: d, until: "not an instant"}]
  - receive: e
    message: m
    key: "no key"
  - some: g
    cases: [{when: "!!", do: [{user: h}]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	prog := p.Program()
	if len(prog.Vars) > 0 || len(prog.In) > 0 {
		t.Errorf("it has variables: %v, %v", prog.Vars, prog.In)
	}
	for _, n := range prog.Nodes {
		if len(n.In)+len(n.Out)+len(n.Reads)+len(n.Writes) > 0 || n.Key != nil {
			t.Errorf("%s has data", n.ID)
		}
	}
	if found := p.Verify(Budget{}).Findings; len(found) > 0 {
		t.Errorf("the verification finds %v", found)
	}
}

// Findings about a process that was built from another notation stand in that notation's text.
func TestFindingsInAnotherNotation(t *testing.T) {
	build := func() *Builder {
		return New("p",
			Gateway("g", ExclusiveGateway, When("x >").Next("a").Line(3, 4), ElseTo("nowhere").Line(4, 4)).Line(2, 2),
			User("a").Out("y").Next("g").Line(5, 2),
		).Source("file.txt", []byte("one\n two\n   three\n   four\n five\n")).Line(1, 1)
	}
	_, err := build().Build()
	refused := (*Error)(nil)
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	places := map[string]string{}
	for _, f := range refused.Findings {
		places[f.Code] = f.Pos.String() + " " + f.excerpt
	}
	for code, want := range map[string]string{
		"schema/unknown-step":     "file.txt:4:4    four",
		"schema/unknown-variable": "file.txt:5:2  five",
		"expr/syntax":             "file.txt:3:4    three",
	} {
		if places[code] != want {
			t.Errorf("%s stands at %q, want %q", code, places[code], want)
		}
	}

	_, err = build().Found(Finding{Severity: Fatal, Code: "other", Message: "said by the reader", Pos: Pos{Line: 2, Col: 2}}).Build()
	if err == nil || err.Error() != "file.txt:2:2: said by the reader [other]\n  |  two\n  |  ^" {
		t.Errorf("a finding of the reader: %v", err)
	}

	p, err := New("p", User("a").Line(2, 2)).Source("file.txt", []byte("one\n two\n")).
		Found(Finding{Severity: Warning, Code: "other", Message: "by the way", Pos: Pos{Line: 2, Col: 2}}).Build()
	if err != nil {
		t.Fatal(err)
	}
	if found := p.Verify(Budget{}).Findings; len(found) != 1 || found[0].Pos.String() != "file.txt:2:2" {
		t.Errorf("the process shows %v", found)
	}
}

func TestNames(t *testing.T) {
	for cel, want := range map[string]string{
		"a && b.c > 3 || a":                   "a b",
		`x.all(y, y > z) && "s" in m`:         "m x z",
		"int(n) == 3 && size(l) > 0":          "l n",
		"true":                                "",
		"type(v) == string && has(r.f)":       "r v",
		"timestamp('2020-01-01T00:00:00Z')<t": "t",
	} {
		names, err := Names(cel)
		if err != nil {
			t.Errorf("%s: %v", cel, err)
			continue
		}
		sorted := slices.Sorted(slices.Values(names))
		if got := strings.Join(sorted, " "); got != want {
			t.Errorf("Names(%s) = %q, want %q", cel, got, want)
		}
	}
	for _, cel := range []string{"", "a +", "\xff", strings.Repeat("(", 10_000)} {
		if _, err := Names(cel); err == nil {
			t.Errorf("Names(%.20q) has no error", cel)
		}
	}
}
