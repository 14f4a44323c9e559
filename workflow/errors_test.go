package workflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/schema"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{
			&Error{Op: "start", Tenant: "acme", Process: "loan", Err: ErrNotFound, Hint: `did you mean "loans"?`},
			`workflow: start, tenant acme, process loan: not found (did you mean "loans"?)`,
		},
		{
			&Error{Op: "task.complete", Instance: "I", Node: "review", Err: explain(ErrState, "the task is not open any more")},
			"workflow: task.complete, instance I, node review: the task is not open any more",
		},
		{&Error{Op: "open", Err: errors.New("no directory given")}, "workflow: open: no directory given"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// Errors of the layers below arrive as the sentinels of this package, and keep their own identity.
func TestWrapTranslates(t *testing.T) {
	for _, c := range []struct{ from, to error }{
		{kernel.ErrState, ErrState},
		{kernel.ErrNotFound, ErrNotFound},
		{kernel.ErrConflict, ErrConflict},
		{kernel.ErrForbidden, ErrForbidden},
		{&kernel.ResultError{Name: "x", Why: "missing"}, ErrType},
		{store.ErrFailed, ErrFailed},
		{store.ErrClosed, ErrClosed},
		{context.Canceled, context.Canceled},
	} {
		err := wrap("op", "t", "", "", "", fmt.Errorf("deep: %w", c.from))
		if !errors.Is(err, c.to) || !errors.Is(err, c.from) {
			t.Errorf("%v: is not both %v and %v", err, c.from, c.to)
		}
	}
}

func TestWrapFillsWhatIsMissing(t *testing.T) {
	inner := &Error{Process: "loan", Err: ErrNotFound, Hint: "deploy it"}
	err := wrap("start", "acme", "other", "", "", inner)
	var got *Error
	if !errors.As(err, &got) {
		t.Fatal(err)
	}
	if want := (Error{Op: "start", Tenant: "acme", Process: "loan", Err: ErrNotFound, Hint: "deploy it"}); *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if inner.Op != "" {
		t.Error("the inner error was changed")
	}
	if wrap("op", "", "", "", "", nil) != nil {
		t.Error("nil was wrapped")
	}
}

func TestHTTPStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, http.StatusOK},
		{ErrNotFound, http.StatusNotFound},
		{wrap("op", "", "", "", "", ErrNoTenant), http.StatusNotFound},
		{ErrConflict, http.StatusConflict},
		{ErrType, http.StatusUnprocessableEntity},
		{ErrForbidden, http.StatusForbidden},
		{ErrOverloaded, http.StatusServiceUnavailable},
		{ErrFailed, http.StatusInternalServerError},
		{context.DeadlineExceeded, http.StatusGatewayTimeout},
		{&schema.Error{}, http.StatusUnprocessableEntity},
		{errors.New("something else"), http.StatusInternalServerError},
	} {
		if got := HTTPStatus(c.err); got != c.want {
			t.Errorf("HTTPStatus(%v) = %d, want %d", c.err, got, c.want)
		}
	}
}
