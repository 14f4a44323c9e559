package schema

// table reads the rows of a rule-table.
func (r *reader) table(v *value, into *[]*tableRow, key, node string) {
	items, _ := r.list(v, key, node)
	for _, item := range items {
		if item.refused {
			continue
		}
		if item.shape != shapeMap {
			r.fatal("schema/form", item.at, node, "as in {when: amount > 100, set: {level: \"'high'\"}}", "each of %s is a mapping, not %s", key, item.shape)
			continue
		}
		row := &tableRow{at: item.at}
		readRows(r, item, row, rowTable, "a row", node, item.at)
		*into = append(*into, row)
	}
}

// ruleTable checks a rule-table.
func (r *reader) ruleTable(s *step, v *value) {
	if v.empty("rows") {
		r.fatal("schema/empty", v.keyMark("rows"), s.id.s, "", "a rule-table needs at least one row")
	}
	if v.get("else") != nil && len(v.get("else").fields) == 0 {
		r.fatal("schema/empty", v.keyMark("else"), s.id.s, "set each variable to itself, or leave the else out", "the else sets nothing")
	}
	for _, row := range s.rows {
		if len(row.set) == 0 && row.when.given() {
			r.fatal("schema/empty", row.at, s.id.s, "give it set: {variable: expression}", "the row sets nothing")
		}
	}
}

// tableOutputs are the variables that a rule-table writes, each once, in the order written. Optional are those that some
// row, or the else, leaves as they are.
func (s *step) tableOutputs() []output {
	var all []output
	lists := make([][]output, 0, len(s.rows)+1)
	for _, row := range s.rows {
		lists = append(lists, row.set)
	}
	if len(s.noRow) > 0 {
		lists = append(lists, s.noRow)
	}
	count := map[string]int{}
	for _, list := range lists {
		for _, out := range list {
			if count[out.variable.s] == 0 {
				all = append(all, output{variable: out.variable})
			}
			count[out.variable.s]++
		}
	}
	for i := range all {
		all[i].optional = count[all[i].variable.s] < len(lists)
	}
	return all
}

// each checks an each.
func (r *reader) each(s *step, v *value) {
	node := s.id.s
	if v.empty("do") {
		r.fatal("schema/empty", v.keyMark("do"), node, "", "an each needs at least one step to do")
	}
	for _, d := range s.vars {
		if d.name.s == s.as.s {
			r.fatal("schema/twice", d.name.at, node, "give it another name", "%q is the element already", d.name.s)
		}
	}
}

// compensation reads how an activity is undone.
func (r *reader) compensation(v *value, into **compensation, key, node string) {
	if v.shape != shapeMap {
		c := &compensation{}
		r.word(v, &c.word, key, node, "none", "impossible")
		if c.word.given() {
			*into = c
		}
		return
	}
	r.nesting++
	defer func() { r.nesting-- }()
	if r.nesting > MaxNesting {
		if r.nesting == MaxNesting+1 {
			r.fatal("schema/too-deep", v.at, node, "", "blocks are nested more than %d deep", MaxNesting)
		}
		return
	}
	s := r.step(v, undoKinds, "a compensation")
	if s == nil {
		return
	}
	switch {
	case s.next.given():
		r.fatal("schema/pointless", s.next.at, s.id.s, "", "nothing follows a compensation")
	case s.undo != nil:
		r.fatal("schema/pointless", s.id.at, s.id.s, "leave its compensation out", "a compensation cannot be undone itself")
	case len(s.bounds) > 0:
		r.fatal("schema/pointless", s.bounds[0].id.at, s.id.s, "put the step into a subprocess that is the compensation", "a compensation has no boundary events")
	}
	*into = &compensation{step: s}
}

// passed reads a mapping that others interpret.
func (r *reader) passed(v *value, into *literal, key, node string) {
	if v.shape != shapeMap {
		r.fatal("schema/form", v.at, node, "", "%s is a mapping, not %s", key, v.shape)
		return
	}
	r.literal(v, into, key, node)
}

// requirements are the keys of "require": bounds, and what else the choice of a provider looks at.
var requirements = map[string]shape{
	"price": shapeDouble, "latency": shapeDouble, "reliability": shapeDouble, "reputation": shapeDouble,
	"labels": shapeList, "weights": shapeMap,
}

// requirementKeys are they in the order to name them.
var requirementKeys = []string{"price", "latency", "reliability", "reputation", "labels", "weights"}

// requirement reads what a service requires of its provider.
func (r *reader) requirement(v *value, into *literal, key, node string) {
	before := len(r.findings.list)
	if v.shape == shapeMap {
		for _, e := range v.fields {
			want, known := requirements[e.key]
			switch {
			case !known:
				r.unknownKey(e, key, node, requirementKeys, requirementKeys)
			case want == shapeDouble && e.value.shape != shapeInt && e.value.shape != shapeDouble:
				r.fatal("schema/form", e.value.at, node, "", "%s is a number, not %s", e.key, e.value.shape)
			case want != shapeDouble && e.value.shape != want:
				r.fatal("schema/form", e.value.at, node, "", "%s is %s, not %s", e.key, want, e.value.shape)
			}
			for _, item := range e.value.items {
				if want == shapeList && item.shape != shapeString {
					r.fatal("schema/form", item.at, node, "", "each of %s is a text, not %s", e.key, item.shape)
				}
			}
			for _, w := range e.value.fields {
				if want == shapeMap && (requirements[w.key] != shapeDouble || w.value.shape != shapeInt && w.value.shape != shapeDouble) {
					r.fatal("schema/form", w.at, node, "as in {price: 0.7, latency: 0.3}", "weights gives price, latency, reliability or reputation a number")
				}
			}
		}
	}
	if len(r.findings.list) == before {
		r.passed(v, into, key, node)
	}
}
