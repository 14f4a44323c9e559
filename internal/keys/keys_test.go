package keys

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tuple is the parts of a key as Go values.
type tuple []any

// compare is the naive order: part by part.
func compare(a, b tuple) int {
	for i := range a {
		var c int
		switch x := a[i].(type) {
		case string:
			c = cmp.Compare(x, b[i].(string))
		case uint16:
			c = cmp.Compare(x, b[i].(uint16))
		case uint32:
			c = cmp.Compare(x, b[i].(uint32))
		case uint64:
			c = cmp.Compare(x, b[i].(uint64))
		case int64:
			c = cmp.Compare(x, b[i].(int64))
		case ID:
			y := b[i].(ID)
			c = bytes.Compare(x[:], y[:])
		default:
			panic(fmt.Sprintf("no order for %T", x))
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// layout is one row of the drawing in doc.go.
type layout struct {
	kind   Kind
	parts  []*rapid.Generator[any]
	append func(dst []byte, t Tenant, p tuple) []byte
	parse  func(key []byte) (tuple, bool)
}

// Generators draw from few values, so that equal parts are common, and from all.
var (
	anyID     = part(rapid.Custom(func(t *rapid.T) ID { return ID(rapid.SliceOfN(rapid.ByteRange(0, 2), 16, 16).Draw(t, "id")) }))
	anyString = part(rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 'b', 0xfe, 0xff}), 0, 4).Draw(t, "s"))
	}))
	anyPath = part(rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 0xff}), 1, 4).Draw(t, "path"))
	}))
	any16   = part(rapid.OneOf(rapid.Uint16Range(0, 2), rapid.Uint16()))
	any32   = part(rapid.OneOf(rapid.Uint32Range(0, 2), rapid.Uint32()))
	any64   = part(rapid.OneOf(rapid.Uint64Range(0, 2), rapid.Uint64Range(240, 260), rapid.Uint64Range(65530, 65540), rapid.Uint64()))
	anyTime = part(rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64(), rapid.Just(NoTime)))
)

func part[T any](g *rapid.Generator[T]) *rapid.Generator[any] {
	return rapid.Map(g, func(v T) any { return v })
}

