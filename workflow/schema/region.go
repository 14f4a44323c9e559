package schema

import (
	"slices"
	"strings"

	"github.com/replank/replank/internal/program"
)

// This file finds what of a process a change may affect: the change region (van der Aalst, "Exterminating the dynamic
// change bug", Information Systems Frontiers 3, 2001), with single entry and single exit (Johnson, Pearson, Pingali, "The
// program structure tree", PLDI 1994), and with what data carries further.

// Region is the ids of the nodes whose behaviour may differ between the two processes: whether and how often they happen,
// beside what, with which data. As long as a run has met none of them, nor anything that flows lead to from them, or from
// the border of a subprocess around them, it is a run of both. (A run that has met what lies behind the region, but not
// the region, may be one of From alone: of a version without the step that was inserted.) They are in document order of
// To; the removed ones, in that of From, come last. The slice is the caller's.
//
// It is the smallest set that holds:
//
//   - control: for flows that are in one graph only (Process.Graph), joined where they touch, all that lies between the
//     nearest node through which every way to them leads and the nearest through which every way from them leads, in both
//     graphs together, these two left out unless they are in a circle with the rest; and nodes of which a key says
//     something else, titles and docs left aside;
//   - decisions: with a gateway that decides by other guards, or on other data, all up to where its ways meet again; in
//     the same way with a host whose events differ;
//   - data: the nodes that read a variable of which the declaration differs, or which a node of the region or a removed
//     one writes.
//
// Of processes of ParseControl data is unknown and left aside.
func (d *Diff) Region() []string {
	r := newRegion(d)
	r.flows()
	r.unconnected()
	r.touched()
	r.spread()
	return r.ids()
}

