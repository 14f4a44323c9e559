package migrate_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/migrate"
)

// TestOracle: for every set of relaxations the verdict, the target and the versions of the data are the oracle's.
func TestOracle(t *testing.T) {
	var count edits
	cases, accepted, large, several := 0, map[migrate.Criteria]int{}, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		roll := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "n") }
		from := birth(rt, roll)
		for range 3 {
			to := from.change(roll, &count)
			if to == nil {
				continue
			}
			c := checker(rt, from, to)
			for range 2 {
				x := from.begin(rt, roll)
				for range 8 {
					if x.s.Ended() || len(x.s.Works) == 0 {
						break
					}
					x.step(roll)
					if x.s.Ended() || roll(3) > 0 {
						continue
					}
					run := x.run()
					cases++
					verdict := map[migrate.Criteria]answer{}
					for _, set := range migrate.Subsets(migrate.Default) {
						a := ask(from.p.Program(), to.p.Program(), run, set)
						if a.tooLarge {
							large++
							break
						}
						if a.several {
							several++
						}
						verdict[set] = a
						l, target, why := c.Exactly(run, set)
						if diff := compare(a, l, target, why); diff != "" {
							rt.Fatalf("under %v\n%s\nrun:%s\nfrom\n%s\nto\n%s", set, diff, tell(from.p.Program(), run), from.tree.Text(), to.tree.Text())
						}
						if a.accept {
							accepted[set]++
							checkLanding(rt, to.p, l)
						}
					}
				}
			}
		}
	})
	t.Logf("%d cases, %d too large, %d with several answers; edits %+v; accepted %v", cases, large, several, count, accepted)
}

func checker(t tb, from, to *version) *migrate.Checker {
	t.Helper()
	c, err := migrate.NewChecker(from.p, to.p, nil)
	if err != nil {
		t.Fatalf("%v\nfrom\n%s\nto\n%s", err, from.tree.Text(), to.tree.Text())
	}
	return c
}
