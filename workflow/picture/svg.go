package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/replank/replank/internal/diagram"
	"github.com/replank/replank/internal/layout"
	"github.com/replank/replank/workflow/schema"
)

// style says how things look. Colours stand beside each other for light and dark pages; every rule begins with the class of
// the picture, so that it touches nothing else where a picture is put into a page.
const style = `
.replank text{font:11px Helvetica,Arial,"DejaVu Sans",sans-serif;fill:#1f2328}
.replank .head{font-weight:bold}
.replank .note{fill:#57606a}
.replank .paper{fill:#ffffff}
.replank .shape{fill:#f6f8fa;stroke:#57606a;stroke-width:1.5}
.replank .box{fill:none;stroke:#57606a;stroke-width:1.5}
.replank .flow{fill:none;stroke:#57606a;stroke-width:1.5}
.replank .tip{fill:#57606a}
.replank .ink{fill:none;stroke:#57606a;stroke-width:1.2}
.replank .solid{fill:#57606a}
.replank .thick{stroke-width:3.5}
.replank .dashed{stroke-dasharray:5 3}
.replank .dotted{stroke-dasharray:2 3}
.replank .sign text{fill:#ffffff;font-weight:bold}
`

const dark = `
.replank text{fill:#e6edf3}
.replank .note{fill:#9da7b1}
.replank .paper{fill:#0d1117}
.replank .shape{fill:#1c2128;stroke:#9da7b1}
.replank .box,.replank .flow,.replank .ink{stroke:#9da7b1}
.replank .tip,.replank .solid{fill:#9da7b1}
`

// tints are the colours of marks: of lines and signs, which both pages bear, and of surfaces on a light and a dark page.
var tints = [...]struct{ line, light, dark, dash string }{
	Done: {"#1a7f37", "#dafbe1", "#12351d", ""}, Running: {"#0969da", "#ddf4ff", "#0c2d57", ""},
	Failed: {"#cf222e", "#ffebe9", "#4c1519", ""}, Owed: {"#bc4c00", "#fff1e5", "#432006", "6 3"},
	Added: {"#1a7f37", "#dafbe1", "#12351d", ""}, Removed: {"#cf222e", "#ffebe9", "#4c1519", "6 3"},
	Moved: {"#8250df", "#fbefff", "#2f1b52", ""}, Changed: {"#9a6700", "#fff8c5", "#3a2d06", ""},
	OnTrace: {"#bf3989", "#ffeff7", "#44122e", ""},
}

// A canvas is a picture in the making.
type canvas struct {
	d     *diagram.Diagram
	marks *Marks
	b     bytes.Buffer
	used  [len(marks)]bool
}

// put writes markup; strings among args are escaped.
func (c *canvas) put(format string, args ...any) {
	for i, a := range args {
		if s, text := a.(string); text {
			args[i] = escaped(s)
		}
	}
	fmt.Fprintf(&c.b, format, args...)
}

// escaped is a text for XML, in content and in attributes alike.
func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}

func (c *canvas) draw(title string) []byte {
	d := c.d
	c.find()
	c.put(`<svg xmlns="http://www.w3.org/2000/svg" class="replank" role="img" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`, d.Width, d.Height)
	c.put("\n<title>%s</title>\n<style>", title)
	c.b.WriteString(style)
	c.tinted(false)
	c.b.WriteString("@media (prefers-color-scheme:dark){" + dark)
	c.tinted(true)
	c.put("}\n</style>\n")
	c.put(`<rect class="paper" width="%d" height="%d"/>`+"\n", d.Width, d.Height)
	for i := range d.Nodes {
		if d.Shapes[i].Container {
			c.node(i)
		}
	}
	for i := range d.Flows {
		c.flow(i)
	}
	for i := range d.Associations {
		c.line("flow dotted", d.Paths[len(d.Flows)+i])
		c.put("\n")
	}
	for i := range d.Nodes {
		if !d.Shapes[i].Container {
			c.node(i)
		}
	}
	c.put("</svg>\n")
	return c.b.Bytes()
}

// find notes which marks there are.
func (c *canvas) find() {
	for i := range c.d.Nodes {
		c.used[c.marks.node(c.d.Nodes[i].ID)] = true
	}
	for i := range c.d.Flows {
		c.used[c.marks.flow(c.d.Flows[i].ID)] = true
	}
}

// tinted writes the rules of the marks that there are.
func (c *canvas) tinted(night bool) {
	for m, t := range tints {
		if m == 0 || !c.used[m] {
			continue
		}
		surface := t.light
		if night {
			surface = t.dark
		}
		dash := ""
		if t.dash != "" {
			dash = ";stroke-dasharray:" + t.dash
		}
		fmt.Fprintf(&c.b, ".replank .%s .shape{fill:%s;stroke:%s;stroke-width:2.5%s}\n", Mark(m), surface, t.line, dash)
		fmt.Fprintf(&c.b, ".replank .%[1]s .box,.replank .%[1]s .flow{stroke:%[2]s;stroke-width:2.5%[3]s}\n", Mark(m), t.line, dash)
		fmt.Fprintf(&c.b, ".replank .%[1]s .tip,.replank .%[1]s .sign rect{fill:%[2]s}\n", Mark(m), t.line)
	}
}

