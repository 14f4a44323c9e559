package workflowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/replank/replank/workflow"
)

type m = map[string]any

// A claim: assess it, wait for the customer at most ten days, pay.
const claim = `
process: claim
in: [amount]
out: [paid]
vars:
  amount: int
  risk: int
  agreed: {type: bool, default: false}
  paid: {type: bool, default: false}
steps:
  - service: assess
    handler: risk.assess
    in: [amount]
    out: {risk: result.risk}
    retry: {max: 3, first: PT1M, factor: 2, limit: PT1H}
  - user: agree
    in: [amount, risk]
    out: [agreed]
    boundary:
      - timer: late
        after: P10D
        do:
          - end: given-up
  - receive: invoice
    message: invoice
    key: string(amount)
  - service: pay
    handler: bank.pay
    in: [amount]
  - script: done
    set: {paid: true}
`

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%v\nwant\n%v", what, got, want)
	}
}

// Every shortcut once, on the way from start to end; and the trace of it.
func TestFromStartToEnd(t *testing.T) {
	Run(t, nil, func(w *World) {
		if got := time.Now().UTC(); !got.Equal(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("the world begins at %v", got)
		}
		w.Stub("risk.assess", m{"risk": 3})
		w.Stub("bank.pay", nil)
		if d := w.Deploy(workflow.Text(claim)); len(d.Versions) != 1 || d.Versions[0].Number != 1 || !d.Versions[0].New {
			t.Errorf("deployed %+v", d)
		}
		in := w.Begin("claim", m{"amount": 700})
		equal(t, "waits", w.Waits(in), []string{"agree"})
		w.Advance(3*Day + 4*time.Hour)
		w.Complete(in, "agree", m{"agreed": true})
		equal(t, "waits", w.Waits(in), []string{"invoice"})
		if got := w.State(in); got != workflow.Running {
			t.Errorf("state %v", got)
		}
		if d := w.Send(workflow.Message{Name: "invoice", Key: "700"}); !slices.Equal(d.Instances, []string{in.ID()}) {
			t.Errorf("delivered %+v", d)
		}
		if got := w.State(in); got != workflow.Completed {
			t.Errorf("state %v", got)
		}
		equal(t, "waits at the end", w.Waits(in), nil)
		calls := w.Calls("risk.assess")
		if len(calls) != 1 || calls[0].Node != "assess" || calls[0].In["amount"] != int64(700) || calls[0].Attempt != 1 {
			t.Errorf("calls %+v", calls)
		}
		equal(t, "trace", w.Trace(in), []string{
			"  0d 00:00:00 created amount=700",
			"  0d 00:00:00 started assess",
			"  0d 00:00:00 completed assess risk=3",
			"  0d 00:00:00 offered agree",
			"  0d 00:00:00 armed late due 10d 00:00:00",
			"  3d 04:00:00 started agree",
			"  3d 04:00:00 completed agree agreed=true",
			"  3d 04:00:00 subscribed invoice key \"700\"",
			"  3d 04:00:00 received invoice",
			"  3d 04:00:00 started pay",
			"  3d 04:00:00 completed pay",
			"  3d 04:00:00 completed done paid=true",
			"  3d 04:00:00 ended",
		})
	})
}

// An error stub fails jobs until another stub takes its place; retries come in virtual time.
func TestStubFails(t *testing.T) {
	Run(t, nil, func(w *World) {
		w.Stub("risk.assess", errors.New("down"))
		w.Stub("bank.pay", nil)
		w.Deploy(workflow.Text(claim))
		in := w.Begin("claim", m{"amount": 700})
		w.Advance(time.Minute - time.Millisecond)
		if n := len(w.Calls("risk.assess")); n != 1 {
			t.Errorf("%d attempts before the first retry", n)
		}
		w.Advance(time.Millisecond)
		w.Stub("risk.assess", struct {
			Risk int `json:"risk"`
		}{4})
		w.Advance(2 * time.Minute)
		equal(t, "waits", w.Waits(in), []string{"agree"})
		attempts := []int{}
		for _, c := range w.Calls("risk.assess") {
			attempts = append(attempts, c.Attempt)
		}
		equal(t, "attempts", attempts, []int{1, 2, 3})
	})
}

