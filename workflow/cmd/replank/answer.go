package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// answer is what check prints with --json.
type answer struct {
	Verdict  migrate.Outcome `json:"verdict"`
	Criteria string          `json:"criteria,omitempty"` // as --criteria takes it: the least set that suffices
	Target   *target         `json:"target,omitempty"`
	Targets  []target        `json:"targets,omitempty"` // with --control-only
	Event    *place          `json:"event,omitempty"`
	Blame    string          `json:"blame,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Warnings []string        `json:"warnings"`
	Remedies []string        `json:"remedies"`
}

// target is a state: ids of nodes of the new schema.
type target struct {
	Offered []string `json:"offered"`
	Running []string `json:"running"`
	Gated   []string `json:"gated"` // and debts, in their order: of insertions, which are not available yet
	Debts   []string `json:"debts"`
}

// place is an event of the trace.
type place struct {
	Index int    `json:"index"` // in events, from 0; -1: what the instance did by itself when it began
	Node  string `json:"node"`
}

// reply makes the answer of a verdict. event finds an event of the trace by the number that the verdict has.
func reply(v *migrate.Verdict, event func(uint64) int) *answer {
	a := &answer{Verdict: v.Outcome, Blame: v.Blame, Reason: v.Message, Warnings: short(v.Warnings), Remedies: append([]string{}, v.Remedies...)}
	if v.Accepted() {
		a.Criteria = strings.ReplaceAll(v.Criteria.String(), " ", "")
	}
	if v.Event > 0 {
		a.Event = &place{event(v.Event), v.Node}
	}
	return a
}

// atFault is the answer when the new schema itself is at fault.
func atFault(findings []schema.Finding) *answer {
	a := &answer{Verdict: migrate.PlanError, Warnings: []string{}, Remedies: []string{}}
	for _, f := range findings {
		switch {
		case f.Severity == schema.Warning:
			a.Warnings = append(a.Warnings, f.Message)
		case a.Reason == "":
			a.Reason = "the new schema is at fault: " + f.Message
			if f.Hint != "" {
				a.Remedies = append(a.Remedies, f.Hint)
			}
		default:
			a.Reason += "; " + f.Message
		}
	}
	return a
}

func short(findings []schema.Finding) []string {
	out := make([]string, 0, len(findings))
	for _, f := range findings {
		text := f.Message
		if f.Hint != "" {
			text += " (" + f.Hint + ")"
		}
		out = append(out, text)
	}
	return out
}

func landing(t migrate.Target) target {
	return target{Offered: append([]string{}, t.Offered...), Running: append([]string{}, t.Running...), Gated: []string{}, Debts: []string{}}
}

// code is the exit code of an answer.
func (a *answer) code() int {
	if a.Verdict == migrate.Accept {
		return yes
	}
	return refused
}

// print prints an answer, as JSON or for people.
func (a *answer) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, a)
	}
	var b strings.Builder
	b.WriteString(a.Verdict.String())
	if a.Criteria != "" {
		fmt.Fprintf(&b, " (%s)", a.Criteria)
	}
	if a.Reason != "" {
		b.WriteString(": " + a.Reason)
	}
	b.WriteString("\n")
	if a.Target != nil {
		b.WriteString("  target: " + a.Target.String() + "\n")
	}
	for i, t := range a.Targets {
		fmt.Fprintf(&b, "  target %d of %d: %s\n", i+1, len(a.Targets), t.String())
	}
	if a.Event != nil {
		fmt.Fprintf(&b, "  first event that cannot be reproduced: %d (%s)\n", a.Event.Index, a.Event.Node)
	}
	if a.Blame != "" {
		b.WriteString("  because: " + a.Blame + "\n")
	}
	for _, w := range a.Warnings {
		b.WriteString("  warning: " + w + "\n")
	}
	for _, r := range a.Remedies {
		b.WriteString("  would help: " + r + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String shows a state to people.
func (t target) String() string {
	var parts []string
	if len(t.Running) > 0 {
		parts = append(parts, "running "+strings.Join(t.Running, ", "))
	}
	if len(t.Offered) > 0 {
		parts = append(parts, "waits for "+strings.Join(t.Offered, ", "))
	}
	if len(parts) == 0 {
		return "nothing is left to do"
	}
	return strings.Join(parts, "; ")
}

// printJSON prints one object on a line.
func printJSON(w io.Writer, x any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(x)
}
