package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// impurePackages are standard packages by what they would let into a pure room.
var impurePackages = map[string]string{
	"bufio": "I/O", "os": "I/O", "net": "I/O", "io/fs": "I/O", "io/ioutil": "I/O", "path/filepath": "I/O",
	"syscall": "I/O", "embed": "I/O", "log": "logging", "testing": "the test harness",
	"math/rand": "chance", "crypto/rand": "chance", "hash/maphash": "chance (a seed per process)",
	"context": "cancellation", "runtime": "the scheduler", "plugin": "I/O", "unsafe": "addresses",
	"sync": "synchronisation", "weak": "the collector", "unique": "the collector",
}

// impureNames are single names of packages that are otherwise welcome.
var impureNames = map[string]string{
	"time.Now": "the clock", "time.Since": "the clock", "time.Until": "the clock", "time.Sleep": "the clock",
	"time.After": "the clock", "time.AfterFunc": "the clock", "time.Tick": "the clock", "time.NewTimer": "the clock",
	"time.NewTicker": "the clock", "time.LoadLocation": "I/O (zone files)", "time.Local": "the machine's zone",
	"fmt.Print": "I/O", "fmt.Printf": "I/O", "fmt.Println": "I/O", "fmt.Scan": "I/O", "fmt.Scanf": "I/O", "fmt.Scanln": "I/O",
	"iter.Pull": "a coroutine", "iter.Pull2": "a coroutine",
}

// mapOrder are functions that yield a map's entries in its random order.
var mapOrder = map[string]bool{
	"maps.Keys": true, "maps.Values": true, "maps.All": true,
	"reflect.MapKeys": true, "reflect.MapRange": true,
}

// TestPurity reads every line of the pure rooms.
func TestPurity(t *testing.T) {
	m := wholeModule(t)
	for _, p := range m.own {
		if !rooms[p.room()].pure || len(p.GoFiles) == 0 {
			continue
		}
		files, info, err := m.check(p)
		if err != nil {
			t.Errorf("%s: %v", p.room(), err)
			continue
		}
		for _, f := range files {
			report(t, impurities(m.fset, f.File, info))
		}
	}
}

// impurities are the places of a type-checked file where something other than
// its inputs could reach its outputs.
func impurities(fset *token.FileSet, f *ast.File, info *types.Info) []string {
	var out []string
	sorted, synced := excuses(fset, f, "sorted"), excuses(fset, f, "sync")
	found := func(n ast.Node, what string) {
		out = append(out, fmt.Sprintf("%s: %s in a pure room", fset.Position(n.Pos()), what))
	}
	line := func(n ast.Node) int { return fset.Position(n.Pos()).Line }
	for _, imp := range f.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		for at := path; at != ""; at = parent(at) {
			what, bad := impurePackages[at]
			if bad && !(what == "synchronisation" && synced[line(imp)]) {
				found(imp, what+" ("+path+")")
				break
			}
		}
	}
	covered := map[*ast.CallExpr]bool{} // calls whose result is sorted at once
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found(n, "a goroutine")
		case *ast.SelectStmt:
			found(n, "select")
		case *ast.SendStmt:
			found(n, "a channel send")
		case *ast.ChanType:
			found(n, "a channel")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				found(n, "a channel receive")
			}
		case *ast.RangeStmt:
			switch ranged(info.TypeOf(n.X)).(type) {
			case *types.Map:
				if !sorted[line(n)] {
					found(n, "a map's random order (sort, or say why with //lint:sorted)")
				}
			case *types.Chan:
				found(n, "a channel receive")
			}
		case *ast.CallExpr:
			if strings.HasPrefix(qualified(info, n.Fun), "slices.Sorted") && len(n.Args) > 0 {
				if inner, ok := n.Args[0].(*ast.CallExpr); ok {
					covered[inner] = true
				}
			}
			if name := qualified(info, n.Fun); mapOrder[name] && !covered[n] && !sorted[line(n)] {
				found(n, name+": a map's random order (slices.Sorted takes it directly)")
			}
		case *ast.Ident:
			switch o := info.Uses[n].(type) {
			case *types.Builtin:
				if o.Name() == "print" || o.Name() == "println" {
					found(n, "I/O ("+o.Name()+")")
				}
			case types.Object:
				if what, bad := impureNames[name(o)]; bad {
					found(n, what+" ("+name(o)+")")
				}
			}
		}
		return true
	})
	return out
}

