package workflow_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/replank/replank/workflow"
)

const ticket = `
process: ticket
in: [text]
vars: {text: string}
steps:
  - {user: sort, groups: [desk], in: [text]}
  - {user: answer, groups: [desk, experts], due: P1D}
`

const visit = `
process: visit
steps: [{user: greet, due: PT1H}]
`

// world is a tenant with instances in all sorts of states, and all that is known of them.
type world struct {
	d     *workflow.Tenant
	infos []workflow.InstanceInfo // newest first
	tasks []workflow.TaskInfo     // in their order
}

func newWorld(t *testing.T) *world {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, ticket, visit)
	deploy(t, d, ticket+"  - {user: rate}\n") // version 2
	var ids []string
	for i := range 24 {
		opts := &workflow.StartOptions{Labels: map[string]string{"even": fmt.Sprint(i%2 == 0), "third": fmt.Sprint(i % 3)}}
		if i%4 == 0 {
			opts.Key = fmt.Sprint("key-", i)
		}
		process, in := "ticket", any(vars{"text": fmt.Sprint("number ", i)})
		if i%5 == 0 {
			process, in = "visit", nil
		} else if i%3 == 0 {
			opts.Version = 1
		}
		inst := begin(t, d, process, in, opts)
		ids = append(ids, inst.ID())
		steps := i % 4
		for range steps {
			info, _ := settled(t, inst)
			if info.State.Ended() {
				break
			}
			must(t, d.As(fmt.Sprint("user-", i%2)).Task(info.Waits[0].Task).Complete(t.Context(), nil))
		}
		if info, _ := settled(t, inst); !info.State.Ended() && i%3 == 1 {
			must(t, d.As("claimer").Task(info.Waits[0].Task).Claim(t.Context()))
		}
	}
	w := &world{d: d}
	slices.Sort(ids)
	slices.Reverse(ids)
	for _, id := range ids {
		info, err := d.Instance(id).Info(t.Context())
		must(t, err)
		w.infos = append(w.infos, *info)
		for _, wait := range info.Waits {
			task, err := d.Task(wait.Task).Info(t.Context())
			must(t, err)
			w.tasks = append(w.tasks, *task)
		}
	}
	slices.SortFunc(w.tasks, func(a, b workflow.TaskInfo) int {
		far := time.Unix(1<<40, 0)
		due := func(x workflow.TaskInfo) time.Time {
			if x.Due.IsZero() {
				return far
			}
			return x.Due
		}
		if c := due(a).Compare(due(b)); c != 0 {
			return c
		}
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		if a.Instance < b.Instance {
			return -1
		}
		return 1
	})
	return w
}

