package workflowtest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow"
)

// A patient on the ward gets drugs as they are ordered, until discharge. Never both aspirin and marcumar: together they
// let a patient bleed to death.
const ward = `
process: ward
vars: {home: {type: bool, default: false}}
steps:
  - repeat: day
    until: home
    do:
      - race: order
        cases:
          - message: aspirin
            do: [{service: give-aspirin}]
          - message: marcumar
            do: [{service: give-marcumar}]
          - {message: discharge, out: {home: "true"}}
rules:
  - rule: no-bleeding
    doc: Aspirin and marcumar together let a patient bleed to death.
    declare: not-co-existence(aspirin, marcumar)
    "on": refuse
  - rule: seen-by-somebody
    declare: existence(give-aspirin)
    "on": flag
`

// rules are the verdicts of an instance, by rule.
func rules(w *World, in *workflow.Instance) map[string]string {
	_, info := w.info(in)
	out := map[string]string{}
	for _, r := range info.Rules {
		out[r.Rule] = r.Verdict
	}
	return out
}

// The order that would kill is refused by name, before and after a power cut; the patient goes on otherwise.
func TestNeverBothDrugs(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		w.Stub("give-aspirin", m{})
		w.Stub("give-marcumar", m{})
		w.Deploy(workflow.Text(ward))
		ann := w.Begin("ward", nil)
		w.Send(workflow.Message{Name: "aspirin"})
		w.Crash()
		for range 2 {
			_, err := w.Default().Send(w.ctx(), workflow.Message{Name: "marcumar"})
			if !errors.Is(err, workflow.ErrRule) || !strings.Contains(err.Error(), "no-bleeding") || !strings.Contains(err.Error(), "marcumar") {
				t.Fatalf("marcumar after aspirin: %v", err)
			}
			w.Crash()
		}
		if got := rules(w, ann); got["no-bleeding"] != "possibly satisfied" || got["seen-by-somebody"] != "satisfied" {
			t.Errorf("%v", got)
		}
		w.Send(workflow.Message{Name: "aspirin"})
		w.Send(workflow.Message{Name: "discharge"})
		if n := len(w.Calls("give-marcumar")); n != 0 {
			t.Errorf("marcumar was given %d times", n)
		}
		if got := w.State(ann); got != workflow.Completed {
			t.Errorf("state %v", got)
		}
		if got := rules(w, ann); got["no-bleeding"] != "satisfied" {
			t.Errorf("at the end: %v", got)
		}
	})
}

// A flag is in the history, in the info and can be asked for, and a power cut changes nothing about it.
func TestFlaggedRule(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		w.Stub("give-aspirin", m{})
		w.Stub("give-marcumar", m{})
		w.Deploy(workflow.Text(ward))
		ann := w.Begin("ward", nil)
		w.Send(workflow.Message{Name: "marcumar"})
		w.Crash()
		w.Send(workflow.Message{Name: "discharge"})
		w.Crash()
		bob := w.Begin("ward", nil)
		if got := rules(w, ann)["seen-by-somebody"]; got != "violated" {
			t.Errorf("ann: %s", got)
		}
		if got := rules(w, bob)["seen-by-somebody"]; got != "possibly violated" {
			t.Errorf("bob: %s", got)
		}
		trace := w.Trace(ann)
		if !slices.ContainsFunc(trace, func(l string) bool { return strings.HasSuffix(l, "rule-violated (seen-by-somebody)") }) {
			t.Errorf("%s", strings.Join(trace, "\n"))
		}
		for rule, want := range map[string]int{"seen-by-somebody": 1, "no-bleeding": 0, workflow.AnyRule: 1, "": 2} {
			f := workflow.InstanceFilter{Process: "ward", Violated: rule}
			n, err := w.Default().Count(w.ctx(), f)
			listed := 0
			for info, err := range w.Default().Instances(w.ctx(), f) {
				if err != nil || rule != "" && info.ID != ann.ID() {
					t.Errorf("%s: %v, %v", rule, info.ID, err)
				}
				listed++
			}
			if err != nil || n != want || listed != want {
				t.Errorf("%d counted, %d listed that violated %q, want %d (%v)", n, listed, rule, want, err)
			}
		}
	})
}

