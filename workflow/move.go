package workflow

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/schema"
)

// Move says which instances go to which version. For Tenant.Preview only Process is needed: all live ones go to the
// current version. For one instance the zero Move takes it to the current version; Only does not apply there.
type Move struct {
	Process string          // of one instance: "", or its process
	From    []int           // nil: every other version
	To      int             // 0: current
	Schema  *schema.Process // instead of To: a schema that is not deployed, to ask what a move would do
	Only    InstanceFilter  // Process and After do not apply
	Rest    Rest
	Options migrate.Options // zero: migrate.Default
}

// Rest is what happens to instances that cannot move now.
type Rest uint8

// StayBehind lets them finish on the old version.
const StayBehind Rest = 0

// moving is an opMove: where to and how, and then the verdict.
type moving struct {
	to      *version
	from    []int // nil: any
	options migrate.Options
	actor   string
	verdict migrate.Verdict
}

// CheckMigrate asks what Migrate would do, and changes nothing. What is wrong with the plan itself is a *schema.Error.
func (i *Instance) CheckMigrate(ctx context.Context, m Move) (migrate.Verdict, error) {
	verdict, _, err := i.judge(ctx, "check-migrate", tenant.Read, &m)
	return verdict, err
}

// Migrate moves the instance to another version, if its history can be reproduced there, and returns when that is
// durable. It is one step: a command that races with it finds the instance before or after, and is resolved against the
// version that it finds. An instance that may not move stays as it is: the error is ErrRefused, a *RefusedError with the
// verdict. One that is on the version already is left alone.
func (i *Instance) Migrate(ctx context.Context, m Move) (migrate.Verdict, error) {
	const op = "migrate"
	if m.Schema != nil {
		return migrate.Verdict{}, i.wrap(op, &Error{Err: explain(ErrType, "Move.Schema is for asking only"), Hint: "deploy the schema, and set Move.To"})
	}
	// Judged beforehand for what can be found out beside the shard, and so that the check is prepared.
	_, to, err := i.judge(ctx, op, tenant.Migrate, &m)
	if err != nil {
		return migrate.Verdict{}, err
	}
	r, id, err := i.enter(ctx, op, tenant.Migrate)
	if err != nil {
		return migrate.Verdict{}, err
	}
	mv := &moving{to: to, from: m.From, options: m.Options, actor: i.t.user}
	_, err = i.t.e.submit(ctx, &request{tenant: r.id, id: id, op: opMove, moving: mv})
	if err != nil {
		var refused *RefusedError
		if errors.As(err, &refused) {
			return refused.Verdict, wrap("instance."+op, i.t.name, to.name, i.id, "", err)
		}
		return migrate.Verdict{}, wrap("instance."+op, i.t.name, to.name, i.id, "", err)
	}
	return mv.verdict, nil
}

// judge replays the instance as it durably is.
func (i *Instance) judge(ctx context.Context, op string, action tenant.Action, m *Move) (migrate.Verdict, *version, error) {
	var verdict migrate.Verdict
	var to *version
	if _, _, err := i.enter(ctx, op, action); err != nil {
		return verdict, nil, err
	}
	err := i.read(ctx, op, func(in *stored) error {
		var err error
		if !reflect.DeepEqual(m.Only, InstanceFilter{}) {
			return explain(ErrType, "Move.Only selects among many instances, and this is one")
		}
		r, err := i.t.e.realm(ctx, i.t.name)
		if err != nil {
			return err
		}
		if m.Process != "" && m.Process != in.version.name {
			return explain(ErrState, fmt.Sprintf("it is an instance of %s, not of %s", in.version.name, m.Process))
		}
		if to, err = i.t.e.target(r, in.version.name, m); err != nil {
			return err
		}
		if in.head.State.Ended() {
			return explain(ErrState, "the instance has ended")
		}
		if err := mayLeave(in.version, m.From); err != nil {
			return err
		}
		if in.version.number == to.number {
			verdict = standing(in.version, in.head.State)
			return nil
		}
		checker, err := i.t.e.checker(in.version, to, m.Options)
		if err != nil || op == "migrate" {
			return err
		}
		run, err := in.fold()
		if err != nil {
			return err
		}
		verdict, _ = checker.CheckRun(run.Run)
		return nil
	})
	return verdict, to, err
}

// target is the version that a move leads to. That of Move.Schema has number 0.
func (e *Engine) target(r *realm, process string, m *Move) (*version, error) {
	if m.Rest != StayBehind {
		return nil, explain(ErrType, fmt.Sprintf("Move.Rest %d is unknown", m.Rest))
	}
	if m.Schema == nil {
		return e.pick(r, process, m.To)
	}
	if m.To != 0 {
		return nil, explain(ErrType, "Move has both To and Schema")
	}
	if id := m.Schema.ID(); id != process {
		return nil, explain(ErrType, fmt.Sprintf("Move.Schema is of process %s, not of %s", id, process))
	}
	number, _, _, err := r.known(process)
	if err != nil {
		return nil, err
	}
	return &version{
		compiled: compile(m.Schema), tenant: r.id, tenantName: r.name, location: r.location, process: number, name: process,
	}, nil
}

// mayLeave refuses a version that a move is not for.
func mayLeave(v *version, from []int) error {
	if from == nil || slices.Contains(from, int(v.number)) {
		return nil
	}
	return explain(ErrState, fmt.Sprintf("it is on version %d, and the move is from %v", v.number, from))
}

// standing is the verdict on an instance that is where it is to be.
func standing(v *version, s *kernel.State) migrate.Verdict {
	verdict := migrate.Verdict{Outcome: migrate.Accept, Criteria: migrate.Strict}
	for i := range v.prog.Nodes {
		n := &v.prog.Nodes[i]
		switch {
		case s.Marking.Has(n.Running):
			verdict.Target.Running = append(verdict.Target.Running, n.ID)
		case n.Kind != program.BoundaryEvent && s.Marking.Has(n.Wait):
			verdict.Target.Offered = append(verdict.Target.Offered, n.ID)
		}
	}
	return verdict
}
