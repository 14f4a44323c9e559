package workflow

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/replank/replank/migrate"
)

// Tally counts instances by what a migration does, or did, with them.
type Tally struct {
	Total  int `json:"total"`
	Now    int `json:"now"`    // may move; of a migration: not dealt with yet
	If     int `json:"if"`     // may move if their values are so
	Later  int `json:"later"`  // not yet
	Unwind int `json:"unwind"` // only after compensation
	Never  int `json:"never"`  // not by these criteria
	Moved  int `json:"moved"`
	Failed int `json:"failed"` // could not be judged or moved; the log says why
}

// count adds n instances with a verdict.
func (t *Tally) count(o migrate.Outcome, n int) {
	switch o {
	case migrate.Accept:
		t.Now += n
	case migrate.AcceptIf:
		t.If += n
	case migrate.Later:
		t.Later += n
	case migrate.NeedsCompensation:
		t.Unwind += n
	default:
		t.Never += n
	}
}

// Plan is the outcome of a Preview. It is immutable.
type Plan struct {
	t       Tenant
	move    Move
	to      *version
	from    []uint32 // versions, ascending
	latest  uint32   // version at the preview
	classes []Class
}

// Classes yields the classes, the largest first. What they hold must not be changed.
func (p *Plan) Classes() iter.Seq[Class] { return slices.Values(p.classes) }

// Tally counts the instances of all classes.
func (p *Plan) Tally() Tally {
	var t Tally
	for i := range p.classes {
		t.Total += p.classes[i].Count
		t.count(p.classes[i].Verdict.Outcome, p.classes[i].Count)
	}
	return t
}

// name tells what the plan is about.
func (p *Plan) name() string {
	if p.to.number == 0 {
		return p.to.name + " to a schema that is not deployed"
	}
	return fmt.Sprintf("%s to version %d", p.to.name, p.to.number)
}

// String tells the plan: how many may move and where they land, how many may not and why. Classes with the same answer
// share a line.
func (p *Plan) String() string {
	var b strings.Builder
	t := p.Tally()
	fmt.Fprintf(&b, "%s: %d of %d move now", p.name(), t.Now, t.Total)
	for _, part := range [...]struct {
		n    int
		what string
	}{{t.If, "may, depending on values"}, {t.Later, "later"}, {t.Unwind, "after compensation"}, {t.Never, "never"}} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.what)
		}
	}
	b.WriteByte('\n')
	type line struct {
		text  []string
		count int
		ids   []string
	}
	var lines []line
	for i := range p.classes {
		c := &p.classes[i]
		text := answer(&c.Verdict)
		k := slices.IndexFunc(lines, func(l line) bool { return slices.Equal(l.text, text) })
		if k < 0 {
			k, lines = len(lines), append(lines, line{text: text})
		}
		lines[k].count += c.Count
		lines[k].ids = append(lines[k].ids, c.Sample...)
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(b.count, a.count), slices.Compare(a.text, b.text))
	})
	for _, l := range lines {
		if len(l.text) == 1 {
			l.text[0] += ", such as " + l.ids[0]
		} else {
			l.text = append(l.text, "such as "+l.ids[0])
		}
		fmt.Fprintf(&b, "%7d  %s\n", l.count, l.text[0])
		for _, more := range l.text[1:] {
			fmt.Fprintf(&b, "         %s\n", more)
		}
	}
	return b.String()
}

// answer tells a verdict in lines, without what differs within a class.
func answer(v *migrate.Verdict) []string {
	if v.Accepted() {
		first := "move"
		if len(v.Target.Offered) > 0 {
			first += " to " + strings.Join(v.Target.Offered, ", ")
		}
		if len(v.Target.Running) > 0 {
			first += ", " + strings.Join(v.Target.Running, ", ") + " going on"
		}
		if v.Criteria != migrate.Strict {
			first += " (" + v.Criteria.String() + ")"
		}
		lines := []string{first}
		for _, w := range v.Warnings {
			lines = append(lines, "warning: "+w.Message)
		}
		return lines
	}
	lines := []string{v.Outcome.String() + ": " + v.Message}
	if v.Blame != "" {
		lines = append(lines, "because "+v.Blame)
	}
	for _, r := range v.Remedies {
		lines = append(lines, "would help: "+r)
	}
	return lines
}

type classJSON struct {
	Version int         `json:"version"`
	Count   int         `json:"count"`
	Sample  []string    `json:"sample"`
	Verdict verdictJSON `json:"verdict"`
}

type verdictJSON struct {
	Outcome  migrate.Outcome `json:"outcome"`
	Criteria string          `json:"criteria,omitempty"`
	Offered  []string        `json:"offered,omitempty"`
	Running  []string        `json:"running,omitempty"`
	Node     string          `json:"node,omitempty"`
	Message  string          `json:"message,omitempty"`
	Blame    string          `json:"blame,omitempty"`
	Undo     []string        `json:"undo,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	Remedies []string        `json:"remedies,omitempty"`
}

// MarshalJSON writes the process, the versions, the tally and the classes.
func (p *Plan) MarshalJSON() ([]byte, error) {
	classes := make([]classJSON, len(p.classes))
	for i := range p.classes {
		c := &p.classes[i]
		v := &c.Verdict
		classes[i] = classJSON{Version: c.Version, Count: c.Count, Sample: c.Sample, Verdict: verdictJSON{
			Outcome: v.Outcome, Offered: v.Target.Offered, Running: v.Target.Running, Node: v.Node,
			Message: v.Message, Blame: v.Blame, Undo: v.Undo, Remedies: v.Remedies,
		}}
		if v.Accepted() {
			classes[i].Verdict.Criteria = v.Criteria.String()
		}
		for _, w := range v.Warnings {
			classes[i].Verdict.Warnings = append(classes[i].Verdict.Warnings, w.Message)
		}
	}
	return json.Marshal(struct {
		Process string      `json:"process"`
		From    []uint32    `json:"from"`
		To      uint32      `json:"to"` // 0: not deployed
		Tally   Tally       `json:"tally"`
		Classes []classJSON `json:"classes"`
	}{p.to.name, p.from, p.to.number, p.Tally(), classes})
}
