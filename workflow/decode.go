package workflow

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/replank/replank/internal/expr"
)

// This file is the way of data between the engine and Go programs: encode makes a value of what a program gives,
// decode fills what a program wants. decode(encode(x)) is x for every type that shapeOf takes, except that a nil slice
// or map comes back empty, and a time comes back in UTC.

var dynType = func() expr.Type {
	t, err := expr.ParseType("dyn", nil)
	if err != nil {
		panic(err) // a constant of this package
	}
	return t
}()

// encode makes a value of a struct or a map with string keys. nil and None are absent. The error is an ErrType.
func encode(x any) (expr.Value, error) {
	switch x := x.(type) {
	case nil, None:
		return expr.Value{}, nil
	case expr.Value:
		return x, nil
	}
	if v := reflect.ValueOf(x); v.Kind() == reflect.Pointer && v.IsNil() {
		return expr.Value{}, nil
	}
	v, err := expr.FromGo(dynType, x)
	if err != nil {
		return expr.Value{}, translate(err)
	}
	if !v.IsMap() {
		return expr.Value{}, explain(ErrType, fmt.Sprintf("want a struct with json tags or a map with string keys, got a Go value of type %T", x))
	}
	return v, nil
}

// decode fills into, which is a pointer, from v. An absent v leaves it alone. Fields that v has and a struct has not
// are passed over; fields that a struct has and v has not keep their value, see missing. The error is an ErrType with
// the path of what does not fit.
func decode(v expr.Value, into any) error {
	if v.Absent() {
		return nil
	}
	dst := reflect.ValueOf(into).Elem()
	if dst.Kind() == reflect.Struct && v.IsMap() && !leaf(dst.Type()) {
		// Field by field, so that what nobody asks for is not converted.
		for _, f := range fieldsOf(dst.Type()) {
			field := v.Field(f.name)
			if field.Absent() {
				continue
			}
			if err := assign(fieldByIndex(dst, f.index), field.Go()); err != nil {
				return translate(err.Under(f.name))
			}
		}
		return nil
	}
	if err := assign(dst, v.Go()); err != nil {
		return translate(err)
	}
	return nil
}

// fieldByIndex makes the embedded structs on the way that are nil pointers.
func fieldByIndex(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

// assign stores src, which is what expr.Value.Go gives, in dst.
func assign(dst reflect.Value, src any) *expr.TypeError {
	t := dst.Type()
	if src == nil {
		switch t.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
			dst.SetZero()
			return nil
		}
		return mismatch(t, src)
	}
	switch t {
	case timeType:
		return assignTime(dst, src)
	case durationType:
		return assignDuration(dst, src)
	case numberType:
		switch src := src.(type) {
		case int64:
			dst.SetString(strconv.FormatInt(src, 10))
			return nil
		case float64:
			dst.SetString(strconv.FormatFloat(src, 'g', -1, 64))
			return nil
		}
		return mismatch(t, src)
	}
	if done, err := assignItself(dst, src); done {
		return err
	}
	switch t.Kind() {
	case reflect.Pointer:
		p := reflect.New(t.Elem())
		if err := assign(p.Elem(), src); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	case reflect.Interface:
		if v := reflect.ValueOf(src); v.Type().AssignableTo(t) {
			dst.Set(v)
			return nil
		}
	case reflect.Struct, reflect.Map:
		return assignMap(dst, src)
	case reflect.Slice, reflect.Array:
		return assignList(dst, src)
	default:
		return assignScalar(dst, src)
	}
	return mismatch(t, src)
}

// assignItself lets types that read JSON or text do so.
func assignItself(dst reflect.Value, src any) (done bool, _ *expr.TypeError) {
	if !dst.CanAddr() || dst.Kind() == reflect.Pointer || dst.Kind() == reflect.Interface {
		return false, nil
	}
	var err error
	switch into := dst.Addr().Interface().(type) {
	case json.Unmarshaler:
		text, fault := json.Marshal(src)
		if fault != nil {
			return true, mismatch(dst.Type(), src)
		}
		err = into.UnmarshalJSON(text)
	case encoding.TextUnmarshaler:
		text, ok := src.(string)
		if !ok {
			return true, mismatch(dst.Type(), src)
		}
		err = into.UnmarshalText([]byte(text))
	default:
		return false, nil
	}
	if err != nil {
		return true, &expr.TypeError{Want: dst.Type().String(), Got: show(src), Hint: err.Error()}
	}
	return true, nil
}

