package migrate_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
)

// asked counts what was asked of the oracle.
type asked struct {
	edits                 edits
	cases, large, several int
	accepted              map[migrate.Criteria]int
	met                   elements
}

// TestOracle: for every set of relaxations the verdict, the target and the versions of the data are the oracle's.
func TestOracle(t *testing.T) {
	a := asked{accepted: map[migrate.Criteria]int{}, met: elements{}}
	rapid.Check(t, func(rt *rapid.T) { a.round(rt, dicing(rt)) })
	t.Logf("%+v", a)
}

// The same on schemas that are always the same, which have everything that the schemas can have.
func TestOracleMeetsEverything(t *testing.T) {
	a := asked{accepted: map[migrate.Criteria]int{}, met: elements{}}
	r := rand.New(rand.NewPCG(2026, 11))
	rounds := 200
	if testing.Short() {
		rounds = 50
	}
	for range rounds {
		a.round(t, r.IntN)
	}
	t.Logf("%+v", a)
	a.met.demand(t)
}

// round asks about a few runs of one schema.
func (x *asked) round(t tb, roll dice) {
	from := birth(t, roll)
	for range 3 {
		to := from.change(roll, &x.edits)
		if to == nil {
			continue
		}
		c := checker(t, from, to)
		for range 2 {
			in := from.begin(t, roll)
			for range 8 {
				if in.s.Ended() || len(in.s.Works) == 0 {
					break
				}
				in.step(roll)
				if in.s.Ended() || roll(3) > 0 {
					continue
				}
				x.cases++
				x.ask(t, c, from, to, in.run())
			}
		}
	}
}

// ask compares the verdicts on one run.
func (x *asked) ask(t tb, c *migrate.Checker, from, to *version, run migrate.Run) {
	t.Helper()
	for _, set := range migrate.Subsets(migrate.Default) {
		a := ask(from.p.Program(), to.p.Program(), run, set)
		if a.tooLarge {
			x.large++
			break
		}
		if a.several {
			x.several++
		}
		l, target, why := c.Exactly(run, set)
		if diff := compare(a, l, target, why); diff != "" {
			t.Fatalf("under %v\n%s%s", set, diff, scene(from, to, run))
		}
		if a.accept {
			x.met.count(from, to, run)
			x.accepted[set]++
			checkLanding(t, to.p, l)
		}
	}
}

func checker(t tb, from, to *version) *migrate.Checker {
	t.Helper()
	c, err := migrate.NewChecker(from.p, to.p, nil)
	if err != nil {
		t.Fatalf("%v\nfrom\n%s\nto\n%s", err, from.tree.Text(), to.tree.Text())
	}
	return c
}

// elements counts runs that were accepted by what is special about them.
type elements map[string]int

func (e elements) count(from, to *version, run migrate.Run) {
	s, t := from.p.Program(), to.p.Program()
	j := &judge{s: s, t: t}
	note := func(name string, is bool) {
		if is {
			e[name]++
		}
	}
	again := map[int32]bool{}
	var threw, round bool
	for i := range run.Trace.Letters {
		l := &run.Trace.Letters[i]
		threw = threw || s.Nodes[l.Node].Kind == program.EndEvent
		round = round || l.Path == nil && l.Phase == program.Complete && again[l.Node]
		again[l.Node] = again[l.Node] || l.Phase == program.Complete
	}
	note("error end", threw)
	note("round of a cycle of gateways", round)
	var bare, converted, renamed, retyped bool
	for i := range s.Nodes {
		bare = bare || strings.HasPrefix(s.Nodes[i].ID, "g")
	}
	for i := range t.Vars {
		was := j.origin(i)
		converted = converted || j.converts(i)
		renamed = renamed || was >= 0 && s.Vars[was].Name != t.Vars[i].Name && run.State.Slots[was] > 0
		retyped = retyped || was >= 0 && s.Vars[was].Type.String() != t.Vars[i].Type.String() && run.State.Slots[was] > 0
	}
	note("bare gateways", bare)
	note("converter", converted)
	note("renamed variable with a value", renamed)
	note("another type with a value", retyped)
	note("node renamed", slices.ContainsFunc(run.Trace.Letters, func(l kernel.Letter) bool {
		k := mapped(s, t, l.Node)
		return k >= 0 && t.Nodes[k].ID != s.Nodes[l.Node].ID
	}))
}

// demand fails the test if it did not meet one of them.
func (e elements) demand(t *testing.T) {
	t.Logf("%v", map[string]int(e))
	for _, name := range []string{
		"error end", "round of a cycle of gateways", "bare gateways", "converter", "renamed variable with a value",
		"another type with a value", "node renamed",
	} {
		if e[name] == 0 && !testing.Short() {
			t.Errorf("no accepted run with %s: the test does not reach what it is for", name)
		}
	}
}
