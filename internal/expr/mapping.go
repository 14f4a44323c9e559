package expr

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// mapping is the value of every map and of every record (a record is a map from field names). Its entries are sorted
// by key, so that iterating over a map in an expression has one order: bool keys, then int, then string.
//
// Invariant: keys are Bool, Int or String, strictly ascending; len(vals) == len(keys).
type mapping struct {
	keys, vals []ref.Val
}

var _ traits.Mapper = (*mapping)(nil)

// newMapping sorts the entries, which it takes ownership of. It fails on a key of another type and on two equal keys.
func newMapping(keys, vals []ref.Val) (*mapping, error) {
	for i, k := range keys {
		switch k := k.(type) {
		case types.Bool, types.Int, types.String:
		case types.Uint:
			if k > math.MaxInt64 {
				return nil, fmt.Errorf("the key %d of a map is beyond int", uint64(k))
			}
			keys[i] = types.Int(k)
		default:
			return nil, fmt.Errorf("a key of a map is %s; keys are bool, int or string", describe(k))
		}
	}
	m := &mapping{keys, vals}
	if !slices.IsSortedFunc(keys, compareKeys) {
		order := make([]int, len(keys))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int { return compareKeys(keys[i], keys[j]) })
		m = &mapping{make([]ref.Val, len(keys)), make([]ref.Val, len(keys))}
		for to, from := range order {
			m.keys[to], m.vals[to] = keys[from], vals[from]
		}
	}
	for i := 1; i < len(m.keys); i++ {
		if compareKeys(m.keys[i-1], m.keys[i]) == 0 {
			return nil, fmt.Errorf("a map has the key %s twice", describe(m.keys[i]))
		}
	}
	return m, nil
}

// compareKeys orders Bool < Int < String, and values of one type as usual.
func compareKeys(a, b ref.Val) int {
	switch a := a.(type) {
	case types.String:
		if b, ok := b.(types.String); ok {
			return strings.Compare(string(a), string(b))
		}
	case types.Int:
		if b, ok := b.(types.Int); ok {
			return cmp.Compare(a, b)
		}
	case types.Bool:
		if b, ok := b.(types.Bool); ok {
			switch {
			case a == b:
				return 0
			case bool(b):
				return -1
			}
			return 1
		}
	}
	return cmp.Compare(keyRank(a), keyRank(b))
}

func keyRank(k ref.Val) int {
	switch k.(type) {
	case types.Bool:
		return 0
	case types.Int:
		return 1
	}
	return 2
}

// field returns the value under a string key, or nil.
func (m *mapping) field(name string) ref.Val {
	lo, hi := 0, len(m.keys)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if k, ok := m.keys[mid].(types.String); !ok || string(k) < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(m.keys) {
		if k, ok := m.keys[lo].(types.String); ok && string(k) == name {
			return m.vals[lo]
		}
	}
	return nil
}

// Find implements traits.Mapper. A double or uint finds the int key of the same value.
func (m *mapping) Find(key ref.Val) (ref.Val, bool) {
	switch k := key.(type) {
	case types.String:
		v := m.field(string(k))
		return v, v != nil
	case types.Double:
		i := types.Int(k)
		if float64(k) != math.Trunc(float64(k)) || math.Abs(float64(k)) >= 1<<63 {
			return nil, false
		}
		key = i
	case types.Uint:
		if k > math.MaxInt64 {
			return nil, false
		}
		key = types.Int(k)
	case types.Int, types.Bool:
	default:
		if types.IsUnknownOrError(key) {
			return key, false
		}
		return types.NewErr("unsupported key type '%s' in map lookup", key.Type().TypeName()), false
	}
	i, ok := slices.BinarySearchFunc(m.keys, key, compareKeys)
	if !ok {
		return nil, false
	}
	return m.vals[i], true
}

// Get implements traits.Indexer.
func (m *mapping) Get(key ref.Val) ref.Val {
	v, found := m.Find(key)
	if found {
		return v
	}
	if v != nil {
		return v // an error
	}
	return types.NewErr("no such key: %s", describe(key))
}

// Contains implements traits.Container.
func (m *mapping) Contains(key ref.Val) ref.Val {
	v, found := m.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(found)
}

// Size implements traits.Sizer.
func (m *mapping) Size() ref.Val { return types.Int(len(m.keys)) }

// Iterator implements traits.Iterable, in the order of the keys.
func (m *mapping) Iterator() traits.Iterator { return newList(m.keys).(traits.Lister).Iterator() }

// Fold implements traits.Foldable, in the order of the keys.
func (m *mapping) Fold(f traits.Folder) {
	for i, k := range m.keys {
		if !f.FoldEntry(k, m.vals[i]) {
			return
		}
	}
}

// Equal implements ref.Val with the equality of expressions: numbers of different types may be equal.
func (m *mapping) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Mapper)
	if !ok || o.Size() != m.Size() {
		return types.False
	}
	for i, k := range m.keys {
		v, found := o.Find(k)
		if !found || types.Equal(m.vals[i], v) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (m *mapping) Type() ref.Type { return types.MapType }

// Value implements ref.Val; field accessors of records receive it.
func (m *mapping) Value() any { return m }

// ConvertToType implements ref.Val.
func (m *mapping) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return m
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from 'map' to '%s'", t.TypeName())
}

// ConvertToNative implements ref.Val for the plain forms only.
func (m *mapping) ConvertToNative(t reflect.Type) (any, error) {
	if native := m.toGo(); reflect.TypeOf(native).AssignableTo(t) {
		return native, nil
	}
	return nil, fmt.Errorf("a map cannot be converted to %v", t)
}

func (m *mapping) toGo() any {
	if len(m.keys) > 0 {
		// Strings sort last: if the first key is one, all are.
		if _, ok := m.keys[0].(types.String); !ok {
			out := make(map[any]any, len(m.keys))
			for i, k := range m.keys {
				out[toGo(k)] = toGo(m.vals[i])
			}
			return out
		}
	}
	out := make(map[string]any, len(m.keys))
	for i, k := range m.keys {
		out[string(k.(types.String))] = toGo(m.vals[i])
	}
	return out
}

// adapter turns what an evaluation makes into values; map literals become mappings.
type adapter struct{}

// NativeToValue implements types.Adapter.
func (adapter) NativeToValue(x any) ref.Val {
	switch x := x.(type) {
	case ref.Val:
		return x
	case map[ref.Val]ref.Val:
		keys, vals := make([]ref.Val, 0, len(x)), make([]ref.Val, 0, len(x))
		//lint:sorted newMapping sorts
		for k, v := range x {
			keys, vals = append(keys, k), append(vals, v)
		}
		m, err := newMapping(keys, vals)
		if err != nil {
			return types.WrapErr(err)
		}
		return m
	}
	return types.DefaultTypeAdapter.NativeToValue(x)
}
