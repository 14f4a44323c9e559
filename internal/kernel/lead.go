package kernel

import (
	"errors"
	"fmt"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/history"
)

// lead checks the command and emits its letter. An error leaves the state unchanged.
func (d *step) lead() error {
	if d.c.Kind == Start {
		d.emit(Event{Kind: history.Created, Node: -1, Actor: d.c.Actor, Wrote: d.c.Writes})
		return nil
	}
	if d.c.Node < 0 || int(d.c.Node) >= len(d.m.p.Nodes) {
		return fmt.Errorf("%w: no such node", ErrNotFound)
	}
	x := &d.m.p.Nodes[d.c.Node]
	w := d.s.Work(d.c.Node)
	if w == nil || d.c.Since != 0 && w.Since != d.c.Since {
		return fmt.Errorf("%w at %s", ErrNotFound, x.ID)
	}
	if w.Incident && d.c.Kind != Retry {
		return fmt.Errorf("%w: %s has an open incident: %s", ErrState, x.ID, w.Key)
	}
	switch d.c.Kind {
	case Claim:
		return d.claim(x, w)
	case Release:
		return d.release(x, w)
	case CompleteTask:
		return d.completeTask(x, w)
	case CompleteJob:
		return d.completeJob(x, w)
	case FailJob:
		return d.failJob(x, w)
	case Fire:
		if x.Timer == nil {
			return fmt.Errorf("%w: %s is no timer", ErrState, x.ID)
		}
		if w.Due > d.at {
			return fmt.Errorf("%w: %s is due at %s", ErrState, x.ID, time.UnixMilli(w.Due).UTC().Format(time.RFC3339Nano))
		}
		d.fire()
	case Receive:
		if x.Message == "" {
			return fmt.Errorf("%w: %s waits for no message", ErrState, x.ID)
		}
		if err := d.forbidden(d.c.Node, program.Occur); err != nil {
			return err
		}
		wrote, err := d.outputs(d.c.Node, d.c.Result)
		if err != nil {
			return err
		}
		d.emit(Event{Kind: history.Received, Node: d.c.Node, Actor: d.c.Actor, Wrote: wrote})
	case Refuse:
		if x.Message == "" {
			return fmt.Errorf("%w: %s waits for no message", ErrState, x.ID)
		}
		d.incident(d.c.Node, d.c.Cause, 0)
	case Retry:
		if !w.Incident {
			return fmt.Errorf("%w: %s has no open incident", ErrState, x.ID)
		}
		due := w.Due
		d.emit(Event{Kind: history.IncidentResolved, Node: d.c.Node, Actor: d.c.Actor})
		if x.Timer != nil && due != 0 { // a rule refused it when it was due: it does not run once more
			d.emit(Event{Kind: history.Armed, Node: d.c.Node, Due: due})
			d.fire()
		}
	default:
		return fmt.Errorf("%w: unknown command", ErrState)
	}
	return nil
}

// fire lets a timer happen that is due, unless a rule refuses that.
func (d *step) fire() {
	if err := d.forbidden(d.c.Node, program.Occur); err != nil {
		d.incident(d.c.Node, err.Error(), 0)
		return
	}
	d.emit(Event{Kind: history.Fired, Node: d.c.Node})
}

func (d *step) claim(x *program.Node, w *Work) error {
	switch {
	case x.Kind != program.UserTask:
		return fmt.Errorf("%w: %s is no user task", ErrState, x.ID)
	case d.c.Actor == "":
		return fmt.Errorf("%w: a claim of %s must name who claims it", ErrForbidden, x.ID)
	case w.Started && w.Actor == d.c.Actor:
		return nil // they have it already
	case w.Started:
		return fmt.Errorf("%w: %s is claimed by %q", ErrConflict, x.ID, w.Actor)
	}
	if err := d.separate(x); err != nil {
		return err
	}
	if !w.begunBefore() {
		if err := d.forbidden(d.c.Node, program.Start); err != nil {
			return err
		}
	}
	d.emit(Event{Kind: history.Started, Node: d.c.Node, Actor: d.c.Actor})
	return nil
}

// separate is the four-eyes rule: who completed the latest occurrence of a named node may not do this one. The program
// itself ("") is nobody in particular.
func (d *step) separate(x *program.Node) error {
	if d.c.Actor == "" {
		return nil
	}
	for _, n := range x.Separate {
		if k := d.m.witness[n]; k >= 0 && d.s.Actors[k] == d.c.Actor {
			return fmt.Errorf("%w: %s must be done by somebody else than %s, which %q did",
				ErrForbidden, x.ID, d.m.p.Nodes[n].ID, d.c.Actor)
		}
	}
	return nil
}

func (d *step) release(x *program.Node, w *Work) error {
	switch {
	case x.Kind != program.UserTask || !w.Started:
		return fmt.Errorf("%w: %s is not claimed", ErrState, x.ID)
	case d.c.Actor != "" && d.c.Actor != w.Actor:
		return fmt.Errorf("%w: %s is claimed by %q", ErrConflict, x.ID, w.Actor)
	}
	d.emit(Event{Kind: history.Released, Node: d.c.Node, Actor: d.c.Actor})
	return nil
}

// mine checks that who ends a user task may: its claimant, the program, or anybody if it is not claimed. Who did not
// claim it is held to four eyes now.
func (d *step) mine(x *program.Node, w *Work) error {
	switch {
	case w.Started && d.c.Actor == w.Actor:
		return nil
	case w.Started && d.c.Actor != "":
		return fmt.Errorf("%w: %s is claimed by %q", ErrConflict, x.ID, w.Actor)
	}
	return d.separate(x)
}

