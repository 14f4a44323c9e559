package bpmn

import (
	"strings"
	"testing"

	"github.com/replank/replank/workflow/schema"
)

// elements are steps of every kind, with what they may have. N is a number that makes ids different.
var elements = []string{
	`{user: aN, assignee: v, groups: [g], due: P2D, follow-up: P1D, priority: n, form: {key: k, fields: [x]}, in: [v], out: [n]}`,
	`{user: aN, separate-from: [first]}`,
	`{service: aN, handler: h, in: {p: n + 1}, out: {n: int(result.n)}, retry: {max: 3, first: PT1M, factor: 2}, timeout: PT1M}`,
	`{service: aN, retry: never}`,
	`{service: aN, compensation: {service: bN}}`,
	`{script: aN, set: {n: 1}}`,
	`{script: aN, out: {n: n + 1}}`,
	`{manual: aN, compensation: none}`,
	`{send: aN, message: m, key: v, data: [n], ttl: PT24H, partner: bank}`,
	`{receive: aN, message: m, key: v, out: {n: int(message.n)}}`,
	`{call: aN, process: other, version: 2, in: [n], out: {n: int(result.n)}}`,
	`{rule-table: aN, hit: first, rows: [{when: n > 3, set: {v: "'high'"}}], else: {v: "'low'"}}`,
	`{wait: aN, for: PT1H}`,
	`{wait: aN, for: P2D working}`,
	`{wait: aN, until: "timestamp('2030-01-01T00:00:00Z')"}`,
	`{wait: aN, cron: "0 3 * * *"}`,
	`{wait: aN, message: m}`,
	`{wait: aN, signal: s}`,
	`{wait: aN, condition: n > 1}`,
	`{throw: aN, signal: s, data: {x: n}}`,
	`{throw: aN, escalation: up}`,
	`{throw: aN, message: m, key: v}`,
	`{compensate: aN}`,
	`{choose: aN, cases: [{when: n > 1, do: [{user: bN}]}, {else: []}]}`,
	`{some: aN, cases: [{when: n > 1, do: [{user: bN}]}, {when: n > 2, do: [{user: cN}]}, {else: []}]}`,
	`{parallel: aN, branches: [{user: bN}, {do: [{user: cN}, {user: dN}]}]}`,
	`{race: aN, cases: [{timer: bN, after: PT1H}, {message: cN, do: [{user: dN}]}]}`,
	`{repeat: aN, do: [{user: bN}], until: n > 1}`,
	`{repeat: aN, while: n > 1, do: [{user: bN}]}`,
	`{each: aN, of: items, as: item, mode: parallel, do: [{user: bN, in: [item]}], until: done > 3}`,
	`{each: aN, of: items, as: item, mode: sequential, do: [{user: bN}]}`,
	`{subprocess: aN, do: [{user: bN}], events: [{message: cN, do: [{user: dN}]}, {timer: eN, after: P1D, interrupt: false, do: [{user: fN}]}, {error: gN, code: x}]}`,
	`{subprocess: aN, transaction: true, do: [{user: cN}, {choose: xN, cases: [{when: n > 1, do: [{end: bN, cancel: true}]}, {else: []}]}], boundary: [{cancel: dN}]}`,
	`{subprocess: aN, do: [{user: bN}], compensation: {subprocess: cN, do: [{parallel: pN, branches: [{user: xN}, {user: yN}]}]}}`,
	`{user: aN, boundary: [{timer: bN, every: P1D, interrupt: false, do: [{user: cN}]}, {message: dN, key: v}, {signal: eN, do: [{user: fN}]}, {error: gN}, {condition: hN, when: n > 1}]}`,
	`{subprocess: aN, do: [{user: bN}, {throw: tN, escalation: up}], boundary: [{escalation: cN, code: up, interrupt: false, do: [{user: dN}]}]}`,
	`{choose: aN, cases: [{when: n > 1, do: [{end: bN, terminate: true}]}, {when: n > 2, do: [{end: cN}]}, {when: n > 3, do: [{end: dN, escalation: up}]}, {when: n > 4, do: [{end: eN, message: m}]}, {when: n > 5, do: [{end: fN, signal: s}]}, {when: n > 6, do: [{end: gN, compensation: true}]}, {else: []}]}`,
}

const head = "process: p\nin: [n, items, v]\nvars: {n: int, items: list(string), v: string}\nout: [n, v]\nsteps:\n  - {user: first}\n  - "

// places are where steps can lie; S stands for the step.
var places = []string{
	`S`,
	`{subprocess: w, do: [S]}`,
	`{subprocess: w, do: [{user: o}], compensation: {subprocess: u, do: [S]}}
  - {compensate: k}`,
	`{service: w, compensation: {subprocess: u, do: [S]}}
  - {compensate: k}`,
	`{user: w, boundary: [{timer: t, after: PT1H, do: [S]}]}`,
	`{user: w, boundary: [{timer: t, after: PT1H, interrupt: false, do: [S]}]}`,
	`{subprocess: w, do: [{user: o}], events: [{message: t, do: [S]}]}`,
	`{subprocess: w, do: [{user: o}], events: [{message: t, interrupt: false, do: [S]}]}`,
	`{parallel: w, branches: [S, {user: o}]}`,
	`{choose: w, cases: [{when: n > 1, do: [S]}, {else: []}]}`,
	`{repeat: w, do: [{user: o}, S], until: n > 9}`,
	`{race: w, cases: [{timer: t, after: PT1H, do: [S]}, {message: o}]}`,
}

// Every element, wherever it may lie, is drawn as BPMN has it and reads back as it was. What a schema cannot say in a
// place it does not have to.
func TestFormatEveryElementEverywhere(t *testing.T) {
	written := map[string]int{}
	for i, element := range elements {
		for j, place := range places {
			src := head + strings.Replace(place, "S", strings.ReplaceAll(element, "N", "1"), 1) + "\n"
			p, err := schema.Parse("a.yaml", []byte(src))
			if err != nil {
				t.Logf("%s\n%v", src, err)
				continue
			}
			written[element]++
			written[place]++
			back(t, p, Dialect((i+j)%len(dialects)))
		}
	}
	for _, list := range [][]string{elements, places} {
		for _, x := range list {
			if written[x] < 3 {
				t.Errorf("written %d times: %s", written[x], x)
			}
		}
	}
}
