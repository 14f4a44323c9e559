package codec

import (
	"errors"
	"iter"
	"math"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/workflow/history"
)

// Tail is a run of consecutive history events, encoded: the newest ones in a head, or a chunk of older ones. The zero
// Tail is empty. Its memory is its own.
type Tail struct {
	First uint64 // number of its first event
	Base  int64  // unix milliseconds, what the first event's time is relative to
	Last  int64  // unix milliseconds, time of the last event
	N     int    // events
	Bytes []byte // the events
}

// An event:
//
//	| kind | flags | [more flags] | [uv node] | [zz at - at of the event before] | [str actor] | [zz due-at] | [uv flows]
//	| [uv attempt] | [str key] | [str code] | [str note] | [str move] | [str rules] | [writes]
//
//	writes  uv n, then n x (uv slot - slot before (> 0 but for the first), uv 2*size + large, the value unless large)
//
// Its number is not stored: events are consecutive. Due is relative to the event's own time.
const (
	eventNode byte = 1 << iota
	eventAt
	eventActor
	eventWrote
	eventDue
	eventFlows
	eventAttempt
	eventMore
)

const (
	eventKey byte = 1 << iota
	eventCode
	eventNote
	eventMove
	eventRules
)

// Reset makes t empty, to be continued by event number first. The next event's time will be stored relative to base.
func (t *Tail) Reset(first uint64, base int64) {
	t.First, t.Base, t.Last, t.N, t.Bytes = first, base, base, 0, t.Bytes[:0]
}

// Append adds e, whose number must be that of the last event plus one: it is not stored, so another one is lost. On a
// zero Tail, e sets First and Base. It returns how many of the values that e wrote are too large to stand in history:
// their place and size are noted, and the caller stores each under a key of its own (AppendLarge).
func (t *Tail) Append(e *kernel.Event) (large int) {
	if t.N == 0 && t.First == 0 {
		t.Reset(e.Seq, e.At)
	}
	at := len(t.Bytes)
	dst := append(t.Bytes, byte(e.Kind), 0)
	var flags, more byte
	if e.Key != "" {
		more |= eventKey
	}
	if e.Code != "" {
		more |= eventCode
	}
	if e.Note != "" {
		more |= eventNote
	}
	if e.Move != nil {
		more |= eventMove
	}
	if e.Rules != nil {
		more |= eventRules
	}
	if more != 0 {
		flags |= eventMore
		dst = append(dst, more)
	}
	if e.Node >= 0 {
		flags |= eventNode
		dst = appendUvarint(dst, uint64(e.Node))
	}
	if e.At != t.Last {
		flags |= eventAt
		dst = appendVarint(dst, e.At-t.Last)
	}
	if e.Actor != "" {
		flags |= eventActor
		dst = appendString(dst, e.Actor)
	}
	if e.Due != 0 {
		flags |= eventDue
		dst = appendVarint(dst, e.Due-e.At)
	}
	if e.Flows != 0 {
		flags |= eventFlows
		dst = appendUvarint(dst, e.Flows)
	}
	if e.Attempt != 0 {
		flags |= eventAttempt
		dst = appendUvarint(dst, uint64(e.Attempt))
	}
	if more&eventKey != 0 {
		dst = appendString(dst, e.Key)
	}
	if more&eventCode != 0 {
		dst = appendString(dst, e.Code)
	}
	if more&eventNote != 0 {
		dst = appendString(dst, e.Note)
	}
	if e.Move != nil {
		move := appendMove(nil, e.Move, e.At)
		dst = append(appendUvarint(dst, uint64(len(move))), move...)
	}
	if e.Rules != nil {
		rules := make([]byte, 0, 16)
		for _, state := range e.Rules {
			rules = appendUvarint(rules, uint64(state))
		}
		dst = append(appendUvarint(dst, uint64(len(rules))), rules...)
	}
	if len(e.Wrote) > 0 {
		flags |= eventWrote
		dst, large = appendWrites(dst, e.Wrote)
	}
	dst[at+1] = flags
	t.Bytes, t.Last = dst, e.At
	t.N++
	return large
}

