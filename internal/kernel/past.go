package kernel

import (
	"math/bits"
	"slices"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
)

// past is what a replay knows about the order in which things really happened (formal-core.md, REPLAY). Each token has a
// position: the greatest original event number in its causal past on the schema of the replay. A guard sees, for each
// variable, the write with the highest number up to the position of its token, among the letters replayed so far and
// the environment's writes. Reading the latest value instead would let a decision see what happened after it.
type past struct {
	pos    []uint64    // by place, of the token there, or of what took the last one away
	writes [][]written // by slot, ascending by event number
	next   uint64      // number of the letter that fires next; 0: a silent transition does
	moved  uint64      // position of the tokens that the last firing made
	limit  uint64      // of the guard that is being evaluated
}

type written struct {
	seq   uint64
	value expr.Value
	env   bool // no letter of the replay made it
}

func newPast(places, slots int) *past {
	return &past{pos: make([]uint64, places), writes: make([][]written, slots)}
}

// expect makes room for what letters write: as many versions of each variable as they have, in one piece of memory.
func (p *past) expect(letters []Letter) {
	counts, all := make([]int, len(p.writes)), 0
	for i := range letters {
		for _, w := range letters[i].Wrote {
			if w.Slot >= 0 && int(w.Slot) < len(counts) { // else Evolve refuses it
				counts[w.Slot]++
			}
		}
	}
	for slot, list := range p.writes {
		counts[slot] += len(list)
		all += counts[slot]
	}
	memory := make([]written, all)
	for slot, n := range counts {
		list := memory[:copy(memory, p.writes[slot]):n]
		p.writes[slot], memory = list, memory[n:]
	}
}

// write records a write. Numbers may come in any order.
func (p *past) write(w Write, seq uint64, env bool) {
	list := append(p.writes[w.Slot], written{seq, w.Value, env})
	for i := len(list) - 1; i > 0 && list[i-1].seq > seq; i-- {
		list[i-1], list[i] = list[i], list[i-1]
	}
	p.writes[w.Slot] = list
}

// at is the value of a variable as of the limit.
func (p *past) at(slot int, otherwise expr.Value) expr.Value {
	list := p.writes[slot]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].seq <= p.limit {
			return list[i].value
		}
	}
	return otherwise
}

// reset takes back what a variable of a sub-process held when it is entered: all that letters of the replay wrote, and
// what the environment had written up to the token that enters it. What it wrote later lies within the new occurrence.
// It returns the last write that is left; its number is 0 if there is none.
func (p *past) reset(slot int) written {
	p.writes[slot] = slices.DeleteFunc(p.writes[slot], func(w written) bool { return !w.env || w.seq <= p.moved })
	if n := len(p.writes[slot]); n > 0 {
		return p.writes[slot][n-1]
	}
	return written{}
}

// letter says that the next firing is that of a letter. It may be called on nil: then this is no replay.
func (p *past) letter(seq uint64) {
	if p != nil {
		p.next = seq
	}
}

// move gives the tokens that t is about to make their position.
func (p *past) move(m petri.Marking, t *petri.Trans) {
	pos, takes := p.next, t.Takes()
	for i, w := range takes {
		for w &= m[i]; w != 0; w &= w - 1 {
			pos = max(pos, p.pos[i<<6+bits.TrailingZeros64(w)])
		}
	}
	for place := range t.Read.Each {
		pos = max(pos, p.pos[place])
	}
	for place := range t.Tests().Each {
		pos = max(pos, p.pos[place])
	}
	for i, w := range takes {
		for w &= m[i]; w != 0; w &= w - 1 {
			p.pos[i<<6+bits.TrailingZeros64(w)] = pos
		}
	}
	for place := range t.Post.Each {
		p.pos[place] = pos
	}
	p.next, p.moved = 0, pos
}

// look sets the limit to the position of the token that decision di is about.
func (p *past) look(m petri.Marking, mc *Machine, di int32) {
	p.limit = 0
	for _, t := range mc.entry(di) {
		for place := range mc.p.Net.Trans(int(t)).Pre.Each {
			if m.Has(place) {
				p.limit = max(p.limit, p.pos[place])
			}
		}
	}
}

// raise lifts the token at the gateway of e, whose decision could not be made, to the event that resolved it.
func (p *past) raise(m petri.Marking, mc *Machine, e *Event) {
	for _, di := range mc.byNode[e.Node] {
		for _, t := range mc.entry(di) {
			for place := range mc.p.Net.Trans(int(t)).Pre.Each {
				if m.Has(place) {
					p.pos[place] = max(p.pos[place], e.Seq)
				}
			}
		}
	}
}
