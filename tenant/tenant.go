// Package tenant says who a tenant is: its name, its number, its key range, and
// who may act in it.
//
// Tenants share one store and never see each other: every key of a tenant starts
// with its number, nothing of it lies elsewhere, and [Scope] confines a store to
// that range. Names lead to numbers in one place, the directory of this package.
// A number has a fixed width and is never given out twice, so that what is left
// of a deleted tenant can never be taken for another's.
package tenant

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
)

// Errors that callers branch on with errors.Is.
var (
	// ErrNotFound: there is no tenant of that name or id.
	ErrNotFound = errors.New("tenant: not found")
	// ErrExists: the name is taken.
	ErrExists = errors.New("tenant: exists")
	// ErrName: the name breaks the rules of CheckName.
	ErrName = errors.New("tenant: bad name")
	// ErrOutside: a key or range is not inside the tenant's (see Scope).
	ErrOutside = errors.New("tenant: outside of the tenant's keys")
	// ErrDenied: the actor may not (see Access).
	ErrDenied = errors.New("tenant: denied")
)

// Default is the name of the tenant of programs that need only one.
const Default = "default"

// ID is the number of a tenant, from 1. It is durable and never reused.
type ID uint32

// Info describes a tenant.
type Info struct {
	ID      ID        `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`        // UTC, to the millisecond
	Zone    string    `json:"zone,omitempty"` // IANA name; "": none was set
}

// Settings are what a tenant may set for itself; the zero value works.
type Settings struct {
	// Zone is for due dates, cron and calendar durations; nil: the engine's
	// zone. It must be one that time.LoadLocation knows by its name.
	Zone *time.Location
}

// Settings returns the settings that the tenant was created with. It fails if
// this machine does not know the time zone.
func (i Info) Settings() (Settings, error) {
	if i.Zone == "" {
		return Settings{}, nil
	}
	zone, err := time.LoadLocation(i.Zone)
	if err != nil {
		return Settings{}, fmt.Errorf("tenant %q: time zone %q: %w: install the time zone data, or import time/tzdata", i.Name, i.Zone, err)
	}
	return Settings{Zone: zone}, nil
}

// MaxName is the length in bytes of the longest name.
const MaxName = 64

// CheckName says whether name may name a tenant: 1 to 64 letters and digits of
// ASCII, dots, dashes and underscores, the first of them a letter or digit.
// Names that differ in case differ. The error wraps ErrName and tells the place.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: %q... has %d bytes, the limit is %d", ErrName, name[:16], len(name), MaxName)
	}
	for i, r := range name {
		alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("._-", r)) {
			return fmt.Errorf("%w: %q at position %d of %q: use letters, digits, and after the first also . _ -", ErrName, r, i+1, name)
		}
	}
	return nil
}

// Create adds a tenant and returns when it survives a crash. created is kept to
// the millisecond. A taken name is ErrExists, with the Info of the tenant that
// has it.
func Create(ctx context.Context, s store.Store, name string, set Settings, created time.Time) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, err
	}
	info := Info{Name: name, Created: time.UnixMilli(created.UnixMilli()).UTC()}
	if set.Zone != nil {
		info.Zone = set.Zone.String()
		if _, err := time.LoadLocation(info.Zone); err != nil || info.Zone == "Local" {
			return Info{}, fmt.Errorf("tenant %q: time zone %q cannot be found again by that name: load it with time.LoadLocation", name, info.Zone)
		}
	}
	for {
		done, err := tryCreate(ctx, s, &info)
		if errors.Is(err, store.ErrConflict) {
			continue // another tenant was created meanwhile: look again
		}
		if err != nil {
			return info, err
		}
		if err := done.Wait(ctx); err != nil {
			return Info{}, fmt.Errorf("tenant: create %q: %w", name, err)
		}
		return info, nil
	}
}

// tryCreate commits info under the next number, unless the name is taken.
func tryCreate(ctx context.Context, s store.Store, info *Info) (store.Durable, error) {
	have, err := Lookup(ctx, s, info.Name)
	if err == nil {
		*info = have
		return nil, fmt.Errorf("%w: %q", ErrExists, info.Name)
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	lastKey := keys.AppendLastTenant(nil)
	last, err := s.Get(ctx, lastKey)
	var number uint32
	switch {
	case errors.Is(err, store.ErrNotFound):
		last = nil
	case err != nil:
		return nil, fmt.Errorf("tenant: create %q: %w", info.Name, err)
	default:
		if number, err = decodeNumber(last); err != nil {
			return nil, fmt.Errorf("tenant: the number of the last tenant (key %x): %w", lastKey, err)
		}
	}
	if number == 1<<32-1 {
		return nil, fmt.Errorf("tenant: create %q: all %d numbers of this store are used: start another store", info.Name, number)
	}
	info.ID = ID(number + 1)
	nameKey := keys.AppendTenantName(nil, info.Name)
	var b store.Batch
	b.Expect(nameKey, nil)
	b.Expect(lastKey, last)
	b.Put(nameKey, encodeNumber(uint32(info.ID)))
	b.Put(lastKey, encodeNumber(uint32(info.ID)))
	b.Put(keys.AppendTenantRecord(nil, keys.Tenant(info.ID)), encodeInfo(*info))
	done, err := s.Commit(ctx, &b)
	if err != nil {
		return nil, fmt.Errorf("tenant: create %q: %w", info.Name, err)
	}
	return done, nil
}

// Ensure returns the tenant of that name, and creates it if there is none. set
// and created count only then.
func Ensure(ctx context.Context, s store.Store, name string, set Settings, created time.Time) (Info, error) {
	info, err := Lookup(ctx, s, name)
	if !errors.Is(err, ErrNotFound) {
		return info, err
	}
	info, err = Create(ctx, s, name, set, created)
	if errors.Is(err, ErrExists) {
		err = nil
	}
	return info, err
}

// Lookup returns the tenant of that name, or ErrNotFound.
func Lookup(ctx context.Context, r store.Reader, name string) (Info, error) {
	key := keys.AppendTenantName(nil, name)
	value, err := r.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return Info{}, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	if err != nil {
		return Info{}, fmt.Errorf("tenant: look up %q: %w", name, err)
	}
	id, err := decodeNumber(value)
	if err != nil {
		return Info{}, fmt.Errorf("tenant: name %q (key %x): %w", name, key, err)
	}
	return ByID(ctx, r, ID(id))
}

// ByID returns the tenant of that number, or ErrNotFound.
func ByID(ctx context.Context, r store.Reader, id ID) (Info, error) {
	key := keys.AppendTenantRecord(nil, keys.Tenant(id))
	value, err := r.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return Info{}, fmt.Errorf("%w: number %d", ErrNotFound, id)
	}
	if err != nil {
		return Info{}, fmt.Errorf("tenant: look up number %d: %w", id, err)
	}
	info, err := decodeInfo(value)
	if err != nil {
		return Info{}, fmt.Errorf("tenant: record of number %d (key %x): %w", id, key, err)
	}
	info.ID = id
	return info, nil
}

// List yields all tenants, by name. An error ends the sequence.
func List(ctx context.Context, r store.Reader) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		lo, hi := keys.TenantNameRange()
		for e, err := range r.Scan(ctx, lo, hi) {
			if err != nil {
				yield(Info{}, fmt.Errorf("tenant: list: %w", err))
				return
			}
			id, err := decodeNumber(e.Value)
			if err != nil {
				yield(Info{}, fmt.Errorf("tenant: list (key %x): %w", e.Key, err))
				return
			}
			info, err := ByID(ctx, r, ID(id))
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}
