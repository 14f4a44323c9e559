package expr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// The durable encoding of a value: a tag byte and what it announces. Tags are append-only. There is one encoding of each
// value, and DecodeValue accepts no other, so that equal values have equal bytes.
//
//	absent null false true  nothing
//	int                     zigzag varint
//	double                  8 bytes, IEEE 754, little endian; NaN has one form
//	string bytes            uvarint length, the bytes
//	timestamp               zigzag varint seconds since 1970 UTC, uvarint nanoseconds (< 1e9)
//	duration                zigzag varint nanoseconds
//	list                    uvarint count, the elements
//	map (and record)        uvarint count, key and value of each entry, keys ascending
const (
	tagAbsent    byte = 0
	tagNull      byte = 1
	tagFalse     byte = 2
	tagTrue      byte = 3
	tagInt       byte = 4
	tagDouble    byte = 5
	tagString    byte = 6
	tagBytes     byte = 7
	tagTimestamp byte = 8
	tagDuration  byte = 9
	tagList      byte = 10
	tagMap       byte = 11
)

// MaxDepth bounds how deep lists and maps nest in a value; a scalar has depth 1. FromGo and Eval refuse deeper values.
// The decoder takes twice as much, for values that were put together from such ones.
const (
	MaxDepth       = 64
	maxDecodeDepth = 2 * MaxDepth
)

// Append appends the durable encoding of v to dst and returns the extended slice. The encoding carries no type and no
// version: the record around it has that.
func (v Value) Append(dst []byte) []byte { return appendVal(dst, v.v) }

