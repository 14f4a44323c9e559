package schema

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// TestRulesAgreeWithRuns holds the findings on random rules of random schemas against what their runs do, one after the
// other, with neither a state space nor a product.
func TestRulesAgreeWithRuns(t *testing.T) {
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "rule/violated error", "rule/violated warning", "rule/never error", "rule/strands error", "none"), func(t *rapid.T) {
		src := randschema.Make(intn(t), randschema.Config{})
		p, err := Parse("test.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for i := range p.program.Nodes {
			if n := &p.program.Nodes[i]; n.Start >= 0 || n.Complete >= 0 || n.Occur >= 0 {
				steps = append(steps, n.ID)
			}
		}
		if len(steps) < 2 || len(p.program.Loops) > 0 {
			return // runs without end
		}
		for range 6 {
			checkRule(t, src, steps, seen)
		}
	})
	t.Log(seen)
}

// checkRule holds the findings on one random rule against the runs.
func checkRule(t *rapid.T, src string, steps []string, seen map[string]int) {
	a := rapid.IntRange(0, len(steps)-2).Draw(t, "a")
	b := rapid.IntRange(a+1, len(steps)-1).Draw(t, "b")
	on := rapid.SampledFrom([]string{onRefuse, onFlag, ""}).Draw(t, "on")
	src += fmt.Sprintf("rules:\n  - {rule: r, %s%s}\n", ruling(t, steps[a], steps[b]), map[string]string{"": "", onFlag: ", on: flag", onRefuse: ", on: refuse"}[on])
	codes := map[string]bool{}
	q, err := Parse("test.yaml", []byte(src))
	var wrong *Error
	switch {
	case errors.As(err, &wrong):
		for _, f := range wrong.Findings {
			codes[f.Code+" "+f.Severity.String()] = true
		}
		q = compiled(t, src)
	case err != nil:
		t.Fatal(err)
	default:
		for _, f := range q.report.Findings {
			codes[f.Code+" "+f.Severity.String()] = true
		}
	}
	var told []Finding
	if wrong != nil {
		told = wrong.Findings
	} else {
		told = q.report.Findings
	}
	for _, f := range told {
		if (f.Code == "rule/violated" || f.Code == "rule/never") && !violates(q.program, f.Trace) {
			t.Fatalf("%s: the run %v does not violate the rule\n%s", f.Code, f.Trace, src)
		}
	}
	x := runner{p: q.program, v: &verifier{p: q, prog: q.program, net: q.program.Net, findings: findings{source: q.source}}, left: 5_000}
	x.v.throwers()
	want := x.expect(on)
	if x.left <= 0 {
		return
	}
	for _, code := range []string{"rule/violated error", "rule/violated warning", "rule/never error", "rule/strands error"} {
		if codes[code] != want[code] {
			t.Fatalf("%s: %v, but the runs say %v\n%s\n%v", code, codes[code], want[code], src, err)
		}
		if want[code] {
			seen[code]++
		}
	}
	if len(want) == 0 {
		seen["none"]++
	}
}

// violates reports whether a run as a finding tells it violates the first rule: for good, or if it ends there.
func violates(p *program.Program, trace []string) bool {
	a := p.Rules[0].Automaton
	state, begun := uint16(0), map[string]bool{}
	read := func(id string, phase ltlf.Phase) { state = a.Next(state, a.Letter(id, phase)) }
	for _, entry := range trace {
		id, only := strings.CutSuffix(entry, " started")
		n, is := p.ByID[id]
		switch x := p.Nodes[max(n, 0)]; {
		case !is || strings.HasSuffix(id, joinSuffix): // a flow
		case only:
			begun[id] = true
			read(id, ltlf.Started)
		case x.Start >= 0 && !begun[id]:
			read(id, ltlf.Started)
			read(id, ltlf.Completed)
		case x.Start >= 0 || x.Complete >= 0 || x.Occur >= 0:
			begun[id] = false
			read(id, ltlf.Completed)
		}
	}
	return !a.Accepts(state)
}

// ruling is a template, or a formula that hears every letter.
func ruling(t *rapid.T, a, b string) string {
	if rapid.IntRange(0, 3).Draw(t, "ltlf") > 0 {
		return fmt.Sprintf("declare: %q", declared(t, a, b))
	}
	text := rapid.SampledFrom([]string{"X !%s | F %s", "G(%s -> X %s)", "!(F (%s & X X %s))", "X X !%s & X !%s"}).Draw(t, "formula")
	return fmt.Sprintf("ltlf: %q", fmt.Sprintf(text, a, b))
}

