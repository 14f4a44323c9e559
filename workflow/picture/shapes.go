package picture

import (
	"github.com/replank/replank/internal/layout"
	"github.com/replank/replank/workflow/schema"
)

// This file has the shapes of BPMN 2.0 (chapter 7 of the standard, tables of elements) and the signs in them.

// task draws an activity: a rounded box with its kind in the upper left corner and its text.
func (c *canvas) task(n *schema.FlowNode, box layout.Box, lines []string) {
	class := "shape"
	if n.Kind == schema.CallActivity {
		class += " thick"
	}
	c.put(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="8"/>`, class, box.X, box.Y, box.Width, box.Height)
	if g := glyphs[n.Kind]; g != "" {
		c.put(`<g transform="translate(%d %d)">`, box.X+5, box.Y+5)
		c.b.WriteString(g)
		c.put("</g>")
	}
	y := box.Y + box.Height/2 + 4 - 13*(len(lines)-1)/2
	if glyphs[n.Kind] != "" && len(lines) > 2 {
		y += 8 // clear of the sign
	}
	for k, line := range lines {
		c.put(`<text x="%d" y="%d" text-anchor="middle">%s</text>`, box.X+box.Width/2, y+13*k, line)
	}
}

// container draws what others lie in: a box with its name, double for a transaction, dotted for an event sub-process, with
// three bars where it is done for each element of a list.
func (c *canvas) container(n *schema.FlowNode, box layout.Box, lines []string) {
	class := "box"
	if n.Kind == schema.EventSubProcess {
		class += " dotted"
	}
	c.put(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`, class, box.X, box.Y, box.Width, box.Height)
	if n.Transaction {
		c.put(`<rect class="ink" x="%d" y="%d" width="%d" height="%d" rx="4"/>`, box.X+3, box.Y+3, box.Width-6, box.Height-6)
	}
	for _, line := range lines {
		c.put(`<text class="head" x="%d" y="%d">%s</text>`, box.X+10, box.Y+17, line)
	}
	switch x, y := box.X+box.Width/2, box.Y+box.Height-14; n.Multi {
	case "parallel":
		c.put(`<path class="ink thick" d="M%d %dv10m5 -10v10m5 -10v10"/>`, x-5, y)
	case "sequential":
		c.put(`<path class="ink thick" d="M%d %dh10m-10 5h10m-10 5h10"/>`, x-5, y)
	}
}

// glyphs are the kinds of tasks, in a square of 14.
var glyphs = map[schema.Kind]string{
	schema.UserTask:    `<circle class="ink" cx="7" cy="4" r="3"/><path class="ink" d="M1 13.5V12a6 4.5 0 0 1 12 0v1.5z"/>`,
	schema.ServiceTask: `<circle class="ink" cx="7" cy="7" r="4"/><circle class="solid" cx="7" cy="7" r="1.4"/><path class="ink" d="M7 0.5V3M7 11v2.5M0.5 7H3M11 7h2.5M2.4 2.4l1.8 1.8M9.8 9.8l1.8 1.8M2.4 11.6l1.8-1.8M9.8 4.2l1.8-1.8"/>`,
	schema.ScriptTask:  `<path class="ink" d="M3 1h8.5L9.5 4.5l2 4-2 4.5H1l2-4.5-2-4zM4 4.5h4.5M4.5 7h4.5M4 9.5h4.5"/>`,
	schema.RuleTask:    `<path class="ink" d="M1 2h12v10H1zM1 5h12M1 8.5h12M5 5v7"/><path class="solid" d="M1 2h12v3H1z"/>`,
	schema.SendTask:    `<path class="solid" d="M0.5 2.5h13L7 7.5zM0.5 4v8h13V4L7 9z"/>`,
	schema.ReceiveTask: `<path class="ink" d="M1 2.5h12v9H1zM1 2.5l6 5 6-5"/>`,
	schema.ManualTask:  `<path class="ink" d="M1 5l4-3h7.5a1 1 0 0 1 0 2.2H8h5a1 1 0 0 1 0 2.2H8h4.5a1 1 0 0 1 0 2.2H8h3.5a1 1 0 0 1 0 2.2H4l-3-2z"/>`,
}

