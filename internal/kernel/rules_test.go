package kernel_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// withRules adds random rules to a schema, as many as can be deployed.
func withRules(p *schema.Process, src string, intn func(int) int) *schema.Process {
	var steps []string
	for i := range p.Program().Nodes {
		if n := &p.Program().Nodes[i]; n.Start >= 0 || n.Complete >= 0 || n.Occur >= 0 {
			steps = append(steps, n.ID)
		}
	}
	if len(steps) < 2 {
		return p
	}
	src += "rules:\n"
	for i := range 4 {
		a, b := steps[intn(len(steps))], steps[intn(len(steps))]
		names := ltlf.Templates()
		on := []string{"flag", "refuse"}[intn(2)]
		rule := fmt.Sprintf("  - {rule: r%d, declare: %q, on: %s}\n", i, names[intn(len(names))]+"("+a+", "+b+")", on)
		if q, err := schema.Parse("random.yaml", []byte(src+rule)); err == nil {
			p, src = q, src+rule
		}
	}
	return p
}

// checkRules holds the monitors against the history: each is where its automaton comes to on the letters, a rule that
// refuses is never violated for good, and one that is violated is noted once, with the letter that did it or the end.
func (w *world) checkRules() {
	w.t.Helper()
	p := w.m.Program()
	want := []string{}
	states := make([]uint16, len(p.Rules))
	w.violated = 0
	heard := ear{}
	for _, e := range w.events {
		if e.Kind == history.Ended {
			for i := range p.Rules {
				if a := p.Rules[i].Automaton; a.Verdict(states[i]) == ltlf.PossiblyViolated {
					want = append(want, p.Rules[i].ID+" at the end")
				}
			}
		}
		phase, is := heard.of(&e)
		if !is {
			continue
		}
		for i := range p.Rules {
			a := p.Rules[i].Automaton
			was := a.Verdict(states[i])
			states[i] = a.Next(states[i], a.Letter(p.Nodes[e.Node].ID, phase))
			if a.Verdict(states[i]) == ltlf.Violated && was != ltlf.Violated {
				want = append(want, p.Rules[i].ID+" by "+p.Nodes[e.Node].ID)
				if p.Rules[i].Refuse {
					w.t.Fatalf("the rule %s refuses, and %s violated it", p.Rules[i].ID, p.Nodes[e.Node].ID)
				}
			}
		}
	}
	if p.Watched() && !slices.Equal(states, w.s.Rules) {
		w.t.Fatalf("monitors %v, want %v", w.s.Rules, states)
	}
	got := []string{}
	for _, e := range w.events {
		if e.Kind == history.RuleViolated {
			got = append(got, e.Note+" "+noted(p, e.Node))
			w.violated++
		}
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		w.t.Fatalf("noted: %v, want %v", got, want)
	}
}

// An ear tells what rules hear of a history: the tasks in it were given back, and are not heard to start again.
type ear map[int32]bool

// of is the letter that rules hear of an event, if any.
func (h ear) of(e *kernel.Event) (phase ltlf.Phase, is bool) {
	switch e.Kind {
	case history.Offered:
		h[e.Node] = false
	case history.Released:
		h[e.Node] = true
	case history.Started:
		return ltlf.Started, !h[e.Node]
	case history.Completed, history.Fired, history.Received, history.Caught:
		return ltlf.Completed, true
	}
	return 0, false
}

func noted(p *program.Program, node int32) string {
	if node < 0 {
		return "at the end"
	}
	return "by " + p.Nodes[node].ID
}
