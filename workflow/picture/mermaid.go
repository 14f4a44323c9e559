package picture

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/replank/replank/internal/diagram"
	"github.com/replank/replank/workflow/schema"
)

// chart is a graph as a Mermaid flowchart. Mermaid has no boundary events: one is a node that a dotted line joins to its
// host.
func chart(g *schema.Graph, m *Marks) string {
	c := &charter{g: g, marks: m, inside: map[string][]*schema.FlowNode{}}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		c.inside[n.Scope] = append(c.inside[n.Scope], n)
	}
	c.b.WriteString("flowchart LR\n")
	c.scope("", 1)
	c.links()
	c.classes()
	return c.b.String()
}

// A charter is a flowchart in the making.
type charter struct {
	g      *schema.Graph
	marks  *Marks
	inside map[string][]*schema.FlowNode
	b      strings.Builder
}

func (c *charter) line(depth int, format string, args ...any) {
	c.b.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&c.b, format+"\n", args...)
}

// scope writes the nodes of a scope, those of inner scopes within them.
func (c *charter) scope(id string, depth int) {
	for _, n := range c.inside[id] {
		if len(c.inside[n.ID]) > 0 {
			c.line(depth, "subgraph %s [%s]", handle(n.ID), c.text(n))
			c.line(depth+1, "direction LR")
			c.scope(n.ID, depth+1)
			c.line(depth, "end")
			continue
		}
		begin, end := brackets(n)
		c.line(depth, "%s%s%s%s", handle(n.ID), begin, c.text(n), end)
	}
}

// brackets give a node its shape.
func brackets(n *schema.FlowNode) (begin, end string) {
	switch {
	case n.Kind == schema.EndEvent:
		return "(((", ")))"
	case diagram.Round(n.Kind):
		return "((", "))"
	case diagram.Diamond(n.Kind):
		return "{", "}"
	}
	return "(", ")"
}

var gates = map[schema.Kind]string{
	schema.ExclusiveGateway: "×", schema.ParallelGateway: "+", schema.InclusiveGateway: "○", schema.EventGateway: "◎",
}

// text is what stands in a node: its numbers in a run, its sign, what it is called.
func (c *charter) text(n *schema.FlowNode) string {
	var parts []string
	for _, k := range c.marks.order(n.ID) {
		parts = append(parts, fmt.Sprintf("%d.", k))
	}
	if m := c.marks.node(n.ID); m != 0 && marks[m].sign != "" {
		parts = append(parts, marks[m].sign)
	}
	if sign := gates[n.Kind]; sign != "" {
		parts = append(parts, sign)
	}
	name := n.Title
	if name == "" && n.Node != nil && !n.Joins {
		name = n.ID
	}
	if n.Trigger != "" {
		name = strings.TrimSpace(n.Trigger + " " + name)
	}
	if name != "" {
		parts = append(parts, name)
	}
	if len(parts) == 0 {
		parts = []string{" "}
	}
	return quoted(strings.Join(parts, " "))
}

// links writes the flows, then the lines from hosts to their events, which have no numbers of their own in linkStyle if
// they come last.
func (c *charter) links() {
	for i := range c.g.Flows {
		f := &c.g.Flows[i]
		label := f.Guard
		if label == "" && f.Default {
			label = "else"
		}
		if label != "" {
			label = "|" + quoted(label) + "|"
		}
		c.line(1, "%s -->%s %s", handle(f.From), label, handle(f.To))
	}
	for i := range c.g.Nodes {
		if n := &c.g.Nodes[i]; n.Host != "" {
			c.line(1, "%s -.- %s", handle(n.Host), handle(n.ID))
		}
	}
	for _, a := range c.g.Associations {
		c.line(1, "%s -.-> %s", handle(a.From), handle(a.To))
	}
}

// classes writes the colours of marks.
func (c *charter) classes() {
	byMark := make([][]string, len(marks))
	for i := range c.g.Nodes {
		if m := c.marks.node(c.g.Nodes[i].ID); m != 0 {
			byMark[m] = append(byMark[m], handle(c.g.Nodes[i].ID))
		}
	}
	links := make([][]string, len(marks))
	for i := range c.g.Flows {
		if m := c.marks.flow(c.g.Flows[i].ID); m != 0 {
			links[m] = append(links[m], fmt.Sprint(i))
		}
	}
	for m, t := range tints {
		dash := ""
		if t.dash != "" {
			dash = ",stroke-dasharray:" + t.dash
		}
		if m > 0 && len(byMark[m]) > 0 {
			c.line(1, "classDef %s fill:%s,stroke:%s,stroke-width:2px,color:#1f2328%s", Mark(m), t.light, t.line, dash)
			c.line(1, "class %s %s", strings.Join(byMark[m], ","), Mark(m))
		}
		if m > 0 && len(links[m]) > 0 {
			c.line(1, "linkStyle %s stroke:%s,stroke-width:2px%s", strings.Join(links[m], ","), t.line, dash)
		}
	}
}

// handle is the name of a node in the text of the chart: letters and digits, so that no id is a word of Mermaid's.
func handle(id string) string {
	var b strings.Builder
	b.WriteString("n_")
	for _, c := range id {
		switch {
		case c == '_':
			b.WriteString("__")
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "_%x_", c)
		}
	}
	return b.String()
}

// quoted is a text of a chart. What could mean something to Mermaid, to the HTML that it makes or to Markdown, which makes
// lists of "1. a" and "- a", is written by its number.
func quoted(s string) string {
	text := []rune(s)
	word := func(i int) bool {
		return i >= 0 && i < len(text) && (unicode.IsLetter(text[i]) || unicode.IsDigit(text[i]))
	}
	var b strings.Builder
	b.WriteByte('"')
	for i, c := range text {
		switch {
		case unicode.IsSpace(c):
			b.WriteByte(' ')
		case unicode.IsControl(c) || c == unicode.ReplacementChar:
		case word(i), c > 0x7F, strings.ContainsRune(",:()/=?!", c), strings.ContainsRune("_-.+", c) && word(i-1) && word(i+1):
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, "#%d;", c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