func appendWrites(dst []byte, wrote []kernel.Write) (_ []byte, large int) {
	dst = appendUvarint(dst, uint64(len(wrote)))
	last := int32(0)
	for i := range wrote {
		w := &wrote[i]
		dst = appendUvarint(dst, uint64(uint32(w.Slot-last)))
		last = w.Slot

		// The size stands before the value, and is known after it. It takes one byte as a rule.
		at := len(dst)
		dst = w.Value.Append(append(dst, 0))
		size := len(dst) - at - 1
		switch {
		case size > LargeValue:
			large++
			dst = appendUvarint(dst[:at], uint64(size)<<1|1)
		case size < 64:
			dst[at] = byte(size << 1)
		default: // two bytes: 2*LargeValue fits them
			dst = append(dst, 0)
			copy(dst[at+2:], dst[at+1:len(dst)-1])
			appendUvarint(dst[at:at], uint64(size)<<1)
		}
	}
	return dst, large
}

// AppendLarge appends v's record if v is too large to stand in the event that wrote it, and reports whether it is.
func AppendLarge(dst []byte, v expr.Value) ([]byte, bool) {
	at := len(dst)
	dst = v.Append(append(dst, FormatValue))
	if len(dst)-at-1 <= LargeValue {
		return dst[:at], false
	}
	return dst, true
}

// DecodeLarge decodes the record of a large value.
func DecodeLarge(b []byte) (expr.Value, error) {
	r := open(b, FormatValue)
	v := r.value(len(b) - r.pos)
	return v, r.close("value")
}

// AppendChunk appends the history record of t's events, to be stored under t.First. An empty t has none.
func AppendChunk(dst []byte, t *Tail) []byte {
	dst = appendVarint(append(dst, FormatChunk), t.Base)
	dst = appendVarint(appendUvarint(dst, uint64(t.N)), t.Last-t.Base)
	return append(dst, t.Bytes...)
}

// DecodeChunk decodes a history record that was stored under event number first. It copies the events, and does not
// look into them: Events and Value do.
func DecodeChunk(b []byte, first uint64, t *Tail) error {
	r := open(b, FormatChunk)
	base := r.varint()
	t.Reset(first, base)
	t.N = int(r.int31())
	t.Last = base + r.varint()
	if rest := len(b) - r.pos; t.N == 0 || t.N > rest/2 {
		r.fail("it is not as long as it says")
	}
	if err := r.err("history"); err != nil {
		t.Reset(first, base)
		return err
	}
	t.Bytes = append(t.Bytes, b[r.pos:]...)
	return nil
}

