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
	for i := range v.fields {
		if e := &v.fields[i]; slices.Contains(lies, e.key) {
			e.value = e.value.spread(at)
		}
	}
	for _, key := range kindKeys { // steps come first there: a wait may have a key "message" too
		if x := v.get(key); x != nil && x.shape == shapeString {
			return v.placed(placeOf(at(x.text)))
		}
	}
	if x := v.get("id"); x != nil && x.shape == shapeString { // a flow
		return v.placed(placeOf(at(x.text)))
	}
	return v
}

func placeOf(line, col int) mark { return mark{line, col} }
