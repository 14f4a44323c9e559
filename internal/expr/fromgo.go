package expr

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	//lint:sync what is known of a Go type is computed once
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// FromGo makes a value of type t from a Go value: bool, any integer or float, json.Number, string, []byte, time.Time,
// time.Duration, slices, arrays, maps, structs (by their json tags), named types and pointers to all of these, and
// what implements json.Marshaler or encoding.TextMarshaler (by its JSON or text). nil is null, which only dyn holds; a
// nil slice or map is an empty one.
//
// It is strict: an int refuses 1.5 and accepts 5.0; a double accepts an int that it holds exactly; timestamp takes an RFC 3339 string,
// duration an ISO 8601 one without years and months or Go's syntax, bytes standard base64, a map with int or bool keys
// takes them as strings. For dyn, integers become int and floats double, as they come. A record must have exactly its
// fields; omitempty is ignored except for nil pointers and interfaces. The error is a *TypeError.
func FromGo(t Type, x any) (Value, error) {
	if t.n == nil {
		return Value{}, &TypeError{Want: "a declared type", Got: "the zero Type"}
	}
	v, failed := fromAny(x)
	if failed != nil {
		return Value{}, failed
	}
	v, failed = converter{}.convert(t.n, v, "")
	if failed != nil {
		return Value{}, failed
	}
	return Value{v}, nil
}

// fromAny handles what encoding/json makes and the commonest scalars without reflection.
func fromAny(x any) (ref.Val, *TypeError) { return goReader{}.any(x) }

// goReader turns a Go value into a value of no declared type.
type goReader struct{ depth int }

func (r goReader) any(x any) (ref.Val, *TypeError) {
	switch x := x.(type) {
	case nil:
		return types.NullValue, nil
	case bool:
		return types.Bool(x), nil
	case int:
		return types.Int(x), nil
	case int64:
		return types.Int(x), nil
	case float64:
		return types.Double(x), nil
	case string:
		return fromString(x)
	case json.Number:
		return fromNumber(x)
	case []byte:
		return types.Bytes(bytes.Clone(x)), nil
	case time.Time:
		if ts, ok := newTimestamp(x); ok {
			return ts, nil
		}
		return nil, &TypeError{Want: "a time in the years 1 to 9999", Got: x.String()}
	case time.Duration:
		return types.Duration{Duration: x}, nil
	case Value:
		if x.v == nil {
			return nil, &TypeError{Want: "a value", Got: "an absent Value"}
		}
		return x.v, nil
	}
	return r.reflect(reflect.ValueOf(x))
}

func fromString(s string) (ref.Val, *TypeError) {
	if !utf8.ValidString(s) {
		return nil, &TypeError{Want: "a string in UTF-8", Got: strconv.Quote(shorten(s, 40)), Hint: "use bytes for binary data"}
	}
	return types.String(s), nil
}

func fromNumber(n json.Number) (ref.Val, *TypeError) {
	if !strings.ContainsAny(string(n), ".eE") {
		i, err := n.Int64()
		if err != nil {
			return nil, &TypeError{Want: "an integer of 64 bits", Got: "the number " + shorten(string(n), 40)}
		}
		return types.Int(i), nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, &TypeError{Want: "a number that fits a double", Got: "the number " + shorten(string(n), 40)}
	}
	return types.Double(f), nil
}

