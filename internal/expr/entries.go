package expr

import (
	"errors"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Convert returns v as a value of type t, by the rules of FromGo; v may be of any type. The error is a *TypeError.
func (v Value) Convert(t Type) (Value, error) {
	if v.v == nil || t.n == nil {
		return Value{}, &TypeError{Want: t.String(), Got: describe(v.v)}
	}
	w, failed := converter{}.convert(t.n, v.v, "")
	if failed != nil {
		return Value{}, failed
	}
	return Value{w}, nil
}

// IsMap reports whether v is a map or record.
func (v Value) IsMap() bool {
	_, ok := v.v.(*mapping)
	return ok
}

// IsNull reports whether v is null, which only dyn holds.
func (v Value) IsNull() bool { return v.v == types.NullValue }

// Len is the number of entries of a map; 0 for any other value.
func (v Value) Len() int {
	if m, ok := v.v.(*mapping); ok {
		return len(m.keys)
	}
	return 0
}

// Field returns the entry of a map or record under a string key; absent if there is none or v is no map.
func (v Value) Field(name string) Value {
	if m, ok := v.v.(*mapping); ok {
		return Value{m.field(name)}
	}
	return Value{}
}

// Names returns the string keys of a map or record in ascending order.
func (v Value) Names() []string {
	m, ok := v.v.(*mapping)
	if !ok {
		return nil
	}
	names := make([]string, 0, len(m.keys))
	for _, k := range m.keys {
		if s, ok := k.(types.String); ok {
			names = append(names, string(s))
		}
	}
	return names
}

// Str returns the text of a string value.
func (v Value) Str() (string, bool) {
	s, ok := v.v.(types.String)
	return string(s), ok
}

// Record makes a map from names, which must be strictly ascending, and their values; it takes ownership of both. An
// absent value becomes null.
func Record(names []string, values []Value) (Value, error) {
	keys, vals := make([]ref.Val, len(names)), make([]ref.Val, len(names))
	for i, n := range names {
		keys[i], vals[i] = types.String(n), values[i].v
		if vals[i] == nil {
			vals[i] = types.NullValue
		}
	}
	m, err := newMapping(keys, vals)
	if err != nil {
		return Value{}, err
	}
	return Value{m}, nil
}

// Missing reports whether an evaluation failed only because a variable, or an entry of a map, is absent: what an
// optional output tolerates.
func Missing(err error) bool {
	var failed *EvalError
	return errors.As(err, &failed) && (errors.Is(failed.Cause, ErrAbsent) || strings.HasPrefix(failed.Cause.Error(), "no such key"))
}
