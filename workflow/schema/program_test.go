package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Scenario files. A schema stands above the line, what becomes of it below.
//
//	compile   the nodes, transitions and decisions of its net, by name
//	verify    the findings of its verification, with the number of markings
//	findings  all findings, each on one line
func TestPrograms(t *testing.T) {
	for _, dir := range []string{"compile", "verify", "dataflow", "rules"} {
		datadriven.Walk(t, "testdata/"+dir, func(t *testing.T, path string) {
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				p, warnings, err := parseWithFindings(d.Input)
				if err != nil && d.Cmd != "verify" && d.Cmd != "findings" {
					return err.Error()
				}
				switch d.Cmd {
				case "compile":
					return dump(p.program)
				case "verify":
					if err != nil {
						return err.Error()
					}
					var b strings.Builder
					for _, f := range warnings {
						fmt.Fprintln(&b, f)
					}
					fmt.Fprintf(&b, "sound: %d markings\n", p.Verify(Budget{}).States)
					return b.String()
				case "findings":
					return oneLine(p, err)
				}
				d.Fatalf(t, "unknown command %q", d.Cmd)
				return ""
			})
		})
	}
}

func parseWithFindings(src string) (p *Process, warnings []Finding, err error) {
	p, err = Parse("test.yaml", []byte(src))
	if p != nil {
		warnings = slices.Concat(p.warnings, p.report.Findings)
	}
	return p, warnings, err
}

