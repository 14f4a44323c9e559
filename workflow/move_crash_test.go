package workflow

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

// loanSchema2 is the loan with a screening before the payment, less time to sign, and a new variable that all have.
var loanSchema2 = strings.NewReplacer(
	"vars:\n", "vars:\n  level: {type: string, default: normal}\n  cleared: bool\n",
	"after: P90D", "after: P60D",
	"  - service: pay\n", "  - {service: screen, in: [level, applicant], out: [cleared]}\n  - service: pay\n",
).Replace(loanSchema)

// depths are how far the loans of the test have come: the number of things that somebody did.
var depths = []int{0, 1, 3, 4, 5}

// moveScript is the loan, whose reports are sent once for each loan.
func moveScript(screened func(context.Context)) *script {
	sc := loanScript
	act := sc.act
	sc.act = func(ctx context.Context, tn *Tenant, w Wait, round int) error {
		if w.Node == "report" {
			_, err := tn.Send(ctx, Message{Name: "appraisal.report", Key: "A-1", Data: vars{"value": 95_000}, TTL: -1})
			return err
		}
		return act(ctx, tn, w, round)
	}
	register := sc.register
	sc.register = func(e *Engine, called func(context.Context)) {
		register(e, called)
		Handle(e, "screen", func(ctx context.Context, in struct {
			Level string `json:"level"`
		},
		) (vars, error) {
			screened(ctx)
			return vars{"cleared": in.Level == "normal"}, nil
		})
	}
	return &sc
}

// advance does what an instance waits for, at most n times; n < 0: until it ends.
func (sc *script) advance(t *testing.T, tn *Tenant, in *Instance, n int) {
	t.Helper()
	ctx := t.Context()
	rounds := make(map[string]int)
	for range 100 {
		info, err := in.Settle(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if info.State == Failed {
			t.Fatalf("incidents %v", info.Incidents)
		}
		if info.State.Ended() || n == 0 {
			return
		}
		acted := false
		for _, w := range info.Waits {
			if n == 0 || w.Task == "" && w.Node != "report" {
				continue
			}
			if err := sc.act(ctx, tn, w, rounds[w.Node]); err != nil {
				t.Fatalf("at %s: %v", w.Node, err)
			}
			rounds[w.Node]++
			acted = true
			n--
		}
		if !acted {
			t.Fatalf("stuck at %+v", info.Waits)
		}
	}
	t.Fatal("it does not end")
}

// Loans at several steps move to another version, and the power is cut at every write of that. Afterwards each is wholly
// on the old version or wholly on the new one: its head is what its history led to, its index entries are those that it
// implies; who was told that a loan has moved finds it moved. Then all of them move, and finish.
func TestMigrationPowerCutAtEveryWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		sc := moveScript(func(context.Context) {})
		disk := store.NewDisk()
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, sc.schema, func(e *Engine) { sc.register(e, func(context.Context) {}) })
		ids := make([]string, len(depths))
		for i, depth := range depths {
			in, err := tn.Start(ctx, "loan", sc.vars, &StartOptions{Key: fmt.Sprint("K", i)})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = in.ID()
			sc.advance(t, tn, in, depth)
		}
		if _, err := tn.Deploy(ctx, Text(loanSchema2)); err != nil {
			t.Fatal(err)
		}
		type image struct {
			disk  *store.Disk
			moved map[string]bool // acknowledged before
		}
		var images []image
		var mu sync.Mutex
		moved := make(map[string]bool)
		disk.OnWrite(func(n int) error {
			mu.Lock()
			defer mu.Unlock()
			known := make(map[string]bool)
			for id := range moved {
				known[id] = true
			}
			images = append(images, image{disk.Crash(0), known}, image{disk.Crash(uint64(n)), known})
			return nil
		})
		for i, id := range ids {
			v, err := tn.Instance(id).Migrate(ctx, Move{})
			if err != nil {
				t.Fatalf("loan %d: %v, %v", i, v, err)
			}
			mu.Lock()
			moved[id] = true
			mu.Unlock()
		}
		disk.OnWrite(nil)
		checkFolds(t, e, s)
		checkIndexes(t, e, s)
		e.Close()
		s.Close()
		if len(images) < 2*len(ids) {
			t.Fatalf("%d copies of the disk for %d moves", len(images), len(ids))
		}
		t.Logf("%d copies", len(images))
		for n, im := range images {
			reopenMoved(t, im.disk, ids, im.moved)
			if t.Failed() {
				t.Fatalf("copy %d", n)
			}
		}
	})
}

func reopenMoved(t *testing.T, disk *store.Disk, ids []string, moved map[string]bool) {
	t.Helper()
	ctx := t.Context()
	screened := make(map[string]int)
	var mu sync.Mutex
	sc := moveScript(func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		j, _ := JobFrom(ctx)
		screened[j.Instance]++
	})
	e, s := openOn(t, disk, nil)
	defer s.Close()
	defer e.Close()
	sc.register(e, func(context.Context) {})
	checkFolds(t, e, s)
	checkIndexes(t, e, s)
	tn := e.Default()
	for _, id := range ids {
		in := tn.Instance(id)
		info, err := in.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if moved[id] && info.Version != 2 {
			t.Errorf("instance %s was moved, and is on version %d", id, info.Version)
		}
		version := 1
		for ev, err := range in.History(ctx, 1) {
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == history.Migrated {
				version = 2
			}
			if ev.Version != version {
				t.Errorf("event %d is told in version %d, want %d", ev.Seq, ev.Version, version)
			}
		}
		if version != info.Version {
			t.Errorf("instance %s is on version %d, its history leads to %d", id, info.Version, version)
		}
	}
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		in := tn.Instance(id)
		if _, err := in.Migrate(ctx, Move{}); err != nil {
			t.Fatal(err)
		}
		sc.advance(t, tn, in, -1)
		out, err := Result[vars](ctx, in)
		if err != nil || fmt.Sprint(out) != fmt.Sprint(map[string]any(sc.want)) {
			t.Errorf("result %v, %v; want %v", out, err, sc.want)
		}
		if screened[id] != 1 {
			t.Errorf("instance %s was screened %d times", id, screened[id])
		}
	}
	time.Sleep(200 * 24 * time.Hour)
	checkFolds(t, e, s)
	checkIndexes(t, e, s)
}
