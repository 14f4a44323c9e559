package schema

import "slices"

// This file is what puts steps into blocks and takes them out: AP6 extract, AP7 inline, AP8 embed in a loop, AP9
// parallelize, AP10 embed in a choice, and the opposite of AP9.

// enclose puts a fragment into a list of a block, and the block in its place. closed says that no jump may leave the
// block or enter it, nor an end in it end more than it.
func (e *editor) enclose(f stretch, block, holder *value, key string, closed bool) *fault {
	if why := e.fresh(block, f.in); why != nil {
		return why
	}
	if f.in.holds == holdsEvents {
		return faultf("place", f.first(), "name the steps that it leads to", "%q is an event", f.first())
	}
	if closed {
		if why := e.endless(f.has, "end less"); why != nil {
			return why
		}
	}
	if block.stepKind() == kindSubprocess {
		if why := e.alone(f.has); why != nil {
			return why
		}
	}
	first, last := f.first(), f.last()
	for _, r := range e.o.mentions() {
		from, to := f.has(r.from), f.has(e.o.sites[r.target()])
		switch {
		case !r.jump() || from == to:
		case to && r.target() == first:
			r.lead(block.stepID())
		case to && (closed || block.stepKind() == kindRepeat):
			return faultf("jump", r.from.id, "begin the fragment there, or lead the jump elsewhere first", "%q jumps into the midst of what is to be enclosed, to %q", r.from.id, r.target())
		case from && closed && r.holder != last:
			return faultf("jump", r.from.id, "take the target in, or lead the jump elsewhere first", "%q jumps out of what is to be enclosed, to %q", r.from.id, r.target())
		}
	}
	if next := last.get("next"); next != nil && !f.has(e.o.sites[next.text]) {
		hand(last, block)
	}
	holder.assign(key, listValue(f.steps()...))
	f.in.splice(f.i, f.j, block)
	return nil
}

func (e *editor) embed(c *Change) *fault {
	f, why := e.o.fragment(c.node)
	if why != nil {
		return why
	}
	if c.as != "" {
		c.v.fields[0].value = stringValue(c.as)
	}
	k := c.v.stepKind()
	if c.exact {
		for _, q := range sequencesOf(c.v, k, nil) {
			if q.holds == holdsSteps && max(q.kase, 0) == c.n {
				q.put(f.steps())
			}
		}
		f.in.splice(f.i, f.j, c.v)
		return nil
	}
	if k == kindRepeat && f.last().stepKind() == kindEnd {
		return faultf("end", f.last().stepID(), "embed the steps before it", "%q is an end: nothing goes on behind it that could be done again", f.last().stepID())
	}
	for _, q := range sequencesOf(c.v, k, nil) {
		if q.holds == holdsSteps {
			return e.enclose(f, c.v, q.holder, q.key, k == kindSubprocess)
		}
	}
	return faultf("kind", f.first(), "", "%s holds no steps", article(k))
}

// endless checks that no end lies among the steps that in tells, those in further subprocesses left aside, but for ends
// that raise errors.
func (e *editor) endless(in func(*site) bool, would string) *fault {
	for _, s := range e.o.order {
		if s.kind == kindEnd && s.v.get("error") == nil && in(s) && !e.deeper(s, in) {
			return faultf("end", s.id, "lead it to what follows first", "the end %q would %s than now", s.id, would)
		}
	}
	return nil
}

// alone checks that no event among the steps that in tells runs beside its host: a subprocess waits for it, and what
// follows with it.
func (e *editor) alone(in func(*site) bool) *fault {
	for _, s := range e.o.order {
		if s.in.key == "boundary" && s.v.get("interrupt") != nil && in(s) && !e.deeper(s, in) {
			return faultf("event", s.id, "delete it, or let it interrupt, first", "%q does not interrupt: a subprocess ends after it has ended, and what follows would start at another time", s.id)
		}
	}
	return nil
}

// deeper reports whether s lies in a further scope among the steps that in tells.
func (e *editor) deeper(s *site, in func(*site) bool) bool {
	sub := s.outer()
	for sub != nil && sub.kind != kindSubprocess && sub.kind != kindEach && sub.in.key != "events" {
		sub = sub.outer()
	}
	return sub != nil && in(sub)
}

func (e *editor) inline(c *Change) *fault {
	s, why := e.o.site(c.node)
	if why != nil {
		return why
	}
	if s.kind != kindSubprocess {
		return faultf("kind", s.id, "", "%q is %s, and no subprocess", s.id, article(s.kind))
	}
	for _, row := range stepTables[s.kind] {
		w := s.v.get(row.key)
		switch row.key {
		case "title", "doc", "was", "do", "next":
			continue
		}
		if w != nil && (w.scalar() || len(w.items)+len(w.fields) > 0) {
			return faultf("scope", s.id, "move or delete that first", "the subprocess %q has %s, which would be lost", s.id, row.key)
		}
	}
	body := s.body(0).items()
	inside := func(t *site) bool { return t != s && t.within(s) }
	if why := e.endless(inside, "end more"); why != nil {
		return why
	}
	if why := e.alone(inside); why != nil {
		return why
	}
	return e.spill(s, body)
}

