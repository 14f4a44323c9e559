package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/schema"
)

// Instance is a handle on one instance. It does no I/O by itself.
type Instance struct {
	t  Tenant
	id string
}

// ID is the instance's id, a ULID.
func (i *Instance) ID() string { return i.id }

// wrap adds the place to an error.
func (i *Instance) wrap(op string, err error) error {
	return wrap("instance."+op, i.t.name, "", i.id, "", err)
}

// enter is Tenant.enter, and reads the id.
func (i *Instance) enter(ctx context.Context, op string, action tenant.Action) (*realm, keys.ID, error) {
	r, err := i.t.enter(ctx, "instance."+op, action, i.id)
	if err != nil {
		return nil, keys.ID{}, i.wrap(op, err)
	}
	id, err := parseInstanceID(i.id)
	return r, id, i.wrap(op, err)
}

// parseInstanceID reads an instance id. What is none is ErrNotFound: there cannot be such an instance.
func parseInstanceID(s string) (keys.ID, error) {
	id, err := keys.ParseID(s)
	if err != nil {
		return id, explain(ErrNotFound, err.Error())
	}
	return id, nil
}

// read calls fn with the instance as it durably is.
func (i *Instance) read(ctx context.Context, op string, fn func(*stored) error) error {
	r, id, err := i.enter(ctx, op, tenant.Read)
	if err != nil {
		return err
	}
	snap, err := i.t.e.snapshot(ctx)
	if err != nil {
		return i.wrap(op, err)
	}
	defer snap.Close()
	in, err := i.t.e.fetch(ctx, snap, r.id, id)
	if err != nil {
		return i.wrap(op, err)
	}
	if err := fn(in); err != nil {
		return wrap("instance."+op, i.t.name, in.version.name, i.id, "", err)
	}
	return nil
}

// Info describes the instance as it durably is.
func (i *Instance) Info(ctx context.Context) (*InstanceInfo, error) {
	var info *InstanceInfo
	err := i.read(ctx, "info", func(in *stored) error {
		info = in.info()
		return nil
	})
	return info, err
}

// Schema is the schema that the instance runs on.
func (i *Instance) Schema(ctx context.Context) (*schema.Process, error) {
	var p *schema.Process
	err := i.read(ctx, "schema", func(in *stored) error {
		p = in.version.schema
		return nil
	})
	return p, err
}

// Settle waits until nothing runs by itself any more: people, messages or time must come (a job that waits for its next
// attempt counts as time), or it ended or failed. Before Engine.Start no job runs, so it waits for that.
func (i *Instance) Settle(ctx context.Context) (*InstanceInfo, error) {
	return i.until(ctx, "settle", func(in *instance) bool { return in.head.State.Ended() || !i.t.e.busy(in) })
}

// Wait waits until the instance ended, or failed with an incident: then the error is ErrIncident, and the info is there
// too.
func (i *Instance) Wait(ctx context.Context) (*InstanceInfo, error) {
	var first kernel.Work // of the incidents
	info, err := i.until(ctx, "wait", func(in *instance) bool {
		works := in.head.State.Works
		if n := slices.IndexFunc(works, func(w kernel.Work) bool { return w.Incident }); n >= 0 {
			first = works[n]
			return true
		}
		return in.head.State.Ended()
	})
	if err != nil || info.State != Failed {
		return info, err
	}
	what := "1 open incident: "
	if n := len(info.Incidents); n > 1 {
		what = fmt.Sprintf("%d open incidents, the first: ", n)
	}
	cause, _, _ := strings.Cut(first.Key, "\n") // the rest is a stack
	return info, wrap("instance.wait", i.t.name, info.Process, i.id, "", &Error{
		Err:  explain(ErrIncident, what+cause),
		Hint: "mend the cause, then Incident.Retry; Incident.Info of " + info.Incidents[0] + " tells more",
	})
}

// until waits for a durable state of which reached is true; that runs in the owner shard.
func (i *Instance) until(ctx context.Context, op string, reached func(*instance) bool) (*InstanceInfo, error) {
	r, id, err := i.enter(ctx, op, tenant.Read)
	if err != nil {
		return nil, err
	}
	e := i.t.e
	changed, stop := e.watch(r.id, id)
	defer stop()
	for {
		var info *InstanceInfo
		err := e.inspect(ctx, r.id, id, func(v *version, in *instance) error {
			if reached(in) {
				info = (&stored{id: id, version: v, head: in.head}).info()
			}
			return nil
		})
		if err != nil {
			return nil, i.wrap(op, err)
		}
		if info != nil {
			return info, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, i.wrap(op, ctx.Err())
		}
	}
}
