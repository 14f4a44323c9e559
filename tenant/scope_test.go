package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// key is a key in a tenant's space.
func key(t keys.Tenant, name string) []byte {
	return keys.AppendProcessID(nil, t, name)
}

// three is a store with one key "k" for each of the tenants 1, 2, 3, and tenant
// 2's confined view of it.
func three(t *testing.T) (s, two store.Store) {
	t.Helper()
	s = memory(t)
	var b store.Batch
	for id := keys.Tenant(1); id <= 3; id++ {
		b.Put(key(id, "k"), fmt.Append(nil, id))
		b.Put(key(id, "l"), fmt.Append(nil, id))
	}
	if _, err := s.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	two, err := tenant.Scope(s, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s, two
}

// first is the first that a scan yields.
func first(seq iter.Seq2[store.Entry, error]) (store.Entry, error) {
	for e, err := range seq {
		return e, err
	}
	return store.Entry{}, nil
}

func TestScopeSeesItsOwn(t *testing.T) {
	s, two := three(t)
	snap, err := two.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = snap.Close() }() // Close of the store would end it too
	for _, r := range []store.Reader{two, snap} {
		if v, err := r.Get(t.Context(), key(2, "k")); err != nil || string(v) != "2" {
			t.Errorf("Get = %q, %v", v, err)
		}
		n := 0
		for e, err := range r.Scan(t.Context(), nil, nil) {
			if err != nil || string(e.Value) != "2" {
				t.Errorf("Scan yields %x = %q, %v", e.Key, e.Value, err)
			}
			n++
		}
		for e, err := range r.ScanBack(t.Context(), nil, nil) {
			if err != nil || string(e.Value) != "2" {
				t.Errorf("ScanBack yields %x = %q, %v", e.Key, e.Value, err)
			}
			n++
		}
		if n != 4 {
			t.Errorf("both scans yield %d entries, want 2 each", n)
		}
		lo, hi := keys.TenantRange(2)
		for _, err := range r.Scan(t.Context(), lo, hi) {
			if err != nil {
				t.Errorf("Scan of the tenant's whole range: %v", err)
			}
		}
	}
	if _, err := two.Size(t.Context(), nil, nil); err != nil {
		t.Errorf("Size: %v", err)
	}
	// Deleting everything deletes the tenant's everything.
	lo, hi := keys.TenantRange(2)
	var b store.Batch
	b.Expect(key(2, "k"), []byte("2"))
	b.DeleteRange(lo, hi)
	done, err := two.Commit(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for range s.Scan(t.Context(), nil, nil) {
		n++
	}
	if n != 4 {
		t.Errorf("%d keys are left, want the 4 of the two others", n)
	}
	if err := two.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(t.Context(), key(1, "k")); err != nil {
		t.Errorf("Close of a confined store closed the store: %v", err)
	}
}

func TestScopeRefusesOthers(t *testing.T) {
	s, two := three(t)
	snap, err := two.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = snap.Close() }()
	lo1, hi1 := keys.TenantRange(1)
	lo2, _ := keys.TenantRange(2)
	_, hi3 := keys.TenantRange(3)
	outside := [][]byte{
		key(1, "k"), key(3, "k"), keys.AppendTenantName(nil, "a"), keys.AppendLastTenant(nil),
		{},
		{0xff},
		lo2[:4],
	}
	spans := [][2][]byte{{lo1, hi1}, {lo1, nil}, {lo2, hi3}, {nil, hi3}, {{}, nil}, {nil, {0xff}}}
	for _, r := range []store.Reader{two, snap} {
		for _, k := range outside {
			if v, err := r.Get(t.Context(), k); !errors.Is(err, tenant.ErrOutside) {
				t.Errorf("Get(%x) = %q, %v; want ErrOutside", k, v, err)
			}
		}
		for _, span := range spans {
			if e, err := first(r.Scan(t.Context(), span[0], span[1])); !errors.Is(err, tenant.ErrOutside) {
				t.Errorf("Scan(%x, %x) yields %x, %v; want ErrOutside", span[0], span[1], e.Key, err)
			}
			if e, err := first(r.ScanBack(t.Context(), span[0], span[1])); !errors.Is(err, tenant.ErrOutside) {
				t.Errorf("ScanBack(%x, %x) yields %x, %v; want ErrOutside", span[0], span[1], e.Key, err)
			}
		}
	}
	for _, span := range spans {
		if _, err := two.Size(t.Context(), span[0], span[1]); !errors.Is(err, tenant.ErrOutside) {
			t.Errorf("Size(%x, %x): %v, want ErrOutside", span[0], span[1], err)
		}
	}
	mine, theirs := key(2, "new"), key(3, "k")
	for name, fill := range map[string]func(b *store.Batch){
		"Put":               func(b *store.Batch) { b.Put(theirs, nil) },
		"Delete":            func(b *store.Batch) { b.Delete(theirs) },
		"DeleteOnce":        func(b *store.Batch) { b.DeleteOnce(theirs) },
		"Expect":            func(b *store.Batch) { b.Expect(theirs, []byte("3")) },
		"Expect nothing":    func(b *store.Batch) { b.Expect(theirs, nil) },
		"DeleteRange":       func(b *store.Batch) { b.DeleteRange(mine, hi3) },
		"DeleteRange below": func(b *store.Batch) { b.DeleteRange(lo1, mine) },
	} {
		var b store.Batch
		b.Put(mine, nil)
		fill(&b)
		if _, err := two.Commit(t.Context(), &b); !errors.Is(err, tenant.ErrOutside) {
			t.Errorf("Commit with %s outside: %v, want ErrOutside", name, err)
		}
		if _, err := s.Get(t.Context(), mine); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: a part of the batch was written", name)
		}
	}
	if _, err := tenant.Scope(s, 0); err == nil {
		t.Error("tenant 0 has a scope")
	}
	// The last number has a range too.
	last, err := tenant.Scope(s, 1<<32-1)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range last.Scan(t.Context(), nil, nil) {
		t.Errorf("the last tenant has %x, %v", e.Key, err)
	}
}
