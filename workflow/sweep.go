package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// A sweep carries out one migration. It reads the heads of live instances in their order, a page at a time, and has the
// shards move those of the page; then it writes down how far it has come. A crash in between repeats a page: instances
// that had moved are found on the other version, and are counted again as moved.

// sweepPage is how many instances a sweep has under way at a time, so that commands of others are never behind more moves
// than that.
const sweepPage = 64

// migrations are the sweeps of an engine.
type migrations struct {
	e      *Engine
	halted chan struct{} // closed by halt
	done   sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	running map[address]bool
	waiting map[address]chan struct{} // closed when something has become of it
}

func (m *migrations) init(e *Engine) {
	m.e, m.halted = e, make(chan struct{})
	m.running, m.waiting = make(map[address]bool), make(map[address]chan struct{})
}

// news returns a channel that is closed when a sweep of the migration ends from now on.
func (m *migrations) news(a address) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting[a] == nil {
		m.waiting[a] = make(chan struct{})
	}
	return m.waiting[a]
}

// begin sweeps, unless that is under way. again: an earlier run of the program began it.
func (m *migrations) begin(a address, rec codec.Migration, again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[a] || m.stopped {
		return
	}
	m.running[a] = true
	m.done.Add(1)
	go func() {
		defer m.done.Done()
		m.sweep(a, rec, again)
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.running, a)
		if ch := m.waiting[a]; ch != nil {
			close(ch)
			delete(m.waiting, a)
		}
	}()
}

// How long a sweep waits after an error before it goes on: the first time, and at most.
const (
	sweepRetry    = time.Second
	maxSweepRetry = time.Minute
)

// sweep carries a migration out to its end. After an error (a record that cannot be read, say) it goes on, later and
// later, from the last page that it wrote down.
func (m *migrations) sweep(a address, rec codec.Migration, again bool) {
	for delay := sweepRetry; ; delay, again = min(2*delay, maxSweepRetry), true {
		w := &sweep{e: m.e, address: a, rec: rec, again: again}
		err := w.run(m.halted)
		if err == nil || m.e.refusal() != nil {
			return
		}
		m.e.log.Error("a migration waits after an error", "tenant", uint32(a.tenant), "migration", a.id.String(), "wait", delay, "error", err)
		over := make(chan struct{})
		stop := m.e.clock.AfterFunc(delay, func() { close(over) })
		select {
		case <-over:
		case <-m.halted:
			stop()
			return
		}
		if again, err := m.e.migration(context.Background(), a); err == nil {
			rec = again
		}
	}
}

// unfinishedMigration is one that an earlier run of the program began.
type unfinishedMigration struct {
	address
	rec codec.Migration
}

// unfinished finds what is to go on.
func (m *migrations) unfinished(ctx context.Context) ([]unfinishedMigration, error) {
	var list []unfinishedMigration
	for info, err := range tenant.List(ctx, m.e.store) {
		if err != nil {
			return nil, err
		}
		lo, hi := keys.KindRange(keys.Tenant(info.ID), keys.KindMigration)
		for entry, err := range m.e.store.Scan(ctx, lo, hi) {
			if err != nil {
				return nil, err
			}
			id, ok := keys.ParseMigration(entry.Key)
			rec, err := codec.DecodeMigration(slices.Clone(entry.Value))
			if !ok || err != nil {
				return nil, corrupt(entry.Key, err)
			}
			if rec.Done == 0 {
				list = append(list, unfinishedMigration{address{keys.Tenant(info.ID), id}, rec})
			}
		}
	}
	return list, nil
}

// halt ends the sweeps after their pages; done tells when.
func (m *migrations) halt() {
	m.mu.Lock()
	m.stopped = true
	m.mu.Unlock()
	close(m.halted)
}

// sweep is one migration under way.
type sweep struct {
	e *Engine
	address
	rec    codec.Migration
	chosen *selection
	to     *version
	again  bool // the next page is perhaps one that was begun before, and not written down
}

