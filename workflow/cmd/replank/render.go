package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/picture"
	"github.com/replank/replank/workflow/schema"
)

const renderUsage = `Usage: replank render FILE [flags]

Draws a process of YAML, JSON or BPMN 2.0, in SVG or as a Mermaid flowchart: the process alone, with --instance an
instance that has done what TRACE says (as in check) on it, with --diff what distinguishes NEW from it. If verification
refuses the process, the run that a finding tells of is drawn, with numbers; a BPMN file must be fit to be
deployed, unless --control-only leaves expressions and data aside.

Exit codes: 0 drawn, 1 drawn with the run of a finding that refuses it, 2 wrong input or usage.
`

// rendered is what render prints with --json.
type rendered struct {
	Process string         `json:"process"`
	Format  string         `json:"format"`
	Shows   string         `json:"shows"` // "schema", "instance", "diff" or "finding"
	Marks   *picture.Marks `json:"marks,omitempty"`
	Finding *finding       `json:"finding,omitempty"`
	Picture string         `json:"picture,omitempty"` // absent with -o
	Out     string         `json:"out,omitempty"`
}

// render is the verb render.
func (t *terminal) render(args []string) (int, error) {
	f := t.flags("render", renderUsage)
	instance := f.String("instance", "", "`file` of what an instance has done; - is the standard input")
	diff := f.String("diff", "", "`file` of the new version")
	format := f.String("format", "", "svg or mermaid; without it what the name of -o says, else svg")
	out := f.String("o", "", "`file` to write to; without it the picture is printed")
	process := f.String("process", "", "`id[:newid]` of the process, for files that have several")
	controlOnly := f.Bool("control-only", false, "leave expressions and data aside")
	asJSON := f.Bool("json", false, "print one JSON object")
	files, err := parse(f, args)
	switch {
	case err != nil:
		return wrong, err
	case len(files) != 1:
		return wrong, fmt.Errorf("%d files are named, want one; replank render --help tells more", len(files))
	case *instance != "" && *diff != "":
		return wrong, errors.New("--instance and --diff exclude each other")
	case *instance != "" && *controlOnly:
		return wrong, errors.New("--instance needs expressions and data: leave --control-only out")
	}
	r := &rendered{Format: pictureFormat(*format, *out), Out: *out}
	if r.Format == "" {
		return wrong, fmt.Errorf("--format: %q is none; want svg or mermaid", *format)
	}
	if err := spared(*out, files[0], *instance, *diff); err != nil {
		return wrong, err
	}
	p, err := t.drawn(r, files[0], *instance, *diff, *process, *controlOnly)
	if err != nil {
		return wrong, err
	}
	code := yes
	if r.Shows == "finding" {
		code = refused
	}
	return code, t.deliver(r, p, *asJSON)
}

// pictureFormat is the format that is asked for; "" if there is no such format.
func pictureFormat(format, out string) string {
	switch {
	case format == "svg", format == "mermaid":
		return format
	case format != "":
		return ""
	case strings.HasSuffix(out, ".mmd"), strings.HasSuffix(out, ".mermaid"):
		return "mermaid"
	}
	return "svg"
}

// drawn reads everything and draws.
func (t *terminal) drawn(r *rendered, name, instance, diff, process string, controlOnly bool) (*picture.Picture, error) {
	id, newID, two := strings.Cut(process, ":")
	if !two {
		newID = id
	}
	p, err := t.process(name, id, controlOnly)
	if refusal := (*schema.Error)(nil); errors.As(err, &refusal) && instance == "" && diff == "" {
		if faulty := t.unproved(name, id, refusal); faulty != nil {
			f := shownBest(refusal.Findings)
			r.Process, r.Shows, r.Finding = faulty.ID(), "finding", newFinding(name, f)
			return picture.Finding(faulty, *f), nil
		}
	}
	if err != nil {
		return nil, err
	}
	r.Process, r.Shows = p.ID(), "schema"
	switch {
	case instance != "":
		r.Shows = "instance"
		return t.drawnInstance(p, instance)
	case diff != "":
		r.Shows = "diff"
		now, err := t.process(diff, newID, controlOnly)
		if err != nil {
			return nil, fmt.Errorf("the new version:\n%w", err)
		}
		return picture.Difference(p, now), nil
	}
	return picture.Schema(p, nil), nil
}

