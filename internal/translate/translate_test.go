package translate

import (
	"errors"
	"strings"
	"testing"

	"github.com/replank/replank/internal/expr"
)

// What is translated, and into what.
func TestTranslate(t *testing.T) {
	for _, c := range []struct {
		from     Language
		src, cel string
		reason   string // of the refusal, or a part of it
	}{
		{JUEL, `${approved}`, `approved`, ``},
		{JUEL, ` #{ amount gt 1000 and not approved } `, `amount > 1000 && !approved`, ``},
		{JUEL, `${choice eq 'Yes' || choice == "it's"}`, `choice == "Yes" || choice == "it's"`, ``},
		{JUEL, `${a && (b or c)}`, `a && (b || c)`, ``},
		{JUEL, `${order.lines[0]['unit price'] * 2 >= 7.5}`, `order.lines[0]["unit price"] * 2 >= 7.5`, ``},
		{JUEL, `${x / 2 == 1}`, `double(x) / 2.0 == 1.0`, ``},
		{JUEL, `${x * 1.5}`, `double(x) * 1.5`, ``},
		{JUEL, `${-x mod 3 == -1}`, `-x % 3 == -1`, ``},
		{JUEL, `${!empty l}`, `!(dyn(l) == null || dyn(l) == "" || dyn(l) == [] || dyn(l) == {})`, ``},
		{JUEL, `${a == null ? 'none' : a}`, `a == null ? "none" : a`, ``},
		{JUEL, `${decision.equals("yes") && names.size() > 1}`, `decision == "yes" && size(names) > 1`, ``},
		{JUEL, `${execution.getVariable("amount") > 3}`, `amount > 3`, ``},
		{JUEL, `${ok ? a : fallback}`, `ok ? a : fallback`, ``},
		{JUEL, `order-${id}`, `"order-" + id`, ``},
		{JUEL, `approved`, `"approved"`, ``},
		{JUEL, `${order.in}`, `order["in"]`, ``},
		{JUEL, `${bean.check(amount)}`, ``, `check() is a method of a Java object`},
		{JUEL, `${fn:length(x) > 1}`, ``, `there is no function fn:length()`},
		{JUEL, `${a ? b : c(1)}`, ``, `there is no function c()`},
		{JUEL, `${"1" == 1}`, ``, `1 is an integer and used as a text`},
		{JUEL, `${x == 'a' && x > 3}`, ``, `3 is an integer and used as a text`},
		{JUEL, `${'a' + x}`, ``, `is a text and used as a number`},
		{JUEL, `${a + null}`, ``, `null stands where a number is wanted`},
		{JUEL, `${a.length() > 3}`, ``, `UTF-16`},
		{JUEL, `${a[i]}`, ``, `the index is no literal`},
		{JUEL, `${class > 1 ; 2}`, ``, `the end of the expression is wanted`},
		{JUEL, `${x > }`, ``, `a value is wanted, not the end`},
		{JUEL, `${x`, ``, `does not end with }`},
		{JUEL, `${in > 1}`, ``, `"in" cannot name a variable`},
		{JUEL, `${9223372036854775808}`, ``, `does not fit 64 bits`},

		{FEEL, `=x = 1 and y >= 2 or z != "a = b and c"`, `x == 1 && y >= 2 || z != "a = b and c"`, ``},
		{FEEL, `= not(approved)`, `!approved`, ``},
		{FEEL, `if a > 1 then "big" else "small"`, `a > 1 ? "big" : "small"`, ``},
		{FEEL, `if a = null then "none" else null`, `a == null ? dyn("none") : null`, ``},
		{FEEL, `amount between 1 and 10`, `1 <= amount && amount <= 10`, ``},
		{FEEL, `amount in (1..10]`, `1 < amount && amount <= 10`, ``},
		{FEEL, `country in ("AT", "DE")`, `country == "AT" || country == "DE"`, ``},
		{FEEL, `n in (< 3, [5..7])`, `n < 3 || 5 <= n && n <= 7`, ``},
		{FEEL, `country in ["AT", "DE"]`, `country in ["AT", "DE"]`, ``},
		{FEEL, `lines[1].price + 2 > 3`, `lines[0].price + 2 > 3`, ``},
		{FEEL, `lines[-1] = 2`, `lines[size(lines) - 1] == 2`, ``},
		{FEEL, `some r in risks satisfies r = "red"`, `risks.exists(r, r == "red")`, ``},
		{FEEL, `every a in as1, b in bs satisfies a < b`, `as1.all(a, bs.all(b, a < b))`, ``},
		{FEEL, `for l in lines return l.price * 2`, `lines.map(l, l.price * 2)`, ``},
		{FEEL, `{"name": applicant.name, age: 3}`, `{"name": applicant.name, "age": 3}`, ``},
		{FEEL, `count(items) > 0 and starts with(name, "A") // all`, `size(items) > 0 && name.startsWith("A")`, ``},
		{FEEL, `"Hi " + name + "!"`, `"Hi " + name + "!"`, ``},
		{FEEL, `get or else(x, 3) > 2`, `(x == null ? dyn(3) : x) > 2`, ``},
		{FEEL, `list contains(risks, "red")`, `"red" in risks`, ``},
		{FEEL, `Vacation Approval = "Approved"`, ``, `begins a name with spaces`},
		{FEEL, `a / 2 > 1`, ``, `decimals`},
		{FEEL, `price * 1.1`, ``, `is a double and used as an integer`},
		{FEEL, `a + b`, ``, `adds numbers or joins texts`},
		{FEEL, `lines[item > 1]`, ``, `only a literal index`},
		{FEEL, `lines[0]`, ``, `count from 1`},
		{FEEL, `now() > 1`, ``, `no clock`},
		{FEEL, `(a or b) = null`, ``, `null is compared with something that is no variable`},
		{FEEL, `{a: 1, b: a}`, ``, `another entry of the same context`},
		{FEEL, `date and time(x)`, ``, `dates`},
		{FEEL, `a in b`, ``, `nothing says whether b is a list or a value`},
		{FEEL, `= `, ``, `a value is wanted`},

		{Plain, `  amount >  3 `, `amount >  3`, ``},
		{Plain, `items.exists(i, i.price > 3)`, `items.exists(i, i.price > 3)`, ``},
		{Plain, `choice == 'Yes' and not done`, `choice == "Yes" && !done`, ``},
		{Plain, `isViking == True`, `isViking == true`, ``},
		{Plain, `return x == "First";`, `x == "First"`, ``},
		{Plain, `return !a.equals("Reject") || kcontext.getVariable("b") > 1;`, `!(a == "Reject") || b > 1`, ``},
		{Plain, `x = 3`, `x == 3`, ``},
		{Plain, `eval(true);`, `true`, ``},
		{Plain, `not(a) and true()`, `!a && true`, ``},
		{Plain, `not (a) == b`, ``, `nothing says whether not`},
		{Plain, `bpmn2:getVariable("x")//@value = 'a'`, ``, `the end of the expression is wanted`},
		{Plain, `return x; return y;`, ``, `the end of the expression is wanted`},
		{Plain, `request.isValid()`, `request.isValid()`, ``}, // CEL by its looks: whoever compiles it says that there is no such function
		{CEL, ` a ? b : c `, `a ? b : c`, ``},
		{CEL, `a and b`, ``, `mismatched input`},
	} {
		got, err := Translate(c.src, c.from)
		refused := c.reason != ""
		switch {
		case !refused && err != nil:
			t.Errorf("%v %s: %v", c.from, c.src, err)
		case !refused && got.CEL != c.cel:
			t.Errorf("%v %s = %s, want %s", c.from, c.src, got.CEL, c.cel)
		case refused && err == nil:
			t.Errorf("%v %s = %s, want a refusal", c.from, c.src, got.CEL)
		case refused && !strings.Contains(err.Error(), c.reason):
			t.Errorf("%v %s: %v, want %q", c.from, c.src, err, c.reason)
		}
	}
}

