package workflow

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/store"
)

// A value that expressions make grow past the limit stops its instance, by an incident that says so, and nothing else.
func TestValueThatGrowsPastTheLimit(t *testing.T) {
	src := "process: p\nin: [s]\nvars: {s: string}\nsteps:\n"
	for i := range 9 { // 512 times as long, if nobody minds
		src += fmt.Sprintf("  - {script: double%d, out: {s: s + s}}\n", i)
	}
	_, tn := started(t, src+"  - user: a\n", &Options{Logger: quiet}, nil)
	ctx := limited(t)
	in, err := tn.Start(ctx, "p", vars{"s": strings.Repeat("x", 200<<10)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	info, err := in.Settle(ctx)
	if err != nil || len(info.Incidents) != 1 {
		t.Fatalf("%+v, %v", info, err)
	}
	inc, err := tn.Incident(info.Incidents[0]).Info(ctx)
	if err != nil || inc.Node != "double2" || !strings.Contains(inc.Cause, "the limit is 1048576") {
		t.Errorf("%+v, %v", inc, err)
	}
	if _, err := tn.Start(ctx, "p", vars{"s": ""}, nil); err != nil {
		t.Error("another instance:", err)
	}
}

// The limit is on the encoding: what takes more in memory is no reason to refuse a value.
func TestLimitIsOnTheEncoding(t *testing.T) {
	_, tn := started(t, "process: p\nin: [n]\nvars: {n: list(int), m: list(int)}\nsteps:\n  - {script: copy, out: {m: n}}\n  - user: a\n", nil, nil)
	in, err := tn.Start(limited(t), "p", vars{"n": make([]int, 200_000)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := in.Settle(limited(t)); err != nil || info.Waits[0].Node != "a" {
		t.Errorf("%+v, %v", info, err)
	}
}

// A turn with a record that the store does not take is undone: who waits is told, nothing of it stays, and the engine
// goes on.
func TestTurnThatTheStoreDoesNotTake(t *testing.T) {
	e, tn := started(t, onePerson, &Options{Logger: quiet}, nil)
	ctx := limited(t)
	r, err := e.realm(ctx, tn.Name())
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.pick(r, "p", 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.do(ctx, &request{
		tenant: r.id, cmd: kernel.Command{Kind: kernel.Start}, start: &startSpec{version: v, key: "k"},
		extra: func(b *store.Batch) { b.Put(make([]byte, store.MaxKeySize+1), nil) },
	})
	if !errors.Is(err, ErrLimit) {
		t.Fatalf("%+v, %v; want ErrLimit", out, err)
	}
	in, err := tn.Start(ctx, "p", nil, &StartOptions{Key: "k"})
	if err != nil {
		t.Fatal("the engine does not go on:", err)
	}
	// The same with an instance that is there: it is as it was.
	info, err := in.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	id, since, err := parseWorkID("task", info.Waits[0].Task)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.do(ctx, &request{
		tenant: r.id, id: id, cmd: kernel.Command{Kind: kernel.CompleteTask, Since: since},
		extra: func(b *store.Batch) { b.Put(make([]byte, store.MaxKeySize+1), nil) },
	})
	if !errors.Is(err, ErrLimit) {
		t.Errorf("%v, want ErrLimit", err)
	}
	if err := tn.Task(info.Waits[0].Task).Complete(ctx, nil); err != nil {
		t.Error(err)
	}
	if n := e.Stats().Live; n != 0 {
		t.Errorf("%d live", n)
	}
}
