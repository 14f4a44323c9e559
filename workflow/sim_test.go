package workflow

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/store"
	"github.com/replank/replank/tenant"
	"github.com/replank/replank/workflow/history"
)

var (
	simRuns = flag.Int("sim.runs", 12, "simulations in TestSimulation")
	simSeed = flag.Uint64("sim.seed", 0, "seed of the first simulation; 0: from the clock")
)

// A seeded run of several tenants and processes at once, with power cuts at random moments in the middle of things:
// calls are in flight, handlers run, timers and delays are pending. What was acknowledged must survive each cut, the
// index entries must be those that the heads imply, and in the end every instance must reach the right result.
func TestSimulation(t *testing.T) {
	seed := *simSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	started := 0
	for i := range *simRuns {
		seed := seed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &simulation{t: t, rng: rand.New(rand.NewPCG(seed, 1)), disk: store.NewDisk(), acked: make(map[simKey]string)}
				w.run()
				started += len(w.acked)
			})
		})
	}
	if *simSeed == 0 && started == 0 { // one may be cut short before anything was acknowledged
		t.Error("nothing was started")
	}
}

type simKey struct{ tenant, process, key string }

type simulation struct {
	t    *testing.T
	rng  *rand.Rand
	disk *store.Disk
	s    *store.Mem
	e    *Engine

	mu    sync.Mutex
	begun []simKey          // starts that were tried
	acked map[simKey]string // starts that were acknowledged -> instance
}

const simTenants = 2

var simSources = []string{orderSchema, loanSchema, hearSchema, dueSchema}

// simLater are further versions, to which instances move and from which they move back.
var simLater = []string{
	loanSchema2,
	strings.NewReplacer("vars: {", "vars: {extra: {type: string, default: e}, ", "steps:\n", "steps:\n  - {user: screen, in: [extra]}\n").Replace(orderSchema),
}

func (w *simulation) run() {
	w.open()
	for range 12 {
		for range 1 + w.rng.IntN(15) {
			w.act()
		}
		switch w.rng.IntN(4) {
		case 0:
			w.crash()
		case 1:
			synctest.Wait()
		case 2:
			time.Sleep(time.Duration(w.rng.Int64N(int64(48 * time.Hour))))
		}
	}
	w.crash()
	w.finish()
	w.e.Close()
	w.s.Close()
}

