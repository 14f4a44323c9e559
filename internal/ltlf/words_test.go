package ltlf

import (
	"slices"
	"testing"
)

// facts are what the definitions of the templates in words are about: at which positions of a trace things happen.
type facts struct {
	a, b           []int // completions
	aBegun, bBegun []int
	all            []int // completions of any step
	length         int
}

func factsOf(w []letter, starts bool) facts {
	var x facts
	x.length = len(w)
	for i, l := range w {
		if l.phase == Completed {
			x.all = append(x.all, i)
		}
		begun := l.phase == Started == starts
		switch {
		case l.step == "a" && l.phase == Completed:
			x.a = append(x.a, i)
		case l.step == "b" && l.phase == Completed:
			x.b = append(x.b, i)
		}
		switch {
		case l.step == "a" && begun:
			x.aBegun = append(x.aBegun, i)
		case l.step == "b" && begun:
			x.bBegun = append(x.bBegun, i)
		}
	}
	return x
}

func within(list []int, from, to int) bool {
	return slices.ContainsFunc(list, func(i int) bool { return from < i && i < to })
}

// after is the first of list behind i, end if there is none.
func after(list []int, i, end int) int {
	for _, j := range list {
		if j > i {
			return j
		}
	}
	return end
}

// before is the last of list ahead of i, -1 if there is none.
func before(list []int, i int) int {
	last := -1
	for _, j := range list {
		if j < i {
			last = j
		}
	}
	return last
}

func every(list []int, is func(int) bool) bool {
	return !slices.ContainsFunc(list, func(i int) bool { return !is(i) })
}

// inWords says the templates as docs/rules.md does, about positions.
var inWords = map[string]func(x facts) bool{
	"existence(a)":    func(x facts) bool { return len(x.a) >= 1 },
	"existence(a, 2)": func(x facts) bool { return len(x.a) >= 2 },
	"absence(a)":      func(x facts) bool { return len(x.a) == 0 && len(x.aBegun) == 0 },
	"absence(a, 2)": func(x facts) bool {
		return len(x.a) < 2 && every(x.aBegun, func(i int) bool { return before(x.a, i) < 0 })
	},
	"exactly(a, 1)": func(x facts) bool {
		return len(x.a) == 1 && every(x.aBegun, func(i int) bool { return before(x.a, i) < 0 })
	},
	"init(a)": func(x facts) bool { return len(x.aBegun) > 0 && x.aBegun[0] == 0 },
	"end(a)": func(x facts) bool {
		return len(x.a) > 0 && x.a[len(x.a)-1] == x.all[len(x.all)-1]
	},
	"choice(a, b)":              func(x facts) bool { return len(x.a)+len(x.b) > 0 },
	"exclusive-choice(a, b)":    func(x facts) bool { return len(x.a)+len(x.b) > 0 && apart(x) },
	"responded-existence(a, b)": func(x facts) bool { return len(x.a) == 0 || len(x.b) > 0 },
	"co-existence(a, b)":        func(x facts) bool { return (len(x.a) == 0) == (len(x.b) == 0) },
	"response(a, b)":            responded,
	"alternate-response(a, b)":  alternatelyResponded,
	"chain-response(a, b)":      chainResponded,
	"precedence(a, b)":          preceded,
	"alternate-precedence(a, b)": func(x facts) bool {
		return alternatelyPreceded(x)
	},
	"chain-precedence(a, b)":        chainPreceded,
	"succession(a, b)":              func(x facts) bool { return responded(x) && preceded(x) },
	"alternate-succession(a, b)":    func(x facts) bool { return alternatelyResponded(x) && alternatelyPreceded(x) },
	"chain-succession(a, b)":        func(x facts) bool { return chainResponded(x) && chainPreceded(x) },
	"not-co-existence(a, b)":        apart,
	"not-responded-existence(a, b)": apart,
	"not-response(a, b)":            noneAfter,
	"not-precedence(a, b)":          noneAfter,
	"not-succession(a, b)":          noneAfter,
	"not-chain-response(a, b)":      noneNext,
	"not-chain-precedence(a, b)":    noneNext,
	"not-chain-succession(a, b)":    noneNext,
}

// apart: not both complete, and once one has completed the other does not begin.
func apart(x facts) bool {
	return (len(x.a) == 0 || len(x.b) == 0) &&
		every(x.bBegun, func(i int) bool { return before(x.a, i) < 0 }) && every(x.aBegun, func(i int) bool { return before(x.b, i) < 0 })
}

// responded: behind every completion of a there is one of b.
func responded(x facts) bool {
	return every(x.a, func(i int) bool { return after(x.b, i, x.length) < x.length })
}

// alternatelyResponded: and before it a neither begins nor completes.
func alternatelyResponded(x facts) bool {
	return every(x.a, func(i int) bool {
		b := after(x.b, i, x.length)
		return b < x.length && !within(x.a, i, b) && !within(x.aBegun, i, b)
	})
}

// chainResponded: and it is the next completion of all.
func chainResponded(x facts) bool {
	return every(x.a, func(i int) bool { return slices.Contains(x.b, after(x.all, i, x.length)) })
}

// preceded: before every beginning of b, a completed.
func preceded(x facts) bool {
	return every(x.bBegun, func(i int) bool { return before(x.a, i) >= 0 })
}

// alternatelyPreceded: and since then b did not complete.
func alternatelyPreceded(x facts) bool {
	return every(x.bBegun, func(i int) bool { a := before(x.a, i); return a >= 0 && !within(x.b, a, i) })
}

// chainPreceded: and nothing else completed since.
func chainPreceded(x facts) bool {
	return every(x.bBegun, func(i int) bool { a := before(x.a, i); return a >= 0 && !within(x.all, a, i) })
}

// noneAfter: b does not begin behind a completion of a.
func noneAfter(x facts) bool {
	return every(x.bBegun, func(i int) bool { return before(x.a, i) < 0 })
}

// noneNext: b does not begin when a is what completed last.
func noneNext(x facts) bool {
	return every(x.bBegun, func(i int) bool { a := before(x.a, i); return a < 0 || within(x.all, a, i) })
}

// TestTemplates holds every template against its definition in words on all traces of up to five letters, for steps that
// have a start and for steps that have none.
func TestTemplates(t *testing.T) {
	length := 5
	if testing.Short() {
		length = 4
	}
	tried := map[string]bool{}
	for _, text := range sortedKeys(inWords) {
		c, err := Declare(text)
		if err != nil {
			t.Fatal(err)
		}
		if c.String() != text {
			t.Errorf("%s is written %s", text, c)
		}
		tried[c.Template] = true
		for _, starts := range []bool{true, false} {
			a, err := Compile(c.Formula, func(string) bool { return starts })
			if err != nil {
				t.Fatal(err)
			}
			wrong := 0
			traces(length, func(w []letter) {
				if got, want := a.Accepts(a.run(w)), inWords[text](factsOf(w, starts)); got != want && wrong < 3 {
					wrong++
					t.Errorf("%s, starts %v, accepts %v: %v, want %v", text, starts, w, got, want)
				}
			})
		}
	}
	for _, name := range Templates() {
		if !tried[name] {
			t.Errorf("%s is not tried", name)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
