package migrate_test

import (
	"github.com/replank/replank/migrate"
)

// explained fails if a refusal does not say what is in the way and which change is to blame. The target being at fault
// itself is no change.
func explained(t tb, v migrate.Verdict, scene func() string) {
	t.Helper()
	if v.Message == "" || v.Blame == "" && v.Outcome != migrate.PlanError {
		t.Fatalf("%v: message %q, blame %q\n%s", v, v.Message, v.Blame, scene())
	}
}
