package schema

import (
	"fmt"
	"strings"
	"testing"
)

// manyVars is a process of vars tasks that write a variable each, a block of two branches of forty tasks, plain tasks,
// and then a reader of each variable: too many states to look at as they are, and every variable lives long.
func manyVars(vars, tasks int) string {
	var b strings.Builder
	b.WriteString("process: p\nvars:\n")
	for i := range vars {
		fmt.Fprintf(&b, "  v%d: int\n", i)
	}
	b.WriteString("steps:\n")
	for i := range vars {
		fmt.Fprintf(&b, "  - {user: w%d, out: [v%d]}\n", i, i)
	}
	b.WriteString("  - parallel: both\n    branches:\n")
	for k := range 2 {
		b.WriteString("      - do:\n")
		for i := range 40 {
			fmt.Fprintf(&b, "          - user: b%d_%d\n", k, i)
		}
	}
	for i := range tasks {
		fmt.Fprintf(&b, "  - user: t%d\n", i)
	}
	for i := range vars {
		fmt.Fprintf(&b, "  - {user: r%d, in: [v%d]}\n", i, i)
	}
	return b.String()
}

// oneRow is a process of vars tasks that write, tasks that do not, and vars that read, all one after the other.
func oneRow(vars, tasks int) string {
	src := manyVars(vars, tasks)
	from, to := strings.Index(src, "  - parallel"), strings.Index(src, "  - user: t0")
	return src[:from] + src[to:]
}

// manyChoices is a process of tasks and choices, one after the other, all by one variable.
func manyChoices(steps int) string {
	var b strings.Builder
	b.WriteString("process: p\nvars: {v: {type: bool, default: false}}\nsteps:\n")
	for i := 0; i < steps; i += 3 {
		fmt.Fprintf(&b, "  - user: a%d\n  - {choose: c%d, cases: [{when: v, do: [{user: x%d}]}, {else: [{user: y%d}]}]}\n  - user: z%d\n", i, i, i, i, i)
	}
	return b.String()
}

// manySubs is a process of subprocesses of one task, one after the other.
func manySubs(subs int) string {
	var b strings.Builder
	b.WriteString("process: p\nvars: {v: {type: int, default: 0}, w: {type: int, default: 0}}\nsteps:\n")
	for i := range subs {
		fmt.Fprintf(&b, "  - subprocess: s%d\n    do: [{user: u%d, in: [v], out: [w]}]\n", i, i)
	}
	return b.String()
}

// BenchmarkVerifyLarge verifies shapes of which there is much of one sort.
func BenchmarkVerifyLarge(b *testing.B) {
	for _, shape := range []struct{ name, src string }{
		{"100 variables, 580 tasks", manyVars(100, 300)},
		{"200 variables, 980 tasks", manyVars(200, 500)},
		{"300 variables, 980 tasks", manyVars(300, 300)},
		{"300 variables in a row of 2600", oneRow(300, 2000)},
		{"667 choices", manyChoices(2000)},
		{"1000 subprocesses", manySubs(1000)},
	} {
		b.Run(shape.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Parse("p.yaml", []byte(shape.src)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
