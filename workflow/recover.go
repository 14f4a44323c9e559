package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/schema"
)

// recovery is what the engine found in the store when it was opened: which jobs ran, which schemas are in use. Timers
// need no recovery: their keys are read when they come due.
type recovery struct {
	ran  []ranJobs
	halt chan struct{} // closed by stop
	done sync.WaitGroup

	mu    sync.Mutex
	inUse map[versionRef]struct{} // versions with live instances at Open
}

// ranJobs is an instance with jobs that were under way. Those opened by events up to seq ran, perhaps; later ones were
// opened since Open.
type ranJobs struct {
	address
	seq uint64
}

type versionRef struct {
	tenant          keys.Tenant
	process, number uint32
}

// scan reads the heads of all live instances.
func (r *recovery) scan(e *Engine) error {
	r.halt, r.inUse = make(chan struct{}), make(map[versionRef]struct{})
	ctx := context.Background()
	live := 0
	for info, err := range tenant.List(ctx, e.store) {
		if err != nil {
			return err
		}
		t := keys.Tenant(info.ID)
		lo, hi := keys.HeadRange(t)
		var last versionRef
		for entry, err := range e.store.Scan(ctx, lo, hi) {
			if err != nil {
				return err
			}
			id, ok := keys.ParseHead(entry.Key)
			p, err := codec.PeekHead(entry.Value)
			if !ok || err != nil {
				return corrupt(entry.Key, err)
			}
			live++
			if ref := (versionRef{t, p.Process, p.Version}); ref != last {
				r.inUse[ref], last = struct{}{}, ref
			}
			if p.Job {
				r.ran = append(r.ran, ranJobs{address{t, id}, p.Seq})
			}
		}
		if err := e.messages.count(t); err != nil {
			return err
		}
	}
	e.counters.live.Store(int64(live))
	return nil
}

// run hands out the jobs that ran. It goes no faster than they are worked off.
func (r *recovery) run(e *Engine) {
	ran := r.ran
	r.ran = nil
	if len(ran) == 0 {
		return
	}
	r.done.Add(1)
	go func() {
		defer r.done.Done()
		for batch := range slices.Chunk(ran, maxSteps) {
			for i, x := range batch {
				req := request{op: opRecover, tenant: x.tenant, id: x.id, cmd: kernel.Command{Since: x.seq}}
				if i < len(batch)-1 {
					e.shardOf(x.id).inbox.push(e.own(req))
				} else if _, err := e.submitOwn(&req); err != nil {
					return // the engine has failed
				}
			}
			select {
			case <-r.halt:
				return
			default:
			}
			if !e.jobs.waitRoom() {
				return
			}
		}
	}()
}

func (r *recovery) stop() {
	close(r.halt)
	r.done.Wait()
}

// uses notes that instances of a version may be live.
func (r *recovery) uses(v *version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inUse[versionRef{v.tenant, v.process, v.number}] = struct{}{}
}

// checkHandlers checks that the live instances find handlers that fit their schemas, those too that unfinished migrations
// are about to lead them to.
func (e *Engine) checkHandlers(ctx context.Context, unfinished []unfinishedMigration) error {
	if err := e.registry.err(); err != nil {
		return err
	}
	e.recovery.mu.Lock()
	used := slices.Collect(maps.Keys(e.recovery.inUse))
	e.recovery.mu.Unlock()
	for _, u := range unfinished {
		used = append(used, versionRef{u.tenant, u.rec.Process, u.rec.To})
	}
	slices.SortFunc(used, func(a, b versionRef) int {
		return slices.Compare([]uint32{uint32(a.tenant), a.process, a.number}, []uint32{uint32(b.tenant), b.process, b.number})
	})
	var missing, wrong []string
	for _, ref := range slices.Compact(used) {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := e.version(ref.tenant, ref.process, ref.number)
		if err != nil {
			return err
		}
		for _, f := range e.fit(v.schema) {
			text := fmt.Sprintf("%s version %d of tenant %s, %s: %s", v.name, v.number, v.tenantName, f.Node, f.Message)
			switch {
			case f.Code == "handler/missing":
				missing = append(missing, text)
			case f.Severity == schema.Fatal:
				wrong = append(wrong, text)
			}
		}
	}
	if len(wrong) > 0 {
		return explain(ErrType, "handlers do not fit the schemas of live instances: "+summary(wrong))
	}
	if len(missing) > 0 && !e.settings.AllowMissing {
		return &Error{
			Hint: "register them before Start, or set Options.AllowMissing to get incidents instead",
			Err:  explain(ErrNoHandler, "live instances need handlers: "+summary(missing)),
		}
	}
	return nil
}

// summary joins the first few.
func summary(list []string) string {
	const most = 8
	if len(list) > most {
		list = append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(list, "; ")
}