func declared(t *rapid.T, a, b string) string {
	name := rapid.SampledFrom(ltlf.Templates()).Draw(t, "template")
	if rapid.Bool().Draw(t, "swap") {
		a, b = b, a
	}
	for _, text := range []string{"%s(%s, %s)", "%s(%s)", "%s(%s, 1)"} {
		args := []any{name, a, b}
		text = fmt.Sprintf(text, args[:strings.Count(text, "%")]...)
		if _, err := ltlf.Declare(text); err == nil {
			return text
		}
	}
	t.Fatalf("no way to write %s", name)
	return ""
}

// runner goes through all runs of a program.
type runner struct {
	p    *program.Program
	v    *verifier
	left int // steps until it gives up
}

// expect tells which findings the runs call for.
func (x *runner) expect(on string) map[string]bool {
	want := map[string]bool{}
	free := x.runs(x.p.Initial, 0, false)
	switch {
	case !free.satisfied:
		want["rule/never error"] = true
		return want
	case on == "" && (free.violated || free.owing):
		want["rule/violated error"] = true
	case on == onFlag && (free.violated || free.owing), on == onRefuse && free.violated:
		want["rule/violated warning"] = true
	}
	if on == onRefuse {
		refusing := x.runs(x.p.Initial, 0, true)
		if refusing.owing {
			want["rule/violated error"] = true
		}
		if refusing.stranded {
			want["rule/strands error"] = true
		}
	}
	return want
}

// outcome is what some of the runs from a marking on do.
type outcome struct{ ends, satisfied, owing, violated, stranded bool }

func (x *runner) runs(m petri.Marking, state uint16, refusing bool) outcome {
	r := &x.p.Rules[0]
	out := outcome{violated: r.Automaton.Verdict(state) == ltlf.Violated}
	if m.Empty() {
		out.ends, out.satisfied, out.owing = true, r.Automaton.Accepts(state), !r.Automaton.Accepts(state)
		return out
	}
	for _, t := range x.moves(m) {
		if x.left--; x.left <= 0 {
			return out
		}
		to := state
		if a := x.p.Acts[t]; a.Phase != 0 {
			to = r.Next(state, a.Node, a.Phase)
			if refusing && r.Automaton.Verdict(to) == ltlf.Violated && !out.violated {
				continue
			}
		}
		after := m.Clone()
		x.p.Net.Fire(after, t)
		o := x.runs(after, to, refusing)
		out.ends = out.ends || o.ends
		out.satisfied = out.satisfied || o.satisfied
		out.owing = out.owing || o.owing
		out.violated = out.violated || o.violated
		out.stranded = out.stranded || o.stranded
	}
	out.stranded = out.stranded || !out.ends
	return out
}

// moves are the next silent transition with its alternatives, or else the letters.
func (x *runner) moves(m petri.Marking) []int {
	net := x.p.Net
	never := x.v.never()
	var out []int
	for t := range net.Len() {
		if !net.Enabled(m, t) {
			continue
		}
		if t < net.Silent() {
			for _, u := range net.Alternatives(m, int32(t), nil) {
				if never == nil || !never[u] {
					out = append(out, int(u))
				}
			}
			return out
		}
		if x.v.possible(m, t) {
			out = append(out, t)
		}
	}
	return out
}

