// Package workflow runs versioned process schemas inside a Go program.
//
// A program opens an [Engine] on a directory, registers its handlers, deploys schemas and starts the engine; after that
// it starts instances, completes user tasks and sends messages, from any goroutine:
//
//	eng, err := workflow.Open("data", nil)      // one process at a time
//	workflow.Handle(eng, "score", score)        // a Go function for the service tasks of that kind
//	loans := eng.Default()                      // a tenant; eng.Tenant(name) where there are several
//	_, err = loans.Deploy(ctx, workflow.Files(schemas, "*.yaml"))
//	err = eng.Start(ctx)                        // handlers and timers run from here on
//	in, err := loans.Start(ctx, "loan", application, &workflow.StartOptions{Key: "L-1"})
//
// # Handles and infos
//
// [Tenant], [Instance], [Task] and [Incident] are handles: small values that name something, like an *os.File without
// the file. Making one does no I/O and cannot fail; its methods do. What they return ([InstanceInfo], [TaskInfo],
// [IncidentInfo]) is a copy of one moment. Ids are strings that can be stored and sent about.
//
// # What is promised
//
// A method that changes something returns once the change survives a power cut. Queries answer from that durable state
// only. With a context that is done before the call, a method does nothing. When a context ends during the call, the
// outcome is unknown, unless the error is [ErrOverloaded]: the command may still be carried out. A Start with a business
// key, and a message with an id, may be repeated without harm.
//
// A handler runs at least once for its task. A crash between its work and the record of its result makes it run again,
// with the same [Job].Key; hand that key to whatever must happen once.
//
// # Moving instances
//
// A new version of a process leaves running instances on theirs. [Tenant.Preview] says which of them could move, class by
// class, and why others could not; [Plan.Apply] moves those that can, and goes on after a crash. [Instance.Migrate] moves
// one. An instance may move if what it has done can be reproduced on the other version, by the criteria in
// [migrate.Options]; the state that the replay ends in is where it lands. Each move is one atomic step, and a command that
// races with it meets the instance before or after. Tasks, jobs, timers and subscriptions that both versions have go on
// under their ids.
//
// # Errors
//
// Every error is an [*Error] that says what was tried, where, and what to do. Branch on its cause with errors.Is and the
// sentinels ([ErrNotFound], [ErrType], ...). Bad data from a caller is ErrType to that caller and changes nothing; bad
// data from a handler is an incident, which waits for a person.
package workflow
