package schema

import (
	"cmp"
	"slices"
	"strconv"
)

// A Graph is a process as BPMN draws it: flow nodes and the sequence flows between them. A block x is the gateways x and
// x.join; what the text leaves implicit, where a process or subprocess begins and ends, is drawn. Pictures, exports and
// comparisons start from it.
//
// A token that moves along the flows by the rules of BPMN 2.0 does what the compiled process does, with two liberties:
// the test of a repeat with "while" is drawn once, at its beginning, to which x.join leads back; and a gateway that only
// merges, "x:merge", is drawn where BPMN would count flows that the text does not count: before a parallel or some to which
// several lead, and behind an activity whose boundary events go on into a join with it.
type Graph struct {
	Nodes        []FlowNode // in document order: a subprocess before what lies in it, a host before its boundary events
	Flows        []SequenceFlow
	Associations []Association
}

// An Association leads from the boundary event "x:compensation" to the step that undoes x.
type Association struct {
	From, To string // ids of flow nodes
}

// A FlowNode is an activity, event or gateway of a Graph.
type FlowNode struct {
	// ID is that of the step or event, or x.join; or, where the text says nothing, "x:start" and "x:end" of subprocess x,
	// ":start" and ":end" of the process, "x:merge" and "x:compensation" (see Graph). No id of a text has a colon.
	ID    string
	Kind  Kind
	Title string // "" if it has none
	// Node is the step or event that it comes from, which x and x.join share; nil for one that the text leaves implicit.
	Node *Node
	// Scope is the id of the subprocess, each or event sub-process that it lies in directly, "" for the process. Boundary
	// events lie where their host lies.
	Scope string
	Host  string // boundary events: the id of their activity
	// Trigger is what an event waits for or does: "timer", "message", "signal", "condition", "error", "escalation",
	// "compensation", "cancel", "terminate"; "" if nothing particular.
	Trigger   string
	Interrupt bool // boundary events: it ends its host; event sub-processes and their starts: what is around them
	Joins     bool // the second gateway of a block

	Multi       string // each: "parallel" or "sequential"; "" of other nodes
	Transaction bool
	Undoes      string // the id of the activity that it compensates; "" of other nodes. No flow leads to it or away
}

// A SequenceFlow is a way that tokens take from one flow node to another in the same scope.
type SequenceFlow struct {
	// ID is its own id, or "source->target"; a second flow with the same ends has "#2" behind that, and so on.
	ID       string
	From, To string // ids of flow nodes
	// Name is what the decision of From calls the flow, and history.Event with it: its id, else its guard, "else",
	// "repeat" or "exit". "" where nothing decides.
	Name    string
	Guard   string // CEL, "" if there is none. Of a repeat with "until", the exit has it
	Default bool   // taken if no guard holds
	Back    bool   // it begins the next iteration of a repeat
}

// Graph is the process as BPMN draws it. The caller may change it.
func (p *Process) Graph() *Graph {
	g := &grapher{p: p, joining: map[string]bool{}}
	g.note()
	g.starts(p.starts)
	g.scope(p.steps, "")
	g.handlers(p.handlers)
	g.prune()
	return &Graph{g.nodes, g.flows, g.ties}
}

// A grapher makes a graph. It goes through the lists of steps with what follows each, as the compiler does (connect in
// compile_layout.go); a test holds the two together.
type grapher struct {
	p       *Process
	nodes   []FlowNode
	flows   []SequenceFlow
	ties    []Association
	joining map[string]bool // ids of nodes that wait for all of their flows
}

// note finds the nodes at which each flow counts.
func (g *grapher) note() {
	for _, s := range g.p.all {
		switch {
		case s.kind == kindParallel, s.kind == kindSome:
			g.joining[s.id.s+".join"] = true
		case s.kind == kindGateway && (s.split.s == "parallel" || s.split.s == "inclusive"):
			g.joining[s.id.s] = true
		}
	}
}

// scope draws the process or a subprocess.
func (g *grapher) scope(list []*step, id string) {
	start, end := id+":start", id+":end"
	if id != "" || len(g.p.starts) == 0 {
		g.nodes = append(g.nodes, FlowNode{ID: start, Kind: StartEvent, Scope: id})
		g.flow(SequenceFlow{From: start, To: first(list, end)})
	}
	g.steps(list, end)
	g.nodes = append(g.nodes, FlowNode{ID: end, Kind: EndEvent, Scope: id})
}

// first is where a list begins: at its first step, or at what follows it.
func first(list []*step, after string) string {
	if len(list) > 0 {
		return list[0].id.s
	}
	return after
}

