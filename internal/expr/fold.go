package expr

import (
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Folding replaces every part of an expression that reads no variable by its value, from the inside out. A part that
// fails is an issue, wherever it stands: duration("P1D") passes the checker and would fail each evaluation.
// Afterwards `&&`, `||` and `?:` drop operands that their constant ones decide, so that `true || x > 1` is constant.
//
// cel-go's own constant folding keeps failing parts silently, and cannot keep a list, duration or timestamp as a value.

var literals = ast.NewExprFactory()

// fold works on x in place and reports whether it became a literal.
func (c *compilation) fold(x ast.Expr) bool {
	switch x.Kind() {
	case ast.LiteralKind:
		return true
	case ast.IdentKind:
		return false
	case ast.ComprehensionKind:
		return c.foldComprehension(x)
	}
	constant := true
	for _, part := range children(x) {
		if !c.fold(part) {
			constant = false
		}
	}
	c.checkPattern(x)
	if x.Kind() == ast.SelectKind && c.tree.ReferenceMap()[x.ID()] != nil {
		return false // a variable with a dotted name
	}
	if x.Kind() == ast.CallKind && c.shortCircuit(x) {
		return x.Kind() == ast.LiteralKind
	}
	return constant && c.evaluate(x)
}

// foldComprehension folds the range and the body of a loop, and the whole loop if it reads no variable. The loop
// condition and the result are glue that macros made and stay as they are.
func (c *compilation) foldComprehension(x ast.Expr) bool {
	loop := x.AsComprehension()
	c.fold(loop.IterRange())
	c.fold(loop.AccuInit())
	c.fold(loop.LoopStep())
	if c.issues.any() {
		return false
	}
	closed := true
	walk(x, nil, func(part ast.Expr, bound []string) {
		if part.Kind() == ast.IdentKind && !slices.Contains(bound, part.AsIdent()) && !c.isType(part) {
			closed = false
		}
	})
	return closed && c.evaluate(x)
}

func (c *compilation) isType(x ast.Expr) bool { return c.tree.GetType(x.ID()).Kind() == types.TypeKind }

// evaluate replaces x, which reads no variable, by its value.
func (c *compilation) evaluate(x ast.Expr) bool {
	if c.issues.any() {
		return false // a part of it may have failed
	}
	part := ast.NewCheckedAST(ast.NewAST(x, c.tree.SourceInfo()), c.tree.TypeMap(), c.tree.ReferenceMap())
	planned, err := c.checker.PlanProgram(part, cel.CustomDecoratorV2(sortMapLiterals), cel.CostLimit(DefaultCostLimit))
	if err != nil {
		c.addAt(x, CodeConstant, "this always fails: "+err.Error(), "")
		return false
	}
	out, _, err := planned.Eval(cel.NoVars())
	if err == nil {
		return c.replace(x, out)
	}
	cause := evalCause(err)
	message, hint := "this always fails: "+cause.Error(), ""
	if x.Kind() == ast.CallKind {
		switch x.AsCall().FunctionName() {
		case overloads.TypeConvertDuration:
			hint = `write hours, minutes and seconds, as in duration("36h") or duration("1h30m")`
		case overloads.TypeConvertTimestamp:
			hint = `write RFC 3339, as in timestamp("2026-01-31T09:00:00Z")`
		}
	}
	c.addAt(x, CodeConstant, message, hint)
	return false
}

// replace puts the value into x. Values that no variable can hold (types, say) stay expressions.
func (c *compilation) replace(x ast.Expr, out ref.Val) bool {
	if _, ok := out.(types.Uint); !ok {
		stored, err := storable(out, nil, false)
		if err != nil {
			return false
		}
		out = stored
	}
	x.SetKindCase(literals.NewLiteral(x.ID(), out))
	return true
}

// checkPattern reports a constant regular expression that is none.
func (c *compilation) checkPattern(x ast.Expr) {
	if x.Kind() != ast.CallKind || x.AsCall().FunctionName() != overloads.Matches {
		return
	}
	args := x.AsCall().Args()
	if len(args) == 0 || args[len(args)-1].Kind() != ast.LiteralKind {
		return
	}
	pattern := args[len(args)-1]
	s, ok := pattern.AsLiteral().(types.String)
	if !ok {
		return
	}
	if _, err := regexp.Compile(string(s)); err != nil {
		c.addAt(pattern, CodeConstant, "this is no regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2's")
	}
}

// shortCircuit replaces a logical operator by what its constant operands leave of it.
func (c *compilation) shortCircuit(x ast.Expr) bool {
	call := x.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.Conditional:
		switch literal(args[0]) {
		case types.True:
			return c.become(x, args[1])
		case types.False:
			return c.become(x, args[2])
		}
	case operators.LogicalAnd:
		return c.foldLogical(x, args, types.False, types.True)
	case operators.LogicalOr:
		return c.foldLogical(x, args, types.True, types.False)
	}
	return false
}

// foldLogical: an operand equal to decisive is the result (CEL lets it win over an error of the other side); a neutral
// one may go, if the other is known to be a bool.
func (c *compilation) foldLogical(x ast.Expr, args []ast.Expr, decisive, neutral types.Bool) bool {
	if len(args) != 2 {
		return false
	}
	for i, arg := range args {
		switch literal(arg) {
		case decisive:
			return c.become(x, arg)
		case neutral:
			if other := args[1-i]; c.tree.GetType(other.ID()).Kind() == types.BoolKind {
				return c.become(x, other)
			}
		}
	}
	return false
}

// literal returns the value of a literal, or nil.
func literal(x ast.Expr) ref.Val {
	if x.Kind() != ast.LiteralKind {
		return nil
	}
	if b, ok := x.AsLiteral().(types.Bool); ok {
		return b
	}
	return nil
}

// become makes x the expression part. The id goes along, since types and references hang on it.
func (c *compilation) become(x, part ast.Expr) bool {
	id := part.ID()
	x.SetKindCase(part)
	x.RenumberIDs(func(old int64) int64 {
		if old == x.ID() {
			return id
		}
		return old
	})
	return true
}
