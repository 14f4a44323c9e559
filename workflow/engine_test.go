package workflow

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quiet is a logger for tests in which incidents and failures are meant to happen.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

type vars = map[string]any

// started opens an engine in memory with a schema, lets register add handlers, and starts it.
func started(t testing.TB, src string, opts *Options, register func(*Engine)) (*Engine, *Tenant) {
	t.Helper()
	e, err := Open(Memory, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, begin(t, e, src, register)
}

// begin is what a program does after Open.
func begin(t testing.TB, e *Engine, src string, register func(*Engine)) *Tenant {
	t.Helper()
	if register != nil {
		register(e)
	}
	tn := e.Default()
	if _, err := tn.Deploy(t.Context(), Text(src)); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tn
}

// limited is a context for calls that must not hang.
func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const orderSchema = `
process: order
in: [amount]
out: [receipt]
vars: {amount: int, ok: bool, receipt: string}
steps:
  - user: check
    in: [amount]
    out: [ok]
  - service: charge
    in: [amount]
    out: [receipt]
`

type charge struct {
	Amount int `json:"amount"`
}
type receipt struct {
	Receipt string `json:"receipt"`
}

func chargeHandler(_ context.Context, c charge) (receipt, error) {
	return receipt{fmt.Sprintf("R-%d", c.Amount)}, nil
}

func TestUserTaskThenServiceTask(t *testing.T) {
	_, tn := started(t, orderSchema, nil, func(e *Engine) { Handle(e, "charge", chargeHandler) })
	ctx := limited(t)
	in, err := tn.Start(ctx, "order", vars{"amount": 7}, nil)
	if err != nil {
		t.Fatal(err)
	}
	info, err := in.Settle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Waits) != 1 || info.Waits[0].Node != "check" {
		t.Fatalf("waits at %+v", info.Waits)
	}
	if err := tn.Task(info.Waits[0].Task).Complete(ctx, vars{"ok": true}); err != nil {
		t.Fatal(err)
	}
	out, err := Result[receipt](ctx, in)
	if err != nil || out.Receipt != "R-7" {
		t.Fatalf("result %+v, %v", out, err)
	}
}
