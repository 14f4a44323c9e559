package workflow

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/history"
)

// Task is a handle on one user task; the user is the one its Tenant acts as.
type Task struct {
	t        Tenant
	id       string
	revision uint64
	checked  bool // revision counts
}

// ID is the task's id.
func (k *Task) ID() string { return k.id }

// At returns a handle whose commands fail with ErrConflict unless the task still has that revision (TaskInfo.Revision).
func (k *Task) At(revision uint64) *Task {
	at := *k
	at.revision, at.checked = revision, true
	return &at
}

// Claim takes the task for the user. ErrConflict: somebody has it. ErrForbidden: a four-eyes rule (separate-from)
// speaks against the user.
func (k *Task) Claim(ctx context.Context) error {
	return k.command(ctx, "claim", tenant.Claim, kernel.Command{Kind: kernel.Claim})
}

// Release gives a claimed task back to its group.
func (k *Task) Release(ctx context.Context) error {
	return k.command(ctx, "release", tenant.Release, kernel.Command{Kind: kernel.Release})
}

// Complete ends the task with what it writes: a struct with json tags or a map, nil for nothing. A task that nobody
// claimed is completed by the user, one that another claimed is ErrConflict. Data that the schema does not accept is
// ErrType, and the task stays open.
func (k *Task) Complete(ctx context.Context, out any) error {
	result, err := k.data(out)
	if err != nil {
		return k.wrap("complete", err)
	}
	return k.command(ctx, "complete", tenant.Complete, kernel.Command{Kind: kernel.CompleteTask, Result: result})
}

// Throw ends the task with a business error, which an error boundary event of the task, or of a sub-process around it,
// catches by code. ErrState: none does. data is a struct with json tags or a map for what the event takes, nil for none;
// an event that takes nothing drops it.
func (k *Task) Throw(ctx context.Context, code string, data any) error {
	if code == "" {
		return k.wrap("throw", explain(ErrType, "the code of a business error must not be empty"))
	}
	if err := checkText("the code", code); err != nil {
		return k.wrap("throw", err)
	}
	result, err := k.data(data)
	if err != nil {
		return k.wrap("throw", err)
	}
	return k.command(ctx, "throw", tenant.Complete, kernel.Command{
		Kind: kernel.FailJob, Code: code, Result: result, Cause: "thrown by " + orProgram(k.t.user),
	})
}

func orProgram(user string) string {
	if user == "" {
		return "the program"
	}
	return user
}

func (k *Task) data(out any) (expr.Value, error) {
	if k.t.e == nil {
		return expr.Value{}, k.t.usable(context.Background())
	}
	v, err := encode(out)
	if err == nil {
		err = k.t.e.checkResult(v)
	}
	return v, err
}

func (k *Task) wrap(op string, err error) error {
	return wrap("task."+op, k.t.name, "", "", "", k.about(err))
}

// about names the task's instance in an error.
func (k *Task) about(err error) error {
	if err == nil {
		return nil
	}
	return wrap("", "", "", instanceOf(k.id), "", err)
}

// command finds the task's node in the owner shard and carries c out there.
func (k *Task) command(ctx context.Context, op string, action tenant.Action, c kernel.Command) error {
	r, err := k.t.enter(ctx, "task."+op, action, k.id)
	if err != nil {
		return k.wrap(op, err)
	}
	id, since, err := parseWorkID("task", k.id)
	if err != nil {
		return k.wrap(op, err)
	}
	c.Actor, c.Since, c.Node = k.t.user, since, -1
	process, node := "", ""
	_, err = k.t.e.do(ctx, &request{tenant: r.id, id: id, cmd: c, check: func(v *version, s *kernel.State, c *kernel.Command) error {
		process = v.name
		w := bySince(s, since)
		if w == nil {
			return gone("task", s, since)
		}
		node = v.prog.Nodes[w.Node].ID
		if v.prog.Nodes[w.Node].Kind != program.UserTask {
			return explain(ErrNotFound, node+" is no user task")
		}
		if have := revision(w); k.checked && have != k.revision {
			return explain(ErrConflict, fmt.Sprintf("the task has revision %d by now, not %d", have, k.revision))
		}
		c.Node = w.Node
		return nil
	}})
	if err != nil && ctx.Err() == nil { // after a timeout the shard may still be writing process and node
		return wrap("task."+op, k.t.name, process, id.String(), node, err)
	}
	return k.wrap(op, err)
}

