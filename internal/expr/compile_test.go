package expr

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What is wrong with an expression is found when it is compiled, all at once, each issue with its place and, where
// one is known, the way out.
func TestIssues(t *testing.T) {
	env := loanEnv(t)
	for _, c := range []struct{ src, want, issues string }{
		{``, "bool", `expr/syntax 1:1: the expression is empty`},
		{`amount >`, "bool", `expr/syntax 1:9: the expression ends too early (something is missing at its end: an operand, a bracket or a quote)`},
		{`amount = 5.0`, "bool", `(compare with ==)`},
		{`amont > 1000.0`, "bool", `expr/undeclared 1:1: there is no variable "amont" (did you mean "amount"?)`},
		{"amont > 1.0 &&\n  regoin == 'x'", "bool", "expr/undeclared 1:1: there is no variable \"amont\" (did you mean \"amount\"?)\n" +
			`expr/undeclared 2:3: there is no variable "regoin" (did you mean "region"?)`},
		{`applicant.incom > 1.0`, "bool", `expr/undeclared 1:10: Applicant has no field "incom" (did you mean "income"?)`},
		{`applicant.address.cty == ""`, "bool", `Address has no field "cty" (did you mean "city"?)`},
		{`[applicant].exists(a, a.nme == "")`, "bool", `Applicant has no field "nme" (did you mean "name"?)`},
		{`Address{city: "", zp: ""}`, "Address", `Address has no field "zp" (did you mean "zip"?)`},
		{`Address{city: ""}`, "Address", `expr/type 1:8: the record Address lacks zip (give all fields of a record)`},
		{`Adress{city: ""}`, "Address", `"Adress" (did you mean "Address"?)`},
		{`sice(tags) > 1`, "bool", `expr/undeclared 1:5: there is no function "sice" (did you mean "size"?)`},
		{`length(tags) > 1`, "bool", `expr/undeclared 1:7: there is no function "length" (write size(x))`},
		{`tags.sum() > 1`, "bool", `expr/undeclared 1:9: there is no function "sum" (there are no sums or averages over a list, only size, all, exists, filter, map, sort, math.greatest and math.least: let a service compute it)`},
		{`bananas(tags)`, "bool", `expr/undeclared 1:8: there is no function "bananas" (` + functionsHint + `)`},
		{`now() > due`, "bool", `let a step write the value into a variable`},
		{`amount`, "bool", `expr/type 1:1: want bool, got double (a condition compares, as in x == 1, or combines conditions with && and ||)`},
		{`count`, "double", `expr/type 1:1: want double, got int (write double(...))`},
		{`1.5`, "int", `expr/type 1:1: want int, got double 1.5`},
		{`amount > "1000"`, "bool", `expr/type 1:8: > does not take (double, string)`},
		{`count * amount`, "double", `(int and double mix only in <, <=, > and >=: write double(x), or 2.0 instead of 2)`},
		{`due + "1h"`, "timestamp", `+ does not take (timestamp, string)`},
		{`tags`, "list(int)", `want list(int), got list(string)`},
		{`type(count)`, "", `which no variable can hold`},
		{`duration("P1D") > period`, "bool", `expr/constant 1:9: this always fails: `},
		{`duration("P1D") > period`, "bool", `as in duration("36h")`},
		{`approved && period > duration("1 day")`, "bool", `expr/constant 1:30`},
		{`tags.exists(t, due > timestamp("31.1.2026"))`, "bool", `expr/constant 1:31: this always fails: `},
		{`count / 0 > 1 || 1 / 0 > 1`, "bool", `expr/constant 1:20: this always fails: division by zero`},
		{`region.matches("[a")`, "bool", `expr/constant 1:16: this is no regular expression: missing closing ]`},
		{`{"a": 1, "a": 2}`, "", `has the key string "a" twice`},
		{`[1].map(x, x / 0)`, "", `expr/constant`},
		{nested(6, 20), "bool", `expr/cost 1:`},
		{strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300), "", `nests deeper than 200 levels`},
		{strings.Repeat("1+", 300) + "1", "", `nests deeper than 200 levels`},
		{strings.Repeat("1+", MaxSource) + "1", "", `expr/limit 1:1: the expression has 32769 bytes; the limit is 16384`},
		{"region == 'ü' && amont > 1.0", "bool", `expr/undeclared 1:18:`},
		{"\xff", "bool", `expr/syntax 1:1: the expression is not UTF-8`},
	} {
		var want Type
		if c.want != "" {
			want = mustType(t, c.want)
		}
		p, issues := env.Compile(c.src, want)
		if got := issuesText(issues); p != nil || !strings.Contains(got, c.issues) {
			t.Errorf("%.80s (%s):\n got %s\nwant %s", c.src, c.want, got, c.issues)
		}
		for _, i := range issues {
			checkPosition(t, c.src, i)
		}
	}
}

