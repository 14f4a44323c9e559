package bpmn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randtest"
)

// This file plays BPMN as its specification tells it (13.2.1, 13.3), tokens on sequence flows, and compares what can
// happen with what can happen in the net of the import.

// A diagram is a process of tasks "t", exclusive gateways "x", parallel gateways "p" and inclusive splits, in the way of
// the specification: nodes and flows between them. Flow -1 - n is the token that begins node n.
type diagram struct {
	kinds []byte
	flows [][2]int
	start []int // nodes that the start event leads to; nil: there is none
}

func (d *diagram) id(n int) string { return fmt.Sprintf("%c%d", d.kinds[n], n) }

func (d *diagram) xml() string {
	var b strings.Builder
	b.WriteString(`<definitions><process id="proc">`)
	element := map[byte]string{'t': "userTask", 'x': "exclusiveGateway", 'p': "parallelGateway"}
	for n, k := range d.kinds {
		fmt.Fprintf(&b, `<%s id="%s"/>`, element[k], d.id(n))
	}
	for i, f := range d.flows {
		fmt.Fprintf(&b, `<sequenceFlow id="f%d" sourceRef="%s" targetRef="%s"/>`, i, d.id(f[0]), d.id(f[1]))
	}
	if d.start != nil {
		b.WriteString(`<startEvent id="s"/>`)
		for i, n := range d.start {
			fmt.Fprintf(&b, `<sequenceFlow id="s%d" sourceRef="s" targetRef="%s"/>`, i, d.id(n))
		}
	}
	b.WriteString(`</process></definitions>`)
	return b.String()
}

func (d *diagram) out(n int) (flows []int) {
	for i, f := range d.flows {
		if f[0] == n {
			flows = append(flows, i)
		}
	}
	return flows
}

// in are the flows into a node, with the token that begins it.
func (d *diagram) in(n int) (flows []int) {
	for i, f := range d.flows {
		if f[1] == n {
			flows = append(flows, i)
		}
	}
	if slices.Contains(d.begins(), n) {
		flows = append(flows, -1-n)
	}
	return flows
}

func (d *diagram) begins() (nodes []int) {
	if d.start != nil {
		return d.start
	}
	for n := range d.kinds {
		if !slices.ContainsFunc(d.flows, func(f [2]int) bool { return f[1] == n }) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// connected reports whether there is a beginning and it leads to every node.
func (d *diagram) connected() bool {
	seen := map[int]bool{}
	todo := slices.Clone(d.begins())
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[n] {
			seen[n] = true
			for _, f := range d.out(n) {
				todo = append(todo, d.flows[f][1])
			}
		}
	}
	return len(seen) == len(d.kinds)
}

// tokens are the flows with a token, ascending.
type tokens string

func (m tokens) flows() (list []int) {
	for _, c := range m {
		list = append(list, int(c)-1000)
	}
	return list
}

func marking(flows []int) tokens {
	slices.Sort(flows)
	var b strings.Builder
	for _, f := range flows {
		b.WriteRune(rune(f + 1000))
	}
	return tokens(b.String())
}

// fire returns the markings after node n takes its tokens. safe is false if some flow, or some node that takes one
// token at a time, has two before or after that.
func (d *diagram) fire(m tokens, n int) (after []tokens, safe bool) {
	here := slices.DeleteFunc(m.flows(), func(f int) bool { return !slices.Contains(d.in(n), f) })
	safe = d.kinds[n] == 'p' || len(here) < 2
	takes := [][]int{}
	if d.kinds[n] == 'p' {
		if len(here) == len(d.in(n)) {
			takes = append(takes, here)
		}
	} else {
		for _, f := range here {
			takes = append(takes, []int{f})
		}
	}
	puts := [][]int{d.out(n)}
	if d.kinds[n] == 'x' && len(d.out(n)) > 0 {
		puts = nil
		for _, f := range d.out(n) {
			puts = append(puts, []int{f})
		}
	}
	for _, take := range takes {
		left := slices.DeleteFunc(m.flows(), func(f int) bool { return slices.Contains(take, f) })
		for _, put := range puts {
			next := append(slices.Clone(left), put...)
			slices.Sort(next)
			safe = safe && len(slices.Compact(slices.Clone(next))) == len(next)
			after = append(after, marking(next))
		}
	}
	return after, safe
}

// silently adds what gateways lead to. It stops where something is not safe: markings would grow for ever.
func (d *diagram) silently(set map[tokens]bool) (safe bool) {
	todo := slices.Collect(maps.Keys(set))
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for n := range d.kinds {
			after, safe := d.fire(m, n)
			if !safe {
				return false
			}
			for _, a := range after {
				if d.kinds[n] != 't' && !set[a] {
					set[a] = true
					todo = append(todo, a)
				}
			}
		}
	}
	return true
}