// A message that was kept until somebody waits for it and that a rule refuses then is an incident at the subscription, as
// one that does not fit. Who sends it to one that waits is told.
func TestKeptMessageRefusedByRule(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		w.Deploy(workflow.Text(`
process: ward
steps:
  - {receive: marcumar, message: marcumar}
  - race: second
    cases: [{message: aspirin}, {message: rest}]
rules:
  - {rule: no-bleeding, declare: "not-response(marcumar, aspirin)", "on": refuse}
`))
		ann := w.Begin("ward", nil)
		w.Send(workflow.Message{Name: "marcumar"})
		if _, err := w.Default().Send(w.ctx(), workflow.Message{Name: "aspirin"}); !errors.Is(err, workflow.ErrRule) {
			t.Errorf("sent to ann: %v", err)
		}
		w.Send(workflow.Message{Name: "rest"})
		if got := w.State(ann); got != workflow.Completed {
			t.Errorf("ann: %v", got)
		}
		w.Send(workflow.Message{Name: "aspirin"})
		w.Send(workflow.Message{Name: "marcumar"})
		bob := w.Begin("ward", nil)
		synctest.Wait()
		_, info := w.info(bob)
		if len(info.Incidents) != 1 {
			t.Fatalf("%+v", info)
		}
		inc, err := w.Default().Incident(info.Incidents[0]).Info(w.ctx())
		if err != nil || inc.Node != "aspirin" || !strings.Contains(inc.Cause, "no-bleeding") {
			t.Errorf("%+v, %v", inc, err)
		}
		w.Send(workflow.Message{Name: "rest"})
		if got := w.State(bob); got != workflow.Completed {
			t.Errorf("bob: %v", got)
		}
	})
}

// A move looks at what really happened: who has broken a rule of the target already stays, the others move and are
// watched there from where they are.
func TestMoveToSchemaWithRules(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		before, _, _ := strings.Cut(ward, "rules:")
		w.Stub("give-aspirin", m{})
		w.Stub("give-marcumar", m{})
		w.Deploy(workflow.Text(before))
		ann := w.Begin("ward", nil)
		w.Advance(time.Second) // so that ann is the oldest, to whom messages go
		bob := w.Begin("ward", nil)
		for _, drug := range []string{"aspirin", "aspirin", "marcumar"} { // all for ann
			w.Send(workflow.Message{Name: drug})
		}
		w.Deploy(workflow.Text(strings.Replace(ward, "day\n", "day\n    title: of rules\n", 1)))
		plan, err := w.Default().Preview(w.ctx(), workflow.Move{Process: "ward"})
		if err != nil {
			t.Fatal(err)
		}
		counts := map[migrate.Outcome]int{}
		for c := range plan.Classes() {
			counts[c.Verdict.Outcome] += c.Count
			if c.Verdict.Outcome == migrate.Never && !strings.Contains(c.Verdict.Message, "no-bleeding") {
				t.Errorf("%v", c.Verdict)
			}
		}
		if counts[migrate.Never] != 1 || counts[migrate.Accept] != 1 {
			t.Errorf("%v", counts)
		}
		if p := w.Migrate(workflow.Move{Process: "ward"}); p.Tally.Moved != 1 {
			t.Errorf("%+v", p)
		}
		if _, info := w.info(ann); info.Version != 1 {
			t.Errorf("ann is on version %d", info.Version)
		}
		w.Crash()
		if got := rules(w, bob); got["no-bleeding"] != "possibly satisfied" {
			t.Errorf("bob: %v", got)
		}
		w.Send(workflow.Message{Name: "discharge"}) // ann
		w.Send(workflow.Message{Name: "marcumar"})
		w.Crash()
		if _, err := w.Default().Send(w.ctx(), workflow.Message{Name: "aspirin"}); !errors.Is(err, workflow.ErrRule) {
			t.Errorf("aspirin for bob: %v", err)
		}
	})
}

