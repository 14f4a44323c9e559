package main

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzTrace: no trace, whatever it says, makes the command panic, and one with data that the old version can produce
// may always move to that version itself.
func FuzzTrace(f *testing.F) {
	const text = `
process: p
in: [n]
vars: {n: int, ok: bool}
steps:
  - user: a
    out: [ok]
  - choose: g
    cases: [{id: x, when: ok, do: [{service: b}]}, {id: y, else: [{wait: w, for: PT1H}]}]
  - repeat: r
    until: ok
    do: [{user: c, out: [ok], boundary: [{error: e, code: E, do: [{script: s, set: {ok: true}}]}]}]
`
	for _, seed := range []string{
		`{"vars": {"n": 1}, "events": [{"complete": "a", "vars": {"ok": true}}, {"decide": "g", "flow": "x"}, {"complete": "b"}]}`,
		`{"vars": {"n": 1}, "events": [{"complete": "a", "vars": {"ok": false}}, {"occur": "w"}, {"start": "c"}, {"error": "c", "code": "E"}]}`,
		`{"events": [{"complete": "s", "at": "2026-01-01T00:00:00Z", "scope": "1"}]}`,
		`{"vars": {"n": 1e999}, "events": [{"set": {}}, {"cancel": "a"}]}`,
		`{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		dir := t.TempDir()
		file := dir + "/p.yaml"
		write(t, file, text)
		for _, more := range [][]string{nil, {"--control-only"}} {
			var out, complaints bytes.Buffer
			args := slices.Concat([]string{"check", "--json", "--from", file, "--to", file, "--trace", "-"}, more)
			if code := run(args, bytes.NewReader(src), &out, &complaints); code == refused {
				t.Errorf("%v: a run may not stay where it is: %s", more, out.String())
			}
		}
	})
}
