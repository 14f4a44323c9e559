package codec

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/replank/replank/internal/kernel"
)

// reader reads one record from its front. The first fault sticks: from then on every read gives zero, so that decoders
// check once, at the end, and loops over counts stop.
type reader struct {
	b     []byte
	pos   int
	bad   string // the first fault; "": none
	at    int    // its offset
	newer bool
}

// open starts a record of the given format.
func open(b []byte, format byte) reader {
	r := reader{b: b, pos: 1}
	switch {
	case len(b) == 0:
		r.pos = 0
		r.fail("it is empty")
	case b[0] == format:
	case b[0] == 0 || b[0] > lastFormat:
		r.pos, r.newer = 0, b[0] != 0
		r.fail(fmt.Sprintf("format %d is unknown", b[0]))
	default:
		r.pos = 0
		r.fail(fmt.Sprintf("it has format %d instead of %d: it is another kind of record", b[0], format))
	}
	return r
}

// fail notes a fault at the current byte; only the first one counts.
func (r *reader) fail(what string) {
	if r.bad == "" {
		r.bad, r.at = what, r.pos
	}
	r.pos = len(r.b)
}

// err returns the fault, if there was one.
func (r *reader) err(record string) error {
	if r.bad == "" {
		return nil
	}
	return &Error{Record: record, Offset: r.at, What: r.bad, Newer: r.newer}
}

// close is err, and it is a fault if something follows.
func (r *reader) close(record string) error {
	if r.pos < len(r.b) {
		r.fail("something follows its end")
	}
	return r.err(record)
}

func (r *reader) byte() byte {
	if r.pos >= len(r.b) {
		r.fail("it ends too early")
		return 0
	}
	r.pos++
	return r.b[r.pos-1]
}

// flags reads a flag byte of which the bits in known have a meaning.
func (r *reader) flags(known byte) byte {
	f := r.byte()
	if f&^known != 0 {
		r.pos--
		r.newer = r.bad == ""
		r.fail(fmt.Sprintf("flags %#02x are unknown", f&^known))
		return 0
	}
	return f
}

func (r *reader) uvarint() uint64 {
	if r.pos < len(r.b) && r.b[r.pos] < 0x80 {
		r.pos++
		return uint64(r.b[r.pos-1])
	}
	return r.long()
}

// long is the rare half of uvarint.
func (r *reader) long() uint64 {
	x, n := binary.Uvarint(r.b[r.pos:])
	if n <= 0 {
		if n == 0 {
			r.fail("it ends too early")
		} else {
			r.fail("a number does not fit 64 bits")
		}
		return 0
	}
	r.pos += n
	return x
}

func (r *reader) varint() int64 {
	x := r.uvarint()
	return int64(x>>1) ^ -int64(x&1)
}

// below reads a number that must be less than n, such as an index.
func (r *reader) below(n int, what string) int {
	x := r.uvarint()
	if x >= uint64(n) && r.bad == "" {
		r.fail(fmt.Sprintf("%s %d is out of range: there are %d", what, x, n))
		return 0
	}
	return int(x)
}

func (r *reader) uint32() uint32 {
	x := r.uvarint()
	if x > math.MaxUint32 {
		r.fail("a number does not fit 32 bits")
		return 0
	}
	return uint32(x)
}

// int31 reads a number that fits a non-negative int32.
func (r *reader) int31() int32 {
	x := r.uvarint()
	if x > math.MaxInt32 {
		r.fail("a number does not fit 31 bits")
		return 0
	}
	return int32(x)
}

// count reads how many items follow, each of at least size bytes, and checks that so many can.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64((len(r.b)-r.pos)/size) {
		r.fail("it ends too early")
		return 0
	}
	return int(n)
}

// bytes reads a str; the result belongs to the record.
func (r *reader) bytes() []byte {
	n := r.count(1)
	r.pos += n
	return r.b[r.pos-n : r.pos : r.pos]
}

// string reads a str. It returns old if that is the same, and does not allocate then.
func (r *reader) string(old string) string {
	b := r.bytes()
	if string(b) == old {
		return old
	}
	return string(b)
}

// fixed reads exactly len(dst) bytes.
func (r *reader) fixed(dst []byte) {
	if len(r.b)-r.pos < len(dst) {
		r.fail("it ends too early")
		clear(dst)
		return
	}
	r.pos += copy(dst, r.b[r.pos:])
}

func (r *reader) digest() kernel.Digest {
	if len(r.b)-r.pos < 16 {
		r.fail("it ends too early")
		return kernel.Digest{}
	}
	d := kernel.Digest{Lo: binary.LittleEndian.Uint64(r.b[r.pos:]), Hi: binary.LittleEndian.Uint64(r.b[r.pos+8:])}
	r.pos += 16
	return d
}

// bits reads a bitset of at most n bits into old's memory; see appendBits.
func (r *reader) bits(old []uint64, n int) []uint64 {
	b := r.bytes()
	old = old[:0]
	for i, c := range b {
		if i&7 == 0 {
			old = append(old, 0)
		}
		old[i>>3] |= uint64(c) << (8 * (i & 7))
		if c != 0 && 8*i+7-leadingZeros(c) >= n {
			r.fail(fmt.Sprintf("a set holds more than its %d members", n))
			return old[:0]
		}
	}
	return old
}

func leadingZeros(c byte) int {
	n := 0
	for ; c&0x80 == 0; c <<= 1 {
		n++
	}
	return n
}

func appendUvarint(dst []byte, x uint64) []byte {
	if x < 0x80 {
		return append(dst, byte(x))
	}
	return binary.AppendUvarint(dst, x)
}

func appendVarint(dst []byte, x int64) []byte { return appendUvarint(dst, uint64(x)<<1^uint64(x>>63)) }

func appendString(dst []byte, s string) []byte {
	return append(appendUvarint(dst, uint64(len(s))), s...)
}

func appendDigest(dst []byte, d kernel.Digest) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, d.Lo), d.Hi)
}

// appendBits appends a bitset as a str: bit i is bit i%8 of byte i/8, zero bytes at the end are left out.
func appendBits(dst []byte, set []uint64) []byte {
	n := bytesOf(set)
	dst = appendUvarint(dst, uint64(n))
	for i := range n {
		dst = append(dst, byte(set[i>>3]>>(8*(i&7))))
	}
	return dst
}

// bytesOf is the number of bytes up to the last member of a set.
func bytesOf(set []uint64) int {
	n := 8 * len(set)
	for n > 0 && byte(set[(n-1)>>3]>>(8*((n-1)&7))) == 0 {
		n--
	}
	return n
}
