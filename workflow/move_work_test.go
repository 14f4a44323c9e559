package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

// What is under way while an instance moves: jobs, tasks, timers, messages. The other version has its nodes under other
// numbers.

// movable opens an engine with a process of which version 1 is src; deploy deploys its second version.
func movable(t *testing.T, src string, register func(*Engine)) (e *Engine, s *store.Mem, tn *Tenant, deploy func(pairs ...string)) {
	t.Helper()
	e, s = openOn(t, store.NewDisk(), nil)
	t.Cleanup(func() { e.Close(); s.Close() })
	tn = begin(t, e, src, register)
	return e, s, tn, func(pairs ...string) {
		t.Helper()
		next := strings.NewReplacer(pairs...).Replace(src)
		if next == src {
			t.Fatal("the second version is the first")
		}
		if _, err := tn.Deploy(t.Context(), Text(next)); err != nil {
			t.Fatal(err)
		}
	}
}

func start(t *testing.T, tn *Tenant, data any) *Instance {
	t.Helper()
	in, err := tn.Start(t.Context(), "p", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func moved(t *testing.T, in *Instance, m Move) {
	t.Helper()
	if v, err := in.Migrate(t.Context(), m); err != nil {
		t.Fatalf("%v, %v", v, err)
	}
}

// kinds lists the events of an instance of some kinds, "2 fired late".
func kinds(t *testing.T, in *Instance, which ...history.Kind) []string {
	t.Helper()
	var list []string
	for ev, err := range in.History(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range which {
			if ev.Kind == k {
				list = append(list, fmt.Sprint(ev.Version, " ", ev.Kind, " ", ev.Node))
			}
		}
	}
	return list
}

// A handler runs while its instance moves. It runs once, and its result arrives at the node of the other version.
func TestMigrateUnderRunningJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		release := make(chan struct{})
		e, s, tn, deploy := movable(t, `
process: p
out: [r]
vars: {r: string}
steps:
  - {service: work, out: [r]}
  - {user: after, in: [r]}
`, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (vars, error) {
				calls.Add(1)
				select {
				case <-release:
				case <-ctx.Done():
				}
				return vars{"r": "done"}, nil
			})
		})
		in := start(t, tn, nil)
		synctest.Wait()
		deploy("  - {service: work, out: [r]}\n", "  - parallel: both\n    branches:\n      - {user: beside}\n      - {service: work, out: [r]}\n")
		moved(t, in, Move{})
		synctest.Wait()
		if n := calls.Load(); n != 1 {
			t.Errorf("the handler was called %d times", n)
		}
		close(release)
		info, err := in.Settle(t.Context())
		if err != nil || len(info.Waits) != 1 || info.Waits[0].Node != "beside" || calls.Load() != 1 {
			t.Errorf("%+v, %v, %d calls", info, err, calls.Load())
		}
		if err := tn.Task(openTask(t, in, "beside")).Complete(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		given, err := Input[vars](t.Context(), tn.Task(openTask(t, in, "after")))
		if err != nil || fmt.Sprint(given) != "map[r:done]" {
			t.Errorf("%v, %v", given, err)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
	})
}

// A job waits for its next attempt while its instance moves. It gets it, once, with the same key; so does one whose
// attempt runs at that moment.
func TestMigrateUnderRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		e, s, tn, deploy := movable(t, `
process: p
steps:
  - {service: work}
  - {user: after}
`, func(e *Engine) {
			Handle(e, "work", func(ctx context.Context, _ None) (None, error) {
				switch calls.Add(1) {
				case 1:
					return None{}, RetryAfter(time.Hour, errors.New("later"))
				case 2:
					time.Sleep(time.Hour)
				}
				return None{}, nil
			})
		})
		in := start(t, tn, nil)
		synctest.Wait()
		deploy("  - {service: work}\n", "  - parallel: both\n    branches:\n      - {user: beside}\n      - {service: work}\n")
		moved(t, in, Move{})
		checkIndexes(t, e, s)
		time.Sleep(90 * time.Minute) // the second attempt runs
		if n := calls.Load(); n != 2 {
			t.Fatalf("%d attempts", n)
		}
		moved(t, in, Move{To: 1})
		checkIndexes(t, e, s)
		info, err := in.Settle(t.Context())
		if err != nil || fmt.Sprint(info.Waits[0].Node, info.Version) != "after1" || calls.Load() != 2 {
			t.Errorf("%+v, %v, %d calls", info, err, calls.Load())
		}
		checkFolds(t, e, s)
	})
}

