package schema

import (
	"slices"
	"strings"
)

// This file is AP11 and AP12: control dependencies between two steps. Blocks can say series and parallel compositions;
// a dependency between the midst of one branch and the midst of another is neither (it is the graph N of order theory:
// Valdes, Tarjan, Lawler, "The recognition of series parallel digraphs", SIAM J. Comput. 11, 1982) and is said by bare
// gateways.

func (e *editor) orderSteps(c *Change) *fault {
	first, second := c.nodes[0], c.nodes[1]
	p, branches, why := e.fork(c.nodes)
	if why != nil {
		return why
	}
	for _, id := range c.nodes {
		if s := e.o.sites[id]; s.outer() != p {
			for s.outer() != p {
				s = s.outer()
			}
			return faultf("order", id, "name "+s.id+" instead", "%q does not lie directly in a branch of %q, but in %q, which need not happen at the same time", id, p.id, s.id)
		}
	}
	a, b := p.body(branches[0]).items(), p.body(branches[1]).items()
	i, j := e.o.sites[first].i+1, e.o.sites[second].i
	if a[i-1].get("next") != nil || j > 0 && b[j-1].get("next") != nil {
		return faultf("order", first, "put what is repeated into a repeat", "one of the branches of %q jumps where the order would have to be", p.id)
	}
	if i == len(a) || j == 0 {
		return e.unite(p, branches, slices.Concat(c.beside(p, a[:i], b[:j]), c.beside(p, a[i:], b[j:])))
	}
	steps, why := e.gated(c, p, a, b, i, j)
	if why != nil {
		return why
	}
	return e.unite(p, branches, steps)
}

// beside are two lists of steps that run at once, out of two branches of p; if one is empty, that is the other. If p has
// no further branches it is the parallel that they are in.
func (c *Change) beside(p *site, a, b []*value) []*value {
	if len(a) == 0 || len(b) == 0 {
		return slices.Concat(a, b)
	}
	block := mapValue(entry{key: "parallel", value: stringValue(c.named(blockID("parallel", a[0].stepID())))})
	if len(p.cases()) == 2 {
		block.fields = slices.DeleteFunc(slices.Clone(p.v.fields), func(f entry) bool { return f.key == "next" })
		block.fields[0].value = placedText(c.named(p.id), p.v.fields[0].value.at)
	}
	block.assign("branches", listValue(do(a...), do(b...)))
	return []*value{block}
}

func do(steps ...*value) *value { return mapValue(entry{key: "do", value: listValue(steps...)}) }

// gated writes two branches with gateways, so that b[j] waits for a[i-1].
//
//	x.fork -> a[:i] -> x.sync -> a[i:] -> x.meet
//	      \                  \                 /
//	       -> b[:j] --------> x.wait -> b[j:] -
func (e *editor) gated(c *Change, p *site, a, b []*value, i, j int) ([]*value, *fault) {
	x := c.named(c.nodes[0])
	last := a[len(a)-1]
	if k := last.stepKind(); k == kindEnd || last.get("next") != nil || k == kindGateway && last.get("flows") != nil {
		return nil, faultf("order", last.stepID(), "", "the branch of %q does not end by itself, so nothing can wait for its end", p.id)
	}
	last.assign("next", stringValue(x+".meet"))
	gate := func(name string, flows ...string) *value {
		v := newStep(kindGateway, x+name).text("kind", "parallel").v
		for _, to := range flows {
			v = v.appendTo("flows", To(to).v)
		}
		return v
	}
	all := slices.Concat(
		[]*value{gate(".fork", a[0].stepID(), b[0].stepID())}, a[:i],
		[]*value{gate(".sync", a[i].stepID(), x+".wait")}, a[i:],
		b[:j], []*value{gate(".wait")}, b[j:], []*value{gate(".meet")})
	for _, v := range all {
		if v.stepKind() == kindGateway && strings.HasPrefix(v.stepID(), x+".") && e.o.sites[v.stepID()] != nil && !e.o.sites[v.stepID()].within(p) {
			return nil, e.taken(v.stepID())
		}
	}
	return all, nil
}

