package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/replank/replank/workflow"
)

// change deploys the second version while loans are parked, says what that means for them, and moves those that may
// move.
func change(ctx context.Context, eng *workflow.Engine, say func(string, ...any)) error {
	say("\nA new law: no payment without a screening. Version 2 is deployed, and previewed for each lender:")
	var moved []string
	for _, lender := range []string{"philkaw", "grundrive"} {
		t := eng.Tenant(lender)
		if _, err := t.Deploy(ctx, workflow.Text(law2)); err != nil {
			return err
		}
		plan, err := t.Preview(ctx, workflow.Move{Process: "loan"})
		if err != nil {
			return err
		}
		say("  %s, %s", lender, strings.TrimSuffix(plan.String(), "\n"))
		moving, err := plan.Apply(ctx)
		if err != nil {
			return err
		}
		done, err := moving.Wait(ctx)
		if err != nil {
			return err
		}
		moved = append(moved, fmt.Sprintf("%d of %s's loans", done.Tally.Moved, lender))
	}
	say("Applied: %s moved.", strings.Join(moved, " and "))
	return refused(ctx, eng, say)
}

// refused asks about the loan that may not move: it is being paid, which nobody can screen any more.
func refused(ctx context.Context, eng *workflow.Engine, say func(string, ...any)) error {
	lena, err := eng.Tenant("grundrive").InstanceByKey(ctx, "loan", "L-2")
	if err != nil {
		return err
	}
	var why *workflow.RefusedError
	if _, err := lena.Migrate(ctx, workflow.Move{}); !errors.As(err, &why) {
		return errors.New("a loan that is being paid was moved")
	}
	say("Lena's stays on version 1: event %d cannot be reproduced, as %s.", why.Verdict.Event, why.Verdict.Blame)
	return nil
}
