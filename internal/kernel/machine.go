package kernel

import (
	"fmt"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/petri"
	"github.com/replank/replank/internal/program"
)

// Machine runs instances of one program. It is immutable and safe for concurrent use; the states are not.
type Machine struct {
	p         *program.Program
	nodes     []node
	closes    [][]int32  // by transition: nodes whose work ends when it fires
	decisions [][]Digest // by decision and flow
	witness   []int32    // by node: index in State.Actors, -1
	byNode    [][]int32  // by node: its decisions (a "while" test has two)
	watched   []int      // rules whose states instances keep
	cyclic    bool       // see Cyclic
	blind     bool       // keeps no digests: for the benchmark of what they cost
}

// node is what the machine derives from a program node.
type node struct {
	start    Digest                      // of letter Start
	partial  [program.Occur + 1][]Digest // of Complete and Occur, by the set of optional outputs that are left out
	optional []uint16                    // by output of the program's node: its bit in those sets, if it may be left out; else 0
	caught   Digest                      // of the catch of the node's own error code, with all outputs
	catchers []int32                     // error boundary events around it, innermost first
}

// New returns a machine for p.
func New(p *program.Program) *Machine {
	m := &Machine{p: p, nodes: make([]node, len(p.Nodes)), byNode: make([][]int32, len(p.Nodes))}
	m.witness = make([]int32, len(p.Nodes))
	for i := range p.Nodes {
		m.witness[i] = -1
		m.prepare(int32(i))
		m.nodes[i].catchers = m.catchers(int32(i))
	}
	for k, w := range p.Witnesses {
		m.witness[w] = int32(k)
	}
	for i := range p.Rules {
		if p.Rules[i].Refuse || p.Rules[i].Flag {
			m.watched = append(m.watched, i)
		}
	}
	m.decisions = make([][]Digest, len(p.Decisions))
	for i := range p.Decisions {
		d := &p.Decisions[i]
		m.byNode[d.Node] = append(m.byNode[d.Node], int32(i))
		for _, f := range d.Flows {
			m.decisions[i] = append(m.decisions[i], prf(p.Nodes[d.Node].ID, phaseDecided, f.ID))
		}
	}
	m.cyclic = cycles(m)
	m.closes = make([][]int32, p.Net.Len())
	for t := range m.closes {
		takes := p.Net.Trans(t).Takes()
		for i := range p.Nodes {
			n := &p.Nodes[i]
			own := p.Acts[t].Phase == program.Start && p.Acts[t].Node == int32(i)
			if !own && (takes.Has(n.Wait) || takes.Has(n.Running) || p.Acts[t].Node != int32(i) && m.undecided(int32(i), takes)) {
				m.closes[t] = append(m.closes[t], int32(i))
			}
		}
	}
	return m
}

// undecided reports whether one of places is where the token of a gateway lies that could not decide: who takes it away
// ends the gateway's incident.
func (m *Machine) undecided(node int32, places petri.Marking) bool {
	for _, d := range m.byNode[node] {
		for _, t := range m.entry(d) {
			if places.Meets(m.p.Net.Trans(int(t)).Pre) {
				return true
			}
		}
	}
	return false
}

// catchers lists the error boundary events that can catch an error of node i: its own, then those of the sub-processes
// around it; of one host those that name a code before the one that takes any.
func (m *Machine) catchers(i int32) []int32 {
	var out []int32
	attached := func(host int32) {
		var any []int32
		for j := range m.p.Nodes {
			n := &m.p.Nodes[j]
			switch {
			case n.Host != host || n.Kind != program.BoundaryEvent || n.Timer != nil || n.Message != "":
			case n.Code == "":
				any = append(any, int32(j))
			default:
				out = append(out, int32(j))
			}
		}
		out = append(out, any...)
	}
	attached(i)
	for sc := m.p.Nodes[i].Scope; sc >= 0; sc = m.p.Scopes[sc].Parent {
		if host := m.p.Scopes[sc].Node; host >= 0 {
			attached(host)
		}
	}
	return out
}

// Catcher is the error boundary event that catches the business error code of the task at node, or -1.
func (m *Machine) Catcher(node int32, code string) int32 {
	for _, b := range m.nodes[node].catchers {
		if c := m.p.Nodes[b].Code; c == "" || c == code {
			return b
		}
	}
	return -1
}

