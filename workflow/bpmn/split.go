package bpmn

import "github.com/replank/replank/workflow/schema"

var gatewayKinds = map[role]schema.Kind{
	exclusive: schema.ExclusiveGateway, parallel: schema.ParallelGateway, inclusive: schema.InclusiveGateway,
}

// gateway is the draft of a gateway.
func (g *graph) gateway(n *node) *draft {
	d := &draft{id: n.id, at: n.element}
	if len(n.out) == 1 && (n.out[0].condition == "" || g.options.ControlOnly) {
		d.step, d.next = schema.Gateway(n.id, gatewayKinds[n.role]), n.out[0].to.id
		return d
	}
	g.split(d, gatewayKinds[n.role], n.out)
	return d
}

// split makes a draft the gateway of some flows, the default last.
func (g *graph) split(d *draft, kind schema.Kind, flows []*flow) {
	for _, f := range flows {
		c, line, col := schema.To(f.to.id), f.line, f.col
		switch {
		case f.condition != "":
			c = schema.When(f.condition).Next(f.to.id)
			line, col = f.textLine, f.textCol
		case f.isDefault && kind != schema.ParallelGateway:
			c = schema.ElseTo(f.to.id)
		}
		if f.id != "" {
			c = c.Named(f.id)
		}
		d.cases = append(d.cases, c.Line(line, col))
		d.leads = append(d.leads, f.to.id)
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
		return bare[0].to.id, nil
	}
	fork := &draft{id: n.id + ".fork", at: n.element}
	switch {
	case len(guarded) == 0:
		g.split(fork, schema.ParallelGateway, bare)
	case len(bare) == 0:
		g.split(fork, schema.InclusiveGateway, guarded)
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
