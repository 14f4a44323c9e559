package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

// The cases belong to these tenants in turn.
var tenants = [...]string{"north", "south"}

// A replay is a record on its way through the engine.
type replay struct {
	*record
	plan *plan

	disk  *store.Mem
	eng   *workflow.Engine
	cuts  int // power cuts so far
	again int // steps that were lost in them, before they were confirmed

	runs []run // of each case of the record
}

// A run is what is known of one case from outside of the engine.
type run struct {
	done   int                    // events that the engine has confirmed, from the first on
	misfit *misfit                // nil: all of its events so far did fit
	info   *workflow.InstanceInfo // at the end of the replay; nil if the case has no events
}

// A misfit is the first event of a case that the schema did not allow. What
// follows it in the record is left out.
type misfit struct {
	event    int      // position in the case
	why      string   // "" if it is just not its turn
	possible []string // what people could have done instead, by title; empty if the instance had ended
}

func newReplay(p *plan, r *record) *replay {
	return &replay{record: r, plan: p, runs: make([]run, len(r.cases))}
}

// run takes every event of the record in turn, cuts the power the given number of
// times at equal distances, and asks how every case stands at the end.
func (r *replay) run(ctx context.Context, crashes int) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	defer r.close()
	if err := r.drive(ctx, crashes); err != nil {
		return err
	}
	return r.conclude(ctx)
}

// begin opens an empty engine and deploys the schema for every tenant.
func (r *replay) begin(ctx context.Context) error {
	if len(r.order) > 0 && r.order[0].at.Before(time.Now()) {
		return fmt.Errorf("the log begins on %s, before virtual time does on %s",
			r.order[0].at.Format(time.DateOnly), time.Now().Format(time.DateOnly))
	}
	if err := r.open(ctx, store.Memory()); err != nil {
		return err
	}
	for _, name := range tenants {
		t, err := r.eng.CreateTenant(ctx, name, nil)
		if err == nil {
			_, err = t.Deploy(ctx, r.plan)
		}
		if err != nil {
			r.close()
			return err
		}
	}
	return nil
}

// drive takes the events in turn.
func (r *replay) drive(ctx context.Context, crashes int) error {
	for i, s := range r.order {
		time.Sleep(time.Until(s.at))
		// The k-th of n cuts comes when k/(n+1) of the events are over.
		if next := (r.cuts + 1) * len(r.order) / (crashes + 1); r.cuts < crashes && i >= next {
			if err := r.cut(ctx, s); err != nil {
				return err
			}
			if r.runs[s.c].done > s.e {
				continue
			}
			if r.runs[s.c].misfit == nil {
				r.again++
			}
		}
		if err := r.step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// conclude asks the engine how every case stands.
func (r *replay) conclude(ctx context.Context) error {
	for c := range r.cases {
		if len(r.cases[c].Events) == 0 {
			continue
		}
		in, err := r.instance(ctx, c)
		if err != nil {
			return err
		}
		if r.runs[c].info, err = in.Settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// open starts the engine on a store.
func (r *replay) open(ctx context.Context, disk *store.Mem) (err error) {
	r.disk = disk
	if r.eng, err = workflow.OpenStore(disk, &workflow.Options{NoDefault: true}); err != nil {
		return errors.Join(err, disk.Close())
	}
	if err = r.eng.Start(ctx); err != nil {
		r.close()
	}
	return err
}

// close lets go of engine and store.
func (r *replay) close() {
	_ = r.eng.Close() // on a store that is thrown away
	_ = r.disk.Close()
}

// tenant is whose case c is.
func (r *replay) tenant(c int) *workflow.Tenant { return r.eng.Tenant(tenants[c%len(tenants)]) }

// instance is the instance of case c, whose id is the business key.
func (r *replay) instance(ctx context.Context, c int) (*workflow.Instance, error) {
	return r.tenant(c).InstanceByKey(ctx, r.plan.ID(), r.cases[c].ID)
}

// step lets one event happen, if the schema allows it.
func (r *replay) step(ctx context.Context, s step) error {
	run, event := &r.runs[s.c], r.event(s)
	if run.misfit != nil {
		return nil
	}
	var in *workflow.Instance
	var err error
	if s.e == 0 { // a second start with the same key, after a crash, finds the first
		in, err = r.tenant(s.c).Start(ctx, r.plan.ID(), nil, &workflow.StartOptions{Key: r.cases[s.c].ID})
	} else {
		in, err = r.instance(ctx, s.c)
	}
	if err != nil {
		return err
	}
	info, err := in.Settle(ctx)
	if err != nil {
		return err
	}
	node := r.plan.tasks[event.Name]
	var possible []string
	for _, w := range info.Waits {
		if w.Kind != schema.UserTask {
			continue
		}
		possible = append(possible, w.Node)
		if node == nil || w.Node != node.ID() {
			continue
		}
		task := r.tenant(s.c).As(event.Resource).Task(w.Task)
		err := task.Complete(ctx, r.plan.results(node, r.rest(s)))
		switch {
		case err == nil:
			run.done++
			return nil
		case errors.Is(err, workflow.ErrForbidden):
			run.misfit = &misfit{event: s.e, why: fmt.Sprintf("%s may not", event.Resource), possible: r.plan.titles(possible)}
			return nil
		}
		return fmt.Errorf("case %s, event %d: %w", r.cases[s.c].ID, s.e+1, err)
	}
	run.misfit = &misfit{event: s.e, possible: r.plan.titles(possible)}
	if node == nil {
		run.misfit.why = "no user task of the schema has that title"
	}
	return nil
}
