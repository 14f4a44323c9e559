package schema

import (
	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// The compiler turns the tree of a process into its program in four passes, each in document order, so that every
// number it gives follows from the source alone:
//
//	layout  nodes, scopes, loops; the links by which tokens go from node to node      compile_layout.go
//	data    variables, expressions, what each node reads and writes                   compile_data.go
//	places  places of each node, inputs of joins                                      compile_places.go
//	net     transitions, and what firing each means                                   compile_net.go
//	        decisions and loops                                                       compile_split.go
//	        what throws, and what catches it                                          compile_event.go
//
// What may run in several copies is compiled to a program of its own, a child, in the data pass: compile_child.go.
//
// A change to the numbering of nodes, slots, loops, flows or places is a new program.Layout.

// compiler is the work in hand.
type compiler struct {
	p    *Process
	prog *program.Program
	findings

	// What is compiled: the process, or a child scope of node owner of another compiler.
	body, starts, handlers []*step
	outer                  *compiler // nil: the process
	owner                  int32
	root                   []*variable    // the variables of a child scope itself
	thrown                 []*step        // events of outer scopes that catch what is thrown in here
	terminates             bool           // an end in here ends the scope around it too
	terminating            map[int32]bool // nodes whose child does that

	// Layout.
	steps   []*step         // by node: the step that it comes from; nil never
	isJoin  []bool          // by node: it is the x.join of its step
	index   map[*step]int32 // the node that a step begins with
	joins   map[*step]int32 // the x.join of a block
	loopOf  map[*step]int32
	scopeOf map[*step]int32
	links   []*link
	follow  map[*step]*link   // where a step goes on; nil: it does not
	heads   map[*step]*link   // where the body of a step begins: repeat, subprocess, event
	cases   map[*branch]*link // where a branch begins
	first   *link             // where the process begins

	// Data.
	envs    []*expr.Env // by scope
	anyType expr.Type   // dyn
	guards  map[*branch]*expr.Program
	tests   map[*step]*expr.Program // of repeats

	// Places and transitions.
	net    petri.Builder
	in     []petri.Place    // by node: where its token arrives; NoPlace for joins and ends of event gateways' flows
	inputs [][]*link        // by node: the links that lead to a join
	chains map[int32]*chain // by node: the inclusive splits
	acts   []program.Act    // by provisional transition
	begin  petri.Place      // where starts take their token from; NoPlace: there are none
}

// A link is a way that the text gives for tokens to go on: the beginning of a body, or what follows a step, a case or
// an event. All tokens that go there for this reason arrive on the same flow, so that a join counts them once.
type link struct {
	to    int32       // node, or scopeEnds
	used  bool        // some reachable node sends tokens there
	place petri.Place // the input of a parallel or inclusive join, or of a fork's second flow to a node
}

// scopeEnds is the target of a link behind the last step of a scope: the token is consumed.
const scopeEnds = -1

// compile makes the compiled form of p. The findings say what of the data or the expressions is wrong; if one of them
// is fatal the program is nil.
func compile(p *Process) (*program.Program, []Finding) {
	c := newCompiler(p)
	c.run()
	c.rules()
	if refused(c.list) {
		return nil, c.list
	}
	return c.prog, c.list
}

// newCompiler is the work before its first pass.
func newCompiler(p *Process) *compiler {
	return &compiler{
		p: p, body: p.steps, starts: p.starts, handlers: p.handlers,
		prog: &program.Program{
			Process: p.id.s, Title: p.title.s, Digest: p.digest, Free: p.free,
			ByID: make(map[string]int),
		},
		findings: findings{source: p.source}, begin: petri.NoPlace,
		index: make(map[*step]int32), joins: make(map[*step]int32),
		loopOf: make(map[*step]int32), scopeOf: make(map[*step]int32),
		guards: make(map[*branch]*expr.Program), tests: make(map[*step]*expr.Program),
		terminating: make(map[int32]bool),
		follow:      make(map[*step]*link), heads: make(map[*step]*link), cases: make(map[*branch]*link),
	}
}

func (c *compiler) run() {
	c.layout()
	c.data()
	c.places()
	c.transitions()
}

// node returns the node with an index.
func (c *compiler) node(i int32) *program.Node { return &c.prog.Nodes[i] }
