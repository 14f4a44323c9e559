package schema

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// Whatever a finding says may happen is done here, by the kernel, with the events that the finding tells. A process that
// is found wrong is never deployed, so the kernel is given its compiled form directly.

var (
	guards   = regexp.MustCompile(`when: [vw]\b`)
	scripts  = regexp.MustCompile(`script: (\w+), set: \{v: true\}`)
	inline   = regexp.MustCompile(`\{(user|service): (\w+)`)
	ownLines = regexp.MustCompile(`(?m)^( *)- user: (\w+)$`)
)

// steered makes the tasks of a tangle write what its decisions read, and its scripts something else. If apart, each guard
// reads a variable of its own.
func steered(src string, apart bool) (text string, bools []string) {
	bools = []string{"v", "w"}
	decl := ""
	if apart {
		bools = nil
		src = guards.ReplaceAllStringFunc(src, func(string) string {
			bools = append(bools, fmt.Sprintf("g%d", len(bools)))
			decl += bools[len(bools)-1] + ": bool, "
			return "when: " + bools[len(bools)-1]
		})
	}
	src = scripts.ReplaceAllStringFunc(src, func(s string) string {
		count := "did_" + scripts.FindStringSubmatch(s)[1]
		decl += count + ": {type: int, default: 0}, "
		return strings.Replace(s, "v: true", count+": 0", 1)
	})
	if len(bools) > 0 {
		list := `["` + strings.Join(bools, `?", "`) + `?"]`
		src = inline.ReplaceAllString(src, "{$1: $2, out: "+list)
		src = ownLines.ReplaceAllString(src, "$1- user: $2\n$1  out: "+list)
	}
	return strings.Replace(src, "vars: {", "in: ["+strings.Join(bools, ", ")+"]\nvars: {"+decl, 1), bools
}

// held makes each script of a program count how often it happened, up to a number that comes with the command. With no
// number, or too small a one, it fails: that is an incident, and can be retried.
func held(p *program.Program) error {
	dyn, err := expr.ParseType("dyn", nil)
	if err != nil {
		return err
	}
	env := p.Env.With(expr.Var{Name: "result", Type: dyn, Slot: len(p.Vars)})
	for i := range p.Nodes {
		n := &p.Nodes[i]
		n.OpenResult = true // that number may come with all results
		if n.Kind == program.ScriptTask {
			out, count := &n.Out[0], "did_"+n.ID
			e, issues := env.Compile(fmt.Sprintf("%s + 1 / (%s < result.%s ? 1 : 0)", count, count, n.ID), p.Vars[out.Slot].Type)
			if len(issues) > 0 {
				return fmt.Errorf("%v", issues)
			}
			out.Set, out.Expr = nil, e
		}
	}
	return nil
}

// stroke is a command that was given to the kernel, at a time, and what came with it.
type stroke struct {
	command kernel.Command
	result  map[string]any
	lets    map[string]any // how often each script may happen
	at      int64
}

// driver takes an instance in the kernel along a told run. What happens by itself may fail, and wait for somebody: the
// scripts here do until the run wants them to happen, for want of a value to write.
type driver struct {
	p       *program.Program
	m       *kernel.Machine
	s       *kernel.State
	events  []kernel.Event
	now     int64
	strokes []stroke
	bools   []string
	eager   bool              // scripts happen within the command that leads to them; else each fails first, and is then let go on
	flows   map[string][2]int // what a run calls a flow -> decision, flow
	claims  map[int32]bool    // user tasks that are claimed as soon as they are offered
}

func newDriver(p *program.Program, bools []string) *driver {
	m := kernel.New(p)
	d := &driver{p: p, m: m, s: m.NewState(), now: 1_000_000, bools: bools, flows: map[string][2]int{}, claims: map[int32]bool{}}
	for i := range p.Decisions {
		id := p.Nodes[p.Decisions[i].Node].ID
		for k := range p.Decisions[i].Flows {
			name := p.Decisions[i].Flows[k].ID
			if !strings.HasPrefix(name, id+"->") {
				name = fmt.Sprintf("%s[%s]", id, name)
			}
			d.flows[name] = [2]int{i, k}
		}
	}
	return d
}

// Value implements kernel.Values.
func (d *driver) Value(slot int, version uint64) (expr.Value, error) {
	for _, x := range d.events[version-1].Wrote {
		if int(x.Slot) == slot {
			return x.Value, nil
		}
	}
	return expr.Value{}, fmt.Errorf("event %d wrote no slot %d", version, slot)
}

