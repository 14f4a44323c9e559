package workflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// Messages meet subscriptions by tenant, name and correlation key, across shards. Both sides first make themselves
// visible and then look for the other: a subscription is committed, then looks for messages that were kept (look); a
// sender looks for subscriptions and keeps the message while it holds the lock of that name and key, which look takes
// too. So no message and subscription can pass each other.
//
// A message goes to the oldest waiting instance of each process. Kept messages go out in order of arrival, each to one
// instance. A message with an id leaves a record of it, in the same batch as its delivery or keeping, for as long as
// Message.ID says: a second one with that id has the same outcome.
//
// A message with several takers leaves that record with its first delivery, marked open, and the record is done with the
// last one. If a crash or an error comes between, a second message with the id goes on with the processes that have not
// got it yet.
//
// Data that does not fit what the receiving node declares is the sender's error. If the message was kept, its sender is
// gone: then it becomes an incident at the node, whose cause says which message it was. The message is gone, and may be
// sent again with the same id; a retry of the incident waits for the next one.

// stripes is how many locks the names and keys share.
const stripes = 256

// matchers bounds the goroutines that look for kept messages.
const matchers = 8

// messages is what the engine knows about messages beside the store.
type messages struct {
	e       *Engine
	seed    maphash.Seed
	locks   [stripes]chan struct{} // capacity 1: full while held
	kept    atomic.Int64           // kept messages, or more: 0 means that nobody need look
	arrival atomic.Uint64          // the newest; orders kept messages

	mu      sync.Mutex
	pending map[address]int // subscriptions that have not looked yet, see busy
	queue   []subscription
	workers int
	stopped bool
	done    sync.WaitGroup

	running bool
	purgeAt int64 // unix milliseconds, 0: nothing can expire
	stopper func() bool
}

func (m *messages) init(e *Engine) {
	m.e, m.seed, m.pending = e, maphash.MakeSeed(), make(map[address]int)
	for i := range m.locks {
		m.locks[i] = make(chan struct{}, 1)
	}
}

// stripe is the lock of a name within a tenant.
func (m *messages) stripe(t keys.Tenant, kind byte, name, key string) int {
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.Write([]byte{kind, byte(t), byte(t >> 8), byte(t >> 16), byte(t >> 24)})
	h.WriteString(name)
	h.WriteByte(0)
	h.WriteString(key)
	return int(h.Sum64() % stripes)
}

// lock takes locks in their order, so that nobody waits in a circle. It returns an error when ctx is done first.
func (m *messages) lock(ctx context.Context, which ...int) (unlock func(), err error) {
	slices.Sort(which)
	which = slices.Compact(which)
	unlock = func() {
		for _, i := range which {
			<-m.locks[i]
		}
	}
	for n, i := range which {
		select {
		case m.locks[i] <- struct{}{}:
		case <-ctx.Done():
			which = which[:n]
			unlock()
			return nil, ctx.Err()
		}
	}
	return unlock, nil
}

// send delivers or keeps a message. m.Data is an expr.Value.
func (e *Engine) send(ctx context.Context, t keys.Tenant, actor string, msg Message) (Delivery, error) {
	if err := e.refusal(); err != nil {
		return Delivery{}, err
	}
	m := &e.messages
	which := []int{m.stripe(t, 0, msg.Name, msg.Key)}
	if msg.ID != "" {
		which = append(which, m.stripe(t, 1, msg.ID, ""))
	}
	unlock, err := m.lock(ctx, which...)
	if err != nil {
		return Delivery{}, err
	}
	defer unlock()
	if msg.TTL == 0 {
		msg.TTL = e.settings.MessageTTL
	}
	var before codec.Seen
	if msg.ID != "" {
		if before, err = m.seen(ctx, t, msg.ID); err != nil {
			return Delivery{}, err
		}
		if before.Expires != 0 && !before.Open {
			return Delivery{Instances: idTexts(before.Instances), Kept: before.Kept, Duplicate: true}, nil
		}
	}
	m.kept.Add(1) // before looking for subscriptions: see look
	d, err := m.deliver(ctx, t, actor, &msg, before.Instances)
	if err == nil && len(d.Instances) == 0 && msg.TTL > 0 {
		err = m.keep(ctx, t, &msg)
		d.Kept = err == nil
	}
	if !d.Kept && !errors.Is(err, ErrFailed) {
		m.kept.Add(-1)
	}
	return d, err
}

