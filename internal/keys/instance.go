package keys

import "encoding/binary"

// AppendProcessID appends the key of the number of the process with that id.
func AppendProcessID(dst []byte, t Tenant, id string) []byte {
	return appendString(appendKind(dst, t, KindProcessID), id)
}

// ParseProcessID returns the id in such a key.
func ParseProcessID(key []byte) (id string, ok bool) {
	rest, ok := kind(key, KindProcessID)
	if !ok {
		return "", false
	}
	id, rest, ok = cutString(rest)
	return id, ok && len(rest) == 0
}

// AppendProcess appends the key of the record of a process.
func AppendProcess(dst []byte, t Tenant, process uint32) []byte {
	return binary.BigEndian.AppendUint32(appendKind(dst, t, KindProcess), process)
}

// ParseProcess returns the number in such a key.
func ParseProcess(key []byte) (process uint32, ok bool) {
	rest, ok := kind(key, KindProcess)
	if !ok {
		return 0, false
	}
	process, rest, ok = cut32(rest)
	return process, ok && len(rest) == 0
}

// AppendSchemaVersion appends the key of one version of a process.
func AppendSchemaVersion(dst []byte, t Tenant, process, version uint32) []byte {
	dst = binary.BigEndian.AppendUint32(appendKind(dst, t, KindSchemaVersion), process)
	return binary.BigEndian.AppendUint32(dst, version)
}

// ParseSchemaVersion returns the parts of such a key.
func ParseSchemaVersion(key []byte) (process, version uint32, ok bool) {
	rest, ok := kind(key, KindSchemaVersion)
	if !ok {
		return 0, 0, false
	}
	if process, rest, ok = cut32(rest); !ok {
		return 0, 0, false
	}
	version, rest, ok = cut32(rest)
	return process, version, ok && len(rest) == 0
}

// SchemaVersionRange returns the bounds of all versions of a process, oldest
// first.
func SchemaVersionRange(t Tenant, process uint32) (lo, hi []byte) {
	return bounds(binary.BigEndian.AppendUint32(appendKind(nil, t, KindSchemaVersion), process))
}

// AppendMigration appends the key of a migration of many instances.
func AppendMigration(dst []byte, t Tenant, id ID) []byte {
	return appendInstance(dst, t, KindMigration, id)
}

// ParseMigration returns the migration in such a key.
func ParseMigration(key []byte) (id ID, ok bool) {
	id, rest, ok := parseInstance(key, KindMigration)
	return id, ok && len(rest) == 0
}

func appendInstance(dst []byte, t Tenant, k Kind, id ID) []byte {
	return append(appendKind(dst, t, k), id[:]...)
}

func parseInstance(key []byte, k Kind) (id ID, rest []byte, ok bool) {
	rest, ok = kind(key, k)
	if !ok {
		return id, nil, false
	}
	return cutID(rest)
}

// AppendHead appends the key of the head of a live instance.
func AppendHead(dst []byte, t Tenant, id ID) []byte { return appendInstance(dst, t, KindHead, id) }

// ParseHead returns the instance in such a key.
func ParseHead(key []byte) (id ID, ok bool) {
	id, rest, ok := parseInstance(key, KindHead)
	return id, ok && len(rest) == 0
}

// HeadRange returns the bounds of all live instances, oldest first.
func HeadRange(t Tenant) (lo, hi []byte) { return KindRange(t, KindHead) }

// AppendEnded appends the key of the head of an ended instance.
func AppendEnded(dst []byte, t Tenant, id ID) []byte { return appendInstance(dst, t, KindEnded, id) }

// ParseEnded returns the instance in such a key.
func ParseEnded(key []byte) (id ID, ok bool) {
	id, rest, ok := parseInstance(key, KindEnded)
	return id, ok && len(rest) == 0
}

// EndedRange returns the bounds of all ended instances, oldest first.
func EndedRange(t Tenant) (lo, hi []byte) { return KindRange(t, KindEnded) }

// AppendHistory appends the key of the events of an instance from number first
// on, up to the next such key.
func AppendHistory(dst []byte, t Tenant, id ID, first uint64) []byte {
	return appendOrdinal(appendInstance(dst, t, KindHistory, id), first)
}

// ParseHistory returns the parts of such a key.
func ParseHistory(key []byte) (id ID, first uint64, ok bool) {
	id, rest, ok := parseInstance(key, KindHistory)
	if !ok {
		return id, 0, false
	}
	first, rest, ok = cutOrdinal(rest)
	return id, first, ok && len(rest) == 0
}

// HistoryRange returns the bounds of the whole history of an instance.
func HistoryRange(t Tenant, id ID) (lo, hi []byte) {
	return bounds(appendInstance(nil, t, KindHistory, id))
}

// HistoryUpTo returns the bounds of the history that starts at or before event
// n; the last key in it is the one that holds n.
func HistoryUpTo(t Tenant, id ID, n uint64) (lo, hi []byte) {
	lo = appendInstance(nil, t, KindHistory, id)
	return lo, append(AppendHistory(nil, t, id, n), 0)
}

// AppendScope appends the key of a child scope. path is not empty; its bytes are
// the caller's, and children of one scope sort together if it makes them so.
func AppendScope(dst []byte, t Tenant, id ID, path []byte) []byte {
	return append(appendInstance(dst, t, KindScope, id), path...)
}

// ParseScope returns the parts of such a key; path is a part of key.
func ParseScope(key []byte) (id ID, path []byte, ok bool) {
	id, path, ok = parseInstance(key, KindScope)
	return id, path, ok && len(path) > 0
}

// ScopeRange returns the bounds of all child scopes of an instance whose path
// starts with prefix; an empty prefix: of all.
func ScopeRange(t Tenant, id ID, prefix []byte) (lo, hi []byte) {
	return bounds(AppendScope(nil, t, id, prefix))
}

// AppendValue appends the key of a large value: of a slot, written by an event.
func AppendValue(dst []byte, t Tenant, id ID, slot uint32, event uint64) []byte {
	dst = binary.BigEndian.AppendUint32(appendInstance(dst, t, KindValue, id), slot)
	return appendOrdinal(dst, event)
}

// ParseValue returns the parts of such a key.
func ParseValue(key []byte) (id ID, slot uint32, event uint64, ok bool) {
	id, rest, ok := parseInstance(key, KindValue)
	if !ok {
		return id, 0, 0, false
	}
	if slot, rest, ok = cut32(rest); !ok {
		return id, 0, 0, false
	}
	event, rest, ok = cutOrdinal(rest)
	return id, slot, event, ok && len(rest) == 0
}

// ValueRange returns the bounds of all large values of an instance.
func ValueRange(t Tenant, id ID) (lo, hi []byte) {
	return bounds(appendInstance(nil, t, KindValue, id))
}

// AppendSlotPage appends the key of one page of the slots that the head has no
// room for.
func AppendSlotPage(dst []byte, t Tenant, id ID, page uint16) []byte {
	return binary.BigEndian.AppendUint16(appendInstance(dst, t, KindSlotPage, id), page)
}

// ParseSlotPage returns the parts of such a key.
func ParseSlotPage(key []byte) (id ID, page uint16, ok bool) {
	id, rest, ok := parseInstance(key, KindSlotPage)
	if !ok || len(rest) != 2 {
		return id, 0, false
	}
	return id, binary.BigEndian.Uint16(rest), true
}

// SlotPageRange returns the bounds of all slot pages of an instance.
func SlotPageRange(t Tenant, id ID) (lo, hi []byte) {
	return bounds(appendInstance(nil, t, KindSlotPage, id))
}
