package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// recordTypes are the records of one schema, resolved.
type recordTypes struct {
	byName map[string]*typeNode
	fields map[string]map[string]*types.FieldType
}

func newRecordTypes(records map[string]map[string]string) (*recordTypes, error) {
	r := &recordTypes{make(map[string]*typeNode, len(records)), make(map[string]map[string]*types.FieldType, len(records))}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(records)) {
		p := typeParser{records: records}
		n, err := p.record(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.byName[name] = n
		accessors := make(map[string]*types.FieldType, len(n.fields))
		for i, f := range n.fields {
			accessors[f.name] = fieldAccess(n, i)
		}
		r.fields[name] = accessors
	}
	return r, errors.Join(errs...)
}

// fieldAccess reads field i of the record n from a *mapping.
func fieldAccess(n *typeNode, i int) *types.FieldType {
	f := n.fields[i]
	get := func(target any) ref.Val {
		m, ok := target.(*mapping)
		if !ok {
			return nil
		}
		// A value that fits has exactly the declared fields in this order.
		if i < len(m.keys) {
			if k, ok := m.keys[i].(types.String); ok && string(k) == f.name {
				return m.vals[i]
			}
		}
		return m.field(f.name)
	}
	return &types.FieldType{
		Type:  f.typ.cel,
		IsSet: func(target any) bool { return get(target) != nil },
		GetFrom: func(target any) (any, error) {
			if v := get(target); v != nil {
				return v, nil
			}
			return nil, fmt.Errorf("this value of %s has no field %q", n.text, f.name)
		},
	}
}

// missingFields lists the fields of the record that names lack.
func (n *typeNode) missingFields(names []string) []string {
	var missing []string
	for _, f := range n.fields {
		if !slices.Contains(names, f.name) {
			missing = append(missing, f.name)
		}
	}
	return missing
}

// provider tells the checker about records, and hides the message types that cel-go brings along.
type provider struct {
	types.Provider
	records *recordTypes
}

// FindStructType implements types.Provider.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if n, ok := p.records.byName[strings.TrimPrefix(name, ".")]; ok {
		return types.NewTypeTypeWithParam(n.cel), true
	}
	return nil, false
}

// FindStructFieldNames implements types.Provider.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if n, ok := p.records.byName[strings.TrimPrefix(name, ".")]; ok {
		return n.fieldNames(), true
	}
	return nil, false
}

// FindStructFieldType implements types.Provider.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	f, ok := p.records.fields[strings.TrimPrefix(name, ".")][field]
	return f, ok
}

// FindIdent implements types.Provider.
func (p *provider) FindIdent(name string) (ref.Val, bool) {
	if n, ok := p.records.byName[strings.TrimPrefix(name, ".")]; ok {
		return n.cel, true
	}
	return p.Provider.FindIdent(name)
}

// NewValue implements types.Provider: Applicant{name: "x", income: 10.0}. All fields must be given.
func (p *provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	n, ok := p.records.byName[strings.TrimPrefix(name, ".")]
	if !ok {
		return types.NewErr("the record %q is unknown", name)
	}
	m := &mapping{make([]ref.Val, 0, len(fields)), make([]ref.Val, 0, len(fields))}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		m.keys, m.vals = append(m.keys, types.String(field)), append(m.vals, fields[field])
	}
	v, err := storable(m, n, true)
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}
