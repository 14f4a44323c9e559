package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/nearest"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/schema"
)

// compiled is one schema, ready to run. Immutable; shared by all versions with the same digest, of all tenants.
type compiled struct {
	schema  *schema.Process
	prog    *program.Program
	machine *kernel.Machine
	shape   codec.Shape
}

func compile(p *schema.Process) *compiled {
	prog := p.Program()
	return &compiled{schema: p, prog: prog, machine: kernel.New(prog), shape: codec.ShapeOf(prog)}
}

// version is one deployed schema of one tenant. Immutable.
type version struct {
	*compiled
	tenant     keys.Tenant
	tenantName string
	location   *time.Location // for calendar periods; never nil
	process    uint32         // number of the process in its tenant
	number     uint32         // from 1
	name       string         // of the process
	deployed   int64          // unix milliseconds
}

// realm is one tenant as the engine knows it: its name and what it has deployed. Tenants are never deleted, so a realm
// stays valid.
type realm struct {
	id        keys.Tenant
	name      string
	location  *time.Location
	deploying sync.Mutex // one deployment at a time

	mu       sync.RWMutex
	byName   map[string]*process
	byNumber map[uint32]*process
}

// process is what a tenant has deployed under one process id. realm.mu guards it.
type process struct {
	name            string
	number          uint32
	latest, current uint32
	versions        map[uint32]*version // those that were used since Open
}

// catalog is the realms and compiled schemas in memory; what is missing is read from the store.
type catalog struct {
	mu       sync.RWMutex
	byName   map[string]*realm
	byNumber map[keys.Tenant]*realm
	compiled map[[32]byte]*compiled
	checkers checkers
}

// surface is what the public methods keep.
type surface struct {
	access   tenant.Access
	catalog  catalog
	creating sync.RWMutex // read-held while a tenant is being created and is not durable yet
}

// openSurface makes the default tenant, if there is to be one.
func (e *Engine) openSurface() error {
	e.catalog.byName = make(map[string]*realm)
	e.catalog.byNumber = make(map[keys.Tenant]*realm)
	e.catalog.compiled = make(map[[32]byte]*compiled)
	if e.settings.NoDefault {
		return nil
	}
	ctx := context.Background()
	info, err := tenant.Ensure(ctx, e.store, tenant.Default, tenant.Settings{}, e.clock.Now())
	if err != nil {
		return err
	}
	_, err = e.enroll(ctx, info)
	return err
}

// realm returns the tenant of that name, or ErrNoTenant.
func (e *Engine) realm(ctx context.Context, name string) (*realm, error) {
	e.catalog.mu.RLock()
	r := e.catalog.byName[name]
	e.catalog.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	if err := e.refusal(); err != nil {
		return nil, err
	}
	info, err := tenant.Lookup(ctx, e.store, name)
	if errors.Is(err, tenant.ErrNotFound) {
		return nil, &Error{Err: ErrNoTenant, Hint: e.nearestTenant(ctx, name)}
	}
	if err != nil {
		return nil, err
	}
	return e.enroll(ctx, info)
}

