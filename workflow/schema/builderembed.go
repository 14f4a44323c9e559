package schema

import "slices"

// Embedded begins with the process that a text in YAML or JSON says (see Process.JSON), which stands within a text of
// another notation; Builder.Source gives that. at says where in it the step, event or flow with an id stands, as
// Step.Line does; 0, 0 if it stands nowhere. What has no place stands where what is around it does. The error is an
// *Error with what keeps the text from being read at all; its places are those of the text.
func Embedded(text []byte, at func(id string) (line, col int)) (*Builder, error) {
	f, v := readSource("", text)
	if v == nil || refused(f.list) {
		return nil, f.failure()
	}
	if v.shape != shapeMap {
		f.fatal("schema/form", v.at, "", `begin with "process: some-id" and "steps:"`, "there is no process in it")
		return nil, f.failure()
	}
	unmark(v)
	v = v.spread(at)
	return &Builder{doc: v, records: map[string]string{}}, nil
}

// lies are the keys under which steps, events and flows lie.
var lies = []string{"steps", "start", "events", "do", "else", "branches", "cases", "flows", "boundary", "compensation"}

// spread returns v with the places of the steps, events and flows in it.
func (v *value) spread(at func(id string) (line, col int)) *value {
	for i := range v.items {
		v.items[i] = v.items[i].spread(at)
	}
	id := ""
	for i := range v.fields {
		e := &v.fields[i]
		if e.value.shape == shapeString && (e.key == "id" || i == 0 && slices.Contains(kindKeys[:], e.key)) {
			id = e.value.text
		}
		if slices.Contains(lies, e.key) {
			e.value = e.value.spread(at)
		}
	}
	if id == "" {
		return v
	}
	line, col := at(id)
	return v.placed(mark{line, col})
}
