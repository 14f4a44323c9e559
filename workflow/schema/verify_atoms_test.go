package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randtest"
)

// decisive draws a process whose gateways ask one of two truths, in several spellings, that its tasks may change.
func decisive(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("process: decisive\nvars: {a: {type: bool, default: false}, b: {type: bool, default: false}}\nsteps:\n")
	n := rapid.IntRange(3, 9).Draw(t, "steps")
	for i := range n {
		next, other := fmt.Sprintf("s%d", i+1), fmt.Sprintf("s%d", rapid.IntRange(i+1, n).Draw(t, "other"))
		guard := rapid.SampledFrom([]string{"a", "!a", "!(a)", "a == true", "!(a == true)", "b", "!b"}).Draw(t, "guard")
		between := ""
		if other == next { // two flows of a gateway to one step need a step between
			other = fmt.Sprintf("x%d", i)
			between = fmt.Sprintf("  - {user: %s, next: %s}\n", other, next)
		}
		switch rapid.SampledFrom([]string{"write", "user", "exclusive", "exclusive", "exclusive", "inclusive", "fork", "join", "join"}).Draw(t, "kind") {
		case "write":
			fmt.Fprintf(&b, "  - {user: s%d, out: [%s], next: %s}\n", i, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "writes"), next)
		case "user":
			fmt.Fprintf(&b, "  - {user: s%d, next: %s}\n", i, next)
		case "exclusive":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: exclusive, flows: [{next: %s, when: %q}, {next: %s, else: true}]}\n%s", i, next, guard, other, between)
		case "inclusive":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: inclusive, flows: [{next: %s, when: %q}, {next: %s, when: b}, {next: %s, else: true, id: other%d}]}\n%s", i, next, guard, other, other, i, between)
		case "fork":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: parallel, flows: [{next: %s}, {next: %s}]}\n%s", i, next, other, between)
		default:
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: parallel, next: %s}\n", i, next)
		}
	}
	fmt.Fprintf(&b, "  - {end: s%d}\n", n)
	return b.String()
}

// truths are the values of the variables of a decisive process.
type truths [2]bool

// holds reports whether a flow may be taken: guards are a truth or its negation.
func (v truths) holds(f *program.Flow) bool {
	if f.Guard == nil {
		return true
	}
	g := strings.NewReplacer("(", "", ")", "", " == true", "", " ", "").Replace(f.Guard.Source())
	value := v[strings.Trim(g, "!")[0]-'a']
	return value != strings.HasPrefix(g, "!")
}

// fails searches the runs of a decisive process with its data: does one mark a place twice, or get stuck?
func fails(p *program.Program) (unsafe, stuck bool) {
	type state struct {
		m string
		v truths
	}
	seen := map[state]bool{}
	var visit func(m petri.Marking, v truths)
	follow := func(m petri.Marking, t int, v truths) {
		after := m.Clone()
		if !p.Net.Fire(after, t) {
			unsafe = true
		}
		visit(after, v)
	}
	visit = func(m petri.Marking, v truths) {
		s := state{string(m.Bytes(nil)), v}
		if seen[s] {
			return
		}
		seen[s] = true
		f := p.Net.NewFrontier()
		p.Net.All(f)
		if t := p.Net.Next(m, f); t >= 0 {
			if a := p.Acts[t]; a.Decision >= 0 {
				follow(m, taken(p, m, t, v), v)
			} else {
				follow(m, t, v)
			}
			return
		}
		moved := false
		for t := p.Net.Silent(); t < p.Net.Len(); t++ {
			if !p.Net.Enabled(m, t) {
				continue
			}
			moved = true
			follow(m, t, v)
			if n := &p.Nodes[p.Acts[t].Node]; p.Acts[t].Phase == program.Complete && len(n.Writes) > 0 {
				v := v
				v[n.Writes[0]] = !v[n.Writes[0]]
				follow(m, t, v)
			}
		}
		stuck = stuck || !moved && !m.Empty()
	}
	for i := range 4 {
		visit(p.Initial.Clone(), truths{i&1 > 0, i&2 > 0})
	}
	return unsafe, stuck
}

// taken is the transition that the decision of t, which is enabled, takes.
func taken(p *program.Program, m petri.Marking, t int, v truths) int {
	d := &p.Decisions[p.Acts[t].Decision]
	if !d.Inclusive {
		for k := range d.Flows {
			if v.holds(&d.Flows[k]) {
				return int(d.Take[k])
			}
		}
	}
	for _, chain := range [][]int32{d.Chain, d.ChainSome} {
		for k := 0; k < len(chain); k += 2 {
			yes, no := chain[k], chain[k+1]
			if yes >= 0 && p.Net.Enabled(m, int(yes)) {
				if v.holds(&d.Flows[k/2]) {
					return int(yes)
				}
				return int(no)
			}
		}
	}
	return t
}

// With guards that ask one truth each, correlation is exact: a process is unsafe or gets stuck if and only if it does with
// some values of its variables.
func TestCorrelationAgreesWithData(t *testing.T) {
	seen := map[string]int{}
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	prop := func(t *rapid.T) {
		src := decisive(t)
		p := compiled(t, src)
		if p == nil {
			t.Skip("refused for its structure")
		}
		free, codes := judged(p, 0), map[string]bool{}
		for _, f := range verify(p, Budget{}).Findings {
			codes[f.Code] = true
		}
		if codes["sound/livelock"] {
			return
		}
		unsafe, stuck := fails(p.program)
		got, want := codes["sound/unsafe"] || codes["sound/deadlock"], unsafe || stuck
		if got != want {
			t.Fatalf("found %v, but unsafe %v, stuck %v\n%s", codes, unsafe, stuck, src)
		}
		seen[fmt.Sprintf("free %v, with data %v", refused(free.list), want)]++
	}
	for range rounds - 1 {
		rapid.Check(t, prop)
	}
	randtest.Check(t, randtest.Keys(seen, "free true, with data false", "free true, with data true", "free false, with data false"), prop)
	t.Log(seen)
}

// Where the budget is too small to make guards agree, the errors that free guards show stay, with a word that their runs may
// be none.
func TestGuardsBeyondBudget(t *testing.T) {
	var vars, first, second strings.Builder
	for i := range 9 {
		fmt.Fprintf(&vars, "  v%[1]d: bool\n  n%[1]d: int\n", i)
		fmt.Fprintf(&first, "  - {choose: c%[1]d, cases: [{when: v%[1]d, do: [{user: w%[1]d, out: [n%[1]d]}]}, {else: []}]}\n", i)
		fmt.Fprintf(&second, "  - {choose: d%[1]d, cases: [{when: v%[1]d, do: [{user: r%[1]d, in: [n%[1]d]}]}, {else: []}]}\n", i)
	}
	p := compiled(t, "process: p\nin: [v0, v1, v2, v3, v4, v5, v6, v7, v8]\nvars:\n"+vars.String()+"steps:\n"+first.String()+second.String())
	codes := func(states int) string {
		var list []string
		for _, f := range verify(p, Budget{States: states}).Findings {
			list = append(list, f.Code+" "+f.Severity.String())
		}
		return strings.Join(slices.Compact(list), ", ")
	}
	if got, want := codes(500), "sound/unverified warning, data/missing error"; got != want {
		t.Errorf("within 500 states: %s, want %s", got, want)
	}
	if got := codes(0); got != "" {
		t.Errorf("within the default: %s", got)
	}
}
