package codec

import (
	"slices"

	"github.com/replank/replank/internal/kernel"
)

// Head is one instance as its head record holds it, live or ended: everything but its child scopes, the slots from
// HeadSlots on (slot pages), and the values (in history, or in records of their own).
type Head struct {
	Process, Version uint32
	State            *kernel.State
	BusinessKey      string // "": none
	Labels           map[string]string
	Priority         int
	Due              int64   // unix milliseconds; 0: none
	Moves            []Moved // to other versions, ascending
	Tail             Tail    // the newest history events; what comes before them lies in history chunks
}

// Moved is one move of an instance to another version: history before event Seq is in the numbering of version From, up
// to the move before it. So readers of history need not look for the moves.
type Moved struct {
	Seq  uint64 // of the Migrated event
	From uint32
}

// VersionAt is the version whose numbering event seq is in; of a Migrated event, the one that it led to.
func (h *Head) VersionAt(seq uint64) uint32 {
	for _, m := range h.Moves {
		if seq < m.Seq {
			return m.From
		}
	}
	return h.Version
}

// The head record:
//
//	| format | flags | status | uv process | uv version | uv seq | zz created | zz updated-created
//	| [uv epoch] [uv incidents] [zz due-created] [zz priority] [str business key] [labels]          the part that is peeked
//	| more | scope | [children] [actors] [moves] [rules] [tail]
//
//	labels    uv n, then n x (str name, str value), by name
//	children  uv n, then n x (uv node, uv open, uv next)
//	actors    uv n, then n x str; the rest is ""
//	moves     uv n, then n x (uv number - the one before, uv from)
//	rules     uv n, then n x uv: the state of a rule's automaton; the rest is 0
//	tail      uv seq+1-n-first, uv n, zz base-updated, zz last-updated, then the events up to the record's end
const (
	headIncidents byte = 1 << iota
	headJob            // something waits for a handler
	headDue
	headKey
	headPriority
	headEpoch
	headLabels
)

const (
	moreChildren byte = 1 << iota
	moreActors
	moreTail
	moreMoves
	moreRules
)

// AppendHead appends the head record of h. h.State must not be nil.
func AppendHead(dst []byte, h *Head) []byte {
	s := h.State
	at := len(dst) + 1
	dst = append(dst, FormatHead, 0, byte(s.Status))
	dst = appendUvarint(appendUvarint(dst, uint64(h.Process)), uint64(h.Version))
	dst = appendUvarint(dst, s.Seq)
	dst = appendVarint(appendVarint(dst, s.Created), s.Updated-s.Created)
	var flags byte
	if s.Epoch != 0 {
		flags |= headEpoch
		dst = appendUvarint(dst, s.Epoch)
	}
	incidents := 0
	for i := range s.Works {
		if s.Works[i].Incident {
			incidents++
		}
		if s.Works[i].Job {
			flags |= headJob
		}
	}
	if incidents > 0 {
		flags |= headIncidents
		dst = appendUvarint(dst, uint64(incidents))
	}
	if h.Due != 0 {
		flags |= headDue
		dst = appendVarint(dst, h.Due-s.Created)
	}
	if h.Priority != 0 {
		flags |= headPriority
		dst = appendVarint(dst, int64(h.Priority))
	}
	if h.BusinessKey != "" {
		flags |= headKey
		dst = appendString(dst, h.BusinessKey)
	}
	if len(h.Labels) > 0 {
		flags |= headLabels
		dst = appendLabels(dst, h.Labels)
	}
	dst[at] = flags

	at = len(dst)
	dst = append(dst, 0)
	var more byte
	dst = appendScope(dst, &s.Scope, s.Seq, s.Updated)
	if len(s.Children) > 0 {
		more |= moreChildren
		dst = appendUvarint(dst, uint64(len(s.Children)))
		for _, c := range s.Children {
			dst = appendUvarint(dst, uint64(uint32(c.Node)))
			dst = appendUvarint(appendUvarint(dst, uint64(c.Open)), uint64(c.Next))
		}
	}
	if n := known(s.Actors); n > 0 {
		more |= moreActors
		dst = appendUvarint(dst, uint64(n))
		for _, a := range s.Actors[:n] {
			dst = appendString(dst, a)
		}
	}
	if len(h.Moves) > 0 {
		more |= moreMoves
		dst = appendUvarint(dst, uint64(len(h.Moves)))
		last := uint64(0)
		for _, m := range h.Moves {
			dst = appendUvarint(appendUvarint(dst, m.Seq-last), uint64(m.From))
			last = m.Seq
		}
	}
	if n := moved(s.Rules); n > 0 {
		more |= moreRules
		dst = appendUvarint(dst, uint64(n))
		for _, state := range s.Rules[:n] {
			dst = appendUvarint(dst, uint64(state))
		}
	}
	if t := &h.Tail; t.N > 0 {
		more |= moreTail
		dst = appendUvarint(dst, s.Seq+1-uint64(t.N)-t.First)
		dst = appendUvarint(dst, uint64(t.N))
		dst = appendVarint(appendVarint(dst, t.Base-s.Updated), t.Last-s.Updated)
		dst = append(dst, t.Bytes...)
	}
	dst[at] = more
	return dst
}

