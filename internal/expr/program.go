package expr

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	//lint:sync a pool of scratch memory
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// Vars supplies the values of variables to an evaluation, by slot. An absent Value makes the evaluation fail if the
// expression needs it. Slot is asked only for the slots that Program.Reads lists.
type Vars interface {
	Slot(i int) Value
}

// Program is a compiled expression. It is immutable and may be shared by goroutines.
type Program struct {
	source  string
	eval    cel.Program
	info    *ast.SourceInfo
	want    Type
	result  Type
	convert bool // the result is dynamic in part and must be made to fit want
	limited bool // evaluated under a cost limit
	costly  bool // with lists that are not even long
	reads   []int
	names   []nameSlot // of the variables read
	isConst bool
	value   Value // if isConst
	asks    string
	not     bool
}

type nameSlot struct {
	name string
	slot int
}

// Reads returns the slots of all variables that the source mentions, ascending, each once; a record or list counts
// as a whole. It follows the text, not what folding left of it, so that it stays the same from version to version. The
// caller must not change the slice.
func (p *Program) Reads() []int { return p.reads }

// Source returns the text that was compiled.
func (p *Program) Source() string { return p.source }

// Const returns the value of an expression that is the same whatever the variables hold.
func (p *Program) Const() (Value, bool) { return p.value, p.isConst }

// ResultType returns the type of the result: the one that Compile was told to want, or else the one it found.
func (p *Program) ResultType() Type { return p.result }

// Costly reports whether an evaluation may exceed DefaultCostLimit, and so fail, with lists and maps of no more than
// LongList elements, as one does that goes through a list for each element of another.
func (p *Program) Costly() bool { return p.costly }

// Limited reports whether no bound on the cost is known before the evaluation, so that each one runs under
// DefaultCostLimit (which makes it slower by some hundred nanoseconds).
func (p *Program) Limited() bool { return p.limited }

// EvalError is an evaluation that gave no value.
type EvalError struct {
	Source    string // the expression; Error shortens it
	Line, Col int    // from 1, in the expression; 0 if unknown
	Cause     error
}

// Error implements error.
func (e *EvalError) Error() string {
	where := ""
	if e.Line > 0 {
		where = fmt.Sprintf(" (line %d, column %d)", e.Line, e.Col)
	}
	return fmt.Sprintf("expression `%s`%s: %v", shorten(e.Source, 120), where, e.Cause)
}

// Unwrap returns the cause.
func (e *EvalError) Unwrap() error { return e.Cause }

// ErrAbsent is the cause of an EvalError if a variable that the expression needed has no value.
var ErrAbsent = errors.New("the variable has no value")

// ErrCost is the cause of an EvalError if the evaluation exceeded DefaultCostLimit.
var ErrCost = fmt.Errorf("the evaluation costs more than the limit of %d; use smaller lists or a simpler expression", DefaultCostLimit)

// Bool evaluates a condition. It fails with an *EvalError if the result is not a bool, as a dynamic one may turn out.
func (p *Program) Bool(v Vars) (bool, error) {
	if p.isConst {
		if b, ok := p.value.v.(types.Bool); ok {
			return bool(b), nil
		}
		return false, p.notBool(p.value.v)
	}
	out, err := p.run(v)
	if err != nil {
		return false, err
	}
	b, ok := out.(types.Bool)
	if !ok {
		return false, p.notBool(out)
	}
	return bool(b), nil
}

func (p *Program) notBool(v ref.Val) error {
	return &EvalError{Source: p.source, Cause: fmt.Errorf("want a bool, got %s", describe(v))}
}

// Eval evaluates the expression. The result fits ResultType; where it is dynamic it is converted as FromGo would. An
// error is an *EvalError.
func (p *Program) Eval(v Vars) (Value, error) {
	if p.isConst {
		return p.value, nil
	}
	out, err := p.run(v)
	if err != nil {
		return Value{}, err
	}
	out, err = storable(out, p.want.n, p.convert)
	if err != nil {
		return Value{}, &EvalError{Source: p.source, Cause: err}
	}
	return Value{out}, nil
}

func (p *Program) run(v Vars) (ref.Val, error) {
	a := activations.Get().(*activation)
	a.program, a.vars = p, v
	out, _, err := p.eval.Eval(a)
	a.program, a.vars = nil, nil
	activations.Put(a)
	if err != nil {
		return nil, p.failure(err)
	}
	return out, nil
}