// Events yields the events in order. Values that are too large to stand in history are asked of large, with the slot
// and the number of the event; if that is nil they are absent. The event and its Wrote belong to the caller. An error
// ends the sequence.
func (t *Tail) Events(large func(slot int32, version uint64) (expr.Value, error)) iter.Seq2[kernel.Event, error] {
	return func(yield func(kernel.Event, error) bool) {
		r := reader{b: t.Bytes}
		at := t.Base
		for i := range t.N {
			e := kernel.Event{Seq: t.First + uint64(i)}
			err := r.event(&e, &at, large)
			if err == nil && i == t.N-1 {
				err = r.close("history")
			}
			if err != nil {
				yield(kernel.Event{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Place says where the value of a write is.
type Place uint8

// Places of a value.
const (
	Nowhere   Place = iota // the event did not write the slot, or is not among these
	Here                   // it was returned
	OwnRecord              // it has a record of its own
)

// Value returns the value that event number version wrote to slot, without decoding others.
func (t *Tail) Value(slot int, version uint64) (expr.Value, Place, error) {
	if version < t.First || version-t.First >= uint64(t.N) {
		return expr.Value{}, Nowhere, nil
	}
	r := reader{b: t.Bytes}
	for range version - t.First {
		r.skipEvent()
	}
	n := r.skipToWrites()
	last := int32(0)
	for i := range n {
		last = r.slot(last, i)
		size, large := r.size()
		if int(last) != slot {
			r.skipValue(size, large)
			continue
		}
		if large {
			return expr.Value{}, OwnRecord, r.err("history")
		}
		v := r.value(size)
		return v, Here, r.err("history")
	}
	return expr.Value{}, Nowhere, r.err("history")
}

func (r *reader) event(e *kernel.Event, at *int64, large func(int32, uint64) (expr.Value, error)) error {
	e.Kind, e.Node = history.Kind(r.byte()), -1
	if e.Kind == 0 && r.bad == "" {
		r.fail("an event's kind is 0")
	}
	flags := r.byte()
	var more byte
	if flags&eventMore != 0 {
		more = r.flags(eventKey | eventCode | eventNote | eventMove | eventRules)
	}
	if flags&eventNode != 0 {
		e.Node = r.int31()
	}
	if flags&eventAt != 0 {
		*at += r.varint()
	}
	e.At = *at
	if flags&eventActor != 0 {
		e.Actor = r.string("")
	}
	if flags&eventDue != 0 {
		e.Due = e.At + r.varint()
	}
	if flags&eventFlows != 0 {
		e.Flows = r.uvarint()
	}
	if flags&eventAttempt != 0 {
		e.Attempt = r.uint32()
	}
	if more&eventKey != 0 {
		e.Key = r.string("")
	}
	if more&eventCode != 0 {
		e.Code = r.string("")
	}
	if more&eventNote != 0 {
		e.Note = r.string("")
	}
	if more&eventMove != 0 {
		e.Move = r.move(e.At)
	}
	if more&eventRules != 0 {
		e.Rules = r.states()
	}
	if flags&eventWrote == 0 {
		return r.err("history")
	}
	e.Wrote = make([]kernel.Write, r.count(2))
	last := int32(0)
	for i := range e.Wrote {
		w := &e.Wrote[i]
		last = r.slot(last, i)
		w.Slot = last
		size, isLarge := r.size()
		switch {
		case !isLarge:
			w.Value = r.value(size)
		case large != nil && r.bad == "":
			var err error
			if w.Value, err = large(last, e.Seq); err != nil {
				return err
			}
		}
	}
	return r.err("history")
}

// skipToWrites skips an event up to its writes and returns their number.
func (r *reader) skipToWrites() int {
	r.byte()
	flags := r.byte()
	var more byte
	if flags&eventMore != 0 {
		more = r.byte()
	}
	for _, f := range [...]byte{eventNode, eventAt} {
		if flags&f != 0 {
			r.uvarint()
		}
	}
	if flags&eventActor != 0 {
		r.bytes()
	}
	for _, f := range [...]byte{eventDue, eventFlows, eventAttempt} {
		if flags&f != 0 {
			r.uvarint()
		}
	}
	for _, f := range [...]byte{eventKey, eventCode, eventNote, eventMove, eventRules} {
		if more&f != 0 {
			r.bytes()
		}
	}
	if flags&eventWrote == 0 {
		return 0
	}
	return r.count(2)
}

// states reads the states of rules that a Migrated event carries; the schema moved to bounds them.
func (r *reader) states() []uint16 {
	in := reader{b: r.bytes()}
	var states []uint16
	for in.pos < len(in.b) && in.bad == "" {
		if n := in.uvarint(); n <= math.MaxUint16 {
			states = append(states, uint16(n))
		} else {
			in.fail("a state of a rule is too large")
		}
	}
	if in.bad != "" || states == nil {
		r.fail("its states of rules are none")
	}
	return states
}

func (r *reader) skipEvent() {
	for range r.skipToWrites() {
		r.uvarint()
		r.skipValue(r.size())
	}
}

// slot reads the slot of write i, which comes behind slot last.
func (r *reader) slot(last int32, i int) int32 {
	d := r.int31()
	if d > math.MaxInt32-last || d == 0 && i > 0 {
		r.fail("the slots of its writes do not ascend")
		return last
	}
	return last + d
}

// size reads a value's size in bytes, and whether it has a record of its own.
func (r *reader) size() (int, bool) {
	x := r.uvarint()
	size, large := x>>1, x&1 != 0
	if !large && size > uint64(len(r.b)-r.pos) {
		r.fail("it ends too early")
		return 0, false
	}
	return int(min(size, 1<<31-1)), large
}

func (r *reader) skipValue(size int, large bool) {
	if !large {
		r.pos += size
	}
}

// value reads a value of exactly so many bytes.
func (r *reader) value(size int) expr.Value {
	if r.bad != "" {
		return expr.Value{}
	}
	v, rest, err := expr.DecodeValue(r.b[r.pos : r.pos+size])
	if err == nil && len(rest) > 0 {
		err = errors.New("something follows a value")
	}
	if err != nil {
		r.fail(err.Error())
		return expr.Value{}
	}
	r.pos += size
	return v
}
