package typed

import (
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/workflow/schema"
)

var update = flag.Bool("update", false, "write testdata/clash.txt anew")

// The signatures that generated code uses, of packages that take long to load. examples/typed compiles against them.
var stubs = map[string]string{
	"context": `package context; type Context interface{ Done() }`,
	"time":    `package time; type Time struct{}; type Duration int64`,
	"github.com/replank/replank/workflow": `package workflow
		import "context"
		type (Engine struct{}; Tenant struct{}; Instance struct{}; Task struct{}; StartOptions struct{}; None = struct{})
		func (*Tenant) Start(context.Context, string, any, *StartOptions) (*Instance, error) { return nil, nil }
		func (*Task) Complete(context.Context, any) error { return nil }
		func Result[T any](context.Context, *Instance) (t T, err error) { return }
		func Vars[T any](context.Context, *Instance) (t T, err error) { return }
		func Input[T any](context.Context, *Task) (t T, err error) { return }
		func Handle[In, Out any](*Engine, string, func(context.Context, In) (Out, error)) {}
		func NoResult[In any](fn func(context.Context, In) error) func(context.Context, In) (None, error) { return nil }`,
}

type stubImporter struct{ done map[string]*types.Package }

func (s stubImporter) Import(path string) (*types.Package, error) {
	if p := s.done[path]; p != nil {
		return p, nil
	}
	p, err := check(s, path, stubs[path])
	s.done[path] = p
	return p, err
}

// check checks the types of a package.
func check(i types.Importer, path string, sources ...string) (*types.Package, error) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, src := range sources {
		f, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	config := types.Config{Importer: i}
	return config.Check(path, fset, files, nil)
}

// compiles checks generated code, with what else is in its package.
func compiles(code []byte, more ...string) error {
	_, err := check(stubImporter{map[string]*types.Package{}}, "loans", append([]string{string(code)}, more...)...)
	return err
}

func parse(t testing.TB, text string) *schema.Process {
	t.Helper()
	p, err := schema.Parse("p", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// nasty has names that are the same, or mean something, in Go.
const nasty = `
process: type
in: [func, a_b]
out: [aB]
types:
  item: {type: string, Type: int, when: timestamp}
  Handlers: {x: list(item)}
vars:
  func: string
  a_b: {type: "map(string, list(item))", default: {}}
  aB: double
  aB2: dyn
  x_: Handlers
  raw: bytes
  pause: duration
steps:
  - {service: s1, handler: "größe/2", in: [func], out: [aB]}
  - {service: s2, handler: "größe 2", in: {type: size(func), range: "aB + 1.0"}, out: [aB, "aB2?"]}
  - {service: s3, handler: "größe 2", in: {type: func}, out: [aB]}
  - {service: _1, handler: "世界"}
  - {service: free, out: {aB2: result.x}}
  - {service: item, out: [x_, pause]}
  - {user: item-in, in: [aB], out: {raw: result}}
  - {user: item_In, out: [x_]}
  - {user: ID}
  - {receive: got, message: m, out: [aB, x_]}
`

// Whatever names a schema has, what is generated compiles.
func TestNamesThatClash(t *testing.T) {
	p := parse(t, nasty)
	other := parse(t, "process: Type\nin: [f]\nvars: {f: string}\nsteps: [{service: a, handler: free, in: [f]}, {user: ID}]\n")
	code, err := Generate("loans", []*schema.Process{p, other})
	if err != nil {
		t.Fatal(err)
	}
	if err := compiles(code); err != nil {
		t.Fatalf("%v\n%s", err, code)
	}
	again, err := Generate("loans", []*schema.Process{other, p})
	if err != nil || string(again) != string(code) {
		t.Errorf("the order of the processes makes a difference: %v", err)
	}
	const path = "testdata/clash.txt"
	if *update {
		if err := os.WriteFile(path, code, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(code) != string(want) {
		t.Errorf("it is not %s (%v); run with -update:\n%s", path, err, code)
	}
}

// A program that lacks a handler, or has one of other types, does not compile.
func TestMissingHandlerDoesNotCompile(t *testing.T) {
	p := parse(t, "process: p\nin: [a]\nvars: {a: int, b: string}\nsteps: [{service: s, in: [a], out: [b]}, {service: u, in: [b]}]\n")
	code, err := Generate("loans", []*schema.Process{p})
	if err != nil {
		t.Fatal(err)
	}
	const begin = "package loans\nimport \"context\"\ntype h struct{}\nvar _ Handlers = h{}\n"
	const s = "func (h) S(_ context.Context, in SIn) (SOut, error) { return SOut{B: text(in.A)}, nil }\nfunc text(int64) string { return \"\" }\n"
	const u = "func (h) U(context.Context, UIn) error { return nil }\n"
	for _, c := range []struct{ more, wrong string }{
		{begin + s + u, ""},
		{begin + s, "missing method U"},
		{begin + s + strings.Replace(u, "UIn", "SIn", 1), "wrong type for method U"},
		{begin + strings.Replace(s, "in.A", "in.B", 1) + u, "in.B undefined"},
	} {
		switch err := compiles(code, c.more); {
		case c.wrong == "" && err != nil:
			t.Error(err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%v, want %q", err, c.wrong)
		}
	}
}

// What is generated for any process compiles.
func TestRandomProcesses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := randschema.Make(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }, randschema.Config{Depth: 2, Locals: true})
		p, err := schema.Parse("p", []byte(text))
		if refused := (*schema.Error)(nil); errors.As(err, &refused) {
			t.Skip(err)
		}
		code, err := Generate("loans", []*schema.Process{p})
		if err != nil {
			t.Fatal(err)
		}
		if err := compiles(code); err != nil {
			t.Fatalf("%v\n%s\n%s", err, text, code)
		}
	})
}
