package expr

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseType(t *testing.T) {
	for src, want := range map[string]string{
		"bool": "bool", " int ": "int", "dyn": "dyn", "list(int)": "list(int)", "list( list(string) )": "list(list(string))",
		"map(string,int)": "map(string, int)", "map(int, list(Applicant))": "map(int, list(Applicant))", "Address": "Address",
	} {
		if got := mustType(t, src).String(); got != want {
			t.Errorf("ParseType(%q) = %s, want %s", src, got, want)
		}
	}
	if !mustType(t, "dyn").IsDyn() || mustType(t, "list(dyn)").IsDyn() || (Type{}).IsDyn() {
		t.Error("IsDyn")
	}
}

func TestParseTypeErrors(t *testing.T) {
	chain := map[string]map[string]string{}
	for i := range 40 {
		chain[fmt.Sprint("R", i)] = map[string]string{"f": fmt.Sprint("R", i+1)}
	}
	chain["R40"] = map[string]string{"f": "int"}
	for _, c := range []struct {
		src     string
		records map[string]map[string]string
		want    string
	}{
		{"", nil, "a type is missing"},
		{"strin", nil, `type "strin" is unknown: did you mean "string"?`},
		{"Aplicant", loanRecords, `did you mean "Applicant"?`},
		{"decimal", nil, `"decimal" comes later; use int in the smallest unit`},
		{"date", nil, `"date" comes later; use timestamp`},
		{"boolean", nil, `use bool`},
		{"qqqq", nil, `use bool, int, double`},
		{"list", nil, `write list(T)`},
		{"list(int", nil, `write list(T)`},
		{"map(int)", nil, `write map(K, V)`},
		{"map(double, int)", nil, `the keys of a map are bool, int or string, not double`},
		{"int int", nil, `"int" after the end of the type`},
		{"list(ü)", nil, `"ü" where the name of a type is wanted`},
		{strings.Repeat("list(", 100) + "int" + strings.Repeat(")", 100), nil, `nests deeper than 16 levels`},
		{"A", map[string]map[string]string{"A": {"b": "list(B)"}, "B": {"a": "A"}}, `record "A" contains itself (A -> B -> A)`},
		{"A", map[string]map[string]string{"A": {"a": "A"}}, `record "A" contains itself (A -> A)`},
		{"A", map[string]map[string]string{"A": {"b-c": "int"}}, `field "b-c" of record "A": a name is letters`},
		{"A", map[string]map[string]string{"A": {"in": "int"}}, `reserved word`},
		{"A", map[string]map[string]string{"A": {"x": "innt"}}, `field "x" of record "A": type "innt" is unknown: did you mean "int"?`},
		{"R0", chain, `nests deeper than 16 levels`},
	} {
		if typ, err := ParseType(c.src, c.records); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ParseType(%.40q) = %v, %v; want %q", c.src, typ, err, c.want)
		}
	}
}

// The text of a type reads as the same type.
func TestTypeTextRoundTrip(t *testing.T) {
	var text func(depth int) *rapid.Generator[string]
	text = func(depth int) *rapid.Generator[string] {
		leaf := rapid.SampledFrom([]string{"bool", "int", "double", "string", "bytes", "timestamp", "duration", "dyn", "Applicant", "Address"})
		if depth == 0 {
			return leaf
		}
		return rapid.OneOf(
			leaf,
			rapid.Map(text(depth-1), func(s string) string { return "list(" + s + ")" }),
			rapid.Custom(func(t *rapid.T) string {
				return "map(" + rapid.SampledFrom([]string{"bool", "int", "string"}).Draw(t, "key") + ", " + text(depth-1).Draw(t, "value") + ")"
			}),
		)
	}
	rapid.Check(t, func(t *rapid.T) {
		src := text(4).Draw(t, "type")
		typ, err := ParseType(src, loanRecords)
		if err != nil || typ.String() != src {
			t.Fatalf("%s reads as %s, %v", src, typ, err)
		}
	})
}
