package schema

import (
	"fmt"
	"strings"
	"testing"
)

// Every character of a scalar is found where it stands: the source at the place found begins with it.
func TestInsideFindsEachCharacter(t *testing.T) {
	const want = `a == "b" && c`
	for name, written := range map[string]string{
		"plain":            `x: ` + want,
		"plain folded":     "x: a ==\n  \"b\"\n  && c",
		"single quotes":    `x: '` + want + `'`,
		"double quotes":    `x: "a == \"b\" && c"`,
		"escapes":          `x: "a =\x3d \u0022b\u0022 && c"`,
		"continued":        "x: \"a == \\\"b\\\" \\\n    && c\"",
		"literal":          "x: |\n   " + want + "\n",
		"folded":           "x: >-\n   a == \"b\"\n   && c\n",
		"leading space":    `x: "  a == \"b\" && c  "`,
		"json":             "{\"x\":\t\"a == \\\"b\\\" && c\"}",
		"after wide chars": `"ü": a == "b" && c`,
	} {
		t.Run(name, func(t *testing.T) {
			f := &findings{source: newSource("test", []byte(written))}
			v := load(f, []byte(written))
			if len(f.list) > 0 {
				t.Fatal(f.failure())
			}
			scalar := v.fields[0].value
			got := text{strings.TrimSpace(scalar.text), scalar.at}
			if got.s != want {
				t.Fatalf("the scalar is %q", got.s)
			}
			for i, c := range []rune(want) {
				at := f.source.inside(got, i)
				line := []rune(f.source.lines[at.line-1])
				rest := string(line[min(at.col-1, len(line)):])
				if c == ' ' || c == '=' || c == '"' { // may be escaped or folded away
					continue
				}
				if !strings.HasPrefix(rest, string(c)) {
					t.Errorf("character %d (%c): at %d:%d stands %q", i, c, at.line, at.col, rest)
				}
			}
		})
	}
}

// A scalar that the source does not hold, as in a process built in Go, has no place and needs none.
func TestInsideWithoutSource(t *testing.T) {
	s := &source{name: "built"}
	if got := s.inside(text{s: "abc"}, 1); got != (mark{}) {
		t.Error(fmt.Sprint(got))
	}
}