// open opens the disk as a program would after a crash.
func (w *simulation) open() {
	w.e, w.s = openOn(w.t, w.disk, &Options{
		CacheBytes: 8 << 10, Workers: 3, Logger: quiet, Middleware: []Middleware{w.flaky()},
	})
	for _, sc := range []*script{&orderScript, moveScript(unheard)} {
		sc.register(w.e, unheard)
	}
	for i := range simTenants {
		tn, err := w.e.CreateTenant(w.t.Context(), fmt.Sprintf("tenant-%d", i), nil)
		if err != nil && !errors.Is(err, ErrExists) {
			w.t.Fatal(err)
		}
		if _, err := tn.Schema(w.t.Context(), "loan", 2); err == nil {
			continue // from before the crash
		}
		for _, src := range slices.Concat(simSources, simLater) {
			if _, err := tn.Deploy(w.t.Context(), Text(src)); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	checkIndexes(w.t, w.e, w.s)
	checkFolds(w.t, w.e, w.s)
	if err := w.e.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// flaky makes handlers take their time, and fail now and then.
func (w *simulation) flaky() Middleware {
	rng := rand.New(rand.NewPCG(w.rng.Uint64(), 2))
	return func(ctx context.Context, _ *Job, next func(context.Context) error) error {
		w.mu.Lock()
		wait, fail := rng.IntN(3) == 0, rng.IntN(4) == 0
		pause := time.Duration(rng.IntN(100)) * time.Second
		w.mu.Unlock()
		if wait {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if fail {
			return RetryAfter(pause+time.Second, errors.New("try again"))
		}
		return next(ctx)
	}
}

// act does one thing without waiting for its outcome.
func (w *simulation) act() {
	tn := w.e.Tenant(fmt.Sprintf("tenant-%d", w.rng.IntN(simTenants)))
	switch w.rng.IntN(8) {
	case 0, 1:
		w.start(tn)
	case 2, 3:
		n := w.rng.IntN(4)
		go func() {
			for info, err := range tn.Tasks(w.t.Context(), TaskFilter{}) {
				if err != nil {
					return
				}
				if n--; n < 0 {
					w.complete(tn, info)
					return
				}
			}
		}()
	case 4:
		if k := w.some(tn.Name(), "hear"); k.key != "" {
			go tn.Send(w.t.Context(), Message{Name: "hello", Key: k.key, ID: k.key, Data: vars{"text": "to " + k.key}, TTL: 365 * 24 * time.Hour})
		}
	case 6:
		m := Move{To: 1 + w.rng.IntN(2)}
		if k := w.some(tn.Name(), []string{"loan", "order"}[w.rng.IntN(2)]); k.key != "" {
			go func() {
				in, err := tn.InstanceByKey(w.t.Context(), k.process, k.key)
				if err != nil {
					return
				}
				if v, err := in.Migrate(w.t.Context(), m); err == nil && !v.Accepted() {
					w.t.Errorf("%v was moved: %v", k, v)
				}
			}()
		}
	case 7:
		m := Move{Process: []string{"loan", "order"}[w.rng.IntN(2)], To: 1 + w.rng.IntN(2)}
		go func() {
			if p, err := tn.Preview(w.t.Context(), m); err == nil {
				_, _ = p.Apply(w.t.Context())
			}
		}()
	case 5:
		go tn.Send(w.t.Context(), Message{Name: "appraisal.report", Key: "A-1", Data: vars{"value": 95_000}, TTL: 365 * 24 * time.Hour})
	}
}

// some returns a start of a process that was tried.
func (w *simulation) some(tenant, process string) simKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	var fit []simKey
	for _, k := range w.begun {
		if k.tenant == tenant && k.process == process {
			fit = append(fit, k)
		}
	}
	if len(fit) == 0 {
		return simKey{}
	}
	return fit[w.rng.IntN(len(fit))]
}

func (w *simulation) start(tn *Tenant) {
	k := simKey{tn.Name(), []string{"order", "loan", "hear", "due"}[w.rng.IntN(4)], fmt.Sprint(w.rng.IntN(1000))}
	at := time.Now().Add(time.Duration(w.rng.Int64N(int64(240 * time.Hour))))
	w.mu.Lock()
	w.begun = append(w.begun, k)
	w.mu.Unlock()
	go func() {
		in, err := tn.Start(w.t.Context(), k.process, simVars(k, at), &StartOptions{Key: k.key})
		if err == nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			if old := w.acked[k]; old != "" && old != in.ID() {
				w.t.Errorf("%v was %s, now it is %s", k, old, in.ID())
			}
			w.acked[k] = in.ID()
		}
	}()
}

func simVars(k simKey, at time.Time) vars {
	switch k.process {
	case "order":
		return orderScript.vars
	case "loan":
		return loanScript.vars
	case "hear":
		return vars{"who": k.key}
	}
	return vars{"at": at}
}

func (w *simulation) complete(tn *Tenant, info TaskInfo) {
	out := vars(nil)
	user := "ann"
	switch info.Node {
	case "check":
		user = "bob"
		if info.Process == "order" {
			out = vars{"ok": true}
		} else {
			out = vars{"complete": info.Revision%3 > 0} // the loop goes round now and then
		}
	case "review":
		out = vars{"decision": "accept"}
	}
	_ = tn.As(user).Task(info.ID).Complete(w.t.Context(), out) // somebody else may have been faster
}

// crash cuts the power, with calls in flight, and opens what is left.
func (w *simulation) crash() {
	w.mu.Lock()
	image := w.disk.Crash(w.rng.Uint64() | 1)
	known := maps.Clone(w.acked)
	w.mu.Unlock()
	w.e.Close()
	w.s.Close()
	synctest.Wait() // the calls of the program that is dead end
	w.mu.Lock()
	w.acked = known
	w.mu.Unlock()
	w.disk = image
	w.open()
	for k, id := range known {
		in, err := w.e.Tenant(k.tenant).InstanceByKey(w.t.Context(), k.process, k.key)
		if err != nil || in.ID() != id {
			w.t.Fatalf("%v was acknowledged as %s: now %v, %v", k, id, in, err)
		}
	}
}

// finish drives everything to its end and checks the results.
func (w *simulation) finish() {
	ctx := w.t.Context()
	for range 60 {
		synctest.Wait()
		for i := range simTenants {
			tn := w.e.Tenant(fmt.Sprintf("tenant-%d", i))
			var open []TaskInfo
			for info, err := range tn.Tasks(ctx, TaskFilter{}) {
				if err != nil {
					w.t.Fatal(err)
				}
				open = append(open, info)
			}
			for _, info := range open {
				w.complete(tn, info)
			}
			for _, k := range w.begun {
				if k.tenant != tn.Name() {
					continue
				}
				switch k.process {
				case "hear":
					if _, err := tn.Send(ctx, Message{Name: "hello", Key: k.key, ID: k.key, Data: vars{"text": "to " + k.key}}); err != nil {
						w.t.Fatal(err)
					}
				case "loan":
					if _, err := tn.Send(ctx, Message{Name: "appraisal.report", Key: "A-1", Data: vars{"value": 95_000}}); err != nil {
						w.t.Fatal(err)
					}
				}
			}
		}
		time.Sleep(24 * time.Hour)
	}
	checkIndexes(w.t, w.e, w.s)
	checkFolds(w.t, w.e, w.s)
	for k, id := range w.acked {
		in := w.e.Tenant(k.tenant).Instance(id)
		info, err := in.Info(ctx)
		if err != nil || info.State != Completed {
			w.t.Errorf("%v did not end: %+v, %v", k, info, err)
			continue
		}
		out, err := Result[vars](ctx, in)
		want := vars{}
		switch k.process {
		case "order":
			want = orderScript.want
		case "loan":
			want = loanScript.want
		case "hear":
			want = vars{"said": "to " + k.key}
		}
		if err != nil || fmt.Sprint(out) != fmt.Sprint(want) {
			w.t.Errorf("%v: result %v, %v; want %v", k, out, err, want)
		}
	}
	moves := 0
	for i := range simTenants {
		tn := w.e.Tenant(fmt.Sprintf("tenant-%d", i))
		for info, err := range tn.Instances(ctx, InstanceFilter{}) {
			if err != nil {
				w.t.Fatal(err)
			}
			moves += len(kinds(w.t, tn.Instance(info.ID), history.Migrated))
		}
		for p, err := range tn.Migrations(ctx, "") {
			if err != nil || p.Done.IsZero() {
				w.t.Errorf("%+v, %v", p, err)
			}
		}
	}
	w.t.Logf("%d moves", moves)
}

// checkIndexes computes from the heads which index entries there must be, and compares them with those in the store.
func checkIndexes(t *testing.T, e *Engine, s store.Reader) {
	t.Helper()
	ctx := t.Context()
	for info, err := range tenant.List(ctx, s) {
		if err != nil {
			t.Fatal(err)
		}
		tn := keys.Tenant(info.ID)
		want := make(map[string][]byte)
		lo, hi := keys.HeadRange(tn)
		for entry, err := range s.Scan(ctx, lo, hi) {
			if err != nil {
				t.Fatal(err)
			}
			id, _ := keys.ParseHead(entry.Key)
			in := &stored{ctx: ctx, snap: s, id: id}
			if err := e.open(in, tn, entry.Key, entry.Value); err != nil {
				t.Fatal(err)
			}
			for _, wk := range in.head.State.Works {
				x := &in.version.prog.Nodes[wk.Node]
				node := uint32(wk.Node)
				if wk.Incident {
					want[string(keys.AppendIncident(nil, tn, id, node))] = codec.AppendIncident(nil, in.version.process, wk.Since)
				}
				switch {
				case x.Kind == program.UserTask:
					due := wk.Due
					if due == 0 {
						due = keys.NoTime
					}
					want[string(keys.AppendTask(nil, tn, due, wk.At, id, node))] = codec.AppendTask(nil, &codec.Task{
						Process: in.version.process, Version: in.version.number, Since: wk.Since, Started: wk.Started, Actor: wk.Actor,
					})
				case wk.Incident:
				case x.Kind == program.ServiceTask && wk.Due != 0, x.Timer != nil:
					want[string(keys.AppendTimer(nil, tn, wk.Due, id, node))] = codec.AppendTimer(nil, wk.Since)
				case x.Message != "":
					want[string(keys.AppendSubscription(nil, tn, x.Message, wk.Key, in.version.process, id, node))] = codec.AppendSubscription(nil, wk.Since)
				}
			}
		}
		for _, kind := range []keys.Kind{keys.KindTask, keys.KindTimer, keys.KindSubscription, keys.KindIncident} {
			lo, hi := keys.KindRange(tn, kind)
			for entry, err := range s.Scan(ctx, lo, hi) {
				if err != nil {
					t.Fatal(err)
				}
				value, ok := want[string(entry.Key)]
				if !ok {
					t.Errorf("index entry %x leads to nothing", entry.Key)
				} else if !bytes.Equal(value, entry.Value) {
					t.Errorf("index entry %x is %x, want %x", entry.Key, entry.Value, value)
				}
				delete(want, string(entry.Key))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			t.Errorf("index entry %x is missing", key)
		}
	}
}
