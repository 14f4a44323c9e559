package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/replank/replank/tenant"
)

// Tenant is a handle and does no I/O; using one that does not exist is ErrNoTenant.
func (e *Engine) Tenant(name string) *Tenant { return &Tenant{e: e, name: name} }

// Default is the tenant of programs that need one only. It always exists, unless Options.NoDefault.
func (e *Engine) Default() *Tenant { return e.Tenant(tenant.Default) }

// CreateTenant creates a tenant; s may be nil. It returns once the tenant is durable. ErrExists comes with a usable
// handle of the tenant that has the name, whose settings stay as they are.
func (e *Engine) CreateTenant(ctx context.Context, name string, s *tenant.Settings) (*Tenant, error) {
	const op = "create-tenant"
	if ctx == nil {
		return nil, wrap(op, name, "", "", "", errNoContext)
	}
	if err := e.refusal(); err != nil {
		return nil, wrap(op, name, "", "", "", err)
	}
	if err := e.ask(ctx, tenant.Request{Action: tenant.Admin, Subject: name}); err != nil {
		return nil, wrap(op, name, "", "", "", err)
	}
	if s == nil {
		s = &tenant.Settings{}
	}
	e.creating.RLock()
	info, err := tenant.Create(context.WithoutCancel(ctx), e.store, name, *s, e.clock.Now())
	e.creating.RUnlock()
	if errors.Is(err, tenant.ErrExists) {
		return e.Tenant(name), wrap(op, name, "", "", "", explain(ErrExists, fmt.Sprintf("there is a tenant %q", name)))
	}
	if err != nil {
		return nil, wrap(op, name, "", "", "", err)
	}
	if _, err := e.enroll(ctx, info); err != nil {
		return nil, wrap(op, name, "", "", "", err)
	}
	return e.Tenant(name), nil
}

// Tenants yields all tenants by name.
func (e *Engine) Tenants(ctx context.Context) iter.Seq2[tenant.Info, error] {
	return func(yield func(tenant.Info, error) bool) {
		if ctx == nil {
			yield(tenant.Info{}, wrap("tenants", "", "", "", "", errNoContext))
			return
		}
		e.creating.Lock() // what the snapshot sees is durable: nobody is between writing and waiting
		snap, err := e.snapshot(ctx)
		e.creating.Unlock()
		if err != nil {
			yield(tenant.Info{}, wrap("tenants", "", "", "", "", err))
			return
		}
		defer snap.Close()
		for info, err := range tenant.List(ctx, snap) {
			if !yield(info, wrap("tenants", "", "", "", "", err)) {
				return
			}
		}
	}
}

// allow asks for a command or query of a tenant.
func (e *Engine) allow(ctx context.Context, r *realm, user string, action tenant.Action, subject string) error {
	return e.ask(ctx, tenant.Request{Tenant: tenant.ID(r.id), Actor: tenant.Actor(user), Action: action, Subject: subject})
}

// ask is the one place that everything passes before it is done: the request names the actor, and the policy says
// whether it may.
func (e *Engine) ask(ctx context.Context, r tenant.Request) error {
	err := e.access.Check(ctx, r)
	if errors.Is(err, tenant.ErrDenied) {
		return &because{what: err.Error(), is: ErrForbidden, cause: err}
	}
	return err
}
