package schema

import (
	"testing"
	"time"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/period"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// What nodes do beside moving tokens: policies with their defaults, data interfaces, timers, messages.
func TestCompileNodes(t *testing.T) {
	p, err := Parse("test.yaml", []byte(`
process: nodes
in: [amount]
out: [total]
vars:
  amount: int
  total: {type: int, default: 7, index: true}
  due: {type: timestamp, default: 2026-01-02T03:04:05Z, secret: true, was: deadline}
  note: {type: string, from: string(amount)}
defaults: {retry: {max: 5}, timeout: PT30S}
steps:
  - service: plain
    in: [amount]
    out: ["note?"]
  - service: own
    handler: ledger.book
    in: {twice: amount * 2, note: "'x'"}
    out: {total: result.total + amount}
    retry: {first: PT10M, factor: 3}
    timeout: PT1M
  - service: once
    retry: never
  - user: sign
    title: Sign it
    was: signature
    groups: [clerks, officers]
    due: P5D working
    separate-from: [agree]
  - user: agree
    boundary:
      - timer: late
        at: due
      - message: stop
        name: stop.it
        key: string(total)
        out: {total: message.x}
  - receive: answer
    message: reply
    out: ["total?"]
`))
	if err != nil {
		t.Fatal(err)
	}
	prog := p.Program()
	node := func(id string) *program.Node { return &prog.Nodes[prog.ByID[id]] }

	plain := node("plain")
	want := program.Retry{Max: 5, First: time.Second, Factor: 2, Limit: 5 * time.Minute}
	if plain.Retry != want || plain.Timeout != (period.Period{Rest: 30 * time.Second}) || plain.Handler != "plain" {
		t.Errorf("plain: %+v, %+v, %q", plain.Retry, plain.Timeout, plain.Handler)
	}
	if len(plain.Out) != 1 || !plain.Out[0].Optional || plain.Out[0].Expr != nil || plain.OpenResult || plain.Out[0].Slot != 3 {
		t.Errorf("plain writes %+v", plain.Out)
	}
	own := node("own")
	want = program.Retry{Max: 3, First: 10 * time.Minute, Factor: 3, Limit: 10 * time.Minute}
	if own.Retry != want || own.Timeout != (period.Period{Rest: time.Minute}) || own.Handler != "ledger.book" || !own.OpenResult {
		t.Errorf("own: %+v", own)
	}
	if len(own.In) != 2 || own.In[0].Name != "twice" || own.In[0].Expr == nil || len(own.Reads) != 1 || own.Reads[0] != 0 {
		t.Errorf("own reads %+v, %v", own.In, own.Reads)
	}
	if len(own.OutReads) != 1 || own.OutReads[0] != 0 || own.Writes[0] != 1 {
		t.Errorf("own: reads %v at completion, writes %v", own.OutReads, own.Writes)
	}
	if r := node("once").Retry; r != (program.Retry{Max: 1, Never: true}) {
		t.Errorf("once: %+v", r)
	}
	sign := node("sign")
	if sign.Title != "Sign it" || sign.Was != "signature" || len(sign.Groups) != 2 || !sign.Due.Work || sign.Due.Days != 5 ||
		len(sign.Separate) != 1 || int(sign.Separate[0]) != prog.ByID["agree"] {
		t.Errorf("sign: %+v", sign)
	}
	if len(prog.Witnesses) != 1 || prog.Witnesses[0] != prog.ByID["agree"] {
		t.Errorf("witnesses %v", prog.Witnesses)
	}
	agree, late, stop := node("agree"), node("late"), node("stop")
	if late.Timer == nil || late.Timer.At == nil || late.Wait != agree.On || late.Reads[0] != 2 {
		t.Errorf("late: %+v", late)
	}
	if stop.Message != "stop.it" || stop.Key == nil || stop.Reads[0] != 1 || stop.Writes[0] != 1 || !stop.OpenResult {
		t.Errorf("stop: %+v", stop)
	}
	if opened := prog.OpenedBy[agree.On]; len(opened) != 2 {
		t.Errorf("the host opens %v", opened)
	}
	answer := node("answer")
	if answer.Message != "reply" || answer.Key != nil || answer.OpenResult || !answer.Out[0].Optional {
		t.Errorf("answer: %+v", answer)
	}

	if len(prog.In) != 1 || prog.In[0] != 0 || len(prog.Out) != 1 || prog.Out[0] != 1 {
		t.Errorf("in %v, out %v", prog.In, prog.Out)
	}
	total, due, note := prog.Vars[1], prog.Vars[2], prog.Vars[3]
	if total.Default.Go() != int64(7) || !total.Index || due.Was != "deadline" || !due.Secret {
		t.Errorf("%+v, %+v", total, due)
	}
	if at, ok := due.Default.Go().(time.Time); !ok || at.Year() != 2026 {
		t.Errorf("due by default %v", due.Default.Go())
	}
	if note.From == nil || note.FromText != "string(amount)" {
		t.Errorf("note: %+v", note)
	}
}

// Locals of a subprocess are slots of their own, hide what has their name outside, and are seen further in.
func TestCompileLocals(t *testing.T) {
	p, err := Parse("test.yaml", []byte(`
process: locals
out: [n]
vars: {n: {type: int, default: 1}, s: {type: string, default: ""}}
steps:
  - subprocess: h
    vars: {s: {type: int, default: 2}}
    do:
      - subprocess: g
        vars: {m: int}
        do:
          - {script: a, out: {m: s + n}}
          - {script: b, out: {n: m + s}}
      - {script: c, out: {s: s + 1}}
      - {user: d, in: [s]}
  - {script: e, out: {n: size(s)}}
`))
	if err != nil {
		t.Fatal(err)
	}
	prog := p.Program()
	for i, want := range []string{"n", "s", "h.s", "g.m"} {
		if prog.Vars[i].Name != want {
			t.Errorf("slot %d is %q, want %q", i, prog.Vars[i].Name, want)
		}
	}
	for id, want := range map[string][2][]int{
		"a": {{0, 2}, {3}}, "b": {{2, 3}, {0}}, "c": {{2}, {2}}, "e": {{1}, {0}},
	} {
		n := prog.Nodes[prog.ByID[id]]
		if len(n.OutReads) != len(want[0]) || n.OutReads[0] != want[0][0] || n.Writes[0] != want[1][0] {
			t.Errorf("%s reads %v, writes %v, want %v", id, n.OutReads, n.Writes, want)
		}
	}
	if s := prog.Scopes; len(s) != 3 || s[1].ID != "h" || s[2].Parent != 1 || len(s[1].Locals) != 1 || s[2].Locals[0] != 3 || s[0].On == petri.NoPlace {
		t.Errorf("scopes %+v", s)
	}
	if v := prog.Vars[2].Default; v.Absent() || !v.Equal(must(expr.FromGo(prog.Vars[2].Type, 2))) {
		t.Errorf("h.s is %v by default", v.Go())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // a constant of the test
	}
	return v
}
