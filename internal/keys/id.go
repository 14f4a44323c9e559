package keys

import (
	"fmt"

	"github.com/oklog/ulid/v2"
)

// ID identifies an instance: a ULID (github.com/ulid/spec), so that ids, and their texts, sort by time of creation.
type ID [16]byte

// String returns the 26 characters of the ULID.
func (id ID) String() string { return ulid.ULID(id).String() }

// ParseID reads what String writes; lower-case letters are taken too.
func ParseID(s string) (ID, error) {
	u, err := ulid.ParseStrict(s)
	if err != nil {
		return ID{}, fmt.Errorf("%.40q is no instance id: want the 26 characters of a ULID", s)
	}
	return ID(u), nil
}
