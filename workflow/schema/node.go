package schema

// Kind is the kind of a node, in the terms of BPMN 2.0.
type Kind uint8

// Kinds of nodes. The values are durable.
const (
	UserTask Kind = iota + 1
	ServiceTask
	ScriptTask
	RuleTask
	SendTask
	ReceiveTask
	ManualTask
	CallActivity
	SubProcess       // subprocess, each
	EventSubProcess  // event of a process or subprocess, with what follows it
	ExclusiveGateway // choose, repeat, gateway kind: exclusive
	ParallelGateway  // parallel, gateway kind: parallel
	InclusiveGateway // some, gateway kind: inclusive
	EventGateway     // race, gateway kind: event
	StartEvent
	CatchEvent // wait, and the events of a race
	ThrowEvent // throw, compensate
	BoundaryEvent
	EndEvent
)

var kindNames = [...]string{
	UserTask: "user task", ServiceTask: "service task", ScriptTask: "script task", RuleTask: "rule task", SendTask: "send task",
	ReceiveTask: "receive task", ManualTask: "manual task", CallActivity: "call activity", SubProcess: "subprocess",
	EventSubProcess: "event subprocess", ExclusiveGateway: "exclusive gateway", ParallelGateway: "parallel gateway",
	InclusiveGateway: "inclusive gateway", EventGateway: "event gateway", StartEvent: "start event", CatchEvent: "catch event",
	ThrowEvent: "throw event", BoundaryEvent: "boundary event", EndEvent: "end event",
}

// String is the name of the kind: "user task".
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown kind"
}

// Node is a step or an event of a Process, read only. Blocks count as the gateway that opens them.
type Node struct {
	process *Process
	step    *step
}

// ID is the node's id, unique in the process and stable across its versions.
func (n *Node) ID() string { return n.step.id.s }

// Was is the node's id in earlier versions, "" if it was the same.
func (n *Node) Was() string { return n.step.was.s }

// Title is the node's title, "" if it has none.
func (n *Node) Title() string { return n.step.title.s }

// Kind is the node's kind.
func (n *Node) Kind() Kind { return n.step.nodeKind() }

// Pos is where the source introduces the node.
func (n *Node) Pos() Pos { return n.process.source.pos(n.step.id.at) }

// Handler is the registered kind that serves a service task; "" for other nodes.
func (n *Node) Handler() string {
	if n.step.kind != kindService {
		return ""
	}
	return n.step.handlerName()
}

// Groups are the candidate groups of a user task, in the order written. The slice is the caller's.
func (n *Node) Groups() []string { return strs(n.step.groups) }

// Writes are the variables that the node writes, in the order written. The slice is the caller's.
func (n *Node) Writes() []string {
	var names []string
	for i := range n.step.out {
		names = append(names, n.step.out[i].variable.s)
	}
	for i := range n.step.set {
		names = append(names, n.step.set[i].variable.s)
	}
	for _, out := range n.step.tableOutputs() {
		names = append(names, out.variable.s)
	}
	return names
}

// nodeKind is the public kind of a step.
func (s *step) nodeKind() Kind {
	switch s.kind {
	case kindUser:
		return UserTask
	case kindService:
		return ServiceTask
	case kindScript:
		return ScriptTask
	case kindRules:
		return RuleTask
	case kindSend:
		return SendTask
	case kindReceive:
		return ReceiveTask
	case kindManual:
		return ManualTask
	case kindCall:
		return CallActivity
	case kindWait:
		return CatchEvent
	case kindThrow, kindCompensate:
		return ThrowEvent
	case kindEnd:
		return EndEvent
	case kindChoose, kindRepeat:
		return ExclusiveGateway
	case kindSome:
		return InclusiveGateway
	case kindRace:
		return EventGateway
	case kindParallel:
		return ParallelGateway
	case kindSubprocess, kindEach:
		return SubProcess
	case kindGateway:
		switch s.split.s {
		case "parallel":
			return ParallelGateway
		case "inclusive":
			return InclusiveGateway
		case "event":
			return EventGateway
		}
		return ExclusiveGateway
	}
	switch s.role {
	case roleRace:
		return CatchEvent
	case roleBoundary:
		return BoundaryEvent
	case roleHandler:
		return EventSubProcess
	case roleStart:
		return StartEvent
	}
	return 0
}

func strs(list []text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.s
	}
	return out
}
