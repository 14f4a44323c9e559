package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestScenarios runs the files under testdata, each in a directory of its own:
//
//	file name=NAME    writes a file
//	replank           runs the command: the first line has its arguments, the others are its standard input; prints
//	                  the exit code, what it printed, and what it complained of, each line after "!"
func TestScenarios(t *testing.T) {
	root, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	datadriven.Walk(t, root, func(t *testing.T, path string) {
		t.Chdir(t.TempDir())
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "file":
				var name string
				d.ScanArgs(t, "name", &name)
				write(t, name, d.Input+"\n")
				return ""
			case "replank":
				line, stdin, _ := strings.Cut(d.Input, "\n")
				return command(t, strings.Fields(line), stdin)
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}

func command(t *testing.T, args []string, stdin string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	code := run(args, strings.NewReader(stdin), &out, &complaints)
	if warns := strings.Contains(complaints.String(), ": warning: "); (code == wrong) != (complaints.Len() > 0 && !warns) {
		t.Errorf("%v: exit %d with complaints %q", args, code, complaints.String())
	}
	text := fmt.Sprintf("exit %d\n%s", code, out.String())
	for line := range strings.Lines(complaints.String()) {
		text += "! " + line
	}
	if !strings.HasSuffix(text, "\n") {
		t.Errorf("%v: the output does not end its last line: %q", args, text)
	}
	return text
}

// The JSON of every verb is one object on one line, with all lists present.
func TestJSONIsOneObject(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"p.yaml":  "process: p\nsteps: [{user: a}, {user: b}]\n",
		"t.json":  `{"events": [{"complete": "a"}]}`,
		"no.yaml": "process: p\nsteps: [{user: a}, {user: x}, {user: b}]\n",
	} {
		write(t, name, text)
	}
	for _, x := range []struct {
		args  string
		lists []string
	}{
		{"check --json --from p.yaml --to no.yaml --trace t.json", []string{"warnings", "remedies"}},
		{"check --json --control-only --from p.yaml --to p.yaml --trace t.json", []string{"targets", "warnings", "remedies"}},
		{"verify --json p.yaml", []string{"processes", "findings"}},
		{"diff --json p.yaml p.yaml", []string{"changes", "added", "removed", "moved", "changed", "region", "hints"}},
		{"fmt --json p.yaml", []string{"files", "findings"}},
		{"convert --json p.yaml --to json", []string{"findings"}},
		{"gen --json --package p p.yaml", []string{"processes", "findings"}},
	} {
		var out, complaints bytes.Buffer
		if code := run(strings.Fields(x.args), nil, &out, &complaints); code != yes {
			t.Errorf("%s: exit %d %s", x.args, code, complaints.String())
		}
		var object map[string]any
		if err := json.Unmarshal(out.Bytes(), &object); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: not one object on one line (%v): %s", x.args, err, out.String())
		}
		for _, list := range x.lists {
			if _, ok := object[list].([]any); !ok {
				t.Errorf("%s: %s is %v, want a list", x.args, list, object[list])
			}
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
