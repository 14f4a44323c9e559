package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

// A done task is who completes a user task, and with what result.
type done struct {
	by  string
	out any
}

type data = map[string]any

// people say what happens at each user task of a loan.
func people(customer string) map[string]done {
	return map[string]done{
		"collect": {"carla", data{"documents": []data{{"kind": "payslip", "pages": 2}, {"kind": "identity card", "pages": 1}}}},
		"check":   {"otto", data{"complete": true}},
		"review":  {"nora", data{"decision": "refuse"}},
		"sign":    {customer, nil},
	}
}

// carry moves a loan on, as people and the appraiser would, until it waits at
// the given step or has ended. What it waits for, it asks the engine each time.
func carry(ctx context.Context, t *workflow.Tenant, in *workflow.Instance, stop string) (*workflow.InstanceInfo, error) {
	loan, err := workflow.Vars[application](ctx, in)
	if err != nil {
		return nil, err
	}
	roles := people(loan.Applicant.Name)
	for {
		info, err := in.Settle(ctx)
		if err != nil || info.State != workflow.Running {
			return info, err
		}
		if slices.ContainsFunc(info.Waits, func(w workflow.Wait) bool { return w.Node == stop }) {
			return info, nil
		}
		moved := false
		for _, w := range info.Waits {
			switch w.Kind {
			case schema.UserTask:
				d := roles[w.Node]
				err = t.As(d.by).Task(w.Task).Complete(ctx, d.out)
			case schema.ReceiveTask:
				err = appraise(ctx, t, in, loan.Amount)
			default:
				continue // a boundary timer, say: it comes by itself
			}
			if err != nil {
				return info, err
			}
			moved = true
		}
		if !moved {
			return info, fmt.Errorf("loan %s waits for nothing that anybody could do: %+v", info.Key, info.Waits)
		}
	}
}

// appraise sends the message that the appraiser would: the house is worth a
// little more than the loan. The message is addressed by the number of the
// appraisal, which the instance has as a variable.
func appraise(ctx context.Context, t *workflow.Tenant, in *workflow.Instance, amount int) error {
	vars, err := workflow.Vars[struct {
		Number string `json:"appraisal_id"`
	}](ctx, in)
	if err != nil {
		return err
	}
	_, err = t.Send(ctx, workflow.Message{Name: "appraisal.report", Key: vars.Number, Data: data{"value": amount + amount/10}})
	return err
}
