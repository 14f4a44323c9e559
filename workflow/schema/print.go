package schema

import (
	"math"
	"strconv"
	"time"

	"github.com/replank/replank/internal/period"
)

// This file turns the model back into values, in the canonical form: keys in the order of the key table, whatever says
// the same written the same way (a period in its shortest form, a variable without properties as its type, a branch of
// one step as that step, no key that repeats a default). The canonical text is these values in YAML or JSON.

// printed is the canonical value of p.
func printed(p *Process) *value { return printRows(p, processTable) }

func printRows[T any](t *T, rows []row[T], front ...entry) *value {
	v := mapValue(front...)
	for _, row := range rows {
		if row.at == nil {
			continue
		}
		if w := printValue(row.form, row.at(t), row.need); w != nil {
			v.fields = append(v.fields, entry{key: row.key, value: w})
		}
	}
	return v
}

// printValue prints what the model keeps for a key; nil if it is not to be written. A key that is needed is written
// even if it is empty.
func printValue(f form, from any, need bool) *value {
	var v *value
	switch f {
	case formText, formID, formName, formCEL, formType, formSplit, formMode, formHit, formCron, formOn:
		v = printText(*from.(*text))
	case formFlag, formElse:
		if *from.(*bool) {
			return boolValue(true)
		}
	case formInterrupt:
		if *from.(*bool) {
			return boolValue(false)
		}
	case formPeriod:
		if s := from.(*span); s.given() {
			return stringValue(s.period.String())
		}
	case formLength:
		if d := *from.(*time.Duration); d != 0 {
			return stringValue(period.Period{Rest: d}.String())
		}
	case formCount:
		if n := *from.(*int); n != 0 {
			return intValue(int64(n))
		}
	case formFactor:
		if x := *from.(*float64); x != 0 {
			if x == math.Trunc(x) {
				return intValue(int64(x)) // at most a million
			}
			return doubleValue(x)
		}
	case formTexts, formIDs, formNames:
		v = printTexts(*from.(*[]text))
	case formIn:
		v = printIn(*from.(*[]param))
	case formOut, formOutMap:
		v = printOut(*from.(*[]output))
	case formSet:
		v = printSet(*from.(*[]setting))
	case formLiteral, formMapping, formRequire:
		if l := from.(*literal); l.given() {
			return canonical(l.tree)
		}
	case formRetry:
		v = printRetry(*from.(**retry))
	case formDefaults:
		if d := printRows(from.(*defaults), defaultsTable); len(d.fields) > 0 {
			return d
		}
	case formRules:
		v = printRules(*from.(*[]*rule))
	case formTypes:
		v = printTypes(*from.(*[]*record))
	case formVars:
		v = printVars(*from.(*[]*variable))
	case formSteps, formBoundary, formEvents, formStarts, formRace:
		if steps := *from.(*[]*step); len(steps) > 0 || need {
			return printSteps(steps)
		}
	case formCompensation:
		v = printCompensation(*from.(**compensation))
	case formTable:
		if rows := *from.(*[]*tableRow); len(rows) > 0 || need {
			return printTable(rows)
		}
	case formCases, formBranches, formFlows:
		if branches := *from.(*[]*branch); len(branches) > 0 || need {
			return printBranches(f, branches)
		}
	}
	return v
}

func intValue(n int64) *value {
	return &value{shape: shapeInt, text: strconv.FormatInt(n, 10), number: n}
}

// doubleValue writes x so that it reads as a double again: with a point or an exponent.
func doubleValue(x float64) *value {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if len(s) > 24 {
		s = strconv.FormatFloat(x, 'e', -1, 64)
	}
	if isDigits(s) {
		s += ".0"
	}
	return &value{shape: shapeDouble, text: s, number: x}
}

func isDigits(s string) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && s[i] != '-' {
			return false
		}
	}
	return true
}

