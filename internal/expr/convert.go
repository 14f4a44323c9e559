package expr

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/replank/replank/internal/nearest"
)

// TypeError says where a value differs from its declared type.
type TypeError struct {
	Path string // "applicant.income", "items[3].price", `rates["EUR"]`; "" is the value itself
	Want string // a type, or what must stand there
	Got  string // what stands there
	Hint string // what to do, or ""
}

// Error implements error.
func (e *TypeError) Error() string {
	text := "want " + e.Want + ", got " + e.Got
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Under returns the error with the path put under name, as when the value is that of the variable name.
func (e *TypeError) Under(name string) *TypeError {
	under := *e
	switch {
	case e.Path == "":
		under.Path = name
	case e.Path[0] == '[':
		under.Path = name + e.Path
	default:
		under.Path = name + "." + e.Path
	}
	return &under
}

// Fits checks v against t without converting anything: nil, or a *TypeError. Every value but an absent one fits dyn.
func (v Value) Fits(t Type) error {
	c := converter{exact: true}
	if _, err := c.convert(t.n, v.v, ""); err != nil {
		return err
	}
	return nil
}

// converter makes a value fit a type. What it accepts beyond values of exactly the type is what JSON cannot say: an int
// as a double and the reverse where nothing is lost, a timestamp (RFC 3339), a duration (ISO 8601 without years and
// months, or Go's syntax) and bytes (base64) as strings, and int or bool keys as strings.
type converter struct {
	exact bool // convert nothing, only check
}

func (c converter) convert(n *typeNode, v ref.Val, path string) (ref.Val, *TypeError) {
	if v == nil {
		return nil, c.mismatch(n, v, path)
	}
	if n == nil {
		return v, nil
	}
	switch n.kind {
	case kindDyn:
		return v, nil
	case kindList:
		return c.list(n, v, path)
	case kindMap:
		return c.mapping(n, v, path)
	case kindRecord:
		return c.record(n, v, path)
	}
	if hasKind(v, n.kind) {
		return v, nil
	}
	if !c.exact {
		if converted := convertScalar(n.kind, v); converted != nil {
			return converted, nil
		}
	}
	return nil, c.mismatch(n, v, path)
}

func (c converter) mismatch(n *typeNode, v ref.Val, path string) *TypeError {
	want := "a value"
	if n != nil {
		want = n.text
	}
	return &TypeError{Path: path, Want: want, Got: describe(v)}
}

func hasKind(v ref.Val, k kind) bool {
	switch v.(type) {
	case types.Bool:
		return k == kindBool
	case types.Int:
		return k == kindInt
	case types.Double:
		return k == kindDouble
	case types.String:
		return k == kindString
	case types.Bytes:
		return k == kindBytes
	case types.Timestamp:
		return k == kindTimestamp
	case types.Duration:
		return k == kindDuration
	}
	return false
}

// convertScalar returns nil if v has no form of kind k.
func convertScalar(k kind, v ref.Val) ref.Val {
	const exactInts = 1 << 53 // every int up to here is a double
	switch v := v.(type) {
	case types.Double:
		if f := float64(v); k == kindInt && f == math.Trunc(f) && f >= -1<<63 && f < 1<<63 {
			return types.Int(f)
		}
	case types.Int:
		if k == kindDouble && -exactInts <= v && v <= exactInts {
			return types.Double(v)
		}
	case types.String:
		switch k {
		case kindTimestamp:
			if t, err := time.Parse(time.RFC3339Nano, string(v)); err == nil {
				if ts, ok := newTimestamp(t); ok {
					return ts
				}
			}
		case kindDuration:
			if d, err := parseDuration(string(v)); err == nil {
				return types.Duration{Duration: d}
			}
		case kindBytes:
			if b, err := base64.StdEncoding.Strict().DecodeString(string(v)); err == nil {
				return types.Bytes(b)
			}
		}
	}
	return nil
}

func (c converter) list(n *typeNode, v ref.Val, path string) (ref.Val, *TypeError) {
	l, ok := v.(traits.Lister)
	if !ok {
		return nil, c.mismatch(n, v, path)
	}
	elems := elements(l)
	converted, err := c.all(elems, func(i int) (ref.Val, *TypeError) {
		e, err := c.convert(n.elem, elems[i], "")
		if err != nil {
			err = err.Under("[" + strconv.Itoa(i) + "]").Under(path)
		}
		return e, err
	})
	if err != nil || converted == nil {
		return v, err
	}
	return newList(converted), nil
}

// all applies convert to every index and returns nil if nothing changed.
func (c converter) all(vals []ref.Val, convert func(i int) (ref.Val, *TypeError)) ([]ref.Val, *TypeError) {
	var changed []ref.Val
	for i, v := range vals {
		w, err := convert(i)
		if err != nil {
			return nil, err
		}
		if changed == nil && !same(v, w) {
			changed = append(make([]ref.Val, 0, len(vals)), vals...)
		}
		if changed != nil {
			changed[i] = w
		}
	}
	return changed, nil
}

func (c converter) mapping(n *typeNode, v ref.Val, path string) (ref.Val, *TypeError) {
	m, ok := v.(*mapping)
	if !ok {
		return nil, c.mismatch(n, v, path)
	}
	keys, err := c.all(m.keys, func(i int) (ref.Val, *TypeError) { return c.key(n, m.keys[i], path) })
	if err != nil {
		return nil, err
	}
	vals, err := c.all(m.vals, func(i int) (ref.Val, *TypeError) {
		e, err := c.convert(n.elem, m.vals[i], "")
		if err != nil {
			err = err.Under(keyPath(m.keys[i])).Under(path)
		}
		return e, err
	})
	if err != nil {
		return nil, err
	}
	switch {
	case keys == nil && vals == nil:
		return m, nil
	case keys == nil:
		return &mapping{m.keys, vals}, nil
	case vals == nil:
		vals = append([]ref.Val{}, m.vals...)
	}
	sorted, failed := newMapping(keys, vals)
	if failed != nil {
		return nil, &TypeError{Path: path, Want: n.text, Got: "keys that become equal: " + failed.Error()}
	}
	return sorted, nil
}

func (c converter) key(n *typeNode, key ref.Val, path string) (ref.Val, *TypeError) {
	if hasKind(key, n.key.kind) {
		return key, nil
	}
	if s, ok := key.(types.String); ok && !c.exact {
		switch n.key.kind {
		case kindInt:
			if i, err := strconv.ParseInt(string(s), 10, 64); err == nil && strconv.FormatInt(i, 10) == string(s) {
				return types.Int(i), nil
			}
		case kindBool:
			if s == "true" || s == "false" {
				return types.Bool(s == "true"), nil
			}
		}
	}
	return nil, &TypeError{Path: path, Want: "keys of type " + n.key.text, Got: "the key " + describe(key)}
}

func (c converter) record(n *typeNode, v ref.Val, path string) (ref.Val, *TypeError) {
	m, ok := v.(*mapping)
	if !ok {
		return nil, c.mismatch(n, v, path)
	}
	for _, k := range m.keys {
		name, ok := k.(types.String)
		if ok && n.field(string(name)) != nil {
			continue
		}
		e := &TypeError{
			Path: path, Want: n.text + " (" + strings.Join(n.fieldNames(), ", ") + ")",
			Got: "a field " + keyText(k) + " that it does not have",
		}
		if near := nearest.Name(string(name), n.fieldNames()); near != "" {
			e.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, e
	}
	if len(m.keys) < len(n.fields) {
		for _, f := range n.fields {
			if m.field(f.name) == nil {
				e := &TypeError{Path: f.name, Want: f.typ.text, Got: "nothing", Hint: "the record " + n.text + " has this field, the value lacks it"}
				if path != "" {
					e = e.Under(path)
				}
				return nil, e
			}
		}
	}
	// The keys are now exactly the fields, in the same order.
	vals, err := c.all(m.vals, func(i int) (ref.Val, *TypeError) {
		e, err := c.convert(n.fields[i].typ, m.vals[i], "")
		if err != nil {
			err = err.Under(n.fields[i].name)
			if path != "" {
				err = err.Under(path)
			}
		}
		return e, err
	})
	if err != nil || vals == nil {
		return m, err
	}
	return &mapping{m.keys, vals}, nil
}

// keyPath is how a map key stands in a path.
func keyPath(k ref.Val) string { return "[" + keyText(k) + "]" }

func keyText(k ref.Val) string {
	switch k := k.(type) {
	case types.String:
		return strconv.Quote(shorten(string(k), 40))
	case types.Int:
		return strconv.FormatInt(int64(k), 10)
	case types.Bool:
		return strconv.FormatBool(bool(k))
	}
	return "?"
}

// describe says what a value is, in a few words, for errors.
func describe(v ref.Val) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case types.Null:
		return "null"
	case types.Bool:
		return "bool " + strconv.FormatBool(bool(v))
	case types.Int:
		return "int " + strconv.FormatInt(int64(v), 10)
	case types.Uint:
		return "uint " + strconv.FormatUint(uint64(v), 10)
	case types.Double:
		return "double " + strconv.FormatFloat(float64(v), 'g', -1, 64)
	case types.String:
		return "string " + strconv.Quote(shorten(string(v), 40))
	case types.Bytes:
		return fmt.Sprintf("bytes (%d)", len(v))
	case types.Timestamp:
		return "timestamp " + v.Format(time.RFC3339Nano)
	case types.Duration:
		return "duration " + v.Duration.String()
	case *mapping:
		return fmt.Sprintf("a map of %d", len(v.keys))
	case traits.Lister:
		return fmt.Sprintf("a list of %d", v.Size())
	case ref.Type:
		return "the type " + v.TypeName()
	}
	return v.Type().TypeName()
}

// shorten cuts text to at most so many runes, for an error.
func shorten(s string, most int) string {
	count := 0
	for i := range s {
		if count++; count > most {
			return s[:i] + "..."
		}
	}
	return s
}
