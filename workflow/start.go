package workflow

import (
	"context"
	"errors"
	"sync"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// startKeys are the business keys of starts that are under way, so that two starts with one key cannot both find that
// nothing has it. Once a start is durable the store knows its key.
type startKeys struct {
	mu     sync.Mutex
	byName map[startName]*startKey
}

type startName struct {
	tenant  keys.Tenant
	process uint32
	key     string
}

// startKey is one such start.
type startKey struct {
	name startName
	done chan struct{} // closed when id and err are set
	id   keys.ID
	err  error
}

// claim returns the start under way with that name, or nil and a new one that the caller must settle.
func (k *startKeys) claim(name startName) (other, own *startKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if other = k.byName[name]; other != nil {
		return other, nil
	}
	if k.byName == nil {
		k.byName = make(map[startName]*startKey)
	}
	own = &startKey{name: name, done: make(chan struct{})}
	k.byName[name] = own
	return nil, own
}

// settle ends a start: it is durable, or failed.
func (k *startKeys) settle(s *startKey, id keys.ID, err error) {
	if err == nil && id == (keys.ID{}) {
		err = errUnsettled
	}
	k.mu.Lock()
	delete(k.byName, s.name)
	k.mu.Unlock()
	s.id, s.err = id, err
	close(s.done)
}

// errUnsettled is the broken invariant that a start which succeeded has an id. To whom it shows, it is as if that start
// had failed: a start by the same key begins anew.
var errUnsettled = errors.New("workflow: a start came to nothing without saying why")

// startByKey is do for a start with a business key: the instance that has the key, or a new one.
func (e *Engine) startByKey(ctx context.Context, r *request) (outcome, error) {
	name := startName{r.tenant, r.start.version.process, r.start.key}
	for {
		other, own := e.starts.claim(name)
		if own == nil {
			select {
			case <-other.done:
			case <-ctx.Done():
				return outcome{}, ctx.Err()
			}
			if other.err != nil {
				continue // that start came to nothing: it is this one's turn
			}
			return outcome{ID: other.id, Existing: true}, nil
		}
		id, err := e.lookupKey(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			r.key = own // settled when the request is answered, which may be after ctx is done
			return e.submit(ctx, r)
		}
		e.starts.settle(own, id, err)
		return outcome{ID: id, Existing: true}, err
	}
}

// lookupKey returns the instance with a business key. What the store has is durable: starts settle when they are.
func (e *Engine) lookupKey(ctx context.Context, name startName) (keys.ID, error) {
	if err := e.refusal(); err != nil {
		return keys.ID{}, err
	}
	key := keys.AppendBusinessKey(nil, name.tenant, name.process, name.key)
	b, err := e.store.Get(ctx, key)
	if err != nil {
		return keys.ID{}, err
	}
	id, err := codec.DecodeBusinessKey(b)
	if err != nil {
		return keys.ID{}, corrupt(key, err)
	}
	return id, nil
}
