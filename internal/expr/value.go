package expr

import (
	"bytes"
	"math"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Value is an immutable value of a variable. The zero Value is absent: the variable has not been written.
//
// A Value is two words; passing one around does not allocate. It may be shared by goroutines.
//
// Invariant: v is nil or one of types.Null, Bool, Int, Double, String, Bytes, Timestamp (UTC, no monotonic reading),
// Duration, a list made by newList, or a *mapping, all the way down; strings are valid UTF-8.
type Value struct{ v ref.Val }

// Absent reports whether v is the zero Value.
func (v Value) Absent() bool { return v.v == nil }

// String renders the value for people, shortened; it is no encoding.
func (v Value) String() string { return describe(v.v) }

// Go returns the value as plain Go: nil, bool, int64, float64, string, []byte, time.Time (UTC), time.Duration, []any,
// map[string]any, or map[any]any for a map that has a key which is not a string. The caller owns the result. An absent
// value gives nil, as null does.
func (v Value) Go() any { return toGo(v.v) }

func toGo(v ref.Val) any {
	switch v := v.(type) {
	case types.Bool:
		return bool(v)
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case types.String:
		return string(v)
	case types.Bytes:
		return bytes.Clone([]byte(v))
	case types.Timestamp:
		return v.Time
	case types.Duration:
		return v.Duration
	case *mapping:
		return v.toGo()
	case traits.Lister:
		elems := elements(v)
		list := make([]any, len(elems))
		for i, e := range elems {
			list[i] = toGo(e)
		}
		return list
	}
	return nil
}

// Equal reports whether v and w are the same value, which is the case exactly if their encodings are the same bytes:
// of the same kind and content, NaN being equal to itself. So the int 1 and the double 1.0 differ here, although an
// expression finds them equal.
func (v Value) Equal(w Value) bool { return same(v.v, w.v) }

func same(v, w ref.Val) bool {
	if v == nil || w == nil {
		return v == nil && w == nil
	}
	switch v := v.(type) {
	case types.Double:
		w, ok := w.(types.Double)
		return ok && doubleBits(v) == doubleBits(w)
	case types.Bytes:
		w, ok := w.(types.Bytes)
		return ok && bytes.Equal(v, w)
	case types.Timestamp:
		w, ok := w.(types.Timestamp)
		return ok && v.Time.Equal(w.Time)
	case *mapping:
		w, ok := w.(*mapping)
		return ok && sameAll(v.keys, w.keys) && sameAll(v.vals, w.vals)
	case traits.Lister:
		w, ok := w.(traits.Lister)
		return ok && sameAll(elements(v), elements(w))
	}
	switch w.(type) {
	case types.Bytes, *mapping, traits.Lister:
		return false // not comparable with ==
	}
	return v == w
}

func sameAll(v, w []ref.Val) bool {
	if len(v) != len(w) {
		return false
	}
	for i := range v {
		if !same(v[i], w[i]) {
			return false
		}
	}
	return true
}

// doubleBits gives all NaNs the same bits.
func doubleBits(d types.Double) uint64 {
	if d != d {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(float64(d))
}

// Size returns roughly how many bytes of memory the value takes, its own two words included.
func (v Value) Size() int { return sizeOf(v.v) }

func sizeOf(v ref.Val) int {
	const word2 = 16 // an interface, a string or a small allocation
	switch v := v.(type) {
	case nil, types.Bool, types.Null:
		return word2
	case types.String:
		return 2*word2 + len(v)
	case types.Bytes:
		return 3*word2 + len(v)
	case types.Timestamp:
		return 3 * word2
	case *mapping:
		size := 4 * word2
		for i := range v.keys {
			size += sizeOf(v.keys[i]) + sizeOf(v.vals[i])
		}
		return size
	case traits.Lister:
		size := 8 * word2
		for _, e := range elements(v) {
			size += sizeOf(e)
		}
		return size
	}
	return word2 + 8
}

// newList makes the list of a Value; it takes ownership of elems.
func newList(elems []ref.Val) ref.Val { return types.NewRefValList(adapter{}, elems) }

// elements returns the elements of a list that newList made. The caller must not change them.
func elements(l traits.Lister) []ref.Val {
	elems, _ := l.Value().([]ref.Val)
	return elems
}

// minTime and maxTime bound a timestamp, both inclusive; they are CEL's (language definition, "Timestamp").
var (
	minTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
)

// newTimestamp returns t as a value, or false if it lies outside the years 1 to 9999.
func newTimestamp(t time.Time) (types.Timestamp, bool) {
	t = t.Round(0).UTC() // without the monotonic reading
	if t.Before(minTime) || t.After(maxTime) {
		return types.Timestamp{}, false
	}
	return types.Timestamp{Time: t}, true
}
