package keys

import (
	"encoding/binary"
	"math"
)

// Tenant is the number of a tenant. Numbers are given out once and never again;
// 0 is no tenant.
type Tenant uint32

// The first byte of a key.
const (
	spaceGlobal byte = 0x01
	spaceTenant byte = 0x02
)

// Kind is the byte after the tenant's number.
type Kind byte

// The kinds of keys in a tenant's space. Durable: append only.
const (
	KindProcessID     Kind = 0x01
	KindProcess       Kind = 0x02
	KindSchemaVersion Kind = 0x03
	KindMigration     Kind = 0x04

	KindHead     Kind = 0x10
	KindEnded    Kind = 0x11
	KindHistory  Kind = 0x12
	KindScope    Kind = 0x13
	KindValue    Kind = 0x14
	KindSlotPage Kind = 0x15

	KindTask         Kind = 0x20
	KindTimer        Kind = 0x21
	KindSubscription Kind = 0x22
	KindBuffered     Kind = 0x23
	KindSeen         Kind = 0x24
	KindBusinessKey  Kind = 0x25
	KindIncident     Kind = 0x26
)

// The kinds of keys in the global space. Durable: append only.
const (
	globalTenantName byte = 0x01
	globalTenant     byte = 0x02
	globalLastTenant byte = 0x03
	globalFormat     byte = 0x04
)

// prefixSize is the length of | 02 | tenant | kind |.
const prefixSize = 6

// AppendTenant appends the prefix that all keys of t start with, and no others.
func AppendTenant(dst []byte, t Tenant) []byte {
	return binary.BigEndian.AppendUint32(append(dst, spaceTenant), uint32(t))
}

// TenantRange returns the bounds of everything of t.
func TenantRange(t Tenant) (lo, hi []byte) { return bounds(AppendTenant(nil, t)) }

// KindRange returns the bounds of everything of one kind of t.
func KindRange(t Tenant, k Kind) (lo, hi []byte) { return bounds(appendKind(nil, t, k)) }

// Split returns the tenant and the kind of a key, and the rest. ok is false for
// keys outside of the tenant space.
func Split(key []byte) (t Tenant, k Kind, rest []byte, ok bool) {
	if len(key) < prefixSize || key[0] != spaceTenant {
		return 0, 0, nil, false
	}
	return Tenant(binary.BigEndian.Uint32(key[1:])), Kind(key[5]), key[prefixSize:], true
}

func appendKind(dst []byte, t Tenant, k Kind) []byte {
	return append(AppendTenant(dst, t), byte(k))
}

// kind returns what follows the prefix, if key is of that kind.
func kind(key []byte, k Kind) (rest []byte, ok bool) {
	_, have, rest, ok := Split(key)
	return rest, ok && have == k
}

// AppendTenantName appends the key of the number of the tenant of that name.
func AppendTenantName(dst []byte, name string) []byte {
	return append(append(dst, spaceGlobal, globalTenantName), name...)
}

// ParseTenantName returns the name in such a key.
func ParseTenantName(key []byte) (name string, ok bool) {
	if len(key) < 2 || key[0] != spaceGlobal || key[1] != globalTenantName {
		return "", false
	}
	return string(key[2:]), true
}

// TenantNameRange returns the bounds of all names, in order of the names.
func TenantNameRange() (lo, hi []byte) { return bounds([]byte{spaceGlobal, globalTenantName}) }

// AppendTenantRecord appends the key of the record of t.
func AppendTenantRecord(dst []byte, t Tenant) []byte {
	return binary.BigEndian.AppendUint32(append(dst, spaceGlobal, globalTenant), uint32(t))
}

// AppendLastTenant appends the key of the last number that was given out.
func AppendLastTenant(dst []byte) []byte { return append(dst, spaceGlobal, globalLastTenant) }

// AppendFormat appends the key of the format of the store's records.
func AppendFormat(dst []byte) []byte { return append(dst, spaceGlobal, globalFormat) }

// bounds returns the range of all keys that start with prefix, which is not all
// ff. It takes prefix over.
func bounds(prefix []byte) (lo, hi []byte) {
	hi = append([]byte(nil), prefix...)
	for i := len(hi) - 1; i >= 0; i-- {
		if hi[i] != 0xff {
			hi[i]++
			return prefix, hi[:i+1]
		}
	}
	return prefix, nil
}

// NoTime stands for no time in a part that is ms; it sorts after every time.
const NoTime int64 = math.MaxInt64
