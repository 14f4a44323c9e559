package workflow

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/replank/replank/internal/expr"
)

// A shape is what the engine knows of a Go type that carries data: the input or result of a handler.
type shape struct {
	typ  reflect.Type
	none bool // None: there is no data
	// fields are those of a struct in document order. nil for None, and for a map, which holds whatever there is.
	fields []structField
}

// structField is a field of a Go struct as data.
type structField struct {
	name     string // in JSON
	index    []int  // for reflect.Value.FieldByIndex
	typ      reflect.Type
	optional bool // a pointer, or marked omitempty or omitzero: it may be absent
}

// field returns the field of that name, or nil.
func (s *shape) field(name string) *structField {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// shapeOf returns the shape of T: a struct, a map with string keys, or None. The error says which part of another
// type cannot be mapped to data.
func shapeOf[T any]() (shape, error) {
	t := reflect.TypeFor[T]()
	switch {
	case t == reflect.TypeFor[None]():
		return shape{typ: t, none: true}, nil
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return shape{typ: t}, mappable(t, "", nil)
	case t.Kind() == reflect.Struct && !leaf(t):
		if err := mappable(t, "", nil); err != nil {
			return shape{}, err
		}
		return shape{typ: t, fields: fieldsOf(t)}, nil
	}
	return shape{}, fmt.Errorf("%v is no struct with json tags, no map with string keys and not workflow.None", t)
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	durationType    = reflect.TypeFor[time.Duration]()
	numberType      = reflect.TypeFor[json.Number]()
	valueType       = reflect.TypeFor[expr.Value]()
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// leaf reports whether t is data of its own kind, whatever its Go kind is.
func leaf(t reflect.Type) bool {
	switch t {
	case timeType, durationType, numberType, valueType:
		return true
	}
	p := reflect.PointerTo(t)
	return t.Implements(jsonMarshaler) || t.Implements(textMarshaler) || p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler)
}

// mappable says why values of t, found at path, cannot be data. open are the structs being walked, since a type may
// contain pointers to itself.
func mappable(t reflect.Type, path string, open []reflect.Type) error {
	refuse := func(why string) error {
		if path == "" {
			return fmt.Errorf("%v %s", t, why)
		}
		return fmt.Errorf("%s: %v %s", path, t, why)
	}
	if leaf(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		return refuse("cannot be stored")
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return refuse("is an interface with methods; use any or a concrete type")
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return mappable(t.Elem(), path, open)
	case reflect.Map:
		switch t.Key().Kind() {
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		default:
			return refuse("has keys that are no string, bool or int")
		}
		return mappable(t.Elem(), path+"[]", open)
	case reflect.Struct:
		for _, o := range open {
			if o == t {
				return nil
			}
		}
		seen := make(map[string]bool)
		for _, f := range fieldsOf(t) {
			if seen[f.name] {
				return refuse(fmt.Sprintf("has two fields named %q", f.name))
			}
			seen[f.name] = true
			if err := mappable(f.typ, strings.TrimPrefix(path+"."+f.name, "."), append(open, t)); err != nil {
				return err
			}
		}
	}
	return nil
}

var structFields sync.Map // reflect.Type -> []structField

// fieldsOf lists the exported fields of a struct under their names in JSON. Fields of embedded structs without a tag
// count as the struct's own; of equal names the outermost wins, as in encoding/json and internal/expr.
func fieldsOf(t reflect.Type) []structField {
	if cached, ok := structFields.Load(t); ok {
		return cached.([]structField)
	}
	var fields []structField
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		under := f.Type
		if under.Kind() == reflect.Pointer {
			under = under.Elem()
		}
		promoted := f.Anonymous && tag == "" && under.Kind() == reflect.Struct
		if tag == "-" && options == "" || promoted || !f.IsExported() {
			continue
		}
		name := tag
		if name == "" {
			name = f.Name
		}
		optional := f.Type.Kind() == reflect.Pointer
		for option := range strings.SplitSeq(options, ",") {
			optional = optional || option == "omitempty" || option == "omitzero"
		}
		field := structField{name, f.Index, f.Type, optional}
		if i := indexOfField(fields, name); i < 0 {
			fields = append(fields, field)
		} else if len(f.Index) < len(fields[i].index) {
			fields[i] = field
		}
	}
	structFields.Store(t, fields)
	return fields
}

func indexOfField(fields []structField, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

// accepts reports whether a Go value of type t can hold, or come from, a variable of the declared type, as far as that
// can be said without a value: records are taken for any struct or map.
func accepts(t reflect.Type, declared string) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if declared == "dyn" || t.Kind() == reflect.Interface || t == valueType {
		return true
	}
	switch t {
	case timeType:
		return declared == "timestamp"
	case durationType:
		return declared == "duration"
	case numberType:
		return declared == "int" || declared == "double"
	}
	if leaf(t) {
		return true // it decides for itself
	}
	if elem, ok := strings.CutPrefix(declared, "list("); ok {
		return (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && accepts(t.Elem(), strings.TrimSuffix(elem, ")"))
	}
	if args, ok := strings.CutPrefix(declared, "map("); ok {
		key, elem, _ := strings.Cut(strings.TrimSuffix(args, ")"), ", ")
		return t.Kind() == reflect.Struct && key == "string" ||
			t.Kind() == reflect.Map && accepts(t.Key(), key) && accepts(t.Elem(), elem)
	}
	switch t.Kind() {
	case reflect.Bool:
		return declared == "bool"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return declared == "int"
	case reflect.Float32, reflect.Float64:
		return declared == "double"
	case reflect.String:
		return declared == "string"
	case reflect.Slice, reflect.Array:
		return declared == "bytes" && t.Elem().Kind() == reflect.Uint8
	case reflect.Struct, reflect.Map:
		switch declared {
		case "bool", "int", "double", "string", "bytes", "timestamp", "duration":
			return false
		}
		return true // a record
	}
	return false
}
