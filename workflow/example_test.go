package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/replank/replank/workflow"
)

const loan = `
process: loan
in: [amount]
out: [approved]
vars: {amount: int, score: int, approved: bool}
steps:
  - {service: score, in: [amount], out: [score]}
  - choose: route
    cases:
      - {when: score >= 700, do: [{script: approve, out: {approved: "true"}}]}
      - else: [{user: review, title: Review the loan, groups: [officers], in: [amount, score], out: [approved]}]
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

// open returns an engine in memory that knows the loan.
func open(ctx context.Context) *workflow.Engine {
	eng, err := workflow.Open(workflow.Memory, nil)
	check(err)
	workflow.Handle(eng, "score", func(_ context.Context, a Application) (Score, error) {
		return Score{800 - a.Amount/100}, nil
	})
	_, err = eng.Default().Deploy(ctx, workflow.Text(loan))
	check(err)
	check(eng.Start(ctx))
	return eng
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A loan is scored by a program and, in doubt, decided by a person.
func Example() {
	ctx := context.Background()
	eng := open(ctx)
	defer eng.Close()
	loans := eng.Default()

	in, err := loans.Start(ctx, "loan", Application{Amount: 20_000}, nil)
	check(err)
	now, err := in.Settle(ctx) // scored, and waiting for a person
	check(err)
	fmt.Println(now.State, "at", now.Waits[0].Node)

	task := loans.As("olga").Task(now.Waits[0].Task)
	check(task.Complete(ctx, Decision{Approved: true}))
	out, err := workflow.Result[Decision](ctx, in)
	check(err)
	fmt.Println("approved:", out.Approved)
	// Output:
	// running at review
	// approved: true
}

func ExampleTenant_Tasks() {
	ctx := context.Background()
	eng := open(ctx)
	defer eng.Close()
	loans := eng.Default()
	for range 2 {
		in, err := loans.Start(ctx, "loan", Application{Amount: 20_000}, nil)
		check(err)
		_, err = in.Settle(ctx)
		check(err)
	}

	mine := loans.As("olga")
	for task, err := range mine.Tasks(ctx, workflow.TaskFilter{Group: "officers", States: []workflow.TaskState{workflow.Offered}}) {
		check(err)
		check(mine.Task(task.ID).Claim(ctx))
		given, err := workflow.Input[Application](ctx, mine.Task(task.ID))
		check(err)
		fmt.Println(task.Title, "of", given.Amount)
		break
	}
	left, err := workflow.Page(loans.Tasks(ctx, workflow.TaskFilter{For: "otto"}), 10)
	check(err)
	fmt.Println(len(left), "left for otto")
	// Output:
	// Review the loan of 20000
	// 1 left for otto
}

func ExampleInstance_History() {
	ctx := context.Background()
	eng := open(ctx)
	defer eng.Close()
	in, err := eng.Default().Start(ctx, "loan", Application{Amount: 5_000}, nil)
	check(err)
	_, err = in.Wait(ctx)
	check(err)
	for e, err := range in.History(ctx, 1) {
		check(err)
		fmt.Println(e.Seq, e.Kind, e.Node, e.Flow, e.Wrote)
	}
	// Output:
	// 1 created   map[amount:5000]
	// 2 started score  map[]
	// 3 completed score  map[score:750]
	// 4 decided route score >= 700 map[]
	// 5 completed approve  map[approved:true]
	// 6 ended   map[]
}

// A business key makes a start repeatable.
func ExampleTenant_Start() {
	ctx := context.Background()
	eng := open(ctx)
	defer eng.Close()
	once := &workflow.StartOptions{Key: "L-1"}
	a, err := eng.Default().Start(ctx, "loan", Application{Amount: 20_000}, once)
	check(err)
	b, err := eng.Default().Start(ctx, "loan", Application{Amount: 20_000}, once)
	check(err)
	fmt.Println(a.ID() == b.ID())

	_, err = eng.Default().Start(ctx, "laon", Application{20_000}, nil)
	fmt.Println(errors.Is(err, workflow.ErrNotFound), err)
	_, err = eng.Default().Start(ctx, "loan", map[string]any{"amount": "much"}, nil)
	fmt.Println(errors.Is(err, workflow.ErrType), err)
	// Output:
	// true
	// true workflow: start, tenant default, process laon: there is no process "laon" (did you mean "loan"?)
	// true workflow: start, tenant default, process loan: amount: want int, got string "much"
}

// A message reaches the instance that waits for its correlation key.
func ExampleTenant_Send() {
	ctx := context.Background()
	eng, err := workflow.Open(workflow.Memory, nil)
	check(err)
	defer eng.Close()
	shop := eng.Default()
	_, err = shop.Deploy(ctx, workflow.Text(`
process: order
in: [number]
out: [paid]
vars: {number: string, paid: int}
steps:
  - {receive: payment, message: paid, key: number, out: {paid: message.cents}}
`))
	check(err)
	check(eng.Start(ctx))
	in, err := shop.Start(ctx, "order", map[string]any{"number": "O-7"}, nil)
	check(err)
	d, err := shop.Send(ctx, workflow.Message{Name: "paid", Key: "O-7", Data: map[string]any{"cents": 1250}})
	check(err)
	fmt.Println("delivered:", len(d.Instances) == 1 && d.Instances[0] == in.ID())
	out, err := workflow.Result[map[string]any](ctx, in)
	check(err)
	fmt.Println("paid:", out["paid"])
	// Output:
	// delivered: true
	// paid: 1250
}
