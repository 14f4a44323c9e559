package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// tangle draws a process of bare gateways of every sort, tasks with boundary events, sub-processes with error and
// terminate ends, and jumps between all of them: sound or not, mostly not.
func tangle(t *rapid.T) string {
	var b strings.Builder
	b.WriteString("process: tangle\nvars: {v: {type: bool, default: false}, w: {type: bool, default: false}}\nsteps:\n")
	n := rapid.IntRange(2, 8).Draw(t, "steps")
	for i := range n {
		next := fmt.Sprintf("s%d", i+1)
		other := fmt.Sprintf("s%d", rapid.IntRange(1, n).Draw(t, "other"))
		between := ""
		if other == next { // two flows of a gateway to one step need a step between
			other = fmt.Sprintf("x%d", i)
			between = fmt.Sprintf("  - {user: %s, next: %s}\n", other, next)
		}
		switch rapid.SampledFrom([]string{
			"user", "user", "exclusive", "parallel", "doubled", "inclusive", "join", "some", "timer", "sub", "kill", "trap", "script",
		}).Draw(t, "kind") {
		case "exclusive":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: exclusive, flows: [{next: %s, when: v}, {next: %s, else: true}]}\n%s", i, next, other, between)
		case "parallel":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: parallel, flows: [{next: %s}, {next: %s}]}\n%s", i, next, other, between)
		case "doubled":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: parallel, flows: [{next: %s, id: f%d}, {next: %s, id: g%d}]}\n", i, next, i, next, i)
		case "inclusive":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: inclusive, flows: [{next: %s, when: v}, {next: %s, when: w}, {next: %s, else: true, id: d%d}]}\n%s", i, next, other, next, i, between)
		case "join":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: %s, next: %s}\n", i, rapid.SampledFrom([]string{"parallel", "inclusive"}).Draw(t, "join"), next)
		case "some":
			fmt.Fprintf(&b, "  - some: s%d\n    cases:\n      - {when: v, do: [{user: a%d}]}\n      - {when: w, do: [{user: b%d}]}\n      - else: []\n", i, i, i)
		case "timer":
			fmt.Fprintf(&b, "  - user: s%d\n    boundary:\n      - {timer: t%d, after: P1D, next: %s}\n    next: %s\n%s", i, i, other, next, between)
		case "sub":
			fmt.Fprintf(&b, "  - subprocess: s%d\n    do:\n      - parallel: p%d\n        branches:\n          - user: a%d\n          - do: [{choose: c%d, cases: [{when: v, do: [{end: e%d, error: bad}]}, {else: [{service: b%d}]}]}]\n", i, i, i, i, i, i)
			fmt.Fprintf(&b, "    boundary:\n      - {error: f%d, next: %s}\n      - {timer: t%d, after: P1D, next: %s}\n    next: %s\n%s", i, other, i, next, next, between)
		case "kill":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: exclusive, flows: [{next: k%d, when: v}, {next: %s, else: true}]}\n  - {end: k%d, terminate: true}\n", i, i, next, i)
		case "trap":
			fmt.Fprintf(&b, "  - {gateway: s%d, kind: exclusive, flows: [{next: t%d, when: v}, {next: %s, else: true}]}\n  - {user: t%d, next: u%d}\n  - {user: u%d, next: t%d}\n", i, i, next, i, i, i, i)
		case "script":
			fmt.Fprintf(&b, "  - {script: s%d, set: {v: true}, next: %s}\n", i, next)
		default:
			fmt.Fprintf(&b, "  - {user: s%d, next: %s}\n", i, next)
		}
	}
	fmt.Fprintf(&b, "  - {end: s%d}\n", n)
	return b.String()
}

// judged is the verification of a process of which no more than some states are explored as they are.
func judged(p *Process, small int) *verifier {
	v := &verifier{p: p, prog: p.program, net: p.program.Net, findings: findings{source: p.source}, small: small}
	v.throwers()
	v.judge(petri.Options{Possible: v.possible})
	return v
}

// claims are the findings of the net as code and node; runs and hints aside.
func claims(v *verifier) map[string]bool {
	set := map[string]bool{}
	for _, f := range v.list {
		if strings.HasPrefix(f.Code, "sound/") {
			set[f.Code+" "+f.Node] = true
		}
	}
	return set
}

// A verdict by structure is the one by states.
func TestStructureAgreesWithStates(t *testing.T) {
	seen := map[string]int{}
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	prop := func(t *rapid.T) {
		src := tangle(t)
		if rapid.IntRange(0, 5).Draw(t, "blocks") == 0 {
			src = randschema.Make(intn(t), randschema.Config{Depth: 2})
		}
		p := compiled(t, src)
		if p == nil {
			t.Skip("refused for its structure")
		}
		full := judged(p, 1<<14)
		if full.fired != nil {
			t.Skip("too large")
		}
		want, got := claims(full), claims(judged(p, 1))
		sort := func(set map[string]bool) string {
			sorts := map[string]bool{}
			for c := range set {
				code, _, _ := strings.Cut(c, " ")
				sorts[code] = true
			}
			return strings.Join(slices.Sorted(maps.Keys(sorts)), ", ")
		}
		switch w := sort(want); {
		case w == "" || w == "sound/dead":
			if !maps.Equal(want, got) {
				t.Fatalf("got %v, want %v\n%s", got, want, src)
			}
		case w == "sound/lost" || w == "sound/livelock":
			if sort(got) != w {
				t.Fatalf("got %v, want %v\n%s", got, want, src)
			}
		default: // the first of several is enough, and an unsafe net may get stuck as well
			if len(got) == 0 || !strings.Contains(w, "unsafe") && !strings.Contains(w, sort(got)) {
				t.Fatalf("got %v, want some of %v\n%s", got, want, src)
			}
		}
		seen[sort(want)]++
		toldAsItIs(t, p, want, src, seen)
	}
	for range rounds - 1 {
		rapid.Check(t, prop)
	}
	randtest.Check(t, randtest.Keys(seen, "", "sound/unsafe", "sound/deadlock", "sound/lost", "sound/livelock", "told sound/unsafe", "told sound/deadlock", "told sound/livelock"), prop)
	t.Log(seen)
}

// toldAsItIs checks that what a reduced space shows is told as a run that exists and ends so.
func toldAsItIs(t *rapid.T, p *Process, want map[string]bool, src string, seen map[string]int) {
	v := &verifier{p: p, prog: p.program, net: p.program.Net, findings: findings{source: p.source}}
	v.throwers()
	net, of := v.closed()
	red := v.reduce(net, of, nil)
	v.told(red, red.Net.Explore(red.Initial, petri.Options{}))
	for c := range claims(v) {
		code, _, _ := strings.Cut(c, " ")
		seen["told "+code]++
		if !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(w string) bool { return strings.HasPrefix(w, code) }) &&
			!strings.Contains(fmt.Sprint(want), "unsafe") {
			t.Fatalf("told %v, but there is only %v\n%s", v.list, want, src)
		}
	}
}
