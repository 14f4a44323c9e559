package ltlf_test

import (
	"testing"

	"github.com/replank/replank/internal/ltlf"
)

// A step gets its new name where it is meant, and nowhere else: not in longer names, operators and names of templates.
func TestRename(t *testing.T) {
	for _, c := range []struct{ text, from, to, want string }{
		{"G(check -> F pay)", "check", "look", "G(look -> F pay)"},
		{"check.started->check & check-2 | re-check", "check", "look", "look.started->look & check-2 | re-check"},
		{"check.started-x | check.started", "check", "look", "check.started-x | look.started"},
		{"F F.completed", "F", "G", "F G.completed"},
		{"F pay & pay.started", "pay", "true", "F true.completed & true.started"},
		{"F pay", "pay", "pay.started", "F pay.started.completed"},
		{"F pay.started.completed", "pay.started", "pay-2", "F pay-2.completed"},
	} {
		if got := ltlf.Rename(c.text, c.from, c.to); got != c.want {
			t.Errorf("%s, %s to %s: %s, want %s", c.text, c.from, c.to, got, c.want)
		}
	}
	for _, c := range []struct{ text, from, to, want string }{
		{"init(init)", "init", "end", "init(end)"},
		{"precedence(F, a)", "F", "G", "precedence(G, a)"},
		{"succession(a, a.started)", "a", "b", "succession(b, a.started)"},
		{"absence(a.started)", "a.started", "b", "absence(b)"},
		{"existence(a, 2)", "a", "b", "existence(b, 2)"},
	} {
		if got := ltlf.RenameArguments(c.text, c.from, c.to); got != c.want {
			t.Errorf("%s, %s to %s: %s, want %s", c.text, c.from, c.to, got, c.want)
		}
	}
}
