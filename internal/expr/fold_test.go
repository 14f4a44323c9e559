package expr

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randtest"
)

// source draws the text of an expression of type int or bool over constants and variables, some of them dynamic or absent.
func source(kind string, depth int) *rapid.Generator[string] {
	leaves := map[string][]string{
		"int":  {"0", "1", "2", "count", "data.n", "check.score", "size(tags)"},
		"bool": {"true", "false", "approved", "data.ok", "region == 'EU'", "period > duration('1h')"},
	}
	forms := map[string][]string{ // I and B stand for parts
		"int":  {"(I + I)", "(I / I)", "(B ? I : I)", "[I, I][I]", "size([I, I].filter(x, x > I))", "{'k': I}.k", "int(dyn(I))"},
		"bool": {"(B && B)", "(B || B)", "!B", "(I < I)", "I in [I, 1]", "[I, I].exists(x, x > I)", "[I].all(x, B)", "(B ? B : B)", "numbers.exists(x, x == I && B)", "dyn(B)"},
	}
	if depth == 0 {
		return rapid.SampledFrom(leaves[kind])
	}
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 4).Draw(t, "leaf") == 0 {
			return rapid.SampledFrom(leaves[kind]).Draw(t, kind)
		}
		text := ""
		for _, c := range rapid.SampledFrom(forms[kind]).Draw(t, "form") {
			switch c {
			case 'I':
				text += source("int", depth-1).Draw(t, "I")
			case 'B':
				text += source("bool", depth-1).Draw(t, "B")
			default:
				text += string(c)
			}
		}
		return text
	})
}

// Folding changes neither results nor whether there is one: the oracle evaluates the expression as it was written.
func TestFoldingKeepsMeaning(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	checker, err := env.checker()
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]int{}
	randtest.Check(t, randtest.Keys(met, "compared", "constant"), func(t *rapid.T) {
		src := source("bool", 3).Draw(t, "source")
		p, issues := env.Compile(src, Type{})
		for _, i := range issues {
			if i.Code != CodeConstant { // a part that always fails
				t.Skip(src)
			}
		}
		if issues != nil {
			return
		}
		checked, problems := checker.Compile(src)
		if problems.Err() != nil {
			t.Fatal(problems.Err())
		}
		oracle, err := checker.Program(checked)
		if err != nil {
			t.Fatal(err)
		}
		want, _, wantErr := oracle.Eval(&activation{p, data})
		got, gotErr := p.Eval(data)
		if (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("%s: %v, %v; unfolded %v, %v", src, got, gotErr, want, wantErr)
		}
		if wantErr == nil && fmt.Sprint(got.Go()) != fmt.Sprint(want.Value()) {
			t.Fatalf("%s: %v; unfolded %v", src, got, want)
		}
		met["compared"]++
		if _, ok := p.Const(); ok {
			met["constant"]++
		}
	})
}
