package workflow

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// What callers branch on, with errors.Is.
var (
	ErrNotFound   = errors.New("workflow: not found")
	ErrExists     = errors.New("workflow: already exists")
	ErrConflict   = errors.New("workflow: changed meanwhile")          // revision, or another claimed it
	ErrState      = errors.New("workflow: not possible in this state") // completed task, ended instance
	ErrIncident   = errors.New("workflow: stopped by an incident")
	ErrNoTenant   = errors.New("workflow: no such tenant")
	ErrForbidden  = errors.New("workflow: forbidden")
	ErrLimit      = errors.New("workflow: over limit")
	ErrOverloaded = errors.New("workflow: overloaded") // nothing was done; try again later
	ErrClosed     = errors.New("workflow: engine closed")
	ErrNoHandler  = errors.New("workflow: no handler")
	ErrType       = errors.New("workflow: wrong type")        // data does not fit what the schema declares
	ErrUnverified = errors.New("workflow: not verified")      // no proof within the budget
	ErrRefused    = errors.New("workflow: migration refused") // the verdict of a *RefusedError says why
	ErrRule       = errors.New("workflow: refused by a rule") // of the process, which says "on: refuse"
	ErrStale      = errors.New("workflow: plan is stale")     // a version was deployed since

	ErrName        = tenant.ErrName       // no name for a tenant, see tenant.CheckName
	ErrLocked      = store.ErrLocked      // the directory is open elsewhere
	ErrNewerFormat = store.ErrNewerFormat // written by a newer Replank
	ErrCorrupt     = store.ErrCorrupt     // what was read is not what was written
	ErrFailed      = store.ErrFailed      // a write failed: the outcome is unknown, reopen in a new process
)

// Error is every error of this package, for errors.As. It wraps one of the above, a *schema.Error, or the error of a
// context.
type Error struct {
	Op                              string // "task.complete"
	Tenant, Process, Instance, Node string // "" where they do not apply
	Hint                            string // what to do about it
	Err                             error
}

// Error says what failed, where, why and what to do about it, in one line (a *schema.Error inside brings its own).
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("workflow: ")
	b.WriteString(e.Op)
	for _, part := range [...]struct{ name, value string }{
		{"tenant", e.Tenant}, {"process", e.Process}, {"instance", e.Instance}, {"node", e.Node},
	} {
		if part.value != "" {
			b.WriteString(", " + part.name + " " + part.value)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + strings.TrimPrefix(e.Err.Error(), "workflow: "))
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// RefusedError is ErrRefused with the verdict, for errors.As.
type RefusedError struct{ Verdict migrate.Verdict }

// Error tells the verdict in one line.
func (e *RefusedError) Error() string { return ErrRefused.Error() + ": " + e.Verdict.String() }

// Unwrap returns ErrRefused.
func (e *RefusedError) Unwrap() error { return ErrRefused }

// because is a sentinel with what happened in particular; errors.Is finds the sentinel.
type because struct {
	what  string
	is    error
	cause error // may be nil
}

func (b *because) Error() string { return b.what }

func (b *because) Unwrap() []error {
	if b.cause == nil {
		return []error{b.is}
	}
	return []error{b.is, b.cause}
}

// explain gives sentinel the text what, which should say what was found and what was wanted.
func explain(sentinel error, what string) error { return &because{what: what, is: sentinel} }

// meanings are the sentinels that errors of the layers below stand for, the first that fits wins.
var meanings = [...]struct{ from, to error }{
	{kernel.ErrState, ErrState},
	{kernel.ErrNotFound, ErrNotFound},
	{kernel.ErrConflict, ErrConflict},
	{kernel.ErrForbidden, ErrForbidden},
	{kernel.ErrResult, ErrType},
	{kernel.ErrRule, ErrRule},
	{kernel.ErrRead, ErrCorrupt},
	{store.ErrNotFound, ErrNotFound},
	{store.ErrClosed, ErrClosed},
}

// translate gives errors of the kernel, of expressions and of the store the sentinel that callers branch on.
func translate(err error) error {
	for _, m := range meanings {
		if errors.Is(err, m.from) {
			if errors.Is(err, m.to) {
				return err
			}
			return &because{what: err.Error(), is: m.to, cause: err}
		}
	}
	if wrong := (*expr.TypeError)(nil); errors.As(err, &wrong) {
		return &because{what: err.Error(), is: ErrType, cause: err}
	}
	return err
}

// wrap makes err an *Error of operation op with as much of the place as is known, and a hint where the sentinel has
// one. It returns nil for nil, and adds to an *Error what it lacks.
func wrap(op, t, process, instance, node string, err error) error {
	if err == nil {
		return nil
	}
	if inner := (*Error)(nil); errors.As(err, &inner) {
		outer := *inner
		fill(&outer.Op, op)
		fill(&outer.Tenant, t)
		fill(&outer.Process, process)
		fill(&outer.Instance, instance)
		fill(&outer.Node, node)
		return &outer
	}
	err = translate(err)
	return &Error{op, t, process, instance, node, hintFor(err), err}
}

// errNoContext is a nil context, which package context forbids.
var errNoContext = errors.New("the context is nil: use context.Background or context.TODO")

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// hintFor is what to do about a sentinel whose error has no better advice.
func hintFor(err error) string {
	switch {
	case errors.Is(err, ErrFailed):
		return "whether the step survived is unknown; end the process and open the directory in a new one"
	case errors.Is(err, ErrOverloaded):
		return "try again later, or raise Options.Queue"
	case errors.Is(err, ErrClosed):
		return "the engine was shut down"
	}
	return ""
}

// HTTPStatus is the status code that fits an error of this package, 200 for nil, 500 for others.
func HTTPStatus(err error) int {
	if err == nil {
		return http.StatusOK
	}
	for _, s := range [...]struct {
		is   error
		code int
	}{
		{ErrNotFound, http.StatusNotFound},
		{ErrNoTenant, http.StatusNotFound},
		{ErrExists, http.StatusConflict},
		{ErrConflict, http.StatusConflict},
		{ErrState, http.StatusConflict},
		{ErrIncident, http.StatusConflict},
		{ErrRefused, http.StatusConflict},
		{ErrStale, http.StatusConflict},
		{ErrRule, http.StatusConflict},
		{ErrForbidden, http.StatusForbidden},
		{ErrName, http.StatusBadRequest},
		{ErrLocked, http.StatusServiceUnavailable},
		{ErrLimit, http.StatusRequestEntityTooLarge},
		{ErrOverloaded, http.StatusServiceUnavailable},
		{ErrClosed, http.StatusServiceUnavailable},
		{ErrType, http.StatusUnprocessableEntity},
		{ErrUnverified, http.StatusUnprocessableEntity},
		{context.DeadlineExceeded, http.StatusGatewayTimeout},
	} {
		if errors.Is(err, s.is) {
			return s.code
		}
	}
	if isSchemaError(err) {
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}
