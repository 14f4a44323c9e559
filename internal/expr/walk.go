package expr

import (
	"slices"

	"github.com/google/cel-go/common/ast"
)

// children returns the direct parts of an expression that see the same names as it does. The body of a comprehension
// is not among them.
func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			return append([]ast.Expr{call.Target()}, call.Args()...)
		}
		return call.Args()
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var parts []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			parts = append(parts, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return parts
	case ast.StructKind:
		var parts []ast.Expr
		for _, field := range e.AsStruct().Fields() {
			parts = append(parts, field.AsStructField().Value())
		}
		return parts
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit()}
	}
	return nil
}

// walk visits e and all its parts, outer ones first, with the names that comprehensions have bound around each.
func walk(e ast.Expr, bound []string, visit func(e ast.Expr, bound []string)) {
	visit(e, bound)
	for _, part := range children(e) {
		walk(part, bound, visit)
	}
	if e.Kind() != ast.ComprehensionKind {
		return
	}
	c := e.AsComprehension()
	inResult := append(slices.Clip(bound), c.AccuVar())
	inBody := append(slices.Clip(inResult), c.IterVar())
	if c.HasIterVar2() {
		inBody = append(inBody, c.IterVar2())
	}
	walk(c.LoopCondition(), inBody, visit)
	walk(c.LoopStep(), inBody, visit)
	walk(c.Result(), inResult, visit)
}
