package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/schema"
)

// Deploy verifies all sources and makes their new versions current, all or none; it returns once that is durable. A
// source that equals the current version of its process changes nothing. Running instances stay on the version they
// were started on.
//
// What is wrong with the sources is a *schema.Error with every finding; ErrUnverified: a schema is too large to be
// proved sound within the budget. A kind that no handler is registered for yet is a warning of the Version.
func (t *Tenant) Deploy(ctx context.Context, src ...schema.Source) (*Deployment, error) {
	return t.deploy(ctx, "deploy", tenant.Deploy, true, src)
}

// Verify is Deploy without the effect.
func (t *Tenant) Verify(ctx context.Context, src ...schema.Source) (*Deployment, error) {
	return t.deploy(ctx, "verify", tenant.Read, false, src)
}

func (t *Tenant) deploy(ctx context.Context, op string, action tenant.Action, write bool, src []schema.Source) (*Deployment, error) {
	fail := func(err error) (*Deployment, error) { return nil, wrap(op, t.name, "", "", "", err) }
	r, err := t.enter(ctx, op, action, "")
	if err != nil {
		return fail(err)
	}
	if err := t.e.registry.err(); err != nil {
		return fail(&Error{Err: err, Hint: "mend the call of workflow.Handle"})
	}
	processes, err := collect(ctx, src)
	if err != nil {
		return fail(err)
	}
	warnings, err := t.e.inspectSchemas(processes)
	if err != nil {
		return fail(err)
	}
	r.deploying.Lock()
	defer r.deploying.Unlock()
	plan, err := t.e.plan(ctx, r, processes)
	if err != nil {
		return fail(err)
	}
	if write {
		if err := t.e.carryOut(ctx, r, t.user, plan); err != nil {
			return fail(err)
		}
	}
	d := &Deployment{}
	for i, p := range plan {
		d.Versions = append(d.Versions, Version{
			Process: p.name, Number: int(p.number), New: p.isNew, Deployed: instant(p.deployed), Warnings: warnings[i],
		})
	}
	return d, nil
}

// collect reads all sources. The error has the findings of all of them, elements that no engine runs yet included. To read one may take long, so ctx is asked
// before each.
func collect(ctx context.Context, sources []schema.Source) ([]*schema.Process, error) {
	var all []*schema.Process
	var findings []schema.Finding
	var others []error
	for i, s := range sources {
		if s == nil {
			others = append(others, explain(ErrType, fmt.Sprintf("source %d of %d is nil", i+1, len(sources))))
			continue
		}
		if err := undone(ctx); err != nil {
			return nil, err
		}
		list, err := s.Schemas()
		switch wrong := (*schema.Error)(nil); {
		case errors.As(err, &wrong):
			findings = append(findings, wrong.Findings...)
		case err != nil:
			others = append(others, err)
		}
		all = append(all, list...)
		for _, p := range list {
			findings = append(findings, p.Runs()...)
		}
	}
	byID := make(map[string]*schema.Process)
	for _, p := range all {
		if byID[p.ID()] != nil {
			others = append(others, fmt.Errorf("process %q is there twice: deploy one schema per process at a time", p.ID()))
		}
		byID[p.ID()] = p
	}
	if len(findings) > 0 {
		others = append([]error{&schema.Error{Findings: findings}}, others...)
	}
	if len(others) == 1 {
		return nil, others[0]
	}
	return all, errors.Join(others...)
}

func isSchemaError(err error) bool {
	wrong := (*schema.Error)(nil)
	return errors.As(err, &wrong)
}

// unproved says what a verification left without a proof.
func unproved(report *schema.Report) string {
	var why []string
	for _, f := range report.Findings {
		if strings.HasSuffix(f.Code, "/unverified") {
			f.Severity = schema.Fatal
			why = append(why, f.String())
		}
	}
	return strings.Join(why, "\n")
}

