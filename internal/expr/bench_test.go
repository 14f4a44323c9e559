package expr

import "testing"

func BenchmarkBool(b *testing.B) {
	env, data := loanEnv(b), loanData(b)
	for name, src := range map[string]string{
		"compare": `amount > 1000.0`,
		"guard":   `amount > 1000 && region in ["EU", "US"]`,
		"record":  `applicant.address.city == "Linz"`,
		"time":    `due > timestamp("2026-01-01T00:00:00Z")`,
		"const":   `true || amount > 1.0`,
		"loop":    `tags.exists(t, t == "vip")`, // counted: its cost has no bound
	} {
		b.Run(name, func(b *testing.B) {
			p := mustCompile(b, env, src, "bool")
			var vars Vars = data
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := p.Bool(vars); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkEval(b *testing.B) {
	env, data := loanEnv(b), loanData(b)
	p := mustCompile(b, env, `amount * 1.2`, "double")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	env := loanEnv(b)
	b.ReportAllocs()
	for b.Loop() {
		mustCompile(b, env, `amount > 1000 && region in ["EU", "US"]`, "bool")
	}
}

func BenchmarkNewEnv(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		mustCompile(b, loanEnv(b), `amount > 1000.0`, "bool")
	}
}

func BenchmarkDecodeValue(b *testing.B) {
	code := loanData(b)[8].Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := DecodeValue(code); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromGo(b *testing.B) {
	typ := mustType(b, "Applicant")
	x := person{Name: "Ada", Income: 5000, Address: &address{place{"Linz", 4020}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FromGo(typ, x); err != nil {
			b.Fatal(err)
		}
	}
}
