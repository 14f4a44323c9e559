package schema

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// The scenario files show sources and what becomes of them.
//
//	parse [name=FILE]   the findings, or "ok"
//	yaml                the canonical text; it must read back as the same process
//	json                the canonical text as JSON; likewise
func TestParse(t *testing.T) {
	datadriven.Walk(t, "testdata/parse", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			name := "x"
			if d.HasArg("name") {
				d.ScanArgs(t, "name", &name)
			}
			p, err := Parse(name, []byte(d.Input))
			if wrong := (*Error)(nil); errors.As(err, &wrong) {
				return wrong.Error() + "\n"
			} else if err != nil {
				t.Fatalf("%s: not an *Error: %v", d.Pos, err)
			}
			switch d.Cmd {
			case "parse":
				return "ok\n"
			case "yaml":
				readsBack(t, p, p.YAML())
				return string(p.YAML())
			case "json":
				readsBack(t, p, p.JSON())
				return string(p.JSON()) + "\n"
			}
			t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			return ""
		})
	})
}

// readsBack checks that a text of p is read as p.
func readsBack(t testing.TB, p *Process, src []byte) {
	t.Helper()
	q, err := Parse("again", src)
	if err != nil {
		t.Fatalf("its own text is refused:\n%s\n%v", src, err)
	}
	if q.Digest() != p.Digest() || string(q.YAML()) != string(p.YAML()) {
		t.Fatalf("its own text reads as another process:\n%s\n%s", p.YAML(), q.YAML())
	}
}

// One file with many mistakes is reported in one go.
func TestAllFindingsAtOnce(t *testing.T) {
	src := `process: loan
vars: {amount: doubel, ok: bool}
steps:
  - user: a
    grups: [clerks]
    due: P1X
  - choose: c
    cases:
      - when: ok == 1
  - wait: w
    next: nowhere
`
	_, err := Parse("loan.yaml", []byte(src))
	var wrong *Error
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range wrong.Findings {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Pos.Line, f.Pos.Col, f.Code))
		if f.Pos.File != "loan.yaml" || f.Severity != Fatal {
			t.Errorf("finding without file or severity: %+v", f)
		}
	}
	want := []string{"2:16 schema/type", "5:5 schema/unknown-key", "6:10 schema/period", "7:13 schema/else", "10:5 schema/missing-key", "11:11 schema/unknown-step"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A control character is shown where it stands, although it cannot be seen.
func TestControlCharacter(t *testing.T) {
	_, err := Parse("p.yaml", []byte("process: p\nsteps:\n  - user: a\n    title: é\x00b\n"))
	var wrong *Error
	if !errors.As(err, &wrong) || len(wrong.Findings) != 1 || wrong.Findings[0].Pos != (Pos{"p.yaml", 4, 13}) {
		t.Fatal(err)
	}
}

// Who nests too deep is told that, and not what follows from steps that were not read.
func TestTooDeepAlone(t *testing.T) {
	src, indent := "process: p\nsteps:\n", "  "
	for i := range MaxNesting + 2 {
		src += fmt.Sprintf("%s- subprocess: s%d\n%s  do:\n", indent, i, indent)
		indent += "    "
	}
	_, err := Parse("p.yaml", []byte(src+indent+"- user: a\n"))
	var wrong *Error
	if !errors.As(err, &wrong) || len(wrong.Findings) != 1 || wrong.Findings[0].Code != "schema/too-deep" {
		t.Fatal(err)
	}
}

// The number of findings is bounded, and the rest is counted.
func TestManyFindings(t *testing.T) {
	src := "process: p\nsteps:\n" + strings.Repeat("  - bananas: x\n", 500)
	_, err := Parse("p", []byte(src))
	var wrong *Error
	if !errors.As(err, &wrong) || len(wrong.Findings) != MaxFindings+1 || wrong.Findings[MaxFindings].Message != "400 more findings" {
		t.Fatalf("%d findings, the last: %v", len(wrong.Findings), wrong.Findings[len(wrong.Findings)-1])
	}
}

// Limits are refused with their number, at once.
func TestLimits(t *testing.T) {
	deep := func(n int) string {
		open, end := "", ""
		for i := range n {
			open += fmt.Sprintf(`{"subprocess":"s%d","do":[`, i)
			end += "]}"
		}
		return `{"process":"p","steps":[` + open + `{"end":"e"}` + end + `]}`
	}
	many := "process: p\nsteps:\n"
	for i := range MaxSteps + 1 {
		many += fmt.Sprintf("  - {user: a%d}\n", i)
	}
	for name, test := range map[string]struct{ src, code string }{
		"bytes":        {"process: p\n#" + strings.Repeat("x", MaxSize), "schema/too-large"},
		"text":         {"process: p\ntitle: " + strings.Repeat("x", MaxText+1) + "\nsteps: []", "schema/too-large"},
		"text in JSON": {`{"process":"p","title":"` + strings.Repeat("x", MaxText+1) + `","steps":[]}`, "schema/too-large"},
		"steps":        {many, "schema/too-large"},
		"blocks":       {deep(MaxNesting), "schema/too-deep"},
		"values":       {"process: p\nvars: {x: {type: dyn, default: " + strings.Repeat("[", 400) + strings.Repeat("]", 400) + "}}\nsteps: []", "schema/too-deep"},
		"JSON values":  {`{"process":"p","vars":{"x":{"type":"dyn","default":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}},"steps":[]}`, "schema/too-deep"},
		"id":           {"process: p\nsteps: [{user: " + strings.Repeat("x", MaxID+1) + "}]", "schema/id"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("p", []byte(test.src))
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatal(err)
			}
			for _, f := range wrong.Findings {
				if f.Code == test.code {
					return
				}
			}
			t.Fatalf("no finding %s:\n%.2000v", test.code, err)
		})
	}
	if _, err := Parse("p", []byte(deep(MaxNesting-1))); err != nil {
		t.Errorf("%d blocks within each other are allowed: %v", MaxNesting-1, err)
	}
}

