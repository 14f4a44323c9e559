package loan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/workflowtest"
)

type m = map[string]any

// world is how every test here begins: the program's own handlers for the ledger, stubs for everybody else's services,
// and the schema deployed. What a stub returns is what the schema's `out` reads.
func world(w *workflowtest.World, l *Ledger) {
	w.Handlers(l.Register)
	w.Stub("credit.score", m{"points": 640})
	w.Stub("appraisal.order", m{"id": "A-1"})
	w.Deploy(workflow.Files(Schema, "loan.yaml"))
}

// toSign takes a loan to the customer's signature.
func toSign(w *workflowtest.World) *workflow.Instance {
	loan := w.Begin("loan", m{"applicant": "Ann", "amount": 80_000})
	w.Complete(loan, "collect", nil)
	w.Complete(loan, "check", m{"complete": true})
	w.Send(workflow.Message{Name: "appraisal.report", Key: "A-1", Data: m{"value": 95_000}})
	w.Complete(loan, "review", m{"decision": "accept"})
	return loan
}

func waitsAt(t *testing.T, w *workflowtest.World, loan *workflow.Instance, want ...string) {
	t.Helper()
	if got := w.Waits(loan); !slices.Equal(got, want) {
		t.Fatalf("the loan waits at %v, want %v", got, want)
	}
}

// Nobody signs. Three reminders go out, thirty days apart, and after ninety days the money goes back. On day 45 the power
// fails: what was to happen still happens, once, and on time.
func TestNobodySigns(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		t := w.T // the test within the bubble
		ledger := &Ledger{}
		world(w, ledger)
		loan := toSign(w)
		waitsAt(t, w, loan, "sign")

		w.Stub("mail.remind", m{"nth": 1})
		w.Advance(30 * workflowtest.Day)
		w.Advance(15 * workflowtest.Day)
		w.Crash()
		waitsAt(t, w, loan, "sign")

		w.Stub("mail.remind", m{"nth": 2})
		w.Advance(15 * workflowtest.Day)
		w.Stub("mail.remind", m{"nth": 3})
		w.Advance(30*workflowtest.Day - time.Second)
		waitsAt(t, w, loan, "sign") // there is a second left
		w.Advance(time.Second)

		if got := w.State(loan); got != workflow.Completed {
			t.Fatalf("after ninety days the loan is %v", got)
		}
		var reminded []any
		for _, call := range w.Calls("mail.remind") {
			reminded = append(reminded, call.In["nth"])
		}
		if !slices.Equal(reminded, []any{int64(1), int64(2), int64(3)}) {
			t.Errorf("reminders %v", reminded)
		}
		if got, want := ledger.Lines(), []string{"reserve 80000", "release B-1"}; !slices.Equal(got, want) {
			t.Errorf("the ledger says %q, want %q", got, want)
		}
		out, err := workflow.Result[struct {
			Outcome string `json:"outcome"`
		}](t.Context(), w.Default().Instance(loan.ID())) // the handle from before the crash is of a closed engine
		if err != nil || out.Outcome != "expired" {
			t.Errorf("outcome %q, %v", out.Outcome, err)
		}
	})
}

// A new law: who lets a loan expire is told so in writing. The loan is waiting for its second reminder when the new version
// is deployed, and moves. It keeps its place and its timer, and what comes is by the new law.
func TestTheLawChanges(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		t := w.T // the test within the bubble
		world(w, &Ledger{})
		w.Stub("mail.remind", m{"nth": 1})
		loan := toSign(w)
		w.Advance(45 * workflowtest.Day)

		w.Stub("mail.letter", nil)
		w.Deploy(workflow.Text(newLaw(t)))
		if p := w.Migrate(workflow.Move{Process: "loan"}); p.Tally.Moved != 1 {
			t.Fatalf("%+v", p.Tally)
		}
		w.Crash()
		waitsAt(t, w, loan, "sign")

		w.Stub("mail.remind", m{"nth": 2})
		w.Advance(15 * workflowtest.Day)
		w.Stub("mail.remind", m{"nth": 3})
		w.Advance(30*workflowtest.Day - time.Second)
		if got := len(w.Calls("mail.letter")); got != 0 {
			t.Errorf("%d letters before the time", got)
		}
		w.Advance(time.Second)
		if got := w.State(loan); got != workflow.Completed {
			t.Fatalf("after ninety days the loan is %v", got)
		}
		if got, want := len(w.Calls("mail.remind")), 3; got != want {
			t.Errorf("%d reminders, want %d", got, want)
		}
		if calls := w.Calls("mail.letter"); len(calls) != 1 || calls[0].In["applicant"] != "Ann" {
			t.Errorf("letters %+v", calls)
		}
	})
}