func idTexts(list [][16]byte) []string {
	var texts []string
	for _, id := range list {
		texts = append(texts, keys.ID(id).String())
	}
	return texts
}

// seen returns the record of an earlier message with that id; its zero: there is none, or not any more.
func (m *messages) seen(ctx context.Context, t keys.Tenant, id string) (codec.Seen, error) {
	key := keys.AppendSeen(nil, t, id)
	b, err := m.e.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return codec.Seen{}, nil
	}
	if err != nil {
		return codec.Seen{}, err
	}
	s, err := codec.DecodeSeen(b)
	if err != nil {
		return codec.Seen{}, corrupt(key, err)
	}
	if s.Expires <= m.e.now() {
		return codec.Seen{}, nil
	}
	return s, m.e.barrier(ctx) // the first sender may have left before it was durable
}

// remember adds the record of a message's id to a batch. It outlives the message as long as it is kept.
func (m *messages) remember(b *store.Batch, t keys.Tenant, msg *Message, s codec.Seen) {
	if msg.ID == "" {
		return
	}
	ttl := max(msg.TTL, m.e.settings.MessageTTL)
	if ttl <= 0 {
		ttl = defaultMessageTTL
	}
	s.Expires = m.e.now() + max(1, ttl.Milliseconds())
	b.Put(keys.AppendSeen(nil, t, msg.ID), codec.AppendSeen(nil, &s))
	m.expires(s.Expires)
}

// deliver hands the message to the oldest waiting instance of each process, but for those of which an instance got it
// before.
func (m *messages) deliver(ctx context.Context, t keys.Tenant, actor string, msg *Message, before [][16]byte) (Delivery, error) {
	d := Delivery{Instances: idTexts(before)}
	subs, err := m.subscriptions(ctx, t, msg.Name, msg.Key)
	if err == nil && len(before) > 0 {
		subs, err = m.withoutServed(ctx, t, subs, before)
	}
	if err != nil {
		return d, err
	}
	to := slices.Clone(before)
	open := len(before) > 0 // what the record says
	d.Duplicate = open
	data, _ := msg.Data.(expr.Value)
	for i := 0; i < len(subs); {
		sub := subs[i]
		last := subs[len(subs)-1].process == sub.process
		r := &request{
			tenant: t, id: sub.id,
			cmd: kernel.Command{Kind: kernel.Receive, Actor: actor, Node: sub.node, Since: sub.since, Result: data},
			extra: func(b *store.Batch) {
				m.remember(b, t, msg, codec.Seen{Instances: append(slices.Clone(to), sub.id), Open: !last})
			},
		}
		var err error
		if len(to) == 0 {
			_, err = m.e.submitWhole(ctx, r)
		} else { // what was accepted is not refused halfway
			_, err = m.e.submitOwn(r)
		}
		switch {
		case unsubscribed(err): // the next one of the process, then
			i++
			continue
		case err != nil:
			return d, err
		}
		to, open = append(to, sub.id), !last
		d.Instances, d.Duplicate = append(d.Instances, sub.id.String()), false
		for i < len(subs) && subs[i].process == sub.process {
			i++
		}
	}
	if !open || msg.ID == "" {
		return d, nil
	}
	var b store.Batch
	m.remember(&b, t, msg, codec.Seen{Instances: to})
	return d, m.e.commit(ctx, &b)
}

// withoutServed leaves out the subscriptions of processes of which an instance got the message.
func (m *messages) withoutServed(ctx context.Context, t keys.Tenant, subs []subscription, got [][16]byte) ([]subscription, error) {
	for _, id := range got {
		in, err := m.e.fetch(ctx, m.e.store, t, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		subs = slices.DeleteFunc(subs, func(s subscription) bool { return s.process == in.version.process })
	}
	return subs, nil
}

// unsubscribed reports whether a subscription was not there any more.
func unsubscribed(err error) bool {
	return errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrState) || errors.Is(err, ErrNotFound)
}

