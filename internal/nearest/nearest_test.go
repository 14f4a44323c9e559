package nearest

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestName(t *testing.T) {
	known := []string{"amount", "applicant", "approved", "region", "id"}
	for name, want := range map[string]string{
		"amont":     "amount",
		"Amount":    "amount",
		"maount":    "amount", // neighbours swapped
		"aproved":   "approved",
		"aplicants": "applicant",
		"regoin":    "region",
		"amount":    "", // already right
		"colour":    "",
		"xy":        "",
		"":          "",
	} {
		if got := Name(name, known); got != want {
			t.Errorf("Name(%q) = %q, want %q", name, got, want)
		}
	}
	if got := Name(strings.Repeat("a", 10_000), known); got != "" {
		t.Errorf("a very long name found %q", got)
	}
}

// The answer depends on the set of known words, not on their order.
func TestNameIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.SliceOf(rapid.StringMatching(`[abc]{1,4}`)).Draw(t, "known")
		name := rapid.StringMatching(`[abcD]{1,4}`).Draw(t, "name")
		shuffled := rapid.Permutation(known).Draw(t, "shuffled")
		if a, b := Name(name, known), Name(name, shuffled); a != b {
			t.Fatalf("Name(%q) is %q in one order and %q in the other", name, a, b)
		}
	})
}

// The table gives the same distance as the recursive definition.
func TestDistanceAgainstDefinition(t *testing.T) {
	var define func(a, b []rune) int
	define = func(a, b []rune) int {
		if len(a) == 0 || len(b) == 0 {
			return len(a) + len(b)
		}
		x, y := len(a)-1, len(b)-1
		substitution := define(a[:x], b[:y])
		if a[x] != b[y] {
			substitution++
		}
		d := min(substitution, define(a[:x], b)+1, define(a, b[:y])+1)
		if x > 0 && y > 0 && a[x] == b[y-1] && a[x-1] == b[y] {
			d = min(d, define(a[:x-1], b[:y-1])+1)
		}
		return d
	}
	rapid.Check(t, func(t *rapid.T) {
		a := []rune(rapid.StringMatching(`[abc]{0,5}`).Draw(t, "a"))
		b := []rune(rapid.StringMatching(`[abc]{0,5}`).Draw(t, "b"))
		if got, want := distance(a, b), define(a, b); got != want {
			t.Fatalf("distance(%q, %q) = %d, want %d", string(a), string(b), got, want)
		}
	})
}
