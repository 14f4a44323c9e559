// Package picture draws processes as BPMN does: a schema, what distinguishes two versions, how far an instance is, a run
// that a finding tells of. SVG is the picture itself, in one file that needs nothing else and is legible on light and dark
// pages; Mermaid is text that many sites draw.
//
// A picture shows the graph of the process (schema.Process.Graph): a block x is the gateways x and x.join. What Marks add
// is shown by colour, line and sign alike. Equal input gives equal bytes.
package picture

import (
	"github.com/replank/replank/internal/diagram"
	"github.com/replank/replank/workflow/schema"
)

// A Mark is what a picture says of a node or flow.
type Mark uint8

// Marks of an instance, of a difference and of a run that a finding tells of.
const (
	Done    Mark = iota + 1 // it was completed, or occurred
	Running                 // the instance waits for it
	Failed                  // it has an open incident
	Owed                    // a migration left it to be done, or undone
	Added
	Removed
	Moved   // it is elsewhere in the process
	Changed // it says something else
	OnTrace
)

var marks = [...]struct{ name, sign string }{
	Done: {"done", "✓"}, Running: {"running", "▶"}, Failed: {"failed", "!"}, Owed: {"owed", "↺"},
	Added: {"added", "+"}, Removed: {"removed", "−"}, Moved: {"moved", "↔"}, Changed: {"changed", "≠"}, OnTrace: {"on-trace", ""},
}

// String is the name of the mark, "done".
func (m Mark) String() string {
	if int(m) < len(marks) && m > 0 {
		return marks[m].name
	}
	return "none"
}

// MarshalText is String.
func (m Mark) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// Marks are what a picture shows beside the process. The nil Marks are none. What a picture does not have is left aside.
type Marks struct {
	Nodes map[string]Mark  `json:"nodes,omitempty"` // by id of a flow node
	Flows map[string]Mark  `json:"flows,omitempty"` // by id of a sequence flow
	Order map[string][]int `json:"order,omitempty"` // by id of a flow node: its numbers in a run, from 1
}

func newMarks() *Marks {
	return &Marks{Nodes: map[string]Mark{}, Flows: map[string]Mark{}, Order: map[string][]int{}}
}

func (m *Marks) node(id string) Mark {
	if m == nil {
		return 0
	}
	return m.Nodes[id]
}

func (m *Marks) flow(id string) Mark {
	if m == nil {
		return 0
	}
	return m.Flows[id]
}

func (m *Marks) order(id string) []int {
	if m == nil {
		return nil
	}
	return m.Order[id]
}

// A Picture is a graph with marks, ready to be written. It is immutable.
type Picture struct {
	graph *schema.Graph
	title string
	marks *Marks
}

// Schema is the picture of a process, with marks of the caller's; nil are none.
func Schema(p *schema.Process, m *Marks) *Picture { return &Picture{p.Graph(), heading(p), m} }

// SVG is the picture in SVG 1.1.
func (p *Picture) SVG() []byte {
	return (&canvas{d: diagram.Of(p.graph), marks: p.marks}).draw(p.title)
}

// Mermaid is the picture as a Mermaid flowchart.
func (p *Picture) Mermaid() string { return chart(p.graph, p.marks) }

// Marks are what the picture shows beside the process; nil if it shows nothing. They must not be changed.
func (p *Picture) Marks() *Marks { return p.marks }

// heading is what a picture is called.
func heading(p *schema.Process) string {
	if p.Title() != "" {
		return p.Title()
	}
	return p.ID()
}
