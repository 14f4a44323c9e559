package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// matchers bounds the goroutines that look for kept messages.
const matchers = 8

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
		if _, err := m.match(sub); err != nil && m.e.refusal() == nil {
			m.e.log.Error("kept messages cannot be delivered before the next open", "tenant", m.e.tenantName(sub.tenant), "message", sub.name, "error", err)
		}
		m.looked(sub.address)
	}
}

// match delivers the first kept message to a subscription. It returns false when none is left for others.
func (m *messages) match(sub subscription) (more bool, err error) {
	unlock, err := m.lock(context.Background(), m.stripe(sub.tenant, 0, sub.name, sub.key))
	if err != nil {
		return false, err
	}
	defer unlock()
	key, msg, err := m.arrivedFirst(sub.tenant, sub.name, sub.key)
	if key == nil || err != nil {
		return false, err
	}
	_, err = m.e.submitOwn(&request{
		tenant: sub.tenant, id: sub.id,
		cmd:   kernel.Command{Kind: kernel.Receive, Node: sub.node, Since: sub.since, Result: msg.Data},
		extra: func(b *store.Batch) { b.Delete(key) },
	})
	switch {
	case err == nil:
		m.kept.Add(-1)
	case unsubscribed(err):
		err = nil
	case errors.Is(err, kernel.ErrResult), errors.Is(err, kernel.ErrRule):
		err = m.refuse(sub, key, &msg, err)
	}
	return true, err
}

// arrivedFirst returns the first message that is kept with a name and key, and drops those before it that have expired.
// Its key is nil when there is none. It needs their lock.
func (m *messages) arrivedFirst(t keys.Tenant, name, correlation string) (key []byte, msg codec.Message, err error) {
	const most = 1000 // deletions in a batch
	var expired store.Batch
	lo, hi := keys.BufferedRange(t, name, correlation)
	for entry, err := range m.e.store.Scan(context.Background(), lo, hi) {
		if err != nil {
			return nil, msg, err
		}
		if msg, err = codec.DecodeMessage(entry.Value); err != nil {
			return nil, msg, corrupt(entry.Key, err)
		}
		if msg.Expires > m.e.now() {
			key = slices.Clone(entry.Key)
			break
		}
		if expired.Delete(entry.Key); expired.Len() == most {
			if err := m.drop(&expired); err != nil {
				return nil, msg, err
			}
		}
	}
	return key, msg, m.drop(&expired)
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

// drop carries out deletions of kept messages, and empties the batch.
func (m *messages) drop(b *store.Batch) error {
	n := b.Len()
	if n == 0 {
		return nil
	}
	if err := m.e.commit(context.Background(), b); err != nil {
		return err
	}
	b.Reset()
	m.kept.Add(-int64(n))
	return nil
}

// matchAll matches who waits with the messages that are kept.
func (m *messages) matchAll() error {
	ctx := context.Background()
	for info, err := range tenant.List(ctx, m.e.store) {
		if err != nil {
			return err
		}
		t := keys.Tenant(info.ID)
		lo, hi := keys.KindRange(t, keys.KindBuffered)
		for {
			name, key, ok, err := m.firstKept(ctx, lo, hi)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if err := m.matchKept(ctx, t, name, key); err != nil {
				return err
			}
			_, lo = keys.BufferedRange(t, name, key)
		}
	}
	return nil
}

// firstKept returns the name and key of the first kept message in [lo, hi); false: there is none.
func (m *messages) firstKept(ctx context.Context, lo, hi []byte) (name, key string, ok bool, err error) {
	for entry, err := range m.e.store.Scan(ctx, lo, hi) {
		if err != nil {
			return "", "", false, err
		}
		if name, key, _, ok = keys.ParseBuffered(entry.Key); !ok {
			return "", "", false, corrupt(entry.Key, errors.New("no key of a message"))
		}
		return name, key, true, nil
	}
	return "", "", false, nil
}

// matchKept hands out the messages that are kept with a name and key, as long as there are some and somebody waits.
func (m *messages) matchKept(ctx context.Context, t keys.Tenant, name, key string) error {
	at, hi := keys.SubscriptionRange(t, name, key)
	for m.e.refusal() == nil {
		sub, ok, err := m.first(ctx, t, at, hi)
		if !ok || err != nil {
			return err
		}
		m.expect(sub.address)
		more, err := m.match(sub)
		m.looked(sub.address)
		if !more || err != nil {
			return err
		}
		at = sub.after()
	}
	return nil
}
