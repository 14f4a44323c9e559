package randschema

import (
	"fmt"
	"slices"
	"strings"
)

// Tree is a schema as its blocks, to be edited and printed. It need not be a correct schema: edits may break what Make
// keeps, and schema.Parse then refuses the text.
type Tree struct {
	Vars  []Var
	Steps []*Step
	ids   int // numbers given to ids so far
}

// Var is one variable, an int unless an edit changed its type.
type Var struct {
	Name    string
	Default bool   // it defaults to 0; else it has no value until it is written
	Type    string // "": int
	Was     string // its name in the version before; ""
	From    string // its converter; ""
}

// Step is one step of a list.
type Step struct {
	Kind     string // its key: user, service, script, receive, wait, choose, some, parallel, race, repeat, subprocess, end, gateway
	ID       string
	Was      string   // its id in the version before; ""
	In, Out  string   // the text of in and out, as flow mappings or lists; ""
	Lines    []string // further keys, one a line
	Separate []string // ids of separate-from
	Local    string   // subprocess: a variable of its own, ""
	Test     string   // repeat: "until" or "while"
	Guard    string   // repeat
	Cases    []*Case
	Body     []*Step // repeat, subprocess
	Bounds   []*Case // boundary events
	Next     string  // the id of the step that it jumps to; ""
	Flows    []Flow  // gateway
}

// Flow is a flow of a bare gateway.
type Flow struct {
	Next, When string // When "": none
	Else       bool
}

// Case is a case, a branch, an event of a race or a boundary event.
type Case struct {
	Kind  string   // when, else, do, timer, message, error
	Text  string   // when: the guard; events: the id
	Lines []string // further keys, one a line
	Steps []*Step
	Vars  []string // the strand's share of the variables; nil: that of the list around it
}

// Text is the schema in the text form.
func (t *Tree) Text() string {
	p := &printer{}
	p.line(0, "process: random")
	p.line(0, "in: [%s]", t.Vars[0].Name)
	p.line(0, "vars:")
	for _, v := range t.Vars {
		p.line(1, "%s: %s", v.Name, v.text())
	}
	p.line(0, "steps:")
	p.list(1, t.Steps)
	return p.out.String()
}

// text is the declaration.
func (v *Var) text() string {
	typ := "int"
	if v.Type != "" {
		typ = v.Type
	}
	text := "{type: " + typ
	if v.Default {
		text += map[bool]string{true: `, default: ""`, false: ", default: 0"}[typ == "string"]
	}
	if v.Was != "" {
		text += ", was: " + v.Was
	}
	if v.From != "" {
		text += ", from: " + v.From
	}
	return text + "}"
}

// Clone is a deep copy.
func (t *Tree) Clone() *Tree {
	return &Tree{Vars: slices.Clone(t.Vars), Steps: cloneList(t.Steps), ids: t.ids}
}

func cloneList(list []*Step) []*Step {
	out := make([]*Step, len(list))
	for i, s := range list {
		c := *s
		c.Lines, c.Separate, c.Flows = slices.Clone(s.Lines), slices.Clone(s.Separate), slices.Clone(s.Flows)
		c.Cases, c.Bounds = cloneCases(s.Cases), cloneCases(s.Bounds)
		c.Body = cloneList(s.Body)
		out[i] = &c
	}
	return out
}

func cloneCases(cases []*Case) []*Case {
	out := make([]*Case, len(cases))
	for i, x := range cases {
		c := *x
		c.Lines, c.Steps, c.Vars = slices.Clone(x.Lines), cloneList(x.Steps), slices.Clone(x.Vars)
		out[i] = &c
	}
	return out
}

type printer struct{ out strings.Builder }

func (p *printer) line(indent int, format string, args ...any) {
	p.out.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&p.out, format, args...)
	p.out.WriteByte('\n')
}

// key prints a key with the steps under it, which may be none.
func (p *printer) key(indent int, key string, list []*Step) {
	if len(list) == 0 {
		p.line(indent, "%s: []", key)
		return
	}
	p.line(indent, "%s:", key)
	p.list(indent+1, list)
}

func (p *printer) list(indent int, list []*Step) {
	for _, s := range list {
		p.step(indent, s)
	}
}

func (p *printer) step(indent int, s *Step) {
	p.line(indent, "- %s: %s", s.Kind, s.ID)
	indent++
	for _, x := range []struct{ key, text string }{{"was", s.Was}, {"in", s.In}, {"out", s.Out}} {
		if x.text != "" {
			p.line(indent, "%s: %s", x.key, x.text)
		}
	}
	for _, l := range s.Lines {
		p.line(indent, "%s", l)
	}
	if s.Next != "" {
		p.line(indent, "next: %s", s.Next)
	}
	if len(s.Flows) > 0 {
		p.line(indent, "flows:")
	}
	for _, f := range s.Flows {
		switch {
		case f.Else:
			p.line(indent+1, "- {next: %s, else: true}", f.Next)
		case f.When != "":
			p.line(indent+1, "- {next: %s, when: '%s'}", f.Next, f.When)
		default:
			p.line(indent+1, "- {next: %s}", f.Next)
		}
	}
	if len(s.Separate) > 0 {
		p.line(indent, "separate-from: [%s]", strings.Join(s.Separate, ", "))
	}
	if s.Local != "" {
		p.line(indent, "vars: {%s: {type: int, default: 0}}", s.Local)
	}
	switch s.Kind {
	case "choose", "some", "race":
		p.line(indent, "cases:")
		p.cases(indent+1, s.Cases)
	case "parallel":
		p.line(indent, "branches:")
		p.cases(indent+1, s.Cases)
	case "repeat":
		p.line(indent, "%s: %s", s.Test, s.Guard)
		p.key(indent, "do", s.Body)
	case "subprocess":
		p.key(indent, "do", s.Body)
	}
	if len(s.Bounds) > 0 {
		p.line(indent, "boundary:")
		p.cases(indent+1, s.Bounds)
	}
}

func (p *printer) cases(indent int, cases []*Case) {
	for _, c := range cases {
		switch c.Kind {
		case "do", "else":
			if len(c.Steps) == 0 {
				p.line(indent, "- %s: []", c.Kind)
				continue
			}
			p.line(indent, "- %s:", c.Kind)
			p.list(indent+2, c.Steps)
			continue
		}
		p.line(indent, "- %s: %s", c.Kind, c.Text)
		for _, l := range c.Lines {
			p.line(indent+1, "%s", l)
		}
		if len(c.Steps) > 0 {
			p.key(indent+1, "do", c.Steps)
		}
	}
}
