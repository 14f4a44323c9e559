package migrate_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/migrate"
)

// Properties of moves, on random schemas, edits and runs (see TestOracle for the verdicts as such).

// moves are cases of one property: a run of from, to be moved to to. missing says what they have not met yet; nil: they
// need not meet anything.
func moves(t *testing.T, missing func() string, check func(rt *rapid.T, roll dice, from, to *version, x *instance)) {
	if missing == nil {
		missing = func() string { return "" }
	}
	randtest.Check(t, missing, func(rt *rapid.T) {
		roll := dicing(rt)
		from := birth(rt, roll)
		var count edits
		for range 2 {
			to := from.change(roll, &count)
			if to == nil {
				continue
			}
			for range 2 {
				x := from.begin(rt, roll)
				for range 1 + roll(10) {
					if !x.s.Ended() {
						x.step(roll)
					}
				}
				if !x.s.Ended() {
					check(rt, roll, from, to, x)
				}
			}
		}
	})
}

func scene(from, to *version, run migrate.Run) string {
	return fmt.Sprintf("\nrun:%s\nfrom\n%s\nto\n%s", tell(from.p.Program(), run), from.tree.Text(), to.tree.Text())
}

// TestIdentity: a move to the same schema is accepted by the strict criterion and changes nothing.
func TestIdentity(t *testing.T) {
	moves(t, nil, func(rt *rapid.T, _ dice, from, to *version, x *instance) {
		for _, v := range []*version{from} {
			run := x.run()
			verdict, l := checker(rt, v, v).CheckRun(run)
			if !verdict.Accepted() || verdict.Criteria != migrate.Strict {
				rt.Fatalf("%v%s", verdict, scene(v, v, run))
			}
			for _, pair := range [][2]any{
				{l.State.Marking, x.s.Marking},
				{l.State.Slots, x.s.Slots},
				{l.State.Loops, x.s.Loops},
				{l.State.Key, x.s.Key},
				{l.State.Superseded, x.s.Superseded},
				{l.State.EnvWritten, x.s.EnvWritten},
			} {
				if fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) {
					rt.Fatalf("%v, was %v%s", pair[0], pair[1], scene(v, v, run))
				}
			}
			if l.Order != nil || len(l.Dropped) > 0 || l.ByValue {
				rt.Fatalf("order %v dropped %v by value %v%s", l.Order, l.Dropped, l.ByValue, scene(v, v, run))
			}
		}
		_ = to
	})
}

// TestMonotone: what a set of relaxations accepts every superset accepts, and all that accept arrive at the same target.
//
// Of exactly one set each, that holds among those with Loops and among those without: to drop a finished iteration also
// takes away letters that made another order possible, and an iteration that is empty so far begins with the values from
// before the loop. So the verdict is that of the least set that accepts, and of verdicts it holds always.
func TestMonotone(t *testing.T) {
	sets := migrate.Subsets(migrate.Default)
	lost, other := 0, 0
	moves(t, nil, func(rt *rapid.T, _ dice, from, to *version, x *instance) {
		run := x.run()
		c := checker(rt, from, to)
		var first [2]string // target of the first set that accepts: without loops, with loops
		for _, a := range sets {
			l, target, _ := c.Exactly(run, a)
			if l == nil {
				continue
			}
			with := 0
			if a&migrate.Loops != 0 {
				with = 1
			}
			if first[with] == "" {
				first[with] = fmt.Sprint(target)
			}
			if first[with] != fmt.Sprint(target) {
				rt.Fatalf("%v under %v, less relaxed %v%s", target, a, first[with], scene(from, to, run))
			}
			for _, b := range sets {
				if a&^b != 0 {
					continue
				}
				if wider, _, why := c.Exactly(run, b); wider == nil {
					if (a^b)&migrate.Loops != 0 {
						lost++
						continue
					}
					rt.Fatalf("accepted under %v, not under %v: %s%s", a, b, why, scene(from, to, run))
				}
			}
		}
		if first[0] != "" && first[1] != "" && first[0] != first[1] {
			other++
		}
		// Whatever a single set would say, the verdict is that of the least one that accepts.
		verdict, l := c.CheckRun(run)
		for _, a := range sets {
			exact, target, _ := c.Exactly(run, a)
			if exact == nil {
				continue
			}
			if l == nil || verdict.Criteria != max(a, migrate.Strict) || fmt.Sprint(target) != fmt.Sprint(verdict.Target) {
				rt.Fatalf("%v; %v accepts with %v%s", verdict, a, target, scene(from, to, run))
			}
			return
		}
		if l != nil {
			rt.Fatalf("%v, but no set accepts%s", verdict, scene(from, to, run))
		}
		explained(rt, verdict, func() string { return scene(from, to, run) })
	})
	t.Logf("%d sets that accept less with loops, %d targets that differ", lost, other)
}

// TestSecondMove: after a move the instance goes on; its effective trace, rewritten and continued, still gives its
// state (see moved), it never gets stuck, and a second move, to a third schema, back to the first or to where it is,
// gets the oracle's verdict.
func TestSecondMove(t *testing.T) {
	count := map[string]int{}
	moves(t, randtest.Keys(count, "first", "second", "accepted", "ended"), func(rt *rapid.T, roll dice, from, to *version, x *instance) {
		run := x.run()
		_, l := checker(rt, from, to).CheckRun(run)
		if l == nil {
			return
		}
		count["first"]++
		checkLanding(rt, to.p, l)
		if l.State.Ended() {
			return
		}
		y := carry(rt, to, l, run.State.Seq+1)
		for range roll(4) {
			if y.s.Ended() || len(y.s.Works) == 0 {
				break
			}
			y.step(roll)
		}
		again := y.run()
		targets := []*version{to, from}
		if third := to.change(roll, &edits{}); third != nil {
			targets = append(targets, third)
		}
		for i, v := range targets {
			if y.s.Ended() {
				break
			}
			c := checker(rt, to, v)
			for _, set := range migrate.Subsets(migrate.Default) {
				count["second"]++
				a := ask(to.p.Program(), v.p.Program(), again, set)
				if a.tooLarge {
					break
				}
				l, target, why := c.Exactly(again, set)
				if diff := compare(a, l, target, why); diff != "" {
					rt.Fatalf("second move %d under %v\n%s%s\nbefore%s", i, set, diff, scene(to, v, again), scene(from, to, run))
				}
				if a.accept {
					count["accepted"]++
					checkLanding(rt, v.p, l)
				} else if i == 0 && set == 0 {
					rt.Fatalf("it cannot move to where it is: %s%s\nbefore%s", why, scene(to, v, again), scene(from, to, run))
				}
			}
		}
		for range 60 {
			if y.s.Ended() {
				count["ended"]++
				break
			}
			if len(y.s.Works) == 0 {
				if waitsForItself(to, y) {
					return // nothing but a script is left, which runs with the first command
				}
				rt.Fatalf("stuck at %v%s", y.s.Marking, scene(from, to, run))
			}
			if slices.ContainsFunc(y.s.Works, func(w kernel.Work) bool { return w.Incident && !w.Job }) {
				rt.Fatalf("an incident: %v%s", y.s.Works, scene(from, to, run))
			}
			y.step(roll)
		}
		y.run()
	})
	t.Logf("moves, second ones asked and accepted, instances ended: %v", count)
}

func waitsForItself(v *version, y *instance) bool {
	p := v.p.Program()
	for place := range y.s.Marking.Each {
		if p.Automatic.Has(place) {
			return true
		}
	}
	return false
}
