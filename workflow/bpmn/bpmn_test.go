package bpmn

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/replank/replank/workflow/schema"
)

// Scenario files. What stands within <definitions> of a file is above the line, what becomes of it below.
//
//	import   the canonical text of the schema of each process, then the findings that are no errors
//	refuse   the findings that refuse it
//	control  as import, with Options.ControlOnly, and with all findings of the verification
//
// The argument process=id picks one process, strict sets Options.Strict; the argument raw says that the whole file is given.
func TestScenarios(t *testing.T) {
	for _, dir := range []string{"import", "refuse", "control"} {
		datadriven.Walk(t, "testdata/"+dir, scenario)
	}
}

func scenario(t *testing.T, path string) {
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		var o Options
		d.MaybeScanArgs(t, "process", &o.Process)
		o.ControlOnly, o.Strict = d.Cmd == "control", d.HasArg("strict")
		src := d.Input
		if !d.HasArg("raw") {
			src = `<definitions xmlns="` + model + `" xmlns:v="urn:vendor">` + "\n" + src + "\n</definitions>"
		}
		all, err := o.Parse("a.bpmn", []byte(src))
		switch {
		case err != nil && d.Cmd != "refuse":
			return "REFUSED\n" + err.Error()
		case err != nil:
			return err.Error()
		case d.Cmd == "refuse":
			return "ACCEPTED\n" + show(all)
		}
		return show(all)
	})
}

func show(all []*schema.Process) string {
	var b strings.Builder
	for i, p := range all {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.Write(p.YAML())
		for _, f := range p.Verify(schema.Budget{}).Findings {
			fmt.Fprintf(&b, "%s\n", f)
		}
	}
	return b.String()
}