func (p *Program) failure(err error) error {
	e := &EvalError{Source: p.source, Cause: evalCause(err)}
	var at *types.Err
	if errors.As(err, &at) && at.NodeID() != 0 && at.NodeID() != sharedNode {
		loc := p.info.GetStartLocation(at.NodeID())
		if loc.Line() > 0 {
			e.Line, e.Col = loc.Line(), loc.Column()+1
		}
	}
	return e
}

// sharedNode marks the errors of cel-go that all evaluations share. cel-go writes the place of the failure into an error
// that has none yet; in a shared one that would be a data race, and the place of whoever failed first.
const sharedNode = -1

// markSharedErrors gives the shared errors of cel-go their mark, before anything is evaluated.
func markSharedErrors() {
	types.LabelErrNode(sharedNode, types.NoSuchOverloadErr())
	types.LabelErrNode(sharedNode, types.Int(math.MaxInt64).ConvertToType(types.TimestampType))
}

// evalCause says in plain words why an evaluation failed.
func evalCause(err error) error {
	var cancelled interpreter.EvalCancelledError
	var absent *absentError
	switch {
	case errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded:
		return ErrCost
	case errors.As(err, &absent):
		return absent
	case strings.HasPrefix(err.Error(), "no such overload"):
		return errors.New("an operation does not take values of these types (no such overload); convert them first, as in double(x)")
	}
	var inner *types.Err
	if errors.As(err, &inner) && inner.Unwrap() != nil {
		return inner.Unwrap()
	}
	return err
}

// absentError is an ErrAbsent that names the variable.
type absentError struct{ name string }

func (e *absentError) Error() string        { return fmt.Sprintf("variable %q has no value", e.name) }
func (e *absentError) Is(target error) bool { return target == ErrAbsent }

// activation lets cel-go read variables by slot. Pooled, so that an evaluation does not allocate one.
type activation struct {
	program *Program
	vars    Vars
}

var activations = sync.Pool{New: func() any { return new(activation) }}

// ResolveName implements cel.Activation. The few names of one expression are found fastest by comparing them all.
func (a *activation) ResolveName(name string) (any, bool) {
	for i := range a.program.names {
		n := &a.program.names[i]
		if n.name == name {
			v := a.vars.Slot(n.slot)
			if v.v == nil {
				return types.WrapErr(&absentError{name}), true
			}
			return v.v, true
		}
	}
	return nil, false
}

// Parent implements cel.Activation.
func (a *activation) Parent() cel.Activation { return nil }

// setReads fills reads and names from the variables that the checked expression mentions.
func (p *Program) setReads(e *Env, checked *ast.AST) {
	seen := make(map[string]bool)
	walk(checked.Expr(), nil, func(x ast.Expr, bound []string) {
		var name string
		switch x.Kind() {
		case ast.IdentKind:
			if slices.Contains(bound, x.AsIdent()) {
				return
			}
			name = x.AsIdent()
		case ast.SelectKind: // a variable with a dotted name
		default:
			return
		}
		if reference := checked.ReferenceMap()[x.ID()]; reference != nil {
			name = reference.Name
		}
		v, ok := e.variable(strings.TrimPrefix(name, "."))
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		p.names = append(p.names, nameSlot{name, v.Slot})
		if at, found := slices.BinarySearch(p.reads, v.Slot); !found {
			p.reads = slices.Insert(p.reads, at, v.Slot)
		}
	})
}

// sortedMap makes the value of a map literal without going through a Go map, whose order would reach the result.
type sortedMap struct {
	interpreter.InterpretableConstructor
}

// Exec implements interpreter.InterpretableV2.
func (m sortedMap) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	parts := m.InitVals()
	keys, vals := make([]ref.Val, 0, len(parts)/2), make([]ref.Val, 0, len(parts)/2)
	for i, part := range parts {
		v := part.Exec(frame)
		if types.IsUnknownOrError(v) {
			return v
		}
		if i%2 == 0 {
			keys = append(keys, v)
		} else {
			vals = append(vals, v)
		}
	}
	made, err := newMapping(keys, vals)
	if err != nil {
		return types.LabelErrNode(m.ID(), types.WrapErr(err))
	}
	return made
}

// Eval implements interpreter.Interpretable.
func (m sortedMap) Eval(a interpreter.Activation) ref.Val { return m.Exec(interpreter.AsFrame(a)) }

func sortMapLiterals(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	if c, ok := i.(interpreter.InterpretableConstructor); ok && c.Type() == types.MapType {
		return sortedMap{c}, nil
	}
	return i, nil
}
