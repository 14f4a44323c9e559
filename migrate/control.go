package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// This file is the strict criterion by control flow alone, for traces without data: what a gateway decided is not known,
// so a replay is in a set of configurations of the same net (control_set.go), and the answer lists every target that the
// run may have. It is a claim about what is possible: a run that Checker accepts strictly is accepted here, and lands
// in one of the targets.

// StepKind says what a Step of a trace is.
type StepKind uint8

// Kinds of steps.
const (
	StepStart    StepKind = iota + 1 // an activity was started
	StepComplete                     // an activity was completed; without a start before it, both
	StepOccur                        // an event occurred: a timer, a message, a signal, or an error end threw
	StepError                        // an activity failed with the business error Arg
	StepDecide                       // a gateway took the flow Arg, after the step before
)

// Step is one thing that happened, as a trace without data tells it.
type Step struct {
	Kind StepKind
	Node string // id in the old schema
	Arg  string // StepError: its code; StepDecide: the flow's id
}

// Control checks traces of one schema against another by control flow alone: expressions are not evaluated, gateways
// are free. It is immutable and safe for concurrent use.
type Control struct {
	c        *Checker // for its maps of nodes; it has none of variables
	old, now *freeNet
}

// ControlVerdict is the answer of a Control. Of Verdict, Target is unset, and Event counts the steps of the trace
// from 1.
type ControlVerdict struct {
	Verdict
	Targets []Target // Accept: every state that the run can be in, in the order of their ids, without repetition
}

// TraceError says that the old schema cannot produce a trace.
type TraceError struct {
	Index int    // of the step, from 0
	Node  string // as the step has it
	Why   string
}

// Error implements error.
func (e *TraceError) Error() string { return fmt.Sprintf("event %d (%s): %s", e.Index, e.Node, e.Why) }

// ErrTooMany is the error of Control.Check if the free gateways of a schema leave too many states to follow.
var ErrTooMany = fmt.Errorf("more than %d states are possible at one moment of the trace; tell more of it: the decisions of gateways (decide), or data", maxConfigurations)

// NewControl prepares a check. Processes that were read for control flow only are enough (schema.ParseControl). rename
// maps ids of the old schema to ids of the new one, and adds to "was" in the schema. The error is a *schema.Error.
func NewControl(from, to *schema.Process, rename map[string]string) (*Control, error) {
	c := &Checker{from: from, to: to, s: kernel.New(from.Program()), t: kernel.New(to.Program())}
	if findings := c.mapNodes(rename); len(findings) > 0 {
		return nil, &schema.Error{Findings: findings}
	}
	return &Control{c: c, old: &freeNet{from.Program()}, now: &freeNet{to.Program()}}, nil
}

// Check answers for one trace by the strict criterion: every step must be possible in the new schema when it happened,
// and what runs in the end must run there. The error is a *TraceError if the old schema cannot produce the trace, or
// ErrTooMany.
func (c *Control) Check(trace []Step) (ControlVerdict, error) {
	letters, decided, end, err := c.produce(trace)
	if err != nil {
		return ControlVerdict{}, err
	}
	set, err := c.now.begin(c.mapDecided(decided[0]), false)
	if err != nil {
		return ControlVerdict{}, err
	}
	for i, l := range letters {
		l.node, l.thrower = c.c.node[l.node], 0 // who threw an error is not asked again, as in Checker
		if l.node < 0 {
			return c.refuse(letters, c.c.missing(letters[i].node), trace, l.step), nil
		}
		next, err := c.now.after(set, l, c.mapDecided(decided[i+1]), false)
		if err != nil {
			return ControlVerdict{}, err
		}
		if len(next.all) == 0 {
			return c.refuse(letters, c.stuck(set, next, l), trace, l.step), nil
		}
		set = next
	}
	targets, why := c.arrive(end, set)
	if why != nil {
		return c.refuse(letters, why, trace, -1), nil
	}
	v := ControlVerdict{Verdict: Verdict{Outcome: Accept, Criteria: Strict, Warnings: c.warnings(letters)}, Targets: targets}
	if set.unsafe != "" {
		v.Warnings = append(v.Warnings, c.unsafe(set))
	}
	return v, nil
}

