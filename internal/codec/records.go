package codec

import (
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
)

// Child is a child scope: a multi-instance copy, or an occurrence of a handler. Its events lie in its instance's
// history.
type Child struct {
	Seq     uint64 // number of the last event that changed it
	Updated int64  // of that event, unix milliseconds
	Scope   kernel.Scope
}

// AppendChild appends the record of c:
//
//	| format | uv seq | zz updated | scope |
func AppendChild(dst []byte, c *Child) []byte {
	dst = appendVarint(appendUvarint(append(dst, FormatChild), c.Seq), c.Updated)
	return appendScope(dst, &c.Scope, c.Seq, c.Updated)
}

// DecodeChild decodes a child scope whose schema has the given shape, in the memory of c.
func DecodeChild(b []byte, shape Shape, c *Child) error {
	r := open(b, FormatChild)
	c.Seq, c.Updated = r.uvarint(), r.varint()
	r.scope(&c.Scope, &shape, c.Seq, c.Updated)
	return r.close("scope")
}

// PageOf returns the slot page that a variable's version stands in, or -1 if that is the head.
func PageOf(slot int) int {
	if slot < HeadSlots {
		return -1
	}
	return (slot - HeadSlots) / PageSlots
}

// Pages returns how many slot pages a schema with so many variables has.
func Pages(slots int) int { return PageOf(slots+PageSlots-1) - PageOf(HeadSlots-1) - 1 }

// page returns the part of slots that stands in a page.
func page(slots []uint64, n int) []uint64 {
	from := min(HeadSlots+n*PageSlots, len(slots))
	return slots[from:min(from+PageSlots, len(slots))]
}

// AppendSlotPage appends the record of one page of a state's slots:
//
//	| format | uv n | n x uv version |        versions after the last that is not 0 are left out
//
// Only pages that a step wrote to (PageOf of each Write) need to be stored again.
func AppendSlotPage(dst []byte, slots []uint64, n int) []byte {
	p := page(slots, n)
	for len(p) > 0 && p[len(p)-1] == 0 {
		p = p[:len(p)-1]
	}
	return appendSlots(append(dst, FormatSlotPage), p)
}

// DecodeSlotPage decodes page n into its part of slots.
func DecodeSlotPage(b []byte, slots []uint64, n int) error {
	r := open(b, FormatSlotPage)
	p := page(slots, n)
	clear(p)
	r.slots(p)
	return r.close("slot page")
}

// AppendProcessID appends the record that leads from a process's id to its number:
//
//	| format | uv number |
func AppendProcessID(dst []byte, number uint32) []byte {
	return appendUvarint(append(dst, FormatProcessID), uint64(number))
}

// DecodeProcessID decodes the record of a process id.
func DecodeProcessID(b []byte) (number uint32, err error) {
	r := open(b, FormatProcessID)
	number = r.uint32()
	return number, r.close("process id")
}

// Process is what is kept of a process beside its versions.
type Process struct {
	ID      string // as schemas write it
	Latest  uint32 // the newest version
	Current uint32 // the version that new instances start on
}

// AppendProcess appends the record of p:
//
//	| format | uv latest | uv current | str id |
func AppendProcess(dst []byte, p *Process) []byte {
	dst = appendUvarint(append(dst, FormatProcess), uint64(p.Latest))
	return appendString(appendUvarint(dst, uint64(p.Current)), p.ID)
}

// DecodeProcess decodes the record of a process.
func DecodeProcess(b []byte) (p Process, err error) {
	r := open(b, FormatProcess)
	p.Latest, p.Current = r.uint32(), r.uint32()
	p.ID = r.string("")
	return p, r.close("process")
}

// Version is one deployed version of a process.
type Version struct {
	Process  string   // its id
	Layout   uint32   // program.Layout that numbered places, nodes and slots
	Digest   [32]byte // of the canonical source
	Deployed int64    // unix milliseconds
	Actor    string   // who deployed it; "": the program itself
	Retired  bool     // no new instances start on it
	Name     string   // of the source, for messages: a file name
	Source   []byte   // the text that was deployed
}

// AppendVersion appends the record of v:
//
//	| format | flags | uv layout | digest: 32 bytes | zz deployed | str process | str actor | str name | str source |
func AppendVersion(dst []byte, v *Version) []byte {
	dst = append(dst, FormatVersion, 0)
	if v.Retired {
		dst[len(dst)-1] = 1
	}
	dst = append(appendUvarint(dst, uint64(v.Layout)), v.Digest[:]...)
	dst = appendVarint(dst, v.Deployed)
	dst = appendString(appendString(appendString(dst, v.Process), v.Actor), v.Name)
	return append(appendUvarint(dst, uint64(len(v.Source))), v.Source...)
}

// DecodeVersion decodes the record of a version. Source belongs to b.
func DecodeVersion(b []byte) (v Version, err error) {
	r := open(b, FormatVersion)
	v.Retired = r.flags(1) != 0
	v.Layout = r.uint32()
	r.fixed(v.Digest[:])
	v.Deployed = r.varint()
	v.Process, v.Actor, v.Name = r.string(""), r.string(""), r.string("")
	v.Source = r.bytes()
	return v, r.close("schema version")
}

// Task is what the task list needs to know of an open user task without loading its instance. Due date, creation,
// instance and node stand in its key.
type Task struct {
	Process, Version uint32
	Since            uint64 // kernel.Work.Since
	Started          bool   // claimed
	Actor            string // who claimed it
	Priority         int
}

