// Eventlog drives the engine with a recorded event log in XES: what people did
// with real cases, step by step, is done again by the instances of a schema.
//
//	eventlog [-crashes N] [-v] SCHEMA LOG.xes[.gz]
//
// Each case becomes an instance and each event the completion of the user task
// with that title. All cases run interleaved, at the times of the record, in one
// engine and for two tenants. On the way the power is cut N times, each time
// while a step is being written, and the replay goes on with what the engine's
// histories say is done. Printed are how many cases the schema follows to the
// end, how many it follows as far as the record goes, and for the others where
// the first event that did not fit stood and what was possible there.
//
//	eventlog LOG.xes[.gz]
//
// prints what the log holds.
//
// record.go reads the log, plan.go and answers.go relate it to the schema,
// replay.go drives the engine, crash.go cuts its power, report.go counts,
// virtual.go makes years pass in seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	crashes := flag.Int("crashes", 5, "how often the power is cut on the way")
	verbose := flag.Bool("v", false, "list every case that does not reach the end")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: eventlog [-crashes N] [-v] SCHEMA LOG.xes[.gz]\n       eventlog LOG.xes[.gz]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if note := misnamed(flag.Arg(flag.NArg() - 1)); note != "" {
		fmt.Fprintln(os.Stderr, "eventlog: note:", note)
	}
	switch flag.NArg() {
	case 1:
		exit(summary(flag.Arg(0)))
	case 2:
		began := time.Now()
		inVirtualTime(func() error {
			return drive(flag.Arg(0), flag.Arg(1), *crashes, *verbose)
		}, func(err error) {
			if err == nil {
				fmt.Printf("\n%.1f s\n", time.Since(began).Seconds())
			}
			exit(err)
		})
	default:
		flag.Usage()
		os.Exit(2)
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "eventlog:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func summary(log string) error {
	r, err := load(log)
	if err != nil {
		return err
	}
	return r.summarise(os.Stdout)
}

// drive replays a log and prints the outcome. It runs in virtual time.
func drive(schema, log string, crashes int, verbose bool) error {
	if crashes < 0 {
		return errors.New("-crashes is the number of power cuts, 0 for none")
	}
	p, err := readPlan(schema)
	if err != nil {
		return err
	}
	rec, err := load(log)
	if err != nil {
		return err
	}
	r := newReplay(p, rec)
	if err := r.run(context.Background(), crashes); err != nil {
		return err
	}
	return r.report(os.Stdout, verbose)
}