// steps draws a list that is followed by node after.
func (g *grapher) steps(list []*step, after string) {
	for i, s := range list {
		next := after
		if i+1 < len(list) {
			next = list[i+1].id.s
		}
		g.step(s, jump(s.target, next))
	}
}

// jump is where a jump leads, or else next.
func jump(target *step, next string) string {
	if target != nil {
		return target.id.s
	}
	return next
}

// node draws the node that a step or event begins with.
func (g *grapher) node(s *step) {
	n := FlowNode{
		ID: s.id.s, Kind: s.nodeKind(), Title: s.title.s, Node: g.p.nodes[s.index], Scope: scopeID(s), Trigger: s.trigger(),
	}
	switch {
	case s.host != nil && s.role == roleBoundary:
		n.Host, n.Interrupt = s.host.id.s, !s.beside
	case s.host != nil:
		n.Undoes = s.host.id.s
	}
	n.Transaction = s.transaction
	if s.kind == kindEach {
		n.Multi = cmp.Or(s.mode.s, "parallel")
	}
	g.nodes = append(g.nodes, n)
}

func scopeID(s *step) string {
	for at := s.within; at != nil; at = at.within {
		if at.kind == kindSubprocess || at.kind == kindEach || at.role == roleHandler {
			return at.id.s
		}
	}
	return ""
}

// step draws a step that is followed by node next, what lies in it and its boundary events.
func (g *grapher) step(s *step, next string) {
	g.node(s)
	id, join := s.id.s, s.id.s+".join"
	switch s.kind {
	case kindChoose, kindSome, kindParallel:
		for _, b := range s.cases {
			after := jump(b.target, join)
			g.branch(s, b, first(b.body, after))
			g.steps(b.body, after)
		}
		g.join(s, s.nodeKind(), next)
	case kindRace:
		for _, e := range s.events {
			g.flow(SequenceFlow{From: id, To: e.id.s})
			g.event(e, join)
		}
		g.join(s, ExclusiveGateway, next)
	case kindGateway:
		for _, b := range s.cases {
			g.branch(s, b, b.target.id.s)
		}
		if len(s.cases) == 0 {
			g.flow(SequenceFlow{From: id, To: next})
		}
	case kindRepeat:
		g.repeat(s, next)
	case kindSubprocess:
		g.scope(s.body, id)
		g.handlers(s.handlers)
		g.leave(s, next)
	case kindEach:
		g.scope(s.body, id)
		g.leave(s, next)
	default:
		g.leave(s, next)
	}
}

// leave draws the flow behind an activity or event, and its boundary events. They go on where it does: where each flow
// counts, by a gateway that makes theirs one.
func (g *grapher) leave(s *step, next string) {
	after := next
	if len(s.bounds) > 0 && g.joining[next] {
		after = s.id.s + ":merge"
	}
	if !s.stops() && s.role == roleNone && s.host == nil {
		g.flow(SequenceFlow{From: s.id.s, To: after})
	}
	g.compensation(s)
	for _, e := range s.bounds {
		g.event(e, after)
	}
	if after != next {
		g.nodes = append(g.nodes, FlowNode{ID: after, Kind: ExclusiveGateway, Scope: scopeID(s)})
		g.flow(SequenceFlow{From: after, To: next})
	}
}

// compensation draws the step that undoes s.
func (g *grapher) compensation(s *step) {
	if s.undo == nil || s.undo.step == nil {
		return
	}
	id := s.id.s + ":compensation"
	g.nodes = append(g.nodes, FlowNode{ID: id, Kind: BoundaryEvent, Scope: scopeID(s), Host: s.id.s, Trigger: "compensation"})
	g.step(s.undo.step, "")
	g.ties = append(g.ties, Association{id, s.undo.step.id.s})
}

// event draws an event and what follows it, which goes on at node after.
func (g *grapher) event(e *step, after string) {
	if e.beside {
		after = e.id.s + ":end"
		defer func() { g.nodes = append(g.nodes, FlowNode{ID: after, Kind: EndEvent, Scope: scopeID(e)}) }()
	}
	after = jump(e.target, after)
	g.node(e)
	g.flow(SequenceFlow{From: e.id.s, To: first(e.body, after)})
	g.steps(e.body, after)
}

// starts draws how instances begin.
func (g *grapher) starts(list []*step) {
	for _, e := range list {
		g.event(e, first(g.p.steps, ":end"))
	}
}

// handlers draws event sub-processes: each as a node, and what it does as its scope.
func (g *grapher) handlers(list []*step) {
	for _, e := range list {
		g.node(e)
		g.nodes[len(g.nodes)-1].Interrupt = !e.beside
		at := len(g.nodes)
		g.scope(e.body, e.id.s)
		g.nodes[at].Trigger, g.nodes[at].Interrupt = e.trigger(), !e.beside
	}
}

