package schema

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/internal/randtest"
)

// An elementWriter makes random sources of what no engine runs yet, structured so that they are sound: what may never
// be caught or never happen stands in a case of a choose. For each throw it keeps who must catch it, told by the nest that
// it is in, which it knows while it writes.
type elementWriter struct {
	t    *rapid.T
	ids  int
	nest []catchers
	want map[string]string // throw or end -> the event that catches it; ""
}

// catchers are the events around a list of steps, of one scope or activity, by kind and code: "error x".
type catchers struct {
	handlers, bounds map[string]string
	transaction      string // its cancel event
}

func (w *elementWriter) roll(n int) int { return rapid.IntRange(0, n-1).Draw(w.t, "roll") }

func (w *elementWriter) id(prefix string) string {
	w.ids++
	return fmt.Sprintf("%s%d", prefix, w.ids)
}

// caught is the event that catches what is thrown here: of the innermost scope or activity that takes it, the event that
// names the code, else one that takes any.
func (w *elementWriter) caught(kind, code string) string {
	for i := len(w.nest) - 1; i >= 0; i-- {
		for _, events := range []map[string]string{w.nest[i].handlers, w.nest[i].bounds} {
			for _, key := range []string{kind + " " + code, kind + " "} {
				if id := events[key]; id != "" {
					return id
				}
			}
		}
	}
	return ""
}

// within writes what lies within an activity.
func (w *elementWriter) within(c catchers, write func() string) string {
	w.nest = append(w.nest, c)
	defer func() { w.nest = w.nest[:len(w.nest)-1] }()
	return write()
}