func (e *editor) unorder(c *Change) *fault {
	a, why := e.o.site(c.nodes[0])
	if why != nil {
		return why
	}
	b, why := e.o.site(c.nodes[1])
	if why != nil {
		return why
	}
	if why := e.beside(stretch{a.in, a.i, a.i + 1}, stretch{b.in, b.i, b.i + 1}); why != nil {
		return why
	}
	var next *site // in the list of a
	if items := a.in.items(); a.i+1 < len(items) && a.in.holds == holdsSteps && a.v.get("next") == nil {
		next = e.o.sites[items[a.i+1].stepID()]
	}
	p := a.outer()
	switch {
	case next == b:
		return e.parallelize(c)
	case next != nil && next.kind == kindParallel && b.outer() == next && b.i == 0:
		return e.takeIn(c, a, next, b.in.kase, true)
	case p != nil && p.kind == kindParallel && a.in.kase >= 0 && a.i+1 == len(a.in.items()) && p.in.same(b.in) && b.i == p.i+1 && p.v.get("next") == nil && a.v.get("next") == nil:
		return e.takeIn(c, b, p, a.in.kase, false)
	case next != nil && isFork(next):
		for i, flow := range next.cases() {
			if w := e.o.sites[flow.str("next")]; w != nil && isMeet(w) && behind(w.in, w.i+1) == b.id && w.v.get("next") == nil {
				next.v.assign("flows", listValue(slices.Delete(slices.Clone(next.cases()), i, i+1)...))
				e.o = outlined(e.doc)
				return e.pass(a.id, next.id, w.id)
			}
		}
	}
	return faultf("order", b.id, "unorder or move what lies between them", "%q does not directly follow %q, so it would go on waiting for it", b.id, a.id)
}

func isFork(s *site) bool {
	return s.kind == kindGateway && s.v.str("kind") == "parallel" && len(s.cases()) > 0
}

func isMeet(s *site) bool {
	return s.kind == kindGateway && s.v.str("kind") == "parallel" && len(s.cases()) == 0
}

// takeIn takes a step that stands before a parallel, or behind it, into it, beside one of its branches.
func (e *editor) takeIn(c *Change, s, p *site, beside int, front bool) *fault {
	for _, r := range e.o.mentions() {
		if !r.jump() || r.from.within(s) {
			continue
		}
		switch to := r.target(); {
		case front && to == s.id:
			r.lead(p.id)
		case to == s.id, front && to == p.id:
			return faultf("jump", r.from.id, "lead the jump elsewhere first", "%q jumps to %q, between the two", r.from.id, to)
		}
	}
	list := p.v.get("branches").items
	if len(list) > 0 && !front {
		hand(s.v, p.v)
	}
	others := slices.Delete(slices.Clone(list), beside, beside+1)
	rest := others[0]
	if len(others) > 1 {
		inner := mapValue(entry{key: "parallel", value: stringValue(c.named(blockID("parallel", s.id)))}, entry{key: "branches", value: listValue(others...)})
		rest = do(inner)
	}
	at := len(rest.get("do").items)
	if front {
		at = 0
	}
	rest.assign("do", listValue(slices.Insert(slices.Clone(rest.get("do").items), at, s.v)...))
	branches := []*value{rest, list[beside]}
	if beside == 0 {
		branches = []*value{list[beside], rest}
	}
	p.v.assign("branches", listValue(branches...))
	s.in.splice(s.i, s.i+1)
	return nil
}

// pass removes a fork behind step a, and a meeting, if only one way leads through them now.
func (e *editor) pass(a, fork, meet string) *fault {
	if s := e.o.sites[fork]; len(s.cases()) == 1 {
		to := s.cases()[0].str("next")
		for _, r := range e.o.mentions() {
			if r.jump() && r.target() == fork {
				r.lead(to)
			}
		}
		if items := s.in.items(); s.i+1 >= len(items) || items[s.i+1].stepID() != to {
			e.o.sites[a].v.assign("next", stringValue(to))
		}
		s.in.splice(s.i, s.i+1)
		e.o = outlined(e.doc)
	}
	w := e.o.sites[meet]
	if slices.ContainsFunc(e.o.mentions(), func(r mention) bool { return r.jump() && r.target() == meet }) {
		return nil
	}
	w.in.splice(w.i, w.i+1) // what stands before it falls through
	return nil
}
