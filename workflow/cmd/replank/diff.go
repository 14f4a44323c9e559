package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/replank/replank/workflow/schema"
)

const diffUsage = `Usage: replank diff [flags] OLD NEW

Prints the changes that lead from one version of a process to another, in files of YAML, JSON or BPMN 2.0, and the region
of the new one where something may be different. Steps are the same if they have the same id, or if "was" says so. What
looks like a step under another name is a hint. With --control-only expressions and data are left aside.

Exit codes: 0 the versions say the same, 1 they differ, 2 a file cannot be read or is refused, or wrong usage.
`

// difference is what diff prints with --json.
type difference struct {
	Verdict string    `json:"verdict"` // "same" or "different"
	Inert   bool      `json:"inert"`   // of no consequence for running instances
	Changes []change  `json:"changes"` // in the order in which they are made
	Added   []string  `json:"added"`   // ids of nodes of the new version; the same of moved and changed
	Removed []string  `json:"removed"` // ids of nodes of the old version
	Moved   []string  `json:"moved"`
	Changed []string  `json:"changed"`
	Region  []string  `json:"region"` // ids of nodes that may behave in another way
	Hints   []finding `json:"hints"`
}

type change struct {
	Op   string `json:"op"`   // "insert", "move", "set guard"
	Text string `json:"text"` // "insert user check after draft"
}

// diff is the verb diff.
func (t *terminal) diff(args []string) (int, error) {
	f := t.flags("diff", diffUsage)
	process := f.String("process", "", "`ID[:NEWID]` of the process, where a file has several, or its id is another now")
	controlOnly := f.Bool("control-only", false, "compare control flow alone")
	asJSON := f.Bool("json", false, "print one JSON object")
	files, err := parse(f, args)
	if err != nil {
		return wrong, err
	}
	if len(files) != 2 {
		return wrong, errors.New("two files are compared, the old version and the new one; replank diff --help tells more")
	}
	id, newID, renamed := strings.Cut(*process, ":")
	if !renamed {
		newID = id
	}
	from, err := t.process(files[0], id, *controlOnly)
	if err != nil {
		return wrong, err
	}
	to, err := t.process(files[1], newID, *controlOnly)
	if err != nil {
		return wrong, err
	}
	found := schema.Compare(from, to)
	code := yes
	if len(found.Changes) > 0 {
		code = refused
	}
	if *asJSON {
		return code, printJSON(t.stdout, told(found, files[1]))
	}
	return code, t.printDiff(found)
}

// told is a difference as JSON shows it.
func told(d *schema.Diff, file string) *difference {
	list := func(ids []string) []string { return append([]string{}, ids...) }
	r := &difference{
		Verdict: "same", Inert: d.Inert(), Changes: []change{}, Added: list(d.Added()), Removed: list(d.Removed()),
		Moved: list(d.Moved()), Changed: list(d.Changed()), Region: list(d.Region()),
	}
	for _, c := range d.Changes {
		r.Verdict = "different"
		r.Changes = append(r.Changes, change{c.Op(), c.String()})
	}
	findings := report{Findings: []finding{}}
	findings.add(file, d.Hints)
	r.Hints = findings.Findings
	return r
}

// printDiff prints a difference for people.
func (t *terminal) printDiff(d *schema.Diff) error {
	var b strings.Builder
	fmt.Fprintln(&b, d)
	switch region := d.Region(); {
	case len(d.Changes) == 0:
	case d.Inert():
		b.WriteString("of no consequence for running instances\n")
	case len(region) > 0:
		fmt.Fprintf(&b, "region: %s\n", strings.Join(region, ", "))
	}
	for _, f := range d.Hints {
		fmt.Fprintln(&b, f)
	}
	_, err := t.stdout.Write([]byte(b.String()))
	return err
}