// event draws a circle: thin where something begins, thick where it ends, double between; dashed if its host goes on.
func (c *canvas) event(n *schema.FlowNode, box layout.Box) {
	r, class := box.Width/2, "shape"
	x, y := box.X+r, box.Y+r
	switch {
	case n.Kind == schema.EndEvent:
		class += " thick"
	case beside(n):
		class += " dashed"
	}
	c.put(`<circle class="%s" cx="%d" cy="%d" r="%d"/>`, class, x, y, r)
	if n.Kind != schema.StartEvent && n.Kind != schema.EndEvent {
		inner := "ink"
		if beside(n) {
			inner += " dashed"
		}
		c.put(`<circle class="%s" cx="%d" cy="%d" r="%d"/>`, inner, x, y, r-3)
	}
	sign, known := triggers[n.Trigger]
	if !known {
		return
	}
	c.put(`<g transform="translate(%d %d)">`, x-9, y-9)
	if throws := n.Kind == schema.EndEvent || n.Kind == schema.ThrowEvent; throws && sign.thrown != "" {
		c.b.WriteString(sign.thrown)
	} else {
		c.b.WriteString(sign.caught)
	}
	c.put("</g>")
}

// beside reports whether an event interrupts nothing where others do.
func beside(n *schema.FlowNode) bool {
	handles := n.Kind == schema.StartEvent && n.Node == nil && n.Trigger != ""
	return (n.Host != "" && n.Trigger != "compensation" || handles) && !n.Interrupt
}

// triggers are what events wait for, and what they do, in a square of 18.
var triggers = map[string]struct{ caught, thrown string }{
	"timer": {`<circle class="ink" cx="9" cy="9" r="7"/><path class="ink" d="M9 4v5l3.5 2M9 2v1.5M9 14.5V16M2 9h1.5M14.5 9H16"/>`, ""},
	"message": {
		`<path class="ink" d="M2 4.5h14v9.5H2zM2 4.5l7 5.5 7-5.5"/>`,
		`<path class="solid" d="M1.5 4h15L9 9.5zM1.5 5.5v9h15v-9L9 11z"/>`,
	},
	"error": {
		`<path class="ink" d="M3 15.5L6.5 4l4.5 6.5L15 2.5 11.5 14 7 8z"/>`,
		`<path class="solid" d="M3 15.5L6.5 4l4.5 6.5L15 2.5 11.5 14 7 8z"/>`,
	},
	"escalation": {
		`<path class="ink" d="M9 2l5 13.5L9 10.5 4 15.5z"/>`,
		`<path class="solid" d="M9 2l5 13.5L9 10.5 4 15.5z"/>`,
	},
	"signal": {
		`<path class="ink" d="M9 2.5l7 12H2z"/>`,
		`<path class="solid" d="M9 2.5l7 12H2z"/>`,
	},
	"condition": {`<path class="ink" d="M4 2h10v14H4zM6 5.5h6M6 9h6M6 12.5h6"/>`, ""},
	"compensation": {
		`<path class="ink" d="M9 4v10L2.5 9zM15.5 4v10L9 9z"/>`,
		`<path class="solid" d="M9 4v10L2.5 9zM15.5 4v10L9 9z"/>`,
	},
	"cancel": {
		`<path class="ink" d="M4 5.5L5.5 4 9 7.5 12.5 4 14 5.5 10.5 9l3.5 3.5-1.5 1.5L9 10.5 5.5 14 4 12.5 7.5 9z"/>`,
		`<path class="solid" d="M4 5.5L5.5 4 9 7.5 12.5 4 14 5.5 10.5 9l3.5 3.5-1.5 1.5L9 10.5 5.5 14 4 12.5 7.5 9z"/>`,
	},
	"link": {
		`<path class="ink" d="M2 6.5h8V3.5L16 9l-6 5.5v-3H2z"/>`,
		`<path class="solid" d="M2 6.5h8V3.5L16 9l-6 5.5v-3H2z"/>`,
	},
	"terminate": {`<circle class="solid" cx="9" cy="9" r="8"/>`, ""},
}

// gateway draws a diamond with the sign of its kind.
func (c *canvas) gateway(n *schema.FlowNode, box layout.Box) {
	x, y, r := box.X+box.Width/2, box.Y+box.Height/2, box.Width/2
	c.put(`<path class="shape" d="M%d %dL%d %dL%d %dL%d %dz"/>`, x, y-r, x+r, y, x, y+r, x-r, y)
	switch n.Kind {
	case schema.ExclusiveGateway:
		c.put(`<path class="ink thick" d="M%d %dl14 14m0 -14l-14 14"/>`, x-7, y-7)
	case schema.ParallelGateway:
		c.put(`<path class="ink thick" d="M%d %dv20m-10 -10h20"/>`, x, y-10)
	case schema.InclusiveGateway:
		c.put(`<circle class="ink thick" cx="%d" cy="%d" r="9"/>`, x, y)
	case schema.EventGateway:
		c.put(`<circle class="ink" cx="%d" cy="%d" r="13"/><circle class="ink" cx="%[1]d" cy="%[2]d" r="10"/>`, x, y)
		c.put(`<path class="ink" d="M%d %dl6 4.5-2.3 7h-7.4l-2.3-7z"/>`, x, y-6)
	}
}