func assignScalar(dst reflect.Value, src any) *expr.TypeError {
	switch dst.Kind() {
	case reflect.Bool:
		if b, ok := src.(bool); ok {
			dst.SetBool(b)
			return nil
		}
	case reflect.String:
		if s, ok := src.(string); ok {
			dst.SetString(s)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if i, ok := whole(src); ok && !dst.OverflowInt(i) {
			dst.SetInt(i)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if i, ok := whole(src); ok && i >= 0 && !dst.OverflowUint(uint64(i)) {
			dst.SetUint(uint64(i))
			return nil
		}
	case reflect.Float32, reflect.Float64:
		switch src := src.(type) {
		case float64:
			if dst.Kind() == reflect.Float64 || float64(float32(src)) == src || src != src {
				dst.SetFloat(src)
				return nil
			}
		case int64:
			if f := float64(src); int64(f) == src {
				dst.SetFloat(f)
				return nil
			}
		}
	}
	return mismatch(dst.Type(), src)
}

// whole returns the integer that src is; a double counts if it is one exactly.
func whole(src any) (int64, bool) {
	switch src := src.(type) {
	case int64:
		return src, true
	case float64:
		return int64(src), src == math.Trunc(src) && src >= -1<<63 && src < 1<<63
	}
	return 0, false
}

func assignTime(dst reflect.Value, src any) *expr.TypeError {
	switch src := src.(type) {
	case time.Time:
		dst.Set(reflect.ValueOf(src))
		return nil
	case string:
		if t, err := time.Parse(time.RFC3339Nano, src); err == nil {
			dst.Set(reflect.ValueOf(t))
			return nil
		}
	}
	return mismatch(dst.Type(), src)
}

func assignDuration(dst reflect.Value, src any) *expr.TypeError {
	switch src := src.(type) {
	case time.Duration:
		dst.SetInt(int64(src))
		return nil
	case string:
		if d, err := time.ParseDuration(src); err == nil {
			dst.SetInt(int64(d))
			return nil
		}
	}
	return mismatch(dst.Type(), src)
}

func assignList(dst reflect.Value, src any) *expr.TypeError {
	t := dst.Type()
	if t.Elem().Kind() == reflect.Uint8 {
		b, ok := src.([]byte)
		if s, isText := src.(string); isText {
			var err error
			b, err = base64.StdEncoding.DecodeString(s)
			ok = err == nil
		}
		switch {
		case !ok || t.Kind() == reflect.Array && len(b) != t.Len():
			return mismatch(t, src)
		case t.Kind() == reflect.Slice:
			dst.SetBytes(b)
		default:
			reflect.Copy(dst, reflect.ValueOf(b))
		}
		return nil
	}
	list, ok := src.([]any)
	if !ok || t.Kind() == reflect.Array && len(list) != t.Len() {
		return mismatch(t, src)
	}
	if t.Kind() == reflect.Slice {
		dst.Set(reflect.MakeSlice(t, len(list), len(list)))
	}
	for i, elem := range list {
		if err := assign(dst.Index(i), elem); err != nil {
			return err.Under("[" + strconv.Itoa(i) + "]")
		}
	}
	return nil
}

// assignMap fills a map or struct from a map. The entries are taken in the order of their keys, so that of several
// mistakes always the same one is reported.
func assignMap(dst reflect.Value, src any) *expr.TypeError {
	t := dst.Type()
	switch src := src.(type) {
	case map[string]any:
		if t.Kind() == reflect.Struct {
			for _, f := range fieldsOf(t) {
				if v, ok := src[f.name]; ok {
					if err := assign(fieldByIndex(dst, f.index), v); err != nil {
						return err.Under(f.name)
					}
				}
			}
			return nil
		}
		return fillMap(dst, src)
	case map[any]any:
		if t.Kind() == reflect.Map {
			return fillMap(dst, src)
		}
	}
	return mismatch(t, src)
}

func fillMap[K comparable](dst reflect.Value, src map[K]any) *expr.TypeError {
	t := dst.Type()
	dst.Set(reflect.MakeMapWithSize(t, len(src)))
	keys := make([]K, 0, len(src))
	for k := range src {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int {
		if fmt.Sprint(a) < fmt.Sprint(b) {
			return -1
		}
		return 1
	})
	for _, k := range keys {
		at := "[" + strings.TrimPrefix(show(k), "string ") + "]"
		key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := assign(key, any(k)); err != nil {
			return err.Under(at)
		}
		if err := assign(elem, src[k]); err != nil {
			return err.Under(at)
		}
		dst.SetMapIndex(key, elem)
	}
	return nil
}

func mismatch(t reflect.Type, src any) *expr.TypeError {
	return &expr.TypeError{Want: t.String(), Got: show(src)}
}

// show renders src for an error, shortened.
func show(src any) string {
	text := fmt.Sprintf("%v", src)
	switch src := src.(type) {
	case nil:
		return "null"
	case string:
		text = "string " + strconv.Quote(src)
	case int64:
		text = "int " + text
	case float64:
		text = "double " + text
	}
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "..."
	}
	return text
}
