package workflow

import (
	"context"
	"errors"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/tenant"
)

// Incident is a handle on something that needs a person.
type Incident struct {
	t  Tenant
	id string
}

// ID is the incident's id.
func (c *Incident) ID() string { return c.id }

func (c *Incident) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return wrap("incident."+op, c.t.name, "", instanceOf(c.id), "", err)
}

// Info describes an open incident, with what the activity was given. ErrState: it is not open any more.
func (c *Incident) Info(ctx context.Context) (*IncidentInfo, error) {
	r, err := c.t.enter(ctx, "incident.info", tenant.Read, c.id)
	if err != nil {
		return nil, c.wrap("info", err)
	}
	id, since, err := parseWorkID("incident", c.id)
	if err != nil {
		return nil, c.wrap("info", err)
	}
	snap, err := c.t.e.snapshot(ctx)
	if err != nil {
		return nil, c.wrap("info", err)
	}
	defer snap.Close()
	in, err := c.t.e.fetch(ctx, snap, r.id, id)
	if err != nil {
		return nil, c.wrap("info", err)
	}
	w := bySince(in.head.State, since)
	if w == nil || !w.Incident {
		return nil, wrap("incident.info", c.t.name, in.version.name, id.String(), "", gone("incident", in.head.State, since))
	}
	info := in.incident(w)
	if k := in.version.prog.Nodes[w.Node].Kind; k == program.ServiceTask || k == program.UserTask {
		given, err := in.input(w.Node)
		if err != nil && !errors.Is(err, kernel.ErrResult) { // an input that fails may be the incident
			return nil, c.wrap("info", err)
		}
		info.In = fields(given)
	}
	return info, nil
}

// incident describes an open incident, but for its input.
func (in *stored) incident(w *kernel.Work) *IncidentInfo {
	info := &IncidentInfo{
		ID: workID(in.id, w.Since), Instance: in.id.String(), Process: in.version.name,
		Node: in.version.prog.Nodes[w.Node].ID, Cause: w.Key, Attempts: int(w.Attempt), Raised: instant(w.At),
	}
	return info
}

// Retry tries again what failed: a job gets all its attempts anew, an expression is evaluated again. It returns when
// that is durable, not when it succeeded. ErrState: the incident is not open any more.
func (c *Incident) Retry(ctx context.Context) error {
	r, err := c.t.enter(ctx, "incident.retry", tenant.Retry, c.id)
	if err != nil {
		return c.wrap("retry", err)
	}
	id, since, err := parseWorkID("incident", c.id)
	if err != nil {
		return c.wrap("retry", err)
	}
	_, err = c.t.e.do(ctx, &request{
		tenant: r.id, id: id, cmd: kernel.Command{Kind: kernel.Retry, Actor: c.t.user, Since: since, Node: -1},
		check: func(_ *version, s *kernel.State, cmd *kernel.Command) error {
			w := bySince(s, since)
			if w == nil || !w.Incident {
				return gone("incident", s, since)
			}
			cmd.Node = w.Node
			return nil
		},
	})
	return c.wrap("retry", err)
}
