// Typed runs a process through the code that "replank gen" wrote for it: what tasks take and give are structs, and a
// missing handler does not compile.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"log"

	"github.com/replank/replank/workflow"
)

//go:generate go run github.com/replank/replank/workflow/cmd/replank gen --package main -o loan_gen.go loan.yaml

//go:embed loan.yaml
var schema string

// bank has the handlers.
type bank struct{}

var _ Handlers = bank{}

func (bank) CreditScore(_ context.Context, in CreditScoreIn) (CreditScoreOut, error) {
	return CreditScoreOut{Score: in.Applicant.Income*100_000/in.Cents + 500}, nil
}

func (bank) MailTell(_ context.Context, in MailTellIn) error {
	fmt.Println("approved:", in.Approved)
	return nil
}

func main() {
	ctx := context.Background()
	eng, err := workflow.Open(workflow.Memory, nil)
	check(err)
	defer eng.Close()
	Register(eng, bank{})
	loans := eng.Default()
	_, err = loans.Deploy(ctx, workflow.Text(schema))
	check(err)
	check(eng.Start(ctx))

	loan, err := StartLoan(ctx, loans, LoanIn{Applicant: LoanApplicant{Name: "Ann", Income: 2_000}, Amount: 20_000}, nil)
	check(err)
	now, err := loan.Settle(ctx)
	check(err)
	for _, w := range now.Waits {
		review := loans.As("olga").Task(w.Task)
		shown, err := LoanReviewInput(ctx, review)
		check(err)
		fmt.Println("score:", shown.Score)
		check(CompleteLoanReview(ctx, review, LoanReviewOut{Approved: shown.Score > 550}))
	}
	out, err := LoanResult(ctx, loan)
	check(err)
	fmt.Println("result:", out.Approved)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
