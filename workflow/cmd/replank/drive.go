package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/history"
	"github.com/replank/replank/workflow/schema"
)

// A driver makes an instance do what a trace says. It is the engine's kernel that does it; the driver only gives the
// commands, and sees that each event of the trace is what came of one.
type driver struct {
	p      *program.Program
	m      *kernel.Machine
	s      *kernel.State
	now    int64 // unix milliseconds
	log    []kernel.Event
	ends   []int              // by event of the trace: the length of log behind it
	begun  int                // the length of log behind the start
	last   int                // the length of log before the last command
	untold map[int32][]uint64 // what ran by itself and the trace has not told of: node -> numbers of the events
	teller map[uint64]int     // what the engine did before the trace told of it: number of the event -> event of the trace
}

func newDriver(p *schema.Process) *driver {
	m := kernel.New(p.Program())
	return &driver{p: p.Program(), m: m, s: m.NewState(), untold: map[int32][]uint64{}, teller: map[uint64]int{}}
}

// beginning is when an instance begins whose trace does not say.
var beginning = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// drive makes the instance do the whole trace. The error is a *migrate.TraceError if it cannot.
func (d *driver) drive(t *trace) error {
	vars, err := record(t.Vars)
	if err == nil {
		var in []kernel.Write
		if in, err = d.m.Inputs(vars); err == nil {
			d.now = beginning.UnixMilli()
			if i := slices.IndexFunc(t.Events, func(e event) bool { return e.At != nil }); i >= 0 {
				d.now = t.Events[i].At.Add(-time.Duration(i+1) * time.Second).UnixMilli()
			}
			err = d.do(kernel.Command{Kind: kernel.Start, Writes: in})
		}
	}
	if err != nil {
		return fmt.Errorf("vars: %w", err)
	}
	d.begun = len(d.log)
	for i := range t.Events {
		e := &t.Events[i]
		d.now += 1000
		if e.At != nil {
			d.now = max(d.now-1000, e.At.UnixMilli())
		}
		if err := d.happen(i, e); err != nil {
			return &migrate.TraceError{Index: i, Node: e.node, Why: err.Error()}
		}
		d.ends = append(d.ends, len(d.log))
	}
	return nil
}

// do gives one command and notes what ran by itself.
func (d *driver) do(c kernel.Command) error {
	d.last = len(d.log)
	c.At = d.now
	var err error
	if d.log, err = d.m.Decide(d.s, kernel.Context{}, &c, d.log); err != nil {
		return err
	}
	for _, e := range d.log[d.last:] {
		if e.Node < 0 {
			continue
		}
		switch k := d.p.Nodes[e.Node].Kind; {
		case k == program.ScriptTask && e.Kind == history.Completed, k == program.EndEvent && e.Kind == history.Caught:
			d.untold[e.Node] = append(d.untold[e.Node], e.Seq)
		case e.Kind == history.IncidentRaised && e.Node == c.Node && c.Kind != kernel.Start:
			return errors.New(strings.TrimRight(e.Note, ": ")) // the cause may be empty
		}
	}
	return nil
}

// happen makes event i happen.
func (d *driver) happen(i int, e *event) error {
	node := int32(d.p.ByID[e.node])
	n := &d.p.Nodes[node]
	result, err := record(e.Vars)
	if err != nil {
		return err
	}
	if len(e.Vars) == 0 && len(n.Out) == 0 {
		result = expr.Value{}
	}
	c := kernel.Command{Node: node, Result: result}
	switch {
	case e.kind == migrate.StepDecide:
		return d.decided(node, e.Flow)
	case d.runsItself(n):
		return d.tell(i, node, e)
	case d.s.Work(node) == nil:
		return errors.New("it cannot happen in the old schema, which " + d.waits())
	case e.kind == migrate.StepStart:
		return d.start(i, node)
	case e.kind == migrate.StepError:
		c.Kind, c.Code = kernel.FailJob, e.Code
	case n.Timer != nil:
		c.Kind = kernel.Fire
		if e.At == nil {
			d.now = max(d.now, d.s.Work(node).Due)
		}
	case n.Message != "":
		c.Kind = kernel.Receive
	case e.kind == migrate.StepOccur:
		return fmt.Errorf("it is a %s, which does not occur: start, complete or error", schema.Kind(n.Kind))
	case n.Kind == program.ServiceTask:
		c.Kind = kernel.CompleteJob
	default:
		c.Kind = kernel.CompleteTask
	}
	if w := d.s.Work(node); w.Job {
		if _, told := d.teller[w.Since]; !told {
			d.teller[w.Since] = i // the start of the job that ends now
		}
	}
	return d.do(c)
}

