package schema

// Limits of a source. They bound what reading and checking it may cost, whoever wrote it; real processes stay far
// below.
const (
	MaxSize     = 1 << 20  // bytes of a source
	MaxSteps    = 4096     // steps and events of a process
	MaxNesting  = 32       // blocks within blocks
	MaxID       = 128      // bytes of an id or the name of a variable
	MaxVars     = 4096     // variables of a process, those of its subprocesses included
	MaxText     = 64 << 10 // bytes of one scalar
	MaxFindings = 100      // findings reported for a source; the rest is counted
)

// maxDepth bounds the nesting of values in a source: a step in a step takes up to four levels.
const maxDepth = 4*MaxNesting + 32
