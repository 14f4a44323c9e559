package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// Tenant is a handle on one tenant's processes. It does no I/O by itself and may be copied and kept.
type Tenant struct {
	e    *Engine
	name string
	user string
}

// Name is the tenant's name.
func (t *Tenant) Name() string { return t.name }

// User is who t acts as, "" for the program itself.
func (t *Tenant) User() string { return t.user }

// As acts as a user: history names them, and four-eyes rules apply. Without As, the program acts as itself and may do
// everything but claim a task. Names that begin with "$" are the engine's own: what is done as one is ErrForbidden.
func (t *Tenant) As(user string) *Tenant {
	as := *t
	as.user = user
	return &as
}

// usable says what is wrong with a handle or context before anything is done with them.
func (t *Tenant) usable(ctx context.Context) error {
	switch {
	case t == nil || t.e == nil:
		return errors.New("the handle belongs to no engine: get one from Engine.Tenant or Engine.Default")
	case ctx == nil:
		return errNoContext
	}
	return undone(ctx)
}

// checkUser refuses names that no user can have. Those that begin with "$" are of the engine (tenant.Engine).
func checkUser(name string) error {
	if strings.HasPrefix(name, "$") {
		return explain(ErrForbidden, fmt.Sprintf("nobody may act as %q: names that begin with $ are the engine's own", name))
	}
	return checkText("the user's name", name)
}

// enter is how every operation begins: the tenant exists, and its user may do this.
func (t *Tenant) enter(ctx context.Context, op string, action tenant.Action, subject string) (*realm, error) {
	if err := t.usable(ctx); err != nil {
		return nil, wrap(op, t.name, "", "", "", err)
	}
	r, err := t.e.realm(ctx, t.name)
	if err == nil {
		err = checkUser(t.user)
	}
	if err == nil {
		err = t.e.allow(ctx, r, t.user, action, subject)
	}
	if err != nil {
		return nil, wrap(op, t.name, "", "", "", err)
	}
	return r, nil
}

// Start starts an instance. vars is a struct with json tags or a map with the variables that the process lists under
// in; nil for none. It returns once the start is durable.
//
// With a business key (StartOptions.Key) that an instance of the process, live or ended, was started with, Start
// returns that instance and does nothing else: it is safe to repeat a Start whose outcome is unknown.
func (t *Tenant) Start(ctx context.Context, process string, vars any, opts *StartOptions) (*Instance, error) {
	const op = "start"
	r, err := t.enter(ctx, op, tenant.Start, process)
	if err != nil {
		return nil, wrap(op, t.name, process, "", "", err)
	}
	spec, writes, err := t.startSpec(r, process, vars, opts)
	if err != nil {
		return nil, wrap(op, t.name, process, "", "", err)
	}
	out, err := t.e.do(ctx, &request{
		tenant: r.id, cmd: kernel.Command{Kind: kernel.Start, Actor: t.user, Writes: writes}, start: spec,
	})
	if err != nil {
		return nil, wrap(op, t.name, process, "", "", err)
	}
	return &Instance{t: *t, id: out.ID.String()}, nil
}

func (t *Tenant) startSpec(r *realm, process string, vars any, opts *StartOptions) (*startSpec, []kernel.Write, error) {
	if opts == nil {
		opts = &StartOptions{}
	}
	v, err := t.e.pick(r, process, opts.Version)
	if err != nil {
		return nil, nil, err
	}
	data, err := encode(vars)
	if err != nil {
		return nil, nil, err
	}
	writes, err := v.machine.Inputs(data)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range writes {
		if err := t.e.checkValue(v.prog.Vars[w.Slot].Name, w.Value); err != nil {
			return nil, nil, err
		}
	}
	if err := checkText("StartOptions.Key", opts.Key); err != nil {
		return nil, nil, err
	}
	if err := checkLabels(opts.Labels); err != nil {
		return nil, nil, err
	}
	spec := &startSpec{version: v, key: opts.Key, labels: maps.Clone(opts.Labels), priority: opts.Priority}
	if !opts.Due.IsZero() {
		spec.due = opts.Due.UnixMilli()
	}
	return spec, writes, nil
}

func checkLabels(labels map[string]string) error {
	if len(labels) == 0 {
		return nil
	}
	if len(labels) > maxLabels {
		return explain(ErrLimit, fmt.Sprintf("StartOptions.Labels has %d labels, the limit is %d", len(labels), maxLabels))
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if err := checkText("a name in StartOptions.Labels", name); err != nil {
			return err
		}
		if err := checkText("label "+name, labels[name]); err != nil {
			return err
		}
	}
	return nil
}

