package schema

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// A verb makes a change of its words, and of the step or case that follows them.
type verb struct {
	words int
	make  func(w []string, v *value) Change
}

var verbs = map[string]verb{
	"insert-after":    {1, func(w []string, v *value) Change { return InsertAfter(w[0], Step{v}) }},
	"insert-before":   {1, func(w []string, v *value) Change { return InsertBefore(w[0], Step{v}) }},
	"insert-into":     {2, func(w []string, v *value) Change { return InsertInto(strings.Trim(w[0], "-"), number(w[1]), Step{v}) }},
	"insert-between":  {2, func(w []string, v *value) Change { return InsertBetween(w[0], w[1], Step{v}) }},
	"insert-parallel": {1, func(w []string, v *value) Change { return InsertParallel(w[0], Step{v}) }},
	"insert-when":     {2, func(w []string, v *value) Change { return InsertWhen(w[0], w[1], Step{v}) }},
	"insert-case":     {1, func(w []string, v *value) Change { return InsertCase(w[0], Case{v}) }},
	"insert-event":    {1, func(w []string, v *value) Change { return InsertEvent(w[0], Step{v}) }},
	"delete":          {1, func(w []string, _ *value) Change { return Delete(w[0]) }},
	"delete-case":     {2, func(w []string, _ *value) Change { return DeleteCase(w[0], number(w[1])) }},
	"move-after":      {2, func(w []string, _ *value) Change { return MoveAfter(w[0], w[1]) }},
	"move-before":     {2, func(w []string, _ *value) Change { return MoveBefore(w[0], w[1]) }},
	"move-into":       {3, func(w []string, _ *value) Change { return MoveInto(w[0], strings.Trim(w[1], "-"), number(w[2])) }},
	"replace":         {1, func(w []string, v *value) Change { return Replace(w[0], Step{v}) }},
	"swap":            {2, func(w []string, _ *value) Change { return Swap(w[0], w[1]) }},
	"extract":         {2, func(w []string, _ *value) Change { return Extract(w[0], w[1]) }},
	"inline":          {1, func(w []string, _ *value) Change { return Inline(w[0]) }},
	"embed-loop":      {2, func(w []string, _ *value) Change { return EmbedLoop(w[0], w[1]) }},
	"embed-while":     {2, func(w []string, _ *value) Change { return EmbedWhile(w[0], w[1]) }},
	"embed-when":      {2, func(w []string, _ *value) Change { return EmbedWhen(w[0], w[1]) }},
	"parallelize":     {-1, func(w []string, _ *value) Change { return Parallelize(w...) }},
	"serialize":       {-1, func(w []string, _ *value) Change { return Serialize(w...) }},
	"order":           {2, func(w []string, _ *value) Change { return Order(w[0], w[1]) }},
	"unorder":         {2, func(w []string, _ *value) Change { return Unorder(w[0], w[1]) }},
	"set-guard":       {3, func(w []string, _ *value) Change { return SetGuard(w[0], number(w[1]), w[2]) }},
	"copy-after":      {3, func(w []string, _ *value) Change { return CopyAfter(w[0], w[1], w[2]) }},
	"rename":          {2, func(w []string, _ *value) Change { return Rename(w[0], w[1]) }},
	"update":          {1, func(w []string, v *value) Change { return Update(w[0], Step{v}) }},
	"set-var":         {2, func(w []string, _ *value) Change { return SetVar(Variable{Name: w[0], Type: Type(w[1])}) }},
	"delete-var":      {1, func(w []string, _ *value) Change { return DeleteVar(w[0]) }},
	"set-in":          {-1, func(w []string, _ *value) Change { return SetIn(w...) }},
	"set-out":         {-1, func(w []string, _ *value) Change { return SetOut(w...) }},
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// changeOf reads a line as "insert-after a {user: b}"; words with spaces stand in quotes.
func changeOf(line string) (Change, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	d, known := verbs[name]
	if !known {
		return Change{}, fmt.Errorf("unknown change %q", name)
	}
	var words []string
	for d.words < 0 || len(words) < d.words {
		rest = strings.TrimSpace(rest)
		if rest == "" {
			break
		}
		word, left, _ := strings.Cut(rest, " ")
		if rest[0] == '\'' {
			word, left, _ = strings.Cut(rest[1:], "'")
		}
		words, rest = append(words, word), left
	}
	as := ""
	if i := len(words) - 2; i >= 0 && words[i] == "as" {
		words, as = words[:i], words[i+1]
	} else if left, ok := strings.CutPrefix(strings.TrimSpace(rest), "as "); ok {
		as, rest, _ = strings.Cut(left, " ")
	}
	if d.words > len(words) {
		return Change{}, fmt.Errorf("%s needs %d words", name, d.words)
	}
	var v *value
	if rest = strings.TrimSpace(rest); rest != "" {
		f := &findings{source: &source{}}
		if v = load(f, []byte(rest)); v == nil {
			return Change{}, fmt.Errorf("%s: %v", rest, f.failure())
		}
		unmark(v)
	}
	c := d.make(words, v)
	if as != "" {
		c = c.As(as)
	}
	return c, nil
}

// Scenario files, one for each adaptation pattern.
//
//	before  a process; the edits that follow begin with it
//	edit    changes, one a line, and the steps after them, or why not
//	diff    another version: the changes that lead to it, its region and hints
func TestEdits(t *testing.T) {
	datadriven.Walk(t, "testdata/edit", func(t *testing.T, path string) {
		var p *Process
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "before":
				var err error
				if p, err = Parse("before.yaml", []byte(d.Input)); err != nil {
					d.Fatalf(t, "%v", err)
				}
				return "sound\n"
			case "edit":
				var changes []Change
				for _, line := range strings.Split(d.Input, "\n") {
					c, err := changeOf(line)
					if err != nil {
						d.Fatalf(t, "%v", err)
					}
					changes = append(changes, c)
				}
				q, err := Edit(p, changes...)
				if err != nil {
					return err.Error() + "\n"
				}
				return string(shown(q, p)) + "\n"
			case "diff":
				q, err := Parse("after.yaml", []byte(d.Input))
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				return difference(t, p, q)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

// difference says what Compare finds, and holds it against Edit.
func difference(t *testing.T, p, q *Process) string {
	diff := Compare(p, q)
	r, err := Edit(p, diff.Changes...)
	if err != nil || r.Digest() != q.Digest() {
		t.Errorf("the changes lead elsewhere: %v", err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, diff)
	for _, set := range []struct {
		name string
		ids  []string
	}{{"added", diff.Added()}, {"removed", diff.Removed()}, {"moved", diff.Moved()}, {"changed", diff.Changed()}, {"region", diff.Region()}} {
		if len(set.ids) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", set.name, strings.Join(set.ids, ", "))
		}
	}
	if diff.Inert() {
		fmt.Fprintln(&b, "inert")
	}
	for _, f := range diff.Hints {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

// shown is q as YAML without the keys of the process that p has too.
func shown(q, p *Process) []byte {
	v, old := printed(q), printed(p)
	short := mapValue()
	for _, e := range v.fields {
		if w := old.get(e.key); e.key == "steps" || w == nil || string(appendJSON(nil, w)) != string(appendJSON(nil, e.value)) {
			short.fields = append(short.fields, e)
		}
	}
	if len(short.fields) == 1 {
		return appendYAML(nil, short.fields[0].value, 0)
	}
	return appendYAML(nil, short, 0)
}

// manyRefused are changes of a process of n steps, every other of which is refused.
func manyRefused(tb testing.TB, n int) (*Process, []Change) {
	src := "process: p\nsteps:\n"
	for i := range n {
		src += fmt.Sprintf("  - user: u%d\n", i)
	}
	p, err := Parse("p.yaml", []byte(src))
	if err != nil {
		tb.Fatal(err)
	}
	var changes []Change
	for i := range n {
		changes = append(changes, InsertAfter(fmt.Sprintf("u%d", i), User(fmt.Sprintf("x%d", i))), Delete(fmt.Sprintf("y%d", i)))
	}
	return p, changes
}

// A change that is refused leaves nothing behind: those after it see what they would see without it.
func TestRefusedChangesLeaveNothing(t *testing.T) {
	p, changes := manyRefused(t, 20)
	changes = append(changes, Rename("x3", "z"), MoveInto("u1:u2", "u1", 0), Rename("z", "zz"))
	var good []Change
	for i, c := range changes {
		if i >= 40 && c.op == opRename || i < 40 && i%2 == 0 {
			good = append(good, c)
		}
	}
	got, wrong := editAll(p, changes)
	want, none := editAll(p, good)
	if len(wrong) != 21 || len(none) > 0 {
		t.Fatalf("%d refused, and %v", len(wrong), none)
	}
	if a, b := string(appendFlow(nil, got)), string(appendFlow(nil, want)); a != b {
		t.Errorf("got %s\nwant %s", a, b)
	}
}

func BenchmarkEditRefused(b *testing.B) {
	p, changes := manyRefused(b, 300)
	for b.Loop() {
		editAll(p, changes)
	}
}
