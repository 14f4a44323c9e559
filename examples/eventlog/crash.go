package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/history"
)

// cut cuts the power while the engine writes step s, and starts the engine again
// on what is left of the disk. Cut after cut it strikes at a later write, from
// before the first one that the step needs to after the last. Of what was not
// synced, some is there and some is not.
func (r *replay) cut(ctx context.Context, s step) error {
	r.cuts++
	disk, strike := r.disk.Disk(), (r.cuts-1)%5+1
	var left *store.Disk
	before := disk.Writes()
	disk.OnWrite(func(n int) error {
		if n-before == strike {
			left = disk.Crash(uint64(r.cuts))
		}
		return nil
	})
	run := r.runs[s.c]
	err := r.step(ctx, s)
	disk.OnWrite(nil)
	if err != nil {
		return err
	}
	if left == nil {
		left = disk.Crash(uint64(r.cuts))
	}
	r.runs[s.c] = run // the answer came too late to be heard
	r.close()
	again, err := left.Open(nil)
	if err != nil {
		return err
	}
	if err := r.open(ctx, again); err != nil {
		return err
	}
	return r.recover(ctx, s)
}

// recover learns from the histories what is done. It is an error if a step that
// was confirmed is gone, or if one is there that nobody did; of step s, in which
// the power went, both is right.
func (r *replay) recover(ctx context.Context, s step) error {
	for c := range r.cases {
		n, err := r.completed(ctx, c)
		if err != nil {
			return err
		}
		run := &r.runs[c]
		if n != run.done && !(c == s.c && run.misfit == nil && n == s.e+1) {
			return fmt.Errorf("case %s: %d steps before power cut %d, %d after it", r.cases[c].ID, run.done, r.cuts, n)
		}
		run.done = n
	}
	return nil
}

// completed counts the user tasks that the history of case c says are done.
func (r *replay) completed(ctx context.Context, c int) (int, error) {
	in, err := r.instance(ctx, c)
	if errors.Is(err, workflow.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n := 0
	for e, err := range in.History(ctx, 1) {
		if err != nil {
			return 0, err
		}
		if node := r.plan.Node(e.Node); e.Kind == history.Completed && node != nil && r.plan.tasks[title(node)] == node {
			n++
		}
	}
	return n, nil
}
