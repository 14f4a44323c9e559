package workflow

import (
	"cmp"
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
	subs, err := m.subscriptions(ctx, s.tenant, msg.Name, msg.Key)
	if err == nil && len(before) > 0 {
		subs, err = m.withoutServed(ctx, s.tenant, subs, before)
	}
	if err != nil {
		return d, err
	}
	to := slices.Clone(before)
	open := len(before) > 0 // what the record says
	d.Duplicate = open
	for i := 0; i < len(subs); {
		sub := subs[i]
		last := subs[len(subs)-1].process == sub.process
		err := s.hand(ctx, sub, codec.Seen{Instances: append(slices.Clone(to), sub.id), Open: !last}, len(to) > 0)
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
	m.remember(&b, s.tenant, msg, codec.Seen{Instances: to})
	return d, m.e.commit(s.accept(ctx), &b)
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
		s.accept(ctx)
		_, err := s.m.e.submitOwn(r)
		return err
	}
	if err := s.m.e.admit(ctx, r); err != nil {
		return err
	}
	_, err := s.m.e.await(s.accept(ctx), r)
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
