package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/replank/replank/internal/expr"
)

// None is the result of a handler that has none, or the input of one that needs none.
type None = struct{}

// Job is one attempt at a service task.
type Job struct {
	ID       string // the same in every attempt
	Key      string // idempotency key: the same in every attempt, and after a crash
	Kind     string // what Handle was called with
	Tenant   string
	Process  string
	Version  int
	Instance string
	Node     string
	Attempt  int       // from 1; an attempt that a crash cut short is not counted
	Deadline time.Time // of this attempt; zero: none
}

// JobFrom returns the job that a handler's context belongs to.
func JobFrom(ctx context.Context) (*Job, bool) {
	j, ok := ctx.Value(jobKey{}).(*Job)
	return j, ok
}

type jobKey struct{}

// jobContext is context.WithValue in one allocation for a key that is asked for often.
type jobContext struct {
	context.Context
	job *Job
}

// Value implements context.Context.
func (c *jobContext) Value(key any) any {
	if _, ok := key.(jobKey); ok {
		return c.job
	}
	return c.Context.Value(key)
}

// Middleware runs around handlers: call next, or return without. The context that it hands to next reaches the handler.
type Middleware func(ctx context.Context, j *Job, next func(context.Context) error) error

// handler is a registered Go function. Immutable once registered.
type handler struct {
	kind    string
	at      string // file:line of the call of Handle
	in, out shape
	around  []Middleware
	fn      func(ctx context.Context, in expr.Value) (expr.Value, error)
}

// call runs one attempt in the caller's goroutine: in is what kernel.Input gave, the result what CompleteJob takes. A
// panic of the handler passes through.
func (h *handler) call(ctx context.Context, j *Job, in expr.Value) (expr.Value, error) {
	if c, ok := ctx.(*jobContext); !ok || c.job != j {
		ctx = &jobContext{ctx, j}
	}
	if len(h.around) == 0 {
		return h.fn(ctx, in)
	}
	var out expr.Value
	err := h.through(ctx, j, 0, func(ctx context.Context) (err error) {
		out, err = h.fn(ctx, in)
		return err
	})
	return out, err
}

func (h *handler) through(ctx context.Context, j *Job, i int, last func(context.Context) error) error {
	if i == len(h.around) {
		return last(ctx)
	}
	return h.around[i](ctx, j, func(ctx context.Context) error { return h.through(ctx, j, i+1, last) })
}

// registry is the handlers of an engine, by kind, and the mistakes made in registering them. Lookups take no lock.
type registry struct {
	byKind atomic.Pointer[map[string]*handler] // never changed, only replaced; nil: none yet
	mu     sync.Mutex                          // guards replacing, and faults
	faults []error
}

func (r *registry) all() map[string]*handler {
	if p := r.byKind.Load(); p != nil {
		return *p
	}
	return nil
}

func (r *registry) add(h *handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.all()
	if first, ok := old[h.kind]; ok {
		r.faults = append(r.faults, fmt.Errorf("%s: kind %q is registered already, at %s", h.at, h.kind, first.at))
		return
	}
	next := make(map[string]*handler, len(old)+1)
	maps.Copy(next, old)
	next[h.kind] = h
	r.byKind.Store(&next)
}

func (r *registry) fault(at, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
}

// lookup returns the handler of a kind, or nil.
func (r *registry) lookup(kind string) *handler { return r.all()[kind] }

// kinds are the registered ones, sorted.
func (r *registry) kinds() []string { return slices.Sorted(maps.Keys(r.all())) }

// err joins the mistakes so far.
func (r *registry) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.faults...)
}

// handler returns the handler of a kind, or nil.
func (e *Engine) handler(kind string) *handler { return e.registry.lookup(kind) }

