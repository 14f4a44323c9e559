package expr

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// Names returns the variables that an expression uses, each once. It only parses: the names
// need no declaration. The error is the first Issue.
func Names(src string) ([]string, error) {
	switch {
	case len(src) > MaxSource:
		return nil, Issue{Code: CodeLimit, Message: fmt.Sprintf("the expression has %d bytes; the limit is %d", len(src), MaxSource)}
	case !utf8.ValidString(src):
		return nil, Issue{Code: CodeSyntax, Message: "the expression is not UTF-8"}
	case strings.TrimSpace(src) == "":
		return nil, Issue{Code: CodeSyntax, Message: "the expression is empty"}
	}
	env, err := NewEnv(nil, nil)
	if err != nil {
		return nil, err
	}
	checker, err := env.checker()
	if err != nil {
		return nil, err
	}
	issues := issueList{source: src}
	parsed, problems := checker.Parse(src)
	if problems.Err() != nil {
		issues.addSyntax(problems.Errors())
		return nil, issues.sorted()[0]
	}
	var names []string
	walk(parsed.NativeRep().Expr(), nil, func(x ast.Expr, bound []string) {
		if x.Kind() != ast.IdentKind || slices.Contains(bound, x.AsIdent()) {
			return
		}
		name := strings.TrimPrefix(x.AsIdent(), ".")
		if isIdentifier(name) && !typeWords[name] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names, nil
}

// Functions returns the names of the functions and macros that an expression may call, ascending: "size", "math.abs".
// Operators are not among them.
func Functions() ([]string, error) {
	env, err := NewEnv(nil, nil)
	if err != nil {
		return nil, err
	}
	checker, err := env.checker()
	if err != nil {
		return nil, err
	}
	return callable(checker), nil
}

// callable are the functions of an environment that can be written.
func callable(checker *cel.Env) []string {
	known := slices.Clone(macros)
	//lint:sorted the names are sorted below
	for f := range checker.Functions() {
		if isIdentifier(strings.ReplaceAll(f, ".", "_")) && f[0] != '_' && f != "in" {
			known = append(known, f)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}