// AppendTask appends the index record of a user task:
//
//	| format | flags | uv process | uv version | uv since | [zz priority] | [str actor] |
func AppendTask(dst []byte, t *Task) []byte {
	at := len(dst) + 1
	dst = appendUvarint(append(dst, FormatTask, 0), uint64(t.Process))
	dst = appendUvarint(appendUvarint(dst, uint64(t.Version)), t.Since)
	if t.Started {
		dst[at] |= 1
	}
	if t.Priority != 0 {
		dst[at] |= 2
		dst = appendVarint(dst, int64(t.Priority))
	}
	if t.Actor != "" {
		dst[at] |= 4
		dst = appendString(dst, t.Actor)
	}
	return dst
}

// DecodeTask decodes the index record of a user task.
func DecodeTask(b []byte) (t Task, err error) {
	r := open(b, FormatTask)
	flags := r.flags(7)
	t.Process, t.Version, t.Since, t.Started = r.uint32(), r.uint32(), r.uvarint(), flags&1 != 0
	if flags&2 != 0 {
		t.Priority = int(r.varint())
	}
	if flags&4 != 0 {
		t.Actor = r.string("")
	}
	return t, r.close("task")
}

// AppendTimer appends the index record of an armed timer, or of a job that waits for its next attempt, whose work began
// with event number since:
//
//	| format | uv since |
func AppendTimer(dst []byte, since uint64) []byte {
	return appendUvarint(append(dst, FormatTimer), since)
}

// DecodeTimer decodes the index record of a timer.
func DecodeTimer(b []byte) (since uint64, err error) {
	r := open(b, FormatTimer)
	since = r.uvarint()
	return since, r.close("timer")
}

// AppendSubscription appends the index record of a subscription, whose work began with event number since:
//
//	| format | uv since |
func AppendSubscription(dst []byte, since uint64) []byte {
	return appendUvarint(append(dst, FormatSubscription), since)
}

// DecodeSubscription decodes the index record of a subscription.
func DecodeSubscription(b []byte) (since uint64, err error) {
	r := open(b, FormatSubscription)
	since = r.uvarint()
	return since, r.close("subscription")
}

// AppendIncident appends the index record of an open incident, whose work began with event number since:
//
//	| format | uv process | uv since |
func AppendIncident(dst []byte, process uint32, since uint64) []byte {
	return appendUvarint(appendUvarint(append(dst, FormatIncident), uint64(process)), since)
}

// DecodeIncident decodes the index record of an incident.
func DecodeIncident(b []byte) (process uint32, since uint64, err error) {
	r := open(b, FormatIncident)
	process, since = r.uint32(), r.uvarint()
	return process, since, r.close("incident")
}

// AppendBusinessKey appends the record that leads from a business key to its instance:
//
//	| format | instance: 16 bytes |
func AppendBusinessKey(dst []byte, instance [16]byte) []byte {
	return append(append(dst, FormatBusinessKey), instance[:]...)
}

// DecodeBusinessKey decodes the record of a business key.
func DecodeBusinessKey(b []byte) (instance [16]byte, err error) {
	r := open(b, FormatBusinessKey)
	r.fixed(instance[:])
	return instance, r.close("business key")
}

// Message is a message that waits for somebody to subscribe to it. Its name and correlation key stand in its key.
type Message struct {
	ID       string // the sender's; "": none
	Received int64  // unix milliseconds
	Expires  int64  // unix milliseconds
	Data     expr.Value
}

// AppendMessage appends the record of m:
//
//	| format | zz received | zz expires-received | str id | value |
func AppendMessage(dst []byte, m *Message) []byte {
	dst = appendVarint(append(dst, FormatMessage), m.Received)
	dst = appendString(appendVarint(dst, m.Expires-m.Received), m.ID)
	return m.Data.Append(dst)
}

// DecodeMessage decodes the record of a message.
func DecodeMessage(b []byte) (m Message, err error) {
	r := open(b, FormatMessage)
	m.Received = r.varint()
	m.Expires = m.Received + r.varint()
	m.ID = r.string("")
	m.Data = r.value(len(b) - r.pos)
	return m, r.close("message")
}

// Seen is what became of a message with an id, so that a second one with the same id has the same outcome.
type Seen struct {
	Expires   int64      // unix milliseconds
	Kept      bool       // nobody waited for it, it was kept
	Open      bool       // others are still to get it
	Instances [][16]byte // who got it
}

// AppendSeen appends the record of s:
//
//	| format | flags | zz expires | uv n | n x instance: 16 bytes |
func AppendSeen(dst []byte, s *Seen) []byte {
	dst = append(dst, FormatSeen, 0)
	if s.Kept {
		dst[len(dst)-1] |= 1
	}
	if s.Open {
		dst[len(dst)-1] |= 2
	}
	dst = appendUvarint(appendVarint(dst, s.Expires), uint64(len(s.Instances)))
	for i := range s.Instances {
		dst = append(dst, s.Instances[i][:]...)
	}
	return dst
}

// DecodeSeen decodes the record of a message id.
func DecodeSeen(b []byte) (s Seen, err error) {
	r := open(b, FormatSeen)
	flags := r.flags(3)
	s.Kept, s.Open = flags&1 != 0, flags&2 != 0
	s.Expires = r.varint()
	if n := r.count(16); n > 0 {
		s.Instances = make([][16]byte, n)
		for i := range s.Instances {
			r.fixed(s.Instances[i][:])
		}
	}
	return s, r.close("message id")
}