// A claimed task keeps its id, claim and revision, though it has another id in the schema.
func TestMigrateKeepsTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		e, s, tn, deploy := movable(t, `
process: p
steps:
  - parallel: both
    branches:
      - {user: left}
      - {user: right}
`, nil)
		in := start(t, tn, nil)
		left, right := openTask(t, in, "left"), openTask(t, in, "right")
		if err := tn.As("ann").Task(right).Claim(ctx); err != nil {
			t.Fatal(err)
		}
		before, err := tn.Task(right).Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		deploy("{user: right}", "{user: check, was: right}", "{user: left}", "{user: left, title: The left one}", "    branches:\n", "    branches:\n      - {user: third}\n")
		moved(t, in, Move{})
		after, err := tn.Task(right).Info(ctx)
		if err != nil || after.Node != "check" || after.Assignee != "ann" || after.Revision != before.Revision || !after.Created.Equal(before.Created) {
			t.Errorf("%+v, %v; it was %+v", after, err, before)
		}
		if now := openTask(t, in, "left"); now != left {
			t.Errorf("the offered task was %s, now it is %s", left, now)
		}
		if err := tn.As("bob").Task(right).Complete(ctx, nil); !errors.Is(err, ErrConflict) {
			t.Errorf("%v", err)
		}
		for _, k := range []*Task{tn.As("ann").Task(right).At(before.Revision), tn.Task(left), tn.Task(openTask(t, in, "third"))} {
			if err := k.Complete(ctx, nil); err != nil {
				t.Errorf("%s: %v", k.ID(), err)
			}
		}
		if info, err := in.Wait(ctx); err != nil || info.State != Completed {
			t.Errorf("%+v, %v", info, err)
		}
		if info, err := tn.Task(right).Info(ctx); err != nil || info.State != Done || info.Assignee != "ann" {
			t.Errorf("%+v, %v", info, err)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
	})
}

const late = `
process: p
steps:
  - user: b
    boundary:
      - timer: late
        after: P7D
        do: [{user: remind}]
  - {user: c}
`

// A timer that has run for 5 of 7 days gets 14 (row 41), or 3 (row 42).
func TestMigrateTimer(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		policy migrate.TimerPolicy
		after  string
		want   time.Duration // from the move
	}{
		{"rebase", migrate.Rebase, "P14D", 9 * day},
		{"keep", migrate.KeepDue, "P14D", 2 * day},
		{"reset", migrate.Reset, "P14D", 14 * day},
		{"overdue", migrate.Rebase, "P3D", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				e, s, tn, deploy := movable(t, late, nil)
				in := start(t, tn, nil)
				if err := tn.As("ann").Task(openTask(t, in, "b")).Claim(ctx); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * day)
				deploy("P7D", c.after)
				if v, err := in.CheckMigrate(ctx, Move{Options: migrate.Options{Timers: c.policy}}); err != nil || !v.Accepted() {
					t.Fatalf("%v, %v", v, err)
				}
				synctest.Wait()
				if fired := kinds(t, in, history.Fired); fired != nil {
					t.Errorf("%v before the move", fired)
				}
				moved(t, in, Move{Options: migrate.Options{Timers: c.policy}})
				if c.want > 0 {
					checkIndexes(t, e, s)
					time.Sleep(c.want - time.Millisecond)
					synctest.Wait()
					if fired := kinds(t, in, history.Fired); fired != nil {
						t.Errorf("%v before its time", fired)
					}
					time.Sleep(time.Millisecond)
				}
				synctest.Wait()
				if fired := kinds(t, in, history.Migrated, history.Fired); fmt.Sprint(fired) != "[2 migrated  2 fired late]" {
					t.Errorf("%v", fired)
				}
				time.Sleep(30 * day)
				if fired := kinds(t, in, history.Fired); len(fired) != 1 {
					t.Errorf("%v", fired)
				}
				checkIndexes(t, e, s)
				checkFolds(t, e, s)
			})
		})
	}
}

const catching = `
process: p
vars: {v: int}
steps:
  - parallel: both
    branches:
      - {receive: wait, message: m, out: {v: message.v}}
      - subprocess: people
        do:
          - {user: a}
          - {user: b}
  - {user: c, in: [v]}
`

// A message has another name in the other version. A refused move leaves the old subscription as it is (row 44); after
// one that was made the message that came before under the new name is taken, and the old name reaches nobody (row 45).
func TestMigrateMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		e, s, tn, deploy := movable(t, catching, nil)
		one, two := start(t, tn, nil), start(t, tn, nil)
		for _, in := range []*Instance{one, two} {
			if err := tn.Task(openTask(t, in, "a")).Complete(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := tn.As("ann").Task(openTask(t, one, "b")).Claim(ctx); err != nil {
			t.Fatal(err)
		}
		deploy("message: m", "message: m2", "          - {user: b}", "          - {user: x}\n          - {user: b}")
		if d, err := tn.Send(ctx, Message{Name: "m2", Data: vars{"v": 2}}); err != nil || !d.Kept {
			t.Fatalf("%+v, %v", d, err)
		}
		if v, err := one.Migrate(ctx, Move{}); !errors.Is(err, ErrRefused) {
			t.Fatalf("%v, %v", v, err)
		}
		moved(t, two, Move{})
		synctest.Wait()
		if got := kinds(t, two, history.Received); fmt.Sprint(got) != "[2 received wait]" {
			t.Errorf("%v", got)
		}
		d, err := tn.Send(ctx, Message{Name: "m", Data: vars{"v": 1}})
		if err != nil || fmt.Sprint(d.Instances) != fmt.Sprint([]string{one.ID()}) {
			t.Errorf("%+v, %v", d, err)
		}
		if d, err := tn.Send(ctx, Message{Name: "m", Data: vars{"v": 1}}); err != nil || !d.Kept {
			t.Errorf("%+v, %v", d, err)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
	})
}

