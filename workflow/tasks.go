package workflow

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
)

// TaskFilter selects open tasks; zero fields do not restrict.
type TaskFilter struct {
	Instance string
	Process  string
	Node     string
	Group    string // one of its candidate groups
	Assignee string // who claimed it
	// For is a user: tasks that they have claimed, or may claim: those that are offered, unless a four-eyes rule
	// speaks against them. Who belongs to which group is not known to the engine; add Group for that.
	For    string
	States []TaskState
	DueBy  time.Time // due at or before
	After  string    // resume behind TaskInfo.Cursor
}

// Tasks yields the open tasks by due date, then age, without TaskInfo.In; those without due date come last. All of them
// are of one moment.
func (t *Tenant) Tasks(ctx context.Context, f TaskFilter) iter.Seq2[TaskInfo, error] {
	return func(yield func(TaskInfo, error) bool) {
		if err := t.tasks(ctx, f, yield); err != nil {
			yield(TaskInfo{}, wrap("tasks", t.name, f.Process, f.Instance, f.Node, err))
		}
	}
}

// taskQuery is a TaskFilter that was checked against a tenant.
type taskQuery struct {
	TaskFilter
	e       *Engine
	ctx     context.Context // of the one query
	realm   *realm
	snap    store.Snapshot
	id      keys.ID // of Instance, if given
	process uint32  // 0: any
}

func (t *Tenant) tasks(ctx context.Context, f TaskFilter, yield func(TaskInfo, error) bool) error {
	r, err := t.enter(ctx, "tasks", tenant.Read, f.Process)
	if err != nil {
		return err
	}
	q := &taskQuery{TaskFilter: f, e: t.e, ctx: ctx, realm: r}
	if f.Process != "" {
		if q.process, _, _, err = r.known(f.Process); err != nil {
			return err
		}
	}
	if f.Instance != "" {
		if q.id, err = parseInstanceID(f.Instance); err != nil {
			return err
		}
	}
	lo, hi := keys.TaskRange(r.id)
	start := lo
	if f.After != "" {
		if start, err = resume(lo, hi, f.After); err != nil {
			return err
		}
	}
	if q.snap, err = t.e.snapshot(ctx); err != nil {
		return err
	}
	defer q.snap.Close()
	if f.Instance != "" {
		return q.ofInstance(start, yield)
	}
	for entry, err := range q.snap.Scan(ctx, start, hi) {
		if err != nil {
			return err
		}
		due, created, id, node, ok := keys.ParseTask(entry.Key)
		if !ok {
			return corrupt(entry.Key, errors.New("no key of a task"))
		}
		if !f.DueBy.IsZero() && due > f.DueBy.UnixMilli() {
			return nil // so are all that follow
		}
		rec, err := codec.DecodeTask(entry.Value)
		if err != nil {
			return corrupt(entry.Key, err)
		}
		v, err := t.e.version(r.id, rec.Process, rec.Version)
		if err != nil {
			return err
		}
		w := kernel.Work{Node: int32(node), Since: rec.Since, At: created, Started: rec.Started, Actor: rec.Actor}
		if due != keys.NoTime {
			w.Due = due
		}
		info := (&stored{id: id, version: v}).task(&w)
		keep, err := q.matches(info, v, id, &w)
		if err != nil {
			return err
		}
		info.Cursor = cursor(entry.Key)
		if keep && !yield(*info, nil) {
			return nil
		}
	}
	return nil
}

// ofInstance lists the tasks of one instance, which its head knows, in the same order.
func (q *taskQuery) ofInstance(start []byte, yield func(TaskInfo, error) bool) error {
	in, err := q.e.fetch(q.ctx, q.snap, q.realm.id, q.id)
	if err != nil {
		return err
	}
	type found struct {
		key  []byte
		info *TaskInfo
	}
	var all []found
	for i := range in.head.State.Works {
		w := &in.head.State.Works[i]
		info := in.task(w)
		if in.version.prog.Nodes[w.Node].Kind != program.UserTask || !q.DueBy.IsZero() && (w.Due == 0 || info.Due.After(q.DueBy)) {
			continue
		}
		if keep, err := q.matches(info, in.version, q.id, w); err != nil {
			return err
		} else if !keep {
			continue
		}
		due := w.Due
		if due == 0 {
			due = keys.NoTime
		}
		key := keys.AppendTask(nil, q.realm.id, due, w.At, q.id, uint32(w.Node))
		info.Cursor = cursor(key)
		if bytes.Compare(key, start) >= 0 {
			all = append(all, found{key, info})
		}
	}
	slices.SortFunc(all, func(a, b found) int { return bytes.Compare(a.key, b.key) })
	for _, f := range all {
		if !yield(*f.info, nil) {
			return nil
		}
	}
	return nil
}

// matches applies what the range does not. It loads the instance only where a four-eyes rule must be asked.
func (q *taskQuery) matches(info *TaskInfo, v *version, id keys.ID, w *kernel.Work) (bool, error) {
	switch {
	case q.process != 0 && q.process != v.process,
		q.Node != "" && q.Node != info.Node,
		q.Group != "" && !slices.Contains(info.Groups, q.Group),
		q.Assignee != "" && q.Assignee != info.Assignee,
		len(q.States) > 0 && !slices.Contains(q.States, info.State):
		return false, nil
	}
	if q.For == "" || info.Assignee == q.For {
		return true, nil
	}
	if info.State != Offered {
		return false, nil
	}
	if len(v.prog.Nodes[w.Node].Separate) == 0 {
		return true, nil
	}
	in, err := q.e.fetch(q.ctx, q.snap, q.realm.id, id)
	if err != nil {
		return false, err
	}
	return !in.barred(q.For, w.Node), nil
}

// A cursor is what follows the kind's prefix in an index key, as text.
var cursorText = base32.HexEncoding.WithPadding(base32.NoPadding)

const kindPrefix = 6 // length of what all keys of one kind of one tenant share

func cursor(key []byte) string { return cursorText.EncodeToString(key[kindPrefix:]) }

// resume returns the bound behind the key that a cursor stands for.
func resume(lo, hi []byte, after string) ([]byte, error) {
	rest, err := cursorText.DecodeString(after)
	if err != nil || len(rest) == 0 {
		return nil, explain(ErrType, fmt.Sprintf("After: %q is no cursor of this list", after))
	}
	at := append(slices.Clone(lo[:kindPrefix]), rest...)
	at = append(at, 0)
	if bytes.Compare(at, lo) < 0 {
		return lo, nil
	}
	if bytes.Compare(at, hi) > 0 {
		return hi, nil
	}
	return at, nil
}
