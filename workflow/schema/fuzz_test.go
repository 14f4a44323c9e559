package schema

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds are the sources of the scenario files.
func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/parse/*")
	if err != nil || len(files) == 0 {
		f.Fatal("no scenario files", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(content), "\n\n") {
			_, src, _ := strings.Cut(part, "\n")
			src, _, _ = strings.Cut(src, "\n----")
			f.Add([]byte(src))
		}
	}
}

// Whatever the source: no panic, an *Error with findings or a process, and a process reads back as itself.
func parses(t *testing.T, name string, src []byte) {
	p, err := Parse(name, src)
	if err != nil {
		var wrong *Error
		if !errors.As(err, &wrong) || !refused(wrong.Findings) {
			t.Fatalf("not an *Error with findings: %v", err)
		}
		for _, f := range wrong.Findings {
			if f.Code == "" || f.Message == "" || f.String() == "" || f.Pos.Line < 0 || f.Pos.Col < 0 {
				t.Fatalf("an empty finding: %+v", f)
			}
		}
		return
	}
	readsBack(t, p, p.YAML())
	readsBack(t, p, p.JSON())
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src []byte) { parses(t, "x.yaml", src) })
}

func FuzzParseJSON(f *testing.F) {
	seeds(f)
	f.Add([]byte(`{"process":"p","vars":{"x":{"type":"dyn","default":[1.0,-0,1e400,"\ud800"]}},"steps":[{"user":"a","in":["x"]}]}`))
	f.Fuzz(func(t *testing.T, src []byte) { parses(t, "x.json", src) })
}
