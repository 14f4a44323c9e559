package tenant_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

var created = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))

func memory(t *testing.T) *store.Mem {
	t.Helper()
	m := store.Memory()
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func create(t *testing.T, s store.Store, name string) tenant.Info {
	t.Helper()
	info, err := tenant.Create(t.Context(), s, name, tenant.Settings{}, created)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func list(t *testing.T, r store.Reader) string {
	t.Helper()
	var names []string
	for info, err := range tenant.List(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, fmt.Sprintf("%s=%d", info.Name, info.ID))
	}
	return strings.Join(names, " ")
}

func TestDirectory(t *testing.T) {
	s := memory(t)
	if got := list(t, s); got != "" {
		t.Errorf("an empty store lists %q", got)
	}
	if _, err := tenant.Lookup(t.Context(), s, "a"); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("Lookup: %v, want ErrNotFound", err)
	}
	m := create(t, s, "Megatronic")
	p := create(t, s, "Philkaw")
	g := create(t, s, "Grundrive")
	if got, want := list(t, s), "Grundrive=3 Megatronic=1 Philkaw=2"; got != want {
		t.Errorf("List = %q, want %q", got, want)
	}
	for _, want := range []tenant.Info{m, p, g} {
		for _, get := range []func() (tenant.Info, error){
			func() (tenant.Info, error) { return tenant.Lookup(t.Context(), s, want.Name) },
			func() (tenant.Info, error) { return tenant.ByID(t.Context(), s, want.ID) },
			func() (tenant.Info, error) {
				return tenant.Ensure(t.Context(), s, want.Name, tenant.Settings{}, created.Add(time.Hour))
			},
		} {
			if got, err := get(); err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		}
	}
	if want := time.Date(2026, 3, 1, 11, 0, 0, 123000000, time.UTC); !m.Created.Equal(want) || m.Created != want {
		t.Errorf("Created = %v, want %v", m.Created, want)
	}
	if _, err := tenant.ByID(t.Context(), s, 99); !errors.Is(err, tenant.ErrNotFound) {
		t.Errorf("ByID: %v, want ErrNotFound", err)
	}
	have, err := tenant.Create(t.Context(), s, "Philkaw", tenant.Settings{}, created)
	if !errors.Is(err, tenant.ErrExists) || have != p {
		t.Errorf("Create of a taken name = %+v, %v; want the one that has it and ErrExists", have, err)
	}
	if info, err := tenant.Ensure(t.Context(), s, tenant.Default, tenant.Settings{}, created); err != nil || info.ID != 4 {
		t.Errorf("Ensure = %+v, %v", info, err)
	}
}

// TestCreateIsDurable: what Create returned survives a power cut, and its number
// is not given out again.
func TestCreateIsDurable(t *testing.T) {
	s := memory(t)
	create(t, s, "a")
	after := s.Crash()
	defer func() { _ = after.Close() }() // checked elsewhere
	if got := list(t, after); got != "a=1" {
		t.Errorf("after a power cut: %q", got)
	}
	if b := create(t, after, "b"); b.ID != 2 {
		t.Errorf("the next tenant has number %d, want 2", b.ID)
	}
}

