package schema

import "testing"

func TestNodeOwn(t *testing.T) {
	p, err := Parse("p.yaml", []byte(`
process: p
vars: {v: {type: int, default: 0}}
steps:
  - subprocess: s
    title: Both
    do:
      - {user: a, was: b, groups: [x], out: [v]}
      - choose: c
        cases: [{when: v > 1, do: [{script: d, set: {v: 2}}]}, {else: []}]
    boundary: [{timer: late, after: P1W, do: [{end: e}]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"s":    `{"is":"subprocess","title":"Both"}`,
		"a":    `{"is":"user","groups":["x"],"out":["v"]}`,
		"c":    `{"is":"choose"}`,
		"d":    `{"is":"script","set":{"v":2}}`,
		"late": `{"is":"timer","after":"P7D"}`,
	} {
		if got := p.Node(id).Own(); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