// errOther is for runs that the variables of the test cannot bring about.
var errOther = errors.New("the run cannot be steered")

// letter is the node whose letter an entry of a run is, or nil: ends that throw nothing, flows and claims are none.
func (d *driver) letter(entry string) *program.Node {
	n, known := d.p.ByID[entry]
	if !known || d.p.Nodes[n].Complete < 0 && d.p.Nodes[n].Occur < 0 {
		return nil
	}
	return &d.p.Nodes[n]
}

// writes reports whether an entry of a run is of a task, which writes what the test wants.
func (d *driver) writes(entry string) bool {
	n := d.letter(entry)
	return n != nil && (n.Kind == program.UserTask || n.Kind == program.ServiceTask)
}

// waits reports whether what a letter is of waits for somebody.
func (d *driver) waits(letter string) bool { return !d.letter(letter).Kind.Automatic() }

// values let a run go on as told up to the next task that ends, which may write others.
func (d *driver) values(trace []string) (map[string]any, error) {
	values := map[string]any{}
	for i := 0; i < len(trace) && !d.writes(trace[i]); i++ {
		f, isFlow := d.flows[trace[i]]
		if !isFlow {
			continue
		}
		dec := &d.p.Decisions[f[0]]
		taken := map[int]bool{f[1]: true}
		for dec.Inclusive && i+1 < len(trace) { // the default comes alone
			next, isFlow := d.flows[trace[i+1]]
			if !isFlow || next[0] != f[0] || next[1] <= f[1] || dec.Flows[f[1]].Guard == nil || dec.Flows[next[1]].Guard == nil {
				break
			}
			i++
			f = next
			taken[f[1]] = true
		}
		for k := range dec.Flows {
			if dec.Flows[k].Guard == nil {
				continue
			}
			name := dec.Flows[k].Guard.Source()
			if old, set := values[name]; set && old != taken[k] {
				return nil, errOther // two decisions, with nobody in between who could write
			}
			values[name] = taken[k]
			if taken[k] && !dec.Inclusive {
				break // what the flows behind it say is not asked
			}
		}
	}
	for _, n := range d.bools {
		if values[n] == nil {
			values[n] = false
		}
	}
	return values, nil
}

// do gives a command with its result, and lets scripts happen.
func (d *driver) do(c kernel.Command, result, lets map[string]any) error {
	d.strokes = append(d.strokes, stroke{c, result, lets, d.now})
	dyn, err := expr.ParseType("dyn", nil)
	if err != nil {
		return err
	}
	given := maps.Clone(lets)
	if c.Kind == kernel.Start {
		in, err := expr.FromGo(dyn, result)
		if err != nil {
			return err
		}
		if c.Writes, err = d.m.Inputs(in); err != nil {
			return err
		}
	} else if result != nil {
		given = maps.Clone(result)
		maps.Copy(given, lets)
	}
	if given != nil {
		if c.Result, err = expr.FromGo(dyn, given); err != nil {
			return err
		}
	}
	c.At = d.now
	d.events, err = d.m.Decide(d.s, kernel.Context{Values: d}, &c, d.events)
	return err
}

// always is more often than the kernel does anything in one command.
const always = 1 << 20

// ready are the scripts that a run goes on with before anybody does anything.
func (d *driver) ready(trace []string) (list []*program.Node) {
	for _, entry := range trace {
		n := d.letter(entry)
		if n != nil && !n.Kind.Automatic() {
			break
		}
		if n != nil && n.Kind == program.ScriptTask {
			list = append(list, n)
		}
	}
	return list
}

// happened is how often a node happened.
func (d *driver) happened(n *program.Node) (times int) {
	for _, e := range d.events {
		if e.Kind == history.Completed && &d.p.Nodes[e.Node] == n {
			times++
		}
	}
	return times
}

// all lets all scripts happen as often as they come.
func (d *driver) all() map[string]any {
	all := map[string]any{}
	for i := range d.p.Nodes {
		if n := &d.p.Nodes[i]; n.Kind == program.ScriptTask {
			all[n.ID] = always
		}
	}
	return all
}

// release lets all scripts that have failed happen, and whatever follows.
func (d *driver) release() error {
	for _, w := range slices.Clone(d.s.Works) {
		if w.Incident {
			if err := d.do(kernel.Command{Kind: kernel.Retry, Node: w.Node}, nil, d.all()); err != nil {
				return err
			}
		}
	}
	return nil
}

