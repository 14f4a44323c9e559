// Eventlog reads a recorded event log in XES.
//
//	eventlog LOG.xes[.gz]
//
// It prints what the log holds: how many cases and events, which activities,
// and with which of them cases begin and end.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: eventlog LOG.xes[.gz]")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "eventlog:", err)
		os.Exit(1)
	}
}

func run(log string) error {
	r, err := load(log)
	if err != nil {
		return err
	}
	return r.summarise(os.Stdout)
}
