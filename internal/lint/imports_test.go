package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestImports holds every package of the module against the table of rooms.
func TestImports(t *testing.T) {
	m := wholeModule(t)
	var findings []string
	seen := map[string]bool{}
	for _, p := range m.own {
		seen[p.room()] = true
		if p.Error != nil {
			findings = append(findings, fmt.Sprintf("%s: does not build: %s", p.room(), p.Error.Err))
		}
		findings = append(findings, wrongImports(p)...)
		findings = append(findings, impureDeps(p)...)
	}
	report(t, findings)
	for name, r := range rooms {
		if !seen[name] && !r.later {
			t.Errorf("%s: in the table of rooms, not marked later, and absent", name)
		}
	}
}

// wrongImports are a package's direct imports that its room does not allow.
func wrongImports(p *listed) []string {
	r, ok := rooms[p.room()]
	if !ok {
		return []string{fmt.Sprintf("%s: not in the table of rooms (internal/lint/rooms_test.go): "+
			"which room does its code belong to, or what may the new one import?", p.room())}
	}
	var out []string
	for _, imp := range p.Imports {
		switch {
		case imp == "C" || imp == "unsafe" && r.pure:
			out = append(out, fmt.Sprintf("%s: imports %s", p.room(), imp))
		case inModule(imp):
			if other := (&listed{ImportPath: imp}).room(); !slices.Contains(r.imports, other) {
				out = append(out, fmt.Sprintf("%s: may not import %s; its room allows %v", p.room(), other, r.imports))
			}
		case strings.Contains(strings.Split(imp, "/")[0], "."):
			if !hasPrefix(r.outside, imp) {
				out = append(out, fmt.Sprintf("%s: may not import %s; its room allows %v", p.room(), imp, r.outside))
			}
		}
	}
	for _, imp := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
		for mod, owners := range owned {
			if strings.HasPrefix(imp, mod) && !slices.Contains(owners, p.room()) {
				out = append(out, fmt.Sprintf("%s: %s belongs to %v, tests included", p.room(), imp, owners))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// impureDeps are rooms that a pure room reaches, over however many imports,
// and that are neither pure nor trusted.
func impureDeps(p *listed) []string {
	if !rooms[p.room()].pure {
		return nil
	}
	var out []string
	for _, dep := range p.Deps {
		other := (&listed{ImportPath: dep}).room()
		if inModule(dep) && !rooms[other].pure && !trusted[other] {
			out = append(out, fmt.Sprintf("%s: is pure, but reaches %s", p.room(), other))
		}
	}
	return out
}

func hasPrefix(prefixes []string, path string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// TestRoomsAreOrdered: the table itself draws no circle and names only rooms.
func TestRoomsAreOrdered(t *testing.T) {
	const entered, left = 1, 2
	state := map[string]int{}
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		r, ok := rooms[name]
		if !ok {
			t.Fatalf("%v imports %s, which is not in the table", path, name)
		}
		if state[name] == entered {
			t.Fatalf("circle: %v", append(path, name))
		}
		if state[name] == left {
			return
		}
		state[name] = entered
		for _, next := range r.imports {
			visit(next, append(path, name))
			if r.pure && !rooms[next].pure && !trusted[next] {
				t.Errorf("%s is pure and may import %s, which is not", name, next)
			}
		}
		state[name] = left
	}
	for name := range rooms {
		visit(name, nil)
	}
}

// TestImportRuleFires shows the rule on packages that break it.
func TestImportRuleFires(t *testing.T) {
	for _, c := range []struct {
		name string
		p    listed
		want string
	}{
		{"upwards", listed{ImportPath: module + "/store", Imports: []string{module + "/workflow"}}, "may not import workflow"},
		{"sideways", listed{ImportPath: module + "/internal/petri", Imports: []string{module + "/internal/expr"}}, "may not import internal/expr"},
		{"unknown room", listed{ImportPath: module + "/internal/toolbox"}, "not in the table"},
		{"stranger", listed{ImportPath: module + "/tenant", Imports: []string{"github.com/oklog/ulid/v2"}}, "may not import github.com/oklog"},
		{"owned, in a test", listed{ImportPath: module + "/workflow", XTestImports: []string{pebble + "/v2/vfs"}}, "belongs to"},
		{"cgo", listed{ImportPath: module + "/store", Imports: []string{"C"}}, "imports C"},
		{"prefix is no path", listed{ImportPath: module + "/store", Imports: []string{pebble + "-extra/x"}}, "may not import"},
		{"fine", listed{ImportPath: module + "/store", Imports: []string{"os", pebble + "/v2"}, TestImports: []string{"pgregory.net/rapid"}}, ""},
	} {
		got := strings.Join(wrongImports(&c.p), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want it to say %q", c.name, got, c.want)
		}
	}
	p := listed{ImportPath: module + "/internal/kernel", Deps: []string{module + "/store", module + "/internal/petri", "os"}}
	if got := impureDeps(&p); len(got) != 1 || !strings.Contains(got[0], "reaches store") {
		t.Errorf("reach of a pure room: got %q", got)
	}
}
