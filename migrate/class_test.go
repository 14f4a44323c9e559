package migrate_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/migrate"
)

// TestClasses: runs of one class get one verdict, unless it was made by values. The class of a run is its set digest
// with the marking, what loops dropped and wrote, and which variables have a value; for the strict criterion the
// sequence digest takes the place of the set, as for a schema with a cycle that is no loop.
//
// It does so too where an iteration was dropped, although the criteria have Loops: a run is moved by the least set that
// accepts, and what the dropped iterations were like decides whether that is one without Loops. Its target can be
// another one then (a step that is inserted at the end of the body is to be done for a first iteration that has just
// ended; after a second one only Loops can accept, and begins the third).
func TestClasses(t *testing.T) {
	shared, pairs, byValue := 0, 0, 0
	missing := func() string {
		if shared == 0 {
			return "no two runs are of one class"
		}
		return ""
	}
	randtest.Check(t, missing, func(rt *rapid.T) {
		roll := dicing(rt)
		from := birth(rt, roll)
		var count edits
		to := from.change(roll, &count)
		if to == nil {
			return
		}
		for _, criteria := range []migrate.Criteria{migrate.Default, migrate.Strict} {
			c, err := migrate.NewChecker(from.p, to.p, &migrate.Options{Criteria: criteria})
			if err != nil {
				rt.Fatalf("%v", err)
			}
			type member struct {
				run     migrate.Run
				verdict migrate.Verdict
				own     bool
			}
			classes := map[string][]member{}
			for range 8 {
				x := from.begin(rt, roll)
				for range 6 {
					if x.s.Ended() {
						break
					}
					run := x.run()
					mask := ""
					for _, v := range run.State.Slots {
						mask += fmt.Sprint(v > 0)
					}
					digest := run.State.Key
					dropped := slices.ContainsFunc(run.State.Superseded, func(w uint64) bool { return w != 0 })
					if criteria == migrate.Strict || dropped || from.m.Cyclic() {
						digest = run.State.Order
					}
					class := fmt.Sprint(digest, run.State.Marking, run.State.Superseded, run.State.EnvWritten, mask)
					v, own := c.Judge(run)
					for _, o := range classes[class] {
						pairs++
						if o.own && own {
							byValue++
							continue
						}
						shared++
						if v.Outcome != o.verdict.Outcome || fmt.Sprint(v.Target) != fmt.Sprint(o.verdict.Target) {
							rt.Fatalf("%v\nand in the same class\n%v%s\nother run:%s", v, o.verdict, scene(from, to, run), tell(from.p.Program(), o.run))
						}
					}
					classes[class] = append(classes[class], member{run, v, own})
					x.step(roll)
				}
			}
		}
	})
	t.Logf("%d pairs of one class, %d of them shared a verdict, %d decided by values or refused", pairs, shared, byValue)
}
