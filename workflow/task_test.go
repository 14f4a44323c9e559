package workflow_test

import (
	"slices"
	"testing"
	"time"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/history"
)

// A task's life, as its Info and its commands see it.
func TestTaskLife(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	in := begin(t, d, "approval", vars{"text": "x"}, nil)
	task := taskAt(t, d, in, "propose")
	ctx := t.Context()
	ann, bob := d.As("ann").Task(task.ID()), d.As("bob").Task(task.ID())
	info := func() *workflow.TaskInfo {
		t.Helper()
		got, err := task.Info(ctx)
		must(t, err)
		return got
	}

	offered := info()
	if offered.State != workflow.Offered || offered.Assignee != "" || offered.Title != "Propose" || offered.Node != "propose" ||
		!slices.Equal(offered.Groups, []string{"clerks"}) || offered.Instance != in.ID() || offered.Process != "approval" ||
		offered.Due.Sub(offered.Created) != 48*time.Hour || offered.In["text"] != "x" || offered.In["note"] != "none" {
		t.Errorf("offered: %+v", offered)
	}
	must(t, ann.Claim(ctx))
	claimed := info()
	if claimed.State != workflow.Claimed || claimed.Assignee != "ann" || claimed.Revision == offered.Revision {
		t.Errorf("claimed: %+v", claimed)
	}
	wants(t, bob.Claim(ctx), workflow.ErrConflict, `claimed by "ann"`, "propose")
	wants(t, bob.Complete(ctx, vars{"text": "y"}), workflow.ErrConflict, "propose")
	wants(t, bob.Release(ctx), workflow.ErrConflict)
	must(t, ann.Release(ctx))
	wants(t, ann.Release(ctx), workflow.ErrState)

	// A revision is that of a state: the task is again as it was offered.
	wants(t, ann.At(claimed.Revision).Claim(ctx), workflow.ErrConflict, "revision")
	must(t, ann.At(info().Revision).Claim(ctx))

	for _, c := range []struct {
		name string
		out  any
		text string
	}{
		{"nothing", nil, "text: missing"},
		{"another type", vars{"text": 1}, "text: want string"},
		{"an undeclared variable", vars{"text": "y", "fine": true}, "fine: not declared"},
		{"no struct", 5, "struct with json tags"},
	} {
		wants(t, ann.Complete(ctx, c.out), workflow.ErrType, c.text)
	}
	must(t, ann.Complete(ctx, vars{"text": "y"}))
	if done := info(); done.State != workflow.Done || done.Assignee != "ann" || done.Node != "propose" || done.In != nil {
		t.Errorf("done: %+v", done)
	}
	wants(t, ann.Complete(ctx, vars{"text": "z"}), workflow.ErrState, "not open any more")

	// Four eyes: who proposed may not check, also not after a claim by somebody else fell through.
	check := taskAt(t, d, in, "check")
	wants(t, d.As("ann").Task(check.ID()).Claim(ctx), workflow.ErrForbidden, "somebody else", "check")
	wants(t, d.As("ann").Task(check.ID()).Complete(ctx, vars{"fine": true}), workflow.ErrForbidden)
	must(t, d.As("bob").Task(check.ID()).Complete(ctx, vars{"fine": false, "note": "shorter"}))

	// The next round is another task at the same node.
	again := taskAt(t, d, in, "propose")
	if again.ID() == task.ID() {
		t.Error("the id of a task that is done was used again")
	}
	given, err := workflow.Input[struct {
		Text, Note string
	}](ctx, again)
	must(t, err)
	if given.Text != "" { // the fields have no json tags: their names differ from the variables'
		t.Errorf("given %+v", given)
	}
	tagged, err := workflow.Input[struct {
		Note string `json:"note"`
	}](ctx, again)
	must(t, err)
	if tagged.Note != "shorter" {
		t.Errorf("note %q", tagged.Note)
	}
}

