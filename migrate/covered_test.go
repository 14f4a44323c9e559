package migrate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// Every kind of node for which the relaxations are allowed is one that the oracle's schemas have, and the other way round.
func TestGeneratorCoversKinds(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 7))
	made := map[program.Kind]bool{}
	for range 150 {
		v := birth(t, dice.IntN)
		for i := range v.p.Program().Nodes {
			made[v.p.Program().Nodes[i].Kind] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(migrate.Covered)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("made %v, covered %v", got, want)
	}
}

// What the oracle does not cover gets the strict criterion only, also if more was asked for, and no advice to relax it.
func TestUncoveredIsStrict(t *testing.T) {
	from, to := parse(t, "steps: [{user: a}, {user: x}, {user: b}]"), parse(t, "steps: [{user: a}, {user: b}]")
	run := drive(t, from, "a x")
	judge := func() migrate.Verdict {
		c, err := migrate.NewChecker(from, to, &migrate.Options{Criteria: migrate.Default})
		if err != nil {
			t.Fatal(err)
		}
		v, _ := c.CheckRun(run)
		return v
	}
	if v := judge(); v.Criteria != migrate.Deletions {
		t.Fatalf("%v", v)
	}
	delete(migrate.Covered, program.UserTask)
	defer func() { migrate.Covered[program.UserTask] = true }()
	if v := judge(); v.Accepted() || len(v.Remedies) != 1 {
		t.Errorf("%v", v)
	}
}

func parse(t *testing.T, src string) *schema.Process {
	t.Helper()
	p, err := schema.Parse("test.yaml", []byte("process: p\n"+src+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
