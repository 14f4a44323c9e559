// Quickstart runs loans of two lenders in one engine, is killed in the middle of
// it, and goes on where it was.
//
//	go run ./examples/quickstart
//
// The program starts itself a second time. That process opens the engine, brings
// five loans to five different steps and takes in more of them until the first
// process kills it, without warning. Then the first process opens the directory,
// moves the loans to a second version of their process, all but one that cannot
// move, and finishes them. What it prints about them it reads from the engine.
//
// loan.yaml is the process schema, screening.yaml what its second version adds,
// lender.go the engine with its handlers, people.go what people do, desk.go the
// process that is killed, story.go the one that goes on, law.go how it moves the
// loans.
package main

import (
	"context"
	"fmt"
	"os"
)

// deskEnv tells the second process where to work.
const deskEnv = "REPLANK_QUICKSTART_DESK"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	ctx := context.Background()
	if dir := os.Getenv(deskEnv); dir != "" {
		return desk(ctx, dir, os.Stdout)
	}
	dir, err := os.MkdirTemp("", "replank-quickstart-")
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil {
			err = rerr
		}
	}()
	return story(ctx, dir, os.Stdout)
}
