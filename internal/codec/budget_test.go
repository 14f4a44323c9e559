package codec

import (
	"testing"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/workflow/history"
)

// What each kind of record costs. A change that makes one longer has to change the table: growth is a decision.
func TestBudget(t *testing.T) {
	for _, e := range examples {
		size := len(e.encode())
		t.Logf("%-22s %5d bytes, budget %5d", e.name, size, e.budget)
		if size > e.budget {
			t.Errorf("%s: %d bytes, budget %d", e.name, size, e.budget)
		}
		if slack := e.budget/5 + 2; size < e.budget-slack {
			t.Errorf("%s: %d bytes, budget %d: lower the budget, so that it holds", e.name, size, e.budget)
		}
	}
	have := formats()
	for f := byte(1); f <= lastFormat; f++ {
		if !have[f] {
			t.Errorf("format %d has no example, so no budget", f)
		}
	}
}

// The marks of the design: a loan parked at its signature in at most 150 bytes without its history tail, an event
// without data in at most 12.
func TestMarks(t *testing.T) {
	h, _ := sampleLoan()
	if n := len(AppendHead(nil, h)); n > 150 {
		t.Errorf("the sample loan's head takes %d bytes", n)
	}
	hour, quarter := int64(day/24), int64(90*day)
	for _, c := range []struct {
		name string
		e    kernel.Event
		gap  int64
		want int // bytes, exactly
	}{
		{"same step", kernel.Event{Kind: history.Offered, Node: 3}, 0, 3},
		{"an hour later", kernel.Event{Kind: history.Completed, Node: 3}, hour, 7},
		{"a quarter later, node 200", kernel.Event{Kind: history.Fired, Node: 200}, quarter, 9},
		{"decided", kernel.Event{Kind: history.Decided, Node: 12, Flows: 2}, 0, 4},
		{"timer armed for a quarter", kernel.Event{Kind: history.Armed, Node: 20, Due: asked + quarter}, 0, 8},
		{"attempt failed, next in an hour", kernel.Event{Kind: history.Failed, Node: 5, Attempt: 1, Due: asked + hour}, hour, 12},
		{"ended", kernel.Event{Kind: history.Ended, Node: -1}, 0, 2},
	} {
		c.e.Seq, c.e.At = 1, asked
		if n := len(onlyEvent(c.e, c.gap)); n != c.want || n > 12 {
			t.Errorf("%s: %d bytes, want %d and at most 12", c.name, n, c.want)
		}
	}
}

// A head does not grow with the number of variables, nor with the length of the history behind its tail.
func TestHeadDoesNotGrow(t *testing.T) {
	size := func(slots int, seq uint64) int {
		h, _ := sampleLoan()
		h.State.Slots = make([]uint64, slots)
		for i := range h.State.Slots {
			h.State.Slots[i] = seq
		}
		h.State.Seq = seq
		for i := range h.State.Works {
			h.State.Works[i].Since = seq - 1
		}
		return len(AppendHead(nil, h))
	}
	if a, b := size(HeadSlots, 100), size(1000, 100); a != b {
		t.Errorf("%d bytes with %d variables, %d with 1000", a, HeadSlots, b)
	}
	if a, b := size(10, 100), size(10, 10_000); b > a+11 { // each number takes one byte more
		t.Errorf("%d bytes after 100 events, %d after 10,000", a, b)
	}
}
