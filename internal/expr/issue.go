package expr

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"github.com/replank/replank/internal/nearest"
)

// Codes of issues. They are stable: programs may look at them.
const (
	CodeSyntax     = "expr/syntax"     // the text is no expression
	CodeType       = "expr/type"       // an operation or the result has the wrong type
	CodeUndeclared = "expr/undeclared" // a variable, function, field or record that is not declared
	CodeConstant   = "expr/constant"   // a constant part always fails
	CodeCost       = "expr/cost"       // the evaluation may cost more than DefaultCostLimit
	CodeLimit      = "expr/limit"      // the text is too long or nests too deep
)

// Issue is one thing that is wrong with an expression, with its place in the source.
type Issue struct {
	Offset    int // in runes, from 0
	Line, Col int // from 1; Col in runes
	Code      string
	Message   string
	Hint      string // what to do, or ""
}

// Error implements error, for those who want a single one.
func (i Issue) Error() string {
	text := fmt.Sprintf("%d:%d: %s", i.Line, i.Col, i.Message)
	if i.Hint != "" {
		text += " (" + i.Hint + ")"
	}
	return text
}

// issueList collects the issues of one source.
type issueList struct {
	source string
	issues []Issue
}

func (l *issueList) any() bool { return len(l.issues) > 0 }

// add reports an issue at an offset in runes.
func (l *issueList) add(offset int, code, message, hint string) {
	i := Issue{Offset: offset, Line: 1, Col: 1, Code: code, Message: message, Hint: hint}
	for _, r := range l.source {
		if offset == 0 {
			break
		}
		offset--
		i.Col++
		if r == '\n' {
			i.Line, i.Col = i.Line+1, 1
		}
	}
	l.issues = append(l.issues, i)
}

// addAt reports an issue at a location of cel-go (line from 1, column from 0); one without a place stands at the start.
func (l *issueList) addAt(at common.Location, code, message, hint string) {
	offset, rest := 0, l.source
	for line := 1; line < at.Line(); line++ {
		head, tail, found := strings.Cut(rest, "\n")
		if !found {
			break
		}
		offset, rest = offset+utf8.RuneCountInString(head)+1, tail
	}
	offset = min(offset+max(at.Column(), 0), utf8.RuneCountInString(l.source))
	l.add(offset, code, message, hint)
}

