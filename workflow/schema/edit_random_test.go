package schema

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// befores are the processes of the scenario files of edits, which have jumps, ends and gateways; random ones have not.
func befores(t *testing.T) []*Process {
	files, err := filepath.Glob("testdata/edit/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenario files", err)
	}
	var all []*Process
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "before\n")[1:] {
			src, _, _ := strings.Cut(part, "----")
			p, err := Parse(name, []byte(src))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, p)
		}
	}
	return all
}

// dice are as good as any: rapid's own numbers are mostly small, and nearly all changes would be at the beginning.
func dice(t *rapid.T) func(int) int {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	return r.IntN
}

// A changer draws changes of a process.
type changer struct {
	intn func(int) int
	p    *Process
	ids  int
	o    *outline
}

func newChanger(p *Process, intn func(int) int, ids int) *changer {
	return &changer{intn, p, ids, newEditor(p).o}
}

func (g *changer) new() string {
	g.ids++
	return fmt.Sprintf("new%d", g.ids)
}

func (g *changer) site() *site { return g.o.order[g.intn(len(g.o.order))] }

func (g *changer) node() string { return g.site().id }

// fragment is one step, or several of a list.
func (g *changer) fragment() string {
	s := g.site()
	if items := s.in.items(); g.intn(3) == 0 && s.i+1 < len(items) {
		return s.id + ":" + items[s.i+1].stepID()
	}
	return s.id
}

// near are steps that follow each other.
func (g *changer) near(n int) []string {
	s := g.site()
	var ids []string
	for i, v := range s.in.items() {
		if i >= s.i && len(ids) < n {
			ids = append(ids, v.stepID())
		}
	}
	return ids
}

// of is a step of a kind, if there is one.
func (g *changer) of(k kind) string {
	var all []string
	for _, s := range g.o.order {
		if s.kind == k {
			all = append(all, s.id)
		}
	}
	if len(all) == 0 {
		return g.node()
	}
	return all[g.intn(len(all))]
}

// branches are steps of branches of one parallel.
func (g *changer) branches() (first, second string) {
	s := g.o.sites[g.of(kindParallel)]
	if s.kind != kindParallel {
		return g.node(), g.node()
	}
	pick := func(n int) string {
		q := s.body(n)
		if q == nil || len(q.items()) == 0 {
			return g.node()
		}
		return q.items()[g.intn(len(q.items()))].stepID()
	}
	return pick(g.intn(2)), pick(1 - g.intn(2))
}

func (g *changer) guard() string {
	if vars := g.p.Vars(); len(vars) > 0 && vars[0].Type == Int {
		return fmt.Sprintf("%s > %d", vars[0].Name, g.intn(9))
	} else if len(vars) > 0 && vars[0].Type == Bool {
		return vars[0].Name
	}
	return fmt.Sprintf("%d > 1", g.intn(3))
}

func (g *changer) step() Step {
	switch g.intn(5) {
	case 0:
		return Service(g.new()).Handler("h")
	case 1:
		return Choose(g.new(), When(g.guard(), User(g.new())), Else())
	case 2:
		return Parallel(g.new(), User(g.new()), Do(Wait(g.new(), "PT1H"), User(g.new())))
	case 3:
		return Repeat(g.new(), g.guard(), User(g.new()))
	}
	return User(g.new()).Title("a task")
}

func (g *changer) event() Step {
	if g.intn(2) == 0 {
		return Timer(g.new()).After("P1D").Then(User(g.new()))
	}
	return OnMessage(g.new(), "m", "")
}