// Program returns the program that m runs.
func (m *Machine) Program() *program.Program { return m.p }

// NewState returns the state of an instance that does not exist yet: the only command for it is Start.
func (m *Machine) NewState() *State {
	s := &State{}
	m.Shape(s)
	return s
}

// Shape gives s the lengths that m's program needs, keeping what it holds: a decoded head may be shorter where it ended
// in zeros. Call it once after decoding.
func (m *Machine) Shape(s *State) {
	s.machine = m
	s.Marking = grow(s.Marking, m.p.Net.Words())
	s.Slots = grow(s.Slots, len(m.p.Vars))
	s.Loops = grow(s.Loops, len(m.p.Loops))
	s.Actors = grow(s.Actors, len(m.p.Witnesses))
	if len(m.watched) > 0 {
		s.Rules = grow(s.Rules, len(m.p.Rules))
	}
	s.values = grow(s.values, len(m.p.Vars))
	s.frontier = grow(s.frontier, len(m.p.Net.NewFrontier()))
}

func grow[S ~[]E, E any](s S, n int) S {
	if len(s) >= n {
		return s
	}
	return append(s, make(S, n-len(s))...)
}

// Forget drops the values that s keeps in memory; they are read again when they are needed.
func (s *State) Forget() {
	clear(s.values)
	s.valueBytes = 0
}

// ValueBytes is roughly how much memory the values take that s keeps.
func (s *State) ValueBytes() int { return s.valueBytes }

// Slot implements expr.Vars during a command: the current value of a variable (what was written last, else its
// default, else absent), or the result for slots after the last variable.
func (s *State) Slot(i int) expr.Value {
	if i >= len(s.Slots) {
		return s.result
	}
	if s.past != nil {
		return s.past.at(i, s.machine.p.Vars[i].Default)
	}
	if s.Slots[i] == 0 {
		return s.machine.p.Vars[i].Default
	}
	if v := s.values[i]; !v.Absent() || s.source == nil || s.readErr != nil {
		return v
	}
	v, err := s.source.Value(i, s.Slots[i])
	if err != nil {
		s.readErr = err
		return expr.Value{}
	}
	s.keep(i, v)
	return v
}

// keep holds a value in memory. What a replay holds is counted at its end.
func (s *State) keep(slot int, v expr.Value) {
	if s.past != nil {
		s.values[slot] = v
		return
	}
	if old := s.values[slot]; !old.Absent() {
		s.valueBytes -= old.Size()
	}
	s.values[slot] = v
	if !v.Absent() {
		s.valueBytes += v.Size()
	}
}

// Var returns the value of a variable: what was written last, else its default, else absent. ErrRead if it cannot be
// read.
func (m *Machine) Var(s *State, ctx Context, slot int) (expr.Value, error) {
	s.begin(ctx)
	v := s.Slot(slot)
	return v, s.end()
}

// begin makes stored values readable for one command, end stops it and returns what went wrong with reading.
func (s *State) begin(ctx Context) { s.source, s.readErr = ctx.Values, nil }

func (s *State) end() error {
	err := s.readErr
	s.source, s.readErr, s.result = nil, nil, expr.Value{}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRead, err)
	}
	return nil
}

var _ expr.Vars = (*State)(nil)

// unblock puts the entry transitions of a node's decisions back into the frontier.
func (m *Machine) unblock(f petri.Frontier, node int32) {
	for _, d := range m.byNode[node] {
		for _, t := range m.entry(d) {
			f.Add(int(t))
		}
	}
}

// block takes them out: the decision cannot be made now.
func (m *Machine) block(f petri.Frontier, node int32) {
	for _, d := range m.byNode[node] {
		for _, t := range m.entry(d) {
			f.Drop(int(t))
		}
	}
}

// entry lists the transitions that a decision may fire first.
func (m *Machine) entry(d int32) []int32 {
	if x := &m.p.Decisions[d]; !x.Inclusive {
		return x.Take
	} else if len(x.Entry) > 0 {
		return x.Entry
	} else {
		return x.Chain[:min(2, len(x.Chain))]
	}
}
