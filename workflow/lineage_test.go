package workflow_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/workflowtest"
)

// Three versions, each of which renames what the one before had. The second one's names are of nobody else's: the third
// has a new step a, which is not the first version's.
var renaming = []string{`
process: p
vars: {note: {type: string, default: none}}
steps:
  - {user: a, out: [note]}
  - {user: b, in: [note]}
  - {user: c}
`, `
process: p
vars: {text: {type: string, default: none, was: note}}
steps:
  - {user: a2, was: a, out: [text]}
  - {user: b, in: [text]}
  - {user: c}
`, `
process: p
vars: {memo: {type: string, default: none, was: text}, note: {type: string, default: new}}
steps:
  - {user: a3, was: a2, out: [memo]}
  - {user: b, in: [memo, note]}
  - {user: a, out: [note]}
  - {user: c}
`}

// What was renamed in one version after the other is followed over all of them, and back: nothing that was done is offered
// again, and no value is lost.
func TestMoveAlongRenames(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		ctx := w.T.Context()
		w.Deploy(workflow.Text(renaming[0]))
		id := w.Begin("p", nil).ID()
		w.Complete(w.Default().Instance(id), "a", map[string]any{"note": "said"})
		w.Deploy(workflow.Text(renaming[1]))
		w.Deploy(workflow.Text(renaming[2]))
		at := func(version int, node string, values map[string]any) {
			w.T.Helper()
			in := w.Default().Instance(id)
			info, err := in.Info(ctx)
			if err != nil {
				w.T.Fatal(err)
			}
			vars, err := workflow.Vars[map[string]any](ctx, in)
			if err != nil {
				w.T.Fatal(err)
			}
			if info.Version != version || !slices.Equal(w.Waits(in), []string{node}) || fmt.Sprint(vars) != fmt.Sprint(values) {
				w.T.Fatalf("on version %d at %v with %v, want %d at %s with %v", info.Version, w.Waits(in), vars, version, node, values)
			}
		}
		move := func(to int) {
			w.T.Helper()
			plan, err := w.Default().Preview(ctx, workflow.Move{Process: "p", To: to})
			if err != nil {
				w.T.Fatal(err)
			}
			for class := range plan.Classes() {
				if len(class.Verdict.Warnings) > 0 {
					w.T.Errorf("to %d: %v", to, class.Verdict.Warnings)
				}
			}
			if done := w.Migrate(workflow.Move{Process: "p", To: to}); done.Tally.Moved != 1 {
				w.T.Fatalf("to %d: %+v", to, done.Tally)
			}
			w.Crash() // what follows folds the history again
		}
		at(1, "b", map[string]any{"note": "said"})
		move(3)
		at(3, "b", map[string]any{"memo": "said", "note": "new"})
		move(1)
		at(1, "b", map[string]any{"note": "said"})
		move(2)
		at(2, "b", map[string]any{"text": "said"})
		move(1)
		at(1, "b", map[string]any{"note": "said"})
		move(3)
		w.Complete(w.Default().Instance(id), "b", nil)
		at(3, "a", map[string]any{"memo": "said", "note": "new"})
	})
}