// group opens the group of a node or flow.
func (c *canvas) group(kind, id string, m Mark) {
	class := kind
	if m != 0 {
		class += " " + m.String()
	}
	c.put(`<g class="%s" data-id="%s">`, class, id)
}

// node draws a node with its texts, its sign and its numbers.
func (c *canvas) node(i int) {
	n, box, s := &c.d.Nodes[i], c.d.Boxes[i], &c.d.Shapes[i]
	m := c.marks.node(n.ID)
	c.group("node", n.ID, m)
	if n.Node != nil {
		c.put("<title>%s</title>", described(n, m))
	}
	switch {
	case s.Container:
		c.container(n, box, s.Lines)
	case diagram.Round(n.Kind):
		c.event(n, box)
	case diagram.Diamond(n.Kind):
		c.gateway(n, box)
	default:
		c.task(n, box, s.Lines)
	}
	c.caption(n, c.d.Captions[i], s.Caption)
	c.signs(m, c.marks.order(n.ID), box)
	c.put("</g>\n")
}

// described is what a viewer says who points at a node.
func described(n *schema.FlowNode, m Mark) string {
	text := n.ID + ": " + n.Kind.String()
	if m != 0 {
		text += ", " + m.String()
	}
	return text
}

// caption writes the text below a node: in the middle, or beside the flow that leaves a boundary event.
func (c *canvas) caption(n *schema.FlowNode, at layout.Box, lines []string) {
	anchor, x := "middle", at.X+at.Width/2
	if n.Host != "" {
		anchor, x = "start", at.X
	}
	for k, line := range lines {
		c.put(`<text x="%d" y="%d" text-anchor="`+anchor+`">%s</text>`, x, at.Y+10+13*k, line)
	}
}

// signs puts what a mark means, and the numbers of a run, on the upper corners of a shape.
func (c *canvas) signs(m Mark, numbers []int, box layout.Box) {
	if m != 0 && marks[m].sign != "" {
		c.sign(box.X+box.Width-4, box.Y, marks[m].sign)
	}
	if len(numbers) == 0 {
		return
	}
	text := fmt.Sprint(numbers[0])
	for k, n := range numbers[1:] {
		if k == 3 {
			text += "…"
			break
		}
		text += fmt.Sprint(",", n)
	}
	c.sign(box.X+4, box.Y, text)
}

func (c *canvas) sign(x, y int, text string) {
	width := max(16, diagram.Width(text)+8)
	c.put(`<g class="sign"><rect x="%d" y="%d" width="%d" height="16" rx="8"/>`, x-width/2, y-8, width)
	c.put(`<text x="%d" y="%d" text-anchor="middle">%s</text></g>`, x, y+4, text)
}

// flow draws a flow with its arrow, the stroke across a default and its guard.
func (c *canvas) flow(i int) {
	f, path := &c.d.Flows[i], c.d.Paths[i]
	c.group("edge", f.ID, c.marks.flow(f.ID))
	if f.Guard != "" {
		c.put("<title>%s</title>", f.Guard)
	}
	c.line("flow", path)
	c.tip(path[len(path)-2], path[len(path)-1])
	if f.Default {
		k := 0
		if len(path) > 3 {
			k = 2 // where it has left the others
		}
		c.stroke(path[k], path[k+1])
	}
	if text := c.d.Guards[i]; text != "" {
		at := c.d.Labels[i]
		c.put(`<text class="note" x="%d" y="%d">%s</text>`, at.X+3, at.Y+10, text)
	}
	c.put("</g>\n")
}

func (c *canvas) line(class string, path []layout.Point) {
	c.put(`<polyline class="%s" points="`, class)
	for k, p := range path {
		if k > 0 {
			c.b.WriteByte(' ')
		}
		c.put("%d,%d", p.X, p.Y)
	}
	c.put(`"/>`)
}

// tip draws the arrow at the end of a line from p to q.
func (c *canvas) tip(p, q layout.Point) {
	dx, dy := direction(p, q)
	c.put(`<polygon class="tip" points="%d,%d %d,%d %d,%d"/>`, q.X, q.Y, q.X-9*dx-4*dy, q.Y-9*dy-4*dx, q.X-9*dx+4*dy, q.Y-9*dy+4*dx)
}

// stroke draws a stroke across a line from p to q, near p.
func (c *canvas) stroke(p, q layout.Point) {
	dx, dy := direction(p, q)
	x, y := p.X+7*dx, p.Y+7*dy
	c.put(`<path class="flow" d="M%d %dL%d %d"/>`, x-2*dx-4*dy, y-2*dy-4*dx, x+2*dx+4*dy, y+2*dy+4*dx)
}

// direction is the unit vector from p to q on a line along an axis.
func direction(p, q layout.Point) (dx, dy int) {
	sign := func(d int) int { return min(max(d, -1), 1) }
	return sign(q.X - p.X), sign(q.Y - p.Y)
}
