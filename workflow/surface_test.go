package workflow_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow"
	"github.com/replank/replank/workflow/schema"
)

// newEngine returns a running engine in memory.
func newEngine(t *testing.T, opts *workflow.Options) *workflow.Engine {
	t.Helper()
	e, err := workflow.Open(workflow.Memory, opts)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	must(t, e.Start(t.Context()))
	return e
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails the test unless err is the sentinel and says all of the texts.
func wants(t *testing.T, err, sentinel error, texts ...string) {
	t.Helper()
	if !errors.Is(err, sentinel) {
		t.Fatalf("got %v, want %v", err, sentinel)
	}
	var structured *workflow.Error
	if !errors.As(err, &structured) || structured.Op == "" {
		t.Errorf("%v is no *Error with an operation", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v\ndoes not say %q", err, text)
		}
	}
}

// deploy deploys sources in text form.
func deploy(t *testing.T, tn *workflow.Tenant, sources ...string) *workflow.Deployment {
	t.Helper()
	var list []schema.Source
	for _, s := range sources {
		list = append(list, workflow.Text(s))
	}
	d, err := tn.Deploy(t.Context(), list...)
	must(t, err)
	return d
}

func begin(t *testing.T, tn *workflow.Tenant, process string, vars any, opts *workflow.StartOptions) *workflow.Instance {
	t.Helper()
	in, err := tn.Start(t.Context(), process, vars, opts)
	must(t, err)
	return in
}

// settled waits until in waits for somebody, and returns the nodes.
func settled(t *testing.T, in *workflow.Instance) (*workflow.InstanceInfo, []string) {
	t.Helper()
	info, err := in.Settle(t.Context())
	must(t, err)
	var nodes []string
	for _, w := range info.Waits {
		nodes = append(nodes, w.Node)
	}
	return info, nodes
}

// taskAt is the open task at a node.
func taskAt(t *testing.T, tn *workflow.Tenant, in *workflow.Instance, node string) *workflow.Task {
	t.Helper()
	info, nodes := settled(t, in)
	for _, w := range info.Waits {
		if w.Node == node {
			return tn.Task(w.Task)
		}
	}
	t.Fatalf("waits at %v, not at %s", nodes, node)
	return nil
}

type vars = map[string]any

// approval is two people's work: what one proposes another checks.
const approval = `
process: approval
in: [text]
out: [text, fine]
vars: {text: string, fine: bool, note: {type: string, default: none}}
steps:
  - repeat: rounds
    until: fine
    do:
      - {user: propose, title: Propose, groups: [clerks], due: P2D, in: [text, note], out: [text]}
      - {user: check, groups: [officers], separate-from: [propose], in: [text], out: [fine, "note?"]}
`

func TestTenants(t *testing.T) {
	e := newEngine(t, nil)
	ctx := t.Context()
	acme, err := e.CreateTenant(ctx, "acme", nil)
	must(t, err)
	again, err := e.CreateTenant(ctx, "acme", nil)
	wants(t, err, workflow.ErrExists, "acme")
	if again == nil || again.Name() != "acme" {
		t.Errorf("ErrExists came with the handle %v", again)
	}
	_, err = e.CreateTenant(ctx, "no spaces", nil)
	if err == nil || !strings.Contains(err.Error(), "no spaces") {
		t.Errorf("a bad name: %v", err)
	}
	_, err = e.Tenant("acne").Start(ctx, "approval", nil, nil)
	wants(t, err, workflow.ErrNoTenant, `did you mean "acme"?`)

	// What one tenant has, another does not see.
	deploy(t, acme, approval)
	in := begin(t, acme, "approval", vars{"text": "a"}, &workflow.StartOptions{Key: "K"})
	_, err = e.Default().Instance(in.ID()).Info(ctx)
	wants(t, err, workflow.ErrNotFound, in.ID(), "default")
	_, err = e.Default().Start(ctx, "approval", vars{"text": "a"}, nil)
	wants(t, err, workflow.ErrNotFound, "nothing is deployed here yet")
	err = e.Default().Task(taskAt(t, acme, in, "propose").ID()).Claim(ctx)
	wants(t, err, workflow.ErrNotFound)

	var names []string
	for info, err := range e.Tenants(ctx) {
		must(t, err)
		names = append(names, info.Name)
	}
	if want := []string{"acme", "default"}; !slices.Equal(names, want) {
		t.Errorf("tenants %v, want %v", names, want)
	}
}

func TestNoDefaultTenant(t *testing.T) {
	e := newEngine(t, &workflow.Options{NoDefault: true})
	_, err := e.Default().Start(t.Context(), "p", nil, nil)
	wants(t, err, workflow.ErrNoTenant, "Engine.CreateTenant")
}

func TestTenantZone(t *testing.T) {
	e := newEngine(t, nil)
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Skip("no time zone data on this machine")
	}
	_, err = e.CreateTenant(t.Context(), "east", &tenant.Settings{Zone: zone})
	must(t, err)
	for info, err := range e.Tenants(t.Context()) {
		must(t, err)
		if info.Name == "east" && info.Zone != "Asia/Shanghai" {
			t.Errorf("zone %q", info.Zone)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	e := newEngine(t, &workflow.Options{Limits: workflow.Limits{ValueBytes: 100}})
	d := e.Default()
	deploy(t, d, approval)
	for _, c := range []struct {
		name    string
		process string
		vars    any
		opts    *workflow.StartOptions
		is      error
		text    string
	}{
		{"an unknown process", "aproval", nil, nil, workflow.ErrNotFound, `did you mean "approval"?`},
		{"an unknown version", "approval", vars{"text": "x"}, &workflow.StartOptions{Version: 7}, workflow.ErrNotFound, "its versions are 1 to 1"},
		{"a missing variable", "approval", nil, nil, workflow.ErrType, "text: missing"},
		{"a variable that is no input", "approval", vars{"text": "x", "fine": true}, nil, workflow.ErrType, "fine: not an input"},
		{"a misspelt variable", "approval", vars{"txt": "x"}, nil, workflow.ErrType, "did you mean text?"},
		{"a wrong type", "approval", vars{"text": 5}, nil, workflow.ErrType, "text: want string, got int 5"},
		{"no struct", "approval", "x", nil, workflow.ErrType, "struct with json tags"},
		{"a value over the limit", "approval", vars{"text": strings.Repeat("x", 200)}, nil, workflow.ErrLimit, "Limits.ValueBytes is 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.Start(t.Context(), c.process, c.vars, c.opts)
			wants(t, err, c.is, c.text, "default")
		})
	}
	if n, err := d.Count(t.Context(), workflow.InstanceFilter{}); err != nil || n != 0 {
		t.Errorf("%d instances after nothing but refusals, %v", n, err)
	}
}

func TestInstanceInfo(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	due := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	in := begin(t, d, "approval", struct {
		Text string `json:"text"`
	}{"hello"}, &workflow.StartOptions{Key: "K-1", Labels: map[string]string{"branch": "east"}, Priority: 3, Due: due})
	info, _ := settled(t, in)
	if info.ID != in.ID() || info.Key != "K-1" || info.Process != "approval" || info.Version != 1 || info.State != workflow.Running ||
		info.Priority != 3 || !info.Due.Equal(due) || info.Labels["branch"] != "east" || info.Started.IsZero() || !info.Ended.IsZero() {
		t.Errorf("got %+v", info)
	}
	if len(info.Waits) != 1 || info.Waits[0].Kind != schema.UserTask || info.Waits[0].Until.Sub(info.Started) != 48*time.Hour {
		t.Errorf("waits %+v", info.Waits)
	}
	for _, id := range []string{"", "nonsense", "01ARZ3NDEKTSV4RRFFQ69G5FAV"} {
		_, err := d.Instance(id).Info(t.Context())
		wants(t, err, workflow.ErrNotFound, "instance")
		_, err = d.Instance(id).Settle(t.Context())
		wants(t, err, workflow.ErrNotFound)
	}
	found, err := d.InstanceByKey(t.Context(), "approval", "K-1")
	must(t, err)
	if found.ID() != in.ID() {
		t.Errorf("the key leads to %s", found.ID())
	}
	_, err = d.InstanceByKey(t.Context(), "approval", "K-2")
	wants(t, err, workflow.ErrNotFound, `"K-2"`)
	p, err := in.Schema(t.Context())
	must(t, err)
	if p.ID() != "approval" {
		t.Errorf("schema %s", p.ID())
	}
}

// Waiting ends with the context, and names the place.
func TestWaitEndsWithContext(t *testing.T) {
	e := newEngine(t, nil)
	deploy(t, e.Default(), approval)
	in := begin(t, e.Default(), "approval", vars{"text": "x"}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := in.Wait(ctx)
	wants(t, err, context.Canceled, in.ID())
}

// Wait returns when others end the instance.
func TestWaitForEnd(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	in := begin(t, d, "approval", vars{"text": "x"}, nil)
	type answer struct {
		out vars
		err error
	}
	answers := make(chan answer)
	go func() {
		out, err := workflow.Result[vars](t.Context(), in)
		answers <- answer{out, err}
	}()
	must(t, taskAt(t, d, in, "propose").Complete(t.Context(), vars{"text": "y"}))
	must(t, taskAt(t, d, in, "check").Complete(t.Context(), vars{"fine": true}))
	got := <-answers
	must(t, got.err)
	if len(got.out) != 2 || got.out["text"] != "y" || got.out["fine"] != true {
		t.Errorf("result %v", got.out)
	}
	info, err := in.Info(t.Context())
	must(t, err)
	if info.State != workflow.Completed || !info.State.Ended() || info.Ended.IsZero() || len(info.Waits) > 0 {
		t.Errorf("got %+v", info)
	}
}

func TestVarsAndResult(t *testing.T) {
	e := newEngine(t, nil)
	d := e.Default()
	deploy(t, d, approval)
	in := begin(t, d, "approval", vars{"text": "x"}, nil)
	all, err := workflow.Vars[vars](t.Context(), in)
	must(t, err)
	if len(all) != 2 || all["text"] != "x" || all["note"] != "none" { // fine was not written yet
		t.Errorf("variables %v", all)
	}
	_, err = workflow.Vars[struct {
		Text int `json:"text"`
	}](t.Context(), in)
	wants(t, err, workflow.ErrType, "text: want int", in.ID())
}

// What Deploy acknowledged is there after the engine was closed and opened again, with the same numbers.
func TestDeploymentSurvivesReopen(t *testing.T) {
	s := store.Memory()
	defer s.Close()
	e, err := workflow.OpenStore(s, nil)
	must(t, err)
	deploy(t, e.Default(), approval)
	in := begin(t, e.Default(), "approval", vars{"text": "x"}, nil)
	must(t, e.Close())

	e, err = workflow.OpenStore(s, nil)
	must(t, err)
	defer e.Close()
	must(t, e.Start(t.Context()))
	if got := deploy(t, e.Default(), approval).Versions[0]; got.New || got.Number != 1 {
		t.Errorf("deployed again: %+v", got)
	}
	if got := deploy(t, e.Default(), strings.Replace(approval, "P2D", "P3D", 1)).Versions[0]; !got.New || got.Number != 2 {
		t.Errorf("changed: %+v", got)
	}
	other := "process: other\nsteps: [{user: a}]"
	deploy(t, e.Default(), other)
	in = e.Default().Instance(in.ID())
	if _, nodes := settled(t, in); !slices.Equal(nodes, []string{"propose"}) {
		t.Errorf("waits at %v", nodes)
	}
	info, err := begin(t, e.Default(), "other", nil, nil).Info(t.Context())
	must(t, err)
	if info.Process != "other" {
		t.Errorf("process %q", info.Process)
	}
}