// join draws the second gateway of a block.
func (g *grapher) join(s *step, kind Kind, next string) {
	id := s.id.s + ".join"
	g.nodes = append(g.nodes, FlowNode{ID: id, Kind: kind, Node: g.p.nodes[s.index], Scope: scopeID(s), Joins: true})
	if s.kind != kindRepeat {
		g.flow(SequenceFlow{From: id, To: next})
	}
}

// branch draws the flow into a case, a branch or a flow of a gateway.
func (g *grapher) branch(s *step, b *branch, to string) {
	f := SequenceFlow{ID: b.id.s, From: s.id.s, To: to, Guard: b.when.s, Default: b.otherwise}
	if decides := s.kind != kindParallel && (b.when.given() || b.otherwise); decides {
		f.Name = (&compiler{}).flowID(s, b)
	}
	g.flow(f)
}

// repeat draws a loop that is followed by node next.
func (g *grapher) repeat(s *step, next string) {
	id, join := s.id.s, s.id.s+".join"
	head := first(s.body, join)
	if s.while.given() {
		g.flow(SequenceFlow{From: id, To: head, Name: flowRepeat, Guard: s.while.s})
		g.flow(SequenceFlow{From: id, To: next, Name: flowExit, Default: true})
	} else {
		g.flow(SequenceFlow{From: id, To: head})
	}
	g.steps(s.body, join)
	g.join(s, ExclusiveGateway, next)
	if s.while.given() {
		g.flow(SequenceFlow{From: join, To: id, Back: true})
		return
	}
	g.flow(SequenceFlow{From: join, To: next, Name: flowExit, Guard: s.until.s})
	g.flow(SequenceFlow{From: join, To: id, Name: flowRepeat, Default: true, Back: true})
}

// flow draws a flow.
func (g *grapher) flow(f SequenceFlow) { g.flows = append(g.flows, f) }

// prune takes away the joins, merges and ends that nothing leads to, and gives flows their ids.
func (g *grapher) prune() {
	in := map[string]int{}
	for i := range g.flows {
		in[g.flows[i].To]++
	}
	drawn := func(n *FlowNode) bool {
		return in[n.ID] > 0 || !n.Joins && (n.Node != nil || n.Kind == StartEvent || n.Kind == BoundaryEvent)
	}
	for {
		i := slices.IndexFunc(g.nodes, func(n FlowNode) bool { return !drawn(&n) })
		if i < 0 {
			break
		}
		id := g.nodes[i].ID
		g.nodes = slices.Delete(g.nodes, i, i+1)
		g.flows = slices.DeleteFunc(g.flows, func(f SequenceFlow) bool {
			if f.From == id {
				in[f.To]--
			}
			return f.From == id
		})
	}
	g.merge(in)
	taken := map[string]bool{}
	for i := range g.flows {
		taken[g.flows[i].ID] = true
	}
	for i := range g.flows {
		f := &g.flows[i]
		if f.ID != "" {
			continue
		}
		ends := f.From + "->" + f.To
		f.ID = ends
		for n := 2; taken[f.ID]; n++ {
			f.ID = ends + "#" + strconv.Itoa(n)
		}
		taken[f.ID] = true
	}
}

// merge draws the gateways before blocks that split to which several flows lead: there a token passes for each of them.
func (g *grapher) merge(in map[string]int) {
	for i := 0; i < len(g.nodes); i++ {
		n := g.nodes[i]
		if in[n.ID] < 2 || n.Joins || n.Node == nil || n.Node.step.kind != kindParallel && n.Node.step.kind != kindSome {
			continue
		}
		id := n.ID + ":merge"
		for k := range g.flows {
			if g.flows[k].To == n.ID {
				g.flows[k].To = id
			}
		}
		g.nodes = slices.Insert(g.nodes, i, FlowNode{ID: id, Kind: ExclusiveGateway, Scope: n.Scope})
		g.flow(SequenceFlow{From: id, To: n.ID})
		i++
	}
}

// trigger is what an event waits for or does.
func (s *step) trigger() string {
	switch {
	case s.pause.given(), s.instant.given(), s.every.given(), s.cron.given():
		return "timer"
	case s.kind == kindReceive, s.kind == kindSend:
		return "" // a task
	case s.messageName() != "":
		return "message"
	case s.signalName() != "":
		return "signal"
	case s.condition.given():
		return "condition"
	case s.kind == kindEscalation, s.escalation.given():
		return "escalation"
	case s.kind == kindCompensate, s.compensates:
		return "compensation"
	case s.kind == kindCancel, s.cancels:
		return "cancel"
	case s.kind == kindError, s.code.given():
		return "error"
	case s.kill:
		return "terminate"
	}
	return ""
}
