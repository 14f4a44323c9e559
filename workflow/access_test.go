package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/replank/replank/tenant"
)

// ledger is a policy that notes who asked for what, and refuses it.
type ledger struct{ asked []string }

var errNotToday = errors.New("not today")

func (l *ledger) Allow(_ context.Context, r tenant.Request) error {
	l.asked = append(l.asked, fmt.Sprintf("%s %s %s", r.Actor, r.Action, r.Subject))
	return errNotToday
}

// Every command and query asks once whether its actor may, before it does anything.
func TestEverythingAsksTheOnePlace(t *testing.T) {
	e, err := Open(Memory, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var l ledger
	e.access = tenant.NewAccess(&l)
	ann, ctx := e.Default().As("ann"), t.Context()
	id := e.newID().String()
	in, task, inc := ann.Instance(id), ann.Task(id+"-2"), ann.Incident(id+"-2")
	only := func(_ any, err error) error { return err }
	for _, c := range []struct {
		want string
		do   func() error
	}{
		{"ann deploy ", func() error { return only(ann.Deploy(ctx)) }},
		{"ann read ", func() error { return only(ann.Verify(ctx)) }},
		{"ann start p", func() error { return only(ann.Start(ctx, "p", nil, nil)) }},
		{"ann send m", func() error { return only(ann.Send(ctx, Message{Name: "m"})) }},
		{"ann read p", func() error { return only(ann.InstanceByKey(ctx, "p", "k")) }},
		{"ann read p", func() error { return only(ann.Count(ctx, InstanceFilter{Process: "p"})) }},
		{"ann read p", func() error { return only(Page(ann.Instances(ctx, InstanceFilter{Process: "p"}), 1)) }},
		{"ann read p", func() error { return only(Page(ann.Tasks(ctx, TaskFilter{Process: "p"}), 1)) }},
		{"ann read p", func() error { return only(Page(ann.Incidents(ctx, IncidentFilter{Process: "p"}), 1)) }},
		{"ann read p", func() error { return only(ann.RetryIncidents(ctx, IncidentFilter{Process: "p"})) }},
		{"ann read p", func() error { return only(Page(ann.Versions(ctx, "p"), 1)) }},
		{"ann read p", func() error { return only(ann.Schema(ctx, "p", 0)) }},
		{"ann read " + id, func() error { return only(in.Info(ctx)) }},
		{"ann read " + id, func() error { return only(in.Schema(ctx)) }},
		{"ann read " + id, func() error { return only(in.Settle(ctx)) }},
		{"ann read " + id, func() error { return only(in.Wait(ctx)) }},
		{"ann read " + id, func() error { return only(Page(in.History(ctx, 1), 1)) }},
		{"ann read " + id, func() error { return only(Vars[map[string]any](ctx, in)) }},
		{"ann read " + id, func() error { return only(Result[map[string]any](ctx, in)) }},
		{"ann claim " + id + "-2", func() error { return task.Claim(ctx) }},
		{"ann release " + id + "-2", func() error { return task.Release(ctx) }},
		{"ann complete " + id + "-2", func() error { return task.Complete(ctx, nil) }},
		{"ann complete " + id + "-2", func() error { return task.Throw(ctx, "x", nil) }},
		{"ann read " + id + "-2", func() error { return only(task.Info(ctx)) }},
		{"ann read " + id + "-2", func() error { return only(Input[map[string]any](ctx, task)) }},
		{"ann retry " + id + "-2", func() error { return inc.Retry(ctx) }},
		{"ann read " + id + "-2", func() error { return only(inc.Info(ctx)) }},
		{" admin late", func() error { return only(e.CreateTenant(ctx, "late", nil)) }},
	} {
		l.asked = nil
		err := c.do()
		if !errors.Is(err, ErrForbidden) || !errors.Is(err, errNotToday) {
			t.Errorf("%s: got %v", c.want, err)
		}
		if !slices.Equal(l.asked, []string{c.want}) {
			t.Errorf("asked %q, want %q", l.asked, c.want)
		}
	}
}