// oneLine lists findings without excerpts and hints.
func oneLine(p *Process, err error) string {
	var list []Finding
	if e, ok := err.(*Error); ok {
		list = e.Findings
	} else if err != nil {
		return err.Error()
	} else {
		list = slices.Concat(p.warnings, p.report.Findings)
	}
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%d:%d: %v: %s: %s", f.Pos.Line, f.Pos.Col, f.Severity, f.Code, f.Message)
		if len(f.Trace) > 0 {
			fmt.Fprintf(&b, " after %s", strings.Join(f.Trace, ", "))
		}
		fmt.Fprintln(&b)
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

// dumper writes a program down with names instead of numbers.
type dumper struct {
	*program.Program
	b strings.Builder
}

func dump(p *program.Program) string {
	d := &dumper{Program: p}
	for i := range p.Nodes {
		d.node(i)
	}
	fmt.Fprintf(&d.b, "initial %s\n", d.places(p.Initial))
	for t := range p.Net.Len() {
		d.transition(t)
	}
	for i := range p.Decisions {
		d.decision(i)
	}
	for _, c := range p.Children {
		d.child(c)
	}
	return d.b.String()
}

// child writes down a program within a program.
func (d *dumper) child(c program.Child) {
	what := "child of"
	if c.Undo {
		what = "compensation of"
	}
	fmt.Fprintf(&d.b, "%s %s", what, d.Nodes[c.Node].ID)
	slot := func(text string, list []int) {
		for i, v := range list {
			if i == 0 {
				fmt.Fprintf(&d.b, " %s", text)
			}
			fmt.Fprintf(&d.b, " %s", d.Vars[v].Name)
		}
	}
	slot("reads", c.Reads)
	slot("writes", c.Writes)
	for _, e := range c.Throws {
		fmt.Fprintf(&d.b, " throws to %s", d.Nodes[e].ID)
	}
	fmt.Fprintln(&d.b)
	for _, line := range strings.Split(strings.TrimSuffix(dump(c.Program), "\n"), "\n") {
		fmt.Fprintf(&d.b, "  %s\n", line)
	}
}

func (d *dumper) node(i int) {
	n := &d.Nodes[i]
	fmt.Fprintf(&d.b, "%d %s: %v", i, n.ID, Kind(n.Kind))
	if n.Scope > 0 {
		fmt.Fprintf(&d.b, " in %s", d.Scopes[n.Scope].ID)
	}
	for _, l := range n.Loops {
		fmt.Fprintf(&d.b, " loop %s", d.Loops[l].ID)
	}
	if n.Wait != petri.NoPlace {
		fmt.Fprintf(&d.b, " waits at %s", d.place(n.Wait))
	}
	if len(n.Reads) > 0 {
		fmt.Fprintf(&d.b, " reads %s", d.vars(n.Reads))
	}
	if len(n.OutReads) > 0 {
		fmt.Fprintf(&d.b, " out reads %s", d.vars(n.OutReads))
	}
	if len(n.Writes) > 0 {
		fmt.Fprintf(&d.b, " writes %s", d.vars(n.Writes))
	}
	if n.Throws >= 0 {
		fmt.Fprintf(&d.b, " throws to %s", d.Nodes[n.Throws].ID)
	}
	fmt.Fprintln(&d.b)
}

func (d *dumper) vars(list []int) string {
	var names []string
	for _, slot := range list {
		names = append(names, d.Vars[slot].Name)
	}
	return strings.Join(names, ",")
}

// place names a place by its node and its role there, or its position among the node's.
func (d *dumper) place(p petri.Place) string {
	owner := d.PlaceNode[p]
	if owner < 0 {
		return "on"
	}
	n := &d.Nodes[owner]
	switch p {
	case n.Running:
		return n.ID + ":running"
	case n.On:
		return n.ID + ":on"
	}
	k := 0
	for q := range p {
		if d.PlaceNode[q] == owner {
			k++
		}
	}
	if k == 0 {
		return n.ID
	}
	return fmt.Sprintf("%s:%d", n.ID, k)
}

func (d *dumper) places(m petri.Marking) string {
	for i := range d.Scopes {
		if m.Len() > 1 && m.Equal(d.Scopes[i].Inside) {
			return strings.TrimSuffix("inside "+d.Scopes[i].ID, " ")
		}
	}
	var names []string
	for p := range m.Each {
		names = append(names, d.place(p))
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, " ")
}

func (d *dumper) transition(t int) {
	x, a := d.Net.Trans(t), &d.Acts[t]
	name := "exit"
	if a.Node >= 0 {
		name = d.Nodes[a.Node].ID
	}
	if a.Phase > 0 {
		name += [...]string{"", " start", " complete", " occur"}[a.Phase]
	} else {
		name += " *"
	}
	if a.Flow >= 0 {
		name += "[" + d.Decisions[a.Decision].Flows[a.Flow].ID + "]"
	}
	fmt.Fprintf(&d.b, "%d %s: %s", t, name, d.places(x.Pre))
	if x.Inputs != nil {
		fmt.Fprintf(&d.b, " any of %s", d.places(d.Net.NewMarking(x.Inputs...)))
	}
	if !x.Read.Empty() {
		fmt.Fprintf(&d.b, " while %s", d.places(x.Read))
	}
	if !x.Zero.Empty() {
		fmt.Fprintf(&d.b, " if none of %s", d.places(x.Zero))
	}
	fmt.Fprintf(&d.b, " -> %s", d.places(x.Post))
	if !x.Clear.Empty() {
		fmt.Fprintf(&d.b, " clears %s", d.places(x.Clear))
	}
	for _, l := range a.Enter {
		fmt.Fprintf(&d.b, " enters %s", d.Loops[l].ID)
	}
	if a.Back >= 0 {
		fmt.Fprintf(&d.b, " repeats %s", d.Loops[a.Back].ID)
	}
	for _, l := range a.Leave {
		fmt.Fprintf(&d.b, " leaves %s", d.Loops[l].ID)
	}
	if a.Reset >= 0 {
		fmt.Fprintf(&d.b, " resets %s", d.Scopes[a.Reset].ID)
	}
	fmt.Fprintln(&d.b)
}

func (d *dumper) decision(i int) {
	x := &d.Decisions[i]
	fmt.Fprintf(&d.b, "decision of %s:", d.Nodes[x.Node].ID)
	for _, f := range x.Flows {
		fmt.Fprintf(&d.b, " %q", f.ID)
	}
	if x.Inclusive {
		fmt.Fprintf(&d.b, " chain %v some %v default %d done %d", x.Chain, x.ChainSome, x.Default, x.Done)
	} else {
		fmt.Fprintf(&d.b, " take %v", x.Take)
	}
	fmt.Fprintf(&d.b, " entry %v\n", x.Entry)
}