// spill puts steps in the place of a block.
func (e *editor) spill(s *site, steps []*value) *fault {
	if s.in.holds == holdsOne && len(steps) != 1 {
		return faultf("place", s.id, "", "there is room for one step only in the place of %q", s.id)
	}
	to := e.onward(stretch{s.in, s.i, s.i + 1})
	if len(steps) > 0 {
		to = steps[0].stepID()
		hand(s.v, steps[len(steps)-1])
	} else if why := e.handBack(stretch{s.in, s.i, s.i + 1}); why != nil {
		return why
	}
	for _, r := range e.o.mentions() {
		if r.target() != s.id {
			continue
		}
		if to == "" || !r.jump() {
			return faultf("jump", r.from.id, "lead that elsewhere first", "%s of %q names %q, and nothing takes its place", r.key, r.from.id, s.id)
		}
		r.lead(to)
	}
	s.in.splice(s.i, s.i+1, steps...)
	return nil
}

func (e *editor) parallelize(c *Change) *fault {
	if len(c.nodes) < 2 {
		return faultf("fragment", "", "name at least two steps", "there is nothing to run at once")
	}
	branches := listValue()
	var whole stretch
	var parts []stretch
	for i, name := range c.nodes {
		f, why := e.o.fragment(name)
		switch {
		case why != nil:
			return why
		case i == 0:
			whole = f
		case !f.in.same(whole.in) || f.i != whole.j:
			return faultf("fragment", f.first(), "name steps in their order, none left out; move the others away first", "%q does not follow %q directly", f.first(), whole.last().stepID())
		default:
			last := whole.last()
			if next := last.str("next"); c.exact {
				// The script says what becomes of jumps.
			} else if next == f.first() {
				last.assign("next", nil)
			} else if next != "" || last.stepKind() == kindEnd {
				return faultf("jump", last.stepID(), "", "%q does not go on with %q", last.stepID(), f.first())
			}
			whole.j = f.j
		}
		if why := e.selfContained(f, i == 0); why != nil && !c.exact {
			return why
		}
		branches.items = append(branches.items, mapValue(entry{key: "do", value: listValue(f.steps()...)}))
		parts = append(parts, f)
	}
	if c.exact {
		for i, b := range c.v.get("branches").items {
			b.assign("do", branches.items[i].get("do"))
		}
		whole.in.splice(whole.i, whole.j, c.v)
		return nil
	}
	if why := e.beside(parts...); why != nil {
		return why
	}
	block := mapValue(entry{key: "parallel", value: stringValue(c.named(blockID("parallel", c.nodes[0])))}, entry{key: "branches", value: listValue()})
	if why := e.enclose(whole, block, mapValue(), "do", true); why != nil {
		return why
	}
	block.assign("branches", branches)
	return nil
}

// selfContained checks that no jumps lead into a fragment that will be a branch, but to its first step if that is
// allowed.
func (e *editor) selfContained(f stretch, first bool) *fault {
	for _, r := range e.o.mentions() {
		if r.jump() && !f.has(r.from) && f.has(e.o.sites[r.target()]) && !(first && r.target() == f.first()) {
			return faultf("jump", r.from.id, "lead the jump elsewhere first", "%q jumps to %q, which will be within a branch", r.from.id, r.target())
		}
	}
	return nil
}

// branchOf is the number of the branch of p that s lies in, -1 if it does not.
func (s *site) branchOf(p *site) int {
	for ; s != nil; s = s.outer() {
		if s.outer() == p {
			return s.in.kase
		}
	}
	return -1
}

// fork is the innermost parallel of which the steps lie in different branches, and these branches.
func (e *editor) fork(ids []string) (*site, []int, *fault) {
	var steps []*site
	for _, id := range ids {
		s, why := e.o.site(id)
		if why != nil {
			return nil, nil, why
		}
		steps = append(steps, s)
	}
	for p := steps[0].outer(); p != nil; p = p.outer() {
		var branches []int
		for _, s := range steps {
			if b := s.branchOf(p); b >= 0 && !slices.Contains(branches, b) && p.kind == kindParallel {
				branches = append(branches, b)
			}
		}
		if len(branches) == len(steps) {
			return p, branches, nil
		}
	}
	return nil, nil, faultf("parallel", ids[0], "name a step of each of the branches", "%s do not lie in different branches of one parallel", listed(ids))
}

func (e *editor) serialize(c *Change) *fault {
	if len(c.nodes) < 2 {
		return faultf("parallel", "", "name a step of each of the branches", "there is nothing to put into an order")
	}
	p, branches, why := e.fork(c.nodes)
	if why != nil {
		return why
	}
	var steps []*value
	for _, b := range branches {
		steps = append(steps, p.body(b).items()...)
	}
	return e.unite(p, branches, steps)
}

// unite makes one branch, of the steps given, of several branches of a parallel, in the place of the first of them; if
// there are no others, it dissolves the parallel.
func (e *editor) unite(p *site, branches []int, steps []*value) *fault {
	list := p.v.get("branches").items
	if len(branches) == len(list) {
		return e.spill(p, steps)
	}
	var rest []*value
	for i, b := range list {
		switch {
		case i == slices.Min(branches):
			list[branches[0]].assign("do", listValue(steps...))
			rest = append(rest, list[branches[0]])
		case !slices.Contains(branches, i):
			rest = append(rest, b)
		}
	}
	p.v.assign("branches", listValue(rest...))
	return nil
}