// subscriptions returns who waits for a message, by process, the oldest instance first.
func (m *messages) subscriptions(ctx context.Context, t keys.Tenant, name, key string) ([]subscription, error) {
	var subs []subscription
	lo, hi := keys.SubscriptionRange(t, name, key)
	for entry, err := range m.e.store.Scan(ctx, lo, hi) {
		if err != nil {
			return nil, err
		}
		_, _, id, node, ok := keys.ParseSubscription(entry.Key)
		process, since, err := codec.DecodeSubscription(entry.Value)
		if !ok || err != nil {
			return nil, corrupt(entry.Key, err)
		}
		subs = append(subs, subscription{address{t, id}, int32(node), since, process, name, key})
	}
	slices.SortStableFunc(subs, func(a, b subscription) int { return cmp.Compare(a.process, b.process) })
	return subs, nil
}

// keep stores a message that nobody waits for.
func (m *messages) keep(ctx context.Context, t keys.Tenant, msg *Message) error {
	now := m.e.now()
	data, _ := msg.Data.(expr.Value)
	rec := codec.Message{ID: msg.ID, Received: now, Expires: now + max(1, msg.TTL.Milliseconds()), Data: data}
	var b store.Batch
	b.Put(keys.AppendBuffered(nil, t, msg.Name, msg.Key, m.arrived(now)), codec.AppendMessage(nil, &rec))
	m.remember(&b, t, msg, codec.Seen{Kept: true})
	if err := m.e.commit(ctx, &b); err != nil {
		return err
	}
	m.expires(rec.Expires)
	return nil
}

// arrived numbers a message: greater than all before, those of earlier runs included.
func (m *messages) arrived(now int64) uint64 {
	for {
		last := m.arrival.Load()
		next := max(last+1, uint64(now)<<20)
		if m.arrival.CompareAndSwap(last, next) {
			return next
		}
	}
}

// expect notes that a subscription is about to be committed, and will look for kept messages when it is durable.
func (m *messages) expect(a address) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending[a]++
}

// looking reports whether a subscription of the instance has not looked for kept messages yet.
func (m *messages) looking(a address) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pending[a] > 0
}

// looked undoes expect.
func (m *messages) looked(a address) {
	m.mu.Lock()
	if m.pending[a]--; m.pending[a] <= 0 {
		delete(m.pending, a)
	}
	m.mu.Unlock()
	m.e.watchers.changed(a)
}

// look looks for kept messages for a subscription that is durable. A sender counts itself in kept before it looks for
// subscriptions: if kept is 0 here, whoever comes later sees this one.
func (m *messages) look(sub subscription) {
	if m.kept.Load() == 0 {
		m.looked(sub.address)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return
	}
	m.queue = append(m.queue, sub)
	if m.workers < matchers {
		m.workers++
		m.done.Add(1)
		go m.work()
	}
}

// work serves subscriptions until there is none.
func (m *messages) work() {
	defer m.done.Done()
	for {
		m.mu.Lock()
		if len(m.queue) == 0 || m.stopped {
			m.workers--
			m.mu.Unlock()
			return
		}
		sub := m.queue[0]
		m.queue = m.queue[1:]
		m.mu.Unlock()
		if err := m.match(sub); err != nil && m.e.refusal() == nil {
			m.e.log.Error("kept messages cannot be delivered before the next open", "tenant", m.e.tenantName(sub.tenant), "message", sub.name, "error", err)
		}
		m.looked(sub.address)
	}
}

// match delivers the first kept message that fits to a subscription.
func (m *messages) match(sub subscription) error {
	ctx := context.Background()
	unlock, err := m.lock(ctx, m.stripe(sub.tenant, 0, sub.name, sub.key))
	if err != nil {
		return err
	}
	defer unlock()
	lo, hi := keys.BufferedRange(sub.tenant, sub.name, sub.key)
	var list []store.Entry
	for entry, err := range m.e.store.Scan(ctx, lo, hi) {
		if err != nil {
			return err
		}
		list = append(list, store.Entry{Key: slices.Clone(entry.Key), Value: slices.Clone(entry.Value)})
	}
	for _, entry := range list {
		msg, err := codec.DecodeMessage(entry.Value)
		if err != nil {
			return corrupt(entry.Key, err)
		}
		if msg.Expires <= m.e.now() {
			if err := m.drop(entry.Key); err != nil {
				return err
			}
			continue
		}
		_, err = m.e.submitOwn(&request{
			tenant: sub.tenant, id: sub.id,
			cmd:   kernel.Command{Kind: kernel.Receive, Node: sub.node, Since: sub.since, Result: msg.Data},
			extra: func(b *store.Batch) { b.Delete(entry.Key) },
		})
		switch {
		case err == nil:
			m.kept.Add(-1)
			return nil
		case unsubscribed(err):
			return nil
		case !errors.Is(err, kernel.ErrResult):
			return err
		}
		return m.refuse(sub, entry.Key, &msg, err)
	}
	return nil
}