// revision is a number that differs whenever the task has changed. It is below 2^53, so that it survives JSON readers
// that know only doubles; it is not ordered. A task that returned to an earlier state has its earlier revision.
func revision(w *kernel.Work) uint64 {
	h := fnv.New64a()
	b := strconv.AppendUint(nil, w.Since, 10)
	b = strconv.AppendBool(append(b, ' '), w.Started)
	b = strconv.AppendInt(append(b, ' '), w.Due, 10)
	h.Write(append(append(b, ' '), w.Actor...))
	return h.Sum64() >> 11
}

// read calls fn with the task as it durably is. ErrState: it is not open any more.
func (k *Task) read(ctx context.Context, op string, action tenant.Action, fn func(*stored, *kernel.Work) error) error {
	return k.fetch(ctx, op, action, func(in *stored, since uint64) error {
		w := bySince(in.head.State, since)
		if w == nil {
			return gone("task", in.head.State, since)
		}
		if in.version.prog.Nodes[w.Node].Kind != program.UserTask {
			return explain(ErrNotFound, "it is no user task")
		}
		return fn(in, w)
	})
}

func (k *Task) fetch(ctx context.Context, op string, action tenant.Action, fn func(*stored, uint64) error) error {
	r, err := k.t.enter(ctx, "task."+op, action, k.id)
	if err != nil {
		return k.wrap(op, err)
	}
	id, since, err := parseWorkID("task", k.id)
	if err != nil {
		return k.wrap(op, err)
	}
	snap, err := k.t.e.snapshot(ctx)
	if err != nil {
		return k.wrap(op, err)
	}
	defer snap.Close()
	in, err := k.t.e.fetch(ctx, snap, r.id, id)
	if err != nil {
		return k.wrap(op, err)
	}
	return wrap("task."+op, k.t.name, in.version.name, id.String(), "", fn(in, since))
}

// Info describes the task, also when it is over: then State is Done or Withdrawn, and In is nil.
func (k *Task) Info(ctx context.Context) (*TaskInfo, error) {
	var info *TaskInfo
	err := k.fetch(ctx, "info", tenant.Read, func(in *stored, since uint64) error {
		w := bySince(in.head.State, since)
		if w == nil {
			var err error
			info, err = in.pastTask(since)
			return err
		}
		if in.version.prog.Nodes[w.Node].Kind != program.UserTask {
			return explain(ErrNotFound, "it is no user task")
		}
		given, err := in.input(w.Node)
		if err != nil {
			return err
		}
		info = in.task(w)
		info.In = fields(given)
		return nil
	})
	return info, err
}

// task describes an open task, but for its input.
func (in *stored) task(w *kernel.Work) *TaskInfo { return in.taskOf(in.version, w) }

// taskOf is task for a node of version v, which was in force.
func (in *stored) taskOf(v *version, w *kernel.Work) *TaskInfo {
	n := &v.prog.Nodes[w.Node]
	info := &TaskInfo{
		ID: workID(in.id, w.Since), Instance: in.id.String(), Process: in.version.name, Node: n.ID, Title: n.Title,
		State: Offered, Groups: slices.Clone(n.Groups), Created: instant(w.At), Due: instant(w.Due), Revision: revision(w),
	}
	if w.Started {
		info.State, info.Assignee = Claimed, w.Actor
	}
	return info
}

// pastTask describes a task that is over, from history.
func (in *stored) pastTask(since uint64) (*TaskInfo, error) {
	var info *TaskInfo
	node := int32(-1)
	for ev, err := range in.events(since) {
		switch {
		case err != nil:
			return nil, err
		case ev.Seq == since:
			if ev.Kind != history.Offered {
				return nil, explain(ErrNotFound, "there is no such task")
			}
			node = ev.Node
			v, err := in.at(since)
			if err != nil {
				return nil, err
			}
			info = in.taskOf(v, &kernel.Work{Node: node, Since: since, At: ev.At, Due: ev.Due})
			info.State = Withdrawn
		case ev.Kind == history.Migrated && ev.Move != nil:
			c, err := in.e.made(in.version, ev.Move)
			if err != nil {
				return nil, err
			}
			if node = c.Node(node); node < 0 {
				return info, nil
			}
		case ev.Node != node:
		case ev.Kind == history.Started:
			info.Assignee = ev.Actor
		case ev.Kind == history.Released:
			info.Assignee = ""
		case ev.Kind == history.Completed:
			info.State = Done
			return info, nil
		case ev.Kind == history.Canceled, ev.Kind == history.Offered:
			return info, nil
		}
	}
	if info == nil {
		return nil, gone("task", in.head.State, since)
	}
	return info, nil
}
