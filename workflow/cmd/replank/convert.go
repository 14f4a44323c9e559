package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/replank/replank/workflow/bpmn"
	"github.com/replank/replank/workflow/schema"
)

const convertUsage = `Usage: replank convert IN OUT
       replank convert IN --to yaml|json|bpmn

Writes a process of YAML, JSON or BPMN 2.0 as another of them; what OUT ends in, or --to, says which. YAML and JSON are
the canonical text: comments are lost (replank fmt keeps them); BPMN has a diagram, and reads back as the same process. With
--control-only expressions and data are left aside, and unsound processes are converted too. What cannot be read of a BPMN
file, an expression without translation for one, is refused, or with --open left to a variable that the process is started
with; --json lists it. Warnings of what a BPMN file says and the process does not are written to the standard error.

Exit codes: 0 converted, 1 findings refuse the process, 2 wrong input or usage.
`

// converted is what convert prints with --json.
type converted struct {
	Verdict  string    `json:"verdict"` // "converted" or "findings"
	Process  string    `json:"process,omitempty"`
	To       string    `json:"to"`
	Out      string    `json:"out,omitempty"`
	Text     string    `json:"text,omitempty"` // absent if there is an OUT
	Findings []finding `json:"findings"`
}

// formats are the formats by the ends of file names.
var formats = map[string]string{
	".yaml": "yaml", ".yml": "yaml", ".json": "json", ".bpmn": "bpmn", ".bpmn2": "bpmn", ".bpmn20": "bpmn", ".xml": "bpmn",
}

// convert is the verb convert.
func (t *terminal) convert(args []string) (int, error) {
	f := t.flags("convert", convertUsage)
	to := f.String("to", "", "yaml, json or bpmn; without it what the name of OUT says")
	dialect := f.String("dialect", "standard", "of BPMN: standard, camunda, zeebe, flowable or activiti")
	id := f.String("process", "", "`id` of the process, for files that have several")
	controlOnly := f.Bool("control-only", false, "leave expressions and data aside")
	open := f.Bool("open", false, "convert what a BPMN file leaves open, too: variables stand for it")
	asJSON := f.Bool("json", false, "print one JSON object")
	files, err := parse(f, args)
	if err != nil {
		return wrong, err
	}
	r := &converted{Verdict: "converted", To: *to, Findings: []finding{}}
	switch {
	case len(files) == 2:
		if r.Out = files[1]; r.To == "" {
			r.To = formats[strings.ToLower(filepath.Ext(r.Out))]
		}
	case len(files) != 1:
		return wrong, fmt.Errorf("%d files are named, want IN and OUT, or IN and --to; replank convert --help tells more", len(files))
	}
	switch r.To {
	case "yaml", "json", "bpmn":
	case "":
		return wrong, errors.New("nothing says to what: want --to yaml, json or bpmn, or an OUT that ends in .yaml, .json or .bpmn")
	default:
		return wrong, fmt.Errorf("--to: %q is none; want yaml, json or bpmn", r.To)
	}
	if err := spared(r.Out, files[0]); err != nil {
		return wrong, err
	}
	as, err := bpmn.ParseDialect(*dialect)
	if err != nil {
		return wrong, fmt.Errorf("--dialect: %w", err)
	}
	all, err := t.processes(files[0], bpmn.Options{Process: *id, ControlOnly: *controlOnly})
	var p *schema.Process
	if err == nil {
		p, err = single(files[0], all)
	}
	if err == nil && len(p.Open()) > 0 && !*open {
		err = &schema.Error{Findings: p.Open()}
	}
	if fault := (*schema.Error)(nil); errors.As(err, &fault) {
		r.Verdict = "findings"
		for i := range fault.Findings {
			r.Findings = append(r.Findings, *newFinding(files[0], &fault.Findings[i]))
		}
		if *asJSON {
			return refused, printJSON(t.stdout, r)
		}
		_, err := fmt.Fprintln(t.stdout, fault)
		return refused, err
	} else if err != nil {
		return wrong, err
	}
	r.Process = p.ID()
	for _, left := range p.Open() {
		r.Findings = append(r.Findings, *newFinding(files[0], &left))
	}
	for _, aside := range p.Verify(schema.Budget{}).Findings {
		if !strings.HasPrefix(aside.Code, "bpmn/") {
			continue // of the process, not of what the file says beside it
		}
		r.Findings = append(r.Findings, *newFinding(files[0], &aside))
		if !*asJSON {
			fmt.Fprintln(t.stderr, aside)
		}
	}
	text, err := written(p, r.To, as)
	if err != nil {
		return wrong, err
	}
	return yes, t.handOver(r, text, *asJSON)
}

// written is a process in a format.
func written(p *schema.Process, to string, as bpmn.Dialect) ([]byte, error) {
	switch to {
	case "json":
		return schema.Format(p.JSON())
	case "bpmn":
		return bpmn.Format(p, as)
	}
	return p.YAML(), nil
}

// handOver writes the text to where it belongs.
func (t *terminal) handOver(r *converted, text []byte, asJSON bool) error {
	if r.Out != "" {
		if err := os.WriteFile(r.Out, text, 0o644); err != nil {
			return err
		}
	} else {
		r.Text = string(text)
	}
	if asJSON {
		return printJSON(t.stdout, r)
	}
	_, err := fmt.Fprint(t.stdout, r.Text)
	return err
}
