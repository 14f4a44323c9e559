package codec

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/workflow/history"
)

// Random contents of records: anything a State can hold, likely or not.

var dyn = must(expr.ParseType("dyn", nil))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// value makes a value from plain Go.
func value(x any) expr.Value { return must(expr.FromGo(dyn, x)) }

var shapes = rapid.Custom(func(t *rapid.T) Shape {
	size := func(most int, what string) int { return rapid.IntRange(0, most).Draw(t, what) }
	return Shape{
		Places: 1 + size(200, "places"), Nodes: 1 + size(300, "nodes"), Slots: size(300, "slots"),
		Loops: size(5, "loops"), Witnesses: size(4, "witnesses"),
		Rules: rapid.SliceOfN(rapid.IntRange(1, 500), 0, 4).Draw(t, "rules"),
	}
})

var (
	millis  = rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1e12, 2e12), rapid.Int64())
	numbers = rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64Range(1, 300), rapid.Uint64())
	small   = rapid.OneOf(rapid.Just(uint32(0)), rapid.Uint32Range(1, 300), rapid.Uint32())
	words   = rapid.OneOf(rapid.Just(""), rapid.StringN(0, 20, -1))
	digests = rapid.Custom(func(t *rapid.T) kernel.Digest {
		return kernel.Digest{Lo: numbers.Draw(t, "lo"), Hi: numbers.Draw(t, "hi")}
	})
)

func bitsBelow(t *rapid.T, n int, what string) kernel.Bits {
	var b kernel.Bits
	if n == 0 {
		return b
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 6).Draw(t, what) {
		b = b.Set(i)
	}
	return b
}

func randomScope(t *rapid.T, sh Shape) kernel.Scope {
	s := kernel.Scope{
		Marking:    make(petri.Marking, (sh.Places+63)/64),
		Slots:      make([]uint64, sh.Slots),
		Key:        digests.Draw(t, "key"),
		Order:      digests.Draw(t, "order"),
		Superseded: bitsBelow(t, sh.Loops, "superseded"),
		EnvWritten: bitsBelow(t, sh.Slots, "env-written"),
		Loops:      make([]kernel.Loop, sh.Loops),
	}
	for _, p := range rapid.SliceOfN(rapid.IntRange(0, sh.Places-1), 0, sh.Places).Draw(t, "marking") {
		s.Marking.Add(petri.Place(p))
	}
	for i := range s.Slots {
		if rapid.Bool().Draw(t, "written") {
			s.Slots[i] = numbers.Draw(t, "version")
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "works") {
		s.Works = append(s.Works, kernel.Work{
			Node: int32(rapid.IntRange(0, sh.Nodes-1).Draw(t, "node")), Since: numbers.Draw(t, "since"),
			At: millis.Draw(t, "at"), Due: millis.Draw(t, "due"), Attempt: small.Draw(t, "attempt"),
			Started: rapid.Bool().Draw(t, "started"), Job: rapid.Bool().Draw(t, "job"), Incident: rapid.Bool().Draw(t, "incident"),
			Actor: words.Draw(t, "actor"), Key: words.Draw(t, "key"),
		})
	}
	for i := range s.Loops {
		s.Loops[i] = kernel.Loop{
			Iteration: small.Draw(t, "iteration"), Acc: digests.Draw(t, "acc"), Wrote: bitsBelow(t, sh.Slots, "wrote"),
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "tags") {
		debts := rapid.SliceOfDistinct(numbers, func(d uint64) uint64 { return d }).Draw(t, "debts")
		slices.Sort(debts)
		s.Tags = append(s.Tags, kernel.Tag{
			Place: petri.Place(rapid.IntRange(0, sh.Places-1).Draw(t, "place")), Pos: numbers.Draw(t, "pos"), Debts: debts,
		})
	}
	return s
}

func randomHead(t *rapid.T, sh Shape) *Head {
	s := &kernel.State{
		Status: kernel.Status(rapid.IntRange(1, 255).Draw(t, "status")), Epoch: numbers.Draw(t, "epoch"),
		Seq: numbers.Draw(t, "seq"), Created: millis.Draw(t, "created"), Updated: millis.Draw(t, "updated"),
		Scope: randomScope(t, sh), Actors: make([]string, sh.Witnesses),
	}
	for i := range s.Actors {
		s.Actors[i] = words.Draw(t, "witness")
	}
	for _, states := range sh.Rules {
		s.Rules = append(s.Rules, uint16(rapid.IntRange(0, states-1).Draw(t, "state of a rule")))
	}
	for range rapid.IntRange(0, 3).Draw(t, "children") {
		s.Children = append(s.Children, kernel.Children{
			Node: int32(rapid.IntRange(0, sh.Nodes-1).Draw(t, "owner")), Open: small.Draw(t, "open"), Next: small.Draw(t, "next"),
		})
	}
	h := &Head{
		Process: small.Draw(t, "process"), Version: small.Draw(t, "version"), State: s,
		BusinessKey: words.Draw(t, "business key"), Labels: rapid.MapOfN(words, words, 0, 20).Draw(t, "labels"),
		Priority: rapid.IntRange(-5, 5).Draw(t, "priority"), Due: millis.Draw(t, "due"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "earlier moves") {
		h.Moves = append(h.Moves, Moved{numbers.Draw(t, "moved"), small.Draw(t, "from")})
	}
	events := randomEvents(t, 1)
	h.Tail.Reset(uint64(1), millis.Draw(t, "base"))
	for i := range events {
		h.Tail.Append(&events[i])
	}
	return h
}

func randomValue(t *rapid.T) expr.Value {
	return rapid.OneOf(
		rapid.Just(expr.Value{}),
		rapid.Map(rapid.Int64(), func(i int64) expr.Value { return value(i) }),
		rapid.Map(rapid.StringN(0, 100, -1), func(s string) expr.Value { return value(s) }),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), LargeValue-10, LargeValue+10), func(b []byte) expr.Value { return value(b) }),
		rapid.Map(rapid.MapOfN(rapid.StringN(0, 5, -1), rapid.Float64(), 0, 5), func(m map[string]float64) expr.Value { return value(m) }),
	).Draw(t, "value")
}

