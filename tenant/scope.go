package tenant

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// Scope confines s to one tenant's keys. Keys stay what they are in s, with the
// tenant's prefix; whatever names one outside gets ErrOutside, and nothing is
// read or written. In ranges, nil bounds stand for the tenant's own.
//
// Close of the confined store does nothing: s stays its owner's to close.
func Scope(s store.Store, id ID) (store.Store, error) {
	if id == 0 {
		return nil, fmt.Errorf("%w: number 0", ErrNotFound)
	}
	lo, hi := keys.TenantRange(keys.Tenant(id))
	c := &confined{s: s}
	c.reader = reader{r: s, fence: fence{id: id, lo: lo, hi: hi}}
	return c, nil
}

// fence decides what is inside.
type fence struct {
	id     ID
	lo, hi []byte // the tenant's range, half-open
}

func (f fence) key(key []byte) error {
	if bytes.HasPrefix(key, f.lo) {
		return nil
	}
	return fmt.Errorf("%w: key %x, tenant %d", ErrOutside, key, f.id)
}

// span fills in nil bounds, and checks the others; [lo, hi) may be empty.
func (f fence) span(lo, hi []byte) ([]byte, []byte, error) {
	if lo == nil {
		lo = f.lo
	}
	if hi == nil {
		hi = f.hi
	}
	for _, bound := range [][]byte{lo, hi} {
		if bytes.Compare(bound, f.lo) < 0 || bytes.Compare(bound, f.hi) > 0 {
			return nil, nil, fmt.Errorf("%w: range [%x, %x), tenant %d", ErrOutside, lo, hi, f.id)
		}
	}
	return lo, hi, nil
}

// reader is a confined store.Reader.
type reader struct {
	r store.Reader
	fence
}

func (r reader) Get(ctx context.Context, key []byte) ([]byte, error) {
	if err := r.key(key); err != nil {
		return nil, err
	}
	return r.r.Get(ctx, key)
}

func (r reader) Scan(ctx context.Context, lo, hi []byte) iter.Seq2[store.Entry, error] {
	lo, hi, err := r.span(lo, hi)
	if err != nil {
		return failed(err)
	}
	return r.r.Scan(ctx, lo, hi)
}

func (r reader) ScanBack(ctx context.Context, lo, hi []byte) iter.Seq2[store.Entry, error] {
	lo, hi, err := r.span(lo, hi)
	if err != nil {
		return failed(err)
	}
	return r.r.ScanBack(ctx, lo, hi)
}

func failed(err error) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, err) }
}

// confined is a store.Store inside the fence.
type confined struct {
	reader
	s store.Store
}

func (c *confined) Snapshot(ctx context.Context) (store.Snapshot, error) {
	snap, err := c.s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &confinedSnapshot{reader: reader{r: snap, fence: c.fence}, snap: snap}, nil
}

func (c *confined) Commit(ctx context.Context, b *store.Batch) (store.Durable, error) {
	for w := range b.Writes() {
		if w.Kind == store.DeleteRange {
			if _, _, err := c.span(w.Key, w.Value); err != nil {
				return nil, err
			}
			continue
		}
		if err := c.key(w.Key); err != nil {
			return nil, err
		}
	}
	for e := range b.Expectations() {
		if err := c.key(e.Key); err != nil {
			return nil, err
		}
	}
	return c.s.Commit(ctx, b)
}

func (c *confined) Size(ctx context.Context, lo, hi []byte) (int64, error) {
	lo, hi, err := c.span(lo, hi)
	if err != nil {
		return 0, err
	}
	return c.s.Size(ctx, lo, hi)
}

// Close does nothing; see Scope.
func (c *confined) Close() error { return nil }

type confinedSnapshot struct {
	reader
	snap store.Snapshot
}

func (c *confinedSnapshot) Close() error { return c.snap.Close() }