// Handle registers fn for service tasks of that kind. In and Out are structs with json tags, None, or map[string]any.
// A mistake (a kind registered twice, a type that cannot be mapped) is reported by Deploy and Start, with the call's
// file and line.
//
// fn must heed its context, which ends with the task's timeout and when the engine is closed. At the timeout the attempt
// has failed, whether or not fn has returned: the next attempt may run while fn still does, and what fn returns then is
// dropped. Until it returns it takes up one of Options.Workers. A panic is a failed attempt too, and so is a call of
// runtime.Goexit (by t.Fatal, for instance).
func Handle[In, Out any](e *Engine, kind string, fn func(context.Context, In) (Out, error)) {
	at := callSite()
	r := &e.registry
	h := &handler{kind: kind, at: at, around: e.settings.Middleware}
	switch {
	case kind == "":
		r.fault(at, "the kind of a handler must not be empty")
		return
	case fn == nil:
		r.fault(at, "the handler of kind %q is nil", kind)
		return
	}
	var err error
	if h.in, err = shapeOf[In](); err != nil {
		r.fault(at, "kind %q: the input: %v", kind, err)
		return
	}
	if h.out, err = shapeOf[Out](); err != nil {
		r.fault(at, "kind %q: the result: %v", kind, err)
		return
	}
	in, out := h.in, h.out
	h.fn = func(ctx context.Context, v expr.Value) (expr.Value, error) {
		var arg In
		if !in.none {
			if err := decode(v, &arg); err != nil {
				return expr.Value{}, Permanent(fmt.Errorf("the input does not fit the handler of kind %q: %w", kind, err))
			}
		}
		res, err := fn(ctx, arg)
		if err != nil || out.none {
			return expr.Value{}, err
		}
		v, err = encode(res)
		if err != nil {
			return expr.Value{}, Permanent(fmt.Errorf("the result of the handler of kind %q cannot be stored: %w", kind, err))
		}
		return v, nil
	}
	r.add(h)
}

// callSite is the file and line that called the exported function above.
func callSite() string {
	_, file, line, ok := runtime.Caller(2)
	if !ok {
		return "unknown place"
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// NoResult adapts a function without result to Handle.
func NoResult[In any](fn func(context.Context, In) error) func(context.Context, In) (None, error) {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, in In) (None, error) { return None{}, fn(ctx, in) }
}

// handlerError is an error that says what should follow from it.
type handlerError struct {
	err       error
	permanent bool
	code      string
	data      any
	delay     time.Duration
}

func (e *handlerError) Error() string { return e.err.Error() }

func (e *handlerError) Unwrap() error { return e.err }

// Permanent marks an error that no retry can cure: it raises an incident at once. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &handlerError{err: err, permanent: true}
}

// RetryAfter asks for the next attempt in d, without using up an attempt. A d below 1 ms is 1 ms. It returns nil for
// nil.
func RetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	return &handlerError{err: err, delay: max(d, time.Millisecond)}
}

// Throw ends the task with a business error that an error boundary event catches by code. data is a struct with json
// tags or a map for what the event takes, nil for none; an event that takes nothing drops it. An error that nothing
// catches raises an incident.
func Throw(code string, data any) error {
	return &handlerError{err: fmt.Errorf("business error %q", code), code: code, data: data}
}

// classify says what an error of a handler asks for. The outermost mark counts, but Permanent does not undo Throw.
func classify(err error) (permanent bool, code string, delay time.Duration, cause string, data expr.Value) {
	cause = err.Error()
	for marked := (*handlerError)(nil); errors.As(err, &marked); err = marked.err {
		if marked.code != "" {
			data, fault := encode(marked.data)
			if fault != nil {
				return true, "", 0, fmt.Sprintf("%s: its data cannot be stored: %v", cause, fault), expr.Value{}
			}
			return false, marked.code, 0, cause, data
		}
		permanent = permanent || marked.permanent
		if delay == 0 {
			delay = marked.delay
		}
	}
	if permanent {
		delay = 0
	}
	return permanent, "", delay, cause, expr.Value{}
}
