package lint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// maxLines is where a file stops being read and starts being searched. Most
// are far shorter; tests are free.
const maxLines = 600

// longFiles are exceptions, each with its reason.
var longFiles = map[string]string{}

// TestFileSizes: no file that only grows.
func TestFileSizes(t *testing.T) {
	m := wholeModule(t)
	for _, p := range m.own {
		for _, name := range p.GoFiles {
			src, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Error(err)
				continue
			}
			path := filepath.Join(p.room(), name)
			lines := bytes.Count(src, []byte("\n"))
			if lines > maxLines && longFiles[path] == "" {
				t.Errorf("%s: %d lines, more than %d: which two ideas are in it?", path, lines, maxLines)
			}
			if lines <= maxLines && longFiles[path] != "" {
				t.Errorf("%s: %d lines, no exception needed any more", path, lines)
			}
		}
	}
}

// TestNoSleeps: tests wait for what happened, in virtual time or on a channel,
// never for what probably happened by now.
func TestNoSleeps(t *testing.T) {
	m := wholeModule(t)
	for _, p := range m.own {
		files, err := m.files(p, true)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, f := range files {
			if f.test {
				report(t, sleeps(m.fset, f.File))
			}
		}
	}
}

// sleeps are the places of a test file that sleep in real time. A file that
// runs its tests in a bubble, where time is virtual, may sleep.
func sleeps(fset *token.FileSet, f *ast.File) []string {
	if imported(f, "testing/synctest") != "" || imported(f, module+"/workflow/workflowtest") != "" {
		return nil
	}
	timePkg := imported(f, "time")
	if timePkg == "" {
		return nil
	}
	excused := excuses(fset, f, "sleep")
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Sleep" {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == timePkg && !excused[fset.Position(n.Pos()).Line] {
			out = append(out, fmt.Sprintf("%s: a test sleeps in real time", fset.Position(n.Pos())))
		}
		return true
	})
	return out
}

// imported is the name under which a file knows a package, "" if it does not.
func imported(f *ast.File, path string) string {
	for _, imp := range f.Imports {
		if p, err := strconv.Unquote(imp.Path.Value); err != nil || p != path {
			continue
		}
		if imp.Name != nil {
			return imp.Name.Name
		}
		return path[strings.LastIndexByte(path, '/')+1:]
	}
	return ""
}

// TestNames: nothing is named after being of use.
func TestNames(t *testing.T) {
	m := wholeModule(t)
	for _, p := range m.own {
		if vague(filepath.Base(p.room())) || vague(p.Name) {
			t.Errorf("%s: package name %s says nothing of what is in it", p.room(), p.Name)
		}
		files, err := m.files(p, true)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, f := range files {
			base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(f.path), ".go"), "_test")
			if vague(base) {
				t.Errorf("%s: file name says nothing of what is in it", f.path)
			}
			report(t, vagueTypes(m.fset, f.File))
		}
	}
}

var vagueWords = []string{"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "impl", "impls"}

// vague says whether a name is, or ends in, a word that fits everything.
func vague(name string) bool {
	for _, w := range vagueWords {
		title := strings.ToUpper(w[:1]) + w[1:]
		if strings.EqualFold(name, w) || strings.HasSuffix(name, title) || strings.HasSuffix(name, "_"+w) {
			return true
		}
	}
	return strings.HasSuffix(name, "util") || strings.HasSuffix(name, "utils")
}

func vagueTypes(fset *token.FileSet, f *ast.File) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.TypeSpec); ok && vague(s.Name.Name) {
			out = append(out, fmt.Sprintf("%s: type name %s says nothing of what it is", fset.Position(n.Pos()), s.Name.Name))
		}
		return true
	})
	return out
}

// TestHouseRulesFire shows the rules on sources that break them.
func TestHouseRulesFire(t *testing.T) {
	parse := func(src string) (*token.FileSet, *ast.File) {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		return fset, f
	}
	const sleeping = `package p

import wall "time"

func f(wall2 sleeper) {
	wall.Sleep(1) // bad
	nap := wall.Sleep // bad
	//lint:sleep the lock's holder is another process
	wall.Sleep(1)
	//lint:sleep
	wall.Sleep(1) // bad
	wall2.Sleep(1)
	nap(1)
}
`
	fset, f := parse(sleeping)
	marked(t, sleeping, sleeps(fset, f))
	bubble := strings.Replace(sleeping, "import", "import _ \"testing/synctest\"\nimport", 1)
	if got := sleeps(parse(bubble)); len(got) != 0 {
		t.Errorf("sleeping in a bubble was found: %q", got)
	}

	const naming = `package p

type StoreManager struct{} // bad
type storeImpl struct{} // bad
type Util int // bad
type Manage int
type Simple int
`
	fset, f = parse(naming)
	marked(t, naming, vagueTypes(fset, f))
	for name, want := range map[string]bool{"strutil": true, "common": true, "io_helper": true, "commonwealth": false, "implied": false} {
		if vague(name) != want {
			t.Errorf("vague(%q) = %v", name, !want)
		}
	}
}
