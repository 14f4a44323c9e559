package schema

import (
	"slices"

	"github.com/replank/replank/internal/expr"
)

// This file is what a reader of another notation needs, which builds a process and wants findings to point into its
// own source.

// Source says that the process is read from a text in another notation, to which the positions of Builder.Line,
// Step.Line, Case.Line and Found belong: findings name it and show its lines. src must be UTF-8; it is not kept.
func (b *Builder) Source(name string, src []byte) *Builder {
	b.source = newSource(name, src)
	b.source.other = true
	for i, line := range b.source.lines {
		if len(line) > longestLine {
			b.source.lines[i] = ""
		}
	}
	return b
}

// longestLine bounds the lines of a source that findings show, in bytes: a file may be one line of megabytes.
const longestLine = 4 << 10

// Line says where in the source the process stands: line and column, in characters, from 1.
func (b *Builder) Line(line, col int) *Builder {
	b.at = mark{line, col}
	return b
}

// Found adds findings of the reader that calls the Builder. If one is Fatal, Build fails with all of them and looks at
// nothing else; warnings are shown by Process.Verify.
func (b *Builder) Found(list ...Finding) *Builder {
	b.found = append(b.found, list...)
	return b
}

// Line says where in the source the step stands: line and column, in characters, from 1. What was given before and has
// no place of its own stands there too.
func (s Step) Line(line, col int) Step { return Step{s.v.placed(mark{line, col})} }

// Line says where in the source the case stands, as Step.Line does.
func (c Case) Line(line, col int) Case { return Case{c.v.placed(mark{line, col})} }

// placed returns v with a place for whatever in it has none. v itself is not changed.
func (v *value) placed(at mark) *value {
	if v == nil || v.at != (mark{}) || at == (mark{}) {
		return v
	}
	c := *v
	c.at = at
	c.items = slices.Clone(v.items)
	for i, item := range c.items {
		c.items[i] = item.placed(at)
	}
	c.fields = slices.Clone(v.fields)
	for i := range c.fields {
		if c.fields[i].at == (mark{}) {
			c.fields[i].at = at
		}
		c.fields[i].value = c.fields[i].value.placed(at)
	}
	return &c
}

// reported are the findings given to Found, each with the line that it points at.
func (b *Builder) reported() []Finding { return b.located(b.found) }

// located are findings with the lines that they point at.
func (b *Builder) located(found []Finding) []Finding {
	list := slices.Clone(found)
	for i := range list {
		if f := &list[i]; b.source != nil && f.Pos.Line > 0 && f.Pos.Line <= len(b.source.lines) {
			f.Pos.File = b.source.name
			f.excerpt = b.source.lines[f.Pos.Line-1]
		}
	}
	return list
}

// Names returns the variables that a CEL expression uses, each once. The error says that it is
// no CEL; whether its types fit is not looked at.
func Names(cel string) ([]string, error) { return expr.Names(cel) }
