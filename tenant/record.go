package tenant

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/replank/replank/store"
)

// Records, durable:
//
//	number   | 01 | u32 big-endian |
//	tenant   | 01 | created ms: varint | name: uvarint, bytes | zone: uvarint, bytes |
//
// The first byte is the format of the record.

const recordFormat = 1

func encodeNumber(n uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{recordFormat}, n)
}

func decodeNumber(b []byte) (uint32, error) {
	if err := checkFormat(b); err != nil {
		return 0, err
	}
	if len(b) != 5 {
		return 0, fmt.Errorf("%w: %d bytes where a number has 5", store.ErrCorrupt, len(b))
	}
	return binary.BigEndian.Uint32(b[1:]), nil
}

func encodeInfo(i Info) []byte {
	b := binary.AppendVarint([]byte{recordFormat}, i.Created.UnixMilli())
	b = append(binary.AppendUvarint(b, uint64(len(i.Name))), i.Name...)
	return append(binary.AppendUvarint(b, uint64(len(i.Zone))), i.Zone...)
}

// decodeInfo leaves ID to the caller, who has it from the key.
func decodeInfo(b []byte) (Info, error) {
	if err := checkFormat(b); err != nil {
		return Info{}, err
	}
	ms, n := binary.Varint(b[1:])
	if n <= 0 {
		return Info{}, fmt.Errorf("%w: tenant record: time of creation", store.ErrCorrupt)
	}
	info := Info{Created: time.UnixMilli(ms).UTC()}
	rest, ok := b[1+n:], true
	if info.Name, rest, ok = cutString(rest); !ok {
		return Info{}, fmt.Errorf("%w: tenant record: name", store.ErrCorrupt)
	}
	if info.Zone, rest, ok = cutString(rest); !ok || len(rest) > 0 {
		return Info{}, fmt.Errorf("%w: tenant record: zone", store.ErrCorrupt)
	}
	return info, nil
}

func checkFormat(b []byte) error {
	switch {
	case len(b) == 0:
		return fmt.Errorf("%w: empty record", store.ErrCorrupt)
	case b[0] == 0:
		return fmt.Errorf("%w: record format 0", store.ErrCorrupt)
	case b[0] > recordFormat:
		return fmt.Errorf("%w: record format %d, this release knows up to %d", store.ErrNewerFormat, b[0], recordFormat)
	}
	return nil
}

func cutString(b []byte) (s string, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return "", nil, false
	}
	return string(b[n : n+int(size)]), b[n+int(size):], true
}
