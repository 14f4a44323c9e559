// Package randtest makes random tests show that they meet what they are for, without failing for bad luck.
package randtest

import (
	"flag"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// rounds of draws that are always the same, at most: a hundred draws each, unless -rapid.checks says otherwise.
const rounds = 100

// Check holds prop against random draws, as [rapid.Check] does. As long as missing then says that something has not been
// met (it counts what prop sees), it goes on with draws that are the same in every run: what those meet depends on the
// code only. When they end, what is missing fails the test. Short tests do not ask.
//
// It sets the seed of package rapid meanwhile: tests that use it must not run in parallel with others.
func Check(t *testing.T, missing func() string, prop func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, prop)
	if testing.Short() || t.Failed() || missing() == "" {
		return
	}
	was := flag.Lookup("rapid.seed").Value.String()
	defer set(t, was)
	for seed := 1; seed <= rounds && missing() != "" && !t.Failed(); seed++ {
		set(t, fmt.Sprint(seed))
		t.Run(fmt.Sprintf("seed %d", seed), rapid.MakeCheck(prop))
	}
	if m := missing(); m != "" && !t.Failed() {
		t.Errorf("the test does not reach what it is for: %s", m)
	}
}

func set(t *testing.T, seed string) {
	if err := flag.Set("rapid.seed", seed); err != nil {
		t.Fatal(err)
	}
}

// Keys says which of the keys have not been counted, and "" if all have.
func Keys(count map[string]int, keys ...string) func() string {
	return func() string {
		for _, k := range keys {
			if count[k] == 0 {
				return fmt.Sprintf("nothing is %q (%v)", k, count)
			}
		}
		return ""
	}
}
