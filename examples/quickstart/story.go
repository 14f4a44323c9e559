package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// story is the process that goes on.
func story(ctx context.Context, dir string, out io.Writer) error {
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }

	say("Two lenders, one engine, five loans at five steps:")
	k, err := killInTheMiddle(dir, 100, out)
	if err != nil {
		return err
	}
	say("\nProcess %d killed, in the middle of a payment and while it was taking in more loans.", k.pid)

	again := make(chan [2]string, 1)
	began := time.Now()
	eng, err := open(dir, func(_ context.Context, j *workflow.Job, id string, made bool) error {
		if j.Key == k.paying && !made {
			again <- [2]string{j.Key, id}
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer eng.Close()
	say("Directory opened again in %d ms. The same loans:", time.Since(began).Milliseconds())
	if err := show(ctx, eng, out); err != nil {
		return err
	}
	there, err := find(ctx, eng, k)
	if err != nil {
		return err
	}
	say("Of %d more loans that were acknowledged before the end, %d are there.", k.n, there)

	if err := change(ctx, eng, say); err != nil {
		return err
	}
	if err := eng.Start(ctx); err != nil {
		return err
	}
	select {
	case p := <-again:
		say("\nThe payment ran again under the same key,\n  %s\nso the ledger knew that it had been made: %s.", p[0], p[1])
	case <-time.After(10 * time.Second):
		return errors.New("the interrupted payment did not run again")
	}
	if err := boundaries(ctx, eng, say); err != nil {
		return err
	}
	if err := finish(ctx, eng, k.n, say); err != nil {
		return err
	}
	n, err := book(dir).payments()
	if err != nil {
		return err
	}
	say("The ledger has %d payments.", n)
	say("\nRead on: examples/quickstart/loan.yaml, the schema; ARCHITECTURE.md; go doc ./workflow")
	return nil
}

// show prints the loans of the story as the engine has them.
func show(ctx context.Context, eng *workflow.Engine, out io.Writer) error {
	return each(ctx, eng, func(t *workflow.Tenant, in workflow.InstanceInfo) error {
		loan, err := workflow.Vars[application](ctx, t.Instance(in.ID))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "  %-9s  %s  %-4s  %9d.%02d  %s\n", t.Name(), in.Key,
			loan.Applicant.Name, loan.Amount/100, loan.Amount%100, describe(in.Waits))
		return err
	})
}

// waiting words the steps at which the story's loans stand.
var waiting = map[string]string{
	"check":  "waits for an officer to check the papers",
	"report": "waits for the appraisal report",
	"review": "waits for an officer's decision",
	"sign":   "waits for the customer's signature",
	"pay":    "payment running",
}

// describe says what an instance waits for. The timer at the border of a step belongs to what is said of the step.
func describe(waits []workflow.Wait) string {
	var steps, limits []string
	for _, w := range waits {
		switch {
		case w.Kind == schema.BoundaryEvent:
			limits = append(limits, fmt.Sprintf(" (expires %s)", w.Until.Format(time.DateOnly)))
		default:
			steps = append(steps, cmp.Or(waiting[w.Node], w.Node))
		}
	}
	slices.Sort(steps)
	return strings.Join(steps, ", ") + strings.Join(limits, "")
}

// each calls fn with the loans of the story, lender by lender, by key.
func each(ctx context.Context, eng *workflow.Engine, fn func(*workflow.Tenant, workflow.InstanceInfo) error) error {
	for info, err := range eng.Tenants(ctx) {
		if err != nil {
			return err
		}
		t := eng.Tenant(info.Name)
		var loans []workflow.InstanceInfo
		for in, err := range t.Instances(ctx, workflow.InstanceFilter{Labels: storyLabel}) {
			if err != nil {
				return err
			}
			loans = append(loans, in)
		}
		slices.SortFunc(loans, func(a, b workflow.InstanceInfo) int { return cmp.Compare(a.Key, b.Key) })
		for _, in := range loans {
			if err := fn(t, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// find counts the acknowledged loans that the engine knows.
func find(ctx context.Context, eng *workflow.Engine, k *killed) (int, error) {
	n := 0
	for lender, list := range k.acks {
		for _, key := range list {
			_, err := eng.Tenant(lender).InstanceByKey(ctx, "loan", key)
			switch {
			case err == nil:
				n++
			case !errors.Is(err, workflow.ErrNotFound):
				return n, err
			}
		}
	}
	return n, nil
}

// boundaries shows two things that are refused.
func boundaries(ctx context.Context, eng *workflow.Engine, say func(string, ...any)) error {
	philkaw, grundrive := eng.Tenant("philkaw"), eng.Tenant("grundrive")
	mara, err := philkaw.InstanceByKey(ctx, "loan", "L-1")
	if err != nil {
		return err
	}
	say("\nWho collected the papers may not check them, and a lender sees nothing of the other:")
	for task, err := range philkaw.Tasks(ctx, workflow.TaskFilter{Instance: mara.ID(), Node: "check"}) {
		if err != nil {
			return err
		}
		err = philkaw.As("carla").Task(task.ID).Complete(ctx, data{"complete": true})
		if !errors.Is(err, workflow.ErrForbidden) {
			return fmt.Errorf("carla checked her own papers: %v", err)
		}
		say("  %s", brief(err))
	}
	if _, err = grundrive.Instance(mara.ID()).Info(ctx); !errors.Is(err, workflow.ErrNotFound) {
		return fmt.Errorf("grundrive saw a loan of philkaw: %v", err)
	}
	say("  %s", brief(err))
	return nil
}

// brief is what went wrong, for whom.
func brief(err error) string {
	var e *workflow.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%s: %v", e.Tenant, e.Err)
	}
	return err.Error()
}

// finish carries every loan to its end, and prints how each one ended, and how many of the crowd are left. acks of
// those had been acknowledged.
func finish(ctx context.Context, eng *workflow.Engine, acks int, say func(string, ...any)) error {
	err := each(ctx, eng, func(t *workflow.Tenant, in workflow.InstanceInfo) error {
		_, err := carry(ctx, t, t.Instance(in.ID), "")
		return err
	})
	if err != nil {
		return err
	}
	say("\nEverybody goes on, and all five loans come to an end, each by the law of its version:")
	err = each(ctx, eng, func(t *workflow.Tenant, in workflow.InstanceInfo) error {
		out, err := workflow.Result[outcome](ctx, t.Instance(in.ID))
		if err != nil {
			return err
		}
		var by []string
		for ev, err := range t.Instance(in.ID).History(ctx, 1) {
			if err != nil {
				return err
			}
			if ev.Kind == history.Completed && ev.Actor != "" && !slices.Contains(by, ev.Actor) {
				by = append(by, ev.Actor)
			}
		}
		say("  %-9s  %s  version %d  %-6s  %-6s  %-8s  %2d events, by %s", t.Name(), in.Key, in.Version, out.Decision,
			cmp.Or(out.Screened, "-"), cmp.Or(out.Payment, "-"), in.Seq, strings.Join(by, ", "))
		return nil
	})
	if err != nil {
		return err
	}
	others := 0
	for info, err := range eng.Tenants(ctx) {
		if err != nil {
			return err
		}
		n, err := eng.Tenant(info.Name).Count(ctx, workflow.InstanceFilter{At: "collect"})
		if err != nil {
			return err
		}
		others += n
	}
	say("%d other loans wait for their papers: the %d, and %d saved before the kill cut off their answer.", others, acks, others-acks)
	return nil
}
