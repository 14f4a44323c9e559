package bpmn

import "github.com/replank/replank/workflow/schema"

var gatewayKinds = map[role]schema.Kind{
	exclusive: schema.ExclusiveGateway, parallel: schema.ParallelGateway, inclusive: schema.InclusiveGateway,
}

// gateway is the draft of a gateway.
func (g *graph) gateway(n *node) *draft {
	d := &draft{id: n.id, at: n.element}
	if len(n.out) == 1 && g.elses[n.id] {
		g.unsettled(n.element, "open/condition", "add a default flow", "the only flow out of %s has a condition, and nobody says what happens if it is false; it is taken as if it had none", named(n.element))
		n.out[0].condition = ""
	}
	if len(n.out) == 1 && (n.out[0].condition == "" || g.options.ControlOnly) {
		d.step, d.next = schema.Gateway(n.id, gatewayKinds[n.role]), n.out[0].to.entered()
		return d
	}
	g.split(d, gatewayKinds[n.role], n.out)
	if last := len(n.out) - 1; g.elses[n.id] && !n.out[last].isDefault {
		f := n.out[last]
		g.unsettled(n.element, "open/condition", "make one of its flows the default flow", "it is not certain that a condition of %s is true, and no flow is the default; the last one is taken for it", named(n.element))
		if n.role == exclusive {
			n.out[last].isDefault, n.out[last].condition = true, ""
			d.cases, d.leads = nil, nil
			g.split(d, gatewayKinds[n.role], n.out)
		} else {
			g.otherwise(n, d, f)
		}
	}
	return d
}

// otherwise makes the way of a flow also that of an inclusive gateway none of whose conditions is true.
func (g *graph) otherwise(n *node, d *draft, f *flow) {
	d.cases = append(d.cases, schema.ElseTo(f.to.entered()).Named(n.id+".else"))
	d.step = schema.Gateway(d.id, schema.InclusiveGateway, d.cases...)
	if d.id != n.id {
		g.unsettled(n.element, "open/condition", "make one of its flows the default flow", "it is not certain that a condition of %s is true, and no flow is the default; the last one is taken for it", named(n.element))
	}
}

// split makes a draft the gateway of some flows, the default last.
func (g *graph) split(d *draft, kind schema.Kind, flows []*flow) {
	for _, f := range flows {
		c, line, col := schema.To(f.to.entered()), f.line, f.col
		switch {
		case f.condition != "":
			c = schema.When(f.condition).Next(f.to.entered())
			line, col = f.textLine, f.textCol
		case f.isDefault && kind != schema.ParallelGateway:
			c = schema.ElseTo(f.to.entered())
		}
		if f.id != "" {
			c = c.Named(f.id)
		}
		d.cases = append(d.cases, c.Line(line, col))
		d.leads = append(d.leads, f.to.entered())
	}
	d.step = schema.Gateway(d.id, kind, d.cases...)
}

// leave says where a start event or an activity goes on, "" if nowhere, with the gateways that stand for several flows
// out of it: unconditional ones are all taken, of the others those whose conditions hold, and the default if none does
// (BPMN 2.0.2, 8.3.13 and 13.2.1).
func (g *graph) leave(n *node) (next string, more []*draft) {
	var bare, guarded []*flow
	for _, f := range n.out {
		if f.condition != "" || f.isDefault {
			guarded = append(guarded, f)
		} else {
			bare = append(bare, f)
		}
	}
	if len(guarded) == 1 && guarded[0].isDefault {
		bare, guarded = append(bare, guarded[0]), nil
	}
	switch {
	case len(n.out) == 0:
		return "", nil
	case len(bare) == 1 && len(guarded) == 0:
		return bare[0].to.entered(), nil
	}
	fork := &draft{id: n.id + ".fork", at: n.element}
	switch {
	case len(guarded) == 0:
		g.split(fork, schema.ParallelGateway, bare)
	case len(bare) == 0:
		g.split(fork, schema.InclusiveGateway, guarded)
		if g.elses[fork.id] {
			g.otherwise(n, fork, guarded[len(guarded)-1])
		}
	default:
		g.split(fork, schema.ParallelGateway, bare)
		some := &draft{id: n.id + ".some", at: n.element}
		g.split(some, schema.InclusiveGateway, guarded)
		more = append(more, some)
		if !guarded[len(guarded)-1].isDefault {
			skip := n.id + ".skip"
			some.cases, some.leads = append(some.cases, schema.ElseTo(skip)), append(some.leads, skip)
			some.step = schema.Gateway(some.id, schema.InclusiveGateway, some.cases...)
			more = append(more, ended(n.element, skip))
		}
		fork.cases, fork.leads = append(fork.cases, schema.To(some.id)), append(fork.leads, some.id)
		fork.step = schema.Gateway(fork.id, schema.ParallelGateway, fork.cases...)
	}
	return fork.id, append([]*draft{fork}, more...)
}
