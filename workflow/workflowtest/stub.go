package workflowtest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing/synctest"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

// Call is one attempt at a service task that a handler or a stub has seen.
type Call struct {
	workflow.Job
	In map[string]any // the input, if a stub answered; else nil
}

// stub is what jobs of a kind are answered with.
type stub struct {
	out map[string]any
	err error
}

// Handlers registers what the program registers; it is applied again by Restart and Crash. A kind has either a handler
// or a stub.
func (w *World) Handlers(register func(*workflow.Engine)) {
	w.T.Helper()
	w.program = append(w.program, register)
	if len(w.deploys) > 0 {
		w.Restart() // kinds that were missing until now are served by stubs that fail the test: let go of them
		return
	}
	register(w.Engine)
	w.checkHandlers("Handlers")
}

// Stub answers every job of a kind with out, a map, a struct with json tags, or nil; an error value fails it (see
// workflow.Permanent, RetryAfter and Throw). A later Stub of the same kind replaces it. A kind without handler or stub
// fails the test when called. Calls are the jobs seen.
func (w *World) Stub(kind string, out any) {
	w.T.Helper()
	var s stub
	if err, ok := out.(error); ok {
		s.err = err
	} else {
		fields, err := fieldsOf(out)
		if err != nil {
			w.T.Fatalf("Stub(%q): %v", kind, err)
		}
		s.out = fields
	}
	w.mu.Lock()
	w.stubs[kind] = s
	w.mu.Unlock()
	w.serve(kind)
	w.checkHandlers(fmt.Sprintf("Stub(%q)", kind))
}

// Calls are the jobs of a kind seen so far, retries and what ran before a crash included, in the order they began.
func (w *World) Calls(kind string) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := make([]Call, len(w.calls[kind]))
	for i, c := range w.calls[kind] {
		calls[i] = *c
	}
	return calls
}

// serve has the engine answer a kind from the stubs.
func (w *World) serve(kind string) {
	if w.served[kind] {
		return
	}
	w.served[kind] = true
	workflow.Handle(w.Engine, kind, func(ctx context.Context, in map[string]any) (map[string]any, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if c, ok := ctx.Value(callKey{}).(*Call); ok {
			c.In = in
		}
		s, ok := w.stubs[kind]
		if !ok {
			w.T.Errorf("a service task of kind %q was called, which has neither handler nor stub", kind)
			return nil, workflow.Permanent(fmt.Errorf("kind %q has neither handler nor stub", kind))
		}
		return s.out, s.err
	})
}

// serveMissing serves every kind in src that nothing is registered for. What is wrong with src is for Deploy to say.
func (w *World) serveMissing(src []schema.Source) {
	d, err := w.Default().Verify(w.ctx(), src...)
	if err != nil {
		return
	}
	for i, p := range processes(src) {
		for _, f := range d.Versions[i].Warnings {
			if f.Code == "handler/missing" {
				w.serve(p.Node(f.Node).Handler())
			}
		}
	}
}

// processes reads sources that were verified.
func processes(src []schema.Source) []*schema.Process {
	var all []*schema.Process
	for _, s := range src {
		list, _ := s.Schemas()
		all = append(all, list...)
	}
	return all
}

// checkHandlers reports what is wrong with the registered handlers.
func (w *World) checkHandlers(op string) {
	w.T.Helper()
	if _, err := w.Default().Verify(w.ctx()); err != nil {
		w.T.Fatalf("%s: %v", op, err)
	}
	synctest.Wait()
}

type callKey struct{}

// record is the outermost middleware.
func (w *World) record(ctx context.Context, j *workflow.Job, next func(context.Context) error) error {
	c := &Call{Job: *j}
	w.mu.Lock()
	w.calls[j.Kind] = append(w.calls[j.Kind], c)
	w.mu.Unlock()
	return next(context.WithValue(ctx, callKey{}, c))
}

// fieldsOf turns the result of a stub into what a handler of any kind may return.
func fieldsOf(out any) (map[string]any, error) {
	v := reflect.ValueOf(out)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case out == nil:
		return nil, nil
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		fields := make(map[string]any, v.Len())
		for _, key := range v.MapKeys() {
			fields[key.String()] = v.MapIndex(key).Interface()
		}
		return fields, nil
	case v.Kind() == reflect.Struct:
		fields := make(map[string]any)
		for _, f := range reflect.VisibleFields(v.Type()) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || f.Anonymous || name == "-" {
				continue
			}
			if name == "" {
				name = f.Name
			}
			fields[name] = v.FieldByIndex(f.Index).Interface()
		}
		return fields, nil
	}
	return nil, fmt.Errorf("%T is no map, struct or error", out)
}
