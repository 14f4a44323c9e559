package kernel_test

import (
	"errors"
	"testing"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/workflow/history"
)

const mixed = `
process: mixed
vars: {a: {type: int, default: 0}, b: {type: int, default: 0}}
steps:
  - repeat: again
    until: a > 2
    do:
      - {user: ask, out: [a]}
      - {script: count, out: {b: b + 1}}
  - parallel: both
    branches:
      - {service: work, out: {a: result.x}, boundary: [{error: broken}, {timer: late, after: PT1H}]}
      - {receive: news, message: news, out: {b: message.x}}
  - some: ways
    cases:
      - {when: a > 1, do: [{user: one}]}
      - {when: b > 1, do: [{wait: two, for: PT1M}]}
      - else: []
`

// FuzzEvolve feeds histories that no engine wrote: each event is applied or refused with ErrBroken, never worse.
func FuzzEvolve(f *testing.F) {
	m := machine(f, mixed)
	dyn, err := expr.ParseType("int", nil)
	if err != nil {
		f.Fatal(err)
	}
	v, err := expr.FromGo(dyn, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{1, 255, 0, 2, 1, 0, 4, 1, 0})
	f.Add([]byte{1, 255, 9, 7, 3, 1, 8, 3, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := m.NewState()
		for i := 0; i+2 < len(b); i += 3 {
			e := kernel.Event{Seq: s.Seq + 1, Kind: history.Kind(b[i]), Node: int32(int8(b[i+1])), Flows: uint64(b[i+2])}
			if b[i+2]&1 != 0 {
				e.Wrote = []kernel.Write{{Slot: int32(int8(b[i+2])) >> 1, Value: v}}
			}
			if err := m.Evolve(s, &e); err != nil {
				if !errors.Is(err, kernel.ErrBroken) {
					t.Fatal(err)
				}
				return
			}
		}
	})
}
