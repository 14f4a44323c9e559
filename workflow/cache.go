package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
	"github.com/replank/replank/workflow/history"
)

// address names an instance among those of all tenants.
type address struct {
	tenant keys.Tenant
	id     keys.ID
}

// instance is one instance in memory. It belongs to the goroutine of its shard.
type instance struct {
	address
	e    *Engine
	v    *version
	lay  *layout    // of v's program
	head codec.Head // State is never nil

	new     bool          // not in the store yet
	dirty   bool          // changed in the turn that is being built
	from    *version      // it moved in that turn, from there; nil: it did not
	gone    bool          // not in the cache
	spoilt  bool          // dropped by abandon: nothing of it may be written
	turn    uint64        // number of the last turn that wrote it
	wrote   uint64        // number of its last event in the store
	works   []kernel.Work // as of the last write-out
	large   []largeValue  // values of the current turn that get records of their own
	pages   uint64        // bit i: slot page i (from 63 on: any) was written in the current turn
	retried []int32       // nodes whose incidents were resolved in the current turn

	// Cache.
	size         int
	used         bool // since eviction looked last
	newer, older *instance
}

// layout is what the records of a program's instances look like.
type layout struct {
	shape codec.Shape
	paged bool // it has slots that do not stand in the head
	// locals are the slot pages (bits as in instance.pages) with variables of sub-processes, which change without
	// being written: entering the sub-process resets them.
	locals uint64
}

// layoutOf returns the layout of p, which is computed once.
func (e *Engine) layoutOf(p *program.Program) *layout {
	if l, ok := e.layouts.Load(p); ok {
		return l.(*layout)
	}
	l := &layout{shape: codec.ShapeOf(p), paged: codec.Pages(len(p.Vars)) > 0}
	for i := range p.Scopes[1:] {
		for _, slot := range p.Scopes[1:][i].Locals {
			l.locals |= pageBit(slot)
		}
	}
	e.layouts.Store(p, l)
	return l
}

// pageBit is the bit of a slot in instance.pages; 0 if it stands in the head.
func pageBit(slot int) uint64 {
	page := codec.PageOf(slot)
	if page < 0 {
		return 0
	}
	return 1 << min(page, 63)
}

// largeValue is a value that does not stand in the event that wrote it.
type largeValue struct {
	slot  int32
	event uint64
	value expr.Value
}

// create returns the instance that a start makes, in the memory of one that is over if there is one.
func (s *shard) create(r *request) *instance {
	v := r.start.version
	lay := s.e.layoutOf(v.prog)
	in := s.reuse(lay)
	if in == nil {
		in = &instance{e: s.e, lay: lay}
		in.head.State = v.machine.NewState()
	} else {
		v.machine.Renew(in.head.State)
	}
	in.address, in.v = address{r.tenant, r.id}, v
	in.new, in.gone = true, true
	in.head = codec.Head{
		Process: v.process, Version: v.number, State: in.head.State, Tail: codec.Tail{Bytes: in.head.Tail.Bytes[:0]},
		BusinessKey: r.start.key, Labels: maps.Clone(r.start.labels), Priority: r.start.priority, Due: r.start.due,
	}
	return in
}

// reuse returns the memory of an instance that is not in the cache any more, or nil. What it holds has no meaning.
func (s *shard) reuse(lay *layout) *instance {
	in := s.spare.take(lay)
	if in == nil {
		return nil
	}
	*in = instance{
		e: s.e, lay: lay, works: in.works[:0], large: in.large[:0], retried: in.retried[:0],
		head: codec.Head{State: in.head.State, Tail: codec.Tail{Bytes: in.head.Tail.Bytes[:0]}},
	}
	return in
}

// discard keeps the memory of an instance for others. Nothing refers to it any more.
func (s *shard) discard(in *instance) {
	in.head.State.Forget()
	in.head.Labels = nil // queries may hold it
	if !in.spoilt {
		s.spare.put(in)
	}
}

// load returns an instance from the cache or the store, ended ones too. ErrNotFound: there is none.
func (s *shard) load(t keys.Tenant, id keys.ID) (*instance, error) {
	a := address{t, id}
	if in := s.cache.get(a); in != nil {
		return in, nil
	}
	ctx := context.Background()
	s.key = keys.AppendHead(s.key[:0], t, id)
	b, err := s.e.store.Get(ctx, s.key)
	live := err == nil
	if errors.Is(err, store.ErrNotFound) {
		s.key = keys.AppendEnded(s.key[:0], t, id)
		b, err = s.e.store.Get(ctx, s.key)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, explain(ErrNotFound, fmt.Sprintf("there is no instance %s", id))
	case err != nil:
		return nil, err
	}
	in, err := s.decode(ctx, a, b)
	if errors.Is(err, codec.ErrCorrupt) || errors.Is(err, codec.ErrNewer) {
		err = corrupt(s.key, err)
	}
	if err != nil {
		return nil, err
	}
	if live {
		s.cache.add(in)
	}
	return in, nil
}

func (s *shard) decode(ctx context.Context, a address, b []byte) (*instance, error) {
	p, err := codec.PeekHead(b)
	if err != nil {
		return nil, err
	}
	v, err := s.e.version(a.tenant, p.Process, p.Version)
	if err != nil {
		return nil, err
	}
	lay := s.e.layoutOf(v.prog)
	in := s.reuse(lay)
	if in == nil {
		in = &instance{e: s.e, lay: lay}
	} else {
		in.head.State.Forget()
	}
	in.address, in.v, in.gone = a, v, true
	return in, in.decode(ctx, b)
}

