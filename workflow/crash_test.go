package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

// A power cut at every single write: the process is driven to its end once, and a copy of the disk is taken before
// each write, as a power cut there would leave it. Every copy is opened and driven to the end. Whatever was
// acknowledged before the cut must be there, nothing may have been let out that is not there, and the result is right.

const loanSchema = `
process: loan
in: [applicant, amount]
out: [decision, paid]
types:
  Applicant: {name: string, income: double}
vars:
  applicant: Applicant
  amount: int
  complete: bool
  points: int
  appraisal_id: string
  value: int
  decision: string
  paid: string
steps:
  - repeat: file
    until: complete
    do:
      - {user: collect, in: [applicant]}
      - user: check
        separate-from: [collect]
        out: [complete]
  - parallel: assess
    branches:
      - service: score
        in: {income: applicant.income}
        out: {points: result.points}
      - subprocess: appraisal
        do:
          - service: order
            out: {appraisal_id: result.id}
          - receive: report
            message: appraisal.report
            key: appraisal_id
            out: {value: message.value}
  - choose: route
    cases:
      - when: points >= 720 && value > amount
        do: [{script: approve, set: {decision: accept}}]
      - else: [{user: review, in: [amount, points, value], out: [decision]}]
  - user: sign
    boundary:
      - timer: expired
        after: P90D
        do: [{end: not-signed}]
  - service: pay
    in: [amount]
    out: [paid]
`

// script is how a test drives a process, whatever state it finds it in.
type script struct {
	name, schema, process string
	vars                  vars
	once                  []string // service tasks that run in every run to the end, once each
	register              func(e *Engine, called func(ctx context.Context))
	// act does what the instance waits for at a node; round counts how often this run has done so there.
	act  func(ctx context.Context, tn *Tenant, w Wait, round int) error
	want vars
}

var orderScript = script{
	name: "order", schema: orderSchema, process: "order", vars: vars{"amount": 7}, once: []string{"charge"},
	register: func(e *Engine, called func(context.Context)) {
		Handle(e, "charge", func(ctx context.Context, c charge) (receipt, error) {
			called(ctx)
			return chargeHandler(ctx, c)
		})
	},
	act: func(ctx context.Context, tn *Tenant, w Wait, _ int) error {
		return tn.Task(w.Task).Complete(ctx, vars{"ok": true})
	},
	want: vars{"receipt": "R-7"},
}

var loanScript = script{
	name: "loan", schema: loanSchema, process: "loan", once: []string{"score", "order", "pay"},
	vars: vars{"applicant": vars{"name": "Ann", "income": 5200.5}, "amount": 80_000},
	register: func(e *Engine, called func(context.Context)) {
		Handle(e, "score", func(ctx context.Context, in struct {
			Income float64 `json:"income"`
		},
		) (vars, error) {
			called(ctx)
			return vars{"points": int(in.Income / 10)}, nil
		})
		Handle(e, "order", func(ctx context.Context, _ None) (vars, error) {
			called(ctx)
			return vars{"id": "A-1"}, nil
		})
		Handle(e, "pay", func(ctx context.Context, in struct {
			Amount int `json:"amount"`
		},
		) (vars, error) {
			called(ctx)
			return vars{"paid": fmt.Sprint(in.Amount)}, nil
		})
	},
	act: func(ctx context.Context, tn *Tenant, w Wait, round int) error {
		task := tn.As("ann").Task(w.Task)
		switch w.Node {
		case "collect":
			return task.Complete(ctx, nil)
		case "check": // not complete at first, so the loop goes round
			if err := tn.As("bob").Task(w.Task).Claim(ctx); err != nil && !errors.Is(err, ErrConflict) {
				return err
			}
			return tn.As("bob").Task(w.Task).Complete(ctx, vars{"complete": round > 0})
		case "report":
			_, err := tn.Send(ctx, Message{Name: "appraisal.report", Key: "A-1", Data: vars{"value": 95_000}, ID: "report-1"})
			return err
		case "review":
			return task.Complete(ctx, vars{"decision": "accept"})
		case "sign":
			return task.Complete(ctx, nil)
		}
		return fmt.Errorf("waits at %s", w.Node)
	},
	want: vars{"decision": "accept", "paid": "80000"},
}

// record is what a run let out, each with the number of writes that had been begun by then.
type record struct {
	disk *store.Disk
	mu   sync.Mutex
	acks []ack  // what callers were told
	keys []call // what handlers were called with
}

type ack struct {
	writes int
	seq    uint64
}

type call struct {
	writes    int
	node, key string
}