// inspectSchemas checks what only the engine can: proof, limits, handlers. It returns the warnings of each process.
func (e *Engine) inspectSchemas(list []*schema.Process) ([][]schema.Finding, error) {
	warnings := make([][]schema.Finding, len(list))
	var fatal []schema.Finding
	for i, p := range list {
		report := p.Verify(schema.Budget{})
		if report.Unverified {
			return nil, &Error{Process: p.ID(), Err: explain(ErrUnverified, unproved(report))}
		}
		prog := p.Program()
		for _, limit := range [...]struct {
			name       string
			have, most int
		}{{"Nodes", len(prog.Nodes), e.settings.Limits.Nodes}, {"Vars", len(prog.Vars), e.settings.Limits.Vars}} {
			if exceeds(limit.have, limit.most) {
				what := fmt.Sprintf("process %q has %d %s, Limits.%s is %d", p.ID(), limit.have, strings.ToLower(limit.name), limit.name, limit.most)
				return nil, &Error{Process: p.ID(), Err: explain(ErrLimit, what), Hint: "split the process, or raise the limit"}
			}
		}
		for _, f := range append(report.Findings, e.fit(p)...) {
			if f.Severity == schema.Fatal {
				fatal = append(fatal, f)
			} else {
				warnings[i] = append(warnings[i], f)
			}
		}
	}
	if len(fatal) > 0 {
		return nil, &schema.Error{Findings: fatal}
	}
	return warnings, nil
}

// planned is what a deployment does with one process.
type planned struct {
	name            string
	source          *schema.Process
	process, number uint32
	isNew           bool
	isNewProcess    bool
	deployed        int64 // unix milliseconds; 0: not yet
}

// plan numbers processes and versions. The caller holds r.deploying, so the numbers stay free.
func (e *Engine) plan(ctx context.Context, r *realm, list []*schema.Process) ([]planned, error) {
	r.mu.RLock()
	next := uint32(len(r.byNumber)) + 1 // numbers are given in order and never taken back
	r.mu.RUnlock()
	plan := make([]planned, len(list))
	for i, p := range list {
		plan[i] = planned{name: p.ID(), source: p, number: 1, isNew: true}
		process, current, latest, err := r.known(p.ID())
		if err != nil {
			plan[i].process, plan[i].isNewProcess = next, true
			next++
			continue
		}
		plan[i].process, plan[i].number = process, latest+1
		rec, err := e.versionRecord(ctx, e.store, keys.AppendSchemaVersion(nil, r.id, process, current))
		if err != nil {
			return nil, err
		}
		if rec.Digest == p.Digest() {
			plan[i].number, plan[i].isNew, plan[i].deployed = current, false, rec.Deployed
		}
	}
	return plan, nil
}

// carryOut writes the new versions in one batch and then makes them known.
func (e *Engine) carryOut(ctx context.Context, r *realm, actor string, plan []planned) error {
	now := e.now()
	var b store.Batch
	for i := range plan {
		p := &plan[i]
		if !p.isNew {
			continue
		}
		p.deployed = now
		if p.isNewProcess {
			b.Put(keys.AppendProcessID(nil, r.id, p.name), codec.AppendProcessID(nil, p.process))
		}
		b.Put(keys.AppendProcess(nil, r.id, p.process), codec.AppendProcess(nil, &codec.Process{ID: p.name, Latest: p.number, Current: p.number}))
		b.Put(keys.AppendSchemaVersion(nil, r.id, p.process, p.number), codec.AppendVersion(nil, &codec.Version{
			Process: p.name, Layout: program.Layout, Digest: p.source.Digest(), Deployed: now, Actor: actor,
			Name: fmt.Sprintf("%s version %d", p.name, p.number), Source: p.source.YAML(),
		}))
	}
	if b.Len() == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on the batch is written whether or not the caller is still there, so what is in memory must follow.
	if err := e.commit(context.WithoutCancel(ctx), &b); err != nil {
		return err
	}
	for i := range plan {
		if plan[i].isNew {
			e.publish(r, &plan[i])
		}
	}
	return nil
}

// publish makes a durable version known.
func (e *Engine) publish(r *realm, d *planned) {
	c := e.share(compile(d.source))
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byNumber[d.process]
	if p == nil {
		p = &process{name: d.name, number: d.process, versions: make(map[uint32]*version)}
		r.add(p)
	}
	p.latest, p.current = d.number, d.number
	p.versions[d.number] = r.newVersion(p, d.number, c, d.deployed)
}
