package main

import (
	"os"
	"strings"
	"testing"

	"github.com/replank/replank/internal/xes"
)

func events(names string) []xes.Event {
	var out []xes.Event
	for _, n := range strings.Fields(names) {
		out = append(out, xes.Event{Name: n})
	}
	return out
}

// TestAnswers: a variable is answered with the first of its options that
// still comes.
func TestAnswers(t *testing.T) {
	const schema = `
      - when: verdict == "mend" || verdict=='drop'
      - until: result != "mend"
      - while: size(list) > 0 && other == 3
`
	a := newAnswers(schema, map[string]string{"Mend": "mend", "Drop": "drop", "Pay": "pay"})
	for _, c := range []struct{ variable, rest, want string }{
		{"verdict", "Mend Drop", "mend"},
		{"verdict", "Pay Drop Mend", "drop"},
		{"verdict", "Pay", ""},
		{"verdict", "", ""},
		{"verdict", "mend Unknown Drop", "drop"}, // activities, not ids
		{"result", "Drop Mend", "mend"},
		{"result", "Drop", ""},
		{"other", "Mend", ""},
		{"undeclared", "Mend", ""},
	} {
		if got := a.answer(c.variable, events(c.rest)); got != c.want {
			t.Errorf("%s before %q: %q, want %q", c.variable, c.rest, got, c.want)
		}
	}
}

// TestOptionsNameSteps: in the schemas of this directory every text that a
// variable is compared with is the id of a step, so that an answer can be given.
func TestOptionsNameSteps(t *testing.T) {
	for _, path := range []string{"receipt.yaml", "testdata/repair.yaml"} {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a := newAnswers(string(src), nil)
		if len(a.options) == 0 {
			t.Errorf("%s: no decision found", path)
		}
		for variable, ids := range a.options {
			if !strings.Contains(string(src), "\n  "+variable+": string") {
				t.Errorf("%s: %s is compared with a text and is not declared a string", path, variable)
			}
			for id := range ids {
				if !strings.Contains(string(src), "- user: "+id+"\n") {
					t.Errorf("%s: %s is compared with %q, which is no user task", path, variable, id)
				}
			}
		}
	}
}

// TestAnswersOfTheSmallLog: what each owner's visit was worth, by what came after.
func TestAnswersOfTheSmallLog(t *testing.T) {
	src, err := os.ReadFile("testdata/repair.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := load(small)
	if err != nil {
		t.Fatal(err)
	}
	a := newAnswers(string(src), map[string]string{"Repair the bicycle": "repair", "Write the bill": "bill"})
	var got []string
	for _, s := range r.order {
		if s.e == 0 {
			got = append(got, r.cases[s.c].ID+":"+a.answer("worth", r.rest(s)))
		}
	}
	const want = "B-1:repair B-2:bill B-3: B-4:repair B-5:repair B-6:bill B-7:bill"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}
