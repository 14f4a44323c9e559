// First is the program in the README: a loan is scored by a program and, in
// doubt, decided by a person.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/replank/replank/workflow"
)

const schema = `
process: loan
in: [amount]
out: [approved]
vars: {amount: int, score: int, approved: bool}
steps:
  - {service: score, in: [amount], out: [score]}
  - choose: route
    cases:
      - {when: score >= 700, do: [{script: approve, set: {approved: true}}]}
      - else: [{user: review, in: [amount, score], out: [approved]}]
`

type Application struct {
	Amount int `json:"amount"`
}
type Score struct {
	Score int `json:"score"`
}
type Decision struct {
	Approved bool `json:"approved"`
}

func main() {
	ctx := context.Background()
	eng, err := workflow.Open(workflow.Memory, nil) // or a directory, which survives power cuts
	check(err)
	defer eng.Close()
	workflow.Handle(eng, "score", func(_ context.Context, a Application) (Score, error) {
		return Score{800 - a.Amount/100}, nil
	})
	loans := eng.Default() // the tenant of programs that need one only
	_, err = loans.Deploy(ctx, workflow.Text(schema))
	check(err)
	check(eng.Start(ctx))

	in, err := loans.Start(ctx, "loan", Application{Amount: 20_000}, &workflow.StartOptions{Key: "L-1"})
	check(err)
	now, err := in.Settle(ctx) // scored, and waiting for a person
	check(err)
	for _, w := range now.Waits {
		check(loans.As("olga").Task(w.Task).Complete(ctx, Decision{Approved: true}))
	}
	out, err := workflow.Result[Decision](ctx, in)
	check(err)
	fmt.Println("approved:", out.Approved)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