// scripts lets those happen that a run goes on with, each once and in the order of the run.
func (d *driver) scripts(trace []string) error {
	for _, n := range d.ready(trace) {
		i := int32(d.p.ByID[n.ID])
		if w := d.s.Work(i); w != nil && w.Incident {
			if err := d.do(kernel.Command{Kind: kernel.Retry, Node: i}, nil, map[string]any{n.ID: d.happened(n) + 1}); err != nil {
				return err
			}
		}
		if err := d.claim(); err != nil {
			return err
		}
	}
	return nil
}

// claim claims tasks that are to be claimed at once.
func (d *driver) claim() error {
	for _, w := range slices.Clone(d.s.Works) {
		if d.claims[w.Node] && !w.Started {
			if err := d.do(kernel.Command{Kind: kernel.Claim, Node: w.Node, Actor: "ann"}, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// step gives a command, and then does what happens before the next one of a run. Tasks are claimed as soon as they are there.
func (d *driver) step(c kernel.Command, result map[string]any, trace []string) error {
	var lets map[string]any
	if d.eager {
		lets = map[string]any{}
		for _, n := range d.ready(trace) {
			if lets[n.ID] == nil {
				lets[n.ID] = d.happened(n)
			}
			lets[n.ID] = lets[n.ID].(int) + 1
		}
	}
	if err := d.do(c, result, lets); err != nil {
		return err
	}
	if err := d.claim(); err != nil {
		return err
	}
	return d.scripts(trace)
}

// run does what a told run says. It returns the error of the kernel, and how much of the run was done before.
func (d *driver) run(trace []string) (done int, err error) {
	values, err := d.values(trace)
	if err != nil {
		return 0, err
	}
	if err := d.step(kernel.Command{Kind: kernel.Start}, values, trace); err != nil {
		return 0, err
	}
	for i, entry := range trace {
		id, started := strings.CutSuffix(entry, " started")
		n, known := d.p.ByID[id]
		if !known {
			continue // a flow
		}
		node := &d.p.Nodes[n]
		c := kernel.Command{Node: int32(n), Actor: "ann"}
		var result map[string]any
		switch {
		case started && node.Kind == program.UserTask:
			c.Kind = kernel.Claim
		case started: // a job, which was started when it was offered
			continue
		case d.writes(entry):
			c.Kind = kernel.CompleteTask
			if node.Kind == program.ServiceTask {
				c.Kind = kernel.CompleteJob
			}
			if values, err = d.values(trace[i+1:]); err != nil {
				return i, err
			}
			result = values
		case node.Timer != nil:
			c.Kind = kernel.Fire
			d.now += 1000 * 60 * 60 * 24 * 40
		case node.Kind == program.BoundaryEvent:
			at := slices.IndexFunc(d.s.Works, func(x kernel.Work) bool {
				k := d.p.Nodes[x.Node].Kind
				return (k == program.UserTask || k == program.ServiceTask) && d.p.Nodes[x.Node].Scope > 0 &&
					d.p.Scopes[d.p.Nodes[x.Node].Scope].Node == node.Host
			})
			if at < 0 {
				return i, fmt.Errorf("nothing runs that could throw to %s", id)
			}
			c.Kind, c.Node, c.Code = kernel.FailJob, d.s.Works[at].Node, "any"
		default:
			continue // scripts and ends happen by themselves
		}
		if err := d.step(c, result, trace[i+1:]); err != nil {
			return i + 1, err
		}
	}
	return len(trace), nil
}

// letters are those that the kernel has recorded.
func (d *driver) letters() []string {
	var list []string
	for _, e := range d.events {
		switch e.Kind {
		case history.Completed, history.Fired, history.Caught:
			list = append(list, d.p.Nodes[e.Node].ID)
		}
	}
	return list
}

// told are the letters of a run.
func (d *driver) told(trace []string) []string {
	var list []string
	for _, entry := range trace {
		if d.letter(entry) != nil {
			list = append(list, entry)
		}
	}
	return list
}

// busy reports whether a task is offered again while it runs: a job is started at once, so that the second token comes then.
func (d *driver) busy(id string) bool {
	n := &d.p.Nodes[d.p.ByID[id]]
	return n.Running != petri.NoPlace && d.s.Marking.Has(n.Running) && d.s.Marking.Has(n.Offered)
}
