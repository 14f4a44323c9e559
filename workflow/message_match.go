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