// A play is the markings that the net of the import can be in after some tasks.
type play struct {
	prog *program.Program
	set  map[string]petri.Marking
}

func (p *play) silently() {
	todo := slices.Collect(maps.Values(p.set))
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for t := range p.prog.Net.Silent() {
			if !p.prog.Net.Enabled(m, t) {
				continue
			}
			after := m.Clone()
			p.prog.Net.Fire(after, t)
			if key := string(after.Bytes(nil)); p.set[key] == nil {
				p.set[key] = after
				todo = append(todo, after)
			}
		}
	}
}

func (p *play) task(id string) *play {
	n := p.prog.Nodes[p.prog.ByID[id]]
	next := &play{p.prog, map[string]petri.Marking{}}
	for _, m := range p.set {
		if p.prog.Net.Enabled(m, int(n.Start)) {
			after := m.Clone()
			p.prog.Net.Fire(after, int(n.Start))
			p.prog.Net.Fire(after, int(n.Complete))
			next.set[string(after.Bytes(nil))] = after
		}
	}
	next.silently()
	return next
}

func (p *play) ends() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(p.set)), petri.Marking.Empty)
}

// Every sequence of at most depth tasks that the specification allows the import allows too, and no other; and they end
// after the same.
func TestAgainstTheTokenGame(t *testing.T) {
	const depth = 4
	compared := 0
	few := func() string {
		if compared < 100 {
			return fmt.Sprintf("%d were compared", compared)
		}
		return ""
	}
	randtest.Check(t, few, func(t *rapid.T) {
		d := &diagram{kinds: rapid.SliceOfN(rapid.SampledFrom([]byte("tttxxp")), 2, 7).Draw(t, "nodes")}
		node := rapid.IntRange(0, len(d.kinds)-1)
		for n := range d.kinds[1:] { // a tree, so that there is a chance that all is connected
			d.flows = append(d.flows, [2]int{rapid.IntRange(max(0, n-1), n).Draw(t, "from"), n + 1})
		}
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			d.flows = append(d.flows, [2]int{node.Draw(t, "from"), node.Draw(t, "to")})
		}
		if rapid.Bool().Draw(t, "started") {
			d.start = []int{0}
		}
		if !d.connected() {
			return
		}
		all, err := ParseControl("a.bpmn", []byte(d.xml()))
		if err != nil {
			t.Fatalf("%v\n%s", err, d.xml())
		}
		var begin []int
		for _, n := range d.begins() {
			begin = append(begin, -1-n)
		}
		naive := map[tokens]bool{marking(begin): true}
		prog := all[0].Program()
		p := &play{prog, map[string]petri.Marking{string(prog.Initial.Bytes(nil)): prog.Initial.Clone()}}
		p.silently()
		if !d.silently(naive) {
			return // the net is one of safe processes
		}
		left := 200 // of the sequences
		var compare func(naive map[tokens]bool, p *play, trace []string)
		compare = func(naive map[tokens]bool, p *play, trace []string) {
			if naive[""] != p.ends() {
				t.Fatalf("after %v the end can be reached: %v, in the import: %v\n%s\n%s", trace, naive[""], p.ends(), d.xml(), all[0].YAML())
			}
			for n, k := range d.kinds {
				if left--; k != 't' || len(trace) == depth || left < 0 {
					continue
				}
				next := map[tokens]bool{}
				for m := range naive {
					after, _ := d.fire(m, n)
					for _, a := range after {
						next[a] = true
					}
				}
				here := append(slices.Clone(trace), d.id(n))
				if !d.silently(next) {
					continue
				}
				q := p.task(d.id(n))
				if (len(next) > 0) != (len(q.set) > 0) {
					t.Fatalf("%v can happen: %v, in the import: %v\n%s\n%s", here, len(next) > 0, len(q.set) > 0, d.xml(), all[0].YAML())
				}
				if len(next) > 0 {
					compared++
					compare(next, q, here)
				}
			}
		}
		compare(naive, p, nil)
	})
}
