package kernel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

func compiled(t testing.TB, src string) *Machine {
	t.Helper()
	p, err := schema.Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return New(p.Program())
}

// The digest of a letter is durable: that it was made beforehand, for the masks that a node is expected to have, must
// not show.
func TestPreparedDigests(t *testing.T) {
	m := compiled(t, `
process: p
vars: {a: {type: int, default: 0}, b: {type: int, default: 0}, c: {type: int, default: 0}, d: {type: int, default: 0}, e: {type: int, default: 0}, f: {type: int, default: 0}}
steps:
  - user: u
    out: [a, "b?", c, "d?", "e?", "f?"]
    boundary:
      - {error: broken, code: E, do: []}
  - {user: v, out: ["a?", "b?", "c?", "d?", "e?", "f?"]}
  - {user: w}
`)
	names := func(wrote []Write) (list []string) {
		for _, w := range wrote {
			list = append(list, m.p.Vars[w.Slot].Name)
		}
		return list
	}
	for node := range m.p.Nodes {
		id := m.p.Nodes[node].ID
		for mask := range 1 << len(m.p.Vars) {
			var wrote []Write
			for slot := range m.p.Vars {
				if mask&(1<<slot) != 0 {
					wrote = append(wrote, Write{Slot: int32(slot)})
				}
			}
			for phase := program.Complete; phase <= program.Occur; phase++ {
				if got, want := m.letterDigest(int32(node), phase, "", wrote), prf(id, byte(phase), names(wrote)...); got != want {
					t.Fatalf("%s %d %v: %v, want %v", id, phase, names(wrote), got, want)
				}
			}
			for _, code := range []string{"E", "F"} {
				want := prf(id, phaseCaught, append([]string{code}, names(wrote)...)...)
				if got := m.letterDigest(int32(node), program.Occur, code, wrote); got != want {
					t.Fatalf("%s caught %s %v: %v, want %v", id, code, names(wrote), got, want)
				}
			}
		}
		if got, want := m.letterDigest(int32(node), program.Start, "", nil), prf(id, byte(program.Start)); got != want {
			t.Fatalf("start of %s: %v, want %v", id, got, want)
		}
	}
}

// BenchmarkDigests measures what the upkeep of the digests costs of Decide with Evolve: the same run with and without it,
// in turns, the quickest of each. %-of-step is the difference.
func BenchmarkDigests(b *testing.B) {
	var line, loop strings.Builder
	line.WriteString("process: p\nvars: {v: {type: int, default: 0}, w: {type: int, default: 0}}\nsteps:\n")
	loop.WriteString(line.String() + "  - repeat: l\n    until: v > 9\n    do:\n")
	for i := range 50 {
		fmt.Fprintf(&line, "  - {service: s%d, in: [v], out: [v, \"w?\"]}\n", i)
		if i%10 == 9 {
			fmt.Fprintf(&line, "  - {choose: c%d, cases: [{when: v > 3, do: [{script: t%d, set: {v: 0}}]}, {else: []}]}\n", i, i)
		}
		if i < 5 {
			fmt.Fprintf(&loop, "      - {service: s%d, in: [v], out: [v, \"w?\"]}\n", i)
		}
	}
	for _, c := range []struct{ name, src string }{{"line", line.String()}, {"loop", loop.String()}} {
		b.Run(c.name, func(b *testing.B) {
			with, without := compiled(b, c.src), compiled(b, c.src)
			without.blind = true
			dyn, err := expr.ParseType("dyn", nil)
			if err != nil {
				b.Fatal(err)
			}
			var result [10]expr.Value
			for v := range result {
				if result[v], err = expr.FromGo(dyn, map[string]any{"v": v}); err != nil {
					b.Fatal(err)
				}
			}
			var log []Event
			run := func(m *Machine, s *State) (steps int, took time.Duration) {
				m.Renew(s)
				log = log[:0]
				c := Command{Kind: Start}
				began := time.Now()
				for {
					if log, err = m.Decide(s, Context{}, &c, log); err != nil {
						b.Fatal(err)
					}
					if s.Ended() || steps == 200 {
						return steps, time.Since(began)
					}
					c = Command{Kind: CompleteJob, Node: s.Works[0].Node, Result: result[steps%10]}
					steps++
				}
			}
			s, blind := with.NewState(), without.NewState()
			steps, quickest := run(with, s)
			least := time.Hour
			for b.Loop() {
				_, took := run(with, s)
				quickest = min(quickest, took)
				_, took = run(without, blind)
				least = min(least, took)
			}
			if s.Key.IsZero() || !blind.Key.IsZero() {
				b.Fatal("the switch does nothing")
			}
			b.ReportMetric(100*float64(quickest-least)/float64(quickest), "%-of-step")
			b.ReportMetric(float64(quickest.Nanoseconds())/float64(steps), "ns/step")
		})
	}
}
