package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"github.com/replank/replank/internal/program"
)

// Source yields schemas to deploy: a *Process, a *Builder, or text.
type Source interface {
	// Schemas returns the processes of the source. What is wrong with them is an *Error with all findings.
	Schemas() ([]*Process, error)
}

// Parse reads a process in YAML or JSON; name appears in findings (the name of a file, say). The source is not kept.
// The error is an *Error with every finding. A process without an error is compiled and verified; if the verification
// ran out of its budget, Verify says so.
func Parse(name string, src []byte) (*Process, error) {
	f, v := readSource(name, src)
	return assemble(f, v, false)
}

// ParseTrusted is Parse for a source that Parse has accepted before, and that its keeper knows to be unchanged (see
// Process.Digest): it is not verified again. Verify verifies it each time.
func ParseTrusted(name string, src []byte) (*Process, error) {
	f, v := readSource(name, src)
	return compose(f, v, false)
}

// readSource turns a source into a value, with what was found on the way.
func readSource(name string, src []byte) (*findings, *value) {
	f := &findings{source: &source{name: name}}
	if len(src) <= MaxSize {
		f.source = newSource(name, src)
	}
	return f, load(f, src)
}

// ParseFS parses every file that matches a glob of [fs.Glob], in the order of their names. The error is an *Error with
// the findings of all files, or what reading a file failed with.
func ParseFS(fsys fs.FS, globs ...string) ([]*Process, error) {
	var names []string
	for _, glob := range globs {
		matches, err := fs.Glob(fsys, glob)
		if err != nil {
			return nil, fmt.Errorf("schema: pattern %q: %w", glob, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("schema: no file matches %q: %w", glob, fs.ErrNotExist)
		}
		names = append(names, matches...)
	}
	slices.Sort(names)
	var all []*Process
	var wrong []Finding
	for _, name := range slices.Compact(names) {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("schema: %w", err)
		}
		p, err := Parse(name, src)
		if e := (*Error)(nil); errors.As(err, &e) {
			wrong = append(wrong, e.Findings...)
			continue
		}
		all = append(all, p)
	}
	if len(wrong) > 0 {
		return nil, &Error{wrong}
	}
	return all, nil
}

// assemble makes a process of a value and verifies it. A free process is for ParseControl, and verified when somebody
// asks.
func assemble(f *findings, v *value, free bool) (*Process, error) {
	p, err := compose(f, v, free)
	if err != nil || free {
		return p, err
	}
	p.report = verify(p, Budget{})
	f.list = append(f.list, p.report.Findings...)
	if refused(f.list) {
		return nil, f.failure()
	}
	return p, nil
}

// compose makes a process of a value: it reads it, resolves it and compiles it. Expressions are checked even if the
// structure is refused, so that one run reports both; a net is made of a correct structure only.
func compose(f *findings, v *value, free bool) (*Process, error) {
	if v == nil {
		return nil, f.failure()
	}
	r := &reader{findings: f, lost: map[string]bool{}, free: free}
	p := r.process(v)
	p.free = free
	if r.steps > MaxSteps {
		return nil, f.failure() // what leads to steps that were not read would lead nowhere
	}
	resolve(p, f, r.lost)
	if refused(f.list) {
		if !free {
			checkExpressions(p, f)
		}
		return nil, f.failure()
	}
	p.json = appendJSON(nil, printed(p))
	p.digest = sha256.Sum256(p.json)
	for _, s := range p.all {
		p.nodes = append(p.nodes, &Node{p, s})
	}
	prog, found := compile(p)
	f.list = append(f.list, found...)
	if refused(f.list) {
		return nil, f.failure()
	}
	p.program = prog
	p.warnings = f.list
	return p, nil
}

// failure is the error with all findings: in the order of the source, each once, not more than MaxFindings.
func (fs *findings) failure() error {
	sortFindings(fs.list)
	list := slices.CompactFunc(fs.list, func(a, b Finding) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Node == b.Node && a.Message == b.Message
	})
	if more := len(list) - MaxFindings; more > 0 {
		list = append(slices.Clip(list[:MaxFindings]), Finding{
			Severity: Fatal, Code: "schema/more", Pos: Pos{File: fs.source.name}, Message: fmt.Sprintf("%d more findings", more),
		})
	}
	return &Error{list}
}

// ID is the id of the process.
func (p *Process) ID() string { return p.id.s }

// Title is the title of the process, "" if it has none.
func (p *Process) Title() string { return p.title.s }

// Vars are the variables of the process, in the order declared, without those of its subprocesses. The slice is the
// caller's; defaults in it are shared and must not be changed.
func (p *Process) Vars() []Variable {
	vars := make([]Variable, len(p.vars))
	for i, d := range p.vars {
		vars[i] = Variable{
			Name: d.name.s, Type: Type(d.typ.s), Default: d.initial.value, Index: d.index, Secret: d.secret,
			From: d.from.s, Was: d.was.s,
		}
	}
	return vars
}

// In are the names of the variables that an instance is started with. The slice is the caller's.
func (p *Process) In() []string { return strs(p.in) }

// Out are the names of the variables that an instance returns. The slice is the caller's.
func (p *Process) Out() []string { return strs(p.out) }

// Nodes yields the steps and events of the process in document order: a step, what is in it, then its boundary events.
func (p *Process) Nodes() iter.Seq[*Node] { return slices.Values(p.nodes) }

// Node returns the step or event with an id, or nil.
func (p *Process) Node(id string) *Node {
	if s := p.byID[id]; s != nil {
		return p.nodes[s.index]
	}
	return nil
}

// Digest is the SHA-256 of JSON(): two processes have the same digest if and only if they say the same, whatever the
// layout, comments, quotes, spelling of numbers and periods, and order of keys within a step were. Titles and docs
// count, and so does the order of variables, types, steps, cases and lists.
func (p *Process) Digest() [32]byte { return p.digest }

// JSON is the canonical text of the process as JSON on one line. Parse reads it back. The slice is the caller's.
func (p *Process) JSON() []byte { return bytes.Clone(p.json) }

// MarshalJSON is JSON().
func (p *Process) MarshalJSON() ([]byte, error) { return p.JSON(), nil }

var _ json.Marshaler = (*Process)(nil)

// YAML is the canonical text of the process as YAML, for people to read and for Parse to read back; comments of the
// source are not in it. The slice is the caller's.
func (p *Process) YAML() []byte { return append(appendYAML(nil, printed(p), 0), '\n') }

// Schemas returns p itself. One that ParseControl or BuildControl made cannot be deployed and is an *Error, and so is
// one with elements that no engine runs yet; see Runs.
func (p *Process) Schemas() ([]*Process, error) {
	if p.free {
		f := p.source.finding(Fatal, "schema/control-only", p.id.at, "", "read it again, with its expressions",
			"the process was read for its control flow only and cannot be deployed")
		return nil, &Error{[]Finding{f}}
	}
	if lacking := slices.Concat(p.open, p.Runs()); len(lacking) > 0 {
		return nil, &Error{lacking}
	}
	return []*Process{p}, nil
}

// Program is the compiled form, for the engine; its type is internal. It is shared and must not be changed.
func (p *Process) Program() *program.Program { return p.program }
