package main

import (
	"testing"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/workflowtest"
)

func Example() {
	main()
	// Output:
	// score: 600
	// approved: true
	// result: true
}

// The generated code works in tests of processes, too.
func TestRefused(t *testing.T) {
	workflowtest.Run(t, nil, func(w *workflowtest.World) {
		t := w.T
		w.Handlers(func(e *workflow.Engine) { Register(e, bank{}) })
		w.Deploy(workflow.Text(schema))
		loan := w.Begin(LoanID, LoanIn{Applicant: LoanApplicant{Name: "Bob", Income: 10}, Amount: 10_000})
		w.Complete(loan, LoanReviewNode, LoanReviewOut{Approved: false})
		out, err := LoanResult(t.Context(), loan)
		if err != nil || out.Approved {
			t.Errorf("%+v, %v", out, err)
		}
		vars, err := LoanVariables(t.Context(), loan)
		if err != nil || vars.Score == nil || *vars.Score != 501 {
			t.Errorf("%+v, %v", vars, err)
		}
	})
}