// TestCreateTogether: tenants that are created at the same time have different
// numbers, and one name is created once.
func TestCreateTogether(t *testing.T) {
	s := memory(t)
	const n = 16
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := make(map[string]int)
	for i := range n {
		wg.Go(func() {
			name := fmt.Sprint("t", i/2) // each name twice
			_, err := tenant.Create(context.Background(), s, name, tenant.Settings{}, created)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made[name]++
			case !errors.Is(err, tenant.ErrExists):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ids := make(map[tenant.ID]bool)
	for info, err := range tenant.List(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		if made[info.Name] != 1 {
			t.Errorf("%q was created %d times", info.Name, made[info.Name])
		}
		ids[info.ID] = true
	}
	for id := range tenant.ID(n / 2) {
		if !ids[id+1] {
			t.Errorf("number %d was not given out: %v", id+1, ids)
		}
	}
	if len(ids) != n/2 {
		t.Errorf("%d tenants, want %d", len(ids), n/2)
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("x", tenant.MaxName)
	for _, name := range []string{"a", "Acme", "7", "a.b-c_d", long} {
		if err := tenant.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	s := memory(t)
	for name, says := range map[string]string{
		"":         "empty",
		long + "x": "limit is 64",
		"-a":       "position 1",
		".":        "position 1",
		"a b":      "position 2",
		"a/b":      "position 2",
		"a\x00":    "position 2",
		"Müller":   "position 2",
		"a\xff":    "position 2",
	} {
		_, err := tenant.Create(t.Context(), s, name, tenant.Settings{}, created)
		if !errors.Is(err, tenant.ErrName) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want ErrName that says %q", name, err, says)
		}
	}
	if got := list(t, s); got != "" {
		t.Errorf("refused names were stored: %q", got)
	}
}

func TestZone(t *testing.T) {
	s := memory(t)
	info, err := tenant.Create(t.Context(), s, "utc", tenant.Settings{Zone: time.UTC}, created)
	if err != nil {
		t.Fatal(err)
	}
	if set, err := info.Settings(); err != nil || set.Zone != time.UTC {
		t.Errorf("Settings = %+v, %v", set, err)
	}
	if set, err := create(t, s, "none").Settings(); err != nil || set.Zone != nil {
		t.Errorf("Settings = %+v, %v", set, err)
	}
	for _, zone := range []*time.Location{time.FixedZone("Nowhere/Place", 3600), time.Local} {
		if _, err := tenant.Create(t.Context(), s, "fixed", tenant.Settings{Zone: zone}, created); err == nil && zone.String() != "UTC" {
			t.Errorf("zone %v, which has no lasting name, was taken", zone)
		}
	}
	if _, err := (tenant.Info{Name: "x", Zone: "Mars/Olympus"}).Settings(); err == nil || !strings.Contains(err.Error(), "Mars/Olympus") {
		t.Errorf("Settings: %v", err)
	}
}

// TestDamagedDirectory: what was not written by this package is told with its
// key, and is no panic.
func TestDamagedDirectory(t *testing.T) {
	s := memory(t)
	info := create(t, s, "a")
	record := keys.AppendTenantRecord(nil, keys.Tenant(info.ID))
	good, err := s.Get(t.Context(), record)
	if err != nil {
		t.Fatal(err)
	}
	put := func(key, value []byte) {
		var b store.Batch
		b.Put(key, value)
		if _, err := s.Commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	bad := [][]byte{{}, {0}, append(good[:len(good):len(good)], 0)}
	for i := 1; i < len(good); i++ {
		bad = append(bad, good[:i])
	}
	for range 50 {
		noise := make([]byte, 2+rng.IntN(10))
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		noise[0] = 1
		noise[len(noise)-1] = 0xff // an unended number, or a length beyond the end
		bad = append(bad, noise)
	}
	for _, value := range bad {
		put(record, value)
		if got, err := tenant.Lookup(t.Context(), s, "a"); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), fmt.Sprintf("%x", record)) {
			t.Errorf("record %x is read as %+v, %v; want ErrCorrupt with the key", value, got, err)
		}
	}
	put(record, append([]byte{2}, good[1:]...))
	if _, err := tenant.Lookup(t.Context(), s, "a"); !errors.Is(err, store.ErrNewerFormat) {
		t.Errorf("a newer record: %v, want ErrNewerFormat", err)
	}
	put(record, good)
	put(keys.AppendTenantName(nil, "b"), []byte{1, 2})
	n := 0
	for _, err := range tenant.List(t.Context(), s) {
		if n++; n == 2 && !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("List: %v, want ErrCorrupt", err)
		}
	}
	if n != 2 {
		t.Errorf("List yielded %d times, want the good one and the error", n)
	}
}

func TestAccess(t *testing.T) {
	r := tenant.Request{Tenant: 3, Actor: "mallory", Action: tenant.Complete, Subject: "01ABC"}
	for _, a := range []tenant.Access{{}, tenant.NewAccess(nil), tenant.NewAccess(tenant.Everybody{})} {
		if err := a.Check(t.Context(), r); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
	}
	reason := errors.New("not in the group clerks")
	a := tenant.NewAccess(no{reason})
	err := a.Check(t.Context(), r)
	if !errors.Is(err, tenant.ErrDenied) || !errors.Is(err, reason) {
		t.Errorf("%v, want ErrDenied and the reason", err)
	}
	for _, says := range []string{"mallory", "complete", "01ABC"} {
		if !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q does not say %q", err, says)
		}
	}
}

type no struct{ err error }

func (n no) Allow(context.Context, tenant.Request) error { return n.err }
