package migrate_test

import (
	"strings"
	"testing"

	"github.com/replank/replank/migrate"
)

// A renaming that cannot be followed is a fault of the plan; to take no notice of it would lose what was done.
func TestRenamesThatCannotBe(t *testing.T) {
	from := parse(t, "steps: [{user: a}, {user: b}, {wait: w, for: P1D}]")
	to := parse(t, "steps: [{user: a}, {user: c}, {wait: w, for: P1D}]")
	for _, c := range []struct {
		rename map[string]string
		want   string
	}{
		{map[string]string{"b": "c"}, ""},
		{map[string]string{"b": "x"}, "there is no such node in the new schema"},
		{map[string]string{"x": "c"}, "there is no such node in the old schema"},
		{map[string]string{"b": "w"}, "w is another thing than b was"},
		{map[string]string{"a": "c", "b": "c"}, "c takes the place of a already"},
	} {
		_, err := migrate.NewChecker(from, to, &migrate.Options{Rename: c.rename})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.rename, err, c.want)
		}
		if _, err := migrate.NewControl(from, to, c.rename); (err == nil) != (c.want == "") {
			t.Errorf("control %v: %v, want %q", c.rename, err, c.want)
		}
	}
}