// A budget that runs out is reported, and nothing is claimed about the rules.
func TestRulesBudget(t *testing.T) {
	p, err := Parse("wide.yaml", []byte(wide(5)+"rules:\n  - {rule: r, declare: \"chain-response(u0, u1)\", on: flag}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if found := p.Verify(Budget{}).Findings; len(found) != 1 || found[0].Code != "rule/violated" {
		t.Errorf("%v", found)
	}
	var codes []string
	for _, f := range p.Verify(Budget{States: 260}).Findings {
		codes = append(codes, f.Code)
	}
	if !slices.Contains(codes, "rule/unverified") || slices.Contains(codes, "rule/violated") {
		t.Errorf("with 260 states: %v", codes)
	}
}

// docs/rules.md names every template with an example that is one, and its example is accepted.
func TestRulesPage(t *testing.T) {
	file, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(file)
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)\\([^|]*\\|[^|]*\\| `([^`]+)` \\|$").FindAllStringSubmatch(page, -1) {
		c, err := ltlf.Declare(m[2])
		if err != nil || c.Template != m[1] || c.String() != m[2] {
			t.Errorf("the example %s of %s: %v", m[2], m[1], err)
		}
		named[m[1]] = true
	}
	for _, name := range ltlf.Templates() {
		if !named[name] {
			t.Errorf("%s has no line", name)
		}
	}
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if p, err := Parse("rules.md", []byte(m[1])); err != nil || len(p.Rules()) == 0 {
			t.Errorf("an example is refused: %v\n%s", err, m[1])
		}
	}
	for what, n := range map[string]int{"at most %d of them": MaxRules, "more than %d states": ltlf.MaxStates, "from 1 to %d": ltlf.MaxCount} {
		if text := fmt.Sprintf(what, n); !strings.Contains(page, text) {
			t.Errorf("the limit %q is not there", text)
		}
	}
}

// A question about the future is answered by the runs from there, and one that is too large is answered with no.
func TestFutureOfRules(t *testing.T) {
	parsed := func(src string) *Process {
		t.Helper()
		p, err := Parse("p.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := parsed("process: p\nsteps:\n  - user: a\n  - user: b\nrules:\n  - {rule: r, declare: \"chain-precedence(a, b)\"}\n")
	n, r := p.Needs(), &p.program.Rules[0]
	at := p.program.Initial
	if wrong := n.Rules(at, []uint16{0}, nil); wrong != "" {
		t.Errorf("at first: %s", wrong)
	}
	for i := range r.Automaton.States() {
		wrong := n.Rules(at, []uint16{uint16(i)}, nil)
		if violated := r.Automaton.Verdict(uint16(i)) == ltlf.Violated; violated != strings.Contains(wrong, `"r"`) {
			t.Errorf("in state %d: %q", i, wrong)
		}
	}
	if wrong := n.Rules(p.program.Net.NewMarking(1, 2, 3), []uint16{0}, nil); !strings.Contains(wrong, "not found") {
		t.Errorf("at a marking that is none: %q", wrong)
	}
	big := parsed(wide(10) + "  - user: b\nrules:\n  - {rule: r, ltlf: \"F(u0 & X F u1) | F(u2 & X F u3) | F b\"}\n")
	if wrong := big.Needs().Rules(big.program.Initial, []uint16{0}, nil); !strings.Contains(wrong, fmt.Sprint(maxFuture)) {
		t.Errorf("with ten tasks at once: %q", wrong)
	}
}

// An edit that renames a step renames it in the rules, and what one version and another say of rules is a difference.
func TestRulesAreEdited(t *testing.T) {
	const src = "process: p\nsteps:\n  - user: check\n  - user: pay\nrules:\n  - {rule: r, declare: \"precedence(check, pay)\"}\n  - {rule: s, ltlf: G(check -> F pay)}\n"
	p, err := Parse("p.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	q, err := Edit(p, Rename("check", "examine"))
	if err != nil {
		t.Fatal(err)
	}
	if r := q.Rules(); r[0].Declare != "precedence(examine, pay)" || r[1].LTLf != "G(examine -> F pay)" {
		t.Errorf("%+v", r)
	}
	if r := p.Rules(); r[0].Declare != "precedence(check, pay)" {
		t.Errorf("the process before the edit says %+v", r)
	}
	other, err := Edit(p, Rename("check", "F"))
	if err != nil || other.Rules()[1].LTLf != "G(F.completed -> F pay)" {
		t.Errorf("to a word of the language: %v", err)
	}
	if d := Compare(p, q); d.String() != "rename check to examine" {
		t.Errorf("the difference is\n%v", d)
	}
	back, err := Edit(p, Compare(p, q).Changes...)
	if err != nil || back.Digest() != q.Digest() {
		t.Errorf("what Compare finds makes\n%v\n%v", back, err)
	}
}

// What free guards did not settle for want of budget is not taken for settled where guards agree.
func TestStrandsBeyondBudgetOfFreeGuards(t *testing.T) {
	var b strings.Builder
	b.WriteString("process: p\nin: [g]\nvars: {g: bool, n: int}\nsteps:\n")
	b.WriteString("  - {choose: c, cases: [{when: g, do: [{user: w, out: [n]}]}, {else: []}]}\n")
	for i := range 14 {
		fmt.Fprintf(&b, "  - {choose: c%[1]d, cases: [{when: g, do: [{user: t%[1]d}]}, {else: [{user: e%[1]d}]}]}\n", i)
	}
	b.WriteString("  - {choose: d, cases: [{when: g, do: [{user: r, in: [n]}]}, {else: []}]}\n  - {user: y}\n  - {user: z}\n")
	b.WriteString("rules:\n  - {rule: r, declare: \"not-response(t0, z)\", on: refuse}\n")
	for i := range 13 {
		fmt.Fprintf(&b, "  - {rule: r%[1]d, declare: \"not-co-existence(t%[1]d, e%[1]d)\", on: refuse}\n", i)
	}
	report := verify(compiled(t, b.String()), Budget{States: 1 << 12})
	if !slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Code == "rule/strands" && f.Severity == Fatal }) {
		t.Errorf("unverified: %v, %v", report.Unverified, report.Findings)
	}
}
