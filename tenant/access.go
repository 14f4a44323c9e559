package tenant

import (
	"context"
	"fmt"
)

// Actor is who gives a command: a user's name, as the program knows it. The
// engine's own steps have the actor Engine.
type Actor string

// Engine is the actor of steps that nobody asked for: a timer that is due, a
// handler that has ended.
const Engine Actor = "$engine"

// Action is what a command does, as a verb. Actions are only ever added.
type Action string

// The actions that are asked for.
const (
	Deploy   Action = "deploy"
	Start    Action = "start"
	Claim    Action = "claim"
	Release  Action = "release"
	Complete Action = "complete"
	Send     Action = "send"
	Retry    Action = "retry"
	Migrate  Action = "migrate"
	Read     Action = "read"
	Admin    Action = "admin" // create a tenant
)

// Request is one question of an Access.
type Request struct {
	Tenant  ID     // 0: about the directory itself
	Actor   Actor  // "": the program did not say
	Action  Action // never ""
	Subject string // what it is about: a process id, an instance id, a message name
}

// Policy decides requests.
type Policy interface {
	// Allow returns nil for yes, and otherwise why not. It is called from many
	// goroutines.
	Allow(ctx context.Context, r Request) error
}

// Everybody is the policy that always says yes.
type Everybody struct{}

// Allow says yes.
func (Everybody) Allow(context.Context, Request) error { return nil }

// Access is the one place that every command passes before it is done. The zero
// Access asks Everybody.
type Access struct{ policy Policy }

// NewAccess asks p; nil: Everybody.
func NewAccess(p Policy) Access { return Access{policy: p} }

// Check returns nil if the policy allows r, and otherwise ErrDenied with who may
// not do what, and the policy's reason.
func (a Access) Check(ctx context.Context, r Request) error {
	if a.policy == nil {
		return nil
	}
	err := a.policy.Allow(ctx, r)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %q may not %s %q in tenant %d: %w", ErrDenied, r.Actor, r.Action, r.Subject, r.Tenant, err)
}
