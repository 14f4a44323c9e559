package expr

import "testing"

// Conditions that ask the same have one atom, and know which of them is its negation.
func TestAtom(t *testing.T) {
	env, err := NewEnv(nil, []Var{{"a", mustType(t, "int"), 0}, {"d", mustType(t, "double"), 1}, {"ok", mustType(t, "bool"), 2}})
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range [][]string{ // the first as it is, then with "=" equal, with "!" negated
		{"ok", "= ok", "=(ok)", "!!ok", "! !(ok)", "=!!ok", "=ok == true", "!false == ok", "!ok != true"},
		{"a == 1", "=a==1", "!a != 1", "!!(a == 1)", "=!(a != 1)"},
		{"a < 2", "=2 > a", "!a >= 2", "!2 <= a", "!!(a < 2)", "=!(a>=2)"},
		{"d < 2.0", "=2.0 > d"},
		{"d <= 2.0", "=2.0 >= d"},
		{"ok && a > 1", "=ok  &&  a > 1", "!!(ok && a > 1)"},
	} {
		first := compileAtom(t, env, same[0])
		for _, src := range same[1:] {
			p := compileAtom(t, env, src[1:])
			if p.asks != first.asks || (p.not != first.not) != (src[0] == '!') {
				t.Errorf("%q asks %q, not %v; %q asks %q, not %v", same[0], first.asks, first.not, src[1:], p.asks, p.not)
			}
		}
	}
	if p, q := compileAtom(t, env, "d < 2.0"), compileAtom(t, env, "d >= 2.0"); p.asks == q.asks {
		t.Errorf("%q: of doubles neither need hold", p.asks)
	}
	if p, q := compileAtom(t, env, "a < 2"), compileAtom(t, env, "a < 3"); p.asks == q.asks {
		t.Errorf("two questions are one: %q", p.asks)
	}
}

func compileAtom(t *testing.T, env *Env, src string) *Program {
	t.Helper()
	p, issues := env.Compile(src, mustType(t, "bool"))
	if len(issues) > 0 {
		t.Fatalf("%s: %v", src, issues)
	}
	return p
}
