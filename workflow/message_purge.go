package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// purgeEvery is how often expired messages and ids are deleted at most. They have no effect before that either.
const purgeEvery = time.Hour

// expires notes that something will expire then.
func (m *messages) expires(at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.purgeAt == 0 || at < m.purgeAt {
		m.purgeAt = at
		m.schedule()
	}
}

// schedule sets the timer of the next purge, if there is none. It needs mu.
func (m *messages) schedule() {
	if !m.running || m.purgeAt == 0 || m.stopper != nil {
		return
	}
	in := max(purgeEvery, time.Duration(m.purgeAt-m.e.now())*time.Millisecond)
	m.done.Add(1)
	m.stopper = m.e.clock.AfterFunc(in, m.wake)
}

func (m *messages) wake() {
	defer m.done.Done()
	m.mu.Lock()
	m.stopper, m.purgeAt = nil, 0
	running := m.running
	m.mu.Unlock()
	if !running {
		return
	}
	if err := m.purge(); err != nil && m.e.refusal() == nil {
		m.e.log.Error("expired messages cannot be deleted", "error", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.schedule()
}

// purge deletes messages and ids that have expired, and notes when the next ones will.
func (m *messages) purge() error {
	ctx := context.Background()
	now := m.e.now()
	for info, err := range tenant.List(ctx, m.e.store) {
		if err != nil {
			return err
		}
		t := keys.Tenant(info.ID)
		lo, hi := keys.KindRange(t, keys.KindBuffered)
		for entry, err := range m.e.store.Scan(ctx, lo, hi) {
			if err != nil {
				return err
			}
			msg, err := codec.DecodeMessage(entry.Value)
			if err != nil {
				return corrupt(entry.Key, err)
			}
			if msg.Expires > now {
				m.expires(msg.Expires)
			} else if err := m.purgeOne(t, slices.Clone(entry.Key)); err != nil {
				return err
			}
		}
		if err := m.purgeSeen(t, now); err != nil {
			return err
		}
	}
	return nil
}

// purgeOne deletes an expired message, unless somebody else has.
func (m *messages) purgeOne(t keys.Tenant, key []byte) error {
	name, correlation, _, ok := keys.ParseBuffered(key)
	if !ok {
		return corrupt(key, errors.New("no key of a message"))
	}
	unlock, err := m.lock(context.Background(), m.stripe(t, 0, name, correlation))
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := m.e.store.Get(context.Background(), key); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	var b store.Batch
	b.Delete(key)
	return m.drop(&b)
}

func (m *messages) purgeSeen(t keys.Tenant, now int64) error {
	const most = 1000 // deletions in a batch
	var b store.Batch
	lo, hi := keys.KindRange(t, keys.KindSeen)
	for entry, err := range m.e.store.Scan(context.Background(), lo, hi) {
		if err != nil {
			return err
		}
		s, err := codec.DecodeSeen(entry.Value)
		if err != nil {
			return corrupt(entry.Key, err)
		}
		if s.Expires > now {
			m.expires(s.Expires)
			continue
		}
		// A message with the same id may have come since: then the record is another, and stays.
		b.Expect(entry.Key, entry.Value)
		b.Delete(entry.Key)
		if b.Len() >= most {
			if err := m.purgeBatch(&b); err != nil {
				return err
			}
		}
	}
	return m.purgeBatch(&b)
}

func (m *messages) purgeBatch(b *store.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	err := m.e.commit(context.Background(), b)
	b.Reset()
	if errors.Is(err, store.ErrConflict) {
		return nil // the next purge finds the rest
	}
	if err != nil {
		return fmt.Errorf("deleting expired message ids: %w", err)
	}
	return nil
}
