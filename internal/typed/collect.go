package typed

import (
	"maps"
	"slices"

	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// A process is what is written for one schema.
type process struct {
	id, goName string
	records    []record
	in, out    fields
	vars       fields
	tasks      []task // user tasks
	messages   []task // what takes a message with named fields; in is empty
}

// A record is a record type.
type record struct {
	goName string
	fields fields
}

// A task is a node with data.
type task struct {
	id, goName string
	in, out    fields
	free       bool // the result is whatever expressions take from it
}

// A kind is what is written for one kind of handlers; several tasks, of several processes, may have it.
type kind struct {
	kind, goName string
	used         []string // "process: node"
	in, out      fields
	free         bool // the result is a map
}

// collect goes through the processes, in the order of their ids.
func collect(all []*schema.Process) (processes []*process, kinds []*kind) {
	top := names{"Handlers": true, "Register": true}
	byKind := map[string]*kind{}
	for _, p := range all {
		c := &process{id: p.ID()}
		c.goName = top.take(exported(p.ID()))
		c.read(p, top, byKind)
		processes = append(processes, c)
	}
	methods := names{}
	for _, name := range slices.Sorted(maps.Keys(byKind)) {
		k := byKind[name]
		k.goName = methods.take(exported(name))
		kinds = append(kinds, k)
	}
	return processes, kinds
}

func (c *process) read(p *schema.Process, top names, byKind map[string]*kind) {
	records := map[string]string{}
	for _, r := range p.Types() {
		records[r.Name] = top.take(c.goName + exported(r.Name))
	}
	for _, r := range p.Types() {
		rec := record{goName: records[r.Name]}
		for _, f := range r.Fields {
			rec.fields = append(rec.fields, field{name: f.Name, typ: goType(string(f.Type), records)})
		}
		c.records = append(c.records, rec)
	}
	prog := p.Program()
	slot := func(i int) field {
		v := &prog.Vars[i]
		return field{name: v.Name, typ: goType(v.Type.String(), records)}
	}
	for _, i := range prog.In {
		f := slot(i)
		f.optional = !prog.Vars[i].Default.Absent()
		c.in = append(c.in, f)
	}
	for _, i := range prog.Out {
		c.out = append(c.out, slot(i))
	}
	for i := range prog.Vars {
		f := slot(i)
		f.optional = true
		c.vars = append(c.vars, f)
	}
	nodes(prog, func(prog *program.Program, n *program.Node) {
		t := task{id: n.ID, free: n.OpenResult}
		for i := range n.In {
			t.in = append(t.in, param(prog, &n.In[i], records))
		}
		for i := range n.Out {
			if o := &n.Out[i]; o.Expr == nil && o.Set == nil {
				t.out = append(t.out, field{o.Name, goType(prog.Vars[o.Slot].Type.String(), records), o.Optional})
			}
		}
		switch {
		case n.Kind == program.ServiceTask:
			t.serve(c.id, n.Handler, byKind)
		case n.Kind == program.UserTask:
			t.goName = top.take(c.goName + exported(n.ID))
			c.tasks = append(c.tasks, t)
		case n.Message != "" && len(t.out) > 0:
			t.goName = top.take(c.goName + exported(n.ID))
			c.messages = append(c.messages, t)
		}
	})
}

// nodes visits the nodes of a program and of the programs within it.
func nodes(p *program.Program, visit func(*program.Program, *program.Node)) {
	for i := range p.Nodes {
		visit(p, &p.Nodes[i])
	}
	for i := range p.Children {
		nodes(p.Children[i].Program, visit)
	}
}

func param(prog *program.Program, in *program.Param, records map[string]string) field {
	if in.Expr != nil {
		return field{name: in.Name, typ: goType(in.Expr.ResultType().String(), records)}
	}
	return field{name: in.Name, typ: goType(prog.Vars[in.Slot].Type.String(), records)}
}

// serve adds the task to those of its kind.
func (t *task) serve(process, name string, byKind map[string]*kind) {
	k, use := byKind[name], process+": "+t.id
	if k == nil {
		byKind[name] = &kind{kind: name, used: []string{use}, in: t.in, out: t.out, free: t.free}
		return
	}
	k.used = append(k.used, use)
	k.in = k.in.joined(t.in)
	if !k.out.sameAs(t.out) {
		k.free = true // the engine takes no fields that a task does not declare
	}
	k.free = k.free || t.free
}
