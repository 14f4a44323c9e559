package workflow

import (
	"context"
	"errors"
	"fmt"

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

func newInstance(e *Engine, r *request) *instance {
	v := r.start.version
	in := &instance{address: address{r.tenant, r.id}, e: e, v: v, lay: e.layoutOf(v.prog), new: true, gone: true}
	in.head = codec.Head{
		Process: in.v.process, Version: in.v.number, State: in.v.machine.NewState(),
		BusinessKey: r.start.key, Labels: r.start.labels, Priority: r.start.priority, Due: r.start.due,
	}
	return in
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
	in := &instance{address: a, e: s.e, gone: true}
	if err := in.decode(ctx, b); err != nil {
		return nil, fmt.Errorf("%w: head of instance %s: %w", ErrCorrupt, id, err)
	}
	if live {
		s.cache.add(in)
	}
	return in, nil
}

func (in *instance) decode(ctx context.Context, b []byte) error {
	p, err := codec.PeekHead(b)
	if err != nil {
		return err
	}
	if in.v, err = in.e.version(in.tenant, p.Process, p.Version); err != nil {
		return err
	}
	in.lay = in.e.layoutOf(in.v.prog)
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

// cache holds the live instances of one shard that were used last, bounded in bytes. Instances that a turn in flight
// wrote stay, so the bound may be exceeded by what is in flight.
type cache struct {
	limit          int64
	size           int64
	byAddr         map[address]*instance
	newest, oldest *instance // a list by time of entry; see evict
}

func (c *cache) init(limit int64) {
	c.limit, c.byAddr = limit, make(map[address]*instance)
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

// resized notes that an instance changed.
func (c *cache) resized(in *instance) {
	if in.gone {
		return
	}
	w := in.weight()
	c.size += int64(w - in.size)
	in.size = w
}

// evict drops instances until the bound holds: the oldest ones that were not used since it looked last (second chance),
// and that no turn after durable wrote.
func (c *cache) evict(durable uint64) {
	for tries := 4 * maxSteps; c.size > c.limit && c.oldest != nil && tries > 0; tries-- {
		in := c.oldest
		if in.used || in.turn > durable {
			in.used = false
			c.unlink(in)
			c.link(in)
			continue
		}
		c.remove(in)
	}
}
