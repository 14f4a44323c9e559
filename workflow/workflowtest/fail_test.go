package workflowtest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/replank/replank/workflow"
)

// realClock is a monotonic reading from outside of any bubble.
func realClock() time.Duration { return time.Since(processStart) }

var processStart = time.Now()

// outer is the test that calls Run in TestWrongUseFails.
var outer *testing.T

// wrong are uses that must fail the test that makes them, each with a message that tells what to do.
var wrong = []struct {
	name, want string
	do         func(w *World)
}{
	{"no stub", `kind "risk.assess" was called, which has neither handler nor stub`, func(w *World) {
		w.Deploy(workflow.Text(claim))
		w.Begin("claim", m{"amount": 1})
	}},
	{"schema", "unknown", func(w *World) {
		w.Deploy(workflow.Text("process: p\nsteps:\n  - usr: x\n"))
	}},
	{"variables", "amount", func(w *World) {
		w.Deploy(workflow.Text(claim))
		w.Begin("claim", m{"amount": "much"})
	}},
	{"no such task", `there is no open task "invoice"; the instance is running and waits at [agree]`, func(w *World) {
		w.Stub("risk.assess", m{"risk": 1})
		w.Deploy(workflow.Text(claim))
		w.Complete(w.Begin("claim", m{"amount": 1}), "invoice", nil)
	}},
	{"result", "agreed", func(w *World) {
		w.Stub("risk.assess", m{"risk": 1})
		w.Deploy(workflow.Text(claim))
		w.Complete(w.Begin("claim", m{"amount": 1}), "agree", m{"agreed": 3})
	}},
	{"handler and stub", "registered already", func(w *World) {
		w.Handlers(func(e *workflow.Engine) {
			workflow.Handle(e, "bank.pay", workflow.NoResult(func(_ context.Context, _ m) error { return nil }))
		})
		w.Stub("bank.pay", nil)
	}},
	{"stub of no kind of data", "int is no map", func(w *World) { w.Stub("bank.pay", 7) }},
	{"back in time", "time does not go back", func(w *World) { w.Advance(-Day) }},
	{"beyond the clock", "ends on 2262-04-11", func(w *World) { w.Advance(150 * 365 * Day); w.Advance(150 * 365 * Day) }},
	{"message", "has no name", func(w *World) { w.Send(workflow.Message{}) }},
	{"outer test", "use w.T within Run", func(*World) { outer.Fatal("it failed") }},
	{"no such instance", "there is no instance", func(w *World) { w.State(w.Default().Instance("01ARZ3NDEKTSV4RRFFQ69G5FAV")) }},
}

// TestWrongUseFails runs each wrong use in a process of its own, where a test may fail, and reads what it says.
func TestWrongUseFails(t *testing.T) {
	const child = "REPLANK_WRONG_USE"
	if name := os.Getenv(child); name != "" {
		outer = t
		for _, c := range wrong {
			if c.name == name {
				Run(t, nil, c.do)
			}
		}
		return
	}
	for _, c := range wrong {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestWrongUseFails$", "-test.v")
			cmd.Env = append(os.Environ(), child+"="+c.name)
			out, err := cmd.CombinedOutput()
			text := string(out)
			if err == nil || !strings.Contains(text, c.want) || !strings.Contains(text, "--- FAIL") {
				t.Errorf("want a failed test that says %q, got (%v)\n%s", c.want, err, text)
			}
			if strings.Contains(text, "panic:") || strings.Contains(text, "deadlock") {
				t.Errorf("the bubble did not end cleanly:\n%s", text)
			}
		})
	}
}
