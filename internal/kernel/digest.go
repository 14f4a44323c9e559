package kernel

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/replank/replank/internal/program"
)

// Digest is a 128-bit number. It is durable.
type Digest struct{ Lo, Hi uint64 }

// Add returns d + o modulo 2^128.
func (d Digest) Add(o Digest) Digest {
	lo, c := bits.Add64(d.Lo, o.Lo, 0)
	hi, _ := bits.Add64(d.Hi, o.Hi, c)
	return Digest{lo, hi}
}

// Sub returns d - o modulo 2^128.
func (d Digest) Sub(o Digest) Digest {
	lo, b := bits.Sub64(d.Lo, o.Lo, 0)
	hi, _ := bits.Sub64(d.Hi, o.Hi, b)
	return Digest{lo, hi}
}

// IsZero reports whether d is 0.
func (d Digest) IsZero() bool { return d == Digest{} }

// then appends o to the sequence that d stands for: d*m + o modulo 2^128, a polynomial in m whose coefficients are
// pseudo-random. m is 3 modulo 4, so that m-1 has one factor 2 only and swapping neighbours shows in 127 bits.
func (d Digest) then(o Digest) Digest {
	const mLo, mHi = 0xda942042e4dd58b7, 0x2360ed051fc65da4
	hi, lo := bits.Mul64(d.Lo, mLo)
	hi += d.Lo*mHi + d.Hi*mLo
	return Digest{lo, hi}.Add(o)
}

// prf is the pseudo-random function of formal-core.md (KEY): a letter or decision as a digest. Loops and scopes a node
// lies in follow from its id within one schema, and iteration numbers are left out on purpose, so the path is not an
// argument. The result is durable.
func prf(node string, phase byte, detail ...string) Digest {
	h := sha256.New()
	h.Write([]byte("replank/key/1"))
	h.Write([]byte{0, phase})
	for _, s := range append([]string{node}, detail...) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	sum := h.Sum(nil)
	return Digest{binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:])}
}

// Phase bytes of what is no program.Phase: decisions, errors by their code, and guard incidents that were resolved.
const (
	phaseDecided  = 0xd0
	phaseCaught   = 0xd1
	phaseResolved = 0xd2
)

// letterDigest is the contribution of a letter; wrote is its mask. It need not be the declared one: outputs can be
// optional, and a replay on another version finds letters as they were written.
// The code is that of an error that was caught.
func (m *Machine) letterDigest(node int32, phase program.Phase, code string, wrote []Write) Digest {
	if m.blind {
		return Digest{}
	}
	n := &m.nodes[node]
	if code == "" && phase == program.Start {
		return n.start
	}
	if left := n.left(m.p.Nodes[node].Writes, wrote); left >= 0 && code == "" {
		return n.partial[phase][left]
	} else if left == 0 && code == m.p.Nodes[node].Code {
		return n.caught
	}
	if code != "" {
		return prf(m.p.Nodes[node].ID, phaseCaught, append([]string{code}, m.maskNames(wrote)...)...)
	}
	return prf(m.p.Nodes[node].ID, byte(phase), m.maskNames(wrote)...)
}

// maxOptional bounds for how many optional outputs of one node the digests of all masks are made beforehand.
const maxOptional = 4

// prepare makes the digests of the letters that a node is expected to have: the start; the completion, or occurrence,
// with each mask that its optional outputs allow; the catch of the code it names, with all outputs.
func (m *Machine) prepare(i int32) {
	x, n := &m.p.Nodes[i], &m.nodes[i]
	all, optionals := make([]Write, len(x.Writes)), 0
	for k, slot := range x.Writes {
		all[k].Slot = int32(slot)
		optional := !slices.ContainsFunc(x.Out, func(o program.Output) bool { return o.Slot == slot && !o.Optional })
		n.optional = append(n.optional, 0)
		if optional && optionals < maxOptional {
			n.optional[k] = 1 << optionals
			optionals++
		}
	}
	n.start = prf(x.ID, byte(program.Start))
	for phase := program.Complete; phase <= program.Occur; phase++ {
		for left := range 1 << optionals {
			var wrote []Write
			for k, w := range all {
				if int(n.optional[k])&left == 0 {
					wrote = append(wrote, w)
				}
			}
			n.partial[phase] = append(n.partial[phase], prf(x.ID, byte(phase), m.maskNames(wrote)...))
		}
	}
	if x.Code != "" {
		n.caught = prf(x.ID, phaseCaught, append([]string{x.Code}, m.maskNames(all)...)...)
	}
}

// left is the set of the optional outputs that are not in wrote; -1 if wrote is no mask that the node's digests were made
// for. Both lists are ascending.
func (n *node) left(writes []int, wrote []Write) int {
	set, k := 0, 0
	for i, slot := range writes {
		if k < len(wrote) && int(wrote[k].Slot) == slot {
			k++
		} else if bit := n.optional[i]; bit != 0 {
			set |= int(bit)
		} else {
			return -1
		}
	}
	if k < len(wrote) {
		return -1
	}
	return set
}

func (m *Machine) maskNames(wrote []Write) []string {
	names := make([]string, len(wrote))
	for i, w := range wrote {
		names[i] = m.p.Vars[w.Slot].Name
	}
	return names
}