// The variables of an expression come with the types that it asks for.
func TestVars(t *testing.T) {
	e, err := Translate(`${a.b == 'x' && c + 1 > d && (e or f == g) && h[0] == i && j / k > 1}`, JUEL)
	if err != nil {
		t.Fatal(err)
	}
	want := []Var{{"a", Map}, {"c", Int}, {"d", Number}, {"e", Bool}, {"f", Any}, {"g", Any}, {"h", List}, {"i", Any}, {"j", Number}, {"k", Number}}
	if len(e.Vars) != len(want) || e.Type != Bool {
		t.Fatalf("%v, %v", e.Vars, e.Type)
	}
	for i, v := range e.Vars {
		if v != want[i] {
			t.Errorf("%v, want %v", v, want[i])
		}
	}
}

// What surrounds an expression, and what a file says about it, tells its language.
func TestDetect(t *testing.T) {
	for _, c := range []struct {
		src, named string
		want       Language
	}{
		{`${x}`, ``, JUEL},
		{`#{x}`, `http://www.w3.org/1999/XPath`, JUEL},
		{`x`, `juel`, JUEL},
		{`= x`, ``, FEEL},
		{`x`, `https://www.omg.org/spec/DMN/20191111/FEEL/`, FEEL},
		{`== 1`, ``, Plain},
		{`x > 1`, `http://www.java.com/java`, Plain},
		{`x > 1`, `CEL`, CEL},
	} {
		if got := Detect(c.src, c.named); got != c.want {
			t.Errorf("Detect(%s, %s) = %v, want %v", c.src, c.named, got, c.want)
		}
	}
}

// Whatever the text, it becomes CEL that parses and uses no variables but those told, or is refused at a place within it.
func FuzzTranslate(f *testing.F) {
	for _, src := range []string{
		`${a.b == 'x' && (c + 1 > d or !empty e)}`, `x-${a ? b : c['d']}-#{e[0] / 2}`, `= if a then b[-1] else {c: d}`,
		`some x in [1, a] satisfies x in (1..2]`, `get or else(a, "b") = "\u0041"`, `return a.equals("b");`, `a and not b == True`,
		`((((((((((a))))))))))`, `a between b and c`, `${-(-1)}`,
	} {
		for lang := range uint8(4) {
			f.Add(src, lang)
		}
	}
	f.Fuzz(func(t *testing.T, src string, lang uint8) {
		e, err := Translate(src, Language(lang%4))
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || refused.Reason == "" || refused.Offset < 0 || refused.Offset > len(src) {
				t.Fatalf("%#v", err)
			}
			return
		}
		names, err := expr.Names(e.CEL)
		if err != nil {
			t.Fatalf("%s is no CEL: %v", e.CEL, err)
		}
		told := map[string]bool{}
		for _, v := range e.Vars {
			told[v.Name] = true
		}
		for _, name := range names {
			if !told[name] {
				t.Fatalf("%s uses %s, told are %v", e.CEL, name, e.Vars)
			}
		}
		again, err := Translate(e.CEL, CEL)
		if err != nil || again.CEL != strings.TrimSpace(e.CEL) {
			t.Fatalf("%s as CEL: %v, %v", e.CEL, again, err)
		}
	})
}
