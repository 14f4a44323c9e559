package keys

import "encoding/binary"

// Times in this file are milliseconds since 1970 UTC, or NoTime.

// appendNode appends the instance and node that an index entry leads to.
func appendNode(dst []byte, id ID, node uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, id[:]...), node)
}

// parseNode reads them; nothing may follow.
func parseNode(b []byte) (id ID, node uint32, ok bool) {
	if len(b) != len(id)+4 {
		return id, 0, false
	}
	copy(id[:], b)
	return id, binary.BigEndian.Uint32(b[len(id):]), true
}

// AppendTask appends the key of an open user task. Tasks sort by due time, those
// without one last, then by age.
func AppendTask(dst []byte, t Tenant, due, created int64, id ID, node uint32) []byte {
	dst = appendTime(appendKind(dst, t, KindTask), due)
	return appendNode(appendTime(dst, created), id, node)
}

// ParseTask returns the parts of such a key.
func ParseTask(key []byte) (due, created int64, id ID, node uint32, ok bool) {
	rest, ok := kind(key, KindTask)
	if !ok {
		return 0, 0, id, 0, false
	}
	if due, rest, ok = cutTime(rest); !ok {
		return 0, 0, id, 0, false
	}
	if created, rest, ok = cutTime(rest); !ok {
		return 0, 0, id, 0, false
	}
	id, node, ok = parseNode(rest)
	return due, created, id, node, ok
}

// TaskRange returns the bounds of all open tasks.
func TaskRange(t Tenant) (lo, hi []byte) { return KindRange(t, KindTask) }

// AppendTimer appends the key of an armed timer, or of a job that is to be tried
// again, of a node.
func AppendTimer(dst []byte, t Tenant, due int64, id ID, node uint32) []byte {
	return appendNode(appendTime(appendKind(dst, t, KindTimer), due), id, node)
}

// ParseTimer returns the parts of such a key.
func ParseTimer(key []byte) (due int64, id ID, node uint32, ok bool) {
	rest, ok := kind(key, KindTimer)
	if !ok {
		return 0, id, 0, false
	}
	if due, rest, ok = cutTime(rest); !ok {
		return 0, id, 0, false
	}
	id, node, ok = parseNode(rest)
	return due, id, node, ok
}

// TimerRange returns the bounds of all timers, the next due first.
func TimerRange(t Tenant) (lo, hi []byte) { return KindRange(t, KindTimer) }

// TimerDue returns the bounds of the timers due at or before now.
func TimerDue(t Tenant, now int64) (lo, hi []byte) {
	lo, hi = TimerRange(t)
	if now < NoTime {
		hi = appendTime(appendKind(nil, t, KindTimer), now+1)
	}
	return lo, hi
}

// AppendSubscription appends the key of a node that waits for the message name
// with that correlation key, in an instance of a process.
func AppendSubscription(dst []byte, t Tenant, name, key string, process uint32, id ID, node uint32) []byte {
	return appendNode(appendSubscriber(dst, t, name, key, process), id, node)
}

func appendSubscriber(dst []byte, t Tenant, name, key string, process uint32) []byte {
	dst = appendString(appendKind(dst, t, KindSubscription), name)
	return binary.BigEndian.AppendUint32(appendString(dst, key), process)
}

// ParseSubscription returns the parts of such a key.
func ParseSubscription(b []byte) (name, key string, process uint32, id ID, node uint32, ok bool) {
	rest, ok := kind(b, KindSubscription)
	if !ok {
		return "", "", 0, id, 0, false
	}
	if name, rest, ok = cutString(rest); !ok {
		return "", "", 0, id, 0, false
	}
	if key, rest, ok = cutString(rest); !ok {
		return "", "", 0, id, 0, false
	}
	if process, rest, ok = cut32(rest); !ok {
		return "", "", 0, id, 0, false
	}
	id, node, ok = parseNode(rest)
	return name, key, process, id, node, ok
}

// SubscriptionRange returns the bounds of all that wait for one message and
// correlation key: process by process, the oldest instance first.
func SubscriptionRange(t Tenant, name, key string) (lo, hi []byte) {
	return bounds(appendString(appendString(appendKind(nil, t, KindSubscription), name), key))
}

// SubscriberRange returns the bounds of those of one process among them.
func SubscriberRange(t Tenant, name, key string, process uint32) (lo, hi []byte) {
	return bounds(appendSubscriber(nil, t, name, key, process))
}

// AppendBuffered appends the key of a message that nobody waited for yet.
// arrival orders the messages of one name and key.
func AppendBuffered(dst []byte, t Tenant, name, key string, arrival uint64) []byte {
	dst = appendString(appendKind(dst, t, KindBuffered), name)
	return binary.BigEndian.AppendUint64(appendString(dst, key), arrival)
}

// ParseBuffered returns the parts of such a key.
func ParseBuffered(b []byte) (name, key string, arrival uint64, ok bool) {
	rest, ok := kind(b, KindBuffered)
	if !ok {
		return "", "", 0, false
	}
	if name, rest, ok = cutString(rest); !ok {
		return "", "", 0, false
	}
	if key, rest, ok = cutString(rest); !ok {
		return "", "", 0, false
	}
	arrival, rest, ok = cut64(rest)
	return name, key, arrival, ok && len(rest) == 0
}

// BufferedRange returns the bounds of the messages of one name and correlation
// key, the first to arrive first.
func BufferedRange(t Tenant, name, key string) (lo, hi []byte) {
	return bounds(appendString(appendString(appendKind(nil, t, KindBuffered), name), key))
}

// AppendSeen appends the key that says that the message with this id has come.
func AppendSeen(dst []byte, t Tenant, message string) []byte {
	return appendString(appendKind(dst, t, KindSeen), message)
}

// ParseSeen returns the message id in such a key.
func ParseSeen(key []byte) (message string, ok bool) {
	rest, ok := kind(key, KindSeen)
	if !ok {
		return "", false
	}
	message, rest, ok = cutString(rest)
	return message, ok && len(rest) == 0
}

// AppendBusinessKey appends the key that leads from a process and business key
// to an instance.
func AppendBusinessKey(dst []byte, t Tenant, process uint32, key string) []byte {
	dst = binary.BigEndian.AppendUint32(appendKind(dst, t, KindBusinessKey), process)
	return appendString(dst, key)
}

// ParseBusinessKey returns the parts of such a key.
func ParseBusinessKey(b []byte) (process uint32, key string, ok bool) {
	rest, ok := kind(b, KindBusinessKey)
	if !ok {
		return 0, "", false
	}
	if process, rest, ok = cut32(rest); !ok {
		return 0, "", false
	}
	key, rest, ok = cutString(rest)
	return process, key, ok && len(rest) == 0
}

// AppendIncident appends the key of an open incident of a node.
func AppendIncident(dst []byte, t Tenant, id ID, node uint32) []byte {
	return appendNode(appendKind(dst, t, KindIncident), id, node)
}

// ParseIncident returns the parts of such a key.
func ParseIncident(key []byte) (id ID, node uint32, ok bool) {
	rest, ok := kind(key, KindIncident)
	if !ok {
		return id, 0, false
	}
	return parseNode(rest)
}

// IncidentRange returns the bounds of all open incidents, the oldest instance
// first.
func IncidentRange(t Tenant) (lo, hi []byte) { return KindRange(t, KindIncident) }

// InstanceIncidentRange returns the bounds of the open incidents of an instance.
func InstanceIncidentRange(t Tenant, id ID) (lo, hi []byte) {
	return bounds(append(appendKind(nil, t, KindIncident), id[:]...))
}
