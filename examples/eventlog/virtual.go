package main

import (
	"os"
	"testing"
	"testing/synctest"
)

// inVirtualTime calls fn where time stands still while anything runs, and jumps
// to the next timer when nothing does: a bubble of [synctest.Test]. Time begins
// there on 1 January 2000. Then it calls end, outside again, with fn's error;
// end must not return.
//
// Only a test can make a bubble. [testing.Main] is what Go keeps for programs
// that run tests without "go test", so that is what this program is here; because
// end does not return, nothing else of a test shows.
func inVirtualTime(fn func() error, end func(error)) {
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "virtual time", F: func(t *testing.T) {
		var err error
		synctest.Test(t, func(*testing.T) { err = fn() })
		end(err)
		os.Exit(2)
	}}}, nil, nil)
}
