package keys

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// ID identifies an instance: a ULID (github.com/ulid/spec), so that ids, and
// their texts, sort by time of creation.
type ID [16]byte

// The text of a ULID: 26 digits of base 32, most significant first, in the
// alphabet of Crockford, which has no I, L, O and U. Since 26 digits have 130
// bits, the first is at most 7.
const (
	digits   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	idLength = 26
)

// String returns the 26 characters of the ULID.
func (id ID) String() string {
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var text [idLength]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = digits[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(text[:])
}

// ParseID reads what String writes; lower-case letters are taken too.
func ParseID(s string) (ID, error) {
	bad := func() (ID, error) {
		return ID{}, fmt.Errorf("%.40q is no instance id: want the 26 characters of a ULID", s)
	}
	if len(s) != idLength || s[0] > '7' {
		return bad()
	}
	var hi, lo uint64
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		d := strings.IndexByte(digits, c)
		if d < 0 {
			return bad()
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(d)
	}
	var id ID
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}