// produce replays the trace on the old schema. decided[i] is what gateways decided after letter i-1, at first after the
// beginning.
func (c *Control) produce(trace []Step) (letters []controlLetter, decided []decisions, end *configurations, err error) {
	decided = []decisions{nil}
	for i, s := range trace {
		n, known := c.old.p.ByID[s.Node]
		if !known {
			return nil, nil, nil, &TraceError{i, s.Node, c.unknown(s.Node)}
		}
		if s.Kind == StepDecide {
			last := len(decided) - 1
			if decided[last], err = decided[last].with(c.old.p, int32(n), i, s); err != nil {
				return nil, nil, nil, err
			}
			continue
		}
		l, why := c.letter(int32(n), s)
		if why != "" {
			return nil, nil, nil, &TraceError{i, s.Node, why}
		}
		l.step = i
		letters, decided = append(letters, l), append(decided, nil)
	}
	// The decisions come after the letter that led to them, so all are known before the replay begins.
	if end, err = c.old.begin(decided[0], true); err == nil {
		err = c.impossible(nil, end, decided[0], -1, trace)
	}
	for i := 0; err == nil && i < len(letters); i++ {
		before := end
		if end, err = c.old.after(before, letters[i], decided[i+1], true); err == nil {
			err = c.impossible(before, end, decided[i+1], letters[i].step, trace)
		}
	}
	return letters, decided, end, err
}

// letter is the letter that a step stands for in the old schema, or why there is none.
func (c *Control) letter(node int32, s Step) (l controlLetter, why string) {
	n := &c.old.p.Nodes[node]
	l.node = node
	switch {
	case s.Kind == StepError && (n.Complete < 0 || n.Start < 0):
		return l, "only user and service tasks fail with an error"
	case s.Kind == StepError:
		l.thrower = node + 1
		if l.node, l.phase = c.c.s.Catcher(node, s.Arg), program.Occur; l.node < 0 {
			return l, fmt.Sprintf("no boundary event catches the error %q", s.Arg)
		}
	case n.Kind == program.SubProcess && !many(n) && s.Kind != StepOccur:
		return l, "a sub-process starts and ends with what is in it: write the events within it"
	case s.Kind == StepStart && n.Start >= 0:
		l.phase = program.Start
	case s.Kind == StepComplete && n.Complete >= 0:
		l.phase = program.Complete
	case (s.Kind == StepComplete || s.Kind == StepOccur) && n.Occur >= 0:
		l.phase = program.Occur
	case s.Kind == StepOccur && n.Complete >= 0:
		return l, "it is an activity, which is started and completed, and does not occur"
	case n.Kind == program.StartEvent:
		return l, "the instance begins with it: leave it out"
	case n.Complete < 0 && n.Occur < 0:
		return l, fmt.Sprintf("%s is passed by itself, at once: leave it out", sort(n))
	default:
		return l, fmt.Sprintf("it is %s, to which that cannot happen", sort(n))
	}
	return l, ""
}

// unknown says why the old schema has no node of its own with an id: what runs in several copies has a program of its
// own for each, and a trace does not tell them apart.
func (c *Control) unknown(id string) string {
	for i := range c.old.p.Children {
		if x := &c.old.p.Children[i]; x.Has(id) {
			owner := c.old.p.Nodes[x.Node].ID
			if x.Undo {
				return "it undoes " + owner + ", of which a trace cannot tell yet: leave it out"
			}
			return fmt.Sprintf("it is within %s, which may run it several times side by side: leave it out, and tell of %[1]s", owner)
		}
	}
	return "the old schema has no such node"
}