// patterns are the changes by the patterns that they are.
var patterns = []struct {
	name string
	make func(g *changer) Change
}{
	{"AP1 after", func(g *changer) Change { return InsertAfter(g.node(), g.step()) }},
	{"AP1 before", func(g *changer) Change { return InsertBefore(g.node(), g.step()) }},
	{"AP1 into", func(g *changer) Change { return InsertInto(g.node(), g.intn(2), g.step()) }},
	{"AP1 between", func(g *changer) Change {
		if s := g.site(); s.v.get("next") != nil {
			return InsertBetween(s.id, s.v.str("next"), g.step())
		}
		ids := g.near(2)
		return InsertBetween(ids[0], ids[len(ids)-1], g.step())
	}},
	{"AP1 parallel", func(g *changer) Change { return InsertParallel(g.fragment(), g.step()) }},
	{"AP1 when", func(g *changer) Change { return InsertWhen(g.node(), g.guard(), g.step()) }},
	{"AP1 case", func(g *changer) Change {
		return InsertCase(g.of(kindChoose), When(g.guard()+" && "+fmt.Sprintf("'%s' != ''", g.new()), g.step()))
	}},
	{"AP1 event", func(g *changer) Change { return InsertEvent(g.node(), g.event()) }},
	{"AP2", func(g *changer) Change { return Delete(g.fragment()) }},
	{"AP2 case", func(g *changer) Change {
		for _, s := range g.o.order { // one that has enough of them, if there is one
			if len(s.cases()) > 2 && g.intn(2) == 0 {
				return DeleteCase(s.id, g.intn(2))
			}
		}
		return DeleteCase(g.of([]kind{kindChoose, kindSome, kindParallel, kindGateway}[g.intn(4)]), g.intn(3))
	}},
	{"AP3 after", func(g *changer) Change { return MoveAfter(g.fragment(), g.node()) }},
	{"AP3 before", func(g *changer) Change { return MoveBefore(g.fragment(), g.node()) }},
	{"AP3 into", func(g *changer) Change { return MoveInto(g.fragment(), g.node(), g.intn(2)) }},
	{"AP4", func(g *changer) Change { return Replace(g.fragment(), g.step()) }},
	{"AP5", func(g *changer) Change { return Swap(g.fragment(), g.fragment()) }},
	{"AP6", func(g *changer) Change { return Extract(g.fragment(), g.new()) }},
	{"AP7", func(g *changer) Change {
		for _, s := range g.o.order { // one that has nothing to lose, if there is one
			if s.kind == kindSubprocess && len(s.v.fields) == 2 && g.intn(2) == 0 {
				return Inline(s.id)
			}
		}
		return Inline(g.of(kindSubprocess))
	}},
	{"AP8 loop", func(g *changer) Change { return EmbedLoop(g.fragment(), g.guard()).As(g.new()) }},
	{"AP8 while", func(g *changer) Change { return EmbedWhile(g.fragment(), g.guard()).As(g.new()) }},
	{"AP9", func(g *changer) Change { return Parallelize(g.near(2 + g.intn(2))...).As(g.new()) }},
	{"AP10", func(g *changer) Change { return EmbedWhen(g.fragment(), g.guard()).As(g.new()) }},
	{"AP11", func(g *changer) Change {
		first, second := g.branches()
		return Order(first, second).As(g.new())
	}},
	{"AP11 branches", func(g *changer) Change {
		first, second := g.branches()
		return Serialize(first, second)
	}},
	{"AP12", func(g *changer) Change {
		if ids := g.near(2); len(ids) == 2 && g.intn(2) == 0 {
			return Unorder(ids[0], ids[1]).As(g.new())
		}
		s := g.site()
		second := g.node()
		if items := s.in.items(); s.i+1 < len(items) {
			second = items[s.i+1].stepID()
			if q := g.o.sites[second].body(0); q != nil && len(q.items()) > 0 {
				second = q.items()[0].stepID()
			}
		}
		return Unorder(s.id, second).As(g.new())
	}},
	{"AP13", func(g *changer) Change {
		return SetGuard(g.of([]kind{kindChoose, kindSome, kindRepeat, kindGateway}[g.intn(4)]), g.intn(2), g.guard()+" || "+fmt.Sprintf("'%s' == ''", g.new()))
	}},
	{"AP14", func(g *changer) Change { return CopyAfter(g.fragment(), g.node(), "-"+g.new()) }},
	{"rename", func(g *changer) Change { return Rename(g.node(), g.new()) }},
	{"update", func(g *changer) Change {
		id := g.of(kindUser)
		return Update(id, User(id).Groups("g"))
	}},
	{"variable", func(g *changer) Change { return SetVar(Variable{Name: g.new(), Type: Int, Default: 0}) }},
}

// Whatever is done to a sound process, what comes of it is sound, or is refused with a reason. The process itself stays
// as it was. Every pattern is often made, and often refused.
func TestRandomEdits(t *testing.T) {
	pool := befores(t)
	made, not := map[string]int{}, map[string]int{}
	var names []string
	for _, pattern := range patterns {
		names = append(names, pattern.name)
	}
	names = append(names, "edit/scope", "edit/data") // refusals that few changes meet
	randtest.Check(t, randtest.Keys(made, names...), func(t *rapid.T) {
		roll := dice(t)
		var p *Process
		if roll(3) == 0 {
			p = pool[roll(len(pool))]
		} else {
			var err error
			if p, err = Parse("test.yaml", []byte(randschema.Make(roll, randschema.Config{Depth: 2, Locals: true}))); err != nil {
				t.Fatal(err)
			}
		}
		ids := 0
		for range 12 {
			g := newChanger(p, roll, ids)
			if len(g.o.order) == 0 {
				return // all is deleted
			}
			pattern := patterns[roll(len(patterns))]
			c := pattern.make(g)
			ids = g.ids
			was := p.YAML()
			q, err := Edit(p, c)
			if !bytes.Equal(was, p.YAML()) {
				t.Fatalf("%s changed the process that it was given:\n%s\n%s", c, was, p.YAML())
			}
			if err != nil {
				not[pattern.name]++
				checkRefusal(t, p, c, err)
				made[err.(*Error).Findings[0].Code]++
				continue
			}
			made[pattern.name]++
			again, err := Parse("test.yaml", q.YAML())
			if err != nil {
				t.Fatalf("%s: %v\n%s", c, err, q.YAML())
			}
			if again.Digest() != q.Digest() || again.Verify(Budget{States: 1 << 18}).Unverified {
				t.Fatalf("%s: read again it is another one, or too large\n%s", c, q.YAML())
			}
			p = q
		}
	})
	for _, pattern := range patterns {
		t.Logf("%s: made %d times, refused %d times", pattern.name, made[pattern.name], not[pattern.name])
	}
}

// checkRefusal checks that an error says what a reader needs.
func checkRefusal(t *rapid.T, p *Process, c Change, err error) {
	var e *Error
	if !errors.As(err, &e) || !refused(e.Findings) {
		t.Fatalf("%s: %v", c, err)
	}
	for _, f := range e.Findings {
		if f.Severity == Fatal && (f.Code == "" || !strings.Contains(f.Message, "change 1") && f.Code != "schema/more") {
			t.Fatalf("%s: a finding without its change: %v", c, f)
		}
		if n := p.Node(f.Node); n != nil && n.Pos().Line > 0 && f.Pos.Line == 0 && strings.HasPrefix(f.Code, "edit/") {
			t.Fatalf("%s: a finding without its place: %v", c, f)
		}
	}
}
