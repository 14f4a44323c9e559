package migrate

import (
	"time"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
)

// carry gives the landing the work that the run keeps, and returns the timers that are due at another time.
//
//	running jobs, claimed tasks   keep their token, claim, attempts
//	offered tasks                 survivors keep id and due date; the others are withdrawn
//	timers                        the same one goes on; another duration is applied by the policy
//	subscriptions                 the same name and key go on; others are opened anew
//	incidents                     stay, and are retried on the target
//
// What the target waits for and the run did not is opened when the instance moves.
func (c *Checker) carry(run Run, s *kernel.State, loc *time.Location) []kernel.Due {
	t := c.t.Program()
	var kept []kernel.Work
	var dues []kernel.Due
	for i := range t.Nodes {
		n, old := &t.Nodes[i], c.back[i]
		if old < 0 {
			continue
		}
		w := run.State.Work(old)
		waits := s.Marking.Has(n.Wait) || s.Marking.Has(n.Running)
		stuck := s.Work(int32(i))
		if w == nil || !waits && (stuck == nil || !stuck.Incident) {
			continue
		}
		x := *w
		x.Node = int32(i)
		o := &c.s.Program().Nodes[old]
		switch {
		case x.Incident && !x.Job:
		case n.Timer != nil && o.Timer != nil:
			due, keep := c.due(o, n, w, loc)
			if !keep {
				continue
			}
			if due != x.Due {
				dues = append(dues, kernel.Due{Node: x.Node, At: due})
				x.Due = due
			}
		case n.Message != "":
			if n.Message != o.Message || source(n) != source(o) {
				continue
			}
		case s.Marking.Has(n.Running) != x.Started:
			continue // a job that became a person's task, not begun by anybody
		case n.Kind == program.ServiceTask && !x.Started && !x.Incident:
			continue // a person's task that became a job, which begins when the instance moves
		}
		if n.Kind != o.Kind {
			x.Attempt = 0 // they counted something else
		}
		x.Job = n.Kind == program.ServiceTask
		kept = append(kept, x)
	}
	s.Works = kept
	return dues
}

func source(n *program.Node) string {
	if n.Key == nil {
		return ""
	}
	return n.Key.Source()
}

// due is when a timer that is in both schemas is due. keep is false if it is to be armed anew.
func (c *Checker) due(o, n *program.Node, w *kernel.Work, loc *time.Location) (at int64, keep bool) {
	same := o.Timer.After == n.Timer.After && (o.Timer.At == nil) == (n.Timer.At == nil) &&
		(o.Timer.At == nil || o.Timer.At.Source() == n.Timer.At.Source())
	switch {
	case c.timers == KeepDue, same && c.timers == Rebase:
		return w.Due, true
	case c.timers == Reset || n.Timer.At != nil:
		return 0, false
	}
	return n.Timer.After.From(time.UnixMilli(w.At).In(loc), loc).UnixMilli(), true
}

// again computes the landing of a move that was made.
func (c *Checker) again(run Run, mv *kernel.Move, loc *time.Location) (*Landing, error) {
	r, failed := c.prepare(run.Trace, run.State)
	var landing *Landing
	if failed == nil {
		landing, failed = r.replay(Criteria(mv.Criteria) & relaxations)
	}
	if failed != nil {
		return nil, &kernel.Refusal{Node: failed.message, Err: kernel.ErrBroken}
	}
	c.carry(run, landing.State, loc)
	return landing, nil
}

// Land judges a run and, if it may move, completes its landing: with the work that it keeps and what a Migrated event
// has to say. loc is the zone in which calendar durations count.
func (c *Checker) Land(run Run, loc *time.Location) (Verdict, *Landing) {
	v, landing := c.CheckRun(run)
	if landing == nil {
		return v, nil
	}
	landing.Move = &kernel.Move{
		Criteria: uint8(v.Criteria), Timers: uint8(c.timers), Dropped: landing.Dropped, Order: landing.Order,
		Dues: c.carry(run, landing.State, loc),
	}
	landing.Move.Rename = c.renamings
	landing.Wrote = landing.State.Held()
	if c.t.Program().Watched() {
		landing.Rules = c.t.Monitors(c.seen(run.Trace.Seen))
	}
	return v, landing
}
