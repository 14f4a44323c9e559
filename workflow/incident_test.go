package workflow_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/replank/replank/workflow"
)

const fragile = `
process: fragile
in: [n]
out: [done]
vars: {n: int, done: bool}
steps:
  - {service: pay, in: [n], out: [done], retry: {max: 2, first: PT1S}}
`

// bank is an engine whose handler of pay is a function of nothing.
func bank(t *testing.T, pay func() (vars, error)) *workflow.Engine {
	t.Helper()
	e, err := workflow.Open(workflow.Memory, &workflow.Options{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	workflow.Handle(e, "pay", func(context.Context, vars) (vars, error) { return pay() })
	must(t, e.Start(t.Context()))
	return e
}

// An incident tells its cause and input, and a retry after mending the cause lets the instance go on.
func TestIncident(t *testing.T) {
	var mended atomic.Bool
	e := bank(t, func() (vars, error) {
		if !mended.Load() {
			return nil, workflow.Permanent(errors.New("bank is closed"))
		}
		return vars{"done": true}, nil
	})
	d, ctx := e.Default(), t.Context()
	deploy(t, d, fragile)
	before := time.Now().Add(-time.Second)
	in := begin(t, d, "fragile", vars{"n": 7}, nil)

	info, err := in.Wait(ctx)
	wants(t, err, workflow.ErrIncident, in.ID(), "Incident.Retry")
	if info.State != workflow.Failed || len(info.Incidents) != 1 {
		t.Fatalf("got %+v", info)
	}
	if settledInfo, _ := settled(t, in); settledInfo.State != workflow.Failed {
		t.Errorf("settled as %v", settledInfo.State)
	}
	_, err = workflow.Result[vars](ctx, in)
	wants(t, err, workflow.ErrIncident)

	inc := d.As("olga").Incident(info.Incidents[0])
	got, err := inc.Info(ctx)
	must(t, err)
	if got.Node != "pay" || got.Cause != "bank is closed" || got.In["n"] != int64(7) || got.Attempts != 1 || got.Raised.Before(before) {
		t.Errorf("got %+v", got)
	}
	listed, err := workflow.Page(d.Incidents(ctx, workflow.IncidentFilter{Process: "fragile", Instance: in.ID(), Node: "pay", Since: before}), 10)
	must(t, err)
	if len(listed) != 1 || listed[0].ID != inc.ID() || listed[0].In != nil {
		t.Errorf("listed %+v", listed)
	}
	for _, f := range []workflow.IncidentFilter{{Node: "other"}, {Since: time.Now().Add(time.Hour)}, {After: listed[0].Cursor}} {
		if got, err := workflow.Page(d.Incidents(ctx, f), 10); err != nil || len(got) > 0 {
			t.Errorf("%+v: %v, %v", f, got, err)
		}
	}

	mended.Store(true)
	must(t, inc.Retry(ctx))
	out, err := workflow.Result[vars](ctx, in)
	must(t, err)
	if out["done"] != true {
		t.Errorf("result %v", out)
	}
	wants(t, inc.Retry(ctx), workflow.ErrState)
	_, err = inc.Info(ctx)
	wants(t, err, workflow.ErrState, "not open any more")
	for _, id := range []string{"", "x", in.ID() + "-999"} {
		wants(t, d.Incident(id).Retry(ctx), workflow.ErrNotFound)
	}
}

func TestRetryIncidents(t *testing.T) {
	var mended atomic.Bool
	e := bank(t, func() (vars, error) {
		if !mended.Load() {
			return nil, workflow.Permanent(errors.New("bank is closed"))
		}
		return vars{"done": true}, nil
	})
	d, ctx := e.Default(), t.Context()
	deploy(t, d, fragile)
	var all []*workflow.Instance
	for range 5 {
		in := begin(t, d, "fragile", vars{"n": 1}, nil)
		_, err := in.Wait(ctx)
		wants(t, err, workflow.ErrIncident)
		all = append(all, in)
	}
	var ids []string // in pages of two
	for after := ""; ; {
		page, err := workflow.Page(d.Incidents(ctx, workflow.IncidentFilter{After: after}), 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, i := range page {
			ids, after = append(ids, i.Instance), i.Cursor
		}
	}
	if len(ids) != 5 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 5 {
		t.Errorf("incidents of %v", ids)
	}
	mended.Store(true)
	n, err := d.RetryIncidents(ctx, workflow.IncidentFilter{})
	must(t, err)
	if n != 5 {
		t.Errorf("%d retried", n)
	}
	for _, in := range all {
		if _, err := in.Wait(ctx); err != nil {
			t.Error(err)
		}
	}
}

// What a handler writes must fit the schema: an incident says where it does not, and nothing is written.
func TestHandlerResultThatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		name  string
		out   vars
		cause string
	}{
		{"another type", vars{"done": "yes"}, `done: want bool, got string "yes"`},
		{"missing", vars{}, "done: missing in the result (out lists it; write done? if it may be absent)"},
		{"undeclared", vars{"done": true, "n": 5}, "n: not declared as an output (declare it under out of pay, which has done)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := bank(t, func() (vars, error) { return c.out, nil })
			deploy(t, e.Default(), fragile)
			in := begin(t, e.Default(), "fragile", vars{"n": 7}, nil)
			info, err := in.Wait(t.Context())
			wants(t, err, workflow.ErrIncident)
			got, err := e.Default().Incident(info.Incidents[0]).Info(t.Context())
			must(t, err)
			if got.Cause != c.cause {
				t.Errorf("cause %s\nwant  %s", got.Cause, c.cause)
			}
			all, err := workflow.Vars[vars](t.Context(), in)
			must(t, err)
			if len(all) != 1 || all["n"] != int64(7) {
				t.Errorf("variables %v", all)
			}
		})
	}
}
