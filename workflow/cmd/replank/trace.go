package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

// A trace is what TRACE.json says: the values that an instance was started with, and what happened then.
type trace struct {
	Vars   map[string]any `json:"vars"`
	Events []event        `json:"events"`
}

// An event is one thing that happened. Exactly one of the first group says what.
type event struct {
	Start    *string        `json:"start"`
	Complete *string        `json:"complete"`
	Occur    *string        `json:"occur"`
	Error    *string        `json:"error"`
	Cancel   *string        `json:"cancel"`
	Decide   *string        `json:"decide"`
	Set      map[string]any `json:"set"`

	Vars  map[string]any `json:"vars"` // complete, occur, error
	Code  string         `json:"code"` // error
	Flow  string         `json:"flow"` // decide
	At    *time.Time     `json:"at"`
	Scope string         `json:"scope"`

	kind migrate.StepKind
	node string // in the old schema
}

// kinds are the forms of an event that are available.
var kinds = map[string]migrate.StepKind{
	"start": migrate.StepStart, "complete": migrate.StepComplete, "occur": migrate.StepOccur,
	"error": migrate.StepError, "decide": migrate.StepDecide,
}

// readTrace reads a trace of an instance of p.
func readTrace(name string, src []byte, p *schema.Process) (*trace, error) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	d.DisallowUnknownFields()
	var t trace
	if err := d.Decode(&t); err != nil {
		return nil, fmt.Errorf(`%s: %w; want {"vars": {...}, "events": [...]}`, name, malformed(src, err))
	}
	if err := unique(src[:d.InputOffset()]); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: something follows the trace", name)
	}
	var last time.Time
	for i := range t.Events {
		e := &t.Events[i]
		if err := e.read(p); err != nil {
			return nil, fmt.Errorf("%s: event %d: %w", name, i, err)
		}
		if e.At == nil {
			continue
		}
		if e.At.Before(last) {
			return nil, fmt.Errorf("%s: event %d is at %s, before the one before it", name, i, e.At.Format(time.RFC3339))
		}
		last = *e.At
	}
	return &t, nil
}

// malformed tells of an error of encoding/json in the words of a trace, with the line that it is on.
func malformed(src []byte, err error) error {
	line := func(offset int64) int {
		return 1 + bytes.Count(src[:min(max(offset, 0), int64(len(src)))], []byte("\n"))
	}
	var typed *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var moment *time.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case errors.As(err, &typed) && typed.Field == "":
		return fmt.Errorf("line %d: it is %s", line(typed.Offset), article(typed.Value))
	case errors.As(err, &typed):
		return fmt.Errorf("line %d: %s is %s", line(typed.Offset), typed.Field, article(typed.Value))
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", line(syntax.Offset), err)
	case errors.As(err, &moment):
		return fmt.Errorf("at %s is no moment of RFC 3339, such as 2026-03-01T12:00:00Z", moment.Value)
	case strings.HasPrefix(err.Error(), "Time."): // of the method of time.Time
		return errors.New("at is no text")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// article puts a or an before a kind of JSON value.
func article(kind string) string {
	kind, _, _ = strings.Cut(kind, " ")
	if strings.ContainsRune("ao", rune(kind[0])) {
		return "an " + kind
	}
	return "a " + kind
}

// read finds out which form the event has, and whether what it has fits.
func (e *event) read(p *schema.Process) error {
	var forms []string
	for _, f := range []struct {
		name string
		node *string
	}{{"start", e.Start}, {"complete", e.Complete}, {"occur", e.Occur}, {"error", e.Error}, {"cancel", e.Cancel}, {"decide", e.Decide}} {
		if f.node != nil {
			forms = append(forms, f.name)
			e.kind, e.node = kinds[f.name], nodeID(p, *f.node)
		}
	}
	if e.Set != nil {
		forms = append(forms, "set")
	}
	if len(forms) != 1 {
		return fmt.Errorf("it says %d things (%s); want one of start, complete, occur, error, decide", len(forms), strings.Join(forms, ", "))
	}
	switch form := forms[0]; {
	case e.kind == 0:
		return fmt.Errorf("%s is not available yet%s", form, map[string]string{"cancel": "; what an event interrupts follows from the schema"}[form])
	case e.Scope != "":
		return errors.New("scope is not available yet: instances of a step that run side by side cannot be written in a schema")
	case e.kind == migrate.StepError && e.Code == "":
		return errors.New("an error needs its code; attempts that failed are not part of a trace")
	case e.kind != migrate.StepError && e.Code != "":
		return fmt.Errorf("%s has no code", form)
	case e.kind == migrate.StepDecide && e.Flow == "":
		return errors.New("decide needs the flow that was taken")
	case e.kind != migrate.StepDecide && e.Flow != "":
		return fmt.Errorf("%s has no flow", form)
	case (e.kind == migrate.StepStart || e.kind == migrate.StepDecide) && len(e.Vars) > 0:
		return fmt.Errorf("%s writes no variables", form)
	case p.Node(e.node) == nil:
		return fmt.Errorf("process %s has no node %q", p.ID(), e.node)
	}
	if e.kind == migrate.StepDecide {
		e.node = decider(p, e.node)
	}
	return nil
}

// decider is the node that decides for the step that a trace names: of a loop it is its join, where the test is.
func decider(p *schema.Process, id string) string {
	prog := p.Program()
	decides := func(id string) bool {
		n, known := prog.ByID[id]
		return known && slices.ContainsFunc(prog.Decisions, func(d program.Decision) bool { return int(d.Node) == n })
	}
	if join := id + ".join"; !decides(id) && decides(join) {
		return join
	}
	return id
}

// steps is the trace without its data.
func (t *trace) steps() []migrate.Step {
	out := make([]migrate.Step, len(t.Events))
	for i := range t.Events {
		e := &t.Events[i]
		out[i] = migrate.Step{Kind: e.kind, Node: e.node, Arg: e.Code + e.Flow}
	}
	return out
}
