package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replank/replank/internal/expr"
)

type amount struct {
	Amount int `json:"amount"`
}

type score struct {
	Score int `json:"score"`
}

func scoreOf(_ context.Context, a amount) (score, error) { return score{a.Amount * 2}, nil }

// bare is an engine that only has handlers.
func bare(around ...Middleware) *Engine {
	return &Engine{settings: (&Options{Middleware: around}).resolve()}
}

func data(t testing.TB, x any) expr.Value {
	t.Helper()
	v, err := encode(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestHandlerCall(t *testing.T) {
	e := bare()
	Handle(e, "score", func(ctx context.Context, a amount) (score, error) {
		j, ok := JobFrom(ctx)
		if !ok || j.Key != "default/J-1" {
			t.Errorf("JobFrom = %v, %v", j, ok)
		}
		return scoreOf(ctx, a)
	})
	out, err := e.handler("score").call(t.Context(), &Job{Key: "default/J-1"}, data(t, amount{21}))
	if err != nil {
		t.Fatal(err)
	}
	if got := fields(out)["score"]; got != int64(42) {
		t.Errorf("score is %v", got)
	}
	if _, ok := JobFrom(t.Context()); ok {
		t.Error("a context without job has one")
	}
}

// A handler without data gets by with one allocation: the context that names the job.
func TestHandlerWithoutDataIsCheap(t *testing.T) {
	e := bare()
	Handle(e, "noop", func(context.Context, None) (None, error) { return None{}, nil })
	h, j, ctx := e.handler("noop"), &Job{}, t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := h.call(ctx, j, expr.Value{}); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestHandlerInputThatDoesNotFit(t *testing.T) {
	e := bare()
	Handle(e, "score", scoreOf)
	_, err := e.handler("score").call(t.Context(), &Job{}, data(t, map[string]any{"amount": "much"}))
	permanent, _, _, cause, _ := classify(err)
	if want := `the input does not fit the handler of kind "score": amount: want int, got string "much"`; !permanent || cause != want {
		t.Errorf("permanent %v, cause %s\nwant %s", permanent, cause, want)
	}
}

func TestMiddlewareOrder(t *testing.T) {
	var seen []string
	step := func(name string) Middleware {
		return func(ctx context.Context, j *Job, next func(context.Context) error) error {
			seen = append(seen, name+" before "+j.Node)
			err := next(ctx)
			seen = append(seen, fmt.Sprintf("%s after: %v", name, err))
			return err
		}
	}
	refuse := func(context.Context, *Job, func(context.Context) error) error { return errors.New("refused") }

	e := bare(step("outer"), step("inner"))
	Handle(e, "noop", func(context.Context, None) (None, error) {
		seen = append(seen, "handler")
		return None{}, nil
	})
	if _, err := e.handler("noop").call(t.Context(), &Job{Node: "n"}, expr.Value{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"outer before n", "inner before n", "handler", "inner after: <nil>", "outer after: <nil>"}; !slices.Equal(seen, want) {
		t.Errorf("got %q", seen)
	}

	e = bare(step("outer"), refuse)
	Handle(e, "noop", func(context.Context, None) (None, error) {
		t.Error("the handler ran")
		return None{}, nil
	})
	if _, err := e.handler("noop").call(t.Context(), &Job{}, expr.Value{}); err == nil {
		t.Error("the middleware's error got lost")
	}
}

// Mistakes in Handle are kept for Deploy and Start, with the place of the call.
func TestHandleMistakes(t *testing.T) {
	e := bare()
	Handle(e, "score", scoreOf)
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"twice", func() { Handle(e, "score", scoreOf) }, `kind "score" is registered already, at `},
		{"no kind", func() { Handle(e, "", scoreOf) }, "the kind of a handler must not be empty"},
		{"no function", func() { Handle[amount, score](e, "nil", nil) }, `the handler of kind "nil" is nil`},
		{"no function behind NoResult", func() { Handle(e, "nil", NoResult[amount](nil)) }, `the handler of kind "nil" is nil`},
		{"a type that cannot be mapped", func() {
			Handle(e, "int", func(context.Context, int) (None, error) { return None{}, nil })
		}, `kind "int": the input: int is no struct`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.registry.faults = nil
			c.do()
			err := e.registry.err()
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "handler_test.go:") {
				t.Errorf("got %v, want %q and a place", err, c.want)
			}
		})
	}
}

func TestClassify(t *testing.T) {
	cause := errors.New("bank is closed")
	type outcome struct {
		permanent bool
		code      string
		delay     time.Duration
		cause     string
	}
	for _, c := range []struct {
		name string
		err  error
		want outcome
	}{
		{"plain", cause, outcome{cause: "bank is closed"}},
		{"permanent", Permanent(cause), outcome{permanent: true, cause: "bank is closed"}},
		{"permanent, wrapped by the handler", fmt.Errorf("pay: %w", Permanent(cause)), outcome{permanent: true, cause: "pay: bank is closed"}},
		{"later", RetryAfter(time.Minute, cause), outcome{delay: time.Minute, cause: "bank is closed"}},
		{"later, at once", RetryAfter(0, cause), outcome{delay: time.Millisecond, cause: "bank is closed"}},
		{"permanent wins over later", Permanent(RetryAfter(time.Minute, cause)), outcome{permanent: true, cause: "bank is closed"}},
		{"business error", Throw("out_of_stock", nil), outcome{code: "out_of_stock", cause: `business error "out_of_stock"`}},
		{"business error wins over permanent", Permanent(Throw("x", nil)), outcome{code: "x", cause: `business error "x"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got outcome
			got.permanent, got.code, got.delay, got.cause, _ = classify(c.err)
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	if Permanent(nil) != nil || RetryAfter(time.Second, nil) != nil {
		t.Error("no error became one")
	}
}

func TestThrowCarriesData(t *testing.T) {
	_, code, _, _, v := classify(fmt.Errorf("ship: %w", Throw("sold-out", map[string]any{"left": 2})))
	if code != "sold-out" || fields(v)["left"] != int64(2) {
		t.Errorf("code %q, data %v", code, v)
	}
	permanent, code, _, cause, _ := classify(Throw("sold-out", 5))
	if !permanent || code != "" || !strings.Contains(cause, "its data cannot be stored") {
		t.Errorf("data that cannot be stored: permanent %v, code %q, cause %s", permanent, code, cause)
	}
}

func BenchmarkHandlerNone(b *testing.B) {
	e := bare()
	Handle(e, "noop", func(context.Context, None) (None, error) { return None{}, nil })
	h, j, ctx := e.handler("noop"), &Job{}, b.Context()
	b.ReportAllocs()
	for b.Loop() {
		h.call(ctx, j, expr.Value{})
	}
}

func BenchmarkHandlerStruct(b *testing.B) {
	e := bare()
	Handle(e, "score", scoreOf)
	h, j, ctx, in := e.handler("score"), &Job{}, b.Context(), data(b, amount{5})
	b.ReportAllocs()
	for b.Loop() {
		h.call(ctx, j, in)
	}
}
