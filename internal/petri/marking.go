package petri

import "math/bits"

// Place is the number of a place of a Net. Place numbers are durable: heads store markings, so a compiler must number
// the places of one schema the same way for ever.
type Place uint16

// NoPlace says that a node has no such place.
const NoPlace Place = 1<<16 - 1

// Marking is a set of marked places (or any set of places, or of transitions) as a bitset. Its length is fixed by its
// net. Safe nets hold at most one token per place, so a set is all there is. A nil Marking is the empty set wherever a
// function says that it only reads it.
type Marking []uint64

// Has reports whether p is marked.
func (m Marking) Has(p Place) bool { return int(p>>6) < len(m) && m[p>>6]&(1<<(p&63)) != 0 }

// Add marks p.
func (m Marking) Add(p Place) { m[p>>6] |= 1 << (p & 63) }

// Remove unmarks p.
func (m Marking) Remove(p Place) { m[p>>6] &^= 1 << (p & 63) }

// Empty reports whether nothing is marked.
func (m Marking) Empty() bool {
	for _, w := range m {
		if w != 0 {
			return false
		}
	}
	return true
}

// Len counts the marked places.
func (m Marking) Len() int {
	n := 0
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// Equal reports whether m and o mark the same places; they may differ in length.
func (m Marking) Equal(o Marking) bool {
	if len(m) > len(o) {
		m, o = o, m
	}
	for i, w := range m {
		if o[i] != w {
			return false
		}
	}
	return o[len(m):].Empty()
}

// Contains reports whether every place of sub is in m.
func (m Marking) Contains(sub Marking) bool {
	for i, w := range sub {
		if w == 0 {
			continue
		}
		if i >= len(m) || w&^m[i] != 0 {
			return false
		}
	}
	return true
}

// Meets reports whether m and o have a place in common.
func (m Marking) Meets(o Marking) bool {
	for i := range min(len(m), len(o)) {
		if m[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// Union adds every place of o, which is not longer than m.
func (m Marking) Union(o Marking) {
	for i, w := range o {
		m[i] |= w
	}
}

// Minus removes every place of o.
func (m Marking) Minus(o Marking) {
	for i := range min(len(m), len(o)) {
		m[i] &^= o[i]
	}
}

// Clone returns a copy that is the caller's.
func (m Marking) Clone() Marking { return append(Marking(nil), m...) }

// Each calls yield for the marked places in ascending order until it returns false. It has the shape of an iterator:
// for p := range m.Each { ... }.
func (m Marking) Each(yield func(Place) bool) {
	for i, w := range m {
		for w != 0 {
			if !yield(Place(i<<6 + bits.TrailingZeros64(w))) {
				return
			}
			w &= w - 1
		}
	}
}

// Bytes appends m as bytes, without zeros at the end: equal sets give equal bytes.
func (m Marking) Bytes(dst []byte) []byte {
	from := len(dst)
	for _, w := range m {
		for range 8 {
			dst = append(dst, byte(w))
			w >>= 8
		}
	}
	for len(dst) > from && dst[len(dst)-1] == 0 {
		dst = dst[:len(dst)-1]
	}
	return dst
}