// A rule that only flags lets who has broken it move, notes it again there, and remembers it through a second move.
func TestMoveOfFlagged(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		const v1 = `
process: ward
steps:
  - race: first
    cases: [{message: aspirin}, {message: rest}]
  - user: sign
`
		const rules2 = `rules:
  - {rule: no-aspirin, declare: absence(aspirin), "on": flag}
`
		w.Deploy(workflow.Text(v1))
		ann := w.Begin("ward", nil)
		w.Send(workflow.Message{Name: "aspirin"})
		w.Deploy(workflow.Text(v1 + rules2))
		w.Migrate(workflow.Move{Process: "ward"})
		w.Crash()
		w.Deploy(workflow.Text(v1 + "  - user: file\n" + rules2))
		w.Migrate(workflow.Move{Process: "ward"})
		w.Crash()
		if got := rules(w, ann)["no-aspirin"]; got != "violated" {
			t.Errorf("%s", got)
		}
		w.Complete(ann, "sign", nil)
		w.Complete(ann, "file", nil)
		var noted []string
		for _, l := range w.Trace(ann) {
			if strings.Contains(l, "migrated") || strings.Contains(l, "rule-violated") {
				noted = append(noted, strings.Fields(l)[2])
			}
		}
		equal(t, "history", noted, []string{"migrated", "rule-violated", "migrated", "rule-violated"})
	})
}

// Two runs that differ in the order of independent steps only are one class, but not for a rule of the target that reads
// this order.
func TestPreviewTellsOrderForRules(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		const v1 = `
process: order
steps:
  - parallel: both
    branches: [{user: check}, {user: pack}]
  - user: ship
`
		w.Deploy(workflow.Text(v1))
		for _, first := range []string{"check", "pack"} {
			in := w.Begin("order", nil)
			w.Complete(in, first, nil)
			w.Complete(in, map[string]string{"check": "pack", "pack": "check"}[first], nil)
		}
		for rules, want := range map[string][2]int{"": {2, 0}, "rules:\n  - {rule: checked, declare: \"precedence(check, pack)\", \"on\": refuse}\n": {1, 1}} {
			w.Deploy(workflow.Text(v1 + "  - user: file\n" + rules))
			plan, err := w.Default().Preview(w.ctx(), workflow.Move{Process: "order"})
			if err != nil {
				t.Fatal(err)
			}
			if tally := plan.Tally(); tally.Now != want[0] || tally.Never != want[1] {
				t.Errorf("with %q: %+v, want %v", rules, tally, want)
			}
		}
	})
}

// A timer that a rule refused when it was due stays an incident while retries find the rule against it, and happens at once
// when one does not.
func TestOverdueTimer(t *testing.T) {
	Run(t, nil, func(w *World) {
		t := w.T
		w.Deploy(workflow.Text(`
process: overdue
steps:
  - parallel: both
    branches:
      - user: work
        boundary: [{timer: remind, after: PT1H, do: [{user: call}]}]
      - {receive: check, message: check}
rules:
  - {rule: checked, declare: "precedence(check, remind)", "on": refuse}
`))
		in := w.Begin("overdue", nil)
		w.Advance(2 * time.Hour)
		retry := func() {
			t.Helper()
			_, info := w.info(in)
			if len(info.Incidents) != 1 {
				t.Fatalf("%+v", info)
			}
			if err := w.Default().Incident(info.Incidents[0]).Retry(w.ctx()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		retry()
		w.Crash()
		retry()
		w.Send(workflow.Message{Name: "check"})
		w.Crash()
		w.Advance(time.Hour) // nothing happens by itself
		retry()
		equal(t, "waits", w.Waits(in), []string{"call"})
		w.Crash()
		w.Complete(in, "call", nil)
		if got := w.State(in); got != workflow.Completed {
			t.Errorf("state %v", got)
		}
	})
}