var layouts = []layout{
	{
		KindProcessID,
		[]*rapid.Generator[any]{anyString},
		func(d []byte, t Tenant, p tuple) []byte { return AppendProcessID(d, t, p[0].(string)) },
		func(k []byte) (tuple, bool) { id, ok := ParseProcessID(k); return tuple{id}, ok },
	},
	{
		KindProcess,
		[]*rapid.Generator[any]{any32},
		func(d []byte, t Tenant, p tuple) []byte { return AppendProcess(d, t, p[0].(uint32)) },
		func(k []byte) (tuple, bool) { n, ok := ParseProcess(k); return tuple{n}, ok },
	},
	{
		KindSchemaVersion,
		[]*rapid.Generator[any]{any32, any32},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendSchemaVersion(d, t, p[0].(uint32), p[1].(uint32))
		},
		func(k []byte) (tuple, bool) { n, v, ok := ParseSchemaVersion(k); return tuple{n, v}, ok },
	},
	{
		KindMigration,
		[]*rapid.Generator[any]{anyID},
		func(d []byte, t Tenant, p tuple) []byte { return AppendMigration(d, t, p[0].(ID)) },
		func(k []byte) (tuple, bool) { id, ok := ParseMigration(k); return tuple{id}, ok },
	},
	{
		KindHead,
		[]*rapid.Generator[any]{anyID},
		func(d []byte, t Tenant, p tuple) []byte { return AppendHead(d, t, p[0].(ID)) },
		func(k []byte) (tuple, bool) { id, ok := ParseHead(k); return tuple{id}, ok },
	},
	{
		KindEnded,
		[]*rapid.Generator[any]{anyID},
		func(d []byte, t Tenant, p tuple) []byte { return AppendEnded(d, t, p[0].(ID)) },
		func(k []byte) (tuple, bool) { id, ok := ParseEnded(k); return tuple{id}, ok },
	},
	{
		KindHistory,
		[]*rapid.Generator[any]{anyID, any64},
		func(d []byte, t Tenant, p tuple) []byte { return AppendHistory(d, t, p[0].(ID), p[1].(uint64)) },
		func(k []byte) (tuple, bool) { id, n, ok := ParseHistory(k); return tuple{id, n}, ok },
	},
	{
		KindScope,
		[]*rapid.Generator[any]{anyID, anyPath},
		func(d []byte, t Tenant, p tuple) []byte { return AppendScope(d, t, p[0].(ID), []byte(p[1].(string))) },
		func(k []byte) (tuple, bool) { id, path, ok := ParseScope(k); return tuple{id, string(path)}, ok },
	},
	{
		KindValue,
		[]*rapid.Generator[any]{anyID, any32, any64},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendValue(d, t, p[0].(ID), p[1].(uint32), p[2].(uint64))
		},
		func(k []byte) (tuple, bool) { id, s, n, ok := ParseValue(k); return tuple{id, s, n}, ok },
	},
	{
		KindSlotPage,
		[]*rapid.Generator[any]{anyID, any16},
		func(d []byte, t Tenant, p tuple) []byte { return AppendSlotPage(d, t, p[0].(ID), p[1].(uint16)) },
		func(k []byte) (tuple, bool) { id, n, ok := ParseSlotPage(k); return tuple{id, n}, ok },
	},
	{
		KindTask,
		[]*rapid.Generator[any]{anyTime, anyTime, anyID, any32},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendTask(d, t, p[0].(int64), p[1].(int64), p[2].(ID), p[3].(uint32))
		},
		func(k []byte) (tuple, bool) {
			due, created, id, n, ok := ParseTask(k)
			return tuple{due, created, id, n}, ok
		},
	},
	{
		KindTimer,
		[]*rapid.Generator[any]{anyTime, anyID, any32},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendTimer(d, t, p[0].(int64), p[1].(ID), p[2].(uint32))
		},
		func(k []byte) (tuple, bool) { due, id, n, ok := ParseTimer(k); return tuple{due, id, n}, ok },
	},
	{
		KindSubscription,
		[]*rapid.Generator[any]{anyString, anyString, any32, anyID, any32},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendSubscription(d, t, p[0].(string), p[1].(string), p[2].(uint32), p[3].(ID), p[4].(uint32))
		},
		func(k []byte) (tuple, bool) {
			name, key, process, id, n, ok := ParseSubscription(k)
			return tuple{name, key, process, id, n}, ok
		},
	},
	{
		KindBuffered,
		[]*rapid.Generator[any]{anyString, anyString, any64},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendBuffered(d, t, p[0].(string), p[1].(string), p[2].(uint64))
		},
		func(k []byte) (tuple, bool) { name, key, n, ok := ParseBuffered(k); return tuple{name, key, n}, ok },
	},
	{
		KindSeen,
		[]*rapid.Generator[any]{anyString},
		func(d []byte, t Tenant, p tuple) []byte { return AppendSeen(d, t, p[0].(string)) },
		func(k []byte) (tuple, bool) { id, ok := ParseSeen(k); return tuple{id}, ok },
	},
	{
		KindBusinessKey,
		[]*rapid.Generator[any]{any32, anyString},
		func(d []byte, t Tenant, p tuple) []byte {
			return AppendBusinessKey(d, t, p[0].(uint32), p[1].(string))
		},
		func(k []byte) (tuple, bool) { n, key, ok := ParseBusinessKey(k); return tuple{n, key}, ok },
	},
	{
		KindIncident,
		[]*rapid.Generator[any]{anyID, any32},
		func(d []byte, t Tenant, p tuple) []byte { return AppendIncident(d, t, p[0].(ID), p[1].(uint32)) },
		func(k []byte) (tuple, bool) { id, n, ok := ParseIncident(k); return tuple{id, n}, ok },
	},
}

func (l layout) draw(t *rapid.T) tuple {
	p := make(tuple, len(l.parts))
	for i, g := range l.parts {
		p[i] = g.Draw(t, fmt.Sprint("part", i))
	}
	return p
}

