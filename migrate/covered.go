package migrate

import "github.com/replank/replank/internal/program"

// covered are the kinds of nodes that the oracle of the tests covers: its random schemas have them all, in blocks and in
// graphs with jumps, and its naive interpreter knows them. The relaxations were shown right for these; what has another
// node gets the strict criterion only, which stands on the kernel alone.
var covered = map[program.Kind]bool{
	program.UserTask: true, program.ServiceTask: true, program.ScriptTask: true, program.ReceiveTask: true,
	program.SubProcess: true, program.ExclusiveGateway: true, program.ParallelGateway: true,
	program.InclusiveGateway: true, program.EventGateway: true, program.CatchEvent: true,
	program.BoundaryEvent: true, program.EndEvent: true,
}

// relaxable reports whether runs of a schema may be judged by more than the strict criterion.
func relaxable(p *program.Program) bool {
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if !covered[n.Kind] || n.Each != nil || n.Signal != "" || n.Condition != nil {
			return false
		}
	}
	return len(p.Children) == 0
}
