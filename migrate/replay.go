package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// Run is one run to check: its effective trace and the state it is in, on the old schema.
type Run struct {
	Trace *kernel.Trace
	State *kernel.State
}

// Landing is where an accepted run lands, and how its effective trace is rewritten so that the invariant
// replay(target, effective trace) = state goes on to hold and a second move can build on it.
type Landing struct {
	State *kernel.State
	// Trace is the effective trace on the target: what was dropped is environment, the rest stands in the order of the
	// replay.
	Trace   *kernel.Trace
	Dropped []uint64 // letters that became writes of the environment, ascending
	Order   []uint64 // letters in the order of the replay; nil: as they were
	// Move and Wrote are what the Migrated event says; Land sets them.
	Move  *kernel.Move
	Wrote []kernel.Write
	Rules []uint16 // the states of the target's rules
	// ByValue: a guard of the target was decided by the values of this run, and not as the old schema had decided it.
	// The verdict then holds for this run only, not for its class.
	ByValue bool
}

// refusal is why a replay failed.
type refusal struct {
	letter   *kernel.Letter // the first that cannot be reproduced; nil: it is the state at the end
	outcome  Outcome        // 0: Never
	message  string
	blame    string
	undo     []string
	remedies []string
}

// CheckRun judges one run by the checker's criteria: the least set of relaxations that suffices, the fewest first. The
// landing is nil unless the verdict is Accept.
func (c *Checker) CheckRun(run Run) (Verdict, *Landing) {
	v, landing, _ := c.judge(run)
	return v, landing
}

// Judge is CheckRun for one run of a class. byValue: the verdict depends on the values of this run (see ByValue, which
// tells it of accepted runs only), so it is not that of the class.
func (c *Checker) Judge(run Run) (v Verdict, byValue bool) {
	v, _, byValue = c.judge(run)
	return v, byValue
}

func (c *Checker) judge(run Run) (_ Verdict, _ *Landing, byValue bool) {
	r, failed := c.prepare(run.Trace, run.State)
	if failed != nil {
		return c.refuse(failed), nil, c.converts()
	}
	// Digests of a run that moved do not tell what it did before: its class may hold runs with another past.
	own := run.Trace.Moved && len(c.t.Program().Rules) > 0
	if failed = c.broken(run.Trace.Seen); failed != nil {
		return c.refuse(failed), nil, own
	}
	r.byValues = r.byValues || own
	for _, criteria := range c.criteria.subsets() {
		var landing *Landing
		if landing, failed = r.replay(criteria); failed == nil {
			failed = c.future(run, landing.State, criteria)
		}
		if failed == nil {
			return Verdict{Outcome: Accept, Criteria: max(criteria, Strict), Target: c.target(landing.State), Warnings: c.renames(r)}, landing, r.byValues || c.converts()
		}
	}
	// The last set is the largest: its refusal tells what is really in the way.
	for _, criteria := range c.possible.subsets() {
		if criteria&c.criteria != criteria {
			if l, why := r.replay(criteria | c.criteria); why == nil && c.future(run, l.State, criteria|c.criteria) == nil {
				failed.remedies = append(failed.remedies, "also the criteria "+(criteria&^c.criteria).String())
				break
			}
		}
	}
	return c.refuse(failed), nil, r.byValues || c.converts()
}

func (c *Checker) refuse(why *refusal) Verdict {
	v := Verdict{Outcome: why.outcome, Message: why.message, Blame: why.blame, Undo: why.undo, Remedies: why.remedies}
	if v.Outcome == 0 {
		v.Outcome = Never
	}
	if why.letter != nil {
		v.Event, v.Node = why.letter.Seq, c.s.Program().Nodes[why.letter.Node].ID
	}
	return v
}

