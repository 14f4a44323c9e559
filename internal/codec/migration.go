package codec

import "github.com/replank/replank/internal/kernel"

// Migration is a move of many instances: the plan, and how far it has come, so that it goes on after a crash. Its id
// stands in its key.
type Migration struct {
	Process, To      uint32
	From             []uint32 // versions
	Criteria, Timers uint8    // migrate.Criteria, migrate.TimerPolicy
	Rename           []kernel.Renaming
	Only             []byte // which instances, as the engine writes filters
	Actor            string // who began it
	Began, Done      int64  // unix milliseconds; Done 0: not yet

	Cursor                                     [16]byte // the last instance that was dealt with
	Total, Moved, Later, Unwind, Never, Failed uint64
}

// AppendMigration appends the record of m:
//
//	| format | uv process | uv to | criteria | timers | zz began | zz done-began, 0: not yet | uv n, n x uv from
//	| uv n, n x (str old, str new) | str only | str actor | cursor: 16 bytes | 6 x uv count |
func AppendMigration(dst []byte, m *Migration) []byte {
	dst = appendUvarint(appendUvarint(append(dst, FormatMigration), uint64(m.Process)), uint64(m.To))
	dst = appendVarint(append(dst, m.Criteria, m.Timers), m.Began)
	if m.Done == 0 {
		dst = append(dst, 0)
	} else {
		dst = appendVarint(dst, max(m.Done-m.Began, 1))
	}
	dst = appendUvarint(dst, uint64(len(m.From)))
	for _, v := range m.From {
		dst = appendUvarint(dst, uint64(v))
	}
	dst = appendUvarint(dst, uint64(len(m.Rename)))
	for _, r := range m.Rename {
		dst = appendString(appendString(dst, r.Old), r.New)
	}
	dst = append(appendUvarint(dst, uint64(len(m.Only))), m.Only...)
	dst = append(appendString(dst, m.Actor), m.Cursor[:]...)
	for _, n := range [...]uint64{m.Total, m.Moved, m.Later, m.Unwind, m.Never, m.Failed} {
		dst = appendUvarint(dst, n)
	}
	return dst
}

// DecodeMigration decodes the record of a migration. Only belongs to b.
func DecodeMigration(b []byte) (m Migration, err error) {
	r := open(b, FormatMigration)
	m.Process, m.To = r.uint32(), r.uint32()
	m.Criteria, m.Timers = r.byte(), r.byte()
	m.Began = r.varint()
	if d := r.varint(); d != 0 {
		m.Done = m.Began + d
	}
	if n := r.count(1); n > 0 {
		m.From = make([]uint32, n)
		for i := range m.From {
			m.From[i] = r.uint32()
		}
	}
	if n := r.count(2); n > 0 {
		m.Rename = make([]kernel.Renaming, n)
		for i := range m.Rename {
			m.Rename[i] = kernel.Renaming{Old: r.string(""), New: r.string("")}
		}
	}
	m.Only = r.bytes()
	m.Actor = r.string("")
	r.fixed(m.Cursor[:])
	for _, n := range [...]*uint64{&m.Total, &m.Moved, &m.Later, &m.Unwind, &m.Never, &m.Failed} {
		*n = r.uvarint()
	}
	return m, r.close("migration")
}
