package codec

import "github.com/replank/replank/internal/kernel"

// Peek is what lists and recovery ask of a head, read without its schema and without decoding the rest.
type Peek struct {
	Process, Version      uint32
	Status                kernel.Status
	Epoch, Seq            uint64
	Created, Updated, Due int64 // unix milliseconds; Due 0: none
	Priority              int
	Incidents             int    // open ones
	Job                   bool   // a service task runs, or waits for its next attempt
	BusinessKey           []byte // empty: none. It belongs to the record.

	labels []byte // the labels, encoded; they belong to the record
	after  int    // where the front ends
}

// PeekHead reads the front of a head record. What follows is not checked.
func PeekHead(b []byte) (Peek, error) {
	var p Peek
	r := open(b, FormatHead)
	r.peek(&p)
	p.after = r.pos
	return p, r.err("head")
}

// DecodeRun decodes of head record b, of which p is the front, what a class of runs is made of: the scope, the moves
// and the states of rules. Like DecodeHead it works in h's memory; the rest of h and of h.State has no meaning then. What
// follows them is not checked.
func (p *Peek) DecodeRun(b []byte, shape *Shape, h *Head) error {
	if h.State == nil {
		h.State = new(kernel.State)
	}
	r := reader{b: b, pos: p.after}
	more := r.flags(moreChildren | moreActors | moreTail | moreMoves | moreRules)
	r.scope(&h.State.Scope, shape, p.Seq, p.Updated)
	h.Moves = h.Moves[:0]
	h.State.Rules = resize(h.State.Rules, len(shape.Rules))
	clear(h.State.Rules)
	if more&(moreMoves|moreRules) != 0 {
		if more&moreChildren != 0 {
			r.children(shape, h.State)
		}
		if more&moreActors != 0 {
			r.actors(shape, h.State)
		}
		if more&moreMoves != 0 {
			r.moves(h)
		}
		if more&moreRules != 0 {
			r.rules(h.State.Rules, shape.Rules)
		}
	}
	return r.err("head")
}

// Label returns the value of a label, and whether the instance has it.
func (p *Peek) Label(name string) (string, bool) {
	r := reader{b: p.labels}
	for range r.count(2) {
		n, v := r.bytes(), r.bytes()
		if string(n) == name {
			return string(v), true
		}
	}
	return "", false
}

// allLabels adds all labels to m, which it makes if it is nil.
func (p *Peek) allLabels(m map[string]string) map[string]string {
	r := reader{b: p.labels}
	n := r.count(2)
	if m == nil {
		m = make(map[string]string, n)
	}
	for range n {
		name := string(r.bytes())
		m[name] = string(r.bytes())
	}
	return m
}

func (r *reader) peek(p *Peek) {
	flags := r.flags(headIncidents | headJob | headDue | headKey | headPriority | headEpoch | headLabels)
	p.Status = kernel.Status(r.byte())
	if p.Status == 0 && r.bad == "" {
		r.fail("its status is 0")
	}
	p.Process, p.Version = r.uint32(), r.uint32()
	p.Seq = r.uvarint()
	p.Created = r.varint()
	p.Updated = p.Created + r.varint()
	p.Job = flags&headJob != 0
	if flags&headEpoch != 0 {
		p.Epoch = r.uvarint()
	}
	if flags&headIncidents != 0 {
		p.Incidents = int(r.int31())
	}
	if flags&headDue != 0 {
		p.Due = p.Created + r.varint()
	}
	if flags&headPriority != 0 {
		p.Priority = int(r.varint())
	}
	if flags&headKey != 0 {
		p.BusinessKey = r.bytes()
	}
	if flags&headLabels != 0 {
		from := r.pos
		for range r.count(2) {
			r.bytes()
			r.bytes()
		}
		p.labels = r.b[min(from, r.pos):r.pos:r.pos]
	}
}
