package migrate

import (
	"fmt"
	"slices"

	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// maxConfigurations bounds the states, those within a closure included, that one moment of a trace may have.
const maxConfigurations = 1 << 14

// A freeNet is a net whose gateways are free. Its closure is that of petri.Net.Explore: the next silent transition in
// the prescribed order or, where guards choose, each that may fire instead of it.
type freeNet struct{ p *program.Program }

// configurations are the states at rest that a run may be in: closed markings, each once, in the order found.
type configurations struct {
	all    []petri.Marking
	unsafe string // a node that a second token would have reached; such runs are left out; ""
	fired  bool   // the letter before the closure was possible somewhere
}

// begin is where a new instance can be.
func (f *freeNet) begin(d decisions, must bool) (*configurations, error) {
	m := f.p.Net.NewMarking()
	m.Union(f.p.Initial)
	return f.close([]petri.Marking{m}, d, must, &configurations{fired: true})
}

// after is where an instance that is somewhere in set can be after letter l. must: it must have come to all of the
// decisions; else they only bind the gateways that it comes to.
func (f *freeNet) after(set *configurations, l controlLetter, d decisions, must bool) (*configurations, error) {
	out := &configurations{}
	var seeds []petri.Marking
	for _, m := range set.all {
		next, possible, safe := f.fire(m, l)
		if possible && !safe {
			out.unsafe = f.p.Nodes[l.node].ID
		} else if possible {
			seeds = append(seeds, next)
		}
	}
	out.fired = len(seeds) > 0
	if out.unsafe == "" {
		out.unsafe = set.unsafe
	}
	return f.close(seeds, d, must, out)
}

// fire makes a letter happen in m, which stays as it is. What Checker does about kinds of tasks that replace each other
// holds here too: a script has no start, and what was completed at once was started then.
func (f *freeNet) fire(m petri.Marking, l controlLetter) (next petri.Marking, possible, safe bool) {
	n, net := &f.p.Nodes[l.node], f.p.Net
	var ts []int32
	switch l.phase {
	case program.Start:
		if n.Start < 0 {
			return m, m.Has(n.Wait), true
		}
		ts = []int32{n.Start}
	case program.Complete:
		if ts = []int32{n.Complete}; n.Start >= 0 && !m.Has(n.Running) {
			ts = []int32{n.Start, n.Complete}
		}
	case program.Occur:
		if ts = []int32{n.Occur}; l.thrower > 0 {
			if x := &f.p.Nodes[l.thrower-1]; !m.Has(x.Wait) && !m.Has(x.Running) {
				return nil, false, false
			}
		}
	}
	next, safe = m.Clone(), true
	for _, t := range ts {
		if t < 0 || !net.Enabled(next, int(t)) {
			return nil, false, false
		}
		safe = net.Fire(next, int(t)) && safe
	}
	return next, true, safe
}

// close adds to out the markings at rest that the closures of the seeds lead to.
func (f *freeNet) close(seeds []petri.Marking, d decisions, must bool, out *configurations) (*configurations, error) {
	type state struct {
		m   petri.Marking
		met uint64 // the flows of the decisions that were taken, by their number among all of them
	}
	var todo []state
	seen, closed := map[string]bool{}, map[string]bool{}
	meet := func(s state) error {
		key := fmt.Sprintf("%d:", s.met) + string(s.m.Bytes(nil))
		if seen[key] {
			return nil
		}
		if len(seen) == maxConfigurations {
			return ErrTooMany
		}
		seen[key] = true
		todo = append(todo, s)
		return nil
	}
	for _, m := range seeds {
		if err := meet(state{m, 0}); err != nil {
			return nil, err
		}
	}
	net, frontier := f.p.Net, f.p.Net.NewFrontier()
	var ways []int32
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		net.All(frontier)
		t := net.Next(s.m, frontier)
		if t < 0 {
			if key := string(s.m.Bytes(nil)); !closed[key] && (!must || s.met == 1<<d.flows()-1) {
				closed[key] = true
				out.all = append(out.all, s.m)
			}
			continue
		}
		ways = net.Alternatives(s.m, int32(t), ways[:0])
		for _, t := range ways {
			met, allowed := d.allow(f.p, t)
			if !allowed {
				continue
			}
			next := s.m.Clone()
			if !net.Fire(next, int(t)) {
				out.unsafe = f.doubled(s.m, t)
				continue
			}
			if err := meet(state{next, s.met | met}); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// allow reports whether silent transition t agrees with the decisions, and which flow of them it takes.
func (d decisions) allow(p *program.Program, t int32) (met uint64, ok bool) {
	act := &p.Acts[t]
	if act.Decision < 0 {
		return 0, true
	}
	x := &p.Decisions[act.Decision]
	i := slices.IndexFunc(d, func(y decision) bool { return y.node == x.Node })
	if i < 0 {
		return 0, true
	}
	if act.Flow >= 0 {
		k := slices.Index(d[i].flows, x.Flows[act.Flow].ID)
		return 1 << (d[:i].flows() + max(k, 0)), k >= 0
	}
	for _, chain := range [][]int32{x.Chain, x.ChainSome} {
		if k := slices.Index(chain, t); k >= 0 { // flow k/2 is refused
			return 0, !slices.Contains(d[i].flows, x.Flows[k/2].ID)
		}
	}
	return 0, true // the end of the chain
}

// doubled is the node that gets a second token when t fires in m.
func (f *freeNet) doubled(m petri.Marking, t int32) string {
	rest := m.Clone()
	rest.Minus(f.p.Net.Trans(int(t)).Takes())
	for p := range f.p.Net.Trans(int(t)).Post.Each {
		if n := f.p.PlaceNode[p]; rest.Has(p) && n >= 0 {
			return f.p.Nodes[n].ID
		}
	}
	return "the process"
}

// waits are the nodes that some configuration waits at, boundary events aside, in document order.
func (f *freeNet) waits(set *configurations) []string {
	var ids []string
	for i := range f.p.Nodes {
		n := &f.p.Nodes[i]
		if !beside(n) && slices.ContainsFunc(set.all, func(m petri.Marking) bool { return m.Has(n.Wait) || m.Has(n.Running) }) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}
