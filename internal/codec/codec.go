// Package codec turns what the engine keeps into bytes and back: heads, scopes, slot pages, history, and the small
// records around them. internal/keys says under which keys they lie.
//
// Every record begins with a format byte, distinct for each kind of record, so that a record under a wrong key is
// noticed. A change to a record's form is a new format; the old one stays readable for ever (testdata/corpus holds what
// earlier releases wrote). The forms follow one rule: what is empty costs nothing, or one bit of a flag byte, and a
// number is relative to what the reader knows already. What a record costs is held by a table in the tests.
//
// Numbers are varints: "uv" is the unsigned LEB128 of encoding/binary, "zz" its zigzag form, "str" an uv length and so
// many bytes. Times are unix milliseconds, UTC.
//
// Appending functions allocate nothing when dst has room. Decoding functions take any bytes: they never panic,
// allocate no more than a small multiple of the input and of the shape, and return an *Error. They reuse the memory of
// what they decode into. Keys are not theirs to know: the caller adds to an error which record it read.
package codec

import (
	"errors"
	"fmt"
)

// Formats, append-only: the first byte of every record. 0 is none.
const (
	FormatHead         byte = 1
	FormatChild        byte = 2
	FormatSlotPage     byte = 3
	FormatChunk        byte = 4
	FormatValue        byte = 5
	FormatProcess      byte = 6
	FormatVersion      byte = 7
	FormatTask         byte = 8
	FormatTimer        byte = 9
	FormatSubscription byte = 10
	FormatIncident     byte = 11
	FormatBusinessKey  byte = 12
	FormatMessage      byte = 13
	FormatSeen         byte = 14
	FormatProcessID    byte = 15
	FormatMigration    byte = 16

	lastFormat = FormatMigration
)

// Limits that are part of the formats.
const (
	// HeadSlots is the number of variables whose versions stand in the head. Those of later slots stand in pages of
	// PageSlots, each its own record, so that a step costs the same however many variables there are.
	HeadSlots = 32
	PageSlots = 64
	// LargeValue is the length in bytes of the longest encoded value that stands in the event that wrote it. A longer
	// one has a record of its own, which no later step copies.
	LargeValue = 1 << 10
)

// Errors that callers branch on.
var (
	// ErrCorrupt: the bytes are not a record of this kind.
	ErrCorrupt = errors.New("codec: record damaged")
	// ErrNewer: the record has a format that this release does not know.
	ErrNewer = errors.New("codec: record written by a newer release")
)

// Error says what is wrong with a record, and where. It matches ErrCorrupt, or ErrNewer if Newer.
type Error struct {
	Record string // its kind: "head", "history"
	Offset int    // in bytes from the record's start
	What   string
	Newer  bool
}

// Error names the record's kind, the place and the fault.
func (e *Error) Error() string {
	if e.Newer {
		return fmt.Sprintf("%s record at byte %d: %s: a newer release may have written it; open the store with that one", e.Record, e.Offset, e.What)
	}
	return fmt.Sprintf("%s record damaged at byte %d: %s", e.Record, e.Offset, e.What)
}

// Is matches ErrCorrupt or ErrNewer.
func (e *Error) Is(target error) bool {
	return target == ErrNewer && e.Newer || target == ErrCorrupt && !e.Newer
}
