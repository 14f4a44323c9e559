package translate

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/randtest"
)

// values draws what the variables of an expression hold: of the types that it asks for, or null.
func values(t *rapid.T, e Expr, inside map[string]*class, nulls bool) map[string]any {
	pick := func(kind Type) any {
		if nulls && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			return nil
		}
		switch kind {
		case Bool:
			return rapid.Bool().Draw(t, "bool")
		case Number, Int:
			if nulls && kind == Number && rapid.Bool().Draw(t, "fraction") {
				return float64(rapid.IntRange(-9, 9).Draw(t, "quarters")) / 4
			}
			return rapid.Int64Range(-9, 9).Draw(t, "int")
		case Double:
			return float64(rapid.IntRange(-9, 9).Draw(t, "quarters")) / 4
		}
		return rapid.SampledFrom([]string{"", "x", "y\"'", "3"}).Draw(t, "text")
	}
	open := rapid.SampledFrom([]Type{Bool, Number, String}).Draw(t, "open")
	kinds := map[string]Type{}
	for _, v := range e.Vars {
		if kinds[v.Name] = v.Type; v.Type == Any {
			kinds[v.Name] = open
		}
	}
	vars := map[string]any{}
	for _, name := range names[:4] {
		vars[name] = pick(kinds[name])
	}
	within := func(path string) any {
		if c := inside[path]; c != nil && c.root().kind != Any {
			return pick(c.root().kind)
		}
		return pick(open)
	}
	vars["m"] = map[string]any{"k": within("m.k")}
	vars["l"] = []any{within("l[]"), within("l[]")}[:rapid.IntRange(1, 2).Draw(t, "length")]
	return vars
}

// slots are the values of the variables in the order of names.
type slots []expr.Value

func (s slots) Slot(i int) expr.Value { return s[i] }

var (
	dyn, _ = expr.ParseType("dyn", nil)
	env    = func() *expr.Env {
		var vars []expr.Var
		for i, name := range names {
			vars = append(vars, expr.Var{Name: name, Type: dyn, Slot: i})
		}
		env, err := expr.NewEnv(nil, vars)
		if err != nil {
			panic(err)
		}
		return env
	}()
)

// evaluate evaluates CEL.
func evaluate(t *rapid.T, src string, vars map[string]any) (any, error) {
	p, issues := env.Compile(src, expr.Type{})
	if len(issues) > 0 {
		return nil, issues[0]
	}
	var s slots
	for _, name := range names {
		v, err := expr.FromGo(dyn, vars[name])
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, v)
	}
	v, err := p.Eval(s)
	return v.Go(), err
}

// constant reports whether an expression was refused because of a constant part that always fails, needed or not.
func constant(err error) bool {
	var issue expr.Issue
	return errors.As(err, &issue) && issue.Code == expr.CodeConstant
}

// agree reports whether two values are one, numbers of either kind alike.
func agree(x, y any) bool {
	if isNumeric(x) && isNumeric(y) {
		a, b := toDouble(x), toDouble(y)
		return a == b || math.IsNaN(a) && math.IsNaN(b)
	}
	return x == y
}

// A translation gives what the source gives, or fails; and where no value is null and no number a fraction, it gives a
// value whenever the source does.
func TestTranslationsMeanTheSame(t *testing.T) {
	for _, lang := range []Language{JUEL, FEEL} {
		t.Run(lang.String(), func(t *testing.T) {
			seen, translated, valued := 0, 0, 0
			few := func() string {
				if translated < seen/5 || valued < translated/2 {
					return fmt.Sprintf("of %d expressions %d have a translation, of which %d gave a value", seen, translated, valued)
				}
				return ""
			}
			randtest.Check(t, few, func(t *rapid.T) {
				n := draw(t, lang, rapid.IntRange(0, 4).Draw(t, "depth"), "bool")
				src := n.write(t, lang)
				if lang == JUEL {
					src = "${" + src + "}"
				}
				seen++
				p := &parser{lang: lang, src: src, paths: map[string]*class{}}
				e, err := p.translate()
				if refused := (*Error)(nil); errors.As(err, &refused) && refused.Syntax {
					t.Fatalf("%s: %v", src, err)
				}
				if err != nil {
					return
				}
				translated++
				nulls := rapid.Bool().Draw(t, "nulls")
				vars := values(t, e, p.paths, nulls)
				got, failed := evaluate(t, e.CEL, vars)
				want, none := n.evaluate(lang, vars)
				if failed == nil {
					valued++
				}
				switch {
				case failed == nil && none == nil && !agree(got, want):
					t.Fatalf("%s\nis %v, and %s\nis %v, with %v", src, want, e.CEL, got, vars)
				case failed != nil && none == nil && !nulls && !n.has("null") && !constant(failed):
					t.Fatalf("%s\nis %v, but %s fails: %v, with %v", src, want, e.CEL, failed, vars)
				}
			})
		})
	}
}

// evaluate evaluates a tree as its language does.
func (n *tree) evaluate(lang Language, vars map[string]any) (any, error) {
	if lang == JUEL {
		return n.juel(vars)
	}
	return n.feel(vars), nil
}

// has reports whether a leaf stands in the tree.
func (n *tree) has(text string) bool {
	for _, kid := range n.kids {
		if kid.has(text) {
			return true
		}
	}
	return n.text == text
}