// A second move builds on the first, also where the first one needed a relaxation; and one may go back.
func TestMigrateAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		const src = `
process: p
in: [v]
out: [v]
vars: {v: int, w: {type: int, default: 0}}
steps:
  - {user: a, in: [v], out: [v]}
  - {user: x, out: [w]}
  - {user: b, in: [w]}
  - {user: c, in: [v]}
`
		e, s, tn, deploy := movable(t, src, nil)
		in := start(t, tn, vars{"v": 1})
		if err := tn.Task(openTask(t, in, "a")).Complete(ctx, vars{"v": 5}); err != nil {
			t.Fatal(err)
		}
		if err := tn.Task(openTask(t, in, "x")).Complete(ctx, vars{"w": 7}); err != nil {
			t.Fatal(err)
		}
		deploy("  - {user: x, out: [w]}\n", "", "vars: {v: int", "vars: {k: {type: string, default: z}, v: int")
		v, err := in.Migrate(ctx, Move{})
		if err != nil || v.Criteria != migrate.Deletions {
			t.Fatalf("%v, %v", v, err)
		}
		checkFolds(t, e, s)
		deploy("  - {user: x, out: [w]}\n", "", "  - {user: c, in: [v]}\n", "  - {user: d, in: [w]}\n  - {user: c, in: [v]}\n")
		moved(t, in, Move{})
		checkFolds(t, e, s)
		moved(t, in, Move{To: 2})
		moved(t, in, Move{To: 3})
		checkFolds(t, e, s)
		checkIndexes(t, e, s)
		if err := tn.Task(openTask(t, in, "b")).Complete(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if given, err := Input[vars](ctx, tn.Task(openTask(t, in, "d"))); err != nil || fmt.Sprint(given) != "map[w:7]" {
			t.Errorf("%v, %v", given, err)
		}
		for _, node := range []string{"d", "c"} {
			if err := tn.Task(openTask(t, in, node)).Complete(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := Result[vars](ctx, in); err != nil || fmt.Sprint(out) != "map[v:5]" {
			t.Errorf("%v, %v", out, err)
		}
		if got := kinds(t, in, history.Migrated, history.Completed); fmt.Sprint(got) !=
			"[1 completed a 1 completed x 2 migrated  3 migrated  2 migrated  3 migrated  3 completed b 3 completed d 3 completed c]" {
			t.Errorf("%v", got)
		}
		checkFolds(t, e, s)
	})
}

// A job that failed for good moves with its incident; retried, it calls what the other version names.
func TestMigrateIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var called []string
		e, s, tn, deploy := movable(t, `
process: p
steps:
  - {service: work, handler: old}
  - {user: after}
`, func(e *Engine) {
			Handle(e, "old", func(context.Context, None) (None, error) {
				called = append(called, "old")
				return None{}, Permanent(errors.New("it is broken"))
			})
			Handle(e, "new", func(context.Context, None) (None, error) {
				called = append(called, "new")
				return None{}, nil
			})
		})
		in := start(t, tn, nil)
		before, err := in.Settle(ctx)
		if err != nil || len(before.Incidents) != 1 {
			t.Fatalf("%+v, %v", before, err)
		}
		deploy("  - {service: work, handler: old}\n", "  - parallel: both\n    branches:\n      - {user: beside}\n      - {service: work, handler: new}\n")
		moved(t, in, Move{})
		checkIndexes(t, e, s)
		after, err := in.Settle(ctx)
		if err != nil || fmt.Sprint(after.Incidents) != fmt.Sprint(before.Incidents) || fmt.Sprint(called) != "[old]" {
			t.Fatalf("%+v, %v, %v", after, err, called)
		}
		if info, err := tn.Incident(after.Incidents[0]).Info(ctx); err != nil || info.Node != "work" || !strings.Contains(info.Cause, "broken") {
			t.Errorf("%+v, %v", info, err)
		}
		if err := tn.Incident(after.Incidents[0]).Retry(ctx); err != nil {
			t.Fatal(err)
		}
		if info, err := in.Settle(ctx); err != nil || len(info.Incidents) != 0 || fmt.Sprint(called) != "[old new]" {
			t.Errorf("%+v, %v, %v", info, err, called)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
	})
}
