package kernel_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/ltlf"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/workflow/schema"
)

// TestProvedRulesHold runs random schemas whose guards ask the same few variables again and again, in loops too, some of
// which nobody ever writes, with one rule that was proved for all runs or is kept by refusing steps: an instance that ends
// has kept it, and one whose steps are refused still has a way on.
func TestProvedRulesHold(t *testing.T) {
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "proved", "refused", "loops", "given back", "kept"), func(rt *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "n") }
		src := askers(intn)
		p, err := schema.Parse("random.yaml", []byte(src))
		if err != nil {
			return
		}
		for range 4 {
			on := []string{"", ", on: refuse"}[intn(2)]
			ruled, err := schema.Parse("random.yaml", []byte(src+fmt.Sprintf("rules: [{rule: r, ltlf: %q%s}]\n", formula(intn, p), on)))
			if err != nil {
				continue
			}
			if on == "" {
				seen["proved"]++
			}
			for range 6 {
				w := newWorld(rt2tb{t, rt}, kernel.New(ruled.Program()))
				w.keepsRule(intn, src, seen)
			}
		}
	})
	t.Log(seen)
}

// askers is a schema of blocks that ask the variables a and b.
func askers(intn func(int) int) string {
	var steps func(indent string, n, depth int) string
	next := 0
	id := func(kind string) string { next++; return fmt.Sprintf("%s%d", kind, next) }
	guard := func() string { return []string{"a", "b", "!a", "!b", "a && b"}[intn(5)] }
	steps = func(indent string, n, depth int) string {
		var sb strings.Builder
		for range n {
			kind := intn(7)
			if depth == 0 {
				kind = intn(3)
			}
			switch kind {
			case 0, 1:
				fmt.Fprintf(&sb, "%s- {user: %s, out: [%s]}\n", indent, id("u"), []string{"", "", "a", "b", "a?"}[intn(5)])
			case 2:
				fmt.Fprintf(&sb, "%s- {receive: %s, message: m}\n", indent, id("m"))
			case 3, 4:
				fmt.Fprintf(&sb, "%[1]s- choose: %[2]s\n%[1]s  cases:\n%[1]s    - when: %[3]q\n%[1]s      do:\n%[4]s%[1]s    - else: []\n", indent, id("c"), guard(), steps(indent+"        ", 1+intn(2), depth-1))
			case 5:
				fmt.Fprintf(&sb, "%[1]s- repeat: %[2]s\n%[1]s  %[3]s: %[4]q\n%[1]s  do:\n%[1]s    - {user: %[5]s, out: [%[6]s]}\n%[7]s", indent, id("l"), []string{"until", "while"}[intn(2)], guard(), id("u"), []string{"", "a", "b"}[intn(3)], steps(indent+"    ", intn(2), depth-1))
			default:
				fmt.Fprintf(&sb, "%[1]s- parallel: %[2]s\n%[1]s  branches:\n%[1]s    - {user: %[3]s}\n%[1]s    - {user: %[4]s}\n", indent, id("p"), id("u"), id("u"))
			}
		}
		return sb.String()
	}
	return "process: p\nin: [a, b]\nvars: {a: bool, b: bool}\nsteps:\n" + steps("  ", 2+intn(3), 2)
}

// formula is a random small formula about the steps of a process.
func formula(intn func(int) int, p *schema.Process) string {
	var atoms []string
	for i := range p.Program().Nodes {
		if n := &p.Program().Nodes[i]; n.Start >= 0 {
			atoms = append(atoms, n.ID, n.ID+".started")
		} else if n.Occur >= 0 {
			atoms = append(atoms, n.ID)
		}
	}
	if len(atoms) == 0 {
		return "true"
	}
	x := func() string { return atoms[intn(len(atoms))] }
	shapes := []string{"!%s W %s", "G(%s -> F %s)", "G(%s -> WX G !%s)", "F %s -> F %s", "G(%s -> WX !%s)", "X %s | !%s W false", "F %s | G !%s", "G !(%s & X F %s)", "!%s W X %s"}
	return fmt.Sprintf(shapes[intn(len(shapes))], x(), x())
}

// keepsRule drives an instance until it ends, or for so many steps, and holds the rule against what was heard.
func (w *world) keepsRule(intn func(int) int, src string, seen map[string]int) {
	w.start(map[string]any{"a": intn(2) == 0, "b": intn(2) == 0})
	for range 60 {
		if w.s.Ended() {
			break
		}
		if !w.step(intn, seen) {
			w.t.Fatalf("nothing goes on at %v after %v, with the rule %s in\n%s", w.waits(), w.heard(), w.m.Program().Rules[0].Text, src)
		}
	}
	if len(w.m.Program().Loops) > 0 {
		seen["loops"]++
	}
	if !w.s.Ended() {
		return
	}
	a := w.m.Program().Rules[0].Automaton
	state := uint16(0)
	heard := ear{}
	for _, e := range w.events {
		if phase, is := heard.of(&e); is {
			state = a.Next(state, a.Letter(w.m.Program().Nodes[e.Node].ID, phase))
		}
	}
	if !a.Accepts(state) {
		w.t.Fatalf("%s is not kept by %v in\n%s", w.m.Program().Rules[0].Text, w.heard(), src)
	}
	seen["kept"]++
}

// step does something that is not refused; false if everything is.
func (w *world) step(intn func(int) int, seen map[string]int) bool {
	works := slices.Clone(w.s.Works)
	for i := range works { // any order
		k := i + intn(len(works)-i)
		works[i], works[k] = works[k], works[i]
	}
	for _, x := range works {
		n := &w.m.Program().Nodes[x.Node]
		c := kernel.Command{Node: x.Node, Since: x.Since, Actor: "ann", Kind: kernel.Receive}
		result := map[string]any{}
		for _, o := range n.Out {
			result[o.Name] = intn(2) == 0
		}
		c.Result = value(w.t, result)
		if len(result) == 0 {
			c.Result = value(w.t, nil)
		}
		tries := []kernel.CommandKind{kernel.Receive}
		if n.Kind == program.UserTask {
			tries = []kernel.CommandKind{kernel.CompleteTask, kernel.Claim}
			if x.Started {
				tries = []kernel.CommandKind{kernel.CompleteTask}
				if intn(4) == 0 {
					tries = []kernel.CommandKind{kernel.Release}
					seen["given back"]++
				}
			} else if intn(3) == 0 {
				slices.Reverse(tries)
			}
		}
		for _, c.Kind = range tries {
			if err := w.do(c); err == nil {
				return true
			} else if !errors.Is(err, kernel.ErrRule) {
				w.t.Fatal(err)
			}
			seen["refused"]++
		}
	}
	return false
}

// heard are the letters of the history as rules hear them.
func (w *world) heard() (word []string) {
	heard := ear{}
	for _, e := range w.events {
		if phase, is := heard.of(&e); is {
			word = append(word, w.m.Program().Nodes[e.Node].ID+map[ltlf.Phase]string{ltlf.Started: ".started"}[phase])
		}
	}
	return word
}