// Inert reports whether the difference is of no consequence for running instances: only titles, docs and "was" are
// other ones, and no node has another id.
func (d *Diff) Inert() bool {
	for i := range d.Changes {
		switch c := &d.Changes[i]; c.op {
		case opSet:
			if !inert(c.text) {
				return false
			}
		case opUpdate:
			if slices.ContainsFunc(c.nodes, func(key string) bool { return !inert(key) }) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func inert(key string) bool { return key == "title" || key == "doc" || key == "was" }

// region is one in the course of being found. Nodes have the names that they have in the target; removed ones have
// their own, with a mark if the target has given that to another node.
type region struct {
	d      *Diff
	unions map[string]*union // by scope
	sides  [2]*version       // from, to
	in     map[string]bool   // nodes of the region
	vars   map[string]bool   // variables whose values may differ: names in programs
	all    bool
}

// version is one of the two graphs.
type version struct {
	p     *Process
	graph *Graph
	name  func(id string) string // of a flow node, among both
	scope map[string]string      // name of a flow node -> name of its subprocess, "" for the process
	host  map[string]string      // name of an event -> that of its host or race
}

// gone marks the names of removed nodes.
const gone = "-"

func newRegion(d *Diff) *region {
	now := map[string]string{} // id in From -> name
	for _, s := range d.To.all {
		if old := d.before(s.id.s); d.From.byID[old] != nil {
			now[old] = s.id.s
		}
	}
	old := func(id string) string {
		base, suffix := id, ""
		if i := strings.IndexByte(id, ':'); i >= 0 {
			base, suffix = id[:i], id[i:]
		} else if bare, ok := strings.CutSuffix(id, joinSuffix); ok {
			base, suffix = bare, joinSuffix
		}
		if name, kept := now[base]; kept {
			return name + suffix
		} else if base == "" {
			return id
		}
		return gone + id
	}
	r := &region{d: d, unions: map[string]*union{}, in: map[string]bool{}, vars: map[string]bool{}}
	r.sides[0] = newVersion(d.From, old)
	r.sides[1] = newVersion(d.To, func(id string) string { return id })
	for i, v := range r.sides {
		for _, n := range v.graph.Nodes {
			name := v.name(n.ID)
			u := r.union(v.scope[name])
			switch end := v.scope[name] + ":end"; {
			case n.Host != "" && n.Node != nil: // not a compensation, to which no flows lead
				u.add(v.host[name], name, "", i)
			case n.Kind == StartEvent && n.Node != nil && n.Scope == "":
				u.add(":start", name, "", i)
			case n.Kind == EndEvent && name != end || n.Kind == ThrowEvent && n.Node != nil && n.Node.step.stops():
				u.add(name, end, "", i)
			}
		}
		for _, f := range v.graph.Flows {
			from := v.name(f.From)
			r.union(v.scope[from]).add(from, v.name(f.To), f.Name, i)
		}
	}
	return r
}

func newVersion(p *Process, name func(string) string) *version {
	v := &version{p: p, graph: p.Graph(), name: name, scope: map[string]string{}, host: map[string]string{}}
	for _, n := range v.graph.Nodes {
		if n.Scope != "" {
			v.scope[name(n.ID)] = name(n.Scope)
		}
		if n.Host != "" {
			v.host[name(n.ID)] = name(n.Host)
		} else if n.Node != nil && n.Node.step.race != nil {
			v.host[name(n.ID)] = name(n.Node.step.race.id.s)
		}
	}
	return v
}

func (r *region) union(scope string) *union {
	u := r.unions[scope]
	if u == nil {
		u = newUnion(scope)
		r.unions[scope] = u
	}
	return u
}

// flows adds what lies around flows that are in one graph only.
func (r *region) flows() {
	type end struct {
		name, scope string
		side        int
	}
	groups := map[string][]end{} // by representative
	leader := map[string]string{}
	find := func(x string) string {
		for leader[x] != "" && leader[x] != x {
			x = leader[x]
		}
		return x
	}
	var ends []end
	scopes := make([]string, 0, len(r.unions))
	for scope := range r.unions { //lint:sorted sorted on the next line
		scopes = append(scopes, scope)
	}
	slices.Sort(scopes)
	for _, scope := range scopes {
		u := r.unions[scope]
		for _, f := range u.flows {
			if f.sides == both {
				continue
			}
			leader[find(f.from)] = find(f.to)
			side := int(f.sides) - 1
			ends = append(ends, end{f.from, scope, side}, end{f.to, scope, side})
			for _, name := range []string{f.from, f.to} {
				if r.sides[side].host[name] == f.from && name == f.to { // an event is new, or is not there any more
					r.decision(f.from)
				}
			}
		}
	}
	var order []string
	for _, e := range ends {
		g := find(e.name)
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], e)
	}
	for _, g := range order {
		// The innermost scope around all of them; what lies deeper counts as the subprocess in that scope.
		common := r.chain(groups[g][0].side, groups[g][0].scope)
		for _, e := range groups[g] {
			chain := r.chain(e.side, e.scope)
			n := 0
			for n < len(common) && n < len(chain) && common[n] == chain[n] {
				n++
			}
			common = common[:n]
		}
		scope := common[len(common)-1]
		var names []string
		for _, e := range groups[g] {
			name := e.name
			if chain := r.chain(e.side, e.scope); len(chain) > len(common) {
				name = chain[len(common)]
			}
			names = append(names, name)
		}
		entry, exit := r.unions[scope].around(names)
		lead, trail := r.unions[scope].circles(entry, exit)
		for _, name := range r.unions[scope].between(entry, exit) {
			if !r.inBoth(name) || (name != entry || lead) && (name != exit || trail) {
				r.enter(name)
			}
		}
	}
}

// chain are the scopes around and with a scope, the process first.
func (r *region) chain(side int, scope string) []string {
	var chain []string
	for ; scope != ""; scope = r.sides[side].scope[scope] {
		chain = append(chain, scope)
	}
	chain = append(chain, "")
	slices.Reverse(chain)
	return chain
}

func (r *region) inBoth(name string) bool {
	return !strings.HasPrefix(name, gone) && r.d.To.byID[strings.TrimSuffix(name, joinSuffix)] == nil ||
		r.d.From.byID[r.d.before(strings.TrimSuffix(name, joinSuffix))] != nil
}

// enter adds a node, and all within it if it is a subprocess.
func (r *region) enter(name string) {
	if r.in[name] {
		return
	}
	r.in[name] = true
	if u := r.unions[name]; u != nil {
		for _, inner := range u.nodes {
			r.enter(inner)
		}
	}
}

// decision adds a node and all up to where its ways meet again.
func (r *region) decision(name string) {
	for side := range r.sides {
		u := r.unions[r.sides[side].scope[name]]
		if u == nil {
			continue
		}
		if _, known := u.index[name]; !known {
			continue
		}
		exit := u.meeting(name)
		for _, n := range u.between(name, exit) {
			if n != exit {
				r.enter(n)
			}
		}
	}
}

// node adds a node of which something of its own differs, with what that entails.
func (r *region) node(name string) {
	r.enter(name)
	for i, v := range r.sides {
		s := v.p.byID[r.idIn(v, name)]
		if s == nil {
			continue
		}
		if host := v.host[name]; host != "" && anyEvent.has(s.kind) {
			r.decision(host)
		}
		if s.role == roleHandler {
			r.around(name, i)
		}
		switch s.nodeKind() {
		case ExclusiveGateway, InclusiveGateway, EventGateway, ParallelGateway:
			r.decision(name)
			r.decision(name + joinSuffix)
		}
	}
}

// idIn is the id of a named node in a version.
func (r *region) idIn(v *version, name string) string {
	if v == r.sides[1] {
		return name
	}
	if id, removed := strings.CutPrefix(name, gone); removed {
		return id
	}
	return r.d.before(name)
}

// ids are the nodes of the region.
func (r *region) ids() []string {
	var ids []string
	for _, s := range r.d.To.all {
		if r.all || r.in[s.id.s] || r.in[s.id.s+joinSuffix] && s.kind == kindRepeat {
			ids = append(ids, s.id.s)
		}
	}
	return append(ids, r.d.Removed()...)
}

// unconnected adds nodes that are new, gone or elsewhere, which no flow may lead to: compensations, and event
// sub-processes, which concern all that is around them.
func (r *region) unconnected() {
	for _, id := range slices.Concat(r.d.Added(), r.d.Moved()) {
		r.node(id)
	}
	for _, id := range r.d.Removed() {
		if r.d.From.byID[id].role == roleHandler {
			r.around(gone+id, 0)
		}
	}
}

// around adds all that is around an event sub-process.
func (r *region) around(name string, side int) {
	if scope := r.sides[side].scope[name]; scope != "" {
		r.enter(scope)
	} else {
		r.all = true
	}
}

// touched adds nodes of which a key, or a guard, says something else, and the variables that are declared otherwise.
func (r *region) touched() {
	for i := range r.d.Changes {
		switch c := &r.d.Changes[i]; c.op {
		case opUpdate:
			if slices.ContainsFunc(c.nodes, func(key string) bool { return !inert(key) && key != "next" }) {
				r.node(c.node)
			}
		case opReplace:
			r.node(c.node)
		case opSetGuard, opSetCase, opInsertCase, opDeleteCase, opMoveCase:
			r.node(c.node)
		case opSet:
			r.key(c.text)
		}
	}
	old, now := declarations(r.d.From), declarations(r.d.To)
	for _, d := range slices.Concat(r.d.From.vars, r.d.To.vars) {
		if name := d.name.s; !sameValue(old[name], now[name]) {
			r.vars[name] = true
		}
	}
}

// declarations are what the declarations of variables say of their values.
func declarations(p *Process) map[string]*value {
	all := map[string]*value{}
	for _, d := range p.vars {
		v := mapValue(entry{key: "type", value: stringValue(d.typ.s)})
		if d.initial.given() {
			v = v.set("default", canonical(d.initial.tree))
		}
		all[d.name.s] = v
	}
	return all
}

// key adds what a key of the process concerns.
func (r *region) key(key string) {
	switch key {
	case "title", "doc", "process", "out":
	case "in":
		for _, v := range r.sides {
			for _, name := range v.p.In() {
				r.vars[name] = true
			}
		}
	case "vars": // in another order
	case "types":
		for _, v := range r.sides {
			for _, d := range v.p.Vars() {
				r.vars[d.Name] = true
			}
		}
	case "defaults":
		for _, s := range r.d.To.all {
			if s.kind == kindService {
				r.enter(s.id.s)
			}
		}
	default:
		r.all = true
	}
}

// spread adds what reads variables that what is in the region writes, until nothing is added.
func (r *region) spread() {
	if r.d.From.free || r.d.To.free {
		return
	}
	all := r.accesses()
	for changed := true; changed; {
		changed = false
		for _, u := range all {
			inside := r.in[u.node] || strings.HasPrefix(u.node, gone)
			if !inside && slices.ContainsFunc(u.reads, func(v string) bool { return r.vars[v] }) {
				r.node(u.node)
				inside, changed = true, true
			}
			for _, v := range u.writes {
				if inside && !r.vars[v] {
					r.vars[v], changed = true, true
				}
			}
		}
	}
}

// access is what a node reads and writes.
type access struct {
	node          string
	reads, writes []string
}

func (r *region) accesses() []access {
	var all []access
	var of func(v *version, prog *program.Program)
	of = func(v *version, prog *program.Program) {
		for i := range prog.Children {
			of(v, prog.Children[i].Program)
		}
		names := func(lists ...[]int) []string {
			var out []string
			for _, slot := range slices.Concat(lists...) {
				name := prog.Vars[slot].Name
				if i := strings.LastIndexByte(name, '.'); i > 0 { // of a scope, whose id may have dots
					name = v.name(name[:i]) + name[i:]
				}
				out = append(out, name)
			}
			return out
		}
		for i := range prog.Nodes {
			n := &prog.Nodes[i]
			all = append(all, access{v.name(n.ID), names(n.Reads, n.OutReads), names(n.Writes)})
		}
		for _, d := range prog.Decisions {
			u := access{node: v.name(prog.Nodes[d.Node].ID)}
			for _, f := range d.Flows {
				u.reads = append(u.reads, names(f.Reads)...)
			}
			all = append(all, u)
		}
	}
	for _, v := range r.sides {
		of(v, v.p.program)
	}
	return all
}
