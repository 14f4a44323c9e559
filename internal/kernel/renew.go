package kernel

// Renew makes s, which was a state of m, what NewState returns, in the memory that s has.
func (m *Machine) Renew(s *State) {
	s.Forget()
	s.frontier.Reset()
	clear(s.Marking)
	clear(s.Slots)
	clear(s.Works)
	clear(s.Loops)
	clear(s.Actors)
	clear(s.Rules)
	*s = State{
		Scope: Scope{
			Marking: s.Marking, Slots: s.Slots, Works: s.Works[:0], Loops: s.Loops,
			Superseded: s.Superseded[:0], EnvWritten: s.EnvWritten[:0], Tags: s.Tags[:0],
		},
		Children: s.Children[:0], Actors: s.Actors, Rules: s.Rules,
		values: s.values, frontier: s.frontier, closed: s.closed[:0], violated: s.violated[:0],
	}
	m.Shape(s)
}
