package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// RecordOf declares a record type from a struct: each exported field with a `json` tag is a field of that name. VarsOf
// and other RecordOfs then use the record for fields of the struct's type.
func (b *Builder) RecordOf(name string, v any) *Builder {
	t := structType(v)
	if t == nil {
		b.mistake("schema/struct", "", "", "RecordOf(%q) needs a struct, not %T", name, v)
		return b
	}
	b.records[typeKey(t)] = name
	b.structs = append(b.structs, recordOf{name, t})
	return b
}

// VarsOf declares a variable for each exported field of a struct, or pointer to one, that has a `json` tag; its name is
// the variable's. Fields may be bools, ints, floats, strings, []byte, time.Time, time.Duration, any (dyn), slices, maps
// with keys of these, and structs declared with RecordOf, before or after. "-" leaves a field out.
func (b *Builder) VarsOf(v any) *Builder {
	t := structType(v)
	if t == nil {
		b.mistake("schema/struct", "", "", "VarsOf needs a struct, not %T", v)
		return b
	}
	b.structs = append(b.structs, varsOf{t})
	return b
}

type recordOf struct {
	name string
	typ  reflect.Type
}

type varsOf struct{ typ reflect.Type }

func structType(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

func typeKey(t reflect.Type) string { return t.PkgPath() + "." + t.String() }

// reflected returns the document with the declarations that follow from structs, and all mistakes. It leaves b as it
// is, so that Build can be called again.
func (b *Builder) reflected() (*value, []mistake) {
	c := &Builder{doc: b.doc, records: b.records, wrong: slices.Clone(b.wrong)}
	for _, s := range b.structs {
		switch s := s.(type) {
		case recordOf:
			c.Record(s.name, c.fields(s.typ)...)
		case varsOf:
			for _, f := range c.fields(s.typ) {
				c.Var(f.Name, f.Type)
			}
		}
	}
	return c.doc, c.wrong
}

// fields are the fields of a struct that have a json tag.
func (b *Builder) fields(t reflect.Type) []Field {
	var out []Field
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case !f.IsExported() || tag == "-":
			continue
		case !tagged || name == "":
			b.mistake("schema/struct", "", "names never follow from Go identifiers: write `json:\"name\"`, or `json:\"-\"`", "field %s of %v has no json name", f.Name, t)
			continue
		}
		typ, err := b.typeOf(f.Type)
		if err != nil {
			b.mistake("schema/struct", "", "", "field %s of %v: %v", f.Name, t, err)
			continue
		}
		out = append(out, Field{name, typ})
	}
	return out
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// typeOf is the type of variable that holds a Go type.
func (b *Builder) typeOf(t reflect.Type) (Type, error) {
	switch {
	case t == timeType:
		return Timestamp, nil
	case t == durationType:
		return Duration, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return Bool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return Int, nil
	case reflect.Float32, reflect.Float64:
		return Double, nil
	case reflect.String:
		return String, nil
	case reflect.Interface:
		return Dyn, nil
	case reflect.Pointer:
		return b.typeOf(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
			return Bytes, nil
		}
		elem, err := b.typeOf(t.Elem())
		return List(elem), err
	case reflect.Map:
		key, err := b.typeOf(t.Key())
		if err != nil {
			return "", err
		}
		elem, err := b.typeOf(t.Elem())
		return Map(key, elem), err
	case reflect.Struct:
		if name := b.records[typeKey(t)]; name != "" {
			return Type(name), nil
		}
		return "", fmt.Errorf("declare %v with RecordOf", t)
	}
	return "", fmt.Errorf("no variable holds a %v", t)
}
