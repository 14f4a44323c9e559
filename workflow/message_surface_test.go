package workflow_test

import (
	"strings"
	"testing"

	"github.com/replank/replank/workflow"
)

const payment = `
process: payment
in: [number]
out: [cents]
vars: {number: string, cents: int}
steps:
  - {receive: pay, message: paid, key: number, out: {cents: message.cents}}
`

func TestSend(t *testing.T) {
	e := newEngine(t, &workflow.Options{Limits: workflow.Limits{MessageBytes: 100}})
	d, ctx := e.Default(), t.Context()
	deploy(t, d, payment)
	in := begin(t, d, "payment", vars{"number": "1"}, nil)
	settled(t, in)

	for _, c := range []struct {
		name string
		m    workflow.Message
		is   error
		text string
	}{
		{"no name", workflow.Message{Key: "1"}, workflow.ErrType, "no name"},
		{"data that the node does not accept", workflow.Message{Name: "paid", Key: "1", Data: vars{"cents": "much"}}, workflow.ErrType, "cents"},
		{"data that is no map", workflow.Message{Name: "paid", Key: "1", Data: 5}, workflow.ErrType, "struct with json tags"},
		{"too much data", workflow.Message{Name: "paid", Key: "1", Data: vars{"x": strings.Repeat("x", 200)}}, workflow.ErrLimit, "Limits.MessageBytes is 100"},
		{"a long key", workflow.Message{Name: "paid", Key: strings.Repeat("x", 40_000)}, workflow.ErrLimit, "Message.Key has 40000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.Send(ctx, c.m)
			wants(t, err, c.is, c.text, "default")
		})
	}
	if _, nodes := settled(t, in); len(nodes) != 1 {
		t.Fatalf("a refused message was taken: waits at %v", nodes)
	}

	m := workflow.Message{Name: "paid", Key: "2", ID: "bank-17", Data: vars{"cents": 5}}
	got, err := d.Send(ctx, m)
	must(t, err)
	if !got.Kept || got.Duplicate || len(got.Instances) > 0 {
		t.Errorf("nobody waits: %+v", got)
	}
	got, err = d.Send(ctx, m)
	must(t, err)
	if !got.Duplicate {
		t.Errorf("sent twice: %+v", got)
	}
	out, err := workflow.Result[vars](ctx, begin(t, d, "payment", vars{"number": "2"}, nil)) // takes the kept one
	must(t, err)
	if out["cents"] != int64(5) {
		t.Errorf("result %v", out)
	}
	got, err = d.Send(ctx, workflow.Message{Name: "paid", Key: "3", TTL: -1})
	must(t, err)
	if got.Kept {
		t.Errorf("not to be kept: %+v", got)
	}
}

// Text that becomes part of a key is bounded, wherever it comes from: the engine must not choke on it.
func TestLongTexts(t *testing.T) {
	e := newEngine(t, nil)
	d, ctx := e.Default(), t.Context()
	deploy(t, d, payment)
	long := strings.Repeat("x", 40_000)
	for _, opts := range []*workflow.StartOptions{
		{Key: long}, {Labels: map[string]string{"a": long}}, {Labels: map[string]string{long: "a"}},
	} {
		_, err := d.Start(ctx, "payment", vars{"number": "1"}, opts)
		wants(t, err, workflow.ErrLimit, "40000 bytes")
	}
	_, err := d.As(long).Start(ctx, "payment", vars{"number": "1"}, nil)
	wants(t, err, workflow.ErrLimit, "the user's name")

	in := begin(t, d, "payment", vars{"number": long}, nil) // the correlation key is an expression
	info, err := in.Wait(ctx)
	wants(t, err, workflow.ErrIncident)
	cause, err := d.Incident(info.Incidents[0]).Info(ctx)
	must(t, err)
	if cause.Cause != "key: 40000 bytes, the limit is 1024" {
		t.Errorf("cause %s", cause.Cause)
	}
	begin(t, d, "payment", vars{"number": "1"}, nil)
}