// Layout, comments, quotes, the order of keys in a step and the spelling of periods and numbers are no part of what a
// process says; titles, the order of variables and values are.
func TestDigest(t *testing.T) {
	const base = `
process: p
vars: {n: {type: int, default: 16}, s: string}
steps:
  - user: a
    due: PT1H
    groups: [x]
  - wait: w
    for: P7D
`
	digest := func(src string) [32]byte {
		t.Helper()
		p, err := Parse("p", []byte(src))
		if err != nil {
			t.Fatalf("%s\n%v", src, err)
		}
		return p.Digest()
	}
	for _, same := range []string{
		"# comment\nsteps:\n- groups:\n  - x\n  due: PT60M\n  user: 'a'\n- {for: P1W, wait: \"w\"}\nprocess: p\nvars:\n  n: {default: 0x10, type: int, index: false}\n  s: {type: string}\n",
		`{"process":"p","vars":{"n":{"type":"int","default":16},"s":"string"},"steps":[{"user":"a","due":"PT1H","groups":["x"]},{"wait":"w","for":"P7D"}]}`,
	} {
		if digest(same) != digest(base) {
			t.Errorf("another digest:\n%s", same)
		}
	}
	for _, change := range [][2]string{
		{"process: p", "process: q"},
		{"user: a", "user: b"},
		{"user: a", "user: a\n    title: A"},
		{"default: 16", "default: 17"},
		{"default: 16", "default: 16, secret: true"},
		{"PT1H", "PT2H"},
		{"{n: {type: int, default: 16}, s: string}", "{s: string, n: {type: int, default: 16}}"},
	} {
		if digest(strings.Replace(base, change[0], change[1], 1)) == digest(base) {
			t.Errorf("%q instead of %q leaves the digest as it is", change[1], change[0])
		}
	}
}

// What stands for question marks while YAML is read is no character of the source, written or escaped.
func TestQuestionMarksAreHiddenSafely(t *testing.T) {
	src := "process: p\ntitle: \"\ue000 or \\uE001 or \\U0000e002? a?\"\nvars: {v: int}\nsteps:\n  - {user: a, doc: \uf03f, out: [v?]}\n"
	p, err := ParseControl("a.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.title.s, "\ue000 or \ue001 or \ue002? a?"; got != want {
		t.Errorf("the title is %+q, want %+q", got, want)
	}
	again, err := ParseControl("a.yaml", p.YAML())
	if err != nil {
		t.Fatal(err)
	}
	if got := again.byID["a"]; got.doc.s != "\uf03f" || again.Digest() != p.Digest() {
		t.Errorf("read again it is\n%+q", again.YAML())
	}
}
