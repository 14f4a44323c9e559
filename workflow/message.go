package workflow

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
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
	stopped bool           // nobody may enter any more
	done    sync.WaitGroup // senders, matchers and the purge; added to with mu held, unless stopped

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

// enter counts a sender in, so that stop waits for it. It returns ErrClosed when stop was called already.
func (m *messages) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return ErrClosed
	}
	m.done.Add(1)
	return nil
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
			return nil, fmt.Errorf("%w while a message with the same name and key, or id, was on its way: nothing was done", ctx.Err())
		}
	}
	return unlock, nil
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
