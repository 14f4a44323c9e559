package schema

import (
	"regexp"
	"strings"
	"sync"
)

// This file makes a JSON Schema of the text form from the key table. It says what the table says: which keys a mapping
// has, which it needs, what their values look like. What keys have to do with one another is left to Parse.

// JSONSchema is the JSON Schema (2020-12) of the text form, for editors: what Parse accepts, it accepts. It is indented,
// ends in a newline, and is the same each time. The caller may change it.
func JSONSchema() []byte { return append([]byte(nil), jsonSchema()...) }

var jsonSchema = sync.OnceValue(func() []byte {
	d := &definitions{root: mapValue()}
	process := rowsSchema(d, processTable, "process", entry{})
	root := mapValue(
		entry{key: "$schema", value: stringValue("https://json-schema.org/draft/2020-12/schema")},
		entry{key: "title", value: stringValue("Replank process")},
		entry{key: "description", value: stringValue("A process of Replank in YAML or JSON.")},
	)
	root.fields = append(root.fields, process.fields...)
	root.fields = append(root.fields, entry{key: "$defs", value: d.root})
	return append(appendIndented(nil, root, 0), '\n')
})

// definitions collects the $defs, each made when it is first referred to.
type definitions struct{ root *value }

// ref refers to a definition, which is made if it is not there yet.
func (d *definitions) ref(name string, make func() *value) *value {
	if d.root.get(name) == nil {
		i := len(d.root.fields)
		d.root.fields = append(d.root.fields, entry{key: name, value: mapValue()}) // stands in for itself while it is made
		d.root.fields[i].value = make()
	}
	return mapValue(entry{key: "$ref", value: stringValue("#/$defs/" + name)})
}

// rowsSchema is the schema of a mapping with the keys of rows, and first before them unless it is empty. what names the
// mapping for keyWords.
func rowsSchema[T any](d *definitions, rows []row[T], what string, first entry) *value {
	properties, need := mapValue(), listValue()
	if first.key != "" {
		properties.fields = append(properties.fields, first)
		need.items = append(need.items, stringValue(first.key))
	}
	for _, r := range rows {
		if r.at == nil {
			continue
		}
		properties.fields = append(properties.fields, entry{key: r.key, value: described(d.form(r.form), what, r.key, r.form)})
		if r.need {
			need.items = append(need.items, stringValue(r.key))
		}
	}
	v := mapValue(entry{key: "type", value: stringValue("object")}, entry{key: "properties", value: properties})
	if len(need.items) > 0 {
		v.fields = append(v.fields, entry{key: "required", value: need})
	}
	v.fields = append(v.fields, entry{key: "additionalProperties", value: boolValue(false)})
	return v
}

// described is the schema of a value with a description in front.
func described(v *value, what, key string, f form) *value {
	text := keyWords[what+"."+key]
	if text == "" {
		text = keyWords[key]
	}
	if form := strings.ReplaceAll(formWords[f], "`", ""); form != "" {
		text = strings.TrimSpace(text + " (" + form + ")")
	}
	if text == "" {
		return v
	}
	return mapValue(append([]entry{{key: "description", value: stringValue(text)}}, v.fields...)...)
}

// kinds is the schema of a step or event of some kinds.
func (d *definitions) kinds(ks kinds) *value {
	any := listValue()
	for k := range kindKeys {
		if k := kind(k); k > 0 && ks.has(k) {
			any.items = append(any.items, d.ref("kind."+kindKeys[k], func() *value {
				id := described(d.form(formID), "", "", formID)
				v := rowsSchema(d, stepTables[k], kindKeys[k], entry{key: kindKeys[k], value: id})
				return mapValue(append([]entry{{key: "description", value: stringValue(kindWords[k])}}, v.fields...)...)
			}))
		}
	}
	return mapValue(entry{key: "anyOf", value: any})
}

// Parts of schemas.

func typed(types ...string) *value {
	if len(types) == 1 {
		return mapValue(entry{key: "type", value: stringValue(types[0])})
	}
	return mapValue(entry{key: "type", value: listValue(stringValues(types)...)})
}

func (v *value) with(key string, w *value) *value {
	v.fields = append(v.fields, entry{key: key, value: w})
	return v
}

func anyOf(list ...*value) *value { return mapValue(entry{key: "anyOf", value: listValue(list...)}) }

func patterned(pattern string) *value { return typed("string").with("pattern", stringValue(pattern)) }

// wordSchema is that of an id or name. YAML reads the words true and false as booleans, which Parse takes as words.
func wordSchema(form *regexp.Regexp) *value {
	return typed("string", "boolean").with("pattern", stringValue(form.String())).with("maxLength", intValue(MaxID))
}

// listOf is a list; nothing counts as an empty one.
func listOf(item *value) *value { return typed("array", "null").with("items", item) }

// keyed is a mapping from names to values; nothing counts as an empty one.
func keyed(item *value) *value {
	return typed("object", "null").with("propertyNames", patterned(nameForm.String())).with("additionalProperties", item)
}

const periodPattern = `^\s*P[0-9YMWDTHS]+( working)?\s*$`