func (w *elementWriter) steps(depth int) string {
	var list []string
	for range 1 + w.roll(2) {
		list = append(list, w.step(depth))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func (w *elementWriter) step(depth int) string {
	n := 6
	if depth > 0 {
		n = 12
	}
	switch id := w.id("s"); w.roll(n) {
	case 0:
		return fmt.Sprintf("{user: %s}", id)
	case 1:
		return fmt.Sprintf("{send: %s, message: m}", id)
	case 2:
		return fmt.Sprintf("{wait: %s, signal: go}", id)
	case 3, 4, 5:
		return fmt.Sprintf("{choose: %s, cases: [{when: n > 1, do: [%s]}, {else: [{user: %s}]}]}", id, w.throw(), w.id("u"))
	case 6:
		return fmt.Sprintf("{parallel: %s, branches: [{do: %s}, {do: %s}]}", id, w.steps(depth-1), w.steps(depth-1))
	case 7:
		bounds, _ := w.events()
		return fmt.Sprintf("{call: %s, process: p, boundary: %s, compensation: {user: %s}}", id, w.written(bounds, catchers{}, depth), w.id("undo"))
	case 8, 9:
		bounds, caught := w.events()
		body := w.within(catchers{bounds: caught}, func() string { return w.steps(depth - 1) })
		return fmt.Sprintf("{each: %s, of: n, as: x, do: %s, boundary: %s}", id, body, w.written(bounds, catchers{}, depth))
	default:
		return w.subprocess(id, depth)
	}
}

// subprocess writes a sub-process, maybe a transaction, with event sub-processes and boundary events.
func (w *elementWriter) subprocess(id string, depth int) string {
	bounds, caught := w.events()
	handlers, taken := w.events()
	c := catchers{handlers: taken, bounds: caught}
	cancel := ""
	if w.roll(2) == 0 {
		c.transaction = w.id("cancel")
		cancel = fmt.Sprintf("{cancel: %s, do: [{user: %s}]}", c.transaction, w.id("u"))
	}
	body := w.within(c, func() string { return w.steps(depth - 1) })
	inside := w.written(handlers, catchers{bounds: caught, transaction: c.transaction}, depth)
	around := strings.TrimSuffix(w.written(bounds, catchers{}, depth), "]")
	if around != "[" && cancel != "" {
		around += ", "
	}
	return fmt.Sprintf("{subprocess: %s, transaction: %v, do: %s, events: %s, boundary: %s%s]}", id, cancel != "", body, inside, around, cancel)
}

// An eventPlan is an event before its do is written.
type eventPlan struct{ head string }

// events plans events, and tells which of them catch what.
func (w *elementWriter) events() (plans []eventPlan, caught map[string]string) {
	caught = map[string]string{}
	for range w.roll(3) {
		id := w.id("e")
		interrupt := ""
		if w.roll(2) == 0 {
			interrupt = ", interrupt: false"
		}
		switch w.roll(4) {
		case 0:
			plans = append(plans, eventPlan{fmt.Sprintf("timer: %s, after: P1D%s", id, interrupt)})
		case 1:
			plans = append(plans, eventPlan{fmt.Sprintf("condition: %s, when: n > 3%s", id, interrupt)})
		default:
			kind, code := "error", []string{"", "x", "y"}[w.roll(3)]
			if w.roll(2) == 0 {
				kind = "escalation"
			} else {
				interrupt = ""
			}
			if caught[kind+" "+code] != "" {
				continue
			}
			caught[kind+" "+code] = id
			if code != "" {
				code = ", code: " + code
			}
			plans = append(plans, eventPlan{fmt.Sprintf("%s: %s%s%s", kind, id, code, interrupt)})
		}
	}
	return plans, caught
}

// written writes planned events with what follows them, which lies within c alone.
func (w *elementWriter) written(plans []eventPlan, c catchers, depth int) string {
	var list []string
	for _, p := range plans {
		do := "[]"
		if depth > 0 && w.roll(2) == 0 {
			do = w.within(c, func() string { return w.steps(0) })
		}
		list = append(list, fmt.Sprintf("{%s, do: %s}", p.head, do))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// throw writes something that is thrown here: an error if it is caught, a cancellation if there is a transaction around.
func (w *elementWriter) throw() string {
	id, code := w.id("t"), []string{"x", "y", "z"}[w.roll(3)]
	switch w.roll(3) {
	case 0:
		if e := w.caught("error", code); e != "" {
			w.want[id] = e
			return fmt.Sprintf("{%s: %s, error: %s}", []string{"end", "throw"}[w.roll(2)], id, code)
		}
	case 1:
		for i := len(w.nest) - 1; i >= 0; i-- {
			if e := w.nest[i].transaction; e != "" {
				w.want[id] = e
				return fmt.Sprintf("{end: %s, cancel: true}", id)
			}
		}
	}
	w.want[id] = w.caught("escalation", code)
	return fmt.Sprintf("{throw: %s, escalation: %s}", id, code)
}

// Whatever is nested in whatever: it is sound, each child too; what is thrown is caught where the nest says; the program
// follows from the text alone; and the process reads back.
func TestElementsNest(t *testing.T) {
	seen := map[string]int{}
	randtest.Check(t, randtest.Keys(seen, "children", "throws out of them", "throws that go on"), func(t *rapid.T) {
		w := &elementWriter{t: t, want: map[string]string{}}
		handlers, caught := w.events()
		body := w.within(catchers{handlers: caught}, func() string { return w.steps(2) })
		src := fmt.Sprintf("process: p\nvars: {n: {type: int, default: 0}}\nsteps: %s\nevents: %s\n", body, w.written(handlers, catchers{}, 1))
		p, err := Parse("test.yaml", []byte(src))
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		again, err := Parse("test.yaml", p.YAML())
		if err != nil || again.Digest() != p.Digest() || dump(again.program) != dump(p.program) {
			t.Fatalf("compiled twice (%v):\n%s\n%s", err, dump(p.program), src)
		}
		for id, want := range w.want {
			got := ""
			if e := p.byID[id].catch; e != nil {
				got = e.id.s
			}
			if got != want {
				t.Fatalf("%q is caught by %q, want %q\n%s", id, got, want, src)
			}
		}
		for _, prog := range p.scopes() {
			checkProgram(t, prog)
			for _, c := range prog.Children {
				seen["children"]++
				seen["throws out of them"] += len(c.Throws)
			}
			for i := range prog.Nodes {
				if n := &prog.Nodes[i]; n.Throws >= 0 && prog.Nodes[n.Throws].Complete >= 0 && n.Kind == program.ThrowEvent {
					seen["throws that go on"]++
				}
			}
		}
	})
}
