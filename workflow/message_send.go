package workflow

import (
	"context"
	"errors"
	"fmt"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// send delivers or keeps a message. m.Data is an expr.Value. When ctx is done before the outcome is durable, it returns,
// and the message goes on its way behind it: its locks are held until it arrived, so that a second message with its id
// finds what became of it.
func (e *Engine) send(ctx context.Context, t keys.Tenant, actor string, msg Message) (Delivery, error) {
	if err := e.refusal(); err != nil {
		return Delivery{}, err
	}
	m := &e.messages
	if err := m.enter(); err != nil {
		return Delivery{}, err
	}
	which := []int{m.stripe(t, 0, msg.Name, msg.Key)}
	if msg.ID != "" {
		which = append(which, m.stripe(t, 1, msg.ID, ""))
	}
	unlock, err := m.lock(ctx, which...)
	if err != nil {
		m.done.Done()
		return Delivery{}, err
	}
	s := &sending{m: m, tenant: t, actor: actor, msg: &msg, left: func() { unlock(); m.done.Done() }}
	if msg.TTL == 0 {
		msg.TTL = e.settings.MessageTTL
	}
	if ctx.Done() == nil { // nobody can lose patience
		return s.run(ctx)
	}
	return s.patiently(ctx)
}

// sending is a message on its way. It holds the locks of its name and key, and of its id.
type sending struct {
	m      *messages
	tenant keys.Tenant
	actor  string
	msg    *Message
	left   func() // gives the locks back

	accepted chan struct{} // closed when something may come of it; nil: nobody asks
	under    bool          // it is accepted
}

// patiently is run, for a sender who may leave before it is over.
func (s *sending) patiently(ctx context.Context) (Delivery, error) {
	type outcome struct {
		d   Delivery
		err error
	}
	s.accepted = make(chan struct{})
	done := make(chan outcome, 1)
	go func() {
		d, err := s.run(ctx)
		done <- outcome{d, err}
	}()
	select {
	case o := <-done:
		return o.d, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-done: // that nothing was done, if it was not accepted
		return o.d, o.err
	case <-s.accepted:
	}
	select {
	case o := <-done: // both came: an outcome that is known is told
		return o.d, o.err
	default:
		return Delivery{}, fmt.Errorf("%w before the outcome was durable: the message may still be delivered or kept", ctx.Err())
	}
}

// accept notes that from now on something may come of the message: its sender may leave.
func (s *sending) accept() {
	if !s.under {
		s.under = true
		if s.accepted != nil {
			close(s.accepted)
		}
	}
}

// bound is ctx until the message is accepted; then the message goes on without end.
func (s *sending) bound(ctx context.Context) context.Context {
	if s.under {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// run delivers or keeps the message, and gives the locks back. ctx counts until the message is accepted.
func (s *sending) run(ctx context.Context) (Delivery, error) {
	defer s.left()
	m, msg := s.m, s.msg
	var before codec.Seen
	if msg.ID != "" {
		var err error
		if before, err = m.seen(ctx, s.tenant, msg.ID); err != nil {
			return Delivery{}, err
		}
		if before.Expires != 0 && !before.Open {
			return Delivery{Instances: idTexts(before.Instances), Kept: before.Kept, Duplicate: true}, nil
		}
	}
	m.kept.Add(1) // before looking for subscriptions: see look
	d, err := s.deliver(ctx, before.Instances)
	if err == nil && len(d.Instances) == 0 && msg.TTL > 0 {
		err = s.keep(ctx)
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

// keep stores a message that nobody waits for.
func (s *sending) keep(ctx context.Context) error {
	if err := undone(s.bound(ctx)); err != nil {
		return err
	}
	s.accept()
	m, t, msg := s.m, s.tenant, s.msg
	now := m.e.now()
	data, _ := msg.Data.(expr.Value)
	rec := codec.Message{ID: msg.ID, Received: now, Expires: now + max(1, msg.TTL.Milliseconds()), Data: data}
	var b store.Batch
	b.Put(keys.AppendBuffered(nil, t, msg.Name, msg.Key, m.arrived(now)), codec.AppendMessage(nil, &rec))
	m.remember(&b, t, msg, codec.Seen{Kept: true})
	if err := m.e.commit(s.bound(ctx), &b); err != nil {
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