func randomEvents(t *rapid.T, first uint64) []kernel.Event {
	var events []kernel.Event
	for i := range rapid.IntRange(0, 8).Draw(t, "events") {
		e := kernel.Event{
			Seq: first + uint64(i), At: millis.Draw(t, "at"), Kind: history.Kind(rapid.IntRange(1, 255).Draw(t, "kind")),
			Node: int32(rapid.IntRange(-1, 300).Draw(t, "node")), Flows: numbers.Draw(t, "flows"),
			Attempt: small.Draw(t, "attempt"), Due: millis.Draw(t, "due"), Actor: words.Draw(t, "actor"),
			Key: words.Draw(t, "key"), Code: words.Draw(t, "code"), Note: words.Draw(t, "note"),
		}
		if rapid.IntRange(0, 4).Draw(t, "moves") == 0 {
			e.Move = randomMove(t)
			e.Rules = plain(rapid.SliceOfN(rapid.Uint16(), 0, 4).Draw(t, "rules"))
		}
		slots := rapid.SliceOfNDistinct(rapid.Int32Range(0, 1000), 0, 4, func(s int32) int32 { return s }).Draw(t, "wrote")
		slices.Sort(slots)
		for _, slot := range slots {
			e.Wrote = append(e.Wrote, kernel.Write{Slot: slot, Value: randomValue(t)})
		}
		events = append(events, e)
	}
	return events
}

func randomMove(t *rapid.T) *kernel.Move {
	seqs := func(what string) []uint64 { return plain(rapid.SliceOfN(numbers, 0, 5).Draw(t, what)) }
	mv := &kernel.Move{
		From: small.Draw(t, "from"), To: small.Draw(t, "to"), Criteria: rapid.Byte().Draw(t, "criteria"), Timers: rapid.Byte().Draw(t, "timers"),
		Dropped: seqs("dropped"), Order: seqs("order"),
	}
	slices.Sort(mv.Dropped)
	for range rapid.IntRange(0, 3).Draw(t, "renames") {
		mv.Rename = append(mv.Rename, kernel.Renaming{Old: words.Draw(t, "old"), New: words.Draw(t, "new")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "dues") {
		mv.Dues = append(mv.Dues, kernel.Due{Node: int32(rapid.IntRange(0, 300).Draw(t, "node")), At: millis.Draw(t, "due")})
	}
	return mv
}

// plainScope is s with empty sets as nil, and without what an encoding may leave out.
func plainScope(s kernel.Scope, slots int) kernel.Scope {
	s.Slots = slices.Clone(s.Slots)
	if len(s.Slots) > slots {
		clear(s.Slots[slots:])
	}
	s.Superseded, s.EnvWritten = plainBits(s.Superseded), plainBits(s.EnvWritten)
	s.Loops = slices.Clone(s.Loops)
	for i := range s.Loops {
		s.Loops[i].Wrote = plainBits(s.Loops[i].Wrote)
	}
	s.Tags = slices.Clone(s.Tags)
	for i := range s.Tags {
		s.Tags[i].Debts = slices.Clone(plain(s.Tags[i].Debts))
	}
	s.Slots, s.Marking, s.Works, s.Loops, s.Tags = plain(s.Slots), plain(s.Marking), plain(s.Works), plain(s.Loops), plain(s.Tags)
	return s
}

// durable are the parts of a head that its record holds, in a form that reflect.DeepEqual can compare.
type durable struct {
	head     Head
	state    kernel.State
	scope    kernel.Scope
	children []kernel.Children
	actors   []string
	rules    []uint16
	labels   map[string]string
	moves    []Moved
	tail     Tail
}

func durableOf(h *Head) durable {
	d := durable{
		head: *h, scope: plainScope(h.State.Scope, HeadSlots), children: plain(h.State.Children), actors: plain(h.State.Actors),
		rules: plain(slices.Clone(h.State.Rules)),
		moves: plain(slices.Clone(h.Moves)), tail: h.Tail,
	}
	d.state = kernel.State{
		Status: h.State.Status, Epoch: h.State.Epoch, Seq: h.State.Seq, Created: h.State.Created, Updated: h.State.Updated,
	}
	d.head.State, d.head.Labels, d.head.Moves, d.head.Tail = nil, nil, nil, Tail{}
	if len(h.Labels) > 0 {
		d.labels = maps.Clone(h.Labels)
	}
	d.tail.Bytes = plain(slices.Clone(h.Tail.Bytes))
	if d.tail.N == 0 {
		d.tail = Tail{} // an empty tail begins anywhere
	}
	return d
}

func plain[S ~[]E, E any](s S) S {
	if len(s) == 0 {
		return nil
	}
	return s
}

func plainBits(b kernel.Bits) kernel.Bits {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return plain(b)
}
