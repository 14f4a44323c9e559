package schema

import (
	"cmp"
	"slices"
)

// This file puts the keys of a source into the order of the key table, wherever the table says what a mapping is: the key
// of the kind first, unknown keys last. Names that the author chose (variables, parameters, entries of literals) stay as
// they are.

// arrange works on v, the value of a key of the given form, in place.
func arrange(f form, v *value) {
	switch f {
	case formDefaults:
		arrangeRows(v, defaultsTable, "")
	case formRetry:
		arrangeRows(v, retryTable, "")
	case formVars:
		for _, e := range v.fields {
			arrangeRows(e.value, variableTable, "")
		}
	case formRules:
		for _, item := range v.items {
			arrangeRows(item, ruleTable, "")
		}
	case formSteps:
		for _, item := range v.items {
			arrangeStep(item, stepKinds)
		}
	case formBoundary, formEvents, formStarts, formRace:
		for _, item := range v.items {
			arrangeStep(item, eventsOf(f))
		}
	case formCompensation:
		arrangeStep(v, undoKinds)
	case formTable:
		for _, item := range v.items {
			arrangeRows(item, rowTable, "")
		}
	case formCases, formBranches, formFlows:
		for _, item := range v.items {
			arrangeBranch(f, item)
		}
	}
}

// eventsOf are the kinds of events that a list of a form may have.
func eventsOf(f form) kinds {
	switch f {
	case formEvents:
		return scopeKinds
	case formStarts:
		return startKinds
	case formRace:
		return raceKinds
	}
	return eventKinds
}

// arrangeRows works on a mapping that has the keys of rows, and on what they contain. first is a key that comes before
// them; "": none.
func arrangeRows[T any](v *value, rows []row[T], first string) {
	if v.shape != shapeMap {
		return
	}
	rank := func(e entry) int {
		if e.key == first {
			return -1
		}
		if i := slices.IndexFunc(rows, func(r row[T]) bool { return r.key == e.key }); i >= 0 {
			return i
		}
		return len(rows)
	}
	slices.SortStableFunc(v.fields, func(a, b entry) int { return cmp.Compare(rank(a), rank(b)) })
	for _, e := range v.fields {
		if i := rank(e); i >= 0 && i < len(rows) {
			arrange(rows[i].form, e.value)
		}
	}
}

// arrangeStep works on a step or event; one whose kind is not known stays as it is.
func arrangeStep(v *value, allowed kinds) {
	for _, e := range v.fields {
		if k, ok := allowed.named(e.key); ok {
			arrangeRows(v, stepTables[k], e.key)
			return
		}
	}
}

// arrangeBranch works on a case, a branch or a flow.
func arrangeBranch(f form, v *value) {
	switch {
	case f == formFlows:
		arrangeRows(v, flowTable, "")
	case f == formBranches && isStep(v):
		arrangeStep(v, stepKinds)
	case f == formBranches:
		arrangeRows(v, branchTable, "")
	case v.get("else") != nil:
		arrangeRows(v, elseTable, "")
	default:
		arrangeRows(v, whenTable, "")
	}
}
