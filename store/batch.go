package store

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// A batch is one arena of records, in the form in which Pebble writes batches
// to its log, so that the embedded store takes it over without copying:
//
//	| sequence number: 8 bytes, zero | count: uint32 LE | record ... |
//
//	record: | kind: 1 byte | length: uvarint | key | length: uvarint | value |
//
// Delete and DeleteOnce have no value; the value of DeleteRange is its upper
// bound. The kinds' numbers are Pebble's (see the assertion in pebble.go), and
// are part of its log format, which does not change. Other backends read the
// batch with Batch.Writes and never see this.

// Kind says what a Write does.
type Kind uint8

// The kinds of writes.
const (
	Delete      Kind = 0  // Key ceases to exist
	Put         Kind = 1  // Key gets Value
	DeleteOnce  Kind = 7  // as Delete, for a key put at most once since it last did not exist
	DeleteRange Kind = 15 // all of [Key, Value) cease to exist
)

// String names the method of Batch that makes the write.
func (k Kind) String() string {
	switch k {
	case Delete:
		return "Delete"
	case Put:
		return "Put"
	case DeleteOnce:
		return "DeleteOnce"
	case DeleteRange:
		return "DeleteRange"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Write is one write of a batch. For DeleteRange, Key and Value are the bounds.
// The slices belong to the batch.
type Write struct {
	Kind       Kind
	Key, Value []byte
}

const headerSize = 12

// Arenas beyond this many bytes are not kept for the next batch.
const maxRetained = 1 << 20

// Batch is a list of writes that become visible together or not at all, in
// order: a later write of a key wins. The zero Batch is empty. Keys and values
// passed in are copied. A Batch must not be used by two goroutines at once.
//
// Methods do not fail; Commit refuses a batch with a key or value beyond the
// limits.
type Batch struct {
	rep    []byte // header and records, or nil
	n      int    // records in rep
	expect []byte // expectations: uvarint, key, 0 | 1 + len(value) as uvarint, value
	expens int    // expectations in expect
	err    error  // the first limit that was exceeded
}

// Put sets key to value.
func (b *Batch) Put(key, value []byte) {
	if !b.checkKey(key) || !b.checkValue(key, value) {
		return
	}
	b.record(Put, key)
	b.rep = binary.AppendUvarint(b.rep, uint64(len(value)))
	b.rep = append(b.rep, value...)
}

// Delete removes key, which need not exist.
func (b *Batch) Delete(key []byte) {
	if b.checkKey(key) {
		b.record(Delete, key)
	}
}

// DeleteOnce removes a key that was put exactly once since it last did not
// exist. It costs an LSM store less than Delete. On a key that was put more
// often the outcome is undefined: an older value may come back.
func (b *Batch) DeleteOnce(key []byte) {
	if b.checkKey(key) {
		b.record(DeleteOnce, key)
	}
}

// DeleteRange removes every key of [lo, hi). Both bounds are needed; a range
// with lo >= hi is empty.
func (b *Batch) DeleteRange(lo, hi []byte) {
	if !b.checkKey(lo) || !b.checkKey(hi) || string(lo) >= string(hi) {
		return
	}
	b.record(DeleteRange, lo)
	b.rep = binary.AppendUvarint(b.rep, uint64(len(hi)))
	b.rep = append(b.rep, hi...)
}

// Expect makes Commit fail with ErrConflict unless key has exactly this value
// before the batch. A nil value (not an empty one) expects that key does not
// exist.
func (b *Batch) Expect(key, value []byte) {
	if !b.checkKey(key) {
		return
	}
	b.expect = binary.AppendUvarint(b.expect, uint64(len(key)))
	b.expect = append(b.expect, key...)
	if value == nil {
		b.expect = append(b.expect, 0)
	} else {
		b.expect = binary.AppendUvarint(b.expect, uint64(len(value))+1)
		b.expect = append(b.expect, value...)
	}
	b.expens++
}

// Len returns the number of writes; expectations are not counted.
func (b *Batch) Len() int { return b.n }

// Size returns the bytes of the writes as they go to the log.
func (b *Batch) Size() int { return max(len(b.rep), headerSize) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	if cap(b.rep) > maxRetained {
		b.rep = nil
	}
	if cap(b.expect) > maxRetained {
		b.expect = nil
	}
	b.rep, b.n = b.rep[:0], 0
	b.expect, b.expens = b.expect[:0], 0
	b.err = nil
}

// Writes yields the writes in order. The slices belong to the batch and are
// valid until it changes.
func (b *Batch) Writes() iter.Seq[Write] {
	return func(yield func(Write) bool) {
		for rest := b.rep[min(len(b.rep), headerSize):]; len(rest) > 0; {
			w := Write{Kind: Kind(rest[0])}
			w.Key, rest = cut(rest[1:])
			if w.Kind == Put || w.Kind == DeleteRange {
				w.Value, rest = cut(rest)
			}
			if !yield(w) {
				return
			}
		}
	}
}

// Expectations yields what was given to Expect, in order; a nil Value expects
// that the key does not exist. The slices belong to the batch.
func (b *Batch) Expectations() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for rest := b.expect; len(rest) > 0; {
			var e Entry
			e.Key, rest = cut(rest)
			v, n := binary.Uvarint(rest)
			rest = rest[n:]
			if v > 0 {
				e.Value = rest[: v-1 : v-1]
				rest = rest[v-1:]
			}
			if !yield(e) {
				return
			}
		}
	}
}

// Err returns the first violation of a limit by a key or value, or by the size
// of the whole batch. Commit of a backend checks it first.
func (b *Batch) Err() error {
	if b.err == nil && len(b.rep) > MaxBatchSize {
		return fmt.Errorf("store: batch of %d bytes exceeds the limit of %d: split it", len(b.rep), MaxBatchSize)
	}
	return b.err
}

func (b *Batch) record(k Kind, key []byte) {
	if len(b.rep) == 0 {
		b.rep = append(b.rep, make([]byte, headerSize)...)
	}
	b.rep = append(b.rep, byte(k))
	b.rep = binary.AppendUvarint(b.rep, uint64(len(key)))
	b.rep = append(b.rep, key...)
	b.n++
}

// seal completes the header. It must precede handing rep to Pebble.
func (b *Batch) seal() {
	clear(b.rep[:8])
	binary.LittleEndian.PutUint32(b.rep[8:headerSize], uint32(b.n))
}

// checkKey and checkValue report whether the limits hold. The first violation
// stays in b and dooms the batch.
func (b *Batch) checkKey(key []byte) bool {
	n := len(key)
	if n > 0 && n <= MaxKeySize {
		return true
	}
	if b.err == nil {
		b.err = fmt.Errorf("store: key of %d bytes (%s): keys have 1 to %d bytes", n, showKey(key), MaxKeySize)
	}
	return false
}

func (b *Batch) checkValue(key, value []byte) bool {
	n := len(value)
	if n <= MaxValueSize {
		return true
	}
	if b.err == nil {
		b.err = fmt.Errorf("store: value of %d bytes under key %s exceeds the limit of %d", n, showKey(key), MaxValueSize)
	}
	return false
}

// cut splits a length-prefixed string off rest, which this file has encoded.
func cut(rest []byte) (s, tail []byte) {
	v, n := binary.Uvarint(rest)
	rest = rest[n:]
	return rest[:v:v], rest[v:]
}

// showKey writes a key for an error: hexadecimal, long ones shortened.
func showKey(key []byte) string {
	const most = 64
	if len(key) > most {
		return fmt.Sprintf("%x... (%d bytes)", key[:most], len(key))
	}
	return fmt.Sprintf("%x", key)
}