// TestKinds: for every kind, keys sort as their parts do, parse to their parts,
// are of their kind and tenant, and parse as no other kind.
func TestKinds(t *testing.T) {
	for _, l := range layouts {
		t.Run(fmt.Sprintf("%02x", byte(l.kind)), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				tenant := Tenant(rapid.Uint32().Draw(t, "tenant"))
				a, b := l.draw(t), l.draw(t)
				ka, kb := l.append(nil, tenant, a), l.append([]byte("dst"), tenant, b)[3:]
				if bytes.Compare(ka, kb) != compare(a, b) {
					t.Fatalf("%v and %v sort as %d, their keys %x and %x as %d", a, b, compare(a, b), ka, kb, bytes.Compare(ka, kb))
				}
				if got, ok := l.parse(ka); !ok || !reflect.DeepEqual(got, a) {
					t.Fatalf("%v is read back as %v, %v", a, got, ok)
				}
				if gt, gk, _, ok := Split(ka); !ok || gt != tenant || gk != l.kind {
					t.Fatalf("key %x is split into tenant %d, kind %x, %v", ka, gt, gk, ok)
				}
				for _, other := range layouts {
					if got, ok := other.parse(ka); ok && other.kind != l.kind {
						t.Fatalf("a key of kind %x is read as one of kind %x: %v", l.kind, other.kind, got)
					}
				}
				if l.kind == KindScope {
					return // paths are the caller's, and end with the key
				}
				if compare(a, b) != 0 && bytes.HasPrefix(ka, kb) {
					t.Fatalf("key %x of %v starts with key %x of %v", ka, a, kb, b)
				}
				for _, wrong := range [][]byte{append(slices.Clone(ka), 0), ka[:len(ka)-1]} {
					if got, ok := l.parse(wrong); ok {
						t.Fatalf("%x, a key with a byte too many or few, is read as %v", wrong, got)
					}
				}
			})
		})
	}
}

// TestTenantsAreApart: no key of one tenant is in the range of another, or in
// the global space.
func TestTenantsAreApart(t *testing.T) {
	number := rapid.OneOf(rapid.Uint32Range(0, 3), rapid.Uint32Range(254, 258), rapid.Uint32Range(1<<32-3, 1<<32-1))
	rapid.Check(t, func(t *rapid.T) {
		mine, other := Tenant(number.Draw(t, "mine")), Tenant(number.Draw(t, "other"))
		l := rapid.SampledFrom(layouts).Draw(t, "layout")
		key := l.append(nil, mine, l.draw(t))
		lo, hi := TenantRange(other)
		if inside(key, lo, hi) != (mine == other) {
			t.Fatalf("key %x of tenant %d, range [%x, %x) of tenant %d", key, mine, lo, hi, other)
		}
		lo, hi = KindRange(mine, l.kind)
		if !inside(key, lo, hi) {
			t.Fatalf("key %x is not in the range [%x, %x) of its kind", key, lo, hi)
		}
		global := [][]byte{
			AppendTenantName(nil, "\xff\xff"), AppendTenantRecord(nil, mine), AppendLastTenant(nil), AppendFormat(nil),
		}
		lo, hi = TenantRange(other)
		for _, g := range global {
			if inside(g, lo, hi) {
				t.Fatalf("global key %x is in the range of tenant %d", g, other)
			}
		}
	})
}

func inside(key, lo, hi []byte) bool {
	return bytes.Compare(key, lo) >= 0 && (hi == nil || bytes.Compare(key, hi) < 0)
}

