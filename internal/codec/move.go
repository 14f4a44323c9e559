package codec

import (
	"github.com/replank/replank/internal/kernel"
)

// What a Migrated event says of its move, as a str within the event (see Tail):
//
//	| uv from | uv to | criteria | timers | uv n, n x (str old, str new) | uv n, n x uv dropped - the one before
//	| uv n, n x zz order - the one before | uv n, n x (uv node, zz due-at) |
//
// dropped ascends; order is a permutation. Times are relative to the event's.

func appendMove(dst []byte, mv *kernel.Move, at int64) []byte {
	dst = appendUvarint(appendUvarint(dst, uint64(mv.From)), uint64(mv.To))
	dst = append(dst, mv.Criteria, mv.Timers)
	dst = appendUvarint(dst, uint64(len(mv.Rename)))
	for _, r := range mv.Rename {
		dst = appendString(appendString(dst, r.Old), r.New)
	}
	dst = appendUvarint(dst, uint64(len(mv.Dropped)))
	last := uint64(0)
	for _, seq := range mv.Dropped {
		dst = appendUvarint(dst, seq-last)
		last = seq
	}
	dst = appendUvarint(dst, uint64(len(mv.Order)))
	last = 0
	for _, seq := range mv.Order {
		dst = appendVarint(dst, int64(seq-last))
		last = seq
	}
	dst = appendUvarint(dst, uint64(len(mv.Dues)))
	for _, d := range mv.Dues {
		dst = appendVarint(appendUvarint(dst, uint64(uint32(d.Node))), d.At-at)
	}
	return dst
}

// move reads what appendMove wrote. A fault is noted at the move's end.
func (r *reader) move(at int64) *kernel.Move {
	in := reader{b: r.bytes()}
	mv := &kernel.Move{From: in.uint32(), To: in.uint32(), Criteria: in.byte(), Timers: in.byte()}
	if n := in.count(2); n > 0 {
		mv.Rename = make([]kernel.Renaming, n)
		for i := range mv.Rename {
			mv.Rename[i] = kernel.Renaming{Old: in.string(""), New: in.string("")}
		}
	}
	last := uint64(0)
	if n := in.count(1); n > 0 {
		mv.Dropped = make([]uint64, n)
		for i := range mv.Dropped {
			last += in.uvarint()
			mv.Dropped[i] = last
		}
	}
	last = 0
	if n := in.count(1); n > 0 {
		mv.Order = make([]uint64, n)
		for i := range mv.Order {
			last += uint64(in.varint())
			mv.Order[i] = last
		}
	}
	if n := in.count(2); n > 0 {
		mv.Dues = make([]kernel.Due, n)
		for i := range mv.Dues {
			mv.Dues[i] = kernel.Due{Node: in.int31(), At: at + in.varint()}
		}
	}
	if in.bad == "" && in.pos < len(in.b) {
		in.fail("something follows the end of a move")
	}
	if in.bad != "" {
		r.fail(in.bad)
	}
	return mv
}
