package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestComments: every package says what it is, and every exported name of a
// package that others can import says what it promises.
func TestComments(t *testing.T) {
	m := wholeModule(t)
	for _, p := range m.own {
		files, err := m.files(p, false)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(files) == 0 {
			continue // tests only
		}
		if !introduced(bare(files)) {
			t.Errorf("%s: no package comment", p.room())
		}
		if p.Name == "main" || strings.HasPrefix(p.room(), "internal/") {
			continue
		}
		for _, f := range files {
			report(t, undocumented(m.fset, f.File))
		}
	}
}

func introduced(files []*ast.File) bool {
	for _, f := range files {
		if said(f.Doc) {
			return true
		}
	}
	return false
}

func said(groups ...*ast.CommentGroup) bool {
	for _, g := range groups {
		if g != nil && strings.TrimSpace(g.Text()) != "" {
			return true
		}
	}
	return false
}

// undocumented are exported names without a comment: functions, methods of
// exported types, types, the methods of exported interfaces, constants and
// variables (one comment may introduce a group). Struct fields are left to the
// comment of their struct.
func undocumented(fset *token.FileSet, f *ast.File) []string {
	var out []string
	want := func(n *ast.Ident, groups ...*ast.CommentGroup) {
		if n.IsExported() && !said(groups...) {
			out = append(out, fmt.Sprintf("%s: exported %s has no comment", fset.Position(n.Pos()), n.Name))
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || receiver(d.Recv.List[0].Type) {
				want(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					alone := d.Doc
					if d.Lparen.IsValid() {
						alone = nil // a group's comment does not describe each of its types
					}
					want(s.Name, alone, s.Doc)
					if it, ok := s.Type.(*ast.InterfaceType); ok && s.Name.IsExported() {
						for _, m := range it.Methods.List {
							for _, n := range m.Names {
								want(n, m.Doc, m.Comment)
							}
						}
					}
				case *ast.ValueSpec:
					for _, n := range s.Names {
						want(n, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
	return out
}

func receiver(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.IsExported()
	}
	return false
}

// TestCommentRuleFires shows the rule on names that break it.
func TestCommentRuleFires(t *testing.T) {
	const src = `package p

func F() {}

// G does.
func G() {}

func h() {}

// T is.
type T[P any] struct{ Field int }

func (T[P]) M() {}

type u struct{}

func (*u) M() {}

// Kinds.
const (
	A = 1
	B = 2
)

const C = 3 // one more than two

const (
	D = 4 // four
	E = 5 //
)

// Several.
type (
	V int
	// W is.
	W interface {
		Said() // contract
		Unsaid()
		X()
	}
)

//go:noinline
func Directive() {}
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, finding := range undocumented(fset, f) {
		names = append(names, strings.Fields(finding)[2])
	}
	const want = "F M E V Unsaid X Directive"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("names without a comment: %s, want %s", got, want)
	}
	if introduced([]*ast.File{f}) {
		t.Error("a package without a comment passed for one with")
	}
}