// impossible is the error of a step that the old schema cannot make; nil if it can.
func (c *Control) impossible(before, after *configurations, d decisions, step int, trace []Step) error {
	if len(after.all) > 0 {
		return nil
	}
	switch {
	case len(d) > 0 && after.fired:
		return &TraceError{d[0].step, trace[d[0].step].Node, "the gateway does not decide so at this moment"}
	case after.unsafe != "":
		return &TraceError{step, nodeOf(trace, step), after.unsafe + " is reached again while it is still busy: the old schema is not safe (replank verify shows the run)"}
	case before == nil:
		return &TraceError{step, nodeOf(trace, step), "the old schema comes to no rest: it goes in a circle that waits for nobody"}
	}
	waits := c.old.waits(before)
	if len(waits) == 0 {
		return &TraceError{step, nodeOf(trace, step), "it cannot happen in the old schema: the run has ended, or is stuck"}
	}
	return &TraceError{step, nodeOf(trace, step), "it cannot happen in the old schema, which waits for " + strings.Join(waits, ", ")}
}

func nodeOf(trace []Step, step int) string {
	if step < 0 {
		return "the beginning"
	}
	return trace[step].Node
}

// mapDecided maps decisions to the target, where it has the gateway and the flows; where not, it is free.
func (c *Control) mapDecided(d decisions) decisions {
	var out decisions
	for _, x := range d {
		x.node = c.c.node[x.node]
		if x.node < 0 {
			continue
		}
		x.flows = slices.DeleteFunc(slices.Clone(x.flows), func(id string) bool { return !hasFlow(c.now.p, x.node, id) })
		if len(x.flows) > 0 {
			out = append(out, x)
		}
	}
	return out
}

// stuck explains why letter l is not possible in any configuration of set.
func (c *Control) stuck(set, next *configurations, l controlLetter) *refusal {
	id := c.now.p.Nodes[l.node].ID
	if next.unsafe != "" {
		return &refusal{
			outcome: PlanError, message: next.unsafe + " is reached again while it is still busy: the target is not safe",
			remedies: []string{"replank verify shows the run"},
		}
	}
	waits := c.now.waits(set)
	if len(waits) == 0 {
		why := &refusal{message: id + " cannot happen: the target has ended before it", blame: c.c.displaced(l.node)}
		if ends := c.c.terminating(); ends != "" {
			why.blame = ends
		}
		return why
	}
	why := &refusal{message: id + " cannot happen yet: the target waits for " + strings.Join(waits, ", ") + " first", blame: c.c.displaced(l.node)}
	nodes := make([]int32, len(waits))
	for i, w := range waits {
		nodes[i] = int32(c.now.p.ByID[w])
	}
	if now := c.c.ordered(nodes, l.node, c.c.back[l.node]); now != "" {
		why.blame = now
	}
	if inserted := c.c.inserted(nodes); len(inserted) > 0 {
		why.blame = strings.Join(inserted, ", ") + " was inserted before " + id
		why.remedies = append(why.remedies, "owing "+strings.Join(inserted, ", ")+" (insertions, not available yet)")
	}
	return why
}

