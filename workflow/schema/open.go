package schema

import "slices"

// This file is what a reader of another notation leaves open: an expression that it cannot translate, a choice that its
// source does not say how to make. The process is built with something in its place, so that it can be looked at,
// verified and compared, but it is not deployed before somebody settles what is open.

// Open adds findings of the reader that calls the Builder that do not keep Build from making the process: Verify shows
// them, and they are Fatal, so that Schemas, and with it a deployment, refuses the process with them.
func (b *Builder) Open(list ...Finding) *Builder {
	b.open = append(b.open, list...)
	return b
}

// Open are the findings that keep the process from being deployed until they are settled, though it was built; see
// Builder.Open. The slice is the caller's.
func (p *Process) Open() []Finding { return slices.Clone(p.open) }

// opened are the findings given to Open, each with the line that it points at.
func (b *Builder) opened() []Finding { return b.located(b.open) }