// newLaw is loan.yaml with a letter at its end.
func newLaw(t *testing.T) string {
	t.Helper()
	src, err := Schema.ReadFile("loan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const end = "          - script: expired\n"
	if !strings.Contains(string(src), end) {
		t.Fatal("loan.yaml ends in another way")
	}
	return strings.Replace(string(src), end, "          - service: letter\n            handler: mail.letter\n            in: [applicant]\n"+end, 1)
}

// The customer signs on day 40, and the bank takes an hour to pay. In that hour the power fails. The job runs again, with
// the same key, so the money is paid once.
func TestPowerFailsWhilePaying(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		t := w.T // the test within the bubble
		ledger := &Ledger{Slow: time.Hour}
		world(w, ledger)
		w.Stub("mail.remind", m{"nth": 1})
		loan := toSign(w)
		w.Advance(40 * workflowtest.Day)
		w.Complete(loan, "sign", m{"signed": true})

		w.Advance(30 * time.Minute)
		waitsAt(t, w, loan, "pay")
		w.Crash()
		w.Advance(time.Hour)

		if got := w.State(loan); got != workflow.Completed {
			t.Fatalf("the loan is %v\n%v", got, w.Trace(loan))
		}
		calls := w.Calls("ledger.pay")
		if len(calls) != 2 || calls[0].Key != calls[1].Key {
			t.Errorf("payments tried: %+v; want two with the same key", calls)
		}
		if got, want := ledger.Lines(), []string{"reserve 80000", "pay 80000 from B-1"}; !slices.Equal(got, want) {
			t.Errorf("the ledger says %q, want %q", got, want)
		}
	})
}

// The scoring service is down. It is asked again after a minute and after ten more; then somebody has to look, and once
// it is mended the loan goes on.
func TestScoringIsDown(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		t := w.T // the test within the bubble
		world(w, &Ledger{})
		w.Stub("credit.score", errors.New("connection refused"))
		loan := w.Begin("loan", m{"applicant": "Ann", "amount": 80_000})
		w.Complete(loan, "collect", nil)
		w.Complete(loan, "check", m{"complete": true})
		w.Advance(12 * time.Minute)
		if got := len(w.Calls("credit.score")); got != 3 || w.State(loan) != workflow.Failed {
			t.Fatalf("%d attempts, then %v; want 3 and failed", got, w.State(loan))
		}

		w.Stub("credit.score", m{"points": 720})
		ctx := t.Context()
		for incident, err := range w.Default().Incidents(ctx, workflow.IncidentFilter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Default().Incident(incident.ID).Retry(ctx); err != nil {
				t.Fatal(err)
			}
		}
		w.Send(workflow.Message{Name: "appraisal.report", Key: "A-1", Data: m{"value": 95_000}})
		waitsAt(t, w, loan, "sign") // 720 points need no review
	})
}

// Who collected the papers may not check them, in any round: Complete acts as the program, so people act through
// Tenant.As here.
func TestFourEyes(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		t := w.T // the test within the bubble
		world(w, &Ledger{})
		loan := w.Begin("loan", m{"applicant": "Ann", "amount": 80_000})
		ctx := t.Context()
		do := func(user, node string, out any) error {
			for task, err := range w.Default().Tasks(ctx, workflow.TaskFilter{Instance: loan.ID(), Node: node}) {
				if err != nil {
					return err
				}
				return w.Default().As(user).Task(task.ID).Complete(ctx, out)
			}
			return errors.New("there is no such task")
		}
		if err := do("carl", "collect", nil); err != nil {
			t.Fatal(err)
		}
		w.Restart() // the rule is kept with the loan
		if err := do("carl", "check", m{"complete": false}); !errors.Is(err, workflow.ErrForbidden) {
			t.Errorf("the collector checks: %v, want ErrForbidden", err)
		}
		if err := do("olga", "check", m{"complete": false}); err != nil {
			t.Fatal(err)
		}
		waitsAt(t, w, loan, "collect") // not complete: once more
	})
}
