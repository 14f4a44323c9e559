package ltlf

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randtest"
)

// A letter of a trace, and a trace, for the naive definitions.
type letter struct {
	step  string
	phase Phase
}

// tree is a formula as its text says it, with every operator of the text.
type tree struct {
	op   string // of the text; "" is an atom
	atom Atom
	kids []*tree
}

func (x *tree) String() string {
	switch len(x.kids) {
	case 0:
		if x.op != "" {
			return x.op
		}
		return x.atom.String()
	case 1:
		return x.op + "(" + x.kids[0].String() + ")"
	}
	return "(" + x.kids[0].String() + " " + x.op + " " + x.kids[1].String() + ")"
}

// holds is the textbook definition at position i, which may lie behind the trace.
func (x *tree) holds(w []letter, i int) bool {
	f := func(j int) bool { return x.kids[0].holds(w, j) }
	g := func(j int) bool { return x.kids[1].holds(w, j) }
	some := func(from, to int, is func(int) bool) bool {
		for j := from; j < to; j++ {
			if is(j) {
				return true
			}
		}
		return false
	}
	all := func(from, to int, is func(int) bool) bool {
		return !some(from, to, func(j int) bool { return !is(j) })
	}
	n := len(w)
	switch x.op {
	case "":
		return i < n && (x.atom.Step == Any || x.atom.Step == w[i].step) && x.atom.Phase == w[i].phase
	case "true":
		return true
	case "false":
		return false
	case "!":
		return !f(i)
	case "&":
		return f(i) && g(i)
	case "|":
		return f(i) || g(i)
	case "->":
		return !f(i) || g(i)
	case "<->":
		return f(i) == g(i)
	case "X":
		return i+1 < n && f(i+1)
	case "WX":
		return i+1 >= n || f(i+1)
	case "F":
		return some(i, n, f)
	case "G":
		return all(i, n, f)
	case "U":
		return some(i, n, func(j int) bool { return g(j) && all(i, j, f) })
	case "W":
		return all(i, n, f) || some(i, n, func(j int) bool { return g(j) && all(i, j, f) })
	case "R":
		return all(i, n, func(j int) bool { return g(j) || some(i, j, f) })
	}
	panic(x.op)
}

func randomTree(rt *rapid.T, depth int) *tree {
	ops := []string{"U", "W", "R", "X", "WX", "F", "G", "!", "&", "|", "->", "<->", "", "", "", "true", "false"}
	switch depth {
	case 4, 3:
		ops = ops[:12]
	case 0:
		ops = ops[12:]
	}
	x := &tree{op: rapid.SampledFrom(ops).Draw(rt, "op")}
	kids := 0
	switch x.op {
	case "":
		x.atom = Atom{rapid.SampledFrom([]string{"a", "b", Any}).Draw(rt, "step"), Phase(rapid.IntRange(0, 1).Draw(rt, "phase"))}
	case "true", "false":
	case "!", "X", "WX", "F", "G":
		kids = 1
	default:
		kids = 2
	}
	for range kids {
		x.kids = append(x.kids, randomTree(rt, depth-1))
	}
	return x
}

// traces calls visit for every trace up to a length over two steps and a third that formulas do not name.
func traces(length int, visit func([]letter)) {
	var w []letter
	var extend func()
	extend = func() {
		visit(w)
		if len(w) == length {
			return
		}
		for _, step := range []string{"a", "b", "c"} {
			for phase := range Phase(phases) {
				w = append(w, letter{step, phase})
				extend()
				w = w[:len(w)-1]
			}
		}
	}
	extend()
}

func (a *Automaton) run(w []letter) uint16 {
	s := uint16(0)
	for _, l := range w {
		s = a.Next(s, a.Letter(l.step, l.phase))
	}
	return s
}

// TestAutomaton holds the automaton of random formulas against the definition, on all traces of up to four letters,
// and its verdicts against what can follow.
func TestAutomaton(t *testing.T) {
	states, seen := 0, map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "five states"), func(rt *rapid.T) {
		x := randomTree(rt, 4)
		f, err := Parse(x.String())
		if err != nil {
			rt.Fatalf("%s: %v", x, err)
		}
		a, err := Compile(f, nil)
		if err != nil {
			rt.Fatalf("%s: %v", x, err)
		}
		traces(4, func(w []letter) {
			s := a.run(w)
			if got, want := a.Accepts(s), x.holds(w, 0); got != want {
				rt.Fatalf("%s accepts %v: %v, want %v\n%s", x, w, got, want, a)
			}
			if v := a.Verdict(s); a.Accepts(s) != (v <= PossiblySatisfied) {
				rt.Fatalf("%s: %v after %v, accepting %v", x, v, w, a.Accepts(s))
			}
		})
		minimalAndFated(rt, x, a)
		if states = max(states, a.States()); states >= 5 {
			seen["five states"]++
		}
	})
	t.Logf("up to %d states", states)
}

// minimalAndFated checks that some word tells any two states apart, by the naive way of trying words, and that a verdict
// is final if and only if no word changes acceptance.
func minimalAndFated(rt *rapid.T, x *tree, a *Automaton) {
	n := a.States()
	differ := make([][]bool, n)
	for i := range differ {
		differ[i] = make([]bool, n)
		for j := range differ[i] {
			differ[i][j] = a.accept[i] != a.accept[j]
		}
	}
	for range n {
		for i := range n {
			for j := range n {
				for l := range a.letters {
					differ[i][j] = differ[i][j] || differ[a.Next(uint16(i), l)][a.Next(uint16(j), l)]
				}
			}
		}
	}
	for i := range n {
		final := true
		seen := map[int]bool{i: true}
		for todo := []int{i}; len(todo) > 0; {
			s := todo[0]
			todo = todo[1:]
			final = final && a.accept[s] == a.accept[i]
			for l := range a.letters {
				if to := int(a.Next(uint16(s), l)); !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
		if v := a.fate[i]; final != (v == Satisfied || v == Violated) {
			rt.Fatalf("%s: state %d is %v\n%s", x, i, v, a)
		}
		for j := range i {
			if !differ[i][j] {
				rt.Fatalf("%s: states %d and %d are the same\n%s", x, i, j, a)
			}
		}
	}
}

// TestNumbersAreCanonical: equal languages get equal automata, state numbers included, however they were said.
func TestNumbersAreCanonical(t *testing.T) {
	for _, pair := range [][2]string{
		{"G(a -> F b)", "!F(a & G !b)"},
		{"a U b", "b | (a & X(a U b))"},
		{"a W b", "(a U b) | G a"},
		{"F a & F b", "F b & F a"},
		{"(F a -> F b) & (F b -> F a)", "F a <-> F b"},
		{"a R b", "!(!a U !b)"},
	} {
		if one, two := table(t, pair[0]), table(t, pair[1]); one != two {
			t.Errorf("%s:\n%s%s:\n%s", pair[0], one, pair[1], two)
		}
	}
}

func table(t *testing.T, text string) string {
	t.Helper()
	f, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Compile(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}

// TestTooLarge: a formula whose least automaton is large is refused, not computed.
func TestTooLarge(t *testing.T) {
	many := "F s0"
	for i := range 40 {
		many += fmt.Sprintf(" & F s%d", i+1)
	}
	for _, text := range []string{
		"F(a & X X X X X X X X X X X X X X b)", // must remember the last 14 letters
		many,                                   // must remember which came
		"G(" + strings.ReplaceAll(many, "F s", "F X s") + ") U (" + many + ")",
	} {
		f, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Compile(f, nil); err == nil || err.Error() != fmt.Sprintf("it needs more than %d states", MaxStates) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