func TestTaskIDs(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	in := begin(t, d, "approval", vars{"text": "x"}, nil)
	settled(t, in)
	for _, id := range []string{
		"", "x", in.ID(), in.ID() + "-", in.ID() + "-0", in.ID() + "-999", in.ID() + "-x",
		"01ARZ3NDEKTSV4RRFFQ69G5FAV-2",
	} {
		_, err := d.Task(id).Info(t.Context())
		wants(t, err, workflow.ErrNotFound, "default")
		wants(t, d.Task(id).Claim(t.Context()), workflow.ErrNotFound)
	}
	_, err := d.Task(in.ID() + "-1").Info(t.Context()) // the event that began the instance
	wants(t, err, workflow.ErrNotFound)
}

const escape = `
process: escape
steps:
  - user: work
    boundary:
      - {error: stuck, code: stuck, do: [{user: help}]}
      - {timer: late, after: P1D, do: [{user: chase}]}
`

// A person throws a business error like a handler does; the task is withdrawn.
func TestTaskThrow(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, escape)
	in := begin(t, d, "escape", nil, nil)
	task := taskAt(t, d.As("ann"), in, "work")
	wants(t, task.Throw(t.Context(), "", nil), workflow.ErrType, "code")
	wants(t, task.Throw(t.Context(), "bored", nil), workflow.ErrState, `"bored"`)
	must(t, task.Throw(t.Context(), "stuck", vars{"why": "no key"}))
	if _, nodes := settled(t, in); !slices.Equal(nodes, []string{"help"}) {
		t.Errorf("waits at %v", nodes)
	}
	info, err := task.Info(t.Context())
	must(t, err)
	if info.State != workflow.Withdrawn {
		t.Errorf("the task is %v", info.State)
	}
}

// History says who did what, in which round, and what it wrote.
func TestHistory(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	in := begin(t, d, "approval", vars{"text": "0"}, nil)
	for round, fine := range []bool{false, false, true} {
		must(t, taskAt(t, d.As("ann"), in, "propose").Complete(t.Context(), vars{"text": string(rune('1' + round))}))
		must(t, taskAt(t, d.As("bob"), in, "check").Complete(t.Context(), vars{"fine": fine}))
	}
	var all []history.Event
	for ev, err := range in.History(t.Context(), 0) {
		must(t, err)
		if int(ev.Seq) != len(all)+1 || ev.Version != 1 || ev.At.IsZero() {
			t.Fatalf("event %d is %+v", len(all)+1, ev)
		}
		all = append(all, ev)
	}
	type brief struct {
		node, actor string
		round       int
		text        any
	}
	var got []brief
	for _, ev := range all {
		if ev.Kind == history.Completed {
			b := brief{node: ev.Node, actor: ev.Actor, text: ev.Wrote["text"]}
			if len(ev.Path) == 1 && ev.Path[0].Loop == "rounds" {
				b.round = ev.Path[0].N
			}
			got = append(got, b)
		}
	}
	want := []brief{
		{"propose", "ann", 1, "1"},
		{"check", "bob", 1, nil},
		{"propose", "ann", 2, "2"},
		{"check", "bob", 2, nil},
		{"propose", "ann", 3, "3"},
		{"check", "bob", 3, nil},
	}
	if !slices.Equal(got, want) {
		t.Errorf("completed\n%v\nwant\n%v", got, want)
	}
	if last := all[len(all)-1]; last.Kind != history.Ended {
		t.Errorf("the last event is %v", last.Kind)
	}

	// From any event on, it is the rest of the same.
	for from := range uint64(len(all) + 3) {
		next := max(from, 1)
		for ev, err := range in.History(t.Context(), from) {
			must(t, err)
			if ev.Seq != next || len(ev.Path) != len(all[next-1].Path) || ev.Kind != all[next-1].Kind {
				t.Fatalf("from %d: %+v is not event %d", from, ev, next)
			}
			next++
		}
		if want := max(uint64(len(all)+1), max(from, 1)); next != want {
			t.Errorf("from %d: ended before event %d, not %d", from, next, want)
		}
	}
	for _, err := range d.Instance("01ARZ3NDEKTSV4RRFFQ69G5FAV").History(t.Context(), 1) {
		wants(t, err, workflow.ErrNotFound)
	}
}
