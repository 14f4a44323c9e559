package expr

import "errors"

var errLater = errors.New("expr: not there yet")

// Value is an immutable value of a variable; the zero Value is absent.
type Value struct{}

// Absent reports whether v is the zero Value.
func (v Value) Absent() bool { return true }

// FromGo makes a value of type t from a Go value.
func FromGo(t Type, x any) (Value, error) { return Value{}, errLater }

// Go returns v as a plain Go value.
func (v Value) Go() any { return nil }

// Equal reports whether v and w are the same value.
func (v Value) Equal(w Value) bool { return false }

// Append appends the durable encoding of v to dst.
func (v Value) Append(dst []byte) []byte { return dst }

// DecodeValue reads one value.
func DecodeValue(b []byte) (v Value, rest []byte, err error) { return Value{}, b, errLater }

// Size returns the approximate number of bytes v takes in memory.
func (v Value) Size() int { return 0 }

// Fits checks v against t.
func (v Value) Fits(t Type) error { return errLater }

// TypeError says where a value differs from its type.
type TypeError struct{ Path, Want, Got, Hint string }

// Error implements error.
func (e *TypeError) Error() string { return e.Path + ": want " + e.Want + ", got " + e.Got }

// Var declares a variable.
type Var struct {
	Name string
	Type Type
	Slot int
}

// Env declares what an expression may use.
type Env struct{}

// NewEnv makes an Env.
func NewEnv(records map[string]map[string]string, vars []Var) (*Env, error) { return nil, errLater }

// With returns an Env with further variables.
func (e *Env) With(extra ...Var) *Env { return e }

// Issue is something wrong with an expression.
type Issue struct {
	Offset        int
	Line, Col     int
	Code          string
	Message, Hint string
}

// Compile checks an expression.
func (e *Env) Compile(src string, want Type) (*Program, []Issue) { return nil, []Issue{{}} }

// Program is a compiled expression.
type Program struct{}

// Reads returns the slots read.
func (p *Program) Reads() []int { return nil }

// Source returns the source text.
func (p *Program) Source() string { return "" }

// Const returns the value of a constant expression.
func (p *Program) Const() (Value, bool) { return Value{}, false }

// ResultType returns the type of the result.
func (p *Program) ResultType() Type { return Type{} }

// Vars supplies the values of variables.
type Vars interface{ Slot(i int) Value }

// EvalError is a failed evaluation.
type EvalError struct{}

// Error implements error.
func (e *EvalError) Error() string { return "" }

// Bool evaluates a guard.
func (p *Program) Bool(v Vars) (bool, error) { return false, errLater }

// Eval evaluates an expression.
func (p *Program) Eval(v Vars) (Value, error) { return Value{}, errLater }