func parent(path string) string {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)]
}

// ranged is the type that a range statement walks; for a type parameter, the
// map among its terms if there is one.
func ranged(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	iface, ok := t.Underlying().(*types.Interface)
	if !ok {
		return t.Underlying()
	}
	for i := range iface.NumEmbeddeds() {
		switch e := types.Unalias(iface.EmbeddedType(i)).(type) {
		case *types.Union:
			for j := range e.Len() {
				if m, ok := e.Term(j).Type().Underlying().(*types.Map); ok {
					return m
				}
			}
		default:
			if m, ok := ranged(e).(*types.Map); ok {
				return m
			}
		}
	}
	return t
}

// qualified is "package.Function" or "package.Method" of what a call calls.
func qualified(info *types.Info, fun ast.Expr) string {
	switch f := ast.Unparen(fun).(type) {
	case *ast.IndexExpr:
		return qualified(info, f.X)
	case *ast.IndexListExpr:
		return qualified(info, f.X)
	case *ast.Ident:
		return name(info.Uses[f])
	case *ast.SelectorExpr:
		return name(info.Uses[f.Sel])
	}
	return ""
}

// name is the last element of an object's package path and its name; methods
// carry no receiver, except that a method never equals a function of package
// time (time.Time.After is pure, time.After is not).
func name(o types.Object) string {
	if o == nil || o.Pkg() == nil {
		return ""
	}
	if fn, ok := o.(*types.Func); ok && fn.Signature().Recv() != nil {
		if path := o.Pkg().Path(); path != "reflect" && !(path == "time" && o.Name() == "Local") {
			return ""
		}
	} else if _, ok := o.(*types.Var); ok && o.Parent() != o.Pkg().Scope() {
		return ""
	}
	return o.Pkg().Path() + "." + o.Name()
}

// TestPurityRuleFires shows each rule on a line that breaks it. A line that
// ends in "// bad" must be found, every other must not.
func TestPurityRuleFires(t *testing.T) {
	const src = `package p

import (
	"fmt"
	"maps"
	"math/rand/v2" // bad
	"os" // bad
	"reflect"
	"slices"
	"sync" // bad
	//lint:sync a counter shared by readers
	"sync/atomic"
	"time"
)

type mapLike interface{ ~map[string]int }

var wait sync.Mutex
var hits atomic.Int64
var feed chan int // bad

func f[M mapLike](m map[string]int, g M, l []int, at time.Time) {
	for range m { // bad
	}
	//lint:sorted a sum has no order
	for range m {
	}
	//lint:sorted
	for range m { // bad
	}
	for range g { // bad
	}
	for range l {
	}
	for range maps.Keys(m) { // bad
	}
	for range slices.Sorted(maps.Keys(m)) {
	}
	_ = reflect.ValueOf(m).MapKeys() // bad
	_ = time.Now() // bad
	_ = at.After(at)
	_ = at.In(time.Local) // bad
	_ = at.Local() // bad
	_ = time.Unix(0, 0).UTC()
	_ = rand.Int()
	_ = os.Args
	go f[M](m, g, l, at) // bad
	select {} // bad
	feed <- 1 // bad
	_ = <-feed // bad
	for range feed { // bad
	}
	fmt.Println() // bad
	println() // bad
	_ = fmt.Sprint()
	clock := time.Since // bad
	_ = clock
}
`
	m := wholeModule(t)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: m.importer()}
	if _, err := conf.Check("p", fset, []*ast.File{f}, info); err != nil {
		t.Fatal(err)
	}
	marked(t, src, impurities(fset, f, info))
}
