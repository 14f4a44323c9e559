package schema

import (
	"errors"
	"testing"
)

// A text within another one is the process that it says, and findings have the places of the other one.
func TestEmbedded(t *testing.T) {
	const text = `{"process":"p","in":["n"],"vars":{"n":"int"},"steps":[{"subprocess":"s","do":[{"user":"a"}]},` +
		`{"gateway":"g","kind":"exclusive","flows":[{"when":"n > 1","id":"f","next":"b"},{"else":true,"next":"b"}]},{"out":["n"],"user":"b"},{"signal":"f","wait":"s2"}]}`
	places := map[string]int{"s": 2, "a": 3, "g": 4, "f": 5, "s2": 2}
	at := func(id string) (line, col int) { return places[id], 7 * min(1, places[id]) }
	b, err := Embedded([]byte(text), at)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Source("file.xml", []byte("<a>\n<s>\n<a/>\n</s>\n<g/>\n")).Line(1, 1).Found(Finding{Severity: Warning, Code: "x", Message: "by the way"}).Build()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Parse("p.json", []byte(text))
	if err != nil || plain.Digest() != p.Digest() {
		t.Errorf("it says something else: %v\n%s", err, p.YAML())
	}
	for id, want := range map[string]Pos{"s": {"file.xml", 2, 7}, "a": {"file.xml", 3, 7}, "g": {"file.xml", 4, 7}, "b": {"file.xml", 1, 1}, "s2": {"file.xml", 2, 7}} {
		if got := p.Node(id).Pos(); got != want {
			t.Errorf("%s stands at %v, not %v", id, got, want)
		}
	}
	if found := p.Verify(Budget{}).Findings; len(found) != 2 || found[0].Pos != (Pos{"file.xml", 1, 1}) || found[1].Code != "x" {
		t.Errorf("found %v", found)
	}
	b, err = Embedded([]byte(`{"process":"p","steps":[{"gateway":"g","kind":"exclusive","flows":[{"when":"m > 1","id":"f","next":"b"},{"else":true,"next":"b"}]},{"user":"b"}]}`), at)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Source("file.xml", []byte("<a/>")).Build()
	if refused := (*Error)(nil); !errors.As(err, &refused) || refused.Findings[0].Pos != (Pos{"file.xml", 5, 7}) {
		t.Errorf("refused with %v", err)
	}
	for _, bad := range []string{"", "{", "[1]", "\xff"} {
		if _, err := Embedded([]byte(bad), at); err == nil {
			t.Errorf("%q is a process", bad)
		}
	}
}