// replay replays the run on the target under one set of criteria (REPLAY, without Insertions).
func (r *run) replay(c Criteria) (*Landing, *refusal) {
	rem, env, dropped, failed := r.split(c)
	if failed != nil {
		return nil, failed
	}
	if w := r.deletedRunning(); w >= 0 && c&Deletions == 0 {
		return nil, &refusal{message: r.c.s.Program().Nodes[w].ID + " is running, and the target does not have it", blame: r.c.fate(w)}
	}
	k, err := r.c.t.NewReplay(r.trace.Created, r.input, env)
	if err != nil {
		return nil, &refusal{message: err.Error()}
	}
	defer func() { r.byValues = r.byValues || k.Blocked() != nil || r.byValue(k) }()
	landing := &Landing{Dropped: dropped, Trace: &kernel.Trace{Created: r.trace.Created, Input: r.input, Env: env}}
	var before [][]int
	if c&Order != 0 {
		before = r.befores(rem)
	}
	done := make([]bool, len(rem))
	reordered := false
	for first := 0; first < len(rem); {
		if done[first] {
			first++
			continue
		}
		if err := k.Close(); err != nil {
			return nil, &refusal{letter: rem[first].from, message: err.Error()}
		}
		at := r.candidate(k, rem, done, before, first)
		if at < 0 {
			return nil, r.stuck(k, rem[first])
		}
		if missing := r.undefined(k, rem[at]); missing != "" {
			return nil, &refusal{
				letter: rem[at].from, message: fmt.Sprintf("%s reads %s, which has no value in this run", r.old(rem[at]), missing), blame: "the target reads " + missing,
				remedies: []string{"a default for " + missing, "`from` at " + missing},
			}
		}
		if err := r.fire(k, rem[at], landing.Trace); err != nil {
			return nil, &refusal{letter: rem[at].from, message: err.Error()}
		}
		done[at] = true
		reordered = reordered || at != first
		landing.Order = append(landing.Order, rem[at].Seq)
	}
	if err := k.Close(); err != nil {
		return nil, &refusal{message: err.Error()}
	}
	if !reordered {
		landing.Order = nil
	}
	if why := r.arrive(k); why != nil {
		return nil, why
	}
	landing.Trace.Decided = k.Decided()
	landing.ByValue = r.byValue(k)
	landing.State = k.Take()
	return landing, nil
}

// deletedRunning is a node that runs and that the target does not have, or -1.
func (r *run) deletedRunning() int32 {
	for _, w := range r.state.Works {
		if w.Started && r.c.node[w.Node] < 0 {
			return w.Node
		}
	}
	return -1
}

// candidate is the first letter that may be next and is enabled, or -1. Firing any of them is as good as firing
// another (greedy equals exhaustive: what is enabled and depends on nothing stays so).
func (r *run) candidate(k *kernel.Replay, rem []*item, done []bool, before [][]int, first int) int {
	if before == nil {
		if r.possible(k, rem[first]) {
			return first
		}
		return -1
	}
	for i := first; i < len(rem); i++ {
		if done[i] || slices.ContainsFunc(before[i], func(j int) bool { return !done[j] }) {
			continue
		}
		if r.possible(k, rem[i]) {
			return i
		}
	}
	return -1
}

// possible reports whether a letter can happen now. A person's task that became a script has no start in the target; a
// script that became one is started and completed at once.
func (r *run) possible(k *kernel.Replay, x *item) bool {
	n := &r.c.t.Program().Nodes[x.Node]
	switch {
	case x.Phase == program.Start && n.Start < 0:
		return k.Waits(x.Node)
	case x.Phase == program.Complete && n.Start >= 0 && !k.Enabled(&x.Letter):
		start := x.Letter
		start.Phase = program.Start
		return k.Enabled(&start)
	}
	return k.Enabled(&x.Letter)
}

// fire makes the letter happen and adds what happened to the trace.
func (r *run) fire(k *kernel.Replay, x *item, t *kernel.Trace) error {
	n := &r.c.t.Program().Nodes[x.Node]
	if x.Phase == program.Start && n.Start < 0 {
		return nil
	}
	letter := func(l kernel.Letter) error {
		l.Path = r.c.t.Path(k.State(), l.Node)
		t.Letters = append(t.Letters, l)
		return k.Fire(&l)
	}
	if x.Phase == program.Complete && n.Start >= 0 && !k.Enabled(&x.Letter) {
		start := x.Letter
		start.Phase, start.Kind, start.Wrote = program.Start, history.Started, nil
		if err := letter(start); err != nil {
			return err
		}
	}
	l := x.Letter
	if l.Kind == history.Fired || l.Kind == history.Received {
		l.Kind = history.Received
		if n.Timer != nil {
			l.Kind = history.Fired
		}
	}
	return letter(l)
}

