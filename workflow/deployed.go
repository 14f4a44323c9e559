package workflow

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/schema"
)

// Schema returns a deployed schema; version 0 is the current one.
func (t *Tenant) Schema(ctx context.Context, process string, version int) (*schema.Process, error) {
	r, err := t.enter(ctx, "schema", tenant.Read, process)
	if err != nil {
		return nil, err
	}
	v, err := t.e.pick(r, process, version)
	if err != nil {
		return nil, wrap("schema", t.name, process, "", "", err)
	}
	return v.schema, nil
}

// Versions yields the versions of a process ("" for all), newest first; processes in the order of their names. It reads
// the heads of all live instances, for Version.Live.
func (t *Tenant) Versions(ctx context.Context, process string) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		if err := t.versions(ctx, process, yield); err != nil {
			yield(Version{}, wrap("versions", t.name, process, "", "", err))
		}
	}
}

func (t *Tenant) versions(ctx context.Context, only string, yield func(Version, error) bool) error {
	r, err := t.enter(ctx, "versions", tenant.Read, only)
	if err != nil {
		return err
	}
	if only != "" {
		if _, _, _, err := r.known(only); err != nil {
			return err
		}
	}
	snap, err := t.e.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	live := make(map[[2]uint32]int)
	lo, hi := keys.HeadRange(r.id)
	for entry, err := range snap.Scan(ctx, lo, hi) {
		if err != nil {
			return err
		}
		p, err := codec.PeekHead(entry.Value)
		if err != nil {
			return corrupt(entry.Key, err)
		}
		live[[2]uint32{p.Process, p.Version}]++
	}
	r.mu.RLock()
	var list []process // copies: the lock is not held while yielding
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		if only == "" || only == name {
			list = append(list, *r.byName[name])
		}
	}
	r.mu.RUnlock()
	for _, p := range list {
		for number := p.latest; number >= 1; number-- {
			rec, err := t.e.versionRecord(ctx, snap, keys.AppendSchemaVersion(nil, r.id, p.number, number))
			if errors.Is(err, store.ErrNotFound) {
				continue // deployed after the snapshot was taken
			}
			if err != nil {
				return err
			}
			v := Version{
				Process: p.name, Number: int(number), Deployed: instant(rec.Deployed), Live: live[[2]uint32{p.number, number}],
			}
			if !yield(v, nil) {
				return nil
			}
		}
	}
	return nil
}

// instant turns the engine's times into those of the surface; 0 is the zero time.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