// run sweeps from the cursor on, to the end or until halted.
func (w *sweep) run(halted <-chan struct{}) error {
	ctx := context.Background()
	r, err := w.e.realmOf(ctx, w.tenant)
	if err != nil {
		return err
	}
	if w.to, err = w.e.version(w.tenant, w.rec.Process, w.rec.To); err != nil {
		return err
	}
	var only filterRecord
	if err := json.Unmarshal(w.rec.Only, &only); err != nil {
		return fmt.Errorf("%w: the filter of a migration: %w", ErrCorrupt, err)
	}
	for _, number := range w.rec.From { // prepared here, so that no shard has to wait for it
		from, err := w.e.version(w.tenant, w.rec.Process, number)
		if err != nil {
			return err
		}
		if _, err := w.e.checker(from, w.to, optionsRecorded(&w.rec)); err != nil {
			return err
		}
	}
	w.chosen = newSelection(r, w.rec.Process, w.rec.From, only.filter())
	for {
		select {
		case <-halted:
			return nil
		default:
		}
		if !w.e.jobs.waitRoom() {
			return nil
		}
		page, over, err := w.page(ctx)
		if err != nil {
			return err
		}
		w.again = false
		if err := w.move(page); err != nil {
			return err
		}
		if over {
			w.rec.Done = max(w.e.now(), w.rec.Began+1)
		}
		var b store.Batch
		b.Put(keys.AppendMigration(nil, w.tenant, w.id), codec.AppendMigration(nil, &w.rec))
		if err := w.e.direct.commit(&b); err != nil {
			return err
		}
		if over {
			return nil
		}
	}
}

// page returns the next instances to move, and whether there are no more. Of a page that was begun before it counts those
// that have moved already.
func (w *sweep) page(ctx context.Context) (ids []keys.ID, over bool, err error) {
	_, hi := keys.HeadRange(w.tenant)
	lo := append(keys.AppendHead(nil, w.tenant, w.rec.Cursor), 0)
	if w.rec.Cursor == ([16]byte{}) {
		lo, _ = keys.HeadRange(w.tenant)
	}
	for entry, err := range w.e.store.Scan(ctx, lo, hi) {
		if err != nil {
			return nil, false, err
		}
		id, ok := keys.ParseHead(entry.Key)
		p, err := codec.PeekHead(entry.Value)
		if !ok || err != nil {
			return nil, false, corrupt(entry.Key, err)
		}
		mine, err := w.mine(ctx, id, &p, entry)
		if err != nil {
			return nil, false, err
		}
		if mine {
			ids = append(ids, id)
		}
		if len(ids) == sweepPage {
			return ids, false, nil
		}
	}
	return ids, true, nil
}

// mine reports whether an instance is to be moved by this migration.
func (w *sweep) mine(ctx context.Context, id keys.ID, p *codec.Peek, entry store.Entry) (bool, error) {
	done := w.again && p.Process == w.rec.Process && p.Version == w.rec.To && p.Updated >= w.rec.Began
	if !done && (!w.chosen.takes(p) || w.chosen.At == "" && w.chosen.Violated == "") {
		return w.chosen.takes(p), nil
	}
	in := &stored{ctx: ctx, snap: w.e.store, id: id}
	if err := w.e.open(in, w.tenant, entry.Key, entry.Value); err != nil {
		return false, err
	}
	if done {
		if n := len(in.head.Moves); n > 0 && slices.Contains(w.rec.From, in.head.Moves[n-1].From) {
			w.rec.Moved++
		}
		return false, nil
	}
	return in.waitsAt(w.chosen.At) && in.violated(w.chosen.Violated), nil
}

// move has the instances of a page moved, counts what came of them, and sets the cursor behind them.
func (w *sweep) move(page []keys.ID) error {
	from := make([]int, len(w.rec.From))
	for i, v := range w.rec.From {
		from[i] = int(v)
	}
	options := optionsRecorded(&w.rec)
	list := make([]*request, len(page))
	for i, id := range page {
		list[i] = &request{
			tenant: w.tenant, id: id, op: opMove, reply: w.e.replyTo(),
			moving: &moving{to: w.to, from: from, options: options, actor: w.rec.Actor},
		}
		w.e.shardOf(id).inbox.push(list[i])
	}
	for _, r := range list {
		_, err := w.e.await(context.Background(), r)
		if fault := w.e.failure.err(); fault != nil {
			return fault
		}
		w.count(r, err)
		w.rec.Cursor = r.id
	}
	return nil
}

// count counts what came of one move.
func (w *sweep) count(r *request, err error) {
	var refused *RefusedError
	switch {
	case err == nil:
		w.rec.Moved++
	case errors.Is(err, ErrState), errors.Is(err, ErrNotFound): // it has ended, or was moved by somebody else
	case errors.As(err, &refused):
		switch refused.Verdict.Outcome {
		case migrate.Later:
			w.rec.Later++
		case migrate.NeedsCompensation:
			w.rec.Unwind++
		default:
			w.rec.Never++
		}
	default:
		w.rec.Failed++
		w.e.log.Error("an instance cannot be migrated", "tenant", uint32(w.tenant), "instance", r.id.String(), "migration", w.id.String(), "error", err)
	}
}