// shownBest is the first finding that refuses a process and has a run, or else the first that refuses it.
func shownBest(list []schema.Finding) *schema.Finding {
	fatal := func(f schema.Finding) bool { return f.Severity == schema.Fatal }
	i := slices.IndexFunc(list, func(f schema.Finding) bool { return fatal(f) && len(f.Trace) > 0 })
	if i < 0 {
		i = slices.IndexFunc(list, fatal)
	}
	return &list[i]
}

// unproved is a process that was refused only for what its runs may do, else nil.
func (t *terminal) unproved(name, id string, refusal *schema.Error) *schema.Process {
	if name == "-" || !unsound(refusal) {
		return nil
	}
	src, err := t.read(name)
	if err != nil || isBPMN(name, src) {
		return nil
	}
	p, err := schema.ParseTrusted(name, src)
	if err != nil || id != "" && p.ID() != id {
		return nil
	}
	return p
}

// drawnInstance draws the instance that a trace tells of.
func (t *terminal) drawnInstance(p *schema.Process, traceFile string) (*picture.Picture, error) {
	src, err := t.read(traceFile)
	if err != nil {
		return nil, err
	}
	if traceFile == "-" {
		traceFile = "standard input"
	}
	tr, err := readTrace(traceFile, src, p)
	if err != nil {
		return nil, err
	}
	d := newDriver(p)
	if err := d.drive(tr); err != nil {
		return nil, fmt.Errorf("the trace: %w", err)
	}
	run := picture.Run{Events: d.history}
	for _, w := range d.s.Works {
		if id := d.p.Nodes[w.Node].ID; w.Incident {
			run.Failed = append(run.Failed, id)
		} else {
			run.Waits = append(run.Waits, id)
		}
	}
	return picture.Instance(p, run)
}

// history yields what the instance has done, as far as a picture shows it.
func (d *driver) history(yield func(history.Event, error) bool) {
	for _, e := range d.log {
		h := history.Event{Seq: e.Seq, Kind: e.Kind}
		if e.Node >= 0 {
			h.Node = d.p.Nodes[e.Node].ID
			h.Flow = strings.Join(d.flowsOf(e.Node, e.Flows), ",")
		}
		if !yield(h, nil) {
			return
		}
	}
}

// flowsOf are the names of the flows of a node's decision that a mask has.
func (d *driver) flowsOf(node int32, mask uint64) []string {
	var names []string
	for i := range d.p.Decisions {
		if x := &d.p.Decisions[i]; x.Node == node {
			for k := range x.Flows {
				if mask&(1<<k) != 0 {
					names = append(names, x.Flows[k].ID)
				}
			}
			break
		}
	}
	return names
}

// deliver writes the picture to where it is wanted.
func (t *terminal) deliver(r *rendered, p *picture.Picture, asJSON bool) error {
	text := p.Mermaid()
	if r.Format == "svg" {
		text = string(p.SVG())
	}
	if r.Out != "" {
		if err := os.WriteFile(r.Out, []byte(text), 0o644); err != nil {
			return err
		}
	}
	switch {
	case asJSON:
		r.Marks = p.Marks()
		if r.Out == "" {
			r.Picture = text
		}
		return printJSON(t.stdout, r)
	case r.Out == "":
		_, err := fmt.Fprint(t.stdout, text)
		return err
	case r.Finding != nil:
		_, err := fmt.Fprintln(t.stdout, r.Finding.text)
		return err
	}
	return nil
}