// TestRanges: a range holds exactly the keys whose parts begin as it says.
func TestRanges(t *testing.T) {
	const tenant = 7
	find := func(k Kind) layout {
		return layouts[slices.IndexFunc(layouts, func(l layout) bool { return l.kind == k })]
	}
	for _, c := range []struct {
		name string
		of   layout
		rng  func(p tuple) (lo, hi []byte)
		in   func(p, q tuple) bool // is q in the range made of p
	}{
		{
			"versions of a process", find(KindSchemaVersion),
			func(p tuple) ([]byte, []byte) { return SchemaVersionRange(tenant, p[0].(uint32)) },
			func(p, q tuple) bool { return p[0] == q[0] },
		},
		{
			"history of an instance", find(KindHistory),
			func(p tuple) ([]byte, []byte) { return HistoryRange(tenant, p[0].(ID)) },
			func(p, q tuple) bool { return p[0] == q[0] },
		},
		{
			"history up to an event", find(KindHistory),
			func(p tuple) ([]byte, []byte) { return HistoryUpTo(tenant, p[0].(ID), p[1].(uint64)) },
			func(p, q tuple) bool { return p[0] == q[0] && q[1].(uint64) <= p[1].(uint64) },
		},
		{
			"scopes below a path", find(KindScope),
			func(p tuple) ([]byte, []byte) { return ScopeRange(tenant, p[0].(ID), []byte(p[1].(string))) },
			func(p, q tuple) bool { return p[0] == q[0] && strings.HasPrefix(q[1].(string), p[1].(string)) },
		},
		{
			"values of an instance", find(KindValue),
			func(p tuple) ([]byte, []byte) { return ValueRange(tenant, p[0].(ID)) },
			func(p, q tuple) bool { return p[0] == q[0] },
		},
		{
			"slot pages of an instance", find(KindSlotPage),
			func(p tuple) ([]byte, []byte) { return SlotPageRange(tenant, p[0].(ID)) },
			func(p, q tuple) bool { return p[0] == q[0] },
		},
		{
			"timers due", find(KindTimer),
			func(p tuple) ([]byte, []byte) { return TimerDue(tenant, p[0].(int64)) },
			func(p, q tuple) bool { return q[0].(int64) <= p[0].(int64) },
		},
		{
			"subscriptions to a message and key", find(KindSubscription),
			func(p tuple) ([]byte, []byte) { return SubscriptionRange(tenant, p[0].(string), p[1].(string)) },
			func(p, q tuple) bool { return p[0] == q[0] && p[1] == q[1] },
		},
		{
			"subscriptions of a process among them", find(KindSubscription),
			func(p tuple) ([]byte, []byte) {
				return SubscriberRange(tenant, p[0].(string), p[1].(string), p[2].(uint32))
			},
			func(p, q tuple) bool { return p[0] == q[0] && p[1] == q[1] && p[2] == q[2] },
		},
		{
			"buffered messages of a name and key", find(KindBuffered),
			func(p tuple) ([]byte, []byte) { return BufferedRange(tenant, p[0].(string), p[1].(string)) },
			func(p, q tuple) bool { return p[0] == q[0] && p[1] == q[1] },
		},
		{
			"incidents of an instance", find(KindIncident),
			func(p tuple) ([]byte, []byte) { return InstanceIncidentRange(tenant, p[0].(ID)) },
			func(p, q tuple) bool { return p[0] == q[0] },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p, q := c.of.draw(t), c.of.draw(t)
				for i := range q { // share parts often
					if rapid.Bool().Draw(t, "share") {
						q[i] = p[i]
					}
				}
				lo, hi := c.rng(p)
				key := c.of.append(nil, tenant, q)
				if inside(key, lo, hi) != c.in(p, q) {
					t.Fatalf("range of %v: [%x, %x); key of %v: %x", p, lo, hi, q, key)
				}
			})
		})
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 256)
	var id ID
	name, key := "message", "a correlation key"
	n := testing.AllocsPerRun(100, func() {
		dst = AppendHead(dst[:0], 1, id)
		dst = AppendHistory(dst[:0], 1, id, 1<<40)
		dst = AppendTask(dst[:0], 1, NoTime, 5, id, 3)
		dst = AppendTimer(dst[:0], 1, 5, id, 3)
		dst = AppendSubscription(dst[:0], 1, name, key, 2, id, 3)
		if _, ok := ParseHead(AppendHead(dst[:0], 1, id)); !ok {
			t.Error("not read back")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSizes is the budget of the keys that are written at every step.
func TestSizes(t *testing.T) {
	for name, c := range map[string]struct {
		key  []byte
		most int
	}{
		"head":    {AppendHead(nil, 1, ID{}), 22},
		"history": {AppendHistory(nil, 1, ID{}, 100), 23},
		"timer":   {AppendTimer(nil, 1, 0, ID{}, 3), 34},
		"task":    {AppendTask(nil, 1, 0, 0, ID{}, 3), 42},
	} {
		if len(c.key) > c.most {
			t.Errorf("%s: %d bytes, budget %d", name, len(c.key), c.most)
		}
	}
}

// TestGolden pins bytes: they are on disks.
func TestGolden(t *testing.T) {
	id := ID{0x01, 0x8f, 15: 0x42}
	idHex := "018f0000000000000000000000000042"
	for want, key := range map[string][]byte{
		"01016c6f616e":                             AppendTenantName(nil, "loan"),
		"010200000009":                             AppendTenantRecord(nil, 9),
		"0103":                                     AppendLastTenant(nil),
		"0104":                                     AppendFormat(nil),
		"0200000009" + "01" + "6c00ff6f0001":       AppendProcessID(nil, 9, "l\x00o"),
		"0200000009" + "04" + idHex:                AppendMigration(nil, 9, id),
		"0200000009" + "10" + idHex:                AppendHead(nil, 9, id),
		"0200000009" + "11" + idHex:                AppendEnded(nil, 9, id),
		"0200000009" + "12" + idHex + "f7":         AppendHistory(nil, 9, id, 247),
		"0200000009" + "12" + idHex + "f8f8":       AppendHistory(nil, 9, id, 248),
		"0200000009" + "12" + idHex + "f90100":     AppendHistory(nil, 9, id, 256),
		"0200000009" + "13" + idHex + "0005":       AppendScope(nil, 9, id, []byte{0, 5}),
		"0200000009" + "14" + idHex + "0000000203": AppendValue(nil, 9, id, 2, 3),
		"0200000009" + "15" + idHex + "0001":       AppendSlotPage(nil, 9, id, 1),
		"0200000009" + "20" + "ffffffffffffffff" + "8000000000000001" + idHex + "00000003": AppendTask(nil, 9, NoTime, 1, id, 3),
		"0200000009" + "21" + "8000000000000001" + idHex + "00000003":                      AppendTimer(nil, 9, 1, id, 3),
		"0200000009" + "22" + "610001" + "620001" + "00000002" + idHex + "00000003":        AppendSubscription(nil, 9, "a", "b", 2, id, 3),
		"0200000009" + "23" + "610001" + "620001" + "0000000000000007":                     AppendBuffered(nil, 9, "a", "b", 7),
		"0200000009" + "24" + "610001":                                                     AppendSeen(nil, 9, "a"),
		"0200000009" + "25" + "00000002" + "610001":                                        AppendBusinessKey(nil, 9, 2, "a"),
		"0200000009" + "26" + idHex + "00000003":                                           AppendIncident(nil, 9, id, 3),
	} {
		if got := fmt.Sprintf("%x", key); got != want {
			t.Errorf("key %s, want %s", got, want)
		}
	}
}

func TestParseID(t *testing.T) {
	id := ID{0x01, 0x8f, 15: 0x42}
	for _, s := range []string{id.String(), strings.ToLower(id.String())} {
		if got, err := ParseID(s); err != nil || got != id {
			t.Errorf("ParseID(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "x", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FU!"} {
		if got, err := ParseID(s); err == nil || !strings.Contains(err.Error(), "ULID") {
			t.Errorf("ParseID(%q) = %v, %v; want an error", s, got, err)
		}
	}
}

func TestTenantNames(t *testing.T) {
	lo, hi := TenantNameRange()
	for _, name := range []string{"", "a", "\xff"} {
		key := AppendTenantName(nil, name)
		if got, ok := ParseTenantName(key); !ok || got != name || !inside(key, lo, hi) {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
	for _, key := range [][]byte{nil, {1}, AppendTenantRecord(nil, 1), AppendLastTenant(nil)} {
		if _, ok := ParseTenantName(key); ok || inside(key, lo, hi) {
			t.Errorf("key %x is read as the name of a tenant", key)
		}
	}
}

// FuzzParse: no bytes make a parser panic, and what one reads is what it was
// built from: a tuple has one key.
func FuzzParse(f *testing.F) {
	f.Add(AppendHistory(nil, 1, ID{}, 300))
	f.Add(AppendSubscription(nil, 1, "na\x00me", "key", 2, ID{}, 3))
	f.Add(AppendTask(nil, 1, NoTime, 1, ID{}, 1))
	f.Fuzz(func(t *testing.T, key []byte) {
		tenant, _, _, _ := Split(key)
		for _, l := range layouts {
			if p, ok := l.parse(key); ok && !bytes.Equal(l.append(nil, tenant, p), key) {
				t.Errorf("kind %x reads %x as %v, whose key is %x", l.kind, key, p, l.append(nil, tenant, p))
			}
		}
		_, _ = ParseTenantName(key)
	})
}