// canonical is a literal with its numbers written in the one canonical way.
func canonical(v *value) *value {
	switch v.shape {
	case shapeBool:
		return boolValue(v.number == true)
	case shapeInt:
		if n, ok := v.number.(uint64); ok {
			return &value{shape: shapeInt, text: strconv.FormatUint(n, 10), number: n}
		}
		return intValue(v.number.(int64))
	case shapeDouble:
		return doubleValue(v.number.(float64))
	case shapeList:
		list := listValue()
		for _, item := range v.items {
			list.items = append(list.items, canonical(item))
		}
		return list
	case shapeMap:
		m := mapValue()
		for _, e := range v.fields {
			m.fields = append(m.fields, entry{key: e.key, value: canonical(e.value)})
		}
		return m
	}
	return stringValue(v.text)
}

func printText(t text) *value {
	if !t.given() {
		return nil
	}
	return stringValue(t.s)
}

func printTexts(list []text) *value {
	if len(list) == 0 {
		return nil
	}
	return listValue(stringValues(strs(list))...)
}

func printIn(in []param) *value {
	var names []*value
	m := mapValue()
	for _, p := range in {
		if p.expr.given() {
			m.fields = append(m.fields, entry{key: p.name.s, value: stringValue(p.expr.s)})
		} else {
			names = append(names, stringValue(p.name.s))
		}
	}
	return listOrMap(names, m)
}

func printOut(out []output) *value {
	var names []*value
	m := mapValue()
	for _, o := range out {
		switch {
		case o.expr.given():
			m.fields = append(m.fields, entry{key: o.variable.s, value: stringValue(o.expr.s)})
		case o.optional:
			names = append(names, stringValue(o.variable.s+"?"))
		default:
			names = append(names, stringValue(o.variable.s))
		}
	}
	return listOrMap(names, m)
}

func listOrMap(list []*value, m *value) *value {
	switch {
	case len(m.fields) > 0:
		return m
	case len(list) > 0:
		return listValue(list...)
	}
	return nil
}

func printSet(set []setting) *value {
	if len(set) == 0 {
		return nil
	}
	m := mapValue()
	for _, s := range set {
		m.fields = append(m.fields, entry{key: s.variable.s, value: canonical(s.value.tree)})
	}
	return m
}

func printRetry(p *retry) *value {
	switch {
	case p == nil:
		return nil
	case p.never:
		return stringValue("never")
	}
	return printRows(&p.policy, retryTable)
}

func printTypes(types []*record) *value {
	if len(types) == 0 {
		return nil
	}
	m := mapValue()
	for _, rec := range types {
		fields := mapValue()
		for _, f := range rec.fields {
			fields.fields = append(fields.fields, entry{key: f.name.s, value: stringValue(f.typ.s)})
		}
		m.fields = append(m.fields, entry{key: rec.name.s, value: fields})
	}
	return m
}

func printVars(vars []*variable) *value {
	if len(vars) == 0 {
		return nil
	}
	m := mapValue()
	for _, d := range vars {
		v := printRows(d, variableTable)
		if len(v.fields) == 1 {
			v = v.fields[0].value
		}
		m.fields = append(m.fields, entry{key: d.name.s, value: v})
	}
	return m
}

func printSteps(steps []*step) *value {
	list := listValue()
	for _, s := range steps {
		list.items = append(list.items, printStep(s))
	}
	return list
}

func printStep(s *step) *value {
	return printRows(s, stepTables[s.kind], entry{key: kindKeys[s.kind], value: stringValue(s.id.s)})
}

func printBranches(f form, branches []*branch) *value {
	list := listValue()
	for _, b := range branches {
		switch {
		case f == formFlows:
			list.items = append(list.items, printRows(b, flowTable))
		case f == formBranches && len(b.body) == 1 && !b.id.given():
			list.items = append(list.items, printStep(b.body[0]))
		case f == formBranches:
			list.items = append(list.items, printRows(b, branchTable))
		case b.otherwise:
			list.items = append(list.items, printRows(b, elseTable))
		default:
			list.items = append(list.items, printRows(b, whenTable))
		}
	}
	return list
}

func printCompensation(c *compensation) *value {
	switch {
	case c == nil:
		return nil
	case c.step != nil:
		return printStep(c.step)
	}
	return printText(c.word)
}

func printTable(rows []*tableRow) *value {
	list := listValue()
	for _, row := range rows {
		list.items = append(list.items, printRows(row, rowTable))
	}
	return list
}