// runsItself: scripts, and ends that throw errors.
func (d *driver) runsItself(n *program.Node) bool {
	return n.Kind == program.ScriptTask || n.Kind == program.EndEvent
}

// tell checks what a trace says of a step that runs by itself.
func (d *driver) tell(i int, node int32, e *event) error {
	switch {
	case e.kind != migrate.StepComplete && (e.kind != migrate.StepOccur || d.p.Nodes[node].Kind != program.EndEvent):
		return fmt.Errorf("a %s runs by itself, at once", schema.Kind(d.p.Nodes[node].Kind))
	case len(d.untold[node]) == 0:
		return errors.New("it has not run in the old schema, which " + d.waits())
	case len(e.Vars) > 0:
		return errors.New("what it writes follows from the schema")
	}
	d.teller[d.untold[node][0]] = i
	d.untold[node] = d.untold[node][1:]
	return nil
}

// start starts a user task; a service runs as soon as it can.
func (d *driver) start(i int, node int32) error {
	w, n := d.s.Work(node), &d.p.Nodes[node]
	_, told := d.teller[w.Since]
	switch {
	case n.Kind == program.UserTask && w.Started, n.Kind == program.ServiceTask && told:
		return errors.New("it is running already")
	case n.Kind == program.UserTask: // by somebody else each time, because a trace does not tell of people
		return d.do(kernel.Command{Kind: kernel.Claim, Node: node, Actor: fmt.Sprintf("event %d", i)})
	case n.Kind == program.ServiceTask:
		d.teller[w.Since] = i
		return nil
	}
	return fmt.Errorf("a %s is not started", schema.Kind(n.Kind))
}

// decided checks what a trace says of a gateway: its guards have decided.
func (d *driver) decided(node int32, flow string) error {
	for _, e := range d.log[d.last:] {
		if e.Node != node || e.Kind != history.Decided && e.Kind != history.LoopedBack {
			continue
		}
		for _, x := range d.p.Decisions {
			if x.Node != node {
				continue
			}
			for k, f := range x.Flows {
				if f.ID == flow && e.Flows&(1<<k) != 0 {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("its guards did not decide for %q", flow)
}

// waits tells what the instance waits for.
func (d *driver) waits() string {
	var ids []string
	for _, w := range d.s.Works {
		ids = append(ids, d.p.Nodes[w.Node].ID)
	}
	if d.s.Ended() || len(ids) == 0 {
		return "has ended"
	}
	return "waits for " + strings.Join(ids, ", ")
}

// run is the instance as a check gets it.
func (d *driver) run() (migrate.Run, error) {
	t, s, err := d.m.Effective(func(yield func(kernel.Event, error) bool) {
		for _, e := range d.log {
			if !yield(e, nil) {
				return
			}
		}
	})
	return migrate.Run{Trace: t, State: s}, err
}

// event is the index of the trace's event that tells of event number seq of the instance, or else that it came of; -1:
// of the beginning.
func (d *driver) event(seq uint64) int {
	if i, told := d.teller[seq]; told {
		return i
	}
	if seq <= uint64(d.begun) {
		return -1
	}
	return slices.IndexFunc(d.ends, func(end int) bool { return seq <= uint64(end) })
}

var dyn = func() expr.Type {
	t, err := expr.ParseType("dyn", nil)
	if err != nil {
		panic(err) // a constant
	}
	return t
}()

func record(vars map[string]any) (expr.Value, error) {
	if vars == nil {
		vars = map[string]any{}
	}
	return expr.FromGo(dyn, vars)
}
