package codec

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
)

// What was encoded is decoded, whatever the memory held before; and the front alone says the same.
func TestHeadRoundTrip(t *testing.T) {
	used := new(Head) // its memory goes from record to record, as in a scan
	rapid.Check(t, func(t *rapid.T) {
		sh := shapes.Draw(t, "shape")
		h := randomHead(t, sh)
		b := AppendHead([]byte("before"), h)
		if string(b[:6]) != "before" {
			t.Fatal("AppendHead wrote over what was there")
		}
		b = b[6:]
		for _, into := range []*Head{new(Head), used} {
			if err := DecodeHead(b, sh, into); err != nil {
				t.Fatal(err)
			}
			if got, want := durableOf(into), durableOf(h); !reflect.DeepEqual(got, want) {
				t.Fatalf("decoded\n%+v\nof\n%+v", got, want)
			}
		}
		p, err := PeekHead(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, into := range []*Head{new(Head), used} { // the run alone says the same
			if err := p.DecodeRun(b, &sh, into); err != nil {
				t.Fatal(err)
			}
			if got, want := plainScope(into.State.Scope, HeadSlots), plainScope(h.State.Scope, HeadSlots); !reflect.DeepEqual(got, want) || !slices.Equal(into.Moves, h.Moves) || !slices.Equal(into.State.Rules, h.State.Rules) {
				t.Fatalf("decoded run\n%+v %v\nof\n%+v %v", got, into.Moves, want, h.Moves)
			}
		}
		s := h.State
		jobs := false
		for _, w := range s.Works {
			jobs = jobs || w.Job
		}
		if p.Process != h.Process || p.Version != h.Version || p.Status != s.Status || p.Epoch != s.Epoch || p.Seq != s.Seq ||
			p.Created != s.Created || p.Updated != s.Updated || p.Due != h.Due || p.Priority != h.Priority ||
			p.Incidents != s.Incidents() || p.Job != jobs || string(p.BusinessKey) != h.BusinessKey {
			t.Fatalf("peeked %+v of %+v", p, h)
		}
		for name, want := range h.Labels {
			if got, ok := p.Label(name); !ok || got != want {
				t.Fatalf("label %q is %q, %v; want %q", name, got, ok, want)
			}
		}
		if _, ok := p.Label("no such label, surely"); ok {
			t.Fatal("a label that was not given is there")
		}
	})
}

// Variables beyond HeadSlots live in pages; head and pages together hold all of them, and a page only its own.
func TestSlotPages(t *testing.T) {
	for slot, page := range map[int]int{0: -1, 31: -1, 32: 0, 95: 0, 96: 1, 1000: 15} {
		if got := PageOf(slot); got != page {
			t.Errorf("slot %d lies in page %d, want %d", slot, got, page)
		}
	}
	for slots, pages := range map[int]int{0: 0, 32: 0, 33: 1, 96: 1, 97: 2, 1000: 16} {
		if got := Pages(slots); got != pages {
			t.Errorf("%d variables take %d pages, want %d", slots, got, pages)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		sh := shapes.Draw(t, "shape")
		h := randomHead(t, sh)
		var got Head
		if err := DecodeHead(AppendHead(nil, h), sh, &got); err != nil {
			t.Fatal(err)
		}
		for n := range Pages(sh.Slots) {
			if err := DecodeSlotPage(AppendSlotPage(nil, h.State.Slots, n), got.State.Slots, n); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got.State.Slots, h.State.Slots) {
			t.Fatalf("versions %v, want %v", got.State.Slots, h.State.Slots)
		}
		for slot := range h.State.Slots { // a write makes one page dirty, its own
			before, at := AppendHead(nil, h), PageOf(slot)
			h.State.Slots[slot]++
			for n := range Pages(sh.Slots) {
				changed := string(AppendSlotPage(nil, h.State.Slots, n)) != string(AppendSlotPage(nil, got.State.Slots, n))
				if changed != (n == at) {
					t.Fatalf("slot %d lies in page %d, but page %d: changed %v", slot, at, n, changed)
				}
			}
			if changed := string(AppendHead(nil, h)) != string(before); changed != (at < 0) {
				t.Fatalf("slot %d lies in page %d, but the head: changed %v", slot, at, changed)
			}
			h.State.Slots[slot]--
		}
	})
}

func TestChildRoundTrip(t *testing.T) {
	var used Child
	rapid.Check(t, func(t *rapid.T) {
		sh := shapes.Draw(t, "shape")
		c := &Child{Seq: numbers.Draw(t, "seq"), Updated: millis.Draw(t, "updated"), Scope: randomScope(t, sh)}
		if err := DecodeChild(AppendChild(nil, c), sh, &used); err != nil {
			t.Fatal(err)
		}
		if used.Seq != c.Seq || used.Updated != c.Updated {
			t.Fatalf("decoded %+v of %+v", used, c)
		}
		if got, want := plainScope(used.Scope, HeadSlots), plainScope(c.Scope, HeadSlots); !reflect.DeepEqual(got, want) {
			t.Fatalf("decoded\n%+v\nof\n%+v", got, want)
		}
	})
}

// A record that does not fit its schema would lead the kernel out of its tables. It is refused.
func TestHeadHeldAgainstShape(t *testing.T) {
	good := Shape{Places: 70, Nodes: 9, Slots: 5, Loops: 2, Witnesses: 1, Rules: []int{3}}
	for _, c := range []struct {
		name string
		make func(h *Head)
		want string
	}{
		{"place", func(h *Head) { h.State.Marking.Add(70) }, "marked place"},
		{"places", func(h *Head) {
			for p := range petri.Place(60) {
				h.State.Marking.Add(p)
			}
			h.State.Marking.Add(71)
		}, "more than its 70"},
		{"node", func(h *Head) { h.State.Works = []kernel.Work{{Node: 9}} }, "node 9"},
		{"owner", func(h *Head) { h.State.Children = []kernel.Children{{Node: 100}} }, "node 100"},
		{"variable", func(h *Head) { h.State.Slots = []uint64{5: 1} }, "more variables"},
		{"mask", func(h *Head) { h.State.EnvWritten = kernel.Bits{}.Set(5) }, "more than its 5"},
		{"loop", func(h *Head) { h.State.Loops = []kernel.Loop{2: {Iteration: 1}} }, "more loops"},
		{"actor", func(h *Head) { h.State.Actors = []string{"", "ann"} }, "more actors"},
		{"debt", func(h *Head) { h.State.Tags = []kernel.Tag{{Place: 70}} }, "place 70"},
		{"rule", func(h *Head) { h.State.Rules = []uint16{3} }, "state of a rule 3"},
		{"rules", func(h *Head) { h.State.Rules = []uint16{0, 1} }, "more rules"},
		{"status", func(h *Head) { h.State.Status = 0 }, "status is 0"},
	} {
		h := &Head{State: &kernel.State{Status: kernel.Running, Scope: kernel.Scope{Marking: make(petri.Marking, 2)}}}
		c.make(h)
		err := DecodeHead(AppendHead(nil, h), good, new(Head))
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "head record damaged at byte") {
			t.Errorf("%s: got %v, want it to say %q", c.name, err, c.want)
		}
	}
}

// Once buffers have grown, encoding allocates nothing, and decoding only strings that differ from the last record's.
func TestHeadAllocations(t *testing.T) {
	h, sh := sampleLoan()
	h.Labels = map[string]string{"region": "north", "branch": "7"}
	buf := AppendHead(nil, h)
	e := sampleEvents()[0]
	var tail Tail
	for range 100 {
		tail.Append(&e)
	}
	if n := testing.AllocsPerRun(100, func() {
		buf = AppendHead(buf[:0], h)
		tail.Reset(1, 0)
		tail.Append(&e)
	}); n != 0 {
		t.Errorf("encoding a head and an event allocates %v times", n)
	}
	h.Labels = nil
	buf = AppendHead(buf[:0], h)
	var got Head
	if n := testing.AllocsPerRun(100, func() {
		if err := DecodeHead(buf, sh, &got); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("decoding a head again allocates %v times", n)
	}
}
