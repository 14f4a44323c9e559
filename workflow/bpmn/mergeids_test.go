package bpmn

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/workflow/schema"
)

var anyID = regexp.MustCompile(`( (?:id|sourceRef|targetRef|attachedToRef|default|activityRef)=")([^"]+)"`)

// A tool that gives everything in a file a new id loses no data, but that of steps that look the same, which it is told.
func TestNumberedAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }
		p, err := schema.Parse("a.yaml", []byte(randschema.Make(intn, randschema.Config{Locals: true})))
		if err != nil {
			t.Fatal(err)
		}
		text, err := Format(p, Dialect(intn(len(dialects))))
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(text), "</replank:schema>")
		rest, _, _ = strings.Cut(rest, "<bpmndi:BPMNDiagram")
		file := head + "</replank:schema>" + anyID.ReplaceAllString(rest, `${1}n_$2"`) + "</bpmn:definitions>"
		all, err := Parse("a.bpmn", []byte(file))
		if err != nil && strings.Contains(err.Error(), "may be any of what is gone") {
			return // others do what it did, or have its variables, but nobody can tell which those are
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		told := ""
		for _, f := range all[0].Verify(schema.Budget{}).Findings {
			if strings.Contains(f.Message, "may be any of what is gone") {
				told += f.Message
			}
		}
		now := objects(all[0])
		for id, o := range objects(p) {
			n := now[ID("n_"+id)]
			for _, key := range [...]string{"in", "out", "retry", "timeout", "due", "set"} {
				if !block(is(o)) && told == "" && !alike(o[key], n[key]) {
					t.Errorf("%s of %q is %s and was %s\n%s", key, id, n[key], o[key], file)
				}
			}
		}
	})
}
