package kernel_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randschema"
	"github.com/replank/replank/internal/randtest"
	"github.com/replank/replank/workflow/schema"
)

// TestRandomRuns drives random instances of random schemas and checks the invariants after every step.
func TestRandomRuns(t *testing.T) {
	schemas, steps, ends, violated, refused := 0, 0, 0, 0, 0
	few := func() string {
		if violated == 0 || refused == 0 || ends == 0 {
			return fmt.Sprintf("%d rules were violated, %d refused something, %d instances ended", violated, refused, ends)
		}
		return ""
	}
	randtest.Check(t, few, func(rt *rapid.T) {
		intn := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "n") }
		src := randschema.Make(intn, randschema.Config{Locals: true, Required: 1})
		p, err := schema.Parse("random.yaml", []byte(src))
		if err != nil {
			rt.Fatalf("%v\n%s", err, src)
		}
		p = withRules(p, src, intn)
		schemas++
		w := newWorld(rt2tb{t, rt}, kernel.New(p.Program()))
		w.start(map[string]any{"v0": intn(4)})
		w.check()
		for range 40 {
			w.checkRules()
			if w.s.Ended() {
				ends++
				break
			}
			w.random(intn)
			w.check()
			steps++
		}
		violated, refused = violated+w.violated, refused+w.refused
		if !w.s.Ended() && len(w.s.Works) == 0 {
			rt.Fatalf("stuck at %v\n%s", w.s.Marking, src)
		}
	})
	t.Logf("%d schemas, %d steps, %d ended, %d violated rules, %d refused", schemas, steps, ends, violated, refused)
}

// rt2tb reports to rapid, so that it shrinks.
type rt2tb struct {
	testing.TB
	rt *rapid.T
}

func (r rt2tb) Helper()                      {}
func (r rt2tb) Fatal(args ...any)            { r.rt.Fatal(args...) }
func (r rt2tb) Fatalf(f string, args ...any) { r.rt.Fatalf(f, args...) }
func (r rt2tb) Errorf(f string, args ...any) { r.rt.Errorf(f, args...) }

// random does one random thing that the instance waits for, or tries something that it must refuse.
func (w *world) random(intn func(int) int) {
	if intn(8) == 0 {
		w.s.Forget() // as if it had been loaded from the store
	}
	x := w.s.Works[intn(len(w.s.Works))]
	n := &w.m.Program().Nodes[x.Node]
	c := kernel.Command{Node: x.Node, Since: x.Since, Actor: []string{"", "ann", "bob"}[intn(3)]}
	result := map[string]any{}
	for _, o := range n.Out {
		if o.Expr != nil {
			result["x"] = intn(5)
		} else if !o.Optional || intn(2) == 0 {
			result[o.Name] = intn(5)
		}
	}
	c.Result = value(w.t, result)
	w.now += int64(intn(3)) * time.Hour.Milliseconds()
	switch {
	case x.Incident:
		c.Kind = kernel.Retry
	case n.Kind == program.UserTask:
		switch k := intn(6); {
		case k == 0 && !x.Started:
			c.Kind = kernel.Claim
		case k == 1 && x.Started:
			c.Kind = kernel.Release
		case k == 2:
			c.Kind, c.Code = kernel.FailJob, fmt.Sprintf("c%d", intn(3))
			c.Result = value(w.t, nil)
		default:
			c.Kind = kernel.CompleteTask
		}
	case x.Job:
		c.Kind = kernel.CompleteJob
		if intn(4) == 0 {
			c.Kind, c.Cause, c.Result = kernel.FailJob, "it broke", value(w.t, nil)
			switch intn(3) {
			case 0:
				c.Permanent = true
			case 1:
				c.Code = fmt.Sprintf("c%d", intn(3))
			}
		}
		if intn(12) == 0 {
			c.Result = value(w.t, map[string]any{"x": "no number"})
		}
	case n.Timer != nil:
		c.Kind = kernel.Fire
		if intn(2) == 0 {
			w.now = max(w.now, x.Due)
		}
	default:
		c.Kind = kernel.Receive
		if len(result) == 0 {
			c.Result = value(w.t, nil)
		}
	}
	before := durable(w, w.s)
	if err := w.do(c); err != nil {
		if errors.Is(err, kernel.ErrBroken) || errors.Is(err, kernel.ErrRead) {
			w.t.Fatalf("%+v: %v", c, err)
		}
		same(w.t, "state after a refusal", durable(w, w.s), before)
	}
}
