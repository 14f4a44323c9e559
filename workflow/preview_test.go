package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/store"
)

// park starts n loans and leaves each where depth says.
func park(t *testing.T, tn *Tenant, sc *script, n int, depth func(i int) int) []*Instance {
	t.Helper()
	var all []*Instance
	for i := range n {
		in, err := tn.Start(t.Context(), "loan", sc.vars, &StartOptions{Key: fmt.Sprint("K", i), Labels: map[string]string{"half": fmt.Sprint(i % 2)}})
		if err != nil {
			t.Fatal(err)
		}
		sc.advance(t, tn, in, depth(i))
		all = append(all, in)
	}
	return all
}

// A preview judges by class what CheckMigrate judges one by one; applying it moves those that may move, and no others.
func TestPreviewAndApply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		sc := moveScript(unheard)
		e, s := openOn(t, store.NewDisk(), nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, sc.schema, func(e *Engine) { sc.register(e, unheard) })
		all := park(t, tn, sc, 60, func(i int) int { return i % 8 })
		signing := 0
		for task, err := range tn.Tasks(ctx, TaskFilter{Node: "sign"}) { // every other one is being signed
			if err != nil {
				t.Fatal(err)
			}
			if signing++; signing%2 == 1 {
				if err := tn.As("cid").Task(task.ID).Claim(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if signing < 2 {
			t.Fatalf("%d loans wait for signatures", signing)
		}
		d, err := tn.Deploy(ctx, Text(strings.Replace(loanSchema2, "  - user: sign\n", "  - {user: explain, in: [level]}\n  - user: sign\n", 1)))
		if err != nil || d.Versions[0].Number != 2 {
			t.Fatal(d, err)
		}
		p, err := tn.Preview(ctx, Move{Process: "loan"})
		if err != nil {
			t.Fatal(err)
		}
		tally := p.Tally()
		var want Tally
		for _, in := range all {
			info, err := in.Info(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if info.State.Ended() {
				continue
			}
			v, err := in.CheckMigrate(ctx, Move{})
			if err != nil {
				t.Fatal(err)
			}
			want.Total++
			want.count(v.Outcome, 1)
		}
		if tally != want || tally.Now == 0 || tally.Never == 0 {
			t.Errorf("tally %+v, one by one %+v", tally, want)
		}
		text := p.String()
		for _, part := range []string{"loan to version 2:", "move to explain", "because explain was inserted before sign", "such as "} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing in\n%s", part, text)
			}
		}
		if strings.Count(text, "\n") > 40 {
			t.Errorf("%s", text)
		}
		b, err := json.Marshal(p)
		var back struct {
			Process string
			Tally   Tally
			Classes []struct{ Count int }
		}
		if err != nil || json.Unmarshal(b, &back) != nil || back.Process != "loan" || back.Tally != tally || len(back.Classes) == 0 {
			t.Errorf("%s, %v", b, err)
		}
		m, err := p.Apply(ctx)
		if err != nil {
			t.Fatal(err)
		}
		done, err := m.Wait(ctx)
		if err != nil || done.Tally.Moved != tally.Now || done.Tally.Never != tally.Never || done.Done.IsZero() || done.Tally.Total != tally.Total {
			t.Errorf("%+v, %v; the preview said %+v", done, err, tally)
		}
		checkFolds(t, e, s)
		checkIndexes(t, e, s)
		for in, err := range tn.Instances(ctx, InstanceFilter{Process: "loan", States: []State{Running}}) {
			if err != nil {
				t.Fatal(err)
			}
			v, err := tn.Instance(in.ID).CheckMigrate(ctx, Move{})
			if err != nil || v.Accepted() != (in.Version == 2) {
				t.Errorf("%s is on version %d: %v, %v", in.ID, in.Version, v, err)
			}
		}
		var known []string
		for p, err := range tn.Migrations(ctx, "loan") {
			known = append(known, fmt.Sprint(p.ID, err))
		}
		if fmt.Sprint(known) != fmt.Sprintf("[%s<nil>]", m.ID()) {
			t.Errorf("%v", known)
		}
		if _, err := tn.Migration("01ARZ3NDEKTSV4RRFFQ69G5FAV").Progress(ctx); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// A plan selects: versions, and a filter. It is stale once another version was deployed.
func TestPlanSelects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		sc := moveScript(unheard)
		e, s := openOn(t, store.NewDisk(), nil)
		defer s.Close()
		defer e.Close()
		tn := begin(t, e, sc.schema, func(e *Engine) { sc.register(e, unheard) })
		park(t, tn, sc, 10, func(int) int { return 0 })
		if _, err := tn.Deploy(ctx, Text(loanSchema2)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			m    Move
			want int
		}{
			{Move{Process: "loan"}, 10},
			{Move{Process: "loan", From: []int{1}}, 10},
			{Move{Process: "loan", From: []int{2}}, 0},
			{Move{Process: "loan", To: 1}, 0},
			{Move{Process: "loan", Only: InstanceFilter{At: "collect"}}, 10},
			{Move{Process: "loan", Only: InstanceFilter{At: "sign"}}, 0},
			{Move{Process: "loan", Only: InstanceFilter{Labels: map[string]string{"half": "1"}}}, 5},
		} {
			p, err := tn.Preview(ctx, c.m)
			if err != nil || p.Tally().Now != c.want || p.Tally().Total != c.want {
				t.Errorf("%+v: %+v, %v", c.m, p.Tally(), err)
			}
		}
		p, err := tn.Preview(ctx, Move{Process: "loan", Only: InstanceFilter{At: "collect", Labels: map[string]string{"half": "1"}}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.Apply(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if done, err := m.Wait(ctx); err != nil || done.Tally.Moved != 5 || done.Tally.Total != 5 {
			t.Errorf("%+v, %v", done, err)
		}
		if n, err := tn.Count(ctx, InstanceFilter{Process: "loan", Version: 1}); err != nil || n != 5 {
			t.Errorf("%d, %v", n, err)
		}
		if p, err = tn.Preview(ctx, Move{Process: "loan"}); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.Deploy(ctx, Text(strings.Replace(loanSchema2, "P60D", "P30D", 1))); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Apply(ctx); !errors.Is(err, ErrStale) {
			t.Errorf("%v", err)
		}
		// A schema that is not deployed can be asked about.
		other, err := Text(strings.Replace(loanSchema2, "P60D", "P10D", 1)).Schemas()
		if err != nil {
			t.Fatal(err)
		}
		if p, err = tn.Preview(ctx, Move{Process: "loan", Schema: other[0]}); err != nil || p.Tally().Now != 10 {
			t.Errorf("%v, %v", p, err)
		}
		if _, err := p.Apply(ctx); !errors.Is(err, ErrType) {
			t.Errorf("%v", err)
		}
		if _, err := tn.Preview(ctx, Move{Process: "loan", Options: migrate.Options{Rename: map[string]string{"sing": "sign"}}}); !isSchemaError(err) {
			t.Errorf("a rename of nothing: %v", err)
		}
		for _, bad := range []Move{{}, {Process: "loam"}, {Process: "loan", From: []int{9}}, {Process: "loan", To: 9}, {Process: "loan", Rest: 7}} {
			if p, err := tn.Preview(ctx, bad); err == nil {
				t.Errorf("%+v: %v", bad, p)
			}
		}
	})
}

// Where a guard of the other version is decided by values, the instances of one class have verdicts of their own.
func TestPreviewByValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		e, s := openOn(t, store.NewDisk(), nil)
		defer s.Close()
		defer e.Close()
		const src = `
process: p
in: [v]
vars: {v: int}
steps:
  - choose: x
    cases:
      - {when: v > 0, do: [{user: b}]}
      - else: [{user: c}]
  - {user: d}
`
		tn := begin(t, e, src, nil)
		for v := range 40 {
			in, err := tn.Start(ctx, "p", vars{"v": v - 10}, nil)
			if err != nil {
				t.Fatal(err)
			}
			node := "b"
			if v <= 10 {
				node = "c"
			}
			if err := tn.Task(openTask(t, in, node)).Complete(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := tn.Deploy(ctx, Text(strings.Replace(src, "v > 0", "v > 5", 1))); err != nil {
			t.Fatal(err)
		}
		p, err := tn.Preview(ctx, Move{Process: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if tally := p.Tally(); tally.Now != 35 || tally.Never != 5 { // v is 1 to 5: b was done, and c would be
			t.Errorf("%+v\n%v", tally, p)
		}
	})
}

// The power is cut again and again while a migration is carried out. It goes on at each start, and ends; in the end all
// A converter may fail by the values of one instance and not of another of the same class.
func TestPreviewByConverter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, tn, deploy := movable(t, "process: p\nin: [v]\nvars: {v: int, w: {type: int, default: 0}}\nsteps: [{user: a, in: [v, w]}]\n", nil)
		for v := range 6 {
			start(t, tn, vars{"v": v % 3})
		}
		synctest.Wait()
		deploy("w: {type: int, default: 0}", "w: {type: int, default: 0, from: 10 / v}")
		p, err := tn.Preview(t.Context(), Move{Process: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if tally := p.Tally(); tally.Now != 4 || tally.Never != 2 {
			t.Errorf("%+v", tally)
		}
		m, err := p.Apply(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if done, err := m.Wait(t.Context()); err != nil || done.Tally.Moved != 4 || done.Tally.Never != 2 {
			t.Errorf("%+v, %v", done, err)
		}
	})
}

// Two runs go round a cycle of gateways by other ways, in another order: they did the same things as often, and are two
// classes.
func TestPreviewOfCycles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, tn, deploy := movable(t, `
process: p
vars: {v: {type: int, default: 0}}
steps:
  - {gateway: again, kind: exclusive}
  - {user: a, out: [v]}
  - {choose: x, cases: [{when: v > 3, do: [{user: b}]}, {else: [{user: c}]}]}
  - {gateway: more, kind: exclusive, flows: [{next: again, when: v < 9}, {next: d, else: true}]}
  - {user: d}
`, nil)
		for _, ways := range [][]string{{"b", "c"}, {"c", "b"}, {"b", "c"}} {
			in := start(t, tn, nil)
			for _, way := range ways {
				if err := tn.Task(openTask(t, in, "a")).Complete(t.Context(), vars{"v": map[string]int{"b": 5, "c": 1}[way]}); err != nil {
					t.Fatal(err)
				}
				if err := tn.Task(openTask(t, in, way)).Complete(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			openTask(t, in, "a")
		}
		deploy("next: d", "next: e", "{user: d}", "{user: e}")
		p, err := tn.Preview(t.Context(), Move{Process: "p"})
		if err != nil || len(p.classes) != 2 || p.Tally().Now != 3 {
			t.Errorf("%v, %v", p, err)
		}
	})
}

// have moved and were counted once.
func TestMigrationGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		sc := moveScript(unheard)
		disk := store.NewDisk()
		e, s := openOn(t, disk, nil)
		tn := begin(t, e, sc.schema, func(e *Engine) { sc.register(e, unheard) })
		const n = 5*sweepPage + 7
		park(t, tn, sc, n, func(int) int { return 0 })
		if _, err := tn.Deploy(ctx, Text(loanSchema2)); err != nil {
			t.Fatal(err)
		}
		p, err := tn.Preview(ctx, Move{Process: "loan"})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		cut := func(after int) (image func() *store.Disk) {
			var mu sync.Mutex
			var taken *store.Disk
			disk.OnWrite(func(int) error {
				mu.Lock()
				defer mu.Unlock()
				if after--; after == 0 {
					taken = disk.Crash(rng.Uint64())
				}
				return nil
			})
			return func() *store.Disk {
				mu.Lock()
				defer mu.Unlock()
				return taken
			}
		}
		image := cut(4)
		m, err := p.Apply(ctx)
		if err != nil {
			t.Fatal(err)
		}
		cuts := 0
		for {
			done, err := m.Wait(ctx)
			if err != nil {
				t.Fatal(err)
			}
			next := image()
			disk.OnWrite(nil)
			if next == nil {
				if done.Tally.Moved != n || done.Tally.Total != n {
					t.Errorf("%+v", done)
				}
				break
			}
			cuts++
			e.Close()
			s.Close()
			disk = next
			e, s = openOn(t, disk, nil)
			sc.register(e, unheard)
			tn = e.Default()
			checkFolds(t, e, s)
			checkIndexes(t, e, s)
			image = cut(1 + rng.IntN(4))
			if err := e.Start(ctx); err != nil {
				t.Fatal(err)
			}
			m = tn.Migration(m.ID())
		}
		if cuts < 2 {
			t.Errorf("the power was cut %d times", cuts)
		}
		for in, err := range tn.Instances(ctx, InstanceFilter{}) {
			if err != nil || in.Version != 2 {
				t.Errorf("%+v, %v", in, err)
			}
		}
		e.Close()
		s.Close()
	})
}