// refuse makes a kept message that does not fit an incident at the subscription. The record of its id goes with it: what
// comes with the id then is another try.
func (m *messages) refuse(sub subscription, key []byte, msg *codec.Message, why error) error {
	what := fmt.Sprintf("the message %q", sub.name)
	if sub.key != "" {
		what += fmt.Sprintf(" with key %q", sub.key)
	}
	if msg.ID != "" {
		what += fmt.Sprintf(" and id %q", msg.ID)
	}
	cause := fmt.Sprintf("%s, kept since %s, does not fit: %v: send it anew as it should be, and retry to wait for it",
		what, instant(msg.Received).Format(time.RFC3339), why)
	_, err := m.e.submitOwn(&request{
		tenant: sub.tenant, id: sub.id,
		cmd: kernel.Command{Kind: kernel.Refuse, Node: sub.node, Since: sub.since, Cause: cause},
		extra: func(b *store.Batch) {
			b.Delete(key)
			if msg.ID != "" {
				b.Delete(keys.AppendSeen(nil, sub.tenant, msg.ID))
			}
		},
	})
	switch {
	case unsubscribed(err):
		return nil
	case err == nil:
		m.kept.Add(-1)
	}
	return err
}

// drop deletes a kept message.
func (m *messages) drop(key []byte) error {
	var b store.Batch
	b.Delete(key)
	if err := m.e.commit(context.Background(), &b); err != nil {
		return err
	}
	m.kept.Add(-1)
	return nil
}

// count notes what a tenant has kept, at Open.
func (m *messages) count(t keys.Tenant) error {
	lo, hi := keys.KindRange(t, keys.KindBuffered)
	for entry, err := range m.e.store.Scan(context.Background(), lo, hi) {
		if err != nil {
			return err
		}
		_, _, arrival, ok := keys.ParseBuffered(entry.Key)
		msg, err := codec.DecodeMessage(entry.Value)
		if !ok || err != nil {
			return corrupt(entry.Key, err)
		}
		m.kept.Add(1)
		m.arrival.Store(max(m.arrival.Load(), arrival))
		m.expires(msg.Expires)
	}
	lo, hi = keys.KindRange(t, keys.KindSeen)
	for _, err := range m.e.store.Scan(context.Background(), lo, hi) {
		if err == nil {
			m.expires(m.e.now()) // the purge finds out when
		}
		return err
	}
	return nil
}

// start matches what was kept before with who waits, and begins to purge.
func (m *messages) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = true
	m.schedule()
	if m.kept.Load() == 0 {
		return
	}
	m.done.Add(1)
	go func() {
		defer m.done.Done()
		if err := m.matchAll(); err != nil && m.e.refusal() == nil {
			m.e.log.Error("kept messages cannot be delivered before the next open", "error", err)
		}
	}()
}

// matchAll looks for who waits for the messages that are kept.
func (m *messages) matchAll() error {
	ctx := context.Background()
	for info, err := range tenant.List(ctx, m.e.store) {
		if err != nil {
			return err
		}
		t := keys.Tenant(info.ID)
		lo, hi := keys.KindRange(t, keys.KindBuffered)
		var lastName, lastKey string
		first := true
		for entry, err := range m.e.store.Scan(ctx, lo, hi) {
			if err != nil {
				return err
			}
			name, key, _, ok := keys.ParseBuffered(entry.Key)
			if !ok {
				return corrupt(entry.Key, errors.New("no key of a message"))
			}
			if !first && name == lastName && key == lastKey {
				continue
			}
			first, lastName, lastKey = false, name, key
			subs, err := m.subscriptions(ctx, t, name, key)
			if err != nil {
				return err
			}
			for _, sub := range subs {
				m.expect(sub.address)
				m.look(sub)
			}
		}
	}
	return nil
}

// stop ends everything and waits for it.
func (m *messages) stop() {
	m.mu.Lock()
	m.stopped, m.running = true, false
	if m.stopper != nil && m.stopper() {
		m.done.Done()
	}
	m.stopper = nil
	m.mu.Unlock()
	m.done.Wait()
}