// sorted returns the issues in the order of the text, without repetitions.
func (l *issueList) sorted() []Issue {
	slices.SortStableFunc(l.issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(l.issues)
}

// addSyntax reports what the parser found.
func (l *issueList) addSyntax(errs []*common.Error) {
	for _, e := range errs {
		message := strings.TrimPrefix(e.Message, "Syntax error: ")
		if message == e.Message && strings.HasPrefix(message, "undeclared") {
			l.addAt(e.Location, CodeUndeclared, message, "")
			continue
		}
		if strings.Contains(message, "recursion") {
			message = fmt.Sprintf("the expression nests deeper than %d levels", maxNesting)
			l.addAt(e.Location, CodeLimit, message, "split it over script steps; join long chains of + as a list with .join()")
			continue
		}
		hint := ""
		switch unexpected := strings.TrimPrefix(message, "token recognition error at: "); {
		case strings.HasPrefix(unexpected, "'="):
			hint = "compare with =="
		case strings.HasPrefix(unexpected, "'&"), strings.Contains(message, "input 'and'"):
			hint = "conditions are joined with &&"
		case strings.HasPrefix(unexpected, "'|"), strings.Contains(message, "input 'or'"):
			hint = "alternatives are joined with ||"
		case strings.Contains(message, "input 'not'"):
			hint = "a condition is negated with !"
		case strings.Contains(message, "input '<EOF>'"):
			message, hint = "the expression ends too early", "something is missing at its end: an operand, a bracket or a quote"
		}
		l.addAt(e.Location, CodeSyntax, message, hint)
	}
}

var (
	undeclaredText = regexp.MustCompile(`^undeclared reference to '(.*)' \(in container '.*'\)$`)
	fieldText      = regexp.MustCompile(`^undefined field '(.*)'$`)
	overloadText   = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
)

// addChecked reports what the type checker found, in the words of this package.
func (l *issueList) addChecked(e *Env, checker *cel.Env, parsed *cel.Ast, errs []*common.Error) {
	var missed map[string][]*typeNode
	for _, found := range errs {
		code, message, hint := CodeType, found.Message, ""
		if m := undeclaredText.FindStringSubmatch(found.Message); m != nil {
			code = CodeUndeclared
			message, hint = e.undeclared(checker, m[1], isCall(parsed.NativeRep(), found.ExprID))
		} else if m := fieldText.FindStringSubmatch(found.Message); m != nil {
			code = CodeUndeclared
			if missed == nil {
				missed = e.missedFields(checker, parsed)
			}
			message, hint = e.undefinedField(m[1], missed[m[1]])
		} else if m := overloadText.FindStringSubmatch(found.Message); m != nil {
			message, hint = noOverload(m[1], m[2])
		}
		l.addAt(found.Location, code, message, hint)
	}
}

func isCall(parsed *ast.AST, id int64) bool {
	call := false
	walk(parsed.Expr(), nil, func(x ast.Expr, _ []string) {
		if x.ID() == id {
			call = x.Kind() == ast.CallKind
		}
	})
	return call
}

// undeclared words an unknown name.
func (e *Env) undeclared(checker *cel.Env, name string, call bool) (message, hint string) {
	if call {
		message = fmt.Sprintf("there is no function %q", name)
		if name == "now" || name == "today" || name == "random" || name == "uuid" {
			return message, "expressions have neither clock nor chance, so that they give the same again; let a step write the value into a variable"
		}
		switch hint = didYouMean(name, callable(checker)); {
		case elsewhere[name] != "":
			return message, elsewhere[name]
		case hint == "":
			hint = functionsHint
		}
		return message, hint
	}
	message = fmt.Sprintf("there is no variable %q", name)
	known := append(slices.Sorted(maps.Keys(e.byName)), slices.Sorted(maps.Keys(e.records.byName))...)
	hint = didYouMean(name, append(known, "true", "false", "null"))
	if hint == "" && len(e.byName) > 0 && len(e.byName) <= 8 {
		hint = "declared: " + strings.Join(slices.Sorted(maps.Keys(e.byName)), ", ")
	}
	return message, hint
}

// macros are the functions that the parser expands.
var macros = []string{"has", "all", "exists", "exists_one", "map", "filter", "sortBy", "math.greatest", "math.least"}

// functionsHint names the functions that are wanted most; docs/schema.md has all of them.
const functionsHint = "there are size, has, in, all, exists, filter, map, sort, contains, startsWith, matches, split, join, " +
	"math.greatest, math.least, math.abs, math.round, timestamp, duration, int, double, string and others"

// elsewhere is what to write for functions of other languages. Their names are not near those of CEL.
var elsewhere = func() map[string]string {
	hints := map[string]string{}
	for _, r := range []struct {
		hint  string
		names []string
	}{
		{"write size(x)", []string{"len", "length", "count", "strlen"}},
		{"there are no sums or averages over a list, only size, all, exists, filter, map, sort, math.greatest and math.least: let a service compute it", []string{"sum", "avg", "average", "mean", "total", "reduce", "fold", "product"}},
		{"write math.greatest(x)", []string{"max", "maximum", "greatest"}},
		{"write math.least(x)", []string{"min", "minimum", "least"}},
		{"write math.abs(x)", []string{"abs"}},
		{"write math.round(x)", []string{"round"}},
		{"write math.floor(x)", []string{"floor"}},
		{"write math.ceil(x)", []string{"ceil", "ceiling"}},
		{"write math.sqrt(x)", []string{"sqrt"}},
		{"write x.lowerAscii()", []string{"lower", "lowercase", "toLower", "toLowerCase"}},
		{"write x.upperAscii()", []string{"upper", "uppercase", "toUpper", "toUpperCase"}},
		{"write x.contains(y) for texts, y in x for lists", []string{"includes", "has_item"}},
		{"write x.matches(\"regular expression\")", []string{"match", "regex", "regexp", "like"}},
		{"write x.exists(e, condition)", []string{"any", "some"}},
		{"write x.startsWith(y)", []string{"hasPrefix", "starts_with", "beginsWith"}},
		{"write x.endsWith(y)", []string{"hasSuffix", "ends_with"}},
		{"write int(x), double(x) or string(x)", []string{"float", "number", "integer", "str", "toString", "parseInt"}},
		{"write !x", []string{"not"}},
		{"write x == \"\" or size(x) == 0", []string{"isEmpty", "empty"}},
		{"write condition ? a : b", []string{"if", "iif", "coalesce"}},
	} {
		for _, name := range r.names {
			hints[name] = r.hint
		}
	}
	return hints
}()

func didYouMean(name string, known []string) string {
	if near := nearest.Name(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// undefinedField words an unknown field, given the records in which it was looked for.
func (e *Env) undefinedField(field string, lookedIn []*typeNode) (message, hint string) {
	message = fmt.Sprintf("there is no field %q", field)
	var known []string
	for _, n := range lookedIn {
		known = append(known, n.fieldNames()...)
	}
	if len(lookedIn) == 1 {
		message = fmt.Sprintf("%s has no field %q", lookedIn[0].text, field)
	}
	hint = didYouMean(field, known)
	if hint == "" && len(lookedIn) == 1 {
		hint = "its fields: " + strings.Join(known, ", ")
	}
	return message, hint
}

// lookups is a provider that notes which fields were looked for in vain.
type lookups struct {
	*provider
	missed map[string][]*typeNode // field -> records
}

// FindStructFieldType implements types.Provider.
func (l *lookups) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	f, ok := l.provider.FindStructFieldType(name, field)
	if n := l.records.byName[strings.TrimPrefix(name, ".")]; !ok && n != nil && !slices.Contains(l.missed[field], n) {
		l.missed[field] = append(l.missed[field], n)
	}
	return f, ok
}

// missedFields checks an expression once more, only to learn in which records unknown fields were looked for: the
// checker's errors do not tell.
func (e *Env) missedFields(checker *cel.Env, parsed *cel.Ast) map[string][]*typeNode {
	l := &lookups{&provider{checker.CELTypeProvider(), e.records}, make(map[string][]*typeNode)}
	if again, err := checker.Extend(cel.CustomTypeProvider(l)); err == nil {
		again.Check(parsed)
	}
	return l.missed
}

// noOverload words an operation on the wrong types.
func noOverload(function, signature string) (message, hint string) {
	if symbol, ok := operators.FindReverse(function); ok && symbol != "" {
		function = symbol
	} else if function == operators.Conditional {
		function = "? :"
	} else if function == operators.Index {
		function = "[ ]"
	}
	signature = strings.NewReplacer("google.protobuf.Timestamp", "timestamp", "google.protobuf.Duration", "duration").Replace(signature)
	message = fmt.Sprintf("%s does not take %s", function, signature)
	switch {
	case strings.Contains(signature, "int") && strings.Contains(signature, "double"):
		hint = "int and double mix only in <, <=, > and >=: write double(x), or 2.0 instead of 2"
	case strings.Contains(signature, "duration") && strings.Contains(signature, "string"):
		hint = `write duration("36h")`
	case strings.Contains(signature, "timestamp") && strings.Contains(signature, "string"):
		hint = `write timestamp("2026-01-31T09:00:00Z")`
	}
	return message, hint
}
