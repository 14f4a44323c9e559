package petri_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/replank/replank/internal/petri"
)

// Scenario files show small nets at work. A transition is a line
//
//	name [silent] [guarded] [cancel|join] [order=N]: pre -> post [read p] [zero p] [clear p] [within p]
//
// with places by name; the places before the arrow of a join are its inputs. Commands:
//
//	net              defines the net
//	run from=(p, q)  fires the letters of the input, one a line, each followed by the closure, which has its frontier to
//	                 go by and nothing else; prints what fired and the marking at rest
//	explore from=(p) prints the states, moves and unsafe firings
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var s scenario
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "net":
				return s.define(t, d)
			case "run":
				return s.run(t, d)
			case "explore":
				return s.explore(t, d)
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

type scenario struct {
	net    *petri.Net
	places map[string]int
	names  []string       // of transitions, by index
	index  map[string]int // by name
}

func (s *scenario) define(t *testing.T, d *datadriven.TestData) string {
	s.places = map[string]int{}
	var naive naiveNet
	var names []string
	for line := range strings.Lines(d.Input) {
		head, body, ok := strings.Cut(line, ":")
		words := strings.Fields(head)
		if !ok || len(words) == 0 {
			d.Fatalf(t, "%q is no transition", line)
		}
		x := naiveTrans{pre: set{}, post: set{}, read: set{}, zero: set{}, clear: set{}, inputs: set{}, within: set{}}
		into := x.pre
		for _, w := range words[1:] {
			switch {
			case w == "silent":
				x.silent = true
			case w == "guarded":
				x.silent, x.guarded = true, true
			case w == "cancel":
				x.silent, x.class = true, petri.Canceling
			case w == "join":
				x.silent, x.class = true, petri.InclusiveJoin
				into = x.inputs
			default:
				if _, err := fmt.Sscanf(w, "order=%d", &x.order); err != nil {
					d.Fatalf(t, "%q in %q", w, line)
				}
			}
		}
		for _, w := range strings.Fields(body) {
			switch w {
			case "->":
				into = x.post
			case "read":
				into = x.read
			case "zero":
				into = x.zero
			case "clear":
				into = x.clear
			case "within":
				into = x.within
			default:
				if _, known := s.places[w]; !known {
					s.places[w] = len(s.places)
				}
				into[s.places[w]] = true
			}
		}
		naive = append(naive, x)
		names = append(names, words[0])
	}
	net, final := naive.build(len(s.places))
	s.net, s.names, s.index = net, make([]string, len(names)), map[string]int{}
	for i, name := range names {
		s.names[final[i]] = name
		s.index[name] = final[i]
	}
	return fmt.Sprintf("%d places, closure order: %s", net.Places(), strings.Join(s.names[:net.Silent()], " "))
}

func (s *scenario) marking(m petri.Marking) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.places)) {
		if m.Has(petri.Place(s.places[name])) {
			names = append(names, name)
		}
	}
	return "{" + strings.Join(names, " ") + "}"
}

func (s *scenario) from(t *testing.T, d *datadriven.TestData) petri.Marking {
	m := s.net.NewMarking()
	for _, arg := range d.CmdArgs {
		for _, name := range arg.Vals {
			p, known := s.places[name]
			if arg.Key != "from" || !known {
				d.Fatalf(t, "place %q", name)
			}
			m.Add(petri.Place(p))
		}
	}
	return m
}

func (s *scenario) run(t *testing.T, d *datadriven.TestData) string {
	m, f := s.from(t, d), s.net.NewFrontier()
	s.net.All(f)
	var b strings.Builder
	fire := func(i int) {
		fmt.Fprintf(&b, "%s ", s.names[i])
		if !s.net.Step(m, f, i) {
			b.WriteString("(unsafe) ")
		}
	}
	rest := func() {
		for i := s.net.Next(m, f); i >= 0; i = s.net.Next(m, f) {
			fire(i)
		}
		fmt.Fprintln(&b, s.marking(m))
	}
	rest()
	for _, name := range strings.Fields(d.Input) {
		i, known := s.index[name]
		if !known {
			d.Fatalf(t, "no transition %q", name)
		}
		if !s.net.Enabled(m, i) {
			fmt.Fprintf(&b, "%s is not enabled\n", name)
			continue
		}
		fire(i)
		rest()
	}
	return b.String()
}

func (s *scenario) explore(t *testing.T, d *datadriven.TestData) string {
	space := s.net.Explore(s.from(t, d), petri.Options{})
	var b strings.Builder
	for i := range space.Len() {
		fmt.Fprintf(&b, "%d %s", i, s.marking(space.Marking(i)))
		for _, m := range space.Moves(i) {
			fmt.Fprintf(&b, " %s:%d", s.names[m.Trans], m.To)
		}
		if space.Stuck(i) {
			b.WriteString(" stuck")
		}
		fmt.Fprintln(&b)
	}
	for _, u := range space.Unsafe {
		fmt.Fprintf(&b, "unsafe: %s in %d\n", s.names[u.Trans], u.State)
	}
	return b.String()
}
