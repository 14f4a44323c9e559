package workflowtest

import (
	"errors"
	"slices"
	"testing/synctest"

	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

// Begin starts an instance in the default tenant. vars is a struct with json tags or a map; nil for none.
func (w *World) Begin(process string, vars any) *workflow.Instance {
	w.T.Helper()
	in, err := w.Default().Start(w.ctx(), process, vars, nil)
	if err != nil {
		w.T.Fatalf("Begin: %v", err)
	}
	synctest.Wait()
	return in
}

// Complete completes the user task that an instance waits at, claimed or not, as the program itself: rules about who may
// do it do not apply. (To act as somebody, use Default().As.)
func (w *World) Complete(in *workflow.Instance, node string, out any) {
	w.T.Helper()
	t, info := w.info(in)
	i := slices.IndexFunc(info.Waits, func(at workflow.Wait) bool { return at.Node == node && at.Task != "" })
	if i < 0 {
		w.T.Fatalf("Complete: there is no open task %q; the instance is %v and waits at %v", node, info.State, waits(info))
	}
	if err := t.Task(info.Waits[i].Task).Complete(w.ctx(), out); err != nil {
		w.T.Fatalf("Complete: %v", err)
	}
	synctest.Wait()
}

// Send sends a message in the default tenant.
func (w *World) Send(m workflow.Message) workflow.Delivery {
	w.T.Helper()
	d, err := w.Default().Send(w.ctx(), m)
	if err != nil {
		w.T.Fatalf("Send: %v", err)
	}
	synctest.Wait()
	return d
}

// Migrate previews a move in the default tenant, applies the plan and returns when that is done. How many moved, and how
// many stay behind, is in the Progress; Instance.CheckMigrate says why one of those does.
func (w *World) Migrate(m workflow.Move) workflow.Progress {
	w.T.Helper()
	p, err := w.Default().Preview(w.ctx(), m)
	if err != nil {
		w.T.Fatalf("Migrate: %v", err)
	}
	moving, err := p.Apply(w.ctx())
	if err != nil {
		w.T.Fatalf("Migrate: %v", err)
	}
	done, err := moving.Wait(w.ctx())
	if err != nil {
		w.T.Fatalf("Migrate: %v", err)
	}
	synctest.Wait()
	return done
}

// State is the state of an instance.
func (w *World) State(in *workflow.Instance) workflow.State {
	w.T.Helper()
	_, info := w.info(in)
	return info.State
}

// Waits are the nodes an instance waits at, sorted: tasks, messages and timers, and where an incident is open. Events on
// the border of an activity are not among them; the activity is.
func (w *World) Waits(in *workflow.Instance) []string {
	w.T.Helper()
	_, info := w.info(in)
	return waits(info)
}

func waits(info *workflow.InstanceInfo) []string {
	nodes := []string{}
	for _, at := range info.Waits {
		if at.Kind != schema.BoundaryEvent {
			nodes = append(nodes, at.Node)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// info finds an instance in the engine that runs now, whichever engine the handle is of, and its tenant.
func (w *World) info(in *workflow.Instance) (*workflow.Tenant, *workflow.InstanceInfo) {
	w.T.Helper()
	t := w.Default()
	info, err := t.Instance(in.ID()).Info(w.ctx())
	if !errors.Is(err, workflow.ErrNotFound) {
		if err != nil {
			w.T.Fatal(err)
		}
		return t, info
	}
	for other, fault := range w.Tenants(w.ctx()) {
		if fault != nil {
			w.T.Fatal(fault)
		}
		t = w.Tenant(other.Name)
		if info, fault := t.Instance(in.ID()).Info(w.ctx()); fault == nil {
			return t, info
		}
	}
	w.T.Fatal(err)
	return nil, nil
}