func (e *Engine) nearestTenant(ctx context.Context, name string) string {
	if err := tenant.CheckName(name); err != nil {
		return err.Error()
	}
	var known []string
	for info, err := range tenant.List(ctx, e.store) {
		if err != nil || len(known) == 10_000 {
			break // a hint is not worth more
		}
		known = append(known, info.Name)
	}
	if near := nearest.Name(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "create it with Engine.CreateTenant"
}

// realmOf is realm by number.
func (e *Engine) realmOf(ctx context.Context, t keys.Tenant) (*realm, error) {
	e.catalog.mu.RLock()
	r := e.catalog.byNumber[t]
	e.catalog.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	info, err := tenant.ByID(ctx, e.store, tenant.ID(t))
	if err != nil {
		return nil, err
	}
	return e.enroll(ctx, info)
}

// tenantName is the name of a tenant for logs: its number if that cannot be found.
func (e *Engine) tenantName(t keys.Tenant) string {
	r, err := e.realmOf(context.Background(), t)
	if err != nil {
		return fmt.Sprintf("number %d", t)
	}
	return r.name
}

// enroll reads what the tenant has deployed and adds it to the catalog, unless somebody else was faster.
func (e *Engine) enroll(ctx context.Context, info tenant.Info) (*realm, error) {
	r := &realm{
		id: keys.Tenant(info.ID), name: info.Name, location: e.settings.Location,
		byName: make(map[string]*process), byNumber: make(map[uint32]*process),
	}
	set, err := info.Settings()
	if err != nil {
		return nil, err
	}
	if set.Zone != nil {
		r.location = set.Zone
	}
	lo, hi := keys.KindRange(r.id, keys.KindProcess)
	for entry, err := range e.store.Scan(ctx, lo, hi) {
		if err != nil {
			return nil, err
		}
		number, ok := keys.ParseProcess(entry.Key)
		if !ok {
			return nil, corrupt(entry.Key, errors.New("no key of a process"))
		}
		rec, err := codec.DecodeProcess(entry.Value)
		if err != nil {
			return nil, corrupt(entry.Key, err)
		}
		r.add(&process{name: rec.ID, number: number, latest: rec.Latest, current: rec.Current, versions: make(map[uint32]*version)})
	}
	e.catalog.mu.Lock()
	defer e.catalog.mu.Unlock()
	if first := e.catalog.byNumber[r.id]; first != nil {
		return first, nil
	}
	e.catalog.byName[r.name], e.catalog.byNumber[r.id] = r, r
	return r, nil
}

func (r *realm) add(p *process) { r.byName[p.name], r.byNumber[p.number] = p, p }

// corrupt is an error about the record under key.
func corrupt(key []byte, cause error) error {
	if errors.Is(cause, codec.ErrNewer) {
		return fmt.Errorf("%w: key %x: %w", ErrNewerFormat, key, cause)
	}
	return fmt.Errorf("%w: key %x: %w", ErrCorrupt, key, cause)
}

// version returns a deployed version by number. It compiles the schema at its first use. Safe for concurrent use.
func (e *Engine) version(t keys.Tenant, process, number uint32) (*version, error) {
	ctx := context.Background()
	r, err := e.realmOf(ctx, t)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	p := r.byNumber[process]
	var v *version
	if p != nil {
		v = p.versions[number]
	}
	r.mu.RUnlock()
	if v != nil {
		return v, nil
	}
	if p == nil {
		return nil, fmt.Errorf("%w: tenant %q has no process number %d", ErrCorrupt, r.name, process)
	}
	key := keys.AppendSchemaVersion(nil, t, process, number)
	rec, err := e.versionRecord(ctx, e.store, key)
	if err != nil {
		return nil, err
	}
	c, err := e.compiledFrom(key, &rec)
	if err != nil {
		return nil, err
	}
	v = r.newVersion(p, number, c, rec.Deployed)
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := p.versions[number]; first != nil {
		return first, nil
	}
	p.versions[number] = v
	return v, nil
}

func (r *realm) newVersion(p *process, number uint32, c *compiled, deployed int64) *version {
	return &version{
		compiled: c, tenant: r.id, tenantName: r.name, location: r.location,
		process: p.number, number: number, name: p.name, deployed: deployed,
	}
}

func (e *Engine) versionRecord(ctx context.Context, r store.Reader, key []byte) (codec.Version, error) {
	value, err := r.Get(ctx, key)
	if err != nil {
		return codec.Version{}, fmt.Errorf("schema version (key %x): %w", key, err)
	}
	rec, err := codec.DecodeVersion(value)
	if err != nil {
		return codec.Version{}, corrupt(key, err)
	}
	return rec, nil
}

// compiledFrom compiles what was deployed, or finds an equal schema that was compiled before.
func (e *Engine) compiledFrom(key []byte, rec *codec.Version) (*compiled, error) {
	e.catalog.mu.RLock()
	c := e.catalog.compiled[rec.Digest]
	e.catalog.mu.RUnlock()
	if c != nil {
		return c, nil
	}
	if rec.Layout != program.Layout {
		return nil, fmt.Errorf("%w: key %x: its nodes are numbered by layout %d, this release knows %d", ErrNewerFormat, key, rec.Layout, program.Layout)
	}
	p, err := schema.ParseTrusted(rec.Name, rec.Source) // it was verified when it was deployed, and has that digest
	if err != nil {
		return nil, corrupt(key, err)
	}
	if p.Digest() != rec.Digest {
		return nil, corrupt(key, errors.New("the schema does not have the digest that it was deployed with"))
	}
	return e.share(compile(p)), nil
}

// share returns the compiled form that all equal schemas use, c if it is the first.
func (e *Engine) share(c *compiled) *compiled {
	digest := c.schema.Digest()
	e.catalog.mu.Lock()
	defer e.catalog.mu.Unlock()
	if first := e.catalog.compiled[digest]; first != nil {
		return first
	}
	e.catalog.compiled[digest] = c
	return c
}

// known finds a process by name. ErrNotFound names the nearest one.
func (r *realm) known(name string) (number, current, latest uint32, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if p := r.byName[name]; p != nil {
		return p.number, p.current, p.latest, nil
	}
	names := slices.Sorted(maps.Keys(r.byName))
	hint := "deploy it with Tenant.Deploy"
	if near := nearest.Name(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if len(names) == 0 {
		hint = "nothing is deployed here yet; " + hint
	}
	return 0, 0, 0, &Error{Process: name, Hint: hint, Err: explain(ErrNotFound, fmt.Sprintf("there is no process %q", name))}
}

// knownNode is ErrNotFound, with the nearest name, if no version of any process has a node of that name. Where
// nothing is deployed, nothing can be misspelt.
func (e *Engine) knownNode(r *realm, node string) error {
	r.mu.RLock()
	latest := make(map[uint32]uint32)
	for number, p := range r.byNumber {
		latest[number] = p.latest
	}
	r.mu.RUnlock()
	if len(latest) == 0 {
		return nil
	}
	names := make(map[string]bool)
	for number, last := range latest {
		for n := last; n >= 1; n-- {
			v, err := e.version(r.id, number, n)
			if err != nil {
				return err
			}
			for i := range v.prog.Nodes {
				names[v.prog.Nodes[i].ID] = true
			}
			if names[node] {
				return nil
			}
		}
	}
	hint := ""
	if near := nearest.Name(node, slices.Sorted(maps.Keys(names))); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return &Error{Node: node, Hint: hint, Err: explain(ErrNotFound, fmt.Sprintf("no version has a node %q", node))}
}

// pick finds a version of a process; number 0 is the current one.
func (e *Engine) pick(r *realm, name string, number int) (*version, error) {
	process, current, latest, err := r.known(name)
	if err != nil {
		return nil, err
	}
	if number == 0 {
		number = int(current)
	}
	if number < 1 || number > int(latest) {
		what := fmt.Sprintf("there is no version %d of %q", number, name)
		return nil, &Error{Process: name, Hint: fmt.Sprintf("its versions are 1 to %d", latest), Err: explain(ErrNotFound, what)}
	}
	return e.version(r.id, process, uint32(number))
}
