package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"

	"github.com/replank/replank/internal/nearest"
)

// Limits of a type declaration. They keep the resolved form of a type small whatever a schema says.
const (
	maxTypeDepth = 16   // nesting of list, map and record types
	maxTypeNodes = 2048 // size of one type with all records that it reaches, written out
)

// Type is the declared type of a variable. The zero Type is invalid and stands for "any" where a function says so.
// Two Types are the same if their Strings are and they were parsed with the same records.
type Type struct{ n *typeNode }

type kind uint8

const (
	kindDyn kind = iota + 1
	kindBool
	kindInt
	kindDouble
	kindString
	kindBytes
	kindTimestamp
	kindDuration
	kindList
	kindMap
	kindRecord
)

// typeNode is one resolved type; immutable, shared.
type typeNode struct {
	kind   kind
	text   string      // as String returns it
	key    *typeNode   // of a map
	elem   *typeNode   // of a list or map
	fields []fieldNode // of a record, sorted by name
	cel    *types.Type
}

type fieldNode struct {
	name string
	typ  *typeNode
}

// field returns the type of a record's field, or nil.
func (n *typeNode) field(name string) *typeNode {
	i, ok := slices.BinarySearchFunc(n.fields, name, func(f fieldNode, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		return nil
	}
	return n.fields[i].typ
}

func (n *typeNode) fieldNames() []string {
	names := make([]string, len(n.fields))
	for i, f := range n.fields {
		names[i] = f.name
	}
	return names
}

// scalars are the types that need no arguments, by name.
var scalars = map[string]*typeNode{
	"dyn":       {kind: kindDyn, text: "dyn", cel: types.DynType},
	"bool":      {kind: kindBool, text: "bool", cel: types.BoolType},
	"int":       {kind: kindInt, text: "int", cel: types.IntType},
	"double":    {kind: kindDouble, text: "double", cel: types.DoubleType},
	"string":    {kind: kindString, text: "string", cel: types.StringType},
	"bytes":     {kind: kindBytes, text: "bytes", cel: types.BytesType},
	"timestamp": {kind: kindTimestamp, text: "timestamp", cel: types.TimestampType},
	"duration":  {kind: kindDuration, text: "duration", cel: types.DurationType},
}

// laterTypes are names that a later version gives a meaning; until then they are refused with what to use instead.
var laterTypes = map[string]string{
	"decimal": `"decimal" comes later; use int in the smallest unit (cents), or string`,
	"date":    `"date" comes later; use timestamp (midnight UTC), or string`,
	"time":    `use timestamp for a point in time, duration for a length of time`,
	"float":   `use double`,
	"number":  `use int or double`,
	"integer": `use int`,
	"boolean": `use bool`,
	"uint":    `use int`,
	"any":     `use dyn`,
	"object":  `use map(string, dyn), or declare a record under types`,
	"array":   `use list(T)`,
	"text":    `use string`,
}

// ParseType reads a declared type: bool int double string bytes timestamp duration dyn list(T) map(K, V), K being bool,
// int or string, or the name of a record. records maps the name of each record to its fields and their types; records
// may use one another, but not in a circle. The error says what is wrong and what was probably meant.
func ParseType(s string, records map[string]map[string]string) (Type, error) {
	p := typeParser{records: records}
	n, err := p.parse(s)
	if err != nil {
		return Type{}, err
	}
	return Type{n}, nil
}

// String returns the type as ParseType reads it, in one canonical spelling; "" for the zero Type.
func (t Type) String() string {
	if t.n == nil {
		return ""
	}
	return t.n.text
}

// IsDyn reports whether the type is dyn: checks of such a variable happen when it is used, not when it is declared.
func (t Type) IsDyn() bool { return t.n != nil && t.n.kind == kindDyn }

// IsZero reports whether t is the zero Type.
func (t Type) IsZero() bool { return t.n == nil }

// typeParser resolves types against one set of records.
type typeParser struct {
	records  map[string]map[string]string
	resolved map[string]*typeNode
	open     []string // records being resolved, outermost first
	depth    int
	nodes    int
}

func (p *typeParser) parse(s string) (*typeNode, error) {
	scan := typeScanner{src: s}
	n, err := p.typ(&scan)
	if err != nil {
		return nil, err
	}
	if tok := scan.next(); tok != "" {
		return nil, fmt.Errorf("type %q: %q after the end of the type", s, tok)
	}
	return n, nil
}

func (p *typeParser) typ(scan *typeScanner) (*typeNode, error) {
	if p.depth++; p.depth > maxTypeDepth {
		return nil, fmt.Errorf("type %q nests deeper than %d levels; use dyn below that", scan.src, maxTypeDepth)
	}
	defer func() { p.depth-- }()
	if p.nodes++; p.nodes > maxTypeNodes {
		return nil, fmt.Errorf("type %q has more than %d parts; split it, or use dyn", scan.src, maxTypeNodes)
	}
	name := scan.next()
	switch {
	case name == "":
		return nil, fmt.Errorf("type %q: a type is missing at its end", scan.src)
	case !isIdentifier(name):
		return nil, fmt.Errorf("type %q: %q where the name of a type is wanted", scan.src, name)
	case name == "list":
		args, err := p.arguments(scan, "list(T)", 1)
		if err != nil {
			return nil, err
		}
		elem := args[0]
		return &typeNode{kind: kindList, text: "list(" + elem.text + ")", elem: elem, cel: types.NewListType(elem.cel)}, nil
	case name == "map":
		args, err := p.arguments(scan, "map(K, V)", 2)
		if err != nil {
			return nil, err
		}
		key, elem := args[0], args[1]
		if key.kind != kindBool && key.kind != kindInt && key.kind != kindString {
			return nil, fmt.Errorf("type %q: the keys of a map are bool, int or string, not %s", scan.src, key.text)
		}
		return &typeNode{
			kind: kindMap, text: "map(" + key.text + ", " + elem.text + ")", key: key, elem: elem,
			cel: types.NewMapType(key.cel, elem.cel),
		}, nil
	}
	if n, ok := scalars[name]; ok {
		return n, nil
	}
	if _, ok := p.records[name]; ok {
		return p.record(name)
	}
	if hint, ok := laterTypes[name]; ok {
		return nil, fmt.Errorf("type %q is unknown: %s", name, hint)
	}
	known := append([]string{"list", "map"}, slices.Sorted(maps.Keys(scalars))...)
	known = append(known, slices.Sorted(maps.Keys(p.records))...)
	if near := nearest.Name(name, known); near != "" {
		return nil, fmt.Errorf("type %q is unknown: did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("type %q is unknown: use bool, int, double, string, bytes, timestamp, duration, dyn, list(T), map(K, V) or the name of a record", name)
}

// arguments reads "(T)" or "(K, V)" after list or map.
func (p *typeParser) arguments(scan *typeScanner, form string, count int) ([]*typeNode, error) {
	args := make([]*typeNode, 0, 2)
	for i := range count {
		want := "("
		if i > 0 {
			want = ","
		}
		if tok := scan.next(); tok != want {
			return nil, fmt.Errorf("type %q: write %s", scan.src, form)
		}
		n, err := p.typ(scan)
		if err != nil {
			return nil, err
		}
		args = append(args, n)
	}
	if tok := scan.next(); tok != ")" {
		return nil, fmt.Errorf("type %q: write %s", scan.src, form)
	}
	return args, nil
}

func (p *typeParser) record(name string) (*typeNode, error) {
	if n, ok := p.resolved[name]; ok {
		return n, nil
	}
	if reserved := reservedTypeName(name); reserved != "" {
		return nil, fmt.Errorf("record %q: %s; choose another name", name, reserved)
	}
	if i := slices.Index(p.open, name); i >= 0 {
		circle := append(slices.Clone(p.open[i:]), name)
		return nil, fmt.Errorf("record %q contains itself (%s); use dyn for the field that closes the circle", name, strings.Join(circle, " -> "))
	}
	p.open = append(p.open, name)
	defer func() { p.open = p.open[:len(p.open)-1] }()

	declared := p.records[name]
	n := &typeNode{kind: kindRecord, text: name, cel: types.NewObjectType(name)}
	for _, field := range slices.Sorted(maps.Keys(declared)) {
		if reserved := reservedFieldName(field); reserved != "" {
			return nil, fmt.Errorf("field %q of record %q: %s; choose another name", field, name, reserved)
		}
		scan := typeScanner{src: declared[field]}
		typ, err := p.typ(&scan)
		if err == nil {
			if tok := scan.next(); tok != "" {
				err = fmt.Errorf("type %q: %q after the end of the type", scan.src, tok)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("field %q of record %q: %w", field, name, err)
		}
		n.fields = append(n.fields, fieldNode{field, typ})
	}
	if p.resolved == nil {
		p.resolved = make(map[string]*typeNode)
	}
	p.resolved[name] = n
	return n, nil
}

// typeScanner splits a type into names and single punctuation characters.
type typeScanner struct {
	src string
	pos int
}

// next returns the next token, "" at the end.
func (s *typeScanner) next() string {
	for s.pos < len(s.src) && strings.ContainsRune(" \t\r\n", rune(s.src[s.pos])) {
		s.pos++
	}
	start := s.pos
	for s.pos < len(s.src) && isIdentifierByte(s.src[s.pos]) {
		s.pos++
	}
	if s.pos == start && s.pos < len(s.src) {
		// A whole rune, so that an error never quotes half a character.
		for _, r := range s.src[s.pos:] {
			s.pos = min(len(s.src), s.pos+len(string(r)))
			break
		}
	}
	return s.src[start:s.pos]
}
