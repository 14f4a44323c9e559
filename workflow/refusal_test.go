package workflow

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/replank/replank/store"
)

// What a program gets wrong is an error that says what, and never a panic.
func TestMistakesOfProgramsAreErrors(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, orderSchema, func(e *Engine) { Handle(e, "charge", func(context.Context, vars) (vars, error) { return nil, nil }) })
		ctx, id := t.Context(), e.newID().String()
		only := func(_ any, err error) error { return err }
		var none context.Context
		var zero Tenant
		for _, c := range []struct {
			name, want string
			err        error
		}{
			{"nil source", "source 2 of 2 is nil", only(tn.Deploy(ctx, Text(hearSchema), nil))},
			{"nil context: start", "the context is nil", only(tn.Start(none, "order", nil, nil))},
			{"nil context: complete", "the context is nil", tn.Task(id+"-2").Complete(none, nil)},
			{"nil context: list", "the context is nil", only(Page(tn.Instances(none, InstanceFilter{}), 1))},
			{"nil context: wait", "the context is nil", only(tn.Instance(id).Wait(none))},
			{"nil context: engine", "the context is nil", e.Start(none)},
			{"nil context: ready", "the context is nil", e.Ready(none)},
			{"nil context: shutdown", "the context is nil", e.Shutdown(none)},
			{"nil context: tenants", "the context is nil", only(Page(e.Tenants(none), 1))},
			{"nil context: create", "the context is nil", only(e.CreateTenant(none, "x", nil))},
			{"zero tenant: start", "the handle belongs to no engine", only(zero.Start(ctx, "order", nil, nil))},
			{"zero tenant: send", "the handle belongs to no engine", only(zero.Send(ctx, Message{Name: "x"}))},
			{"zero tenant: task", "the handle belongs to no engine", zero.Task(id+"-2").Complete(ctx, vars{"a": 1})},
			{"zero tenant: throw", "the handle belongs to no engine", new(Task).Throw(ctx, "x", nil)},
			{"zero tenant: wait", "the handle belongs to no engine", only(new(Instance).Settle(ctx))},
			{"zero tenant: retry", "the handle belongs to no engine", new(Incident).Retry(ctx)},
			{"workers", "Options.Workers is -1", only(Open(Memory, &Options{Workers: -1}))},
			{"queue", "Options.Queue is -2", only(Open(Memory, &Options{Queue: -2}))},
			{"cache", "Options.CacheBytes is -3", only(OpenStore(s, &Options{CacheBytes: -3}))},
		} {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("%s: %v, want an error that says %q", c.name, c.err, c.want)
			}
			if wrong := (*Error)(nil); !errors.As(c.err, &wrong) {
				t.Errorf("%s: a %T, want an *Error", c.name, c.err)
			}
		}
	})
}

func TestNamesThatAreRefused(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		e, s := openOn(t, disk, &Options{Logger: quiet})
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, hearSchema, nil)
		_, err := e.CreateTenant(t.Context(), "no good", nil)
		if !errors.Is(err, ErrName) || HTTPStatus(err) != http.StatusBadRequest {
			t.Errorf("a bad tenant name: %v, status %d", err, HTTPStatus(err))
		}
		_, err = tn.As("$engine").Start(t.Context(), "hear", vars{"who": "ann"}, nil)
		if !errors.Is(err, ErrForbidden) || !strings.Contains(err.Error(), `"$engine"`) {
			t.Errorf("acting as the engine: %v", err)
		}
		if n, err := tn.Count(t.Context(), InstanceFilter{}); n != 0 || err != nil {
			t.Errorf("%d instances were started (%v)", n, err)
		}
		if got := HTTPStatus(wrap("open", "", "", "", "", ErrLocked)); got != http.StatusServiceUnavailable {
			t.Errorf("a locked directory has status %d", got)
		}

		// A node that no version has is a slip of the pen; one that nothing waits at is none.
		if _, err := tn.Start(t.Context(), "hear", vars{"who": "ann"}, nil); err != nil {
			t.Fatal(err)
		}
		for at, found := range map[string]int{"hello": 1, "": 1} {
			if n, err := tn.Count(t.Context(), InstanceFilter{Process: "hear", At: at}); n != found || err != nil {
				t.Errorf("%d instances at %q (%v), want %d", n, at, err, found)
			}
		}
		if _, err := tn.Count(t.Context(), InstanceFilter{At: "hello", States: []State{Completed}}); err != nil {
			t.Errorf("nothing ended at hello: %v", err)
		}
		_, counted := tn.Count(t.Context(), InstanceFilter{At: "helo"})
		_, listed := Page(tn.Instances(t.Context(), InstanceFilter{Process: "hear", At: "helo"}), 5)
		for _, err := range []error{counted, listed} {
			if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `did you mean "hello"?`) {
				t.Errorf("at no such node: %v", err)
			}
		}
	})
}

// Errors of tasks and incidents name the instance, not the task's id in its place; Wait names the cause; logs name the
// tenant.
func TestErrorsNameWhatTheyAreAbout(t *testing.T) {
	bubble(t, func(t *testing.T, disk *store.Disk) {
		var log bytes.Buffer
		e, s := openOn(t, disk, &Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		defer s.Close()
		tn := begin(t, e, retrySchema, func(e *Engine) {
			Handle(e, "work", func(context.Context, None) (result, error) { return result{}, Permanent(errors.New("no such card")) })
		})
		id := e.newID().String()
		for _, err := range []error{tn.Task(id + "-2").Claim(t.Context()), tn.Incident(id + "-2").Retry(t.Context()), tn.As("$x").Task(id + "-2").Claim(t.Context())} {
			if wrong := (*Error)(nil); !errors.As(err, &wrong) || wrong.Instance != id {
				t.Errorf("%v: the instance is %q, want %q", err, wrong.Instance, id)
			}
		}
		if wrong := (*Error)(nil); !errors.As(tn.Task("nonsense").Claim(t.Context()), &wrong) || wrong.Instance != "" {
			t.Errorf("%v has the instance %q", wrong, wrong.Instance)
		}
		in, err := tn.Start(t.Context(), "p", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Wait(t.Context()); !errors.Is(err, ErrIncident) || !strings.Contains(err.Error(), "1 open incident: no such card") {
			t.Errorf("waited: %v", err)
		}
		e.Close()
		if text := log.String(); !strings.Contains(text, "tenant=default") || strings.Contains(text, "tenant=1") {
			t.Errorf("the log:\n%s", text)
		}
	})
}
