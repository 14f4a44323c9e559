package codec

import (
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Shape is what a schema fixes about its instances: how long the parts of a state are. Decoding holds a record against
// it, so that a damaged one cannot lead the kernel out of its tables.
type Shape struct {
	Places, Nodes, Slots, Loops, Witnesses int
	Rules                                  []int // states of each rule's automaton; nil: instances keep none
}

// ShapeOf returns the shape of p's instances.
func ShapeOf(p *program.Program) Shape {
	sh := Shape{
		Places: p.Net.Places(), Nodes: len(p.Nodes), Slots: len(p.Vars), Loops: len(p.Loops), Witnesses: len(p.Witnesses),
	}
	if p.Watched() {
		for i := range p.Rules {
			sh.Rules = append(sh.Rules, p.Rules[i].Automaton.States())
		}
	}
	return sh
}

// A scope, within a head or a child record that gives seq and updated:
//
//	| flags | slots | marking | works | loops | digests | masks | tags |        each only if its flag is set
//
//	slots    uv n <= HeadSlots, then n x uv: version of slot i; the rest is 0
//	marking  as a list: uv n, then n x uv: distance from the place before; or as a set: bits
//	works    uv n, then n x work
//	loops    uv n, then n x (flags, [uv iteration], [acc: 16 bytes], [bits wrote]); the rest is zero
//	digests  key and order: 2 x 16 bytes
//	masks    bits superseded, bits env-written
//	tags     uv n, then n x (uv place, uv pos, uv debts, debts x uv distance from the debt before)
//	work     uv node, flags, uv seq-since, [zz updated-at], [zz due-at], [uv attempt], [str actor], [str key]
const (
	scopeSlots byte = 1 << iota
	scopeList
	scopeSet
	scopeWorks
	scopeLoops
	scopeDigests
	scopeMasks
	scopeTags
)

const (
	workDue byte = 1 << iota
	workAttempt
	workStarted
	workJob
	workIncident
	workActor
	workKey
	workAt
)

const (
	loopIteration byte = 1 << iota
	loopAcc
	loopWrote
)

// appendScope appends s without the slots from HeadSlots on.
func appendScope(dst []byte, s *kernel.Scope, seq uint64, updated int64) []byte {
	at := len(dst)
	dst = append(dst, 0)
	var flags byte
	if n := written(s.Slots); n > 0 {
		flags |= scopeSlots
		dst = appendSlots(dst, s.Slots[:n])
	}
	if tokens := s.Marking.Len(); tokens > bytesOf(s.Marking) {
		flags |= scopeSet
		dst = appendBits(dst, s.Marking)
	} else if tokens > 0 {
		flags |= scopeList
		dst = appendUvarint(dst, uint64(tokens))
		last := petri.Place(0)
		for p := range s.Marking.Each {
			dst = appendUvarint(dst, uint64(p-last))
			last = p
		}
	}
	if len(s.Works) > 0 {
		flags |= scopeWorks
		dst = appendUvarint(dst, uint64(len(s.Works)))
		for i := range s.Works {
			dst = appendWork(dst, &s.Works[i], seq, updated)
		}
	}
	if n := opened(s.Loops); n > 0 {
		flags |= scopeLoops
		dst = appendUvarint(dst, uint64(n))
		for i := range n {
			dst = appendLoop(dst, &s.Loops[i])
		}
	}
	if s.Key != (kernel.Digest{}) || s.Order != (kernel.Digest{}) {
		flags |= scopeDigests
		dst = appendDigest(appendDigest(dst, s.Key), s.Order)
	}
	if bytesOf(s.Superseded) > 0 || bytesOf(s.EnvWritten) > 0 {
		flags |= scopeMasks
		dst = appendBits(appendBits(dst, s.Superseded), s.EnvWritten)
	}
	if len(s.Tags) > 0 {
		flags |= scopeTags
		dst = appendTags(dst, s.Tags)
	}
	dst[at] = flags
	return dst
}

// scope reads what appendScope wrote. Slots beyond HeadSlots become 0.
func (r *reader) scope(s *kernel.Scope, shape *Shape, seq uint64, updated int64) {
	flags := r.byte()
	s.Slots = resize(s.Slots, shape.Slots)
	clear(s.Slots)
	if flags&scopeSlots != 0 {
		r.slots(s.Slots[:min(shape.Slots, HeadSlots)])
	}
	r.marking(s, shape, flags)
	s.Works = s.Works[:0]
	if flags&scopeWorks != 0 {
		n := r.count(3)
		s.Works = resize(s.Works, n)
		for i := range s.Works {
			r.work(&s.Works[i], shape, seq, updated)
		}
	}
	n := 0
	s.Loops = resize(s.Loops, shape.Loops)
	if flags&scopeLoops != 0 {
		if n = r.count(1); n > shape.Loops {
			r.fail("it has more loops than its schema")
			n = 0
		}
		for i := range n {
			r.loop(&s.Loops[i], shape)
		}
	}
	clear(s.Loops[n:])
	s.Key, s.Order = kernel.Digest{}, kernel.Digest{}
	if flags&scopeDigests != 0 {
		s.Key, s.Order = r.digest(), r.digest()
	}
	s.Superseded, s.EnvWritten = s.Superseded[:0], s.EnvWritten[:0]
	if flags&scopeMasks != 0 {
		s.Superseded = r.bits(s.Superseded, shape.Loops)
		s.EnvWritten = r.bits(s.EnvWritten, shape.Slots)
	}
	s.Tags = s.Tags[:0]
	if flags&scopeTags != 0 {
		r.tags(s, shape)
	}
}

func (r *reader) marking(s *kernel.Scope, shape *Shape, flags byte) {
	words := (shape.Places + 63) / 64
	switch {
	case flags&(scopeList|scopeSet) == scopeList|scopeSet:
		r.fail("it has two markings")
		fallthrough
	default:
		s.Marking = resize(s.Marking, words)
		clear(s.Marking)
	case flags&scopeSet != 0:
		s.Marking = r.bits(s.Marking, shape.Places)
		for len(s.Marking) < words {
			s.Marking = append(s.Marking, 0)
		}
	case flags&scopeList != 0:
		s.Marking = resize(s.Marking, words)
		clear(s.Marking)
		last := uint64(0)
		for range r.count(1) {
			last += r.uvarint()
			if last >= uint64(shape.Places) {
				r.fail("a marked place is out of range")
				return
			}
			s.Marking.Add(petri.Place(last))
		}
	}
}

func appendWork(dst []byte, w *kernel.Work, seq uint64, updated int64) []byte {
	dst = appendUvarint(dst, uint64(uint32(w.Node)))
	at := len(dst)
	dst = appendUvarint(append(dst, 0), seq-w.Since)
	var flags byte
	if w.Started {
		flags |= workStarted
	}
	if w.Job {
		flags |= workJob
	}
	if w.Incident {
		flags |= workIncident
	}
	if w.At != updated {
		flags |= workAt
		dst = appendVarint(dst, updated-w.At)
	}
	if w.Due != 0 {
		flags |= workDue
		dst = appendVarint(dst, w.Due-w.At)
	}
	if w.Attempt != 0 {
		flags |= workAttempt
		dst = appendUvarint(dst, uint64(w.Attempt))
	}
	if w.Actor != "" {
		flags |= workActor
		dst = appendString(dst, w.Actor)
	}
	if w.Key != "" {
		flags |= workKey
		dst = appendString(dst, w.Key)
	}
	dst[at] = flags
	return dst
}

func (r *reader) work(w *kernel.Work, shape *Shape, seq uint64, updated int64) {
	w.Node = int32(r.below(shape.Nodes, "node"))
	flags := r.byte()
	w.Since = seq - r.uvarint()
	w.Started, w.Job, w.Incident = flags&workStarted != 0, flags&workJob != 0, flags&workIncident != 0
	w.At, w.Due, w.Attempt = updated, 0, 0
	if flags&workAt != 0 {
		w.At = updated - r.varint()
	}
	if flags&workDue != 0 {
		w.Due = w.At + r.varint()
	}
	if flags&workAttempt != 0 {
		w.Attempt = r.uint32()
	}
	if flags&workActor != 0 {
		w.Actor = r.string(w.Actor)
	} else {
		w.Actor = ""
	}
	if flags&workKey != 0 {
		w.Key = r.string(w.Key)
	} else {
		w.Key = ""
	}
}

func appendLoop(dst []byte, l *kernel.Loop) []byte {
	at := len(dst)
	dst = append(dst, 0)
	var flags byte
	if l.Iteration != 0 {
		flags |= loopIteration
		dst = appendUvarint(dst, uint64(l.Iteration))
	}
	if l.Acc != (kernel.Digest{}) {
		flags |= loopAcc
		dst = appendDigest(dst, l.Acc)
	}
	if bytesOf(l.Wrote) > 0 {
		flags |= loopWrote
		dst = appendBits(dst, l.Wrote)
	}
	dst[at] = flags
	return dst
}

func (r *reader) loop(l *kernel.Loop, shape *Shape) {
	flags := r.flags(loopIteration | loopAcc | loopWrote)
	*l = kernel.Loop{Wrote: l.Wrote[:0]}
	if flags&loopIteration != 0 {
		l.Iteration = r.uint32()
	}
	if flags&loopAcc != 0 {
		l.Acc = r.digest()
	}
	if flags&loopWrote != 0 {
		l.Wrote = r.bits(l.Wrote, shape.Slots)
	}
}

func appendTags(dst []byte, tags []kernel.Tag) []byte {
	dst = appendUvarint(dst, uint64(len(tags)))
	for i := range tags {
		t := &tags[i]
		dst = appendUvarint(appendUvarint(dst, uint64(t.Place)), t.Pos)
		dst = appendUvarint(dst, uint64(len(t.Debts)))
		last := uint64(0)
		for _, d := range t.Debts {
			dst = appendUvarint(dst, d-last)
			last = d
		}
	}
	return dst
}

func (r *reader) tags(s *kernel.Scope, shape *Shape) {
	s.Tags = resize(s.Tags, r.count(3))
	for i := range s.Tags {
		t := &s.Tags[i]
		t.Place = petri.Place(r.below(shape.Places, "place"))
		t.Pos = r.uvarint()
		t.Debts = resize(t.Debts, r.count(1))
		last := uint64(0)
		for j := range t.Debts {
			last += r.uvarint()
			t.Debts[j] = last
		}
	}
}

// written is how many of the slots in the head are needed: up to the last one that is not 0.
func written(slots []uint64) int {
	n := min(len(slots), HeadSlots)
	for n > 0 && slots[n-1] == 0 {
		n--
	}
	return n
}

// opened is how many loops are needed: up to the last one that is not zero.
func opened(loops []kernel.Loop) int {
	n := len(loops)
	for n > 0 {
		l := &loops[n-1]
		if l.Iteration != 0 || l.Acc != (kernel.Digest{}) || bytesOf(l.Wrote) > 0 {
			break
		}
		n--
	}
	return n
}

func appendSlots(dst []byte, slots []uint64) []byte {
	dst = appendUvarint(dst, uint64(len(slots)))
	for _, v := range slots {
		dst = appendUvarint(dst, v)
	}
	return dst
}

// slots reads at most len(into) versions and leaves the rest as it is.
func (r *reader) slots(into []uint64) {
	n := r.count(1)
	if n > len(into) {
		r.fail("it has more variables than its schema")
		return
	}
	for i := range n {
		into[i] = r.uvarint()
	}
}

// resize returns s with length n, in its own memory if that suffices. What its elements hold is of no meaning, but
// their memory may be reused.
func resize[S ~[]E, E any](s S, n int) S {
	if n <= cap(s) {
		return s[:n]
	}
	grown := make(S, n)
	copy(grown, s[:cap(s)])
	return grown
}