// nested is a loop over n literals, depth levels deep.
func nested(depth, n int) string {
	if depth == 0 {
		return "count > 0"
	}
	return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "].all(x" + strings.Repeat("y", depth) + ", " + nested(depth-1, n) + ")"
}

// checkPosition: offset, line and column of an issue name the same place inside the source.
func checkPosition(t testing.TB, src string, i Issue) {
	t.Helper()
	runes := []rune(src)
	if !utf8.ValidString(src) {
		return
	}
	if i.Offset < 0 || i.Offset > len(runes) {
		t.Fatalf("%q: offset %d lies outside", src, i.Offset)
	}
	before := string(runes[:i.Offset])
	line := 1 + strings.Count(before, "\n")
	col := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	if i.Line != line || i.Col != col || i.Code == "" || i.Message == "" {
		t.Fatalf("%q: issue %+v; its offset is line %d, column %d", src, i, line, col)
	}
}

func TestNewEnvErrors(t *testing.T) {
	integer := mustType(t, "int")
	for _, c := range []struct {
		records map[string]map[string]string
		vars    []Var
		want    string
	}{
		{nil, []Var{{"in", integer, 0}}, `variable "in": it is a reserved word`},
		{nil, []Var{{"a-b", integer, 0}}, `variable "a-b": a name is letters`},
		{nil, []Var{{"int", integer, 0}}, `it is the name of a type`},
		{nil, []Var{{"x", integer, 0}, {"x", integer, 1}}, `variable "x" is declared twice`},
		{nil, []Var{{"x", Type{}, 0}}, `variable "x" has no type`},
		{nil, []Var{{"x", integer, -1}}, `negative slot`},
		{map[string]map[string]string{"R": {"f": "Q"}}, nil, `field "f" of record "R": type "Q" is unknown`},
		{map[string]map[string]string{"R": {"f": "int"}}, []Var{{"R", integer, 0}}, `has the name of a record`},
	} {
		if _, err := NewEnv(c.records, c.vars); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewEnv: %v, want %q", err, c.want)
		}
	}
}

// Whatever the text, compiling ends with a program or with issues, and running the program with a value or an error.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`amount > 1000.0 && region in ["EU"]`, `tags.exists(t, t == "x")`, `applicant.address.city`, `{"a": [1, 2u, b"x"]}`,
		`Address{city: "", zip: ""}`, `duration("1h") + period`, `has(rates.x) ? 1 : 2`, `data.x[0]["k"].y`, `"%s".format([data])`,
		`lists.range(count)`, `numbers.sortBy(n, -n)`, `[[1], [2]].flatten()`, `true || 1/0 == 1`, `-9223372036854775808`, `.amount`, `dyn([1]) == 1`,
		`{data: 1}`, `{[1]: 2}`, `type(1) == int`, `x.map(a, b, c)`, `"\u00e9" == 'e'`, `tags.join(",").split("")`, `math.least(1, 2.0)`, `string(b'\xff')`,
	} {
		f.Add(seed)
	}
	env, data := loanEnv(f), loanData(f)
	f.Fuzz(func(t *testing.T, src string) {
		p, issues := env.Compile(src, Type{})
		if (p == nil) == (issues == nil) {
			t.Fatalf("%q: program %v and issues %v", src, p, issues)
		}
		for _, i := range issues {
			checkPosition(t, src, i)
		}
		if p == nil {
			return
		}
		v, err := p.Eval(data)
		if err != nil {
			return
		}
		if w, err := p.Eval(data); err != nil || !v.Equal(w) {
			t.Fatalf("%q: %v, and again %v, %v", src, v, w, err)
		}
		if err := v.Fits(p.ResultType()); err != nil {
			t.Fatalf("%q: the result %v does not fit %s: %v", src, v, p.ResultType(), err)
		}
		w, rest, err := DecodeValue(v.Append(nil))
		if err != nil || len(rest) != 0 || !w.Equal(v) {
			t.Fatalf("%q: %v decodes as %v, %v", src, v, w, err)
		}
	})
}