// undefined is a variable that the letter reads in the target and that has no value, or "".
func (r *run) undefined(k *kernel.Replay, x *item) string {
	t := r.c.t.Program()
	n := &t.Nodes[x.Node]
	if x.Phase != program.Start && !(x.Phase == program.Complete && n.Start < 0) {
		return ""
	}
	for _, slot := range n.Reads {
		if !k.Found(&x.Letter, slot) {
			return t.Vars[slot].Name
		}
	}
	return ""
}

// arrive checks the state at the end: what runs is what ran, nothing that comes can read a variable without a value,
// and no decision is left over that could not be made.
func (r *run) arrive(k *kernel.Replay) *refusal {
	s, t, st := r.c.s.Program(), r.c.t.Program(), k.State()
	var lost, extra []string
	for _, w := range r.state.Works {
		if to := r.c.node[w.Node]; w.Started && to >= 0 && !st.Marking.Has(t.Nodes[to].Running) { // a script runs at once, so it never is running
			lost = append(lost, s.Nodes[w.Node].ID)
		}
	}
	for i := range t.Nodes {
		if !st.Marking.Has(t.Nodes[i].Running) {
			continue
		}
		old := r.c.back[i]
		w := (*kernel.Work)(nil)
		if old >= 0 {
			w = r.state.Work(old)
		}
		if w == nil || !w.Started {
			extra = append(extra, t.Nodes[i].ID)
		}
	}
	switch {
	case len(lost) > 0:
		return &refusal{
			outcome: NeedsAbort, message: "the target would not have " + strings.Join(lost, ", ") + " running", undo: lost,
			blame: r.c.ended(lost), remedies: []string{"aborting " + strings.Join(lost, ", "), "waiting until it is completed"},
		}
	case len(extra) > 0:
		return &refusal{
			message: "the target would have " + strings.Join(extra, ", ") + " running, which was interrupted", blame: "what interrupts " + strings.Join(extra, ", ") + " was changed",
		}
	}
	for _, w := range st.Works {
		if !w.Incident {
			continue
		}
		old := r.c.back[w.Node]
		if old < 0 || r.state.Work(old) == nil || !r.state.Work(old).Incident {
			return &refusal{
				message: "the target cannot decide at " + t.Nodes[w.Node].ID + " with the values of this run: " + w.Key, blame: "the guards of " + t.Nodes[w.Node].ID + " were changed",
			}
		}
	}
	if st.Marking.Empty() {
		return nil
	}
	needs, known := r.c.needs.At(st.Marking)
	if !known {
		return &refusal{message: "the state was not found in the target's state space"}
	}
	for _, slot := range needs {
		if !k.Defined(slot) {
			name := t.Vars[slot].Name
			return &refusal{
				message: name + " may be read from there on, and has no value in this run", blame: "the target reads " + name,
				remedies: []string{"a default for " + name, "`from` at " + name},
			}
		}
	}
	return nil
}

func (c *Checker) target(s *kernel.State) Target {
	var t Target
	p := c.t.Program()
	for i := range p.Nodes {
		n := &p.Nodes[i]
		switch {
		case s.Marking.Has(n.Running):
			t.Running = append(t.Running, n.ID)
		case beside(n):
		case s.Marking.Has(n.Wait):
			t.Offered = append(t.Offered, n.ID)
		}
	}
	return t
}

// beside reports whether a node is an event that may happen while something else is done: nothing waits for it.
func beside(n *program.Node) bool {
	return n.Kind == program.BoundaryEvent || n.Kind == program.EventSubProcess
}

// many reports whether what is in a sub-process runs for each element, in copies that the program around does not see.
func many(n *program.Node) bool {
	return n.Kind == program.SubProcess && n.Running != petri.NoPlace
}
