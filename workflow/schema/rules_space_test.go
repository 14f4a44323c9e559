package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// ruled are the findings about rules and atomicity of a verification, without runs.
func ruled(v *verifier) []string {
	set := map[string]bool{}
	for _, f := range v.list {
		if strings.HasPrefix(f.Code, "rule/") || strings.HasPrefix(f.Code, "atomic/") {
			set[fmt.Sprintf("%s %s %s %d", f.Code, f.Severity, f.Node, f.Pos.Line)] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// What rules, one by one and refusing together, and atomicity are found to be on nets that are reduced but for what tells
// them something is what they are found to be in the whole space; and the runs of such nets can be told, but for a few.
func TestRulesByStructureAgreeWithStates(t *testing.T) {
	seen := map[string]int{}
	missing := func() string {
		if seen["untold"]*20 > seen["told"] {
			return fmt.Sprintf("%d runs of %d are not told", seen["untold"], seen["told"])
		}
		return randtest.Keys(seen, "rule/violated", "rule/never", "rule/strands", "atomic/order", "fewer", "none")()
	}
	randtest.Check(t, missing, func(t *rapid.T) {
		src := randschema.Make(intn(t), randschema.Config{Depth: 2})
		p := compiled(t, src)
		var steps []string
		for i := range p.program.Nodes {
			if n := &p.program.Nodes[i]; n.Start >= 0 || n.Complete >= 0 || n.Occur >= 0 {
				steps = append(steps, n.ID)
			}
		}
		if len(steps) < 2 {
			t.Skip("nothing to tell apart")
		}
		src += "rules:\n"
		for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
			a := rapid.IntRange(0, len(steps)-2).Draw(t, "a")
			b := rapid.IntRange(a+1, len(steps)-1).Draw(t, "b")
			text := rapid.SampledFrom([]string{
				"declare: " + fmt.Sprintf("%q", declared(t, steps[a], steps[b])),
				fmt.Sprintf("ltlf: %q", fmt.Sprintf("G(%s.completed -> F %s.completed)", steps[a], steps[b])),
				fmt.Sprintf("ltlf: %q", fmt.Sprintf("!%s.completed U %s.completed | F %s.completed", steps[b], steps[a], steps[b])),
			}).Draw(t, "text")
			src += fmt.Sprintf("  - {rule: r%d, %s%s}\n", i, text, rapid.SampledFrom([]string{"", ", on: flag", ", on: refuse"}).Draw(t, "on"))
		}
		if p = compiled(t, src); p == nil {
			t.Fatalf("refused:\n%s", src)
		}
		for i := range p.program.Nodes {
			if n := &p.program.Nodes[i]; n.Kind == program.ServiceTask {
				n.Retry.Never = rapid.Bool().Draw(t, "once")
			}
		}
		full, small := judged(p, 1<<12), judged(p, 1)
		if full.fired != nil || small.fired == nil {
			t.Skip("too large, or refused")
		}
		if want, got := ruled(full), ruled(small); !slices.Equal(want, got) {
			t.Fatalf("got\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), src)
		}
		count(p, small, seen)
	})
	t.Log(seen)
}

func count(p *Process, v *verifier, seen map[string]int) {
	for _, f := range v.list {
		seen[f.Code]++
		if f.Trace != nil {
			seen["told"]++
		} else if f.Code == "rule/violated" || f.Code == "rule/strands" || f.Code == "atomic/order" {
			seen["untold"]++
		}
	}
	if len(ruled(v)) == 0 {
		seen["none"]++
	}
	if runs := v.ruleRuns(petri.Options{Possible: v.possible}); len(p.program.Rules) > 0 {
		if x := runs.read(false, &p.program.Rules[0]); x.tell != nil && x.space.Len() < v.net.Explore(v.prog.Initial, petri.Options{Possible: v.possible}).Len() {
			seen["fewer"]++
		}
	}
}

// paidGrid is ten branches of ten tasks, behind a service.
func paidGrid(rules string) string {
	var b strings.Builder
	b.WriteString("process: grid\nsteps:\n  - {service: pay, compensation: impossible}\n  - parallel: p\n    branches:\n")
	for i := range 10 {
		b.WriteString("      - do:\n")
		for k := range 10 {
			fmt.Fprintf(&b, "          - {user: t%d-%d}\n", i, k)
		}
	}
	return b.String() + rules
}

// Rules and atomicity are judged where the whole space could never be looked at.
func TestRulesOfLargeProcesses(t *testing.T) {
	for _, c := range []struct{ more, want string }{
		{"rules: [{rule: r, declare: \"precedence(t0-0, t0-9)\"}]\n", ""},
		{"rules: [{rule: r, declare: \"response(t0-0, t1-9)\"}]\n", "rule/violated error"},
		{"rules: [{rule: r, declare: \"precedence(t0-0, t1-9)\", on: refuse}]\n", "rule/violated warning"},
		{"rules: [{rule: r, declare: \"not-co-existence(t0-3, t1-3)\", on: refuse}]\n", "rule/never error"},
		{"  - {choose: c, cases: [{when: 1 > 2, do: []}, {else: [{user: x}]}]}\nrules: [{rule: r, declare: existence(x)}]\n", ""},
		{"  - {service: book, retry: never}\n", "atomic/order error"},
		{"rules: [{rule: r, ltlf: \"G(t0-0 -> F X t1-0) | F X t5-5\"}]\n", "rule/unverified warning, unverified"},
		{"rules: [{rule: r, declare: \"chain-response(t0-0, t1-0)\", on: flag}]\n", "rule/unverified warning"},
		{"rules: [{rule: r, declare: \"chain-precedence(t0-0, t1-0)\", on: refuse}]\n", "rule/unverified warning, unverified"},
	} {
		report := verify(compiled(t, paidGrid(c.more)), Budget{States: 1 << 15})
		var got []string
		for _, f := range report.Findings {
			got = append(got, f.Code+" "+f.Severity.String())
		}
		if report.Unverified {
			got = append(got, "unverified")
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s%q, want %q", c.more, text, c.want)
		}
	}
}
