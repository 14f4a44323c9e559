package workflow

import (
	"fmt"
	"testing"

	"github.com/replank/replank/store"
)

// Variables of a sub-process are reset when it is entered, which is no write of an event. Their pages are written then,
// and by steps that write them: not by every step of an instance that has such variables somewhere.
func TestPagesOfLocalVariables(t *testing.T) {
	const n = 900
	src := `
process: p
vars: {n: {type: int, default: 0}, seen: {type: int, default: 0}}
out: [n, seen]
steps:
  - repeat: rounds
    until: n >= 30
    do:
      - {user: outside, out: [n]}
      - choose: sometimes
        cases:
          - when: n % 10 == 0
            do:
              - subprocess: inside
                vars: {` + list(locals(n)) + `}
                do:
                  - user: pause
                  - {script: look, out: {seen: ` + fmt.Sprintf("seen + l%d", n-1) + `}}
                  - {user: set, out: [` + fmt.Sprintf("l%d", n-1) + `]}
          - else: []
`
	disk := store.NewDisk()
	e, s := openOn(t, disk, nil)
	tn := begin(t, e, src, nil)
	ctx := limited(t)
	in, err := tn.Start(ctx, "p", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := in.ID()
	step := func(out vars) int {
		t.Helper()
		info, err := tn.Instance(id).Settle(ctx)
		if err != nil {
			t.Fatal(err)
		}
		before := s.Stats().Bytes
		if err := tn.Task(info.Waits[0].Task).Complete(ctx, out); err != nil {
			t.Fatal(err)
		}
		return int(s.Stats().Bytes - before)
	}
	for i := 1; i <= 30; i++ {
		size := step(vars{"n": i})
		if i%10 == 0 {
			// Entered anew it has its default, also after a restart.
			e.Close()
			s.Close()
			e, s = openOn(t, disk, nil)
			if err := e.Start(ctx); err != nil {
				t.Fatal(err)
			}
			tn = e.Default()
			step(nil)
			step(vars{fmt.Sprintf("l%d", n-1): 1000})
		} else if size > 500 {
			t.Errorf("step %d wrote %d bytes", i, size)
		}
	}
	defer s.Close()
	defer e.Close()
	out, err := Result[vars](ctx, tn.Instance(id))
	if err != nil || fmt.Sprint(out["seen"]) != "3" {
		t.Errorf("%v, %v; want the default, 1, seen three times", out, err)
	}
}

// locals are declarations of n variables with the default 1.
func locals(n int) []string {
	decls := make([]string, n)
	for i := range decls {
		decls[i] = fmt.Sprintf("l%d: {type: int, default: 1}", i)
	}
	return decls
}
