package expr

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// loan is the environment of most tests: the variables of a loan process.
var loanRecords = map[string]map[string]string{
	"Applicant": {"name": "string", "income": "double", "address": "Address"},
	"Address":   {"city": "string", "zip": "string"},
}

var loanVars = []struct{ name, typ string }{
	{"amount", "double"},
	{"count", "int"},
	{"region", "string"},
	{"approved", "bool"},
	{"due", "timestamp"},
	{"period", "duration"},
	{"tags", "list(string)"},
	{"rates", "map(string, double)"},
	{"applicant", "Applicant"},
	{"data", "dyn"},
	{"numbers", "list(int)"},
	{"photo", "bytes"},
	{"check.score", "int"},
}

type slots []Value

func (s slots) Slot(i int) Value { return s[i] }

func mustType(t testing.TB, s string) Type {
	t.Helper()
	typ, err := ParseType(s, loanRecords)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func mustValue(t testing.TB, typ string, x any) Value {
	t.Helper()
	v, err := FromGo(mustType(t, typ), x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func loanEnv(t testing.TB) *Env {
	t.Helper()
	var vars []Var
	for i, v := range loanVars {
		vars = append(vars, Var{v.name, mustType(t, v.typ), i})
	}
	env, err := NewEnv(loanRecords, vars)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// loanData are the values of one instance; approved is absent.
func loanData(t testing.TB) slots {
	t.Helper()
	values := map[string]any{
		"amount": 1500.0, "count": 3, "region": "EU", "due": "2026-03-31T12:00:00Z", "period": "P2D",
		"tags": []string{"new", "vip"}, "rates": map[string]float64{"USD": 1.1, "EUR": 1, "CHF": 0.9},
		"applicant": map[string]any{"name": "Ada", "income": 5000, "address": map[string]any{"city": "Linz", "zip": "4020"}},
		"data":      map[string]any{"ok": true, "n": 5.0, "list": []any{1.0, 2.0}, "name": "x"},
		"numbers":   []int{3, 1, 2}, "photo": []byte{1, 2}, "check.score": 7,
	}
	s := make(slots, len(loanVars))
	for i, v := range loanVars {
		if x, ok := values[v.name]; ok {
			s[i] = mustValue(t, v.typ, x)
		}
	}
	return s
}

func issuesText(issues []Issue) string {
	var lines []string
	for _, i := range issues {
		lines = append(lines, i.Code+" "+i.Error())
	}
	return strings.Join(lines, "\n")
}

func mustCompile(t testing.TB, env *Env, src, want string) *Program {
	t.Helper()
	var typ Type
	if want != "" {
		typ = mustType(t, want)
	}
	p, issues := env.Compile(src, typ)
	if issues != nil {
		t.Fatalf("%s: %s", src, issuesText(issues))
	}
	return p
}

func TestEval(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	for _, c := range []struct {
		src, want string // want: the type
		result    string // of fmt.Sprint(Go())
	}{
		{`amount > 1000.0`, "bool", "true"},
		{`amount > 1000 && region in ["EU", "US"]`, "bool", "true"},
		{`count * 2 + 1`, "int", "7"},
		{`double(count) * amount`, "double", "4500"},
		{`amount >= 1500`, "bool", "true"}, // numbers of different types compare
		{`due + duration("24h")`, "timestamp", "2026-04-01 12:00:00 +0000 UTC"},
		{`period`, "duration", "48h0m0s"},
		{`due.getMonth()`, "int", "2"},
		{`tags.exists(t, t == "vip")`, "bool", "true"},
		{`tags.filter(t, t.startsWith("n"))`, "list(string)", "[new]"},
		{`tags + ["x"]`, "list(string)", "[new vip x]"},
		{`rates["EUR"] + rates.USD`, "double", "2.1"},
		{`rates.map(k, k)`, "list(string)", "[CHF EUR USD]"}, // in the order of the keys
		{`{"b": 1, "a": 2, "c": count}.map(k, k)`, "list(string)", "[a b c]"},
		{`{"b": 1, "a": 2}.map(k, k)`, "list(string)", "[a b]"},
		{`{2: "b", 1: region}`, "map(int, string)", "map[1:EU 2:b]"},
		{`applicant.income / 2.0`, "double", "2500"},
		{`applicant.address.city`, "string", "Linz"},
		{`has(applicant.name)`, "bool", "true"},
		{`has(rates.GBP)`, "bool", "false"},
		{`applicant`, "Applicant", "map[address:map[city:Linz zip:4020] income:5000 name:Ada]"},
		{`Applicant{name: region, income: amount, address: Address{city: "Graz", zip: "8010"}}`, "Applicant", "map[address:map[city:Graz zip:8010] income:1500 name:EU]"},
		{`Applicant{name: data.name, income: data.n, address: applicant.address}.income`, "double", "5"},
		{`[applicant].all(a, a.income > 1.0)`, "bool", "true"},
		{`applicant == Applicant{name: "Ada", income: 5000.0, address: Address{city: "Linz", zip: "4020"}}`, "bool", "true"},
		{`data.ok`, "bool", "true"},
		{`data.n`, "int", "5"}, // a dynamic double that is whole
		{`data.list`, "list(int)", "[1 2]"},
		{`data.n > 4`, "bool", "true"},
		{`1`, "double", "1"},
		{`"2026-01-31T00:00:00Z"`, "string", "2026-01-31T00:00:00Z"},
		{`check.score + 1`, "int", "8"},
		{`numbers.sort()`, "list(int)", "[1 2 3]"},
		{`math.greatest(numbers)`, "int", "3"},
		{`region.lowerAscii() + "-" + string(count)`, "string", "eu-3"},
		{`sets.contains(tags, ["vip"])`, "bool", "true"},
		{`approved || amount > 1.0`, "bool", "true"}, // one side decides, though the other is absent
		{`size(photo)`, "int", "2"},
		{`null`, "dyn", "<nil>"},
		{`[1, "a", {"k": [2.5]}]`, "dyn", "[1 a map[k:[2.5]]]"},
		{`count > 2 ? "many" : "few"`, "string", "many"},
		{`uint(count)`, "", "3"},
		{`numbers.exists(count, count == 1)`, "bool", "true"}, // a loop variable hides a variable
	} {
		p := mustCompile(t, env, c.src, c.want)
		v, err := p.Eval(data)
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		if got := fmt.Sprint(v.Go()); got != c.result {
			t.Errorf("%s = %s, want %s", c.src, got, c.result)
		}
		if err := v.Fits(p.ResultType()); err != nil {
			t.Errorf("%s: the result does not fit %s: %v", c.src, p.ResultType(), err)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	for _, c := range []struct{ src, want, err string }{
		{`approved && amount > 1.0`, "bool", "expression `approved && amount > 1.0`"},
		{`approved`, "bool", `variable "approved" has no value`},
		{`data.name`, "bool", `want bool, got string "x"`},
		{`data.n / 2.0 == 2.5 ? data.name : data.ok`, "int", `want int, got string "x"`},
		{`data.missing`, "int", `no such key: missing`},
		{`timestamp(count * 1000000000000)`, "timestamp", `timestamp overflow`},
		{`data.name + 1`, "int", `convert them first`},
		{`count / (count - 3)`, "int", `(line 1, column 7): division by zero`},
		{`numbers[count + 4]`, "int", `index out of bounds: 7`},
		{`rates["GBP"]`, "double", `no such key: GBP`},
		{`data.list`, "list(bool)", `[0]: want bool, got double 1`},
		{`9223372036854775807 + count`, "int", `integer overflow`},
		{`Applicant{name: "x", income: data.name, address: applicant.address}`, "Applicant", `income: want double, got string "x"`},
		{`{region: 1, "EU": 2}`, "map(string, int)", `the key string "EU" twice`},
	} {
		_, err := mustCompile(t, env, c.src, c.want).Eval(data)
		var failed *EvalError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, want an EvalError with %q", c.src, err, c.err)
		}
	}
	if _, err := mustCompile(t, env, `approved`, "bool").Bool(data); !errors.Is(err, ErrAbsent) {
		t.Errorf("absent variable: %v, want ErrAbsent", err)
	}
	if _, err := mustCompile(t, env, `data.name`, "bool").Bool(data); err == nil || !strings.Contains(err.Error(), `want a bool, got string "x"`) {
		t.Errorf("guard that is a string: %v", err)
	}
}

// A loop over variables has no bound before the run, so it runs under the limit.
func TestCostAtRunTime(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	p := mustCompile(t, env, `numbers.all(a, numbers.all(b, numbers.exists(c, a + b + c > 5)))`, "bool")
	if !p.Limited() {
		t.Fatal("a loop over a variable is taken to be bounded")
	}
	many := make([]int, 200)
	data[10] = mustValue(t, "list(int)", many)
	if _, err := p.Bool(data); !errors.Is(err, ErrCost) && err != nil {
		t.Fatalf("error %v", err)
	}
	p = mustCompile(t, env, `numbers.all(a, numbers.all(b, numbers.all(c, a + b + c == 0)))`, "bool")
	if _, err := p.Bool(data); !errors.Is(err, ErrCost) {
		t.Fatalf("8,000,000 rounds: error %v, want ErrCost", err)
	}
	if mustCompile(t, env, `amount > 1000.0 && region in ["EU", "US"]`, "bool").Limited() {
		t.Error("a simple guard runs under the limit")
	}
}

func TestReads(t *testing.T) {
	env := loanEnv(t)
	for src, want := range map[string]string{
		`amount > 1000.0 && region in ["EU"]`:       "[0 2]",
		`region == "x" || amount > count`:           "[0 1 2]",
		`amount + amount`:                           "[0]",
		`tags.exists(amount, amount == "x")`:        "[6]",
		`tags.exists(t, t == region)`:               "[2 6]",
		`applicant.address.city`:                    "[8]",
		`check.score > 1`:                           "[12]",
		`[1, 2].exists(x, x == .count)`:             "[1]",
		`true || amount > 1.0`:                      "[0]", // by the text
		`1 + 1`:                                     "[]",
		`has(applicant.name)`:                       "[8]",
		`tags.map(region, region) == [region]`:      "[2 6]",
		`numbers.map(n, numbers.map(m, n + count))`: "[1 10]",
	} {
		if got := fmt.Sprint(mustCompile(t, env, src, "").Reads()); got != want {
			t.Errorf("Reads of %s = %s, want %s", src, got, want)
		}
	}
}

func TestConst(t *testing.T) {
	env := loanEnv(t)
	for src, want := range map[string]string{
		`1 + 2 * 3`:                             "7",
		`duration("1h30m")`:                     "1h30m0s",
		`true || approved`:                      "true",
		`approved && false`:                     "false",
		`false ? amount : 2.0`:                  "2",
		`[3, 1].map(x, x * 2)`:                  "[6 2]",
		`"a" in ["a", "b"]`:                     "true",
		`{"k": 1}.k`:                            "1",
		`[1, 2, 3].exists(x, x > 2) || count>1`: "true",
		`timestamp("2026-01-31T00:00:00Z")`:     "2026-01-31 00:00:00 +0000 UTC",
		`Address{city: "a", zip: "b"}.city`:     "a",
	} {
		v, ok := mustCompile(t, env, src, "").Const()
		if !ok || fmt.Sprint(v.Go()) != want {
			t.Errorf("Const of %s = %v, %t; want %s", src, v.Go(), ok, want)
		}
	}
	for _, src := range []string{`amount > 1.0`, `true && approved`, `tags.exists(t, true)`} {
		if v, ok := mustCompile(t, env, src, "").Const(); ok {
			t.Errorf("%s is taken to be the constant %v", src, v)
		}
	}
}

func TestResultType(t *testing.T) {
	env := loanEnv(t)
	for src, want := range map[string]string{
		`amount`: "double", `tags`: "list(string)", `applicant`: "Applicant", `data`: "dyn", `data.x`: "dyn", `rates`: "map(string, double)",
		`due - due`: "duration", `[]`: "list(dyn)", `size(tags)`: "int", `{"a": tags}`: "map(string, list(string))",
	} {
		if got := mustCompile(t, env, src, "").ResultType().String(); got != want {
			t.Errorf("type of %s is %s, want %s", src, got, want)
		}
	}
}

func TestWith(t *testing.T) {
	env := loanEnv(t).With(Var{"result", mustType(t, "dyn"), 13}, Var{"amount", mustType(t, "string"), 14})
	data := append(loanData(t), mustValue(t, "dyn", map[string]any{"score": 5.0}), mustValue(t, "string", "hidden"))
	p := mustCompile(t, env, `amount + string(int(result.score)) + region`, "string")
	if v, err := p.Eval(data); err != nil || v.Go() != "hidden5EU" {
		t.Errorf("got %v, %v", v.Go(), err)
	}
	if got := fmt.Sprint(p.Reads()); got != "[2 13 14]" {
		t.Errorf("Reads = %s", got)
	}
	if _, issues := env.With(Var{"in", mustType(t, "dyn"), 1}).Compile("1", Type{}); issues == nil {
		t.Error("an extra variable with a reserved name compiles")
	}
}

// Errors that name no place of their own do not get one from an earlier failure.
func TestErrorsAreTheSameAgain(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	first, second := mustCompile(t, env, `data.name - 1`, "int"), mustCompile(t, env, `1.0 + 2.0 * amount > 1.0 && data.name - 1 > 0`, "bool")
	_, before := first.Eval(data)
	second.Eval(data)
	if _, after := first.Eval(data); before == nil || after == nil || before.Error() != after.Error() {
		t.Errorf("first %v, then %v", before, after)
	}
}

// One Program serves many goroutines.
func TestConcurrentEval(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	p := mustCompile(t, env, `tags.map(t, t + region)`, "list(string)")
	done := make(chan error)
	for range 4 {
		go func() {
			for range 200 {
				if v, err := p.Eval(data); err != nil || fmt.Sprint(v.Go()) != "[newEU vipEU]" {
					done <- fmt.Errorf("got %v, %v", v.Go(), err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestGuardDoesNotAllocate(t *testing.T) {
	env, data := loanEnv(t), loanData(t)
	for _, src := range []string{
		`amount > 1000 && region in ["EU", "US"]`,
		`applicant.income > 100.0 && !(region == "x")`,
		`due > timestamp("2026-01-01T00:00:00Z")`,
		`count == 3`,
	} {
		p := mustCompile(t, env, src, "bool")
		var vars Vars = data
		if n := testing.AllocsPerRun(200, func() {
			if ok, err := p.Bool(vars); err != nil || !ok {
				t.Fatalf("%s: %t, %v", src, ok, err)
			}
		}); n >= 1 {
			t.Errorf("%s: %v allocations", src, n)
		}
	}
}

func TestTimesAreUTC(t *testing.T) {
	v := mustValue(t, "timestamp", time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("x", 7200)))
	if got := v.Go().(time.Time); got.Location() != time.UTC || got.Hour() != 10 {
		t.Errorf("got %v", got)
	}
}