// DecodeHead decodes a head record whose schema has the given shape (PeekHead tells which schema that is). It sets all
// of h and the exported fields of h.State, in whose memory it works; with h.State nil it makes a new State. It does not
// touch what a State holds beyond its exported fields. After an error the content of h has no meaning. The slots from
// HeadSlots on are 0: DecodeSlotPage adds them.
func DecodeHead(b []byte, shape Shape, h *Head) error {
	if h.State == nil {
		h.State = new(kernel.State)
	}
	var p Peek
	r := open(b, FormatHead)
	r.peek(&p)
	s := h.State
	h.Process, h.Version, h.Due, h.Priority = p.Process, p.Version, p.Due, p.Priority
	s.Status, s.Epoch, s.Seq, s.Created, s.Updated = p.Status, p.Epoch, p.Seq, p.Created, p.Updated
	if h.BusinessKey != string(p.BusinessKey) {
		h.BusinessKey = string(p.BusinessKey)
	}
	clear(h.Labels)
	if len(p.labels) > 0 {
		h.Labels = p.allLabels(h.Labels)
	}

	more := r.flags(moreChildren | moreActors | moreTail | moreMoves | moreRules)
	r.scope(&s.Scope, &shape, s.Seq, s.Updated)
	s.Children = s.Children[:0]
	if more&moreChildren != 0 {
		r.children(&shape, s)
	}
	n := 0
	s.Actors = resize(s.Actors, shape.Witnesses)
	if more&moreActors != 0 {
		n = r.actors(&shape, s)
	}
	clear(s.Actors[n:])
	h.Moves = h.Moves[:0]
	if more&moreMoves != 0 {
		r.moves(h)
	}
	s.Rules = resize(s.Rules, len(shape.Rules))
	clear(s.Rules)
	if more&moreRules != 0 {
		r.rules(s.Rules, shape.Rules)
	}
	h.Tail.Reset(s.Seq+1, s.Updated)
	if more&moreTail != 0 {
		t := &h.Tail
		skipped := r.uvarint()
		t.N = int(r.int31())
		t.First = s.Seq + 1 - uint64(t.N) - skipped
		t.Base, t.Last = s.Updated+r.varint(), s.Updated+r.varint()
		if rest := len(b) - r.pos; t.N == 0 || t.N > rest/2 {
			r.fail("its tail is not as long as it says")
			t.N = 0
		}
		t.Bytes = append(t.Bytes, b[r.pos:]...)
		r.pos = len(b)
	}
	return r.close("head")
}

func (r *reader) children(shape *Shape, s *kernel.State) {
	s.Children = resize(s.Children, r.count(3))
	for i := range s.Children {
		s.Children[i] = kernel.Children{Node: int32(r.below(shape.Nodes, "node")), Open: r.uint32(), Next: r.uint32()}
	}
}

// actors reads the actors that are known, and returns how many.
func (r *reader) actors(shape *Shape, s *kernel.State) int {
	n := r.count(1)
	if n > shape.Witnesses {
		r.fail("it remembers more actors than its schema asks for")
		return 0
	}
	s.Actors = resize(s.Actors, shape.Witnesses)
	for i := range n {
		s.Actors[i] = r.string(s.Actors[i])
	}
	return n
}

func (r *reader) moves(h *Head) {
	h.Moves = resize(h.Moves, r.count(2))
	last := uint64(0)
	for i := range h.Moves {
		last += r.uvarint()
		h.Moves[i] = Moved{last, r.uint32()}
	}
}

func appendLabels(dst []byte, labels map[string]string) []byte {
	var few [16]string
	names := few[:0]
	//lint:sorted the names are sorted below
	for name := range labels {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = appendUvarint(dst, uint64(len(names)))
	for _, name := range names {
		dst = appendString(appendString(dst, name), labels[name])
	}
	return dst
}

// moved is how many states of rules are needed: up to the last one that is not the first of its automaton.
func moved(rules []uint16) int {
	n := len(rules)
	for n > 0 && rules[n-1] == 0 {
		n--
	}
	return n
}

// rules reads states of rules, of which there are so many each.
func (r *reader) rules(into []uint16, states []int) {
	n := r.count(1)
	if n > len(into) {
		r.fail("it has more rules than its schema")
		return
	}
	for i := range n {
		into[i] = uint16(r.below(states[i], "state of a rule"))
	}
}

// known is how many actors are needed: up to the last one that is not "".
func known(actors []string) int {
	n := len(actors)
	for n > 0 && actors[n-1] == "" {
		n--
	}
	return n
}