// arrive keeps those states in which the same activities run as in the old schema. Which of its states the run is in is
// not known, so any of them may agree.
func (c *Control) arrive(end, set *configurations) ([]Target, *refusal) {
	was := map[string]bool{}
	var lost []string
	for _, m := range end.all {
		var ids []string
		for i := range c.old.p.Nodes {
			if n := &c.old.p.Nodes[i]; m.Has(n.Running) {
				ids = append(ids, c.now.p.Nodes[c.c.node[i]].ID) // its start was replayed, so the target has it
				lost = append(lost, n.ID)
			}
		}
		slices.Sort(ids)
		was[strings.Join(ids, " ")] = true
	}
	var out []Target
	for _, m := range set.all {
		t := c.c.target(&kernel.State{Scope: kernel.Scope{Marking: m}})
		if was[strings.Join(slices.Sorted(slices.Values(t.Running)), " ")] {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		slices.Sort(lost)
		lost = slices.Compact(lost)
		if len(lost) == 0 {
			return nil, &refusal{message: "the target would have an activity running that was interrupted", blame: "what interrupts it was changed"}
		}
		return nil, &refusal{
			outcome: NeedsAbort, message: "the target would not have " + strings.Join(lost, ", ") + " running", undo: lost,
			blame: c.c.ended(lost), remedies: []string{"aborting " + strings.Join(lost, ", "), "waiting until it is completed"},
		}
	}
	slices.SortFunc(out, func(a, b Target) int {
		return cmp.Or(slices.Compare(a.Offered, b.Offered), slices.Compare(a.Running, b.Running))
	})
	return slices.CompactFunc(out, func(a, b Target) bool {
		return slices.Equal(a.Offered, b.Offered) && slices.Equal(a.Running, b.Running)
	}), nil
}

// refuse is the verdict for a refusal at a step, or at the end if that is -1.
func (c *Control) refuse(letters []controlLetter, why *refusal, trace []Step, step int) ControlVerdict {
	v := ControlVerdict{Verdict: c.c.refuse(why)}
	v.Warnings = c.warnings(letters)
	if step >= 0 {
		v.Event, v.Node = uint64(step)+1, trace[step].Node
	}
	return v
}

func (c *Control) warnings(letters []controlLetter) []schema.Finding {
	r := &run{c: c.c}
	for _, l := range letters {
		r.items = append(r.items, item{Letter: kernel.Letter{Node: c.c.node[l.node]}, from: &kernel.Letter{Node: l.node}})
	}
	return c.c.renames(r)
}

func (c *Control) unsafe(set *configurations) schema.Finding {
	f := fatal(c.c.to, "sound/unsafe", set.unsafe, set.unsafe+" can be reached again while it is still busy; the states after that are not listed", "replank verify shows the run")
	f.Severity = schema.Warning
	return f
}

// A controlLetter is one letter of a trace without data.
type controlLetter struct {
	node    int32
	phase   program.Phase
	thrower int32 // of an error, in the old schema: 1 + the activity that failed; 0: none
	step    int
}

// decisions are what gateways decided at one moment.
type decisions []decision

type decision struct {
	node  int32
	flows []string
	step  int // the first that tells of it
}

// with adds what step i, s, tells of the gateway at node.
func (d decisions) with(p *program.Program, node int32, i int, s Step) (decisions, error) {
	if !hasFlow(p, node, s.Arg) {
		return nil, &TraceError{i, s.Node, fmt.Sprintf("it does not decide about a flow %q", s.Arg)}
	}
	if k := slices.IndexFunc(d, func(x decision) bool { return x.node == node }); k >= 0 {
		if slices.Contains(d[k].flows, s.Arg) {
			return d, nil
		}
		d[k].flows = append(d[k].flows, s.Arg)
		return d, d.tooMany(i, s)
	}
	d = append(d, decision{node, []string{s.Arg}, i})
	return d, d.tooMany(i, s)
}

// maxDecided bounds the flows that a trace tells of at one moment: a closure keeps account of them in a word.
const maxDecided = 63

func (d decisions) tooMany(i int, s Step) error {
	if d.flows() <= maxDecided {
		return nil
	}
	return &TraceError{i, s.Node, fmt.Sprintf("the trace tells of more than %d flows at one moment", maxDecided)}
}

// flows counts the flows that were taken.
func (d decisions) flows() int {
	n := 0
	for _, x := range d {
		n += len(x.flows)
	}
	return n
}

func hasFlow(p *program.Program, node int32, id string) bool {
	return slices.ContainsFunc(p.Decisions, func(d program.Decision) bool {
		return d.Node == node && slices.ContainsFunc(d.Flows, func(f program.Flow) bool { return f.ID == id })
	})
}