func (d *step) completeTask(x *program.Node, w *Work) error {
	if x.Kind != program.UserTask {
		return fmt.Errorf("%w: %s is no user task", ErrState, x.ID)
	}
	if err := d.mine(x, w); err != nil {
		return err
	}
	wrote, err := d.outputs(d.c.Node, d.c.Result)
	if err != nil {
		return err
	}
	if err := d.forbiddenToEnd(d.c.Node, w.Started || w.begunBefore()); err != nil {
		return err
	}
	if !w.Started {
		d.emit(Event{Kind: history.Started, Node: d.c.Node, Actor: d.c.Actor})
	}
	d.emit(Event{Kind: history.Completed, Node: d.c.Node, Actor: d.c.Actor, Wrote: wrote})
	return nil
}

func (d *step) completeJob(x *program.Node, w *Work) error {
	if !w.Job || !w.Started {
		return fmt.Errorf("%w: %s is no running job", ErrState, x.ID)
	}
	wrote, err := d.outputs(d.c.Node, d.c.Result)
	if err != nil {
		d.incident(d.c.Node, err.Error(), w.Attempt+1)
		return nil
	}
	if err := d.forbidden(d.c.Node, program.Complete); err != nil {
		d.incident(d.c.Node, err.Error(), w.Attempt+1)
		return nil
	}
	d.emit(Event{Kind: history.Completed, Node: d.c.Node, Wrote: wrote})
	return nil
}

// failJob ends an attempt of a job without result. A business error (Code) goes to the innermost error boundary event
// that catches it, of a user task too; without one, and after the last attempt, it is an incident.
func (d *step) failJob(x *program.Node, w *Work) error {
	if x.Kind != program.UserTask && (!w.Job || !w.Started) || x.Kind == program.UserTask && d.c.Code == "" {
		return fmt.Errorf("%w: %s is no running job", ErrState, x.ID)
	}
	if x.Kind == program.UserTask {
		if err := d.mine(x, w); err != nil {
			return err
		}
	}
	attempt := w.Attempt + 1
	if d.c.Code != "" {
		if b := d.m.Catcher(d.c.Node, d.c.Code); b >= 0 {
			data := d.c.Result
			if len(d.m.p.Nodes[b].Out) == 0 {
				data = expr.Value{} // the thrower need not know what the event takes
			}
			wrote, err := d.outputs(b, data)
			if err == nil {
				err = d.forbidden(b, program.Occur)
			}
			if err != nil {
				if x.Kind == program.UserTask {
					return err
				}
				d.incident(d.c.Node, fmt.Sprintf("error %s: %v", d.c.Code, err), attempt)
				return nil
			}
			d.emit(Event{Kind: history.Caught, Node: b, Code: d.c.Code, Actor: d.c.Actor, Note: limit(d.c.Cause), Wrote: wrote})
			return nil
		}
		if x.Kind == program.UserTask {
			return fmt.Errorf("%w: no boundary event around %s catches the error %q", ErrState, x.ID, d.c.Code)
		}
		d.incident(d.c.Node, fmt.Sprintf("no boundary event catches the error %q: %s", d.c.Code, d.c.Cause), attempt)
		return nil
	}
	switch {
	case d.c.Permanent || x.Retry.Never:
		d.incident(d.c.Node, d.c.Cause, attempt)
	case d.c.Delay > 0:
		d.emit(Event{Kind: history.Failed, Node: d.c.Node, Attempt: w.Attempt, Due: d.at + millis(d.c.Delay), Note: limit(d.c.Cause)})
	case int(attempt) >= x.Retry.Max:
		d.incident(d.c.Node, d.c.Cause, attempt)
	default:
		d.emit(Event{Kind: history.Failed, Node: d.c.Node, Attempt: attempt, Due: d.at + millis(backoff(x.Retry, attempt)), Note: limit(d.c.Cause)})
	}
	return nil
}

// millis rounds up.
func millis(d time.Duration) int64 {
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		ms++
	}
	return ms
}

// backoff is the delay after failed attempt n: min(First * Factor^(n-1), Limit). It has no jitter: the kernel knows no
// randomness, and jobs of different instances do not fail at the same instant.
func backoff(r program.Retry, n uint32) time.Duration {
	delay := float64(r.First)
	for range n - 1 {
		delay *= r.Factor
		if delay >= float64(r.Limit) {
			return r.Limit
		}
	}
	return min(time.Duration(delay), r.Limit)
}

// ResultError is the ErrResult of one variable or field.
type ResultError struct {
	Node string // "" for the input of a process
	Name string // the variable or field; "" for the result as a whole
	Why  string
	Hint string
}

// Error implements error.
func (e *ResultError) Error() string {
	text := e.Why
	if e.Name != "" {
		text = e.Name + ": " + text
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap returns ErrResult.
func (e *ResultError) Unwrap() error { return ErrResult }

func typeError(node, name string, err error) error {
	var te *expr.TypeError
	if errors.As(err, &te) {
		u := te.Under(name)
		return &ResultError{Node: node, Name: u.Path, Why: "want " + u.Want + ", got " + u.Got, Hint: u.Hint}
	}
	return &ResultError{Node: node, Name: name, Why: err.Error()}
}
