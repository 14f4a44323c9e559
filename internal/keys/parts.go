package keys

import (
	"bytes"
	"encoding/binary"
)

// The largest ordinal of one byte, and the first byte of an ordinal of n bytes
// less n.
const oneByte = 247

// appendOrdinal appends n so that small numbers are short and all sort.
func appendOrdinal(dst []byte, n uint64) []byte {
	if n <= oneByte {
		return append(dst, byte(n))
	}
	var be [8]byte
	binary.BigEndian.PutUint64(be[:], n)
	i := 0
	for be[i] == 0 {
		i++
	}
	dst = append(dst, byte(oneByte+len(be)-i))
	return append(dst, be[i:]...)
}

// cutOrdinal refuses ordinals that are longer than they need be: one number has
// one key.
func cutOrdinal(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	if b[0] <= oneByte {
		return uint64(b[0]), b[1:], true
	}
	size := int(b[0]) - oneByte
	if len(b) < 1+size || b[1] == 0 {
		return 0, nil, false
	}
	for _, c := range b[1 : 1+size] {
		n = n<<8 | uint64(c)
	}
	return n, b[1+size:], n > oneByte
}

func appendTime(dst []byte, ms int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(ms)^1<<63)
}

func cutTime(b []byte) (ms int64, rest []byte, ok bool) {
	n, rest, ok := cut64(b)
	return int64(n ^ 1<<63), rest, ok
}

func cut32(b []byte) (n uint32, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint32(b), b[4:], true
}

func cut64(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) < 8 {
		return 0, nil, false
	}
	return binary.BigEndian.Uint64(b), b[8:], true
}

func cutID(b []byte) (id ID, rest []byte, ok bool) {
	if len(b) < len(id) {
		return id, nil, false
	}
	copy(id[:], b)
	return id, b[len(id):], true
}

// The end of a string sorts before anything that may follow a common prefix,
// an escaped 00 among it.
const (
	escape    = 0x00
	escaped00 = 0xff
	ends      = 0x01
)

func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i])
		if s[i] == escape {
			dst = append(dst, escaped00)
		}
	}
	return append(dst, escape, ends)
}

// cutString allocates the string.
func cutString(b []byte) (s string, rest []byte, ok bool) {
	var out []byte
	for {
		i := bytes.IndexByte(b, escape)
		if i < 0 || i+1 >= len(b) {
			return "", nil, false
		}
		switch {
		case b[i+1] == ends && out == nil:
			return string(b[:i]), b[i+2:], true
		case b[i+1] == ends:
			return string(append(out, b[:i]...)), b[i+2:], true
		case b[i+1] == escaped00:
			out = append(out, b[:i+1]...)
			b = b[i+2:]
		default:
			return "", nil, false
		}
	}
}
