package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// Migration is a handle on an applied plan; it goes on after a restart.
type Migration struct {
	t  Tenant
	id string
}

// Progress is a migration at one moment. Of Tally, Total counts what the preview found and Now what has not been dealt
// with, until the migration is done: then Total is what it has dealt with.
type Progress struct {
	ID      string    `json:"id"`
	Process string    `json:"process"`
	To      int       `json:"to"` // version
	Tally   Tally     `json:"tally"`
	Began   time.Time `json:"began"`         // UTC, milliseconds
	Done    time.Time `json:"done,omitzero"` // UTC, milliseconds; zero: it goes on
}

// Apply begins to move the instances that the plan is about, one by one, and returns once it is certain that this will be
// carried out, after a crash too; Migration.Wait waits for the end. Each instance is judged again, by its own history, in
// the step that moves it: one that has gone on since the preview moves if it may move then, as do instances that were
// started on one of the plan's versions meanwhile. ErrStale: a version was deployed since the preview.
func (p *Plan) Apply(ctx context.Context) (*Migration, error) {
	const op = "apply"
	m, err := p.apply(ctx, op)
	return m, wrap(op, p.t.name, p.to.name, "", "", err)
}

func (p *Plan) apply(ctx context.Context, op string) (*Migration, error) {
	r, err := p.t.enter(ctx, op, tenant.Migrate, p.to.name)
	if err != nil {
		return nil, err
	}
	if p.move.Schema != nil {
		return nil, &Error{Err: explain(ErrType, "Move.Schema is for asking only"), Hint: "deploy the schema, and preview a move to its version"}
	}
	if _, _, latest, err := r.known(p.to.name); err != nil {
		return nil, err
	} else if latest != p.latest {
		what := fmt.Sprintf("version %d was deployed since the preview, which knew %d", latest, p.latest)
		return nil, &Error{Err: explain(ErrStale, what), Hint: "preview again"}
	}
	only, err := json.Marshal(filterOf(&p.move.Only))
	if err != nil {
		return nil, err
	}
	o := &p.move.Options
	rec := codec.Migration{
		Process: p.to.process, To: p.to.number, From: p.from, Criteria: uint8(o.Criteria), Timers: uint8(o.Timers),
		Only: only, Actor: p.t.user, Began: p.t.e.now(), Total: uint64(p.Tally().Total),
	}
	for _, old := range slices.Sorted(maps.Keys(o.Rename)) {
		rec.Rename = append(rec.Rename, kernel.Renaming{Old: old, New: o.Rename[old]})
	}
	a := address{r.id, p.t.e.newID()}
	var b store.Batch
	b.Put(keys.AppendMigration(nil, a.tenant, a.id), codec.AppendMigration(nil, &rec))
	if err := p.t.e.commit(ctx, &b); err != nil {
		return nil, err
	}
	p.t.e.migrations.begin(a, rec, false)
	return &Migration{p.t, a.id.String()}, nil
}

// ID names the migration in its tenant, for Tenant.Migration.
func (m *Migration) ID() string { return m.id }

// Wait waits until the migration is done: every instance that it is about has moved, or stays behind. Before
// Engine.Start nothing of earlier runs goes on, so it waits for that too.
func (m *Migration) Wait(ctx context.Context) (Progress, error) {
	p, err := m.follow(ctx, "migration.wait", true)
	return p, wrap("migration.wait", m.t.name, p.Process, "", "", err)
}

// Progress says how far the migration has come.
func (m *Migration) Progress(ctx context.Context) (Progress, error) {
	p, err := m.follow(ctx, "migration.progress", false)
	return p, wrap("migration.progress", m.t.name, p.Process, "", "", err)
}

func (m *Migration) follow(ctx context.Context, op string, wait bool) (Progress, error) {
	r, err := m.t.enter(ctx, op, tenant.Read, m.id)
	if err != nil {
		return Progress{}, err
	}
	id, err := keys.ParseID(m.id)
	if err != nil {
		return Progress{}, explain(ErrNotFound, err.Error())
	}
	a := address{r.id, id}
	var news <-chan struct{}
	for {
		if err := m.t.e.refusal(); err != nil {
			return Progress{}, err
		}
		rec, err := m.t.e.migration(ctx, a)
		if err != nil {
			return Progress{}, err
		}
		if rec.Done != 0 || !wait {
			return m.t.e.progress(r, a, &rec)
		}
		if news == nil { // from here on no end is missed, so look once more
			news = m.t.e.migrations.news(a)
			continue
		}
		select {
		case <-news:
			news = nil
		case <-m.t.e.closed:
			return Progress{}, ErrClosed
		case <-ctx.Done():
			return Progress{}, ctx.Err()
		}
	}
}

