package schema

import "unicode/utf8"

// A shape is what a value is in the text form.
type shape uint8

const (
	shapeNull shape = iota
	shapeBool
	shapeInt
	shapeDouble
	shapeString
	shapeList
	shapeMap
)

var shapeNames = [...]string{"nothing", "true or false", "a whole number", "a number", "text", "a list", "a mapping"}

func (s shape) String() string { return shapeNames[s] }

// A value is one value of the text form, before the key table gives it meaning. YAML, JSON and the builder all make
// values; the printer makes them from the model.
type value struct {
	shape   shape
	text    string   // scalars, as written but without quotes and escapes
	number  any      // shapeBool: bool; shapeInt: int64 or uint64; shapeDouble: float64, finite
	items   []*value // shapeList
	fields  []entry  // shapeMap, in the order written; keys are unique
	at      mark
	refused bool // something is wrong with it that is reported already
	cut     bool // a comment follows a scalar without quotes on its line
}

// An entry is one key of a mapping with its value.
type entry struct {
	key   string
	at    mark // of the key
	value *value
}

func (v *value) scalar() bool { return v.shape < shapeList }

// get returns the value of a key, or nil.
func (v *value) get(key string) *value {
	for _, e := range v.fields {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

// set returns v with the key set to a value; v itself is not changed, and w is shared.
func (v *value) set(key string, w *value) *value {
	c := *v
	c.fields = make([]entry, 0, len(v.fields)+1)
	done := false
	for _, e := range v.fields {
		if e.key == key {
			e.value, done = w, true
		}
		c.fields = append(c.fields, e)
	}
	if !done {
		c.fields = append(c.fields, entry{key: key, value: w})
	}
	return &c
}

// appendTo returns v with more items at the end of the list under key.
func (v *value) appendTo(key string, items ...*value) *value {
	list := &value{shape: shapeList}
	if old := v.get(key); old != nil {
		list.items = append(list.items, old.items...)
	}
	list.items = append(list.items, items...)
	return v.set(key, list)
}

// plain returns the value as encoding/json would, but with int64 and uint64 for whole numbers.
func (v *value) plain() any {
	switch v.shape {
	case shapeBool, shapeInt, shapeDouble:
		return v.number
	case shapeString:
		return v.text
	case shapeList:
		list := make([]any, len(v.items))
		for i, item := range v.items {
			list[i] = item.plain()
		}
		return list
	case shapeMap:
		m := make(map[string]any, len(v.fields))
		for _, e := range v.fields {
			m[e.key] = e.value.plain()
		}
		return m
	}
	return nil
}

func stringValue(s string) *value { return &value{shape: shapeString, text: s} }

func stringValues(list []string) []*value {
	out := make([]*value, len(list))
	for i, s := range list {
		out[i] = stringValue(s)
	}
	return out
}

func boolValue(b bool) *value {
	if b {
		return &value{shape: shapeBool, text: "true", number: true}
	}
	return &value{shape: shapeBool, text: "false", number: false}
}

func mapValue(fields ...entry) *value { return &value{shape: shapeMap, fields: fields} }

func listValue(items ...*value) *value { return &value{shape: shapeList, items: items} }

// clip shortens a text for a message, at a character.
func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "..."
}
