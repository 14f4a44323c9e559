package bpmn

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/replank/replank/workflow/schema"
)

// Ids must be the only ones in their name space, in all files that imports bring together.
func TestImports(t *testing.T) {
	file := func(space, process string, imports ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "<definitions xmlns=%q targetNamespace=%q>\n", modelSpace, space)
		for _, location := range imports {
			fmt.Fprintf(&b, "<import importType=%q location=%q namespace=\"n\"/>\n", modelSpace, location)
		}
		fmt.Fprintf(&b, `<process id="%[1]s"><startEvent id="%[1]s.s"/><sequenceFlow id="%[1]s.f" sourceRef="%[1]s.s" targetRef="%[1]s.e"/><endEvent id="%[1]s.e"/></process>`, process)
		return b.String() + "\n</definitions>"
	}
	files := map[string]string{
		"other.bpmn":    file("n", "other"),
		"same.bpmn":     file("n", "p"),
		"far.bpmn":      file("m", "p"),
		"sub/on.bpmn":   file("n", "on", "back.bpmn", "../other.bpmn"),
		"sub/back.bpmn": file("n", "back", "on.bpmn", "../main.bpmn"),
		"again.bpmn":    file("n", "other"),
		"text.bpmn":     "none",
		"xsd.bpmn":      file("n", "x"),
	}
	for _, c := range []struct {
		imports []string
		want    string // codes, and how the first message begins
	}{
		{nil, ""},
		{[]string{"other.bpmn", "far.bpmn"}, ""},
		{[]string{"http://example.org/same.bpmn"}, ""},
		{[]string{"same.bpmn"}, `bpmn/id bpmn/id bpmn/id bpmn/id: the id "p" stands in same.bpmn too`},
		{[]string{"sub/on.bpmn"}, ""}, // in a circle
		{[]string{"other.bpmn", "again.bpmn"}, `bpmn/id bpmn/id bpmn/id bpmn/id: other.bpmn and again.bpmn, which are imported, both have the id "other"`},
		{[]string{"text.bpmn"}, "bpmn/import: text.bpmn, which is imported, is no BPMN file"},
		{[]string{"none.bpmn"}, "bpmn/import: none.bpmn, which is imported, cannot be read: file does not exist"},
	} {
		read := 0
		open := func(location string) ([]byte, error) {
			read++
			if src, ok := files[location]; ok {
				return []byte(src), nil
			}
			return nil, fs.ErrNotExist
		}
		src := []byte(file("n", "p", c.imports...))
		_, err := Options{Strict: true, Imports: open}.Parse("models/main.bpmn", src)
		if got := told(err); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%v: %s, want %s", c.imports, got, c.want)
		}
		if read > 5 {
			t.Errorf("%v: %d files read", c.imports, read)
		}
		for _, o := range []Options{{Imports: open}, {Strict: true}} {
			if _, err := o.Parse("main.bpmn", src); err != nil {
				t.Errorf("%v: without asking for it: %v", c.imports, err)
			}
		}
	}
}

// told are the codes of an error, sorted, and its first message.
func told(err error) string {
	refused := (*schema.Error)(nil)
	if !errors.As(err, &refused) {
		return ""
	}
	var codes []string
	for _, f := range refused.Findings {
		if f.Severity == schema.Fatal {
			codes = append(codes, f.Code)
		}
	}
	slices.Sort(codes)
	return strings.Join(codes, " ") + ": " + refused.Findings[0].Message
}