// migration reads the record of a migration. What it returns is durable.
func (e *Engine) migration(ctx context.Context, a address) (codec.Migration, error) {
	key := keys.AppendMigration(nil, a.tenant, a.id)
	b, err := e.store.Get(ctx, key)
	if err != nil {
		return codec.Migration{}, err
	}
	rec, err := codec.DecodeMigration(b)
	if err != nil {
		return rec, corrupt(key, err)
	}
	return rec, e.barrier(ctx)
}

func (e *Engine) progress(r *realm, a address, rec *codec.Migration) (Progress, error) {
	v, err := e.version(r.id, rec.Process, rec.To)
	if err != nil {
		return Progress{}, err
	}
	t := Tally{
		Moved: int(rec.Moved), Later: int(rec.Later), Unwind: int(rec.Unwind), Never: int(rec.Never), Failed: int(rec.Failed),
	}
	t.Total = t.Moved + t.Later + t.Unwind + t.Never + t.Failed
	if rec.Done == 0 && t.Total < int(rec.Total) {
		t.Now, t.Total = int(rec.Total)-t.Total, int(rec.Total)
	}
	return Progress{
		ID: a.id.String(), Process: v.name, To: int(rec.To), Tally: t, Began: instant(rec.Began), Done: instant(rec.Done),
	}, nil
}

// Migration is a handle and does no I/O. An id that is not there is ErrNotFound from its methods.
func (t *Tenant) Migration(id string) *Migration { return &Migration{*t, id} }

// Migrations yields the migrations of a process ("" for all), the newest first.
func (t *Tenant) Migrations(ctx context.Context, process string) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		if err := t.migrations(ctx, process, yield); err != nil {
			yield(Progress{}, wrap("migrations", t.name, process, "", "", err))
		}
	}
}

func (t *Tenant) migrations(ctx context.Context, process string, yield func(Progress, error) bool) error {
	r, err := t.enter(ctx, "migrations", tenant.Read, process)
	if err != nil {
		return err
	}
	var number uint32
	if process != "" {
		if number, _, _, err = r.known(process); err != nil {
			return err
		}
	}
	snap, err := t.e.snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	lo, hi := keys.KindRange(r.id, keys.KindMigration)
	for entry, err := range snap.ScanBack(ctx, lo, hi) {
		if err != nil {
			return err
		}
		id, ok := keys.ParseMigration(entry.Key)
		rec, err := codec.DecodeMigration(entry.Value)
		if !ok || err != nil {
			return corrupt(entry.Key, err)
		}
		if number != 0 && rec.Process != number {
			continue
		}
		p, err := t.e.progress(r, address{r.id, id}, &rec)
		if err != nil {
			return err
		}
		if !yield(p, nil) {
			return nil
		}
	}
	return nil
}

// filterRecord is an InstanceFilter as the record of a migration holds it. Fields are only ever added.
type filterRecord struct {
	Version      int               `json:"version,omitempty"`
	States       []int             `json:"states,omitempty"`
	Key          string            `json:"key,omitempty"`
	At           string            `json:"at,omitempty"`
	Violated     string            `json:"violated,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	Since, Until time.Time
}

func filterOf(f *InstanceFilter) filterRecord {
	r := filterRecord{Version: f.Version, Key: f.Key, At: f.At, Violated: f.Violated, Labels: f.Labels, Since: f.Since, Until: f.Until}
	for _, s := range f.States {
		r.States = append(r.States, int(s))
	}
	return r
}

func (r *filterRecord) filter() InstanceFilter {
	f := InstanceFilter{Version: r.Version, Key: r.Key, At: r.At, Violated: r.Violated, Labels: r.Labels, Since: r.Since, Until: r.Until}
	for _, s := range r.States {
		f.States = append(f.States, State(s))
	}
	return f
}

func optionsRecorded(rec *codec.Migration) migrate.Options {
	o := optionsOf(&kernel.Move{Timers: rec.Timers, Rename: rec.Rename})
	o.Criteria = migrate.Criteria(rec.Criteria) // 0: the default
	return o
}
