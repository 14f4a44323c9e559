package workflow

import (
	"context"
	"errors"
	"slices"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// deliver hands the message to the oldest waiting instance of each process, but for those of which an instance got it
// before.
func (s *sending) deliver(ctx context.Context, before [][16]byte) (Delivery, error) {
	m, msg := s.m, s.msg
	d := Delivery{Instances: idTexts(before)}
	subs, err := m.oldest(ctx, s.tenant, msg.Name, msg.Key)
	if err == nil && len(before) > 0 {
		subs, err = m.withoutServed(ctx, s.tenant, subs, before)
	}
	if err != nil {
		return d, err
	}
	to := slices.Clone(before)
	open := len(before) > 0 // what the record says
	d.Duplicate = open
	for i, sub := range subs {
		last := i == len(subs)-1
		got, err := s.handToOne(ctx, sub, to, last)
		if err != nil {
			return d, err
		}
		if got == nil {
			continue
		}
		to, open = append(to, got.id), !last
		d.Instances, d.Duplicate = append(d.Instances, got.id.String()), false
	}
	if !open || msg.ID == "" {
		return d, nil
	}
	s.accept()
	var b store.Batch
	m.remember(&b, s.tenant, msg, codec.Seen{Instances: to})
	return d, m.e.commit(s.bound(ctx), &b)
}

// handToOne gives the message to an instance of a process: that of sub, or the next one if that does not wait any more.
// It returns nil when nobody waits. to are the instances that got the message; last: no other process waits for it.
func (s *sending) handToOne(ctx context.Context, sub subscription, to [][16]byte, last bool) (*subscription, error) {
	record := codec.Seen{Instances: append(slices.Clone(to), sub.id), Open: !last}
	for {
		err := s.hand(ctx, sub, record, len(to) > 0)
		if !unsubscribed(err) {
			return &sub, err
		}
		_, hi := keys.SubscriberRange(sub.tenant, sub.name, sub.key, sub.process)
		next, ok, err := s.m.first(s.bound(ctx), sub.tenant, sub.after(), hi)
		if err != nil || !ok {
			return nil, err
		}
		sub, record.Instances[len(to)] = next, next.id
	}
}

// hand gives the message to a subscription and returns when that is durable; record is what is then known of its id. A
// message that others got must not be refused halfway: then it needs no room, and nobody waits for it.
func (s *sending) hand(ctx context.Context, sub subscription, record codec.Seen, others bool) error {
	data, _ := s.msg.Data.(expr.Value)
	r := &request{
		tenant: s.tenant, id: sub.id,
		cmd:   kernel.Command{Kind: kernel.Receive, Actor: s.actor, Node: sub.node, Since: sub.since, Result: data},
		extra: func(b *store.Batch) { s.m.remember(b, s.tenant, s.msg, record) },
	}
	if others {
		s.accept()
		_, err := s.m.e.submitOwn(r)
		return err
	}
	if err := s.m.e.admit(s.bound(ctx), r); err != nil {
		return err
	}
	s.accept()
	_, err := s.m.e.await(s.bound(ctx), r)
	return err
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

// oldest returns the subscriptions of the oldest instances that wait for a message, one of each process. It reads two
// entries of each, however many wait.
func (m *messages) oldest(ctx context.Context, t keys.Tenant, name, key string) ([]subscription, error) {
	var subs []subscription
	at, hi := keys.SubscriptionRange(t, name, key)
	for at != nil {
		from := at
		at = nil
		for entry, err := range m.e.store.Scan(ctx, from, hi) {
			if err != nil {
				return nil, err
			}
			sub, err := readSubscription(t, entry)
			if err != nil {
				return nil, err
			}
			if n := len(subs); n > 0 && subs[n-1].process == sub.process {
				_, at = keys.SubscriberRange(t, name, key, sub.process) // leap over the others of the process
				break
			}
			subs = append(subs, sub)
		}
	}
	return subs, nil
}

// first returns the first subscription in [lo, hi); false: there is none.
func (m *messages) first(ctx context.Context, t keys.Tenant, lo, hi []byte) (subscription, bool, error) {
	for entry, err := range m.e.store.Scan(ctx, lo, hi) {
		if err != nil {
			return subscription{}, false, err
		}
		sub, err := readSubscription(t, entry)
		return sub, err == nil, err
	}
	return subscription{}, false, nil
}

func readSubscription(t keys.Tenant, entry store.Entry) (subscription, error) {
	name, key, process, id, node, ok := keys.ParseSubscription(entry.Key)
	since, err := codec.DecodeSubscription(entry.Value)
	if !ok || err != nil {
		return subscription{}, corrupt(entry.Key, err)
	}
	return subscription{address{t, id}, int32(node), since, process, name, key}, nil
}

// after is the least key behind that of a subscription.
func (s *subscription) after() []byte {
	return append(keys.AppendSubscription(nil, s.tenant, s.name, s.key, s.process, s.id, uint32(s.node)), 0)
}
