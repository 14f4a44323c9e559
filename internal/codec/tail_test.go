package codec

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/workflow/history"
)

// Events come back as they were, from a head's tail and from a chunk; large values from where they were put.
func TestEventsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint64Range(1, 1<<40).Draw(t, "first")
		events := randomEvents(t, first)
		own := map[string][]byte{} // the records of large values
		var tail Tail
		tail.Reset(first, millis.Draw(t, "base"))
		for i := range events {
			e := &events[i]
			large := 0
			for _, w := range e.Wrote {
				if b, ok := AppendLarge(nil, w.Value); ok {
					own[fmt.Sprint(w.Slot, e.Seq)] = b
					large++
				}
			}
			if got := tail.Append(e); got != large {
				t.Fatalf("event %d: %d large values, want %d", e.Seq, got, large)
			}
		}
		fetch := func(slot int32, version uint64) (expr.Value, error) {
			b, ok := own[fmt.Sprint(slot, version)]
			if !ok {
				return expr.Value{}, fmt.Errorf("slot %d has no large value of event %d", slot, version)
			}
			return DecodeLarge(b)
		}

		runs := []*Tail{&tail}
		if tail.N > 0 {
			chunk := new(Tail)
			chunk.Reset(7, 7)
			chunk.Append(&kernel.Event{Seq: 7, Kind: history.Fired}) // leftovers
			if err := DecodeChunk(AppendChunk(nil, &tail), first, chunk); err != nil {
				t.Fatal(err)
			}
			if chunk.First != tail.First || chunk.N != tail.N || chunk.Last != tail.Last {
				t.Fatalf("chunk %+v of %+v", chunk, tail)
			}
			runs = append(runs, chunk)
		}
		for _, run := range runs {
			i := 0
			for e, err := range run.Events(fetch) {
				if err != nil {
					t.Fatal(err)
				}
				if !sameEvent(&e, &events[i]) {
					t.Fatalf("event %+v, want %+v", e, events[i])
				}
				i++
			}
			if i != len(events) {
				t.Fatalf("%d events, want %d", i, len(events))
			}
		}
		checkValues(t, &tail, events, own)
	})
}

// checkValues compares Value with the plain search through the events.
func checkValues(t *rapid.T, tail *Tail, events []kernel.Event, own map[string][]byte) {
	for version := tail.First - 1; version <= tail.First+uint64(len(events)); version++ {
		for slot := range int32(20) {
			want, place := expr.Value{}, Nowhere
			for i := range events {
				for _, w := range events[i].Wrote {
					if events[i].Seq == version && w.Slot == slot {
						want, place = w.Value, Here
						if own[fmt.Sprint(slot, version)] != nil {
							want, place = expr.Value{}, OwnRecord
						}
					}
				}
			}
			got, at, err := tail.Value(int(slot), version)
			if err != nil || at != place || !got.Equal(want) {
				t.Fatalf("slot %d of event %d: %v (%v), %v; want %v (%v)", slot, version, got, at, err, want, place)
			}
		}
	}
}

func sameEvent(a, b *kernel.Event) bool {
	if len(a.Wrote) != len(b.Wrote) {
		return false
	}
	for i := range a.Wrote {
		if a.Wrote[i].Slot != b.Wrote[i].Slot || !a.Wrote[i].Value.Equal(b.Wrote[i].Value) {
			return false
		}
	}
	return a.Seq == b.Seq && a.At == b.At && a.Kind == b.Kind && a.Node == b.Node && a.Flows == b.Flows && a.Attempt == b.Attempt &&
		a.Due == b.Due && a.Actor == b.Actor && a.Key == b.Key && a.Code == b.Code && a.Note == b.Note &&
		reflect.DeepEqual(a.Move, b.Move)
}

// The size of a value takes one byte up to 63, two up to LargeValue; beyond, the value leaves the event.
func TestValueSizes(t *testing.T) {
	for _, n := range []int{0, 61, 62, 63, 64, 1000, LargeValue - 3, LargeValue - 2, LargeValue} {
		v := value(make([]byte, n))
		size := len(v.Append(nil))
		var tail Tail
		large := tail.Append(&kernel.Event{Seq: 1, Kind: history.Completed, Wrote: []kernel.Write{
			{Slot: 3, Value: v}, {Slot: 4, Value: value("behind")},
		}})
		if (size > LargeValue) != (large == 1) {
			t.Errorf("a value of %d bytes: %d large", size, large)
		}
		got, at, err := tail.Value(3, 1)
		if err != nil || large == 0 && (at != Here || !got.Equal(v)) || large == 1 && at != OwnRecord {
			t.Errorf("a value of %d bytes came back as %v (%v), %v", size, got, at, err)
		}
		if got, at, err := tail.Value(4, 1); err != nil || at != Here || !got.Equal(value("behind")) {
			t.Errorf("what follows a value of %d bytes came back as %v (%v), %v", size, got, at, err)
		}
	}
}

// Without a way to large values they are absent; with one that fails, so does reading.
func TestLargeValuesAskedFor(t *testing.T) {
	var tail Tail
	e := kernel.Event{Seq: 5, Kind: history.Completed, Wrote: []kernel.Write{{Slot: 1, Value: value(make([]byte, 2*LargeValue))}}}
	tail.Append(&e)
	for got, err := range tail.Events(nil) {
		if err != nil || len(got.Wrote) != 1 || !got.Wrote[0].Value.Absent() {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	lost := errors.New("lost")
	for _, err := range tail.Events(func(int32, uint64) (expr.Value, error) { return expr.Value{}, lost }) {
		if !errors.Is(err, lost) {
			t.Errorf("got %v", err)
		}
	}
}
