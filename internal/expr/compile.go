package expr

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// Limits of the text of an expression, checked by Compile.
const (
	MaxSource  = 16 << 10 // bytes
	maxNesting = 200      // levels of the parsed tree; a + b + c has two
)

// Compile parses and checks src, evaluates what is constant in it, and bounds its cost. want is the type that the result
// must have; the zero Type takes any that can be stored. It returns a Program, or everything found wrong, in the
// order of the text.
//
// An expression that can be made to fit want at run time only (its type is dyn, at least in part) compiles; Eval
// then converts or fails. A constant int is taken where a double is wanted, and the reverse, if nothing is lost.
func (e *Env) Compile(src string, want Type) (*Program, []Issue) {
	issues := issueList{source: src}
	switch {
	case len(src) > MaxSource:
		issues.add(0, CodeLimit, fmt.Sprintf("the expression has %d bytes; the limit is %d", len(src), MaxSource), "split it over script steps")
	case !utf8.ValidString(src):
		issues.add(0, CodeSyntax, "the expression is not UTF-8", "")
	case strings.TrimSpace(src) == "":
		issues.add(0, CodeSyntax, "the expression is empty", "")
	}
	if issues.any() {
		return nil, issues.sorted()
	}
	checker, err := e.checker()
	if err != nil {
		issues.add(0, CodeType, err.Error(), "")
		return nil, issues.sorted()
	}
	parsed, problems := checker.Parse(src)
	if problems.Err() != nil {
		issues.addSyntax(problems.Errors())
		return nil, issues.sorted()
	}
	checked, problems := checker.Check(parsed)
	if problems.Err() != nil {
		issues.addChecked(e, checker, parsed, problems.Errors())
		return nil, issues.sorted()
	}

	c := compilation{env: e, checker: checker, tree: checked.NativeRep(), issues: &issues}
	p := &Program{source: src, info: c.tree.SourceInfo(), want: want}
	p.setReads(e, c.tree)
	p.setAtom(c.tree)
	c.checkRecords()
	limited, costly := c.checkCost(checked)
	if issues.any() {
		return nil, issues.sorted()
	}
	c.fold(c.tree.Expr())
	if issues.any() {
		return nil, issues.sorted()
	}
	c.finish(p, limited)
	p.costly = costly && p.limited
	if issues.any() {
		return nil, issues.sorted()
	}
	return p, nil
}

// compilation is the work on one checked expression.
type compilation struct {
	env     *Env
	checker *cel.Env
	tree    *ast.AST
	issues  *issueList
}

// addAt reports an issue at a node of the expression.
func (c *compilation) addAt(x ast.Expr, code, message, hint string) {
	c.issues.addAt(c.tree.SourceInfo().GetStartLocation(x.ID()), code, message, hint)
}

// checkRecords reports record literals that leave fields out, which cel-go would let pass.
func (c *compilation) checkRecords() {
	walk(c.tree.Expr(), nil, func(x ast.Expr, _ []string) {
		if x.Kind() != ast.StructKind {
			return
		}
		lit := x.AsStruct()
		n := c.env.records.byName[c.tree.GetType(x.ID()).TypeName()]
		if n == nil {
			return
		}
		var given []string
		for _, f := range lit.Fields() {
			given = append(given, f.AsStructField().Name())
		}
		if missing := n.missingFields(given); missing != nil {
			c.addAt(x, CodeType, fmt.Sprintf("the record %s lacks %s", n.text, strings.Join(missing, ", ")), "give all fields of a record")
		}
	})
}

// finish checks the type of the result and plans the evaluation of the folded tree.
func (c *compilation) finish(p *Program, limited bool) {
	root := c.tree.Expr()
	got := c.tree.GetType(root.ID())
	if root.Kind() == ast.LiteralKind {
		c.finishConstant(p, root, got)
		return
	}
	if !c.checkResult(p, root, got) {
		return
	}
	p.limited = limited
	opts := []cel.ProgramOption{cel.CustomDecoratorV2(sortMapLiterals), cel.EvalOptions(cel.OptOptimize)}
	if limited {
		opts = append(opts, cel.CostLimit(DefaultCostLimit))
	}
	planned, err := c.checker.PlanProgram(c.tree, opts...)
	if err != nil {
		c.addAt(root, CodeType, "the expression cannot be planned: "+err.Error(), "")
		return
	}
	p.eval = planned
}

