package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/replank/replank/internal/randschema"
)

// Structured loops are no cycles of their own, whatever lies in them; what jumps back is.
func TestCyclic(t *testing.T) {
	for _, c := range []struct {
		name, steps string
		want        bool
	}{
		{"line", "[{user: a}, {user: b}]", false},
		{"until", "[{repeat: l, until: v > 1, do: [{user: a}, {repeat: k, while: v < 1, do: [{user: b}]}]}]", false},
		{"join", "[{gateway: g, kind: exclusive, flows: [{next: a, when: v > 1}, {next: b, else: true}]}, {user: a, next: m}, {user: b}, {gateway: m, kind: exclusive}]", false},
		{"gateway", "[{gateway: m, kind: exclusive}, {user: a}, {gateway: g, kind: exclusive, flows: [{next: m, when: v > 1}, {next: b, else: true}]}, {user: b}]", true},
		{"jump", "[{user: a}, {choose: x, cases: [{when: v > 1, do: [], next: a}, {else: []}]}]", true},
		{"jump in a loop", "[{repeat: l, until: v > 1, do: [{user: a}, {choose: x, cases: [{when: v > 1, do: [], next: a}, {else: []}]}]}]", true},
	} {
		m := compiled(t, "process: p\nvars: {v: {type: int, default: 0}}\nsteps: "+c.steps+"\n")
		if m.Cyclic() != c.want {
			t.Errorf("%s: %v", c.name, m.Cyclic())
		}
	}
	dice := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		if src := randschema.Make(dice.IntN, randschema.Config{Locals: true, Ends: true}); compiled(t, src).Cyclic() {
			t.Fatalf("blocks alone make no cycle\n%s", src)
		}
	}
}