func (in *instance) decode(ctx context.Context, b []byte) error {
	if err := codec.DecodeHead(b, in.lay.shape, &in.head); err != nil {
		return err
	}
	st := in.head.State
	in.v.machine.Shape(st)
	if in.lay.paged {
		lo, hi := keys.SlotPageRange(in.tenant, in.id)
		for entry, err := range in.e.store.Scan(ctx, lo, hi) {
			if err != nil {
				return err
			}
			_, page, ok := keys.ParseSlotPage(entry.Key)
			if !ok {
				return fmt.Errorf("key %x is no slot page", entry.Key)
			}
			if err := codec.DecodeSlotPage(entry.Value, st.Slots, int(page)); err != nil {
				return err
			}
		}
	}
	in.wrote = st.Seq
	in.works = append(in.works[:0], st.Works...)
	return nil
}

// record appends an event to the history tail and notes what the write-out needs. It returns the bytes that grew.
func (in *instance) record(ev *kernel.Event) int {
	before := len(in.head.Tail.Bytes)
	large := in.head.Tail.Append(ev)
	grown := len(in.head.Tail.Bytes) - before
	for i := range ev.Wrote {
		w := &ev.Wrote[i]
		in.pages |= pageBit(int(w.Slot))
		if large > 0 && w.Value.Size() > codec.LargeValue/2 { // the write-out decides
			in.large = append(in.large, largeValue{w.Slot, ev.Seq, w.Value})
			grown += w.Value.Size()
		}
	}
	if ev.Kind == history.IncidentResolved {
		in.retried = append(in.retried, ev.Node)
	}
	return grown
}

func (in *instance) outcome() outcome {
	st := in.head.State
	return outcome{ID: in.id, Seq: st.Seq, Status: st.Status, Incidents: st.Incidents()}
}

// weight is roughly how many bytes of memory the instance takes.
func (in *instance) weight() int {
	const fixed, work, slot = 800, 160, 24
	st := in.head.State
	return fixed + work*(len(st.Works)+1) + slot*len(st.Slots) + cap(in.head.Tail.Bytes) + st.ValueBytes() + len(in.head.BusinessKey)
}

// maxOver is how many ended instances stay in memory, for those who wait for their end.
const maxOver = 1024

// cache holds the live instances of one shard that were used last, bounded in bytes. Instances that a turn in flight
// wrote stay, so the bound may be exceeded by what is in flight.
type cache struct {
	limit          int64
	size           int64
	byAddr         map[address]*instance
	newest, oldest *instance   // a list by time of entry; see evict
	over           []*instance // ended ones, in the order of their ends; not in the list
	discard        func(*instance)
}

func (c *cache) init(limit int64, discard func(*instance)) {
	c.limit, c.byAddr, c.discard = limit, make(map[address]*instance), discard
}

func (c *cache) get(a address) *instance {
	in := c.byAddr[a]
	if in != nil {
		in.used = true
	}
	return in
}

func (c *cache) add(in *instance) {
	if !in.gone {
		return
	}
	in.gone = false
	c.byAddr[in.address] = in
	in.size = in.weight()
	c.size += int64(in.size)
	c.link(in)
}

func (c *cache) link(in *instance) {
	in.older, in.newer = c.newest, nil
	if c.newest != nil {
		c.newest.newer = in
	} else {
		c.oldest = in
	}
	c.newest = in
}

func (c *cache) unlink(in *instance) {
	if in.newer != nil {
		in.newer.older = in.older
	} else {
		c.newest = in.older
	}
	if in.older != nil {
		in.older.newer = in.newer
	} else {
		c.oldest = in.newer
	}
	in.newer, in.older = nil, nil
}

func (c *cache) remove(in *instance) {
	if in.gone {
		return
	}
	in.gone = true
	delete(c.byAddr, in.address)
	c.size -= int64(in.size)
	c.unlink(in)
}

// end moves an instance that has ended out of the list.
func (c *cache) end(in *instance) {
	if in.gone {
		return
	}
	c.unlink(in)
	in.head.State.Forget() // its values are in the store
	c.resized(in)
	c.over = append(c.over, in)
}

// resized notes that an instance changed.
func (c *cache) resized(in *instance) {
	if in.gone {
		return
	}
	w := in.weight()
	c.size += int64(w - in.size)
	in.size = w
}

// evict drops instances until the bound holds: ended ones first, then the oldest ones that were not used since it
// looked last (second chance), and none that a turn after durable wrote.
func (c *cache) evict(durable uint64) {
	n := 0
	for n < len(c.over) && c.over[n].turn <= durable && (len(c.over)-n > maxOver || c.size > c.limit) {
		in := c.over[n]
		in.gone = true
		delete(c.byAddr, in.address)
		c.size -= int64(in.size)
		c.discard(in)
		n++
	}
	if n > 0 {
		kept := copy(c.over, c.over[n:])
		clear(c.over[kept:])
		c.over = c.over[:kept]
	}
	for tries := 4 * maxSteps; c.size > c.limit && c.oldest != nil && tries > 0; tries-- {
		in := c.oldest
		if in.used || in.turn > durable {
			in.used = false
			c.unlink(in)
			c.link(in)
			continue
		}
		c.remove(in)
		c.discard(in)
	}
}
