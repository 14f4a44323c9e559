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

// flows are the findings about data of a verification, without those that need the whole space, and without runs.
func flows(v *verifier) []string {
	set := map[string]bool{}
	for _, f := range v.list {
		if strings.HasPrefix(f.Code, "data/") && f.Code != "data/separate" && (f.Code != "data/race" || f.Severity == Fatal) {
			set[fmt.Sprint(f.Code, " ", f.Node, ": ", f.Message)] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// What is found one variable at a time, on reduced nets, is what is found in the whole space; and the run that shows a
// value to be missing can be told, but for a few.
func TestDataByVariableAgreesWithStates(t *testing.T) {
	seen := map[string]int{}
	missing := func() string {
		if seen["untold"]*50 > seen["data/missing"] {
			return fmt.Sprintf("%d of %d missing values are shown by no run", seen["untold"], seen["data/missing"])
		}
		return randtest.Keys(seen, "data/missing", "data/race", "data/lost", "data/redundant")()
	}
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	prop := func(t *rapid.T) {
		src := withoutDefaults(t, withoutDefaults(t, randschema.Make(intn(t), randschema.Config{Depth: 2, Locals: true})))
		p := compiled(t, src)
		if p == nil {
			t.Skip("an exchange made two flows or outputs the same")
		}
		full, small := judged(p, 1<<14), judged(p, 1)
		if full.fired != nil || small.fired == nil {
			t.Skip("too large, or refused")
		}
		want, got := flows(full), flows(small)
		if len(want) < maxData && !slices.Equal(want, got) {
			t.Fatalf("got\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), src)
		}
		for _, f := range small.list {
			if f.Code == "data/missing" && f.Trace == nil {
				seen["untold"]++
			}
			seen[f.Code]++
		}
	}
	for range rounds - 1 {
		rapid.Check(t, prop)
	}
	randtest.Check(t, missing, prop)
	t.Log(seen)
}

// What leaves a subprocess may come first only if something in it ended: that nothing there matters to a variable does not
// mean that it is over before the decisions that are taken at once.
func TestOrderIsKeptByEmptyAreas(t *testing.T) {
	p := compiled(t, `process: p
vars: {v: {type: int, default: 1}}
steps:
  - parallel: both
    branches:
      - do:
          - subprocess: sub
            do: [{service: s}]
          - {script: set, out: {v: 2}}
          - {user: b, in: [v]}
      - do:
          - choose: now
            cases: [{when: v > 1, do: [{user: a}]}, {else: []}]
`)
	if full, small := flows(judged(p, 0)), flows(judged(p, 1)); len(full) > 0 || len(small) > 0 {
		t.Errorf("got %v and, by variable, %v: the choice is made when both begin", full, small)
	}
}

// What a variable costs does not grow with the process: of five times as many tasks and twice as many variables, about
// twice as much is looked at.
func TestVariablesShareWork(t *testing.T) {
	looked := func(vars, tasks int) int {
		p := compiled(t, manyVars(vars, tasks))
		v := &verifier{p: p, prog: p.program, net: p.program.Net, findings: findings{source: p.source}}
		v.throwers()
		net, of := v.closed()
		b := v.dataByVariable(petri.Options{}, net, of)
		if len(v.list) > 0 {
			t.Fatal(v.list)
		}
		return b.looked
	}
	few, many := looked(20, 40), looked(40, 200)
	if many > 3*few {
		t.Errorf("%d transitions for 20 variables, %d for 40", few, many)
	}
}

// Of very many steps that write a variable at once some are told from a part of the space.
func TestManyRacesAreFound(t *testing.T) {
	src := "process: p\nvars: {v: {type: int, default: 0}}\nout: [v]\nsteps:\n  - parallel: all\n    branches:\n"
	for i := range 200 {
		src += fmt.Sprintf("      - {user: u%d, out: [v]}\n", i)
	}
	v := judged(compiled(t, src), 0)
	if got := len(v.list); got != maxData || v.list[0].Code != "data/race" || v.states > 1<<14 {
		t.Errorf("%d findings after %d states: %v", got, v.states, v.list[:min(got, 1)])
	}
}
