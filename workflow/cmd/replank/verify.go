package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/replank/replank/workflow/bpmn"
	"github.com/replank/replank/workflow/schema"
)

const verifyUsage = `Usage: replank verify [flags] FILE...

Prints everything that is wrong with the processes in files of YAML, JSON or BPMN 2.0: mistakes in the text, runs that
never end, steps that nothing leads to, variables that may have no value. With --control-only expressions and data are
left aside.

Exit codes: 0 all of them are right (there may be warnings, also of what no engine runs yet), 1 findings refuse one, or
it is too large to be verified, 2 a file cannot be read, or wrong usage.
`

// report is what verify prints with --json.
type report struct {
	Verdict   string     `json:"verdict"` // "sound" or "findings"
	Processes []verified `json:"processes"`
	Findings  []finding  `json:"findings"`
}

type verified struct {
	File       string `json:"file"`
	Process    string `json:"process"`
	States     int    `json:"states"`
	Unverified bool   `json:"unverified"` // it has too many states
}

type finding struct {
	Severity string   `json:"severity"` // "error" or "warning"
	Code     string   `json:"code"`
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"`
	Col      int      `json:"col,omitempty"`
	Node     string   `json:"node,omitempty"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint,omitempty"`
	Trace    []string `json:"trace,omitempty"`

	text string
}

// verify is the verb verify.
func (t *terminal) verify(args []string) (int, error) {
	f := t.flags("verify", verifyUsage)
	controlOnly := f.Bool("control-only", false, "judge by control flow alone")
	strict := f.Bool("strict", false, "refuse BPMN files for every rule of BPMN that they break")
	asJSON := f.Bool("json", false, "print one JSON object")
	files, err := parse(f, args)
	if err != nil {
		return wrong, err
	}
	if len(files) == 0 {
		return wrong, errors.New("no file is named; replank verify --help tells more")
	}
	r := &report{Verdict: "sound", Processes: []verified{}, Findings: []finding{}}
	for _, name := range files {
		all, err := t.processes(name, bpmn.Options{ControlOnly: *controlOnly, Strict: *strict, Imports: beside(name)})
		if fault := (*schema.Error)(nil); errors.As(err, &fault) {
			r.add(name, fault.Findings)
			continue
		} else if err != nil {
			return wrong, err
		}
		for _, p := range all {
			found := p.Verify(schema.Budget{})
			r.Processes = append(r.Processes, verified{name, p.ID(), found.States, found.Unverified})
			r.add(name, found.Findings)
			r.add(name, notRunYet(p))
			if found.Unverified {
				r.Verdict = "findings"
			}
		}
	}
	code := yes
	if r.Verdict != "sound" {
		code = refused
	}
	if *asJSON {
		return code, printJSON(t.stdout, r)
	}
	return code, r.print(t)
}

// notRunYet are the elements of p that are right but that no engine runs: warnings, for the process may be verified.
func notRunYet(p *schema.Process) []schema.Finding {
	list := p.Runs()
	for i := range list {
		list[i].Severity = schema.Warning
	}
	return list
}

func (r *report) add(file string, findings []schema.Finding) {
	for _, f := range findings {
		if f.Severity == schema.Fatal {
			r.Verdict = "findings"
		}
		r.Findings = append(r.Findings, *newFinding(file, &f))
	}
}

func newFinding(file string, f *schema.Finding) *finding {
	return &finding{f.Severity.String(), f.Code, file, f.Pos.Line, f.Pos.Col, f.Node, f.Message, f.Hint, f.Trace, f.String()}
}

// print prints a report for people.
func (r *report) print(t *terminal) error {
	for _, f := range r.Findings {
		if _, err := fmt.Fprintln(t.stdout, f.text); err != nil {
			return err
		}
	}
	for _, p := range r.Processes {
		text := fmt.Sprintf("%d states", p.States)
		if p.Unverified {
			text = "not verified: a finding says for want of what"
		}
		if _, err := fmt.Fprintf(t.stdout, "%s: process %s: %s\n", p.File, p.Process, text); err != nil {
			return err
		}
	}
	return nil
}

// beside reads files in the folder of a file, and in those below it.
func beside(name string) func(location string) ([]byte, error) {
	return func(location string) ([]byte, error) {
		if location = filepath.FromSlash(location); !filepath.IsLocal(location) {
			return nil, errors.New("it does not lie in the folder of the file")
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(name), location))
		if why := (*fs.PathError)(nil); errors.As(err, &why) {
			err = why.Err // the name has been said
		}
		return data, err
	}
}