func (r *record) called(ctx context.Context) {
	j, _ := JobFrom(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, call{r.disk.Writes(), j.Node, j.Key})
}

func (r *record) told(seq uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acks = append(r.acks, ack{r.disk.Writes(), seq})
}

// drive opens the disk, brings the instance to its end, and checks the result.
func (sc *script) drive(t *testing.T, disk *store.Disk, rec *record) {
	t.Helper()
	ctx := t.Context()
	e, s := openOn(t, disk, nil)
	defer s.Close()
	defer e.Close()
	tn := begin(t, e, sc.schema, func(e *Engine) { sc.register(e, rec.called) })
	in, err := tn.Start(ctx, sc.process, sc.vars, &StartOptions{Key: "K"})
	if err != nil {
		t.Fatal(err)
	}
	rounds := make(map[string]int)
	for range 100 {
		info, err := in.Settle(ctx)
		if err != nil {
			t.Fatal(err)
		}
		rec.told(info.Seq)
		if info.State != Running {
			break
		}
		acted := false
		for _, w := range info.Waits {
			if w.Task == "" && w.Node != "report" {
				continue // a timer
			}
			if err := sc.act(ctx, tn, w, rounds[w.Node]); err != nil {
				t.Fatalf("at %s: %v", w.Node, err)
			}
			rounds[w.Node]++
			acted = true
		}
		if !acted {
			t.Fatalf("stuck at %+v", info.Waits)
		}
	}
	got, err := Result[vars](ctx, in)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(map[string]any(sc.want)) {
		t.Fatalf("result %v, %v; want %v", got, err, sc.want)
	}
}

func TestPowerCutAtEveryWrite(t *testing.T) {
	for _, sc := range []*script{&orderScript, &loanScript} {
		t.Run(sc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { sc.cutEverywhere(t) })
		})
	}
}

func (sc *script) cutEverywhere(t *testing.T) {
	disk := store.NewDisk()
	type image struct {
		writes int
		disk   *store.Disk
	}
	var images []image
	disk.OnWrite(func(n int) error {
		images = append(images, image{n, disk.Crash(0)}, image{n, disk.Crash(uint64(n))})
		return nil
	})
	first := &record{disk: disk}
	sc.drive(t, disk, first)
	disk.OnWrite(nil)
	if len(images) < 20 {
		t.Fatalf("the run took only %d writes", len(images))
	}
	t.Logf("%d copies, %d acknowledgements, %d calls", len(images), len(first.acks), len(first.keys))
	for i, im := range images {
		again := &record{disk: im.disk}
		sc.checkImage(t, fmt.Sprintf("copy %d, before write %d", i, im.writes), im.disk, im.writes, first)
		sc.drive(t, im.disk, again)
		if t.Failed() {
			t.Fatalf("copy %d, before write %d", i, im.writes)
		}
		// At least once, and with one key, whether before the cut or after it.
		keys := make(map[string][]string)
		for _, c := range append(slices.DeleteFunc(slices.Clone(first.keys), func(c call) bool { return c.writes >= im.writes }), again.keys...) {
			if !slices.Contains(keys[c.node], c.key) {
				keys[c.node] = append(keys[c.node], c.key)
			}
		}
		for _, node := range sc.once {
			if len(keys[node]) != 1 {
				t.Fatalf("copy %d, before write %d: %s was called with the keys %v, want one", i, im.writes, node, keys[node])
			}
		}
	}
}

// checkImage opens a copy of the disk, without running anything, and checks what was let out before the cut against
// what is there.
func (sc *script) checkImage(t *testing.T, name string, disk *store.Disk, writes int, first *record) {
	t.Helper()
	ctx := t.Context()
	e, s := openOn(t, disk, nil)
	defer s.Close()
	defer e.Close()
	var seq uint64
	begun := make(map[string]bool)
	if in, err := e.Default().InstanceByKey(ctx, sc.process, "K"); err == nil {
		info, err := in.Info(ctx)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seq = info.Seq
		for ev, err := range in.History(ctx, 1) {
			if err != nil {
				t.Fatalf("%s: history: %v", name, err)
			}
			if ev.Kind == history.Started {
				begun[ev.Node] = true
			}
		}
	} else if !errors.Is(err, ErrNotFound) {
		t.Fatalf("%s: %v", name, err)
	}
	for _, a := range first.acks {
		if a.writes < writes && seq < a.seq {
			t.Errorf("%s: event %d was acknowledged, but %d is the last one", name, a.seq, seq)
		}
	}
	for _, c := range first.keys {
		if c.writes < writes && !begun[c.node] {
			t.Errorf("%s: the handler of %s was called, but its start is not in the history", name, c.node)
		}
	}
}
