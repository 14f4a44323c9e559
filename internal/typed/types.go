package typed

import (
	"strings"
)

// scalars are the Go types of types without parts.
var scalars = map[string]string{
	"bool": "bool", "int": "int64", "double": "float64", "string": "string", "bytes": "[]byte",
	"timestamp": "time.Time", "duration": "time.Duration", "dyn": "any", "": "any",
}

// goType is the Go type that holds values of a declared type; records are the Go names of record types.
func goType(declared string, records map[string]string) string {
	if t, ok := scalars[declared]; ok {
		return t
	}
	if elem, ok := strings.CutPrefix(declared, "list("); ok {
		return "[]" + goType(strings.TrimSuffix(elem, ")"), records)
	}
	if args, ok := strings.CutPrefix(declared, "map("); ok {
		key, elem, _ := strings.Cut(strings.TrimSuffix(args, ")"), ", ")
		return "map[" + goType(key, records) + "]" + goType(elem, records)
	}
	if t, ok := records[declared]; ok {
		return t
	}
	return "any"
}

// A field is a field of a struct: what one variable or parameter holds.
type field struct {
	name     string // in JSON
	typ      string // in Go, without the pointer of an optional one
	optional bool   // it may be absent
}

// fields are those of one struct.
type fields []field

func (fs fields) find(name string) *field {
	for i := range fs {
		if fs[i].name == name {
			return &fs[i]
		}
	}
	return nil
}

// sameAs reports whether two structs have the same fields, in any order.
func (fs fields) sameAs(others fields) bool {
	if len(fs) != len(others) {
		return false
	}
	for _, f := range fs {
		if o := others.find(f.name); o == nil || *o != f {
			return false
		}
	}
	return true
}

// joined are fields that what has fs and what has others both fill: what only one has is optional, what has other types
// is any.
func (fs fields) joined(others fields) fields {
	all := append(fields(nil), fs...)
	for i, f := range all {
		switch o := others.find(f.name); {
		case o == nil:
			all[i].optional = true
		default:
			if o.typ != f.typ {
				all[i].typ = "any"
			}
			all[i].optional = f.optional || o.optional
		}
	}
	for _, o := range others {
		if fs.find(o.name) == nil {
			o.optional = true
			all = append(all, o)
		}
	}
	return all
}