// checkResult compares the type found with the one wanted, and sets the type of p's result.
func (c *compilation) checkResult(p *Program, root ast.Expr, got *types.Type) bool {
	declared := c.env.typeOf(got)
	if p.want.n == nil {
		if declared.n == nil {
			c.addAt(root, CodeType, fmt.Sprintf("the result is of type %s, which no variable can hold", got), "")
			return false
		}
		p.result = declared
		return true
	}
	p.result = p.want
	if declared.n == nil {
		c.addAt(root, CodeType, fmt.Sprintf("want %s, got %s", p.want, got), "")
		return false
	}
	switch compare(p.want.n, declared.n) {
	case fitsNot:
		c.addAt(root, CodeType, fmt.Sprintf("want %s, got %s", p.want, declared), conversionHint(p.want.n, declared.n))
		return false
	case fitsPerhaps:
		p.convert = true
	}
	return true
}

// finishConstant makes p hold the one value that the expression has.
func (c *compilation) finishConstant(p *Program, root ast.Expr, got *types.Type) {
	v, err := storable(root.AsLiteral(), nil, false)
	if err != nil {
		c.addAt(root, CodeConstant, "this is no value for a variable: "+err.Error(), "")
		return
	}
	declared := c.env.typeOf(got)
	numeric := declared.n != nil && p.want.n != nil && isNumber(declared.n) && isNumber(p.want.n)
	if !numeric && !c.checkResult(p, root, got) {
		return
	}
	if p.want.n != nil {
		p.result = p.want
		converted, failed := converter{}.convert(p.want.n, v, "")
		if failed != nil {
			c.addAt(root, CodeType, failed.Error(), conversionHint(p.want.n, declared.n))
			return
		}
		v = converted
	}
	p.isConst, p.value = true, Value{v}
}

type fit uint8

const (
	fitsAlways fit = iota
	fitsPerhaps
	fitsNot
)

// compare says whether values of type got fit want.
func compare(want, got *typeNode) fit {
	switch {
	case want.kind == kindDyn:
		return fitsAlways
	case got.kind == kindDyn:
		return fitsPerhaps
	case want.kind != got.kind:
		return fitsNot
	}
	switch want.kind {
	case kindList:
		return compare(want.elem, got.elem)
	case kindMap:
		return max(compare(want.key, got.key), compare(want.elem, got.elem))
	case kindRecord:
		if want.text != got.text {
			return fitsNot
		}
	}
	return fitsAlways
}

func isNumber(n *typeNode) bool { return n.kind == kindInt || n.kind == kindDouble }

// conversionHint says how to get from one type to another, or "".
func conversionHint(want, got *typeNode) string {
	if got == nil {
		return ""
	}
	switch want.kind {
	case kindBool:
		return "a condition compares, as in x == 1, or combines conditions with && and ||"
	case kindDouble:
		if got.kind == kindInt || got.kind == kindString {
			return "write double(...)"
		}
	case kindInt:
		switch got.kind {
		case kindDouble:
			return "write int(...), which drops the fraction, or math.round first"
		case kindString, kindTimestamp:
			return "write int(...)"
		}
	case kindString:
		switch got.kind {
		case kindBool, kindInt, kindDouble, kindBytes, kindTimestamp, kindDuration:
			return "write string(...)"
		}
	case kindTimestamp:
		if got.kind == kindString {
			return `write timestamp(...), as in timestamp("2026-01-31T09:00:00Z")`
		}
	case kindDuration:
		if got.kind == kindString {
			return `write duration(...), as in duration("36h")`
		}
	case kindBytes:
		if got.kind == kindString {
			return "write bytes(...)"
		}
	}
	return ""
}
