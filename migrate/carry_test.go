package migrate_test

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/history"
)

// carry makes an instance of what a move arrived at, as an engine does: it opens what the target waits for. Its run is
// the rewritten trace and what happens from then on.
func carry(t tb, to *version, l *migrate.Landing, seq uint64) *instance {
	t.Helper()
	x := &instance{t: t, m: to.m, s: l.State, base: l.Trace, now: l.State.Updated + 1}
	x.s.Seq = seq
	p := to.p.Program()
	for place := range l.State.Marking.Clone().Each {
		for _, n := range p.OpenedBy[place] {
			if x.s.Work(n) != nil {
				continue
			}
			kind := history.Subscribed
			switch {
			case p.Automatic.Has(place):
				continue // it runs with the next command
			case p.Nodes[n].Kind == program.UserTask:
				kind = history.Offered
			case p.Nodes[n].Kind == program.ServiceTask:
				kind = history.Started
			case p.Nodes[n].Timer != nil:
				kind = history.Armed
			}
			e := kernel.Event{Seq: x.s.Seq + 1, At: x.now, Kind: kind, Node: n}
			if err := x.m.Evolve(x.s, &e); err != nil {
				t.Fatalf("%v", err)
			}
			x.events = append(x.events, e)
		}
	}
	return x
}

// moved is the run of a carried instance. It also is the test of the invariant: a replay of the effective trace gives
// the state.
func (x *instance) moved() migrate.Run {
	x.t.Helper()
	tr := &kernel.Trace{Created: x.base.Created, Input: x.base.Input, Env: x.base.Env, Letters: slices.Clone(x.base.Letters)}
	released := false
	for _, e := range x.events {
		l := kernel.Letter{Seq: e.Seq, At: e.At, Kind: e.Kind, Node: e.Node, Wrote: e.Wrote, Actor: e.Actor, Code: e.Code}
		switch e.Kind {
		case history.Started:
			l.Phase = program.Start
		case history.Completed:
			l.Phase = program.Complete
		case history.Fired, history.Received, history.Caught:
			l.Phase = program.Occur
		case history.Released:
			released = true
			for i := len(tr.Letters) - 1; i >= 0; i-- {
				if tr.Letters[i].Node == e.Node {
					tr.Letters = slices.Delete(tr.Letters, i, i+1)
					break
				}
			}
			continue
		default:
			continue
		}
		tr.Letters = append(tr.Letters, l)
	}
	k, err := x.m.NewReplay(tr.Created, tr.Input, tr.Env)
	if err != nil {
		x.t.Fatalf("%v", err)
	}
	for i := range tr.Letters {
		l := &tr.Letters[i]
		if err := k.Close(); err != nil {
			x.t.Fatalf("%v", err)
		}
		if !k.Enabled(l) {
			x.t.Fatalf("after a move: letter %d cannot be replayed; run:%s", l.Seq, tell(x.m.Program(), migrate.Run{Trace: tr}))
		}
		if i >= len(x.base.Letters)-1 || l.Path == nil {
			l.Path = x.m.Path(k.State(), l.Node)
		}
		if err := k.Fire(l); err != nil {
			x.t.Fatalf("%v", err)
		}
	}
	if err := k.Close(); err != nil {
		x.t.Fatalf("%v", err)
	}
	tr.Decided = k.Decided()
	s := k.State()
	for what, pair := range map[string][2]any{
		"marking": {s.Marking, x.s.Marking}, "slots": {s.Slots, x.s.Slots}, "loops": {s.Loops, x.s.Loops}, "key": {s.Key, x.s.Key},
		"superseded": {s.Superseded, x.s.Superseded}, "env": {s.EnvWritten, x.s.EnvWritten},
	} {
		if fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) && !(released && what == "order") {
			x.t.Fatalf("after a move: %s is %v, a replay gives %v; run:%s", what, pair[1], pair[0], tell(x.m.Program(), migrate.Run{Trace: tr}))
		}
	}
	return migrate.Run{Trace: tr, State: x.s}
}
