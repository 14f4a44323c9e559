package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	//lint:sync the compiler is made once and then only read
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

// Var declares a variable that expressions may read.
type Var struct {
	Name string // an identifier, or identifiers joined by dots for the variable of a subprocess
	Type Type
	Slot int // where Vars finds its value; not negative
}

// Env declares what an expression may use: variables, records, and the functions of CEL with its extensions for
// strings, math, lists and sets (there is none that reads a clock or anything else outside). An Env is immutable
// and may be shared by goroutines.
type Env struct {
	records *recordTypes
	vars    []Var          // later ones hide earlier ones of the same name
	byName  map[string]int // index into vars

	// once guards cel and failed: the checker's environment costs a few milliseconds, so it is made when first needed.
	once   sync.Once
	cel    *cel.Env
	failed error
}

// base is the environment without records and variables, shared by all.
var base = sync.OnceValues(func() (*cel.Env, error) {
	markSharedErrors()
	return cel.NewCustomEnv(
		cel.StdLib(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(maxNesting),
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.ParserErrorRecoveryLimit(4),
		ext.Strings(),
		ext.Math(),
		ext.Sets(),
		ext.Lists(ext.ListsMaxRangeSize(maxRange)),
		cel.CustomTypeAdapter(adapter{}),
	)
})

// NewEnv makes an Env from the records of a schema (name -> field -> type, as ParseType takes them) and its variables.
// The error joins all that is wrong with the declarations.
func NewEnv(records map[string]map[string]string, vars []Var) (*Env, error) {
	e := &Env{vars: slices.Clone(vars), byName: make(map[string]int, len(vars))}
	var errs []error
	resolved, err := newRecordTypes(records)
	if err != nil {
		errs = append(errs, err)
	}
	e.records = resolved
	for i, v := range e.vars {
		switch reserved := reservedVarName(v.Name); {
		case reserved != "":
			errs = append(errs, fmt.Errorf("variable %q: %s; choose another name", v.Name, reserved))
		case v.Type.n == nil:
			errs = append(errs, fmt.Errorf("variable %q has no type", v.Name))
		case v.Slot < 0:
			errs = append(errs, fmt.Errorf("variable %q has the negative slot %d", v.Name, v.Slot))
		case records[v.Name] != nil:
			errs = append(errs, fmt.Errorf("variable %q has the name of a record; rename one of them", v.Name))
		}
		if _, twice := e.byName[v.Name]; twice {
			errs = append(errs, fmt.Errorf("variable %q is declared twice", v.Name))
		}
		e.byName[v.Name] = i
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return e, nil
}

// With returns an Env that also has the extra variables, such as "result" or "message"; one with the name of a known
// variable hides that. Unlike NewEnv it does not fail: what is wrong with an extra variable is an issue of every Compile.
func (e *Env) With(extra ...Var) *Env {
	w := &Env{records: e.records, vars: slices.Concat(e.vars, extra), byName: maps.Clone(e.byName)}
	for i, v := range extra {
		w.byName[v.Name] = len(e.vars) + i
		if reserved := reservedVarName(v.Name); reserved != "" {
			w.failed = fmt.Errorf("variable %q: %s; choose another name", v.Name, reserved)
		} else if v.Type.n == nil || v.Slot < 0 {
			w.failed = fmt.Errorf("variable %q lacks a type or has a negative slot", v.Name)
		}
	}
	return w
}

// checker returns the environment in cel-go's form.
func (e *Env) checker() (*cel.Env, error) {
	e.once.Do(func() {
		if e.failed != nil {
			return
		}
		shared, err := base()
		if err != nil {
			e.failed = err
			return
		}
		opts := []cel.EnvOption{cel.CustomTypeProvider(&provider{shared.CELTypeProvider(), e.records})}
		for _, name := range slices.Sorted(maps.Keys(e.byName)) {
			opts = append(opts, cel.Variable(name, e.vars[e.byName[name]].Type.n.cel))
		}
		e.cel, e.failed = shared.Extend(opts...)
	})
	return e.cel, e.failed
}

// variable returns the declaration of a name.
func (e *Env) variable(name string) (Var, bool) {
	i, ok := e.byName[name]
	if !ok {
		return Var{}, false
	}
	return e.vars[i], true
}

// typeOf returns the declared form of a checked type, or the zero Type if values of it cannot be stored.
func (e *Env) typeOf(t *types.Type) Type {
	switch t.Kind() {
	case types.DynKind, types.AnyKind, types.TypeParamKind, types.NullTypeKind:
		return Type{scalars["dyn"]}
	case types.BoolKind:
		return Type{scalars["bool"]}
	case types.IntKind, types.UintKind: // an unsigned result becomes an int, or fails if it is too large
		return Type{scalars["int"]}
	case types.DoubleKind:
		return Type{scalars["double"]}
	case types.StringKind:
		return Type{scalars["string"]}
	case types.BytesKind:
		return Type{scalars["bytes"]}
	case types.TimestampKind:
		return Type{scalars["timestamp"]}
	case types.DurationKind:
		return Type{scalars["duration"]}
	case types.StructKind:
		return Type{e.records.byName[t.TypeName()]}
	case types.ListKind:
		elem := e.typeOf(t.Parameters()[0])
		if elem.n != nil {
			return Type{&typeNode{kind: kindList, text: "list(" + elem.n.text + ")", elem: elem.n, cel: t}}
		}
	case types.MapKind:
		key, elem := e.typeOf(t.Parameters()[0]), e.typeOf(t.Parameters()[1])
		if key.n != nil && elem.n != nil {
			text := "map(" + key.n.text + ", " + elem.n.text + ")"
			return Type{&typeNode{kind: kindMap, text: text, key: key.n, elem: elem.n, cel: t}}
		}
	}
	return Type{}
}
