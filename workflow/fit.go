package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/nearest"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// fit compares the service tasks of a schema with the handlers that serve them: does what a task hands over fill the
// Go input, and does the Go result bring what the task writes? Fatal is what would fail in every run; a kind without
// handler is a warning, since it may be registered later.
func (e *Engine) fit(p *schema.Process) []schema.Finding {
	prog := p.Program()
	var all []schema.Finding
	for i := range prog.Nodes {
		n := &prog.Nodes[i]
		if n.Kind != program.ServiceTask {
			continue
		}
		f := fitting{prog: prog, node: n, pos: schema.Pos{Line: n.Line}}
		if at := p.Node(n.ID); at != nil {
			f.pos = at.Pos()
		}
		if h := e.registry.lookup(n.Handler); h != nil {
			f.input(h)
			f.result(h)
		} else {
			f.add(schema.Warning, "handler/missing", e.registry.hint(n.Handler), "no handler is registered for kind %q", n.Handler)
		}
		all = append(all, f.findings...)
	}
	return all
}

type fitting struct {
	prog     *program.Program
	node     *program.Node
	pos      schema.Pos
	findings []schema.Finding
}

func (f *fitting) add(s schema.Severity, code, hint, format string, args ...any) {
	f.findings = append(f.findings, schema.Finding{
		Severity: s, Code: code, Pos: f.pos, Node: f.node.ID, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// input checks what the task hands over against the input of h.
func (f *fitting) input(h *handler) {
	given := make([]string, len(f.node.In))
	for i := range f.node.In {
		in := &f.node.In[i]
		given[i] = in.Name
		if h.in.none {
			continue
		}
		declared := f.paramType(in)
		if h.in.fields == nil {
			if elem := h.in.typ.Elem(); declared != "" && !accepts(elem, declared) {
				f.add(schema.Fatal, "handler/in-type", "", "%s is %s, which %v of the handler at %s cannot hold", in.Name, declared, h.in.typ, h.at)
			}
			continue
		}
		field := h.in.field(in.Name)
		switch {
		case field == nil:
			f.add(schema.Warning, "handler/in-unused", "", "%s is handed over, but %v of the handler at %s has no field for it", in.Name, h.in.typ, h.at)
		case declared != "" && !accepts(field.typ, declared):
			f.add(schema.Fatal, "handler/in-type", "", "%s is %s, which the field %s of %v (handler at %s) cannot hold: it is %v",
				in.Name, declared, in.Name, h.in.typ, h.at, field.typ)
		}
	}
	for i := range h.in.fields {
		field := &h.in.fields[i]
		if field.optional || slices.Contains(given, field.name) {
			continue
		}
		hint := "add it to in, or make the field a pointer or omitempty"
		if near := nearest.Name(field.name, given); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		f.add(schema.Fatal, "handler/in-missing", hint, "%v of the handler at %s wants %q, which the task does not hand over (in: %s)",
			h.in.typ, h.at, field.name, list(given))
	}
}

// result checks the result of h against what the task writes. Expressions over the result are checked when they run.
func (f *fitting) result(h *handler) {
	var names []string
	for i := range f.node.Out {
		if f.node.Out[i].Expr == nil {
			names = append(names, f.node.Out[i].Name)
		}
	}
	if h.out.none {
		for i := range f.node.Out {
			if out := &f.node.Out[i]; !out.Optional {
				f.add(schema.Fatal, "handler/out-missing", "give the handler a result", "the task writes %s, but the handler at %s has no result", out.Name, h.at)
			}
		}
		return
	}
	if h.out.fields == nil {
		return // a map: known when it runs
	}
	for i := range f.node.Out {
		out := &f.node.Out[i]
		if out.Expr != nil {
			continue
		}
		field := h.out.field(out.Name)
		declared := f.prog.Vars[out.Slot].Type.String()
		switch {
		case field == nil && !out.Optional:
			hint := "add the field, or write out as a map of expressions over result"
			if near := nearest.Name(out.Name, fieldNames(&h.out)); near != "" {
				hint = fmt.Sprintf("did you mean the field %q?", near)
			}
			f.add(schema.Fatal, "handler/out-missing", hint, "the task writes %s, which %v of the handler at %s does not have", out.Name, h.out.typ, h.at)
		case field != nil && !accepts(field.typ, declared):
			f.add(schema.Fatal, "handler/out-type", "", "the task writes %s, which is %s; the field of %v (handler at %s) is %v",
				out.Name, declared, h.out.typ, h.at, field.typ)
		}
	}
	if f.node.OpenResult {
		return
	}
	for i := range h.out.fields {
		if field := &h.out.fields[i]; !slices.Contains(names, field.name) {
			f.add(schema.Fatal, "handler/out-undeclared", "add it to out, or write out as a map of expressions over result",
				"%v of the handler at %s has %q, which the task does not declare (out: %s)", h.out.typ, h.at, field.name, list(names))
		}
	}
}

// paramType is the declared type of what is handed over; "" where it is known only when it runs.
func (f *fitting) paramType(in *program.Param) string {
	if in.Expr == nil {
		return f.prog.Vars[in.Slot].Type.String()
	}
	return in.Expr.ResultType().String()
}

// hint names the registered kind nearest to one that is missing.
func (r *registry) hint(kind string) string {
	if near := nearest.Name(kind, r.kinds()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Sprintf("register it with workflow.Handle(engine, %q, ...)", kind)
}

func fieldNames(s *shape) []string {
	names := make([]string, len(s.fields))
	for i := range s.fields {
		names[i] = s.fields[i].name
	}
	return names
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
