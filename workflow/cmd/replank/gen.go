package main

import (
	"errors"
	"fmt"
	"go/token"
	"os"

	"github.com/replank/replank/internal/typed"
	"github.com/replank/replank/workflow/bpmn"
	"github.com/replank/replank/workflow/schema"
)

const genUsage = `Usage: replank gen --package NAME [-o FILE.go] FILE...

Writes Go for the processes in files of YAML, JSON or BPMN 2.0: a struct for what each task takes and gives, and an
interface with a method for each kind of handler. A program that lacks a handler, or has one of another type, does not
compile. With

  //go:generate go run github.com/replank/replank/workflow/cmd/replank gen --package loans -o loans_gen.go loan.yaml

"go generate" keeps it up to date.

Exit codes: 0 written, 1 findings refuse a process, 2 wrong input or usage.
`

// generated is what gen prints with --json.
type generated struct {
	Verdict   string    `json:"verdict"` // "generated" or "findings"
	Package   string    `json:"package"`
	Processes []string  `json:"processes"`
	Out       string    `json:"out,omitempty"`
	Text      string    `json:"text,omitempty"` // absent with -o
	Findings  []finding `json:"findings"`
}

// gen is the verb gen.
func (t *terminal) gen(args []string) (int, error) {
	f := t.flags("gen", genUsage)
	pkg := f.String("package", "", "`name` of the Go package")
	out := f.String("o", "", "`file` to write to; without it the text is printed")
	asJSON := f.Bool("json", false, "print one JSON object")
	files, err := parse(f, args)
	switch {
	case err != nil:
		return wrong, err
	case len(files) == 0:
		return wrong, errors.New("no file is named; replank gen --help tells more")
	case *pkg == "":
		return wrong, errors.New("--package is missing; replank gen --help tells more")
	case !token.IsIdentifier(*pkg) || *pkg == "_":
		return wrong, fmt.Errorf("--package: %q cannot name a Go package", *pkg)
	}
	if err := spared(*out, files...); err != nil {
		return wrong, err
	}
	r := &generated{Verdict: "generated", Package: *pkg, Processes: []string{}, Out: *out, Findings: []finding{}}
	all, err := t.sources(r, files)
	if err != nil {
		return wrong, err
	}
	code := yes
	if len(r.Findings) > 0 {
		code, r.Verdict = refused, "findings"
	} else {
		text, err := typed.Generate(*pkg, all)
		if err != nil {
			return wrong, err
		}
		if *out == "" {
			r.Text = string(text)
		} else if err := os.WriteFile(*out, text, 0o644); err != nil {
			return wrong, err
		}
	}
	if *asJSON {
		return code, printJSON(t.stdout, r)
	}
	for _, x := range r.Findings {
		if _, err := fmt.Fprintln(t.stdout, x.text); err != nil {
			return wrong, err
		}
	}
	_, err = fmt.Fprint(t.stdout, r.Text)
	return code, err
}

// sources reads all processes of all files, and what refuses them into r. Two with one id are an error.
func (t *terminal) sources(r *generated, files []string) (all []*schema.Process, err error) {
	from := map[string]string{}
	for _, name := range files {
		processes, err := t.processes(name, bpmn.Options{})
		if fault := (*schema.Error)(nil); errors.As(err, &fault) {
			for i := range fault.Findings {
				r.Findings = append(r.Findings, *newFinding(name, &fault.Findings[i]))
			}
			continue
		} else if err != nil {
			return nil, err
		}
		for _, p := range processes {
			for _, open := range p.Open() {
				r.Findings = append(r.Findings, *newFinding(name, &open))
			}
			if first, twice := from[p.ID()]; twice {
				return nil, fmt.Errorf("%s: the process %q is in %s already", name, p.ID(), first)
			}
			from[p.ID()] = name
			r.Processes = append(r.Processes, p.ID())
			all = append(all, p)
		}
	}
	return all, nil
}