func (r goReader) reflect(v reflect.Value) (ref.Val, *TypeError) {
	if r.depth++; r.depth > MaxDepth {
		return nil, &TypeError{Want: fmt.Sprintf("a value that nests at most %d levels", MaxDepth), Got: "a deeper one"}
	}
	if !v.IsValid() {
		return types.NullValue, nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return types.NullValue, nil
		}
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case time.Time, time.Duration, json.Number, Value:
			return r.any(x)
		case json.Marshaler:
			return r.marshaled(x)
		case encoding.TextMarshaler:
			text, err := x.MarshalText()
			if err != nil {
				return nil, &TypeError{Want: "a value", Got: "an error from MarshalText: " + err.Error()}
			}
			return fromString(string(text))
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return r.reflect(v.Elem())
	case reflect.Bool:
		return types.Bool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return types.Int(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Uint() > math.MaxInt64 {
			return nil, &TypeError{Want: "an integer up to 9223372036854775807", Got: strconv.FormatUint(v.Uint(), 10)}
		}
		return types.Int(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return types.Double(v.Float()), nil
	case reflect.String:
		return fromString(v.String())
	case reflect.Slice, reflect.Array:
		return r.sequence(v)
	case reflect.Map:
		return r.mapping(v)
	case reflect.Struct:
		return r.structure(v)
	}
	return nil, &TypeError{
		Want: "data", Got: "a Go value of type " + v.Type().String(),
		Hint: "channels, functions and complex numbers cannot be stored",
	}
}

// marshaled takes the long way through JSON.
func (r goReader) marshaled(x json.Marshaler) (ref.Val, *TypeError) {
	text, err := x.MarshalJSON()
	if err != nil {
		return nil, &TypeError{Want: "a value", Got: "an error from MarshalJSON: " + err.Error()}
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var plain any
	if err := dec.Decode(&plain); err != nil {
		return nil, &TypeError{Want: "JSON", Got: "what MarshalJSON gave: " + err.Error()}
	}
	return r.any(plain)
}

func (r goReader) sequence(v reflect.Value) (ref.Val, *TypeError) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return types.Bytes(b), nil
	}
	elems := make([]ref.Val, v.Len())
	for i := range elems {
		e, err := r.reflect(v.Index(i))
		if err != nil {
			return nil, err.Under("[" + strconv.Itoa(i) + "]")
		}
		elems[i] = e
	}
	return newList(elems), nil
}

func (r goReader) mapping(v reflect.Value) (ref.Val, *TypeError) {
	type entry struct {
		key ref.Val
		val reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	//lint:sorted sorted below
	for _, key := range v.MapKeys() {
		k, err := r.reflect(key)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{k, v.MapIndex(key)})
	}
	// In the order of the keys, so that of several wrong entries the same one is reported every time.
	slices.SortFunc(entries, func(a, b entry) int { return compareKeys(a.key, b.key) })
	keys, vals := make([]ref.Val, 0, len(entries)), make([]ref.Val, 0, len(entries))
	for _, x := range entries {
		e, err := r.reflect(x.val)
		if err != nil {
			return nil, err.Under(keyPath(x.key))
		}
		keys, vals = append(keys, x.key), append(vals, e)
	}
	m, err := newMapping(keys, vals)
	if err != nil {
		return nil, &TypeError{Want: "a map with keys of bool, int or string", Got: err.Error()}
	}
	return m, nil
}

func (r goReader) structure(v reflect.Value) (ref.Val, *TypeError) {
	fields := fieldsOf(v.Type())
	keys, vals := make([]ref.Val, 0, len(fields)), make([]ref.Val, 0, len(fields))
	for _, f := range fields {
		fv, err := v.FieldByIndexErr(f.index)
		if err != nil {
			continue // behind a nil embedded pointer
		}
		if f.omitEmpty && (fv.Kind() == reflect.Pointer || fv.Kind() == reflect.Interface) && fv.IsNil() {
			continue
		}
		e, failed := r.reflect(fv)
		if failed != nil {
			return nil, failed.Under(f.name)
		}
		keys, vals = append(keys, types.String(f.name)), append(vals, e)
	}
	m, err := newMapping(keys, vals)
	if err != nil {
		return nil, &TypeError{Want: "a struct whose fields have different names", Got: err.Error()}
	}
	return m, nil
}

// structField is a field of a Go struct as data.
type structField struct {
	name      string
	index     []int
	omitEmpty bool
}

var structFields sync.Map // reflect.Type -> []structField

// fieldsOf lists the exported fields of a struct under their names in JSON; the fields of embedded structs without a
// tag count as the struct's own, the outermost of a name winning.
func fieldsOf(t reflect.Type) []structField {
	if cached, ok := structFields.Load(t); ok {
		return cached.([]structField)
	}
	var fields []structField
	depth := make(map[string]int) // of the field taken for a name
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		promoted := f.Anonymous && tag == "" && ft.Kind() == reflect.Struct
		if tag == "-" && options == "" || promoted || !f.IsExported() {
			continue
		}
		name := tag
		if name == "" {
			name = f.Name
		}
		if at, taken := depth[name]; taken && at <= len(f.Index) {
			continue
		}
		if _, taken := depth[name]; taken {
			for i := range fields {
				if fields[i].name == name {
					fields = append(fields[:i], fields[i+1:]...)
					break
				}
			}
		}
		depth[name] = len(f.Index)
		fields = append(fields, structField{name, f.Index, strings.Contains(","+options+",", ",omitempty,")})
	}
	structFields.Store(t, fields)
	return fields
}
