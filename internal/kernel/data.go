package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/nearest"
	"github.com/replank/replank/internal/program"
)

// outputs are the variables that completing node n with a result writes, typed as they are declared, ascending by slot.
// The error is a *ResultError.
func (d *step) outputs(n int32, result expr.Value) ([]Write, error) {
	x := &d.m.p.Nodes[n]
	if !x.OpenResult && x.Kind != program.ScriptTask {
		if err := d.undeclared(x, result); err != nil {
			return nil, err
		}
	}
	if len(x.Out) == 0 {
		return nil, nil
	}
	d.s.result = result
	wrote := make([]Write, 0, len(x.Out))
	sorted := true
	for i := range x.Out {
		o := &x.Out[i]
		v, err := d.output(x, o, result)
		if err != nil {
			return nil, err
		}
		if v.Absent() {
			continue
		}
		sorted = sorted && (len(wrote) == 0 || wrote[len(wrote)-1].Slot < int32(o.Slot))
		wrote = append(wrote, Write{int32(o.Slot), v})
	}
	if !sorted {
		slices.SortFunc(wrote, func(a, b Write) int { return int(a.Slot) - int(b.Slot) })
	}
	return wrote, nil
}

func (d *step) output(x *program.Node, o *program.Output, result expr.Value) (expr.Value, error) {
	var v expr.Value
	switch {
	case o.Set != nil:
		return *o.Set, nil
	case o.Expr == nil:
		v = result.Field(o.Name)
		if v.Absent() || o.Optional && v.IsNull() {
			if o.Optional {
				return expr.Value{}, nil
			}
			return v, &ResultError{Node: x.ID, Name: o.Name, Why: "missing in the result", Hint: "out lists it; write " + o.Name + "? if it may be absent"}
		}
	default:
		w, err := o.Expr.Eval(d.s)
		if err != nil {
			if o.Optional && expr.Missing(err) {
				return expr.Value{}, nil
			}
			return v, &ResultError{Node: x.ID, Name: o.Name, Why: err.Error()}
		}
		if v = w; o.Optional && v.IsNull() {
			return expr.Value{}, nil
		}
	}
	t := d.m.p.Vars[o.Slot].Type
	w, err := v.Convert(t)
	if err != nil {
		return v, typeError(x.ID, o.Name, err)
	}
	// Twice the size in memory bounds that of the encoding, but for small values, so most need not be encoded.
	if most := d.ctx.MaxValue; most > 0 && 2*w.Size() > most {
		if size := len(w.Append(nil)); size > most {
			return v, &ResultError{
				Node: x.ID, Name: o.Name, Why: fmt.Sprintf("the value has %d bytes; the limit is %d", size, most),
				Hint: "keep it elsewhere and store a reference",
			}
		}
	}
	return w, nil
}

// undeclared refuses a result that holds more than out lists: a write that the schema does not declare would make
// every proof about its data wrong.
func (d *step) undeclared(x *program.Node, result expr.Value) error {
	if result.Absent() || result.IsNull() {
		return nil
	}
	if !result.IsMap() {
		return &ResultError{Node: x.ID, Why: fmt.Sprintf("the result is %v; want a struct or map of the variables in out", result)}
	}
	if result.Len() == 0 {
		return nil
	}
	for _, name := range result.Names() {
		if slices.ContainsFunc(x.Out, func(o program.Output) bool { return o.Name == name }) {
			continue
		}
		declared := make([]string, len(x.Out))
		for i, o := range x.Out {
			declared[i] = o.Name
		}
		hint := "declare it under out of " + x.ID
		if near := nearest.Name(name, declared); near != "" {
			hint = "did you mean " + near + "?"
		} else if len(declared) > 0 {
			hint += ", which has " + strings.Join(declared, ", ")
		}
		return &ResultError{Node: x.ID, Name: name, Why: "not declared as an output", Hint: hint}
	}
	return nil
}

// Inputs turns the variables handed to a new instance into typed writes, ascending by slot. Every variable of the
// process's `in` must be given unless it has a default, and no other may be. The error is a *ResultError. vars is a map
// value or absent.
func (m *Machine) Inputs(vars expr.Value) ([]Write, error) {
	if !vars.Absent() && !vars.IsNull() && !vars.IsMap() {
		return nil, &ResultError{Why: fmt.Sprintf("the variables are %v; want a struct or map", vars)}
	}
	names := make([]string, len(m.p.In))
	for i, slot := range m.p.In {
		names[i] = m.p.Vars[slot].Name
	}
	for _, name := range vars.Names() {
		if slices.Contains(names, name) {
			continue
		}
		hint := "the process takes no input"
		if near := nearest.Name(name, names); near != "" {
			hint = "did you mean " + near + "?"
		} else if len(names) > 0 {
			hint = "its inputs are " + strings.Join(names, ", ")
		}
		return nil, &ResultError{Name: name, Why: "not an input of process " + m.p.Process, Hint: hint}
	}
	var wrote []Write
	for i, slot := range m.p.In {
		v := vars.Field(names[i])
		t := m.p.Vars[slot].Type
		if v.Absent() {
			if m.p.Vars[slot].Default.Absent() {
				return nil, &ResultError{Name: names[i], Why: "missing", Hint: "process " + m.p.Process + " needs it: in lists it and it has no default"}
			}
			continue
		}
		w, err := v.Convert(t)
		if err != nil {
			return nil, typeError("", names[i], err)
		}
		wrote = append(wrote, Write{int32(slot), w})
	}
	slices.SortFunc(wrote, func(a, b Write) int { return int(a.Slot) - int(b.Slot) })
	return wrote, nil
}

// Input is what the task at node is given: the entries of its `in`, as a map; nothing else is visible to it. An
// expression that fails is a *ResultError.
func (m *Machine) Input(s *State, ctx Context, node int32) (expr.Value, error) {
	x := &m.p.Nodes[node]
	if len(x.In) == 0 {
		return expr.Value{}, nil
	}
	s.begin(ctx)
	names, values := make([]string, len(x.In)), make([]expr.Value, len(x.In))
	var failed error
	for i := range x.In {
		in := &x.In[i]
		names[i] = in.Name
		if in.Expr == nil {
			values[i] = s.Slot(in.Slot)
			continue
		}
		v, err := in.Expr.Eval(s)
		if err != nil && failed == nil {
			failed = &ResultError{Node: x.ID, Name: in.Name, Why: err.Error()}
		}
		values[i] = v
	}
	if err := s.end(); err != nil {
		return expr.Value{}, err
	}
	if failed != nil {
		return expr.Value{}, failed
	}
	return expr.Record(names, values)
}

// Output is the process's result when it has ended: its `out` variables, as a map. A variable that was never written
// is left out.
func (m *Machine) Output(s *State, ctx Context) (expr.Value, error) {
	return m.variables(s, ctx, m.p.Out)
}

// Variables are all variables of the process that have a value now, as a map; locals of sub-processes are "id.v".
func (m *Machine) Variables(s *State, ctx Context) (expr.Value, error) {
	slots := make([]int, len(m.p.Vars))
	for i := range slots {
		slots[i] = i
	}
	return m.variables(s, ctx, slots)
}

func (m *Machine) variables(s *State, ctx Context, slots []int) (expr.Value, error) {
	s.begin(ctx)
	var names []string
	var values []expr.Value
	for _, slot := range slots {
		if v := s.Slot(slot); !v.Absent() {
			names, values = append(names, m.p.Vars[slot].Name), append(values, v)
		}
	}
	if err := s.end(); err != nil {
		return expr.Value{}, err
	}
	return expr.Record(names, values)
}
