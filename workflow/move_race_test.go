package workflow

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

// A task is completed while its instance moves to a version that has a step before it (row 61). Exactly one of the two
// comes first: either the task is done and the move is refused, or the instance has moved and the task was withdrawn.
func TestMoveRacesWithCompletion(t *testing.T) {
	ctx := t.Context()
	e, s := openOn(t, store.NewDisk(), nil)
	defer s.Close()
	defer e.Close()
	tn := begin(t, e, moveV1, func(e *Engine) { Handle(e, "charge", chargeHandler) })
	if _, err := tn.Deploy(ctx, Text(moveV2)); err != nil {
		t.Fatal(err)
	}
	first := map[string]int{}
	for round := range 200 {
		in, err := tn.Start(ctx, "order", vars{"amount": round}, &StartOptions{Version: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := tn.Task(openTask(t, in, "check")).Complete(ctx, vars{"ok": true}); err != nil {
			t.Fatal(err)
		}
		sign := tn.Task(openTask(t, in, "sign"))
		var moved, done error
		var wait sync.WaitGroup
		gate := make(chan struct{})
		wait.Go(func() { <-gate; _, moved = in.Migrate(ctx, Move{}) })
		wait.Go(func() {
			<-gate
			if round%2 == 0 { // takes about as long as Migrate takes before its step
				_, _ = in.CheckMigrate(ctx, Move{})
			}
			done = sign.Complete(ctx, nil)
		})
		close(gate)
		wait.Wait()
		switch {
		case moved == nil && errors.Is(done, ErrState):
			first["move"]++
		case (errors.Is(moved, ErrRefused) || errors.Is(moved, ErrState)) && done == nil:
			first["completion"]++
		default:
			t.Fatalf("round %d: move %v, completion %v", round, moved, done)
		}
	}
	t.Logf("%v", first)
	checkFolds(t, e, s)
	checkIndexes(t, e, s)
}

// manyVars is a process whose task writes n variables; the first ones of every version have the same names.
func manyVars(n int) string {
	var b strings.Builder
	outs := make([]string, n)
	b.WriteString("process: p\nvars:\n")
	for i := range n {
		outs[i] = fmt.Sprintf("%q", fmt.Sprintf("v%d?", i))
		fmt.Fprintf(&b, "  v%d: {type: string, default: none}\n", i)
	}
	fmt.Fprintf(&b, "steps:\n  - {user: write, out: [%s]}\n  - {user: rest, in: [v0]}\n", strings.Join(outs, ", "))
	return b.String()
}

// Variables that do not stand in the head are numbered anew by a move, and so are large ones; what the new version does
// not have leaves no record behind.
func TestMoveManyVariables(t *testing.T) {
	ctx := t.Context()
	e, s := openOn(t, store.NewDisk(), &Options{CacheBytes: 1}) // nothing stays in memory
	defer s.Close()
	defer e.Close()
	sizes := []int{200, 40, 8, 150, 200}
	tn := begin(t, e, manyVars(sizes[0]), nil)
	in := start(t, tn, nil)
	out, want := vars{}, vars{}
	for i := range sizes[0] {
		name := fmt.Sprint("v", i)
		want[name] = "none"
		if i%3 == 0 {
			want[name] = strings.Repeat("x", 1+i*17)
			out[name] = want[name]
		}
	}
	if err := tn.Task(openTask(t, in, "write")).Complete(ctx, out); err != nil {
		t.Fatal(err)
	}
	r, err := e.realm(ctx, tn.Name())
	if err != nil {
		t.Fatal(err)
	}
	for step, n := range sizes[1:] {
		// What a version does not have is forgotten, and its default comes back.
		for i := range sizes[0] {
			if i >= n {
				want[fmt.Sprint("v", i)] = "none"
			}
		}
		if _, err := tn.Deploy(ctx, Text(strings.Replace(manyVars(n), "process: p\n", fmt.Sprintf("process: p\ntitle: version %d\n", step), 1))); err != nil {
			t.Fatal(err)
		}
		if v, err := in.Migrate(ctx, Move{}); err != nil {
			t.Fatalf("%v, %v", v, err)
		}
		got, err := Vars[map[string]string](ctx, in)
		if err != nil || len(got) != n {
			t.Fatalf("%d variables, %v; want %d", len(got), err, n)
		}
		for name, v := range got {
			if v != want[name] {
				t.Errorf("with %d variables: %s is %.10q, want %.10q", n, name, v, want[name])
			}
		}
		pages := 0
		lo, hi := keys.KindRange(r.id, keys.KindSlotPage)
		for _, err := range s.Scan(ctx, lo, hi) {
			if err != nil {
				t.Fatal(err)
			}
			pages++
		}
		if n <= 32 && pages > 0 {
			t.Errorf("%d slot pages with %d variables", pages, n)
		}
		checkFolds(t, e, s)
	}
}

// Steps and moves of one instance reach its shard at once, so that one turn would carry them all out. Each move waits for
// a turn that has not changed the instance yet.
func TestMovesInOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		e, s := openOn(t, store.NewDisk(), nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, late, nil)
		const second = `
process: p
vars: {extra: {type: string, default: e}}
steps:
  - parallel: both
    branches:
      - {user: first, in: [extra]}
      - user: b
        boundary:
          - timer: late
            after: P7D
            do: [{user: remind}]
  - {user: c}
`
		if _, err := tn.Deploy(ctx, Text(second)); err != nil {
			t.Fatal(err)
		}
		in, err := tn.Start(ctx, "p", nil, &StartOptions{Version: 1})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.realm(ctx, tn.Name())
		if err != nil {
			t.Fatal(err)
		}
		id, since, err := parseWorkID("task", openTask(t, in, "b"))
		if err != nil {
			t.Fatal(err)
		}
		gate := make(chan struct{})
		var wait sync.WaitGroup
		send := func(req *request) {
			req.tenant, req.id = r.id, id
			wait.Go(func() {
				if _, err := e.submit(ctx, req); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // so that they come in this order
		}
		to := func(number int) *moving {
			v, err := e.pick(r, "p", number)
			if err != nil {
				t.Fatal(err)
			}
			return &moving{to: v}
		}
		send(&request{op: opInspect, inspect: func(*version, *instance) error { <-gate; return nil }})
		send(&request{cmd: kernel.Command{Kind: kernel.CompleteTask, Since: since}})
		send(&request{op: opMove, moving: to(2)})
		send(&request{op: opMove, moving: to(1)})
		close(gate)
		wait.Wait()
		if got := kinds(t, in, history.Completed, history.Migrated); fmt.Sprint(got) != "[1 completed b 2 migrated  1 migrated ]" {
			t.Errorf("%v", got)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
		if err := tn.Task(openTask(t, in, "c")).Complete(ctx, nil); err != nil {
			t.Error(err)
		}
		checkIndexes(t, e, s)
	})
}