func appendVal(dst []byte, v ref.Val) []byte {
	switch v := v.(type) {
	case types.Null:
		return append(dst, tagNull)
	case types.Bool:
		if v {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case types.Int:
		return binary.AppendVarint(append(dst, tagInt), int64(v))
	case types.Double:
		return binary.LittleEndian.AppendUint64(append(dst, tagDouble), doubleBits(v))
	case types.String:
		dst = binary.AppendUvarint(append(dst, tagString), uint64(len(v)))
		return append(dst, v...)
	case types.Bytes:
		dst = binary.AppendUvarint(append(dst, tagBytes), uint64(len(v)))
		return append(dst, v...)
	case types.Timestamp:
		dst = binary.AppendVarint(append(dst, tagTimestamp), v.Unix())
		return binary.AppendUvarint(dst, uint64(v.Nanosecond()))
	case types.Duration:
		return binary.AppendVarint(append(dst, tagDuration), int64(v.Duration))
	case *mapping:
		dst = binary.AppendUvarint(append(dst, tagMap), uint64(len(v.keys)))
		for i := range v.keys {
			dst = appendVal(appendVal(dst, v.keys[i]), v.vals[i])
		}
		return dst
	case traits.Lister:
		elems := elements(v)
		dst = binary.AppendUvarint(append(dst, tagList), uint64(len(elems)))
		for _, e := range elems {
			dst = appendVal(dst, e)
		}
		return dst
	}
	return append(dst, tagAbsent)
}

// DecodeValue reads one value from the front of b and returns what follows it. The value does not share memory with b.
// Whatever the bytes are, it neither panics nor allocates more than a small multiple of len(b); the error says what is
// wrong and at which byte.
func DecodeValue(b []byte) (v Value, rest []byte, err error) {
	d := decoder{b: b}
	if len(b) > 0 && b[0] == tagAbsent {
		return Value{}, b[1:], nil
	}
	val, err := d.value(1)
	if err != nil {
		return Value{}, b, fmt.Errorf("value damaged at byte %d: %w", d.pos, err)
	}
	return Value{val}, b[d.pos:], nil
}

type decoder struct {
	b   []byte
	pos int
}

var (
	errShort     = errors.New("it ends too early")
	errVarint    = errors.New("a number is not encoded in its shortest form")
	errDepth     = fmt.Errorf("it nests deeper than %d levels", maxDecodeDepth)
	errUTF8      = errors.New("a string is not UTF-8")
	errTimestamp = errors.New("a timestamp lies outside the years 1 to 9999")
	errKeys      = errors.New("the keys of a map are not ascending bool, int or string")
)

func (d *decoder) value(depth int) (ref.Val, error) {
	if depth > maxDecodeDepth {
		return nil, errDepth
	}
	if d.pos >= len(d.b) {
		return nil, errShort
	}
	tag := d.b[d.pos]
	d.pos++
	switch tag {
	case tagNull:
		return types.NullValue, nil
	case tagFalse:
		return types.False, nil
	case tagTrue:
		return types.True, nil
	case tagInt:
		i, err := d.varint()
		return types.Int(i), err
	case tagDouble:
		if len(d.b)-d.pos < 8 {
			return nil, errShort
		}
		bits := binary.LittleEndian.Uint64(d.b[d.pos:])
		f := types.Double(math.Float64frombits(bits))
		if doubleBits(f) != bits {
			return nil, errors.New("a NaN is not in its one form")
		}
		d.pos += 8
		return f, nil
	case tagString:
		s, err := d.bytes()
		if err != nil {
			return nil, err
		}
		if !utf8.Valid(s) {
			return nil, errUTF8
		}
		return types.String(s), nil
	case tagBytes:
		s, err := d.bytes()
		if err != nil {
			return nil, err
		}
		return types.Bytes(append([]byte{}, s...)), nil
	case tagTimestamp:
		return d.timestamp()
	case tagDuration:
		i, err := d.varint()
		return types.Duration{Duration: time.Duration(i)}, err
	case tagList:
		return d.list(depth)
	case tagMap:
		return d.mapping(depth)
	}
	d.pos--
	return nil, fmt.Errorf("tag %d is unknown; a newer version may have written it", tag)
}

func (d *decoder) timestamp() (ref.Val, error) {
	sec, err := d.varint()
	if err != nil {
		return nil, err
	}
	nsec, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if sec < minTime.Unix() || sec > maxTime.Unix() || nsec >= 1e9 {
		return nil, errTimestamp
	}
	return types.Timestamp{Time: time.Unix(sec, int64(nsec)).UTC()}, nil
}

func (d *decoder) list(depth int) (ref.Val, error) {
	n, err := d.count(1)
	if err != nil {
		return nil, err
	}
	elems := make([]ref.Val, n)
	for i := range elems {
		if elems[i], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return newList(elems), nil
}

func (d *decoder) mapping(depth int) (ref.Val, error) {
	n, err := d.count(2)
	if err != nil {
		return nil, err
	}
	both := make([]ref.Val, 2*n)
	m := &mapping{both[:n:n], both[n:]}
	for i := range m.keys {
		if m.keys[i], err = d.value(depth + 1); err != nil {
			return nil, err
		}
		switch m.keys[i].(type) {
		case types.Bool, types.Int, types.String:
		default:
			return nil, errKeys
		}
		if i > 0 && compareKeys(m.keys[i-1], m.keys[i]) >= 0 {
			return nil, errKeys
		}
		if m.vals[i], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// count reads a number of items of at least size bytes each, and checks that so many can follow.
func (d *decoder) count(size int) (int, error) {
	n, err := d.uvarint()
	if err != nil {
		return 0, err
	}
	if n > uint64((len(d.b)-d.pos)/size) {
		return 0, errShort
	}
	return int(n), nil
}

// bytes reads a length and returns so many bytes, which still belong to the input.
func (d *decoder) bytes() ([]byte, error) {
	n, err := d.count(1)
	if err != nil {
		return nil, err
	}
	s := d.b[d.pos : d.pos+n]
	d.pos += n
	return s, nil
}

func (d *decoder) uvarint() (uint64, error) {
	x, n := binary.Uvarint(d.b[d.pos:])
	switch {
	case n == 0:
		return 0, errShort
	case n < 0 || n > 1 && d.b[d.pos+n-1] == 0:
		return 0, errVarint
	}
	d.pos += n
	return x, nil
}

func (d *decoder) varint() (int64, error) {
	x, err := d.uvarint()
	return int64(x>>1) ^ -int64(x&1), err
}
