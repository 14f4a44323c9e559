package workflow

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
)

// The tail of an instance's history stands in its head until it has this many events or bytes; then it gets a key of
// its own. Measured 20 to 25 % cheaper than a key per step. At the end of an instance it stays in the head.
const (
	spillEvents = 8
	spillBytes  = 96
)

// writeOut puts what the turn changed into the batch: each instance's head once, kind by kind, in the order of the
// keys, which spares the store searching. It collects the effects that the turn will have when it is durable.
func (s *shard) writeOut(t *turn) {
	for i := range t.extras {
		if x := &t.extras[i]; !x.in.spoilt {
			x.add(&s.batch)
		}
	}
	if len(t.dirty) == 0 {
		return
	}
	if len(t.dirty) > 1 {
		slices.SortFunc(t.dirty, func(a, b *instance) int {
			if c := cmp.Compare(a.tenant, b.tenant); c != 0 {
				return c
			}
			return bytes.Compare(a.id[:], b.id[:])
		})
	}
	watched := s.e.watchers.any()
	before := [...]int{len(t.jobs), len(t.armed)}
	s.index.reset()
	for _, in := range t.dirty {
		if in.from != nil {
			s.compareMoved(t, in)
		} else {
			s.compare(t, in)
		}
		if watched && (in.head.State.Incidents() > 0 || !running(in, t.now)) {
			t.touched = append(t.touched, in.address)
		}
	}
	for _, in := range t.dirty {
		s.writeEvents(in)
	}
	for _, in := range t.dirty {
		s.writeHead(t, in)
	}
	s.index.writeTo(&s.batch)
	if err := s.batch.Err(); err != nil {
		s.undo(t, before[0], before[1], err)
		return
	}
	for _, in := range t.dirty {
		in.dirty, in.new, in.from, in.turn = false, false, nil, t.n
		in.wrote = in.head.State.Seq
		if in.head.State.Ended() {
			s.cache.end(in)
		} else {
			s.cache.resized(in)
		}
	}
	clear(t.dirty) // instances are the shard's alone from here on
	clear(t.extras)
}

// undo takes back a turn that the store would not take, because a record is over its limits. Nothing of it is written,
// its instances are as they were before, and those who wait get ErrLimit. The first jobs and armed timers of the turn
// do not come from its steps, and stay.
func (s *shard) undo(t *turn, jobs, armed int, cause error) {
	cause = &because{what: "the turn was undone: " + cause.Error(), is: ErrLimit, cause: cause}
	s.batch.Reset()
	for i := range t.jobs[jobs:] {
		ref := &t.jobs[jobs:][i].ref
		delete(s.handed, workRef{ref.tenant, ref.id, ref.since})
	}
	for i := range t.opened {
		s.e.messages.looked(t.opened[i].address)
	}
	t.jobs, t.armed, t.disarmed, t.opened, t.touched = t.jobs[:jobs], t.armed[:armed], t.disarmed[:0], t.opened[:0], t.touched[:0]
	t.begun, t.over = 0, 0
	for len(t.dirty) > 0 {
		s.abandon(t, t.dirty[len(t.dirty)-1], cause)
	}
	clear(t.extras)
}

// writeEvents writes the history tail if it is long enough, the large values, and the slot pages that changed.
func (s *shard) writeEvents(in *instance) {
	st, tail := in.head.State, &in.head.Tail
	if (tail.N >= spillEvents || len(tail.Bytes) >= spillBytes) && !st.Ended() {
		s.key = keys.AppendHistory(s.key[:0], in.tenant, in.id, tail.First)
		s.value = codec.AppendChunk(s.value[:0], tail)
		s.batch.Put(s.key, s.value)
		tail.Reset(st.Seq+1, st.Updated)
	}
	for i := range in.large {
		l := &in.large[i]
		value, large := codec.AppendLarge(s.value[:0], l.value)
		s.value = value
		if large {
			s.key = keys.AppendValue(s.key[:0], in.tenant, in.id, uint32(l.slot), l.event)
			s.batch.Put(s.key, value)
		}
	}
	if in.large != nil {
		clear(in.large)
		in.large = in.large[:0]
	}
	if in.from != nil { // the variables are numbered anew: all pages are written, and those left over go
		for page := codec.Pages(len(st.Slots)); page < codec.Pages(len(in.from.prog.Vars)); page++ {
			s.key = keys.AppendSlotPage(s.key[:0], in.tenant, in.id, uint16(page))
			s.batch.Delete(s.key)
		}
	}
	if !in.lay.paged {
		return
	}
	pages := in.pages
	if st.TakeReset() {
		pages |= in.lay.locals
	}
	in.pages = 0
	for page := range codec.Pages(len(st.Slots)) {
		if pages&(1<<min(page, 63)) != 0 {
			s.key = keys.AppendSlotPage(s.key[:0], in.tenant, in.id, uint16(page))
			s.value = codec.AppendSlotPage(s.value[:0], st.Slots, page)
			s.batch.Put(s.key, s.value)
		}
	}
}

// writeHead writes the head under its live or its ended key.
func (s *shard) writeHead(t *turn, in *instance) {
	if in.new {
		t.begun++
		if key := in.head.BusinessKey; key != "" {
			s.index.begin(keys.KindBusinessKey)
			s.index.key = keys.AppendBusinessKey(s.index.key, in.tenant, in.v.process, key)
			s.index.put(func(dst []byte) []byte { return codec.AppendBusinessKey(dst, in.id) })
		}
	}
	if in.head.State.Ended() {
		t.over++
		if !in.new {
			s.key = keys.AppendHead(s.key[:0], in.tenant, in.id)
			s.batch.Delete(s.key)
		}
		s.key = keys.AppendEnded(s.key[:0], in.tenant, in.id)
	} else {
		s.key = keys.AppendHead(s.key[:0], in.tenant, in.id)
	}
	s.value = codec.AppendHead(s.value[:0], &in.head)
	s.batch.Put(s.key, s.value)
}
