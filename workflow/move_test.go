package workflow

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

const moveV1 = `
process: order
in: [amount]
out: [receipt]
vars:
  amount: int
  ok: bool
  receipt: string
steps:
  - {user: check, in: [amount], out: [ok]}
  - {user: sign, in: [amount]}
  - {service: charge, in: [amount], out: [receipt]}
`

const moveV2 = `
process: order
in: [amount]
out: [receipt]
vars:
  note: {type: string, default: none}
  amount: int
  ok: bool
  receipt: string
steps:
  - {user: check, in: [amount], out: [ok]}
  - {user: screen, in: [note, amount]}
  - {user: sign, in: [amount]}
  - {service: charge, in: [amount], out: [receipt]}
`

func moveWorld(t *testing.T) (*Engine, *store.Mem, *Tenant) {
	e, s := openOn(t, store.NewDisk(), nil)
	t.Cleanup(func() { e.Close(); s.Close() })
	tn := begin(t, e, moveV1, func(e *Engine) { Handle(e, "charge", chargeHandler) })
	return e, s, tn
}

func openTask(t *testing.T, in *Instance, node string) string {
	t.Helper()
	info, err := in.Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range info.Waits {
		if w.Node == node {
			return w.Task
		}
	}
	t.Fatalf("no task %s: %+v", node, info.Waits)
	return ""
}

// An instance moves to a version that has a step before what it waits for: it lands at that step, with the default of
// the new variable, and goes on under the new version. Its history tells each part by the names of its version.
func TestMigrateOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		e, s, tn := moveWorld(t)
		in, err := tn.Start(ctx, "order", vars{"amount": 7}, nil)
		if err != nil {
			t.Fatal(err)
		}
		check := openTask(t, in, "check")
		if err := tn.Task(check).Complete(ctx, vars{"ok": true}); err != nil {
			t.Fatal(err)
		}
		sign := openTask(t, in, "sign")
		if _, err := tn.Deploy(ctx, Text(moveV2)); err != nil {
			t.Fatal(err)
		}
		v, err := in.CheckMigrate(ctx, Move{})
		if err != nil || !v.Accepted() || fmt.Sprint(v.Target.Offered) != "[screen]" {
			t.Fatalf("%v, %v", v, err)
		}
		if v, err = in.Migrate(ctx, Move{}); err != nil || !v.Accepted() {
			t.Fatalf("%v, %v", v, err)
		}
		if again, err := in.Migrate(ctx, Move{}); err != nil || fmt.Sprint(again.Target) != fmt.Sprint(v.Target) {
			t.Errorf("a second time: %v, %v", again, err)
		}
		if err := tn.Task(sign).Complete(ctx, nil); !errors.Is(err, ErrState) {
			t.Errorf("the task that was withdrawn: %v", err)
		}
		if info, err := tn.Task(sign).Info(ctx); err != nil || info.State != Withdrawn || info.Node != "sign" {
			t.Errorf("%+v, %v", info, err)
		}
		if info, err := tn.Task(check).Info(ctx); err != nil || info.State != Done || info.Node != "check" {
			t.Errorf("%+v, %v", info, err)
		}
		checkIndexes(t, e, s)
		given, err := Input[vars](ctx, tn.Task(openTask(t, in, "screen")))
		if err != nil || fmt.Sprint(given) != "map[amount:7 note:none]" {
			t.Errorf("%v, %v", given, err)
		}
		for _, node := range []string{"screen", "sign"} {
			if err := tn.Task(openTask(t, in, node)).Complete(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		out, err := Result[vars](ctx, in)
		if err != nil || fmt.Sprint(out) != "map[receipt:R-7]" {
			t.Errorf("%v, %v", out, err)
		}
		var told []string
		for ev, err := range in.History(ctx, 1) {
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, fmt.Sprint(ev.Version, " ", ev.Kind, " ", ev.Node, " ", len(ev.Wrote)))
			if ev.Kind == history.Migrated && (ev.Move == nil || ev.Move.From != 1 || ev.Wrote["amount"] != int64(7)) {
				t.Errorf("%+v", ev)
			}
		}
		want := "[1 created  1 1 offered check 0 1 started check 0 1 completed check 1 1 offered sign 0 2 migrated  2 2 offered screen 0 " +
			"2 started screen 0 2 completed screen 0 2 offered sign 0 2 started sign 0 2 completed sign 0 2 started charge 0 2 completed charge 1 2 ended  0]"
		if fmt.Sprint(told) != want {
			t.Errorf("%v", told)
		}
		checkIndexes(t, e, s)
		checkFolds(t, e, s)
	})
}

// What may not move stays as it is, with the verdict in the error.
func TestMigrateRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		_, _, tn := moveWorld(t)
		in, err := tn.Start(ctx, "order", vars{"amount": 7}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := tn.Task(openTask(t, in, "check")).Complete(ctx, vars{"ok": true}); err != nil {
			t.Fatal(err)
		}
		sign := tn.As("ann").Task(openTask(t, in, "sign"))
		if err := sign.Claim(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.Deploy(ctx, Text(moveV2)); err != nil {
			t.Fatal(err)
		}
		before, _ := in.Info(ctx)
		v, err := in.Migrate(ctx, Move{Process: "order"})
		var refused *RefusedError
		if !errors.Is(err, ErrRefused) || !errors.As(err, &refused) || refused.Verdict.Node != "sign" || v.Outcome != migrate.Never {
			t.Fatalf("%v, %v", v, err)
		}
		after, _ := in.Info(ctx)
		if fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%+v\nbecame\n%+v", before, after)
		}
		if err := sign.Complete(ctx, nil); err != nil {
			t.Error(err)
		}
		if _, err := in.Wait(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := in.Migrate(ctx, Move{}); !errors.Is(err, ErrState) {
			t.Errorf("an ended instance: %v", err)
		}
	})
}

func unheard(context.Context) {}