// A crash loses nothing that was acknowledged: what waited still waits, timers keep their time, and a handler that was
// cut short runs again with the same key. A restart waits for it instead.
func TestCrashAndRestart(t *testing.T) {
	Run(t, nil, func(w *World) {
		var began, ended atomic.Int32
		w.Stub("risk.assess", m{"risk": 1})
		w.Handlers(func(e *workflow.Engine) {
			workflow.Handle(e, "bank.pay", workflow.NoResult(func(ctx context.Context, _ m) error {
				began.Add(1)
				select {
				case <-time.After(2 * time.Hour):
					ended.Add(1)
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}))
		})
		w.Deploy(workflow.Text(claim))
		late, paid := w.Begin("claim", m{"amount": 1}), w.Begin("claim", m{"amount": 2})
		w.Advance(9 * Day)
		w.Crash()
		equal(t, "waits after a crash", w.Waits(late), []string{"agree"})
		w.Complete(paid, "agree", m{"agreed": true})
		w.Send(workflow.Message{Name: "invoice", Key: "2"})
		w.Advance(time.Hour)
		w.Crash() // an hour into the payment, which takes two
		if b, e := began.Load(), ended.Load(); b != 2 || e != 0 {
			t.Errorf("payments begun %d, ended %d; want 2 and 0", b, e)
		}
		w.Advance(time.Hour)
		before := time.Now()
		w.Restart() // waits for the second hour
		if took := time.Since(before); took != time.Hour || ended.Load() != 1 {
			t.Errorf("the restart took %v, payments ended %d", took, ended.Load())
		}
		if got := w.State(paid); got != workflow.Completed {
			t.Errorf("paid claim is %v", got)
		}
		calls := w.Calls("bank.pay")
		if len(calls) != 2 || calls[0].Key != calls[1].Key || calls[0].Key == "" {
			t.Errorf("calls %+v, want two with one key", calls)
		}
		w.Advance(Day)
		if got := w.State(late); got != workflow.Completed {
			t.Errorf("ten days and some hours later the late claim is %v", got)
		}
		if lines := w.Trace(late); !slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, " 10d 00:00:00 fired late") }) {
			t.Errorf("the timer did not fire on time:\n%s", strings.Join(lines, "\n"))
		}
	})
}

// What was sent is there after a crash that follows at once, and what was asked for is not asked for again.
func TestCrashBetweenAnyTwoSteps(t *testing.T) {
	Run(t, nil, func(w *World) {
		w.Stub("risk.assess", m{"risk": 1})
		w.Stub("bank.pay", nil)
		w.Deploy(workflow.Text(claim))
		w.Crash()
		in := w.Begin("claim", m{"amount": 5})
		w.Crash()
		w.Send(workflow.Message{Name: "invoice", Key: "5"}) // kept: nobody waits yet
		w.Crash()
		w.Complete(in, "agree", m{"agreed": true})
		w.Crash()
		if got := w.State(in); got != workflow.Completed {
			t.Errorf("state %v\n%s", got, strings.Join(w.Trace(in), "\n"))
		}
		for _, kind := range []string{"risk.assess", "bank.pay"} {
			if n := len(w.Calls(kind)); n != 1 {
				t.Errorf("%s ran %d times, though no crash cut it short", kind, n)
			}
		}
	})
}

// Handlers may be registered after the schema was deployed: the kinds wait for them.
func TestHandlersAfterDeploy(t *testing.T) {
	Run(t, nil, func(w *World) {
		w.Deploy(workflow.Text(claim))
		w.Handlers(func(e *workflow.Engine) {
			workflow.Handle(e, "risk.assess", func(_ context.Context, in struct {
				Amount int `json:"amount"`
			},
			) (m, error) {
				return m{"risk": in.Amount * 2}, nil
			})
		})
		w.Stub("bank.pay", nil)
		in := w.Begin("claim", m{"amount": 21})
		vars, err := workflow.Vars[m](context.Background(), in)
		if err != nil || vars["risk"] != int64(42) {
			t.Errorf("vars %v, %v", vars, err)
		}
	})
}

// Ninety days with hundreds of timers of hundreds of instances. What it costs is counted in commits, since the time it
// takes is the machine's: about one for each thing that happens, and none for time that only passes.
func TestNinetyDays(t *testing.T) {
	const poll = `
process: poll
vars: {n: {type: int, default: 0}}
steps:
  - repeat: again
    until: n >= 9
    do:
      - wait: pause
        for: P10D
      - service: count
        in: [n]
        out: {n: result.n}
`
	const instances = 50
	began := realClock()
	Run(t, nil, func(w *World) {
		w.Handlers(func(e *workflow.Engine) {
			workflow.Handle(e, "count", func(_ context.Context, in struct {
				N int `json:"n"`
			},
			) (struct {
				N int `json:"n"`
			}, error,
			) {
				in.N++
				return in, nil
			})
		})
		w.Deploy(workflow.Text(poll))
		var all []*workflow.Instance
		for range instances {
			all = append(all, w.Begin("poll", nil))
			w.Advance(time.Minute)
		}
		before := w.store.Stats()
		w.Advance(90 * Day)
		after := w.store.Stats()
		for _, in := range all {
			if got := w.State(in); got != workflow.Completed {
				t.Fatalf("after ninety days %v\n%s", got, strings.Join(w.Trace(in), "\n"))
			}
		}
		if got := len(w.Calls("count")); got != 9*instances {
			t.Errorf("%d calls, want %d", got, 9*instances)
		}
		commits := after.Commits - before.Commits
		if happened := uint64(2 * 9 * instances); commits > happened+50 {
			t.Errorf("%d commits for %d timers and results", commits, happened)
		}
		t.Logf("%d timers in 90 virtual days: %d commits, %d syncs", 9*instances, commits, after.Syncs-before.Syncs)
	})
	took := realClock() - began
	t.Logf("%v of real time: %.0f times as fast as life", took, float64(90*Day)/float64(took))
	if took > 10*time.Second {
		t.Errorf("ninety virtual days took %v", took)
	}
}