// checkValue refuses a value over the limit. The size in memory bounds that of the encoding from above but for small
// values, so most need not be encoded.
func (e *Engine) checkValue(name string, v expr.Value) error {
	limit := e.settings.Limits.ValueBytes
	if !exceeds(2*v.Size(), limit) {
		return nil
	}
	if size := len(v.Append(nil)); exceeds(size, limit) {
		return explain(ErrLimit, fmt.Sprintf("variable %s has %d bytes, Limits.ValueBytes is %d", name, size, limit))
	}
	return nil
}

// checkResult is checkValue for every variable of a result.
func (e *Engine) checkResult(v expr.Value) error {
	if !exceeds(2*v.Size(), e.settings.Limits.ValueBytes) {
		return nil
	}
	for _, name := range v.Names() {
		if err := e.checkValue(name, v.Field(name)); err != nil {
			return err
		}
	}
	return nil
}

// Instance is a handle and does no I/O. An id that is not there is ErrNotFound from its methods.
func (t *Tenant) Instance(id string) *Instance { return &Instance{t: *t, id: id} }

// InstanceByKey finds the instance started with a business key.
func (t *Tenant) InstanceByKey(ctx context.Context, process, key string) (*Instance, error) {
	const op = "instance-by-key"
	r, err := t.enter(ctx, op, tenant.Read, process)
	if err != nil {
		return nil, err
	}
	number, _, _, err := r.known(process)
	if err != nil {
		return nil, wrap(op, t.name, process, "", "", err)
	}
	snap, err := t.e.snapshot(ctx)
	if err != nil {
		return nil, wrap(op, t.name, process, "", "", err)
	}
	defer snap.Close()
	id, err := instanceByKey(ctx, snap, r.id, number, key)
	if err != nil {
		return nil, wrap(op, t.name, process, "", "", err)
	}
	return t.Instance(id.String()), nil
}

// Task is a handle like Instance; Tasks yields by due date, then age.
func (t *Tenant) Task(id string) *Task { return &Task{t: *t, id: id} }

// Incident is a handle like Instance; Incidents yields those of the oldest instance first.
func (t *Tenant) Incident(id string) *Incident { return &Incident{t: *t, id: id} }

// Send delivers a message to at most one waiting instance per process, the oldest, or keeps the message until one
// waits. Data that the instance's schema does not accept is ErrType, and the message is not kept; instances of other
// processes may have got it by then: Delivery names them also beside an error, and a second Send with the same
// Message.ID goes on with the other processes; without an id it is another message, for the instances that wait then. A
// kept message that does not fit the instance that comes to wait for it raises an incident there. When ctx ends before
// the outcome is known, the message goes on its way; a second Send with its id waits for what becomes of it, and tells.
func (t *Tenant) Send(ctx context.Context, m Message) (Delivery, error) {
	const op = "send"
	r, err := t.enter(ctx, op, tenant.Send, m.Name)
	if err != nil {
		return Delivery{}, err
	}
	if m.Name == "" {
		return Delivery{}, wrap(op, t.name, "", "", "", explain(ErrType, "the message has no name"))
	}
	for _, text := range [...]struct{ what, s string }{{"Message.Name", m.Name}, {"Message.Key", m.Key}, {"Message.ID", m.ID}} {
		if err := checkText(text.what, text.s); err != nil {
			return Delivery{}, wrap(op, t.name, "", "", "", err)
		}
	}
	data, err := encode(m.Data)
	if err != nil {
		return Delivery{}, wrap(op, t.name, "", "", "", err)
	}
	limit := t.e.settings.Limits.MessageBytes
	if exceeds(2*data.Size(), limit) {
		if size := len(data.Append(nil)); exceeds(size, limit) {
			what := fmt.Sprintf("the data of message %q has %d bytes, Limits.MessageBytes is %d", m.Name, size, limit)
			return Delivery{}, wrap(op, t.name, "", "", "", explain(ErrLimit, what))
		}
	}
	m.Data = data
	d, err := t.e.send(ctx, r.id, t.user, m)
	return d, wrap(op, t.name, "", "", "", err)
}

// instanceByKey reads the business key index.
func instanceByKey(ctx context.Context, r store.Reader, t keys.Tenant, process uint32, key string) (keys.ID, error) {
	at := keys.AppendBusinessKey(nil, t, process, key)
	value, err := r.Get(ctx, at)
	if errors.Is(err, store.ErrNotFound) {
		return keys.ID{}, explain(ErrNotFound, fmt.Sprintf("no instance was started with the business key %q", key))
	}
	if err != nil {
		return keys.ID{}, err
	}
	id, err := codec.DecodeBusinessKey(value)
	if err != nil {
		return keys.ID{}, corrupt(at, err)
	}
	return id, nil
}
