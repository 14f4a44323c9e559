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
	if left, known := n.left(m.p.Nodes[node].Writes, wrote); known && code == "" {
		return n.partial[phase][left]
	} else if known && left == 0 && code == m.p.Nodes[node].Code {
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
	all := make([]Write, len(x.Writes))
	for k, slot := range x.Writes {
		all[k].Slot = int32(slot)
		optional := !slices.ContainsFunc(x.Out, func(o program.Output) bool { return o.Slot == slot && !o.Optional })
		if optional && len(n.optional) < maxOptional {
			n.optional = append(n.optional, slot)
		}
	}
	n.start = prf(x.ID, byte(program.Start))
	for phase := program.Complete; phase <= program.Occur; phase++ {
		for left := range 1 << len(n.optional) {
			n.partial[phase] = append(n.partial[phase], prf(x.ID, byte(phase), m.maskNames(slices.DeleteFunc(slices.Clone(all), func(w Write) bool {
				k := slices.Index(n.optional, int(w.Slot))
				return k >= 0 && left&(1<<k) != 0
			}))...))
		}
	}
	if x.Code != "" {
		n.caught = prf(x.ID, phaseCaught, append([]string{x.Code}, m.maskNames(all)...)...)
	}
}

// left tells which of the optional outputs are not in wrote, as a set of their indexes; known is false if wrote is no
// mask that the node's digests were made for. Both lists are ascending.
func (n *node) left(writes []int, wrote []Write) (set int, known bool) {
	rest := wrote
	for _, slot := range writes {
		if len(rest) > 0 && int(rest[0].Slot) == slot {
			rest = rest[1:]
			continue
		}
		k := slices.Index(n.optional, slot)
		if k < 0 {
			return 0, false
		}
		set |= 1 << k
	}
	return set, len(rest) == 0
}

func (m *Machine) maskNames(wrote []Write) []string {
	names := make([]string, len(wrote))
	for i, w := range wrote {
		names[i] = m.p.Vars[w.Slot].Name
	}
	return names
}