// Traces of one run are the traces of the next: nothing of chance is in them.
func TestTracesRepeat(t *testing.T) {
	var traces [2]string
	for i := range traces {
		Run(t, nil, func(w *World) {
			w.Stub("risk.assess", m{"risk": 1})
			w.Stub("bank.pay", workflow.Permanent(errors.New("account closed")))
			w.Deploy(workflow.Text(claim))
			in := w.Begin("claim", m{"amount": 5})
			w.Advance(1500 * time.Millisecond)
			w.Complete(in, "agree", m{"agreed": true})
			w.Send(workflow.Message{Name: "invoice", Key: "5"})
			if got := w.State(in); got != workflow.Failed {
				t.Errorf("state %v", got)
			}
			equal(t, "waits with an incident", w.Waits(in), []string{"pay"})
			traces[i] = strings.Join(w.Trace(in), "\n")
		})
	}
	if traces[0] != traces[1] || !strings.Contains(traces[0], "00:00:01.500 completed agree") || !strings.Contains(traces[0], "account closed") {
		t.Errorf("traces\n%s\nand\n%s", traces[0], traces[1])
	}
}

// What a stub may return.
func TestFieldsOf(t *testing.T) {
	type base struct{ ID string }
	for _, c := range []struct {
		in   any
		want string
	}{
		{nil, "map[]"},
		{m{"a": 1}, "map[a:1]"},
		{map[string]int{"a": 1}, "map[a:1]"},
		{struct {
			base
			Risk   int `json:"risk,omitempty"`
			Plain  bool
			Hidden int `json:"-"`
			own    int
		}{base{"x"}, 3, true, 4, 5}, "map[ID:x Plain:true risk:3]"},
		{&struct{ A []int }{[]int{1}}, "map[A:[1]]"},
		{7, "int is no map, struct or error"},
	} {
		got, err := fieldsOf(c.in)
		text := fmt.Sprint(got)
		if err != nil {
			text = err.Error()
		}
		if text != c.want {
			t.Errorf("%+v: %s, want %s", c.in, text, c.want)
		}
	}
}

// The shortcuts find instances of every tenant; only Begin, Send and Deploy are the default tenant's.
func TestOtherTenant(t *testing.T) {
	Run(t, nil, func(w *World) {
		w.Stub("risk.assess", m{"risk": 1})
		w.Stub("bank.pay", nil)
		ctx := context.Background()
		acme, err := w.CreateTenant(ctx, "acme", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := acme.Deploy(ctx, workflow.Text(claim)); err != nil {
			t.Fatal(err)
		}
		in, err := acme.Start(ctx, "claim", m{"amount": 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.Crash()
		w.Complete(in, "agree", m{"agreed": true})
		equal(t, "waits", w.Waits(in), []string{"invoice"})
		if lines := w.Trace(in); !strings.HasSuffix(lines[len(lines)-1], "subscribed invoice key \"1\"") {
			t.Errorf("trace %q", lines)
		}
	})
}

// The context of the test is one of the bubble: it can be waited on.
func TestContextOfTheTest(t *testing.T) {
	Run(t, nil, func(w *World) {
		w.Stub("risk.assess", m{"risk": 3})
		w.Deploy(workflow.Text(claim))
		ctx := w.T.Context()
		in, err := w.Default().Start(ctx, "claim", m{"amount": 1}, nil)
		if err != nil {
			w.T.Fatal(err)
		}
		if info, err := in.Settle(ctx); err != nil || info.State != workflow.Running {
			w.T.Errorf("%+v, %v", info, err)
		}
		short, cancel := context.WithTimeout(ctx, Day)
		defer cancel()
		if _, err := in.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			w.T.Errorf("waited for a day: %v", err)
		}
	})
}

// A due date may be further away than any test can wait.
func TestTraceOfFarTimer(t *testing.T) {
	Run(t, nil, func(w *World) {
		w.Deploy(workflow.Text("process: far\nsteps:\n  - {wait: long, for: P1000Y}\n"))
		in := w.Begin("far", nil)
		equal(w.T, "trace", w.Trace(in), []string{
			"  0d 00:00:00 created",
			"  0d 00:00:00 armed long due 365243d 00:00:00",
		})
		w.Advance(100 * 365 * Day)
		equal(w.T, "waits", w.Waits(in), []string{"long"})
	})
}