// form is the schema of a value of a form. A form that is not known here can be anything.
func (d *definitions) form(f form) *value {
	text := func() *value { return typed("string", "number", "boolean") }
	switch f {
	case formText, formType, formCEL, formCron:
		return text()
	case formID:
		return d.ref("id", func() *value { return wordSchema(idForm) })
	case formName:
		return d.ref("name", func() *value { return wordSchema(nameForm) })
	case formSplit, formMode, formHit, formOn:
		return mapValue(entry{key: "enum", value: listValue(stringValues(wordsOf[f])...)})
	case formFlag, formInterrupt:
		return typed("boolean")
	case formElse:
		return mapValue(entry{key: "enum", value: listValue(&value{}, boolValue(true))})
	case formPeriod, formLength:
		return d.ref("period", func() *value { return patterned(periodPattern) })
	case formCount:
		return typed("integer").with("minimum", intValue(1)).with("maximum", intValue(mostCount))
	case formFactor:
		return typed("number").with("minimum", intValue(1)).with("maximum", intValue(mostCount))
	case formTexts:
		return listOf(text())
	case formIDs:
		return listOf(d.form(formID))
	case formNames:
		return listOf(d.form(formName))
	case formIn:
		return anyOf(listOf(d.form(formName)), keyed(text()))
	case formOut:
		optional := patterned(strings.TrimSuffix(nameForm.String(), "$") + `\??$`)
		return anyOf(listOf(optional), keyed(text()))
	case formOutMap:
		return keyed(text())
	case formLiteral:
		return d.constant()
	case formSet:
		return keyed(d.constant())
	case formMapping:
		return typed("object").with("additionalProperties", d.constant())
	case formRequire:
		return requirementSchema()
	case formTypes:
		return keyed(keyed(text()))
	}
	return d.nested(f)
}

// nested is the schema of forms that hold mappings of the key table.
func (d *definitions) nested(f form) *value {
	switch f {
	case formRetry:
		return d.ref("retry", func() *value {
			return anyOf(mapValue(entry{key: "const", value: stringValue("never")}), rowsSchema(d, retryTable, "retry", entry{}))
		})
	case formDefaults:
		v := rowsSchema(d, defaultsTable, "defaults", entry{})
		return anyOf(v, typed("null"))
	case formVars:
		declared := d.ref("variable", func() *value { return rowsSchema(d, variableTable, "variable", entry{}) })
		return keyed(anyOf(d.form(formType), declared))
	case formRules:
		return listOf(d.ref("rule", func() *value { return rowsSchema(d, ruleTable, "rule", entry{}) }))
	case formTable:
		return listOf(d.ref("row", func() *value { return rowsSchema(d, rowTable, "rows", entry{}) }))
	case formSteps:
		return d.ref("steps", func() *value { return listOf(d.step()) })
	case formBoundary:
		return d.ref("boundary", func() *value { return listOf(d.kinds(eventsOf(f))) })
	case formEvents:
		return d.ref("events", func() *value { return listOf(d.kinds(eventsOf(f))) })
	case formStarts:
		return d.ref("start", func() *value { return listOf(d.kinds(eventsOf(f))) })
	case formRace:
		return d.ref("race", func() *value { return listOf(d.kinds(eventsOf(f))) })
	case formCompensation:
		words := mapValue(entry{key: "enum", value: listValue(stringValue("none"), stringValue("impossible"))})
		return anyOf(words, d.ref("undo", func() *value { return d.kinds(undoKinds) }))
	case formCases:
		return listOf(anyOf(
			d.ref("case", func() *value { return rowsSchema(d, whenTable, "a case", entry{}) }),
			d.ref("else", func() *value { return rowsSchema(d, elseTable, "a case", entry{}) })))
	case formBranches:
		return listOf(anyOf(d.ref("branch", func() *value { return rowsSchema(d, branchTable, "a branch", entry{}) }), d.step()))
	case formFlows:
		return listOf(d.ref("flow", func() *value { return rowsSchema(d, flowTable, "a flow", entry{}) }))
	}
	return mapValue()
}

func (d *definitions) step() *value {
	return d.ref("step", func() *value { return d.kinds(stepKinds) })
}

// constant is the schema of anything but null.
func (d *definitions) constant() *value {
	self := mapValue(entry{key: "$ref", value: stringValue("#/$defs/constant")})
	return d.ref("constant", func() *value {
		return typed("string", "number", "boolean", "array", "object").with("items", self).with("additionalProperties", self)
	})
}

// requirementSchema is the schema of what a service requires of its provider.
func requirementSchema() *value {
	bounds, all := mapValue(), mapValue()
	for _, key := range requirementKeys {
		switch requirements[key] {
		case shapeDouble:
			bounds.fields = append(bounds.fields, entry{key: key, value: typed("number")})
			all.fields = append(all.fields, entry{key: key, value: typed("number")})
		case shapeList:
			all.fields = append(all.fields, entry{key: key, value: typed("array").with("items", typed("string"))})
		default:
			all.fields = append(all.fields, entry{key: key, value: typed("object").with("properties", bounds).with("additionalProperties", boolValue(false))})
		}
	}
	return typed("object").with("properties", all).with("additionalProperties", boolValue(false))
}
