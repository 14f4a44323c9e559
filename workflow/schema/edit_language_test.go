package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
)

// This file judges changes by what processes do: by the words of letters (a task starts, completes, an event occurs)
// that their nets can bring forth, decisions free.

// hidden and barred are what a relabelling makes of letters: one that is not seen, and one that never happens.
const (
	hidden = ""
	barred = "\x00"
)

// language is a process as an automaton over letters.
type language struct {
	space *petri.Space
	label []string // by transition
}

// languageOf makes an automaton; see maps the id of a node to what is seen of it.
func languageOf(p *Process, see func(id string) string) *language {
	l := &language{space: p.program.Net.Explore(p.program.Initial, petri.Options{Budget: 1 << 14})}
	for t := range p.program.Net.Len() {
		a := p.program.Acts[t]
		if t < p.program.Net.Silent() || a.Node < 0 {
			l.label = append(l.label, hidden)
			continue
		}
		name := see(p.program.Nodes[a.Node].ID)
		if name != hidden && name != barred {
			name = fmt.Sprintf("%s/%d", name, a.Phase)
		}
		l.label = append(l.label, name)
	}
	return l
}

// rest is where the process can be without a letter seen.
func (l *language) rest(from ...int) []int {
	seen := map[int]bool{}
	for len(from) > 0 {
		i := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		for _, m := range l.space.Moves(i) {
			if l.label[m.Trans] == hidden {
				from = append(from, int(m.To))
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (l *language) after(states []int) map[string][]int {
	next := map[string][]int{}
	for _, i := range states {
		for _, m := range l.space.Moves(i) {
			if x := l.label[m.Trans]; x != hidden && x != barred {
				next[x] = append(next[x], int(m.To))
			}
		}
	}
	return next
}

func (l *language) ends(states []int) bool {
	return slices.ContainsFunc(states, func(i int) bool { return l.space.Marking(i).Empty() })
}

// relation says what is asked of two languages.
type relation uint8

const (
	equalLanguages  relation = iota
	includesFirst            // all words of the first are words of the second
	includesSecond           // all words of the second are words of the first
	equalBeginnings          // equal, but for where words end
)

// differ returns a word that contradicts the relation, with what is wrong; "" if none is found. It looks at no more
// than a few thousand pairs of sets of states.
func differ(a, b *language, rel relation) string {
	if !a.space.Complete || !b.space.Complete {
		return ""
	}
	type pair struct {
		x, y []int
		word string
	}
	queue := []pair{{a.rest(0), b.rest(0), ""}}
	seen := map[string]bool{}
	for n := 0; n < len(queue) && n < 3000; n++ {
		p := queue[n]
		if x, y := a.ends(p.x), b.ends(p.y); x != y && rel != equalBeginnings && (rel == equalLanguages || x == (rel == includesFirst)) {
			return fmt.Sprintf("%s: the end is there in one only", p.word)
		}
		next, other := a.after(p.x), b.after(p.y)
		for _, x := range slices.Sorted(maps.Keys(next)) {
			word := p.word + " " + x
			if other[x] == nil {
				if rel != includesSecond {
					return word + ": in the first only"
				}
				continue
			}
			q := pair{a.rest(next[x]...), b.rest(other[x]...), word}
			if key := fmt.Sprint(q.x, q.y); !seen[key] {
				seen[key] = true
				queue = append(queue, q)
			}
		}
		for x := range other {
			if next[x] == nil && rel != includesFirst {
				return p.word + " " + x + ": in the second only"
			}
		}
	}
	return ""
}

func itself(id string) string { return id }

// without hides nodes.
func without(hide ...string) func(string) string {
	return func(id string) string {
		if slices.Contains(hide, id) {
			return hidden
		}
		return id
	}
}

// free draws a process of control flow only: half of them with jumps.
func free(t *rapid.T, roll func(int) int, pool []*Process) *Process {
	src := randschema.Make(roll, randschema.Config{Depth: 2, Width: 2})
	if roll(2) == 0 {
		src = string(pool[roll(len(pool))].YAML())
	}
	p, err := ParseControl("test.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sound reports whether verification finds nothing that refuses p.
func sound(p *Process) bool {
	r := p.Verify(Budget{States: 1 << 14})
	return !r.Unverified && !refused(r.Findings)
}

// What a change promises to do with the order of things, it does.
func TestEditsMean(t *testing.T) {
	pool := befores(t)
	count := map[string]int{}
	randtest.Check(t, randtest.Keys(count, "AP1 after", "AP1 before", "AP1 between", "AP1 into", "AP2", "AP4", "AP6", "AP7", "AP9", "AP11", "AP11 branches", "AP12", "rename"), func(t *rapid.T) {
		roll := dice(t)
		p := free(t, roll, pool)
		for range 8 {
			g := newChanger(p, roll, 0)
			if len(g.o.order) == 0 || !sound(p) {
				return
			}
			pattern := patterns[roll(len(patterns))]
			c := pattern.make(g)
			q, err := Edit(p, c)
			if err != nil || !sound(q) {
				continue
			}
			if wrong, judged := judge(p, q, c, g.o); wrong != "" {
				t.Fatalf("%s: %s\nbefore\n%s\nafter\n%s", c, wrong, p.YAML(), q.YAML())
			} else if judged {
				count[pattern.name]++
			}
		}
	})
	t.Log(count)
}

// interrupted reports whether something may end a subprocess or the process while something runs in it.
func interrupted(p *Process) bool {
	return slices.ContainsFunc(p.all, func(s *step) bool { return s.kind == kindSubprocess && len(s.bounds) > 0 || s.kill })
}

// judge holds what q does against what p does and the change promises.
func judge(p, q *Process, c Change, o *outline) (wrong string, judged bool) {
	inside := func() []string { // the steps of the fragment
		f, _ := o.fragment(c.node)
		return stepsIn(f.steps()...)
	}
	switch c.op {
	case opInsert, opInsertBetween, opInsertParallel:
		if c.v.stepKind() == kindChoose && c.as != "" {
			return "", false
		}
		// With the new hidden, all is as before. But in a subprocess the time that it takes is one for events.
		rel := equalLanguages
		if interrupted(q) {
			rel = includesFirst
		}
		return differ(languageOf(p, itself), languageOf(q, without(stepsIn(c.v)...)), rel), true
	case opDelete:
		ids := inside()
		if slices.ContainsFunc(ids, func(id string) bool {
			return o.sites[id].kind == kindEnd || eventKinds.has(o.sites[id].kind) || o.sites[id].kind == kindGateway || o.sites[id].v.get("next") != nil
		}) {
			return "", false // more than a detour is gone
		}
		rel := equalLanguages
		if interrupted(p) {
			rel = includesSecond
		}
		return differ(languageOf(p, without(ids...)), languageOf(q, itself), rel), true
	case opReplace:
		if c.v.stepKind() != kindUser || strings.Contains(c.node, ":") || o.sites[c.node].kind != kindUser || len(o.sites[c.node].inner[0].items()) > 0 {
			return "", false
		}
		return differ(languageOf(p, func(id string) string {
			if id == c.node {
				return c.v.stepID()
			}
			return id
		}), languageOf(q, itself), equalLanguages), true
	case opRename:
		return differ(languageOf(p, func(id string) string {
			if id == c.node {
				return c.text
			}
			return id
		}), languageOf(q, itself), equalLanguages), true
	case opEmbed:
		if c.v.stepKind() == kindSubprocess {
			return differ(languageOf(p, itself), languageOf(q, without(c.v.stepID())), equalLanguages), true
		}
		return differ(languageOf(p, itself), languageOf(q, itself), includesFirst), true
	case opInline:
		return differ(languageOf(p, without(c.node)), languageOf(q, itself), equalLanguages), true
	case opParallelize, opUnorder:
		return differ(languageOf(p, itself), languageOf(q, itself), includesFirst), true
	case opSerialize:
		return differ(languageOf(p, itself), languageOf(q, itself), includesSecond), true
	case opOrder:
		if wrong := differ(languageOf(p, itself), languageOf(q, itself), includesSecond); wrong != "" {
			return wrong, true
		}
		if len(o.sites[c.nodes[0]].inner) > 0 && len(o.sites[c.nodes[0]].inner[0].items()) > 0 || interrupted(p) {
			return "", true // the first may be cut short
		}
		return early(languageOf(q, itself), c.nodes[0], c.nodes[1]), true
	}
	return "", false
}

// early returns what is wrong if one step can start more often than the other has completed.
func early(l *language, first, second string) string {
	completes, starts := first+"/2", second+"/1"
	if !slices.Contains(l.label, completes) || !slices.Contains(l.label, starts) {
		return "" // blocks, events and the like have no such letters
	}
	type at struct{ state, ahead int }
	seen := map[at]bool{}
	for todo := []at{{0, 0}}; len(todo) > 0; {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[x] {
			continue
		}
		seen[x] = true
		for _, m := range l.space.Moves(x.state) {
			next := at{int(m.To), x.ahead}
			switch l.label[m.Trans] {
			case completes:
				next.ahead = min(next.ahead+1, 2)
			case starts:
				if next.ahead--; next.ahead < 0 {
					return second + " starts before " + first + " has ended"
				}
			}
			todo = append(todo, next)
		}
	}
	return ""
}

// As long as a run has met nothing of the region nor what lies behind it, it is a run of both.
func TestRegion(t *testing.T) {
	pool := befores(t)
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "smaller than everything"), func(t *rapid.T) {
		roll := dice(t)
		p := free(t, roll, pool)
		q := p
		for range 1 + roll(2) {
			g := newChanger(q, roll, 0)
			if len(g.o.order) == 0 {
				return
			}
			if r, err := Edit(q, patterns[roll(len(patterns))].make(g)); err == nil && sound(r) {
				q = r
			}
		}
		if !sound(p) {
			return
		}
		d := Compare(p, q)
		region := d.Region()
		for _, id := range slices.Concat(d.Added(), d.Removed(), d.Moved()) {
			if !slices.Contains(region, id) {
				t.Fatalf("%s is not in the region %v\nfrom\n%s\nto\n%s\nby\n%s", id, region, p.YAML(), q.YAML(), d)
			}
		}
		bar := beyond(d, region)
		if len(bar) < len(q.all) {
			seen["smaller than everything"]++
		}
		see := func(id string) string {
			if bar[strings.TrimSuffix(id, joinSuffix)] {
				return barred
			}
			return id
		}
		from := func(id string) string {
			for now, old := range d.was {
				if old == id {
					return see(now)
				}
			}
			return see(id)
		}
		if wrong := differ(languageOf(p, from), languageOf(q, see), equalBeginnings); wrong != "" {
			t.Fatalf("region %v: %s\nfrom\n%s\nto\n%s\nby\n%s", region, wrong, p.YAML(), q.YAML(), d)
		}
	})
}

// beyond are the nodes of a region and all that flows lead to from them, or from the border of a subprocess around them,
// in either process.
func beyond(d *Diff, region []string) map[string]bool {
	bar := map[string]bool{}
	for _, id := range region {
		bar[id] = true
	}
	for side, p := range []*Process{d.From, d.To} {
		name := func(id string) string {
			for now, old := range d.was {
				if old == id && side == 0 {
					return now
				}
			}
			return id
		}
		g := p.Graph()
		met := map[string]bool{}
		for _, n := range g.Nodes {
			met[n.ID] = bar[name(n.ID)] && n.Node != nil
		}
		scope, event := map[string]string{}, map[string]bool{}
		for _, n := range g.Nodes {
			scope[n.ID], event[n.ID] = n.Scope, n.Kind == EventSubProcess
		}
		for changed := true; changed; {
			changed = false
			enter := func(id string) {
				if !met[id] {
					met[id], changed = true, true
				}
			}
			for _, n := range g.Nodes {
				if n.Host != "" && met[n.Host] {
					enter(n.ID)
				}
				if met[n.Scope] {
					enter(n.ID)
				}
				if met[n.ID] { // what it is in lasts as long as what is in it: so long may its events occur
					for _, e := range g.Nodes {
						if e.Host != "" && e.Host == n.Scope || e.Kind == EventSubProcess && e.Scope == n.Scope {
							enter(e.ID)
						}
					}
				}
			}
			for _, f := range g.Flows {
				if met[f.From] {
					enter(f.To)
					around := scope[f.To]
					if f.To != around+":end" || around == "" {
						continue
					}
					for event[around] { // with it ends what it is an event of
						around = scope[around]
					}
					for _, out := range g.Flows { // behind the subprocess, not in it
						if out.From == around {
							enter(out.To)
						}
					}
				}
			}
		}
		for id, is := range met {
			if is && p.Node(id) != nil {
				bar[name(id)] = true
			}
		}
	}
	return bar
}
