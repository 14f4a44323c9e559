package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/aymanbagabas/go-udiff"

	"github.com/replank/replank/workflow/schema"
)

const fmtUsage = `Usage: replank fmt [flags] [FILE...]

Lays files of YAML or JSON out canonically and prints them: keys in the order of the grammar, short lists and mappings on
one line, quotes where YAML needs them, comments kept. Without a file it reads the standard input. What is wrong with a
process is no reason not to lay it out, as long as it is YAML or JSON.

Exit codes: 0 done, 1 with -l or -d if the layout of a file is another, 2 a file cannot be read or laid out, or wrong usage.
`

// laidOut is what fmt prints with --json.
type laidOut struct {
	Verdict  string      `json:"verdict"` // "canonical", "changed" or "refused"
	Files    []formatted `json:"files"`
	Findings []finding   `json:"findings"`
}

type formatted struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`        // its layout was another
	Text    string `json:"text,omitempty"` // in the canonical layout; absent with -w, -l and -d
	Diff    string `json:"diff,omitempty"` // with -d
}

// format is the verb fmt.
func (t *terminal) format(args []string) (int, error) {
	f := t.flags("fmt", fmtUsage)
	write := f.Bool("w", false, "write files instead of printing them")
	list := f.Bool("l", false, "print the names of files whose layout is another")
	diff := f.Bool("d", false, "print what would change, as a unified diff")
	asJSON := f.Bool("json", false, "print one JSON object")
	files, err := parse(f, args)
	if err != nil {
		return wrong, err
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	r := &laidOut{Verdict: "canonical", Files: []formatted{}, Findings: []finding{}}
	var faults []error
	for _, name := range files {
		out, before, err := t.layout(name)
		if fault := (*schema.Error)(nil); errors.As(err, &fault) {
			for i := range fault.Findings {
				r.Findings = append(r.Findings, *newFinding(name, &fault.Findings[i]))
			}
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		one := formatted{File: name, Changed: string(out) != string(before)}
		if one.Changed {
			r.Verdict = "changed"
		}
		switch {
		case *diff && one.Changed:
			one.Diff = udiff.Unified(name+".orig", name, string(before), string(out))
		case !*write && !*list && !*diff:
			one.Text = string(out)
		}
		if *write && one.Changed {
			if err := replace(name, out); err != nil {
				faults = append(faults, err)
			}
		}
		r.Files = append(r.Files, one)
	}
	if !*asJSON {
		if err := r.print(t, *list); err != nil {
			return wrong, err
		}
	}
	code := yes
	switch {
	case len(faults) > 0:
		code, r.Verdict = wrong, "refused"
	case r.Verdict == "changed" && (*list || *diff):
		code = refused
	}
	if *asJSON {
		faults = append(faults, printJSON(t.stdout, r))
	}
	return code, errors.Join(faults...)
}

// layout reads a file and lays it out.
func (t *terminal) layout(name string) (out, before []byte, err error) {
	before, err = t.read(name)
	if err != nil {
		return nil, nil, err
	}
	if isBPMN(name, before) {
		return nil, nil, fmt.Errorf("%s: BPMN has no canonical layout; replank convert makes YAML of it", name)
	}
	out, err = schema.Format(before)
	if fault := (*schema.Error)(nil); errors.As(err, &fault) {
		for i := range fault.Findings {
			fault.Findings[i].Pos.File = name
		}
	}
	return out, before, err
}

// replace writes a file that is there, and keeps its permissions.
func replace(name string, text []byte) error {
	if name == "-" {
		return errors.New("-w needs files: the standard input cannot be written")
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, info.Mode().Perm())
}

func (r *laidOut) print(t *terminal, list bool) error {
	for _, f := range r.Files {
		text := f.Text + f.Diff
		if list && f.Changed {
			text = f.File + "\n" + text
		}
		if _, err := fmt.Fprint(t.stdout, text); err != nil {
			return err
		}
	}
	return nil
}
