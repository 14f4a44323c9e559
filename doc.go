// Package replank is the front door of Replank, a workflow engine that lives
// inside a Go program and keeps its promises through crashes. It holds this
// text and no code: a program imports
// [github.com/replank/replank/workflow].
//
// # The story
//
// A process schema says which steps a piece of work takes, in which order,
// under which conditions and on which data. An instance is one run of a
// schema: one loan, one order, one permit. Instances live for months; the law,
// the house rules and the bugs that shaped their schema do not wait that long.
// Replank therefore treats a schema as a value with versions, proves it sound
// before it may be deployed, records what every instance did, and keeps enough
// of it to answer later whether a running instance could have done the same
// under a newer version.
//
// Three ideas carry everything:
//
//   - One semantics. A schema is compiled once into a safe Petri net. The
//     engine runs that net and the verifier explores it; there is no second
//     interpreter that could disagree.
//   - A pure kernel. What a command does to an instance is a function of the
//     schema, the instance and the command. Time and ids come in with the
//     command. Handlers, which are ordinary Go functions, are never replayed:
//     their results are recorded.
//   - State and facts in one batch. Each step commits the instance, its history
//     and its index entries together, and nothing outside happens before that
//     batch is durable: no reply, no handler, no timer.
//
// # A first program
//
// A loan is scored by a program and, in doubt, decided by a person:
//
//	const loan = `
//	process: loan
//	in: [amount]
//	out: [approved]
//	vars: {amount: int, score: int, approved: bool}
//	steps:
//	  - {service: score, in: [amount], out: [score]}
//	  - choose: route
//	    cases:
//	      - {when: score >= 700, do: [{script: approve, out: {approved: "true"}}]}
//	      - else: [{user: review, in: [amount, score], out: [approved]}]
//	`
//
//	eng, err := workflow.Open("loans.db", nil)
//	check(err)
//	defer eng.Close()
//	workflow.Handle(eng, "score", func(_ context.Context, a Application) (Score, error) {
//		return Score{800 - a.Amount/100}, nil
//	})
//	loans := eng.Default()
//	_, err = loans.Deploy(ctx, workflow.Text(loan))
//	check(err)
//	check(eng.Start(ctx))
//	in, err := loans.Start(ctx, "loan", Application{Amount: 20_000}, &workflow.StartOptions{Key: "L-1"})
//	check(err)
//	now, err := in.Settle(ctx) // scored, and waiting for a person
//	check(err)
//	for _, w := range now.Waits {
//		check(loans.Task(w.Task).Complete(ctx, map[string]any{"approved": true}))
//	}
//	out, err := workflow.Result[map[string]any](ctx, in)
//	check(err)
//	fmt.Println("approved:", out["approved"])
//
// # Caveats
//
//   - A handler runs at least once. A crash between its work and the record of
//     its result runs it again, with the same idempotency key; use that key.
//   - One process opens a data directory at a time; the second is refused.
//   - After the first write that the disk did not confirm, the engine stops and
//     the program must reopen the directory: which of the last steps survived
//     is known only then. Callers of those steps get an error that says so.
//   - A variable that an activity does not declare does not exist for it:
//     reading it fails, writing it is refused. This is what makes it possible
//     to say, from the schema alone, who reads and writes what.
//   - History holds every value a step wrote, for as long as the instance is
//     kept. Do not put into variables what must not be stored.
package replank
