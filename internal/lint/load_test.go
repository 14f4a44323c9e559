package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/replank/replank"
	root   = "../.."
)

// listed is what the go command says of one package.
type listed struct {
	ImportPath, Dir, Name, Export string
	Standard                      bool
	GoFiles, CgoFiles             []string
	TestGoFiles, XTestGoFiles     []string
	Imports                       []string
	TestImports, XTestImports     []string
	Deps                          []string
	Error                         *struct{ Err string }
}

// room is the package's path inside the module, "." for the root.
func (p *listed) room() string {
	if p.ImportPath == module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, module+"/")
}

func inModule(path string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// tree is the module as listed once for all tests of this package.
type tree struct {
	all  map[string]*listed // every package reached, the standard library too
	own  []*listed          // those of this module, in import path order
	fset *token.FileSet

	mu     sync.Mutex // guards parsed
	parsed map[string]*ast.File
}

// load lists the module. The go command's answer is not an input that the test
// cache knows of, but every directory and file is also read by this process,
// so that a new package or an edited file runs the tests again.
var load = sync.OnceValues(func() (*tree, error) {
	cmd := exec.Command("go", "list", "-e", "-export", "-deps",
		"-json=ImportPath,Dir,Name,Export,Standard,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,"+
			"Imports,TestImports,XTestImports,Deps,Error", "./...",
		"fmt", "maps", "math/rand/v2", "os", "reflect", "slices", "sync/atomic", "time") // for the rules' own tests
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	t := &tree{all: map[string]*listed{}, fset: token.NewFileSet(), parsed: map[string]*ast.File{}}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		t.all[p.ImportPath] = p
		if inModule(p.ImportPath) {
			t.own = append(t.own, p)
		}
	}
	return t, walk()
})

// walk reads every directory of the module, for the test cache's sake.
func walk() error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		return err
	})
}

func wholeModule(t *testing.T) *tree {
	t.Helper()
	m, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.own) == 0 {
		t.Fatal("go list found no package of " + module)
	}
	return m
}

// file is one parsed file: where it is, and whether it is a test's.
type file struct {
	*ast.File
	path string // below the module's root
	test bool
}

// files parses a package's files, with comments.
func (m *tree) files(p *listed, tests bool) ([]file, error) {
	var out []file
	add := func(names []string, test bool) error {
		for _, n := range names {
			f, err := m.parse(filepath.Join(p.Dir, n))
			if err != nil {
				return err
			}
			out = append(out, file{f, filepath.Join(p.room(), n), test})
		}
		return nil
	}
	if err := add(append(p.GoFiles[:len(p.GoFiles):len(p.GoFiles)], p.CgoFiles...), false); err != nil {
		return nil, err
	}
	if !tests {
		return out, nil
	}
	if err := add(p.TestGoFiles, true); err != nil {
		return nil, err
	}
	return out, add(p.XTestGoFiles, true)
}

func (m *tree) parse(path string) (*ast.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.parsed[path]; f != nil {
		return f, nil
	}
	f, err := parser.ParseFile(m.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err == nil {
		m.parsed[path] = f
	}
	return f, err
}

// check type-checks a package's own files against the compiled form of what
// it imports.
func (m *tree) check(p *listed) ([]file, *types.Info, error) {
	files, err := m.files(p, false)
	if err != nil {
		return nil, nil, err
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: m.importer()}
	_, err = conf.Check(p.ImportPath, m.fset, bare(files), info)
	return files, info, err
}

func (m *tree) importer() types.Importer {
	return importer.ForCompiler(m.fset, "gc", func(path string) (io.ReadCloser, error) {
		p := m.all[path]
		if p == nil || p.Export == "" {
			return nil, fmt.Errorf("no compiled form of %s: does it build?", path)
		}
		return os.Open(p.Export)
	})
}

func bare(files []file) []*ast.File {
	out := make([]*ast.File, len(files))
	for i, f := range files {
		out[i] = f.File
	}
	return out
}

// excuses are the lines that a "//lint:KIND reason" comment excuses. A comment
// without a reason excuses nothing.
func excuses(fset *token.FileSet, f *ast.File, kind string) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			reason, ok := strings.CutPrefix(c.Text, "//lint:"+kind+" ")
			if ok && strings.TrimSpace(reason) != "" {
				lines[fset.Position(c.End()).Line+1] = true
			}
		}
	}
	return lines
}

// report turns findings into test errors with paths below the module's root.
func report(t *testing.T, findings []string) {
	t.Helper()
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(strings.TrimPrefix(f, abs+string(filepath.Separator)))
	}
}

// marked holds findings against a source in which each offending line, and no
// other, ends in "// bad".
func marked(t *testing.T, src string, findings []string) {
	t.Helper()
	found := map[int]string{}
	for _, f := range findings {
		var line int
		if _, err := fmt.Sscanf(f[strings.Index(f, ":")+1:], "%d", &line); err != nil {
			t.Fatalf("finding without a line: %q", f)
		}
		found[line] = f
	}
	for i, text := range strings.Split(src, "\n") {
		f, bad := found[i+1], strings.HasSuffix(text, "// bad")
		if bad && f == "" {
			t.Errorf("line %d not found: %s", i+1, text)
		}
		if !bad && f != "" {
			t.Errorf("line %d is fine: %s, found %q", i+1, text, f)
		}
	}
}
