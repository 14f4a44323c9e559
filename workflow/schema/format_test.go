package schema

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
)

// The scenario files show sources and their canonical layout, or why there is none.
func TestFormat(t *testing.T) {
	datadriven.Walk(t, "testdata/format", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "format" {
				t.Fatalf("%s: unknown command %q", d.Pos, d.Cmd)
			}
			formats(t, []byte(d.Input))
			out, err := Format([]byte(d.Input))
			if err != nil {
				return err.Error() + "\n"
			}
			return string(out)
		})
	})
}

// failing is a test of either kind.
type failing interface {
	Fatalf(format string, args ...any)
}

// formats checks what Format promises of one source.
func formats(t failing, src []byte) {
	out, err := Format(src)
	if wrong := (*Error)(nil); errors.As(err, &wrong) {
		if !refused(wrong.Findings) {
			t.Fatalf("an error without a finding: %v", err)
		}
		return
	} else if err != nil {
		t.Fatalf("not an *Error: %v", err)
	}
	again, err := Format(out)
	if err != nil {
		t.Fatalf("its layout is refused: %v\n%s", err, out)
	}
	if string(again) != string(out) {
		t.Fatalf("a second time it becomes something else:\n%s\n%s", out, again)
	}
	if got, want := comments(t, out), comments(t, src); !slices.Equal(got, want) {
		t.Fatalf("its comments are %q, not %q:\n%s", got, want, out)
	}
	p, err := Parse("x", src)
	q, formatted := Parse("x", out)
	switch {
	case (err == nil) != (formatted == nil):
		t.Fatalf("%v becomes %v\n%s", err, formatted, out)
	case err == nil:
		if p.Digest() != q.Digest() {
			t.Fatalf("it says something else:\n%s\n%s", p.YAML(), q.YAML())
		}
	default:
		if got, want := codes(formatted), codes(err); !slices.Equal(got, want) {
			t.Fatalf("its findings are %q, not %q: %v\n%s", got, want, formatted, out)
		}
	}
}

// comments are the comments of a source, sorted.
func comments(t failing, src []byte) (list []string) {
	f, v := readSource("", src)
	if v == nil {
		t.Fatalf("%v", f.list)
	}
	if looksLikeJSON(src, "") {
		return nil
	}
	for _, x := range f.source.notes(v) {
		list = append(list, x.line)
		list = append(append(list, x.head...), x.end...)
	}
	slices.Sort(list)
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// codes are the codes of the findings of an *Error, sorted.
func codes(err error) (list []string) {
	var wrong *Error
	errors.As(err, &wrong)
	for _, f := range wrong.Findings {
		list = append(list, f.Code)
	}
	slices.Sort(list)
	return list
}

// The canonical text of a process is in the canonical layout.
func TestFormatKeepsCanonicalText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := ParseControl("x", []byte(randschema.Make(intn(t), randschema.Config{Depth: 2, Locals: true})))
		if err != nil {
			t.Skip(err)
		}
		out, err := Format(p.YAML())
		if err != nil || string(out) != string(p.YAML()) {
			t.Fatalf("%v\n%s\nbecomes\n%s", err, p.YAML(), out)
		}
	})
}

// Comments anywhere in a text, and keys in any order, make no difference to what it says, and none is lost.
func TestFormatKeepsComments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := ParseControl("x", []byte(randschema.Make(intn(t), randschema.Config{Depth: 2, Locals: true})))
		if err != nil {
			t.Skip(err)
		}
		lines := strings.Split(string(p.YAML()), "\n")
		var out []string
		for i, line := range lines {
			lead := strings.Repeat(" ", len(line)-len(strings.TrimLeft(line, " ")))
			switch rapid.IntRange(0, 7).Draw(t, "what") {
			case 0:
				out = append(out, lead+"# above "+string(rune('a'+i%26)), line)
			case 1:
				out = append(out, "", line)
			case 2:
				out = append(out, strings.Repeat(" ", rapid.IntRange(0, 8).Draw(t, "indent"))+"# before", line)
			case 3:
				if line != "" {
					line += "  # behind"
				}
				out = append(out, line)
			default:
				out = append(out, line)
			}
		}
		src := strings.Join(out, "\n")
		if _, err := Parse("x", []byte(src)); err != nil {
			t.Skip(err)
		}
		if n := strings.Count(src, "# "); n != len(comments(t, []byte(src))) {
			t.Fatalf("%d comments, found %q\n%s", n, comments(t, []byte(src)), src)
		}
		formats(t, []byte(src))
	})
}

// Whatever the text, it has a layout that says the same, or is refused.
func FuzzFormat(f *testing.F) {
	seeds(f)
	for _, path := range []string{"testdata/format/layout.txt", "testdata/format/refused.txt"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "\n\n") {
			if _, src, ok := strings.Cut(part, "format\n"); ok {
				src, _, _ = strings.Cut(src, "\n----")
				f.Add([]byte(src))
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) { formats(t, src) })
}
