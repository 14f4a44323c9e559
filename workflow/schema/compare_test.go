package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// versions draws two processes: the second comes of the first by a few changes, or is another one with the same ids.
func versions(t *rapid.T, pool []*Process) (p, q *Process, edits []Change) {
	roll := dice(t)
	draw := func() *Process {
		if roll(3) == 0 {
			return pool[roll(len(pool))]
		}
		p, err := Parse("test.yaml", []byte(randschema.Make(roll, randschema.Config{Depth: 2, Locals: true})))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p = draw()
	if roll(4) == 0 {
		return p, draw(), nil
	}
	q = p
	ids := 0
	for range roll(8) {
		g := newChanger(q, roll, ids)
		if len(g.o.order) == 0 {
			break
		}
		c := patterns[roll(len(patterns))].make(g)
		ids = g.ids
		if next, err := Edit(q, c); err == nil {
			q, edits = next, append(edits, c)
		}
	}
	return p, q, edits
}

// The changes that Compare finds lead from one process to the other, whatever these are. They say how, and not only what.
// Their number does not exceed by much that of the changes by which the second was made.
func TestCompareLeadsThere(t *testing.T) {
	pool := befores(t)
	found, made := 0, 0
	few := func() string {
		if found > 3*made {
			return fmt.Sprintf("%d changes are found for %d that were made", found, made)
		}
		return ""
	}
	randtest.Check(t, few, func(t *rapid.T) {
		p, q, edits := versions(t, pool)
		d := Compare(p, q)
		r, err := Edit(p, d.Changes...)
		if err != nil {
			t.Fatalf("%v\nfrom\n%s\nto\n%s\nby\n%s", err, p.YAML(), q.YAML(), d)
		}
		if r.Digest() != q.Digest() {
			t.Fatalf("from\n%s\nto\n%s\nby\n%s\ncame\n%s", p.YAML(), q.YAML(), d, r.YAML())
		}
		if slices.ContainsFunc(d.Changes, func(c Change) bool { return c.op == opSet && c.text == "steps" }) {
			t.Fatalf("it says what, but not how\nfrom\n%s\nto\n%s\nby\n%s", p.YAML(), q.YAML(), d)
		}
		if same := p.Digest() == q.Digest(); same != (len(d.Changes) == 0) {
			t.Fatalf("%d changes, and the processes are the same: %v", len(d.Changes), same)
		}
		checkSets(t, d)
		if edits != nil {
			found += len(d.Changes)
			made += len(edits)
		}
	})
	t.Logf("%d changes made, %d found", made, found)
}

// checkSets holds the sets of a difference against the ids of the processes.
func checkSets(t *rapid.T, d *Diff) {
	for _, id := range d.Added() {
		if d.To.Node(id) == nil || d.From.Node(id) != nil && !slices.ContainsFunc(d.To.all, func(s *step) bool { return s.was.s == id }) {
			t.Fatalf("%s is not new", id)
		}
	}
	for _, id := range d.Removed() {
		if d.From.Node(id) == nil {
			t.Fatalf("%s was not there", id)
		}
	}
	for _, id := range slices.Concat(d.Moved(), d.Changed()) {
		if d.To.Node(id) == nil || slices.Contains(d.Added(), id) {
			t.Fatalf("%s is moved or changed, but new", id)
		}
	}
	text := strings.Split(d.String(), "\n")
	if len(d.Changes) > 0 && len(text) != len(d.Changes) {
		t.Fatalf("%d changes on %d lines", len(d.Changes), len(text))
	}
}
