package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/replank/replank/workflow"
)

// shown is how many groups of cases a report without -v lists.
const shown = 10

// A group is cases to which the same happened, in the words of the report.
type group struct {
	text  string
	cases []string
}

// report prints how the cases fared.
func (r *replay) report(w io.Writer, verbose bool) error {
	var ended int
	var unfinished, misfits []*group
	for c, run := range r.runs {
		id := r.cases[c].ID
		switch {
		case run.misfit != nil:
			misfits = put(misfits, r.tell(c, run.misfit), id)
		case run.info != nil && run.info.State == workflow.Completed:
			ended++
		default:
			unfinished = put(unfinished, "waits for "+r.waits(run.info), id)
		}
	}
	_, err := fmt.Fprintf(w, "%d cases of %d tenants, %d events; power cuts: %d, steps done again after them: %d\n%7d reached the end\n",
		len(r.cases), len(tenants), len(r.order), r.cuts, r.again, ended)
	if err != nil {
		return err
	}
	if err := list(w, "did fit as far as the record goes", unfinished, verbose); err != nil {
		return err
	}
	return list(w, "met an event that did not fit", misfits, verbose)
}

// tell says what did not fit where.
func (r *replay) tell(c int, m *misfit) string {
	text := fmt.Sprintf("event %d, %s", m.event+1, r.cases[c].Events[m.event].Name)
	if m.why != "" {
		text += " (" + m.why + ")"
	}
	if len(m.possible) == 0 {
		return text + ": the process had ended"
	}
	return text + ": possible was " + strings.Join(m.possible, " or ")
}

// waits says what an instance waits for; nil is one that was never started.
func (r *replay) waits(info *workflow.InstanceInfo) string {
	if info == nil {
		return "its first event"
	}
	var nodes []string
	for _, w := range info.Waits {
		nodes = append(nodes, w.Node)
	}
	return strings.Join(r.plan.titles(nodes), " and ")
}

// put adds a case to the group of that text.
func put(groups []*group, text, id string) []*group {
	for _, g := range groups {
		if g.text == text {
			g.cases = append(g.cases, id)
			return groups
		}
	}
	return append(groups, &group{text, []string{id}})
}

// list prints groups, largest first: each with one of its cases, or with all.
func list(w io.Writer, what string, groups []*group, verbose bool) error {
	total := 0
	for _, g := range groups {
		total += len(g.cases)
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(cmp.Compare(len(b.cases), len(a.cases)), cmp.Compare(a.text, b.text))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%7d %s\n", total, what)
	for i, g := range groups {
		switch {
		case verbose:
			fmt.Fprintf(&b, "%11d  %s\n             %s\n", len(g.cases), g.text, strings.Join(g.cases, ", "))
		case i < shown:
			fmt.Fprintf(&b, "%11d  %s (%s)\n", len(g.cases), g.text, g.cases[0])
		case i == shown:
			fmt.Fprintf(&b, "             and %d more, see -v\n", len(groups)-shown)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
