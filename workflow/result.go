package workflow

import (
	"context"
	"iter"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/tenant"
)

// Result waits for the end, as Instance.Wait does, and decodes the process's out variables. T is a struct with json
// tags or a map[string]any; a variable that was never written is left out.
func Result[T any](ctx context.Context, i *Instance) (T, error) {
	var out T
	if _, err := i.Wait(ctx); err != nil {
		return out, err
	}
	err := i.read(ctx, "result", func(in *stored) (err error) {
		v, err := in.version.machine.Output(in.head.State, in.context())
		if err != nil {
			return err
		}
		return decode(v, &out)
	})
	return out, err
}

// Vars decodes the variables now; Result waits for the end and decodes the process's out data. Variables of
// sub-processes are named "id.v".
func Vars[T any](ctx context.Context, i *Instance) (T, error) {
	var out T
	err := i.read(ctx, "vars", func(in *stored) (err error) {
		v, err := in.version.machine.Variables(in.head.State, in.context())
		if err != nil {
			return err
		}
		return decode(v, &out)
	})
	return out, err
}

// Input decodes what a task was given.
func Input[T any](ctx context.Context, k *Task) (T, error) {
	var out T
	err := k.read(ctx, "input", tenant.Read, func(in *stored, w *kernel.Work) error {
		v, err := in.input(w.Node)
		if err != nil {
			return err
		}
		return decode(v, &out)
	})
	return out, err
}

// fields returns what a map holds as plain Go.
func fields(v expr.Value) map[string]any {
	m, _ := v.Go().(map[string]any)
	return m
}

// Page collects up to n items; pass the last one's Cursor as the filter's After for the next page. A page with fewer
// than n items is the last.
func Page[T any](seq iter.Seq2[T, error], n int) ([]T, error) {
	var items []T
	if n <= 0 {
		return nil, nil
	}
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		if items = append(items, item); len(items) == n {
			break
		}
	}
	return items, nil
}
