package expr

import (
	"fmt"
	"testing"
)

func TestEntries(t *testing.T) {
	one, text := mustValue(t, "int", 1), mustValue(t, "string", "x")
	r, err := Record([]string{"a", "b", "c"}, []Value{one, text, {}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.Go(), r.Len(), r.Names(), r.IsMap()); got != "map[a:1 b:x c:<nil>] 3 [a b c] true" {
		t.Error(got)
	}
	if s, ok := r.Field("b").Str(); s != "x" || !ok {
		t.Errorf("Field(b) = %q, %t", s, ok)
	}
	if !r.Field("c").IsNull() || !r.Field("d").Absent() || !one.Field("a").Absent() || one.Len() != 0 || one.Names() != nil {
		t.Error("a field that is null, missing, or of no map")
	}
	if _, err := Record([]string{"a", "a"}, []Value{one, one}); err == nil {
		t.Error("a record with one name twice")
	}
	if d, err := one.Convert(mustType(t, "double")); err != nil || d.Go() != 1.0 {
		t.Errorf("1 as a double is %v, %v", d, err)
	}
	if _, err := text.Convert(mustType(t, "int")); err == nil {
		t.Error("a string converts to int")
	}
	if _, err := (Value{}).Convert(mustType(t, "dyn")); err == nil {
		t.Error("an absent value converts")
	}
}

func TestMissing(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	for src, want := range map[string]bool{
		`approved`: true, `data.gone`: true, `rates["GBP"]`: true, `data["gone"].x`: true, `data.name + 1`: false, `numbers[count]`: false, `amount`: false,
	} {
		if _, err := mustCompile(t, env, src, "").Eval(data); Missing(err) != want {
			t.Errorf("Missing(%s: %v) = %t", src, err, !want)
		}
	}
}
