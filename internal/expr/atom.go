package expr

import (
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/parser"
)

// Atom returns what a condition asks, in one spelling for all ways to write it that differ in layout, in negation or in
// the side of a comparison, and whether the condition holds when the answer is no: "!(a == b)", "a != b" and "a==b" ask
// the same. Two conditions over the same values that ask the same agree, or both fail.
func (p *Program) Atom() (asks string, not bool) { return p.asks, p.not }

// setAtom fills what Atom returns.
func (p *Program) setAtom(checked *ast.AST) {
	x := checked.Expr()
	p.asks, p.not = p.source, false
	swap := false
	for x.Kind() == ast.CallKind {
		call := x.AsCall()
		args := call.Args()
		if call.FunctionName() == operators.LogicalNot && len(args) == 1 {
			x, p.not = args[0], !p.not
			continue
		}
		if value, other, ok := truth(checked, call); ok {
			x, p.not = other, p.not != !value
			continue
		}
		ordered := len(args) == 2 && total(checked.GetType(args[0].ID())) && total(checked.GetType(args[1].ID()))
		name := ""
		switch call.FunctionName() {
		case operators.NotEquals:
			name, p.not = operators.Equals, !p.not
		case operators.Greater:
			name, swap = operators.Less, true
		case operators.GreaterEquals:
			if ordered {
				name, p.not = operators.Less, !p.not
			} else {
				name, swap = operators.LessEquals, true
			}
		case operators.LessEquals:
			if ordered {
				name, swap, p.not = operators.Less, true, !p.not
			}
		}
		if name != "" {
			if swap {
				args = []ast.Expr{args[1], args[0]}
			}
			x = literals.NewCall(x.ID(), name, args...)
		}
		break
	}
	if text, err := parser.Unparse(x, checked.SourceInfo()); err == nil {
		p.asks = text
	} else {
		p.not = false // as it was written
	}
}

// truth reports whether a call compares a truth with a constant one: "ok == false" is other "ok", value false.
func truth(checked *ast.AST, call ast.CallExpr) (value bool, other ast.Expr, ok bool) {
	equals := call.FunctionName() == operators.Equals
	if !equals && call.FunctionName() != operators.NotEquals {
		return false, nil, false
	}
	args := call.Args()
	for i, x := range args {
		if b, constant := literal(x).(types.Bool); constant && checked.GetType(args[1-i].ID()).Kind() == types.BoolKind {
			return bool(b) == equals, args[1-i], true
		}
	}
	return false, nil, false
}

// total reports whether of two values of a type one is less than the other unless they are equal. Of doubles none need
// be: one may be no number.
func total(t *types.Type) bool {
	switch t.Kind() {
	case types.IntKind, types.UintKind, types.StringKind, types.BytesKind, types.TimestampKind, types.DurationKind:
		return true
	}
	return false
}