// Instances, in pages of any size, are what a look at every single one says.
func TestInstancesAgainstNaive(t *testing.T) {
	w := newWorld(t)
	ended := 0
	for _, i := range w.infos {
		if i.State.Ended() {
			ended++
		}
	}
	if ended == 0 || ended == len(w.infos) {
		t.Fatalf("%d of %d ended: the world is too simple", ended, len(w.infos))
	}
	rapid.Check(t, func(rt *rapid.T) {
		f := workflow.InstanceFilter{
			Process: rapid.SampledFrom([]string{"", "", "ticket", "visit"}).Draw(rt, "process"),
			Version: rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(rt, "version"),
			Key:     rapid.SampledFrom([]string{"", "", "", "key-4", "key-9"}).Draw(rt, "key"),
			At:      rapid.SampledFrom([]string{"", "", "sort", "answer", "greet"}).Draw(rt, "at"),
			States: rapid.SampledFrom([][]workflow.State{
				nil, nil,
				{workflow.Running},
				{workflow.Completed},
				{workflow.Failed},
				{workflow.Completed, workflow.Running},
			}).Draw(rt, "states"),
		}
		if rapid.Bool().Draw(rt, "by label") {
			f.Labels = map[string]string{"even": "true", "third": rapid.SampledFrom([]string{"0", "1", "9"}).Draw(rt, "third")}
		}
		if rapid.Bool().Draw(rt, "by time") {
			f.Since = w.infos[rapid.IntRange(0, len(w.infos)-1).Draw(rt, "since")].Started
			f.Until = w.infos[rapid.IntRange(0, len(w.infos)-1).Draw(rt, "until")].Started
		}
		var want []string
		for _, i := range w.infos {
			at := f.At == "" || slices.ContainsFunc(i.Waits, func(x workflow.Wait) bool { return x.Node == f.At })
			labels := true
			for name, value := range f.Labels {
				labels = labels && i.Labels[name] == value
			}
			if (f.Process == "" || f.Process == i.Process) && (f.Version == 0 || f.Version == i.Version) &&
				(f.Key == "" || f.Key == i.Key) && at && labels && (len(f.States) == 0 || slices.Contains(f.States, i.State)) &&
				(f.Since.IsZero() || !i.Started.Before(f.Since)) && (f.Until.IsZero() || i.Started.Before(f.Until)) {
				want = append(want, i.ID)
			}
		}
		n, err := w.d.Count(t.Context(), f)
		if err != nil || n != len(want) {
			rt.Fatalf("Count is %d, %v; want %d", n, err, len(want))
		}
		size := rapid.IntRange(1, 10).Draw(rt, "page")
		var got []string
		for {
			page, err := workflow.Page(w.d.Instances(t.Context(), f), size)
			if err != nil {
				rt.Fatal(err)
			}
			for _, i := range page {
				got, f.After = append(got, i.ID), i.Cursor
			}
			if len(page) < size {
				break
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

func TestTasksAgainstNaive(t *testing.T) {
	w := newWorld(t)
	if len(w.tasks) < 5 {
		t.Fatalf("%d tasks: the world is too simple", len(w.tasks))
	}
	rapid.Check(t, func(rt *rapid.T) {
		f := workflow.TaskFilter{
			Process:  rapid.SampledFrom([]string{"", "", "ticket", "visit"}).Draw(rt, "process"),
			Node:     rapid.SampledFrom([]string{"", "", "sort", "answer"}).Draw(rt, "node"),
			Group:    rapid.SampledFrom([]string{"", "", "desk", "experts", "nobody"}).Draw(rt, "group"),
			Assignee: rapid.SampledFrom([]string{"", "", "claimer", "nobody"}).Draw(rt, "assignee"),
			For:      rapid.SampledFrom([]string{"", "", "claimer", "somebody"}).Draw(rt, "for"),
			States:   rapid.SampledFrom([][]workflow.TaskState{nil, {workflow.Offered}, {workflow.Claimed}, {workflow.Done}}).Draw(rt, "states"),
		}
		if rapid.Bool().Draw(rt, "by due date") {
			f.DueBy = w.tasks[rapid.IntRange(0, len(w.tasks)-1).Draw(rt, "due")].Due
		}
		if rapid.Bool().Draw(rt, "of one instance") {
			f.Instance = w.infos[rapid.IntRange(0, len(w.infos)-1).Draw(rt, "instance")].ID
		}
		var want []string
		for _, k := range w.tasks {
			mine := f.For == "" || k.Assignee == f.For || k.State == workflow.Offered
			if (f.Process == "" || f.Process == k.Process) && (f.Node == "" || f.Node == k.Node) &&
				(f.Group == "" || slices.Contains(k.Groups, f.Group)) && (f.Assignee == "" || f.Assignee == k.Assignee) && mine &&
				(len(f.States) == 0 || slices.Contains(f.States, k.State)) && (f.Instance == "" || f.Instance == k.Instance) &&
				(f.DueBy.IsZero() || !k.Due.IsZero() && !k.Due.After(f.DueBy)) {
				want = append(want, k.ID)
			}
		}
		size := rapid.IntRange(1, 10).Draw(rt, "page")
		var got []string
		for {
			page, err := workflow.Page(w.d.Tasks(t.Context(), f), size)
			if err != nil {
				rt.Fatal(err)
			}
			for _, k := range page {
				got, f.After = append(got, k.ID), k.Cursor
				i := slices.IndexFunc(w.tasks, func(x workflow.TaskInfo) bool { return x.ID == k.ID })
				if one := w.tasks[i]; one.Revision != k.Revision || one.State != k.State || one.Assignee != k.Assignee ||
					!one.Due.Equal(k.Due) || !one.Created.Equal(k.Created) || one.Title != k.Title {
					rt.Fatalf("listed as %+v\nis %+v", k, one)
				}
			}
			if len(page) < size {
				break
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

// A task list for a user leaves out what a four-eyes rule keeps from them.
func TestTasksForUser(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	in := begin(t, d, "approval", vars{"text": "x"}, nil)
	must(t, taskAt(t, d.As("ann"), in, "propose").Complete(t.Context(), vars{"text": "y"}))
	for user, want := range map[string]int{"ann": 0, "bob": 1} {
		got, err := workflow.Page(d.Tasks(t.Context(), workflow.TaskFilter{For: user}), 10)
		must(t, err)
		if len(got) != want {
			t.Errorf("%s sees %d tasks, want %d", user, len(got), want)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	e := newEngine(t, nil)
	d, ctx := e.Default(), t.Context()
	deploy(t, d, ticket)
	for _, err := range d.Instances(ctx, workflow.InstanceFilter{Process: "tickte"}) {
		wants(t, err, workflow.ErrNotFound, `did you mean "ticket"?`)
	}
	_, err := d.Count(ctx, workflow.InstanceFilter{After: "here"})
	wants(t, err, workflow.ErrType, `"here" is no cursor`)
	_, err = workflow.Page(d.Tasks(ctx, workflow.TaskFilter{After: "?"}), 1)
	wants(t, err, workflow.ErrType, `"?" is no cursor`)
	_, err = workflow.Page(d.Tasks(ctx, workflow.TaskFilter{Instance: "x"}), 1)
	wants(t, err, workflow.ErrNotFound)
	_, err = workflow.Page(d.Incidents(ctx, workflow.IncidentFilter{Process: "x"}), 1)
	wants(t, err, workflow.ErrNotFound)
	_, err = workflow.Page(e.Tenant("nobody").Tasks(ctx, workflow.TaskFilter{}), 1)
	wants(t, err, workflow.ErrNoTenant)
	for _, err := range d.Versions(ctx, "x") {
		wants(t, err, workflow.ErrNotFound)
	}
}

func TestClosedEngine(t *testing.T) {
	e, err := workflow.Open(workflow.Memory, nil)
	must(t, err)
	deploy(t, e.Default(), ticket)
	in := begin(t, e.Default(), "ticket", vars{"text": "x"}, nil)
	must(t, e.Close())
	d, ctx := e.Default(), t.Context()
	_, err = d.Start(ctx, "ticket", vars{"text": "x"}, nil)
	wants(t, err, workflow.ErrClosed)
	_, err = in.Info(ctx)
	wants(t, err, workflow.ErrClosed)
	_, err = in.Settle(ctx)
	wants(t, err, workflow.ErrClosed)
	_, err = d.Deploy(ctx, workflow.Text(visit))
	wants(t, err, workflow.ErrClosed)
	_, err = e.CreateTenant(ctx, "late", nil)
	wants(t, err, workflow.ErrClosed)
	_, err = d.Send(ctx, workflow.Message{Name: "m"})
	wants(t, err, workflow.ErrClosed)
}
