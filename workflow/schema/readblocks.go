package schema

// branches reads the cases of a choose or some, the branches of a parallel or the flows of a gateway.
func (r *reader) branches(f form, v *value, key, node string) []*branch {
	items, _ := r.list(v, key, node)
	var out []*branch
	for _, item := range items {
		if item.refused {
			continue
		}
		if item.shape != shapeMap {
			r.fatal("schema/form", item.at, node, "", "each of %s is a mapping, not %s", key, item.shape)
			continue
		}
		b := &branch{at: item.at}
		switch {
		case f == formFlows:
			readRows(r, item, b, flowTable, "a flow", node, item.at)
			if b.when.given() && b.otherwise {
				r.fatal("schema/else", item.at, node, "make two flows of it", "a flow has either when or else")
			}
		case f == formBranches && item.get("do") == nil || f == formBranches && isStep(item):
			r.nesting++
			if s := r.branchStep(item, node); s != nil {
				b.body = []*step{s}
			}
			r.nesting--
		case f == formBranches:
			readRows(r, item, b, branchTable, "a branch", node, item.at)
		case item.get("else") != nil:
			b.otherwise = true
			readRows(r, item, b, elseTable, "an else", node, item.at)
		default:
			readRows(r, item, b, whenTable, "a case", node, item.at)
		}
		out = append(out, b)
	}
	return out
}

// branchStep reads a branch that is a bare step.
func (r *reader) branchStep(v *value, node string) *step {
	if r.nesting > MaxNesting {
		if r.nesting == MaxNesting+1 {
			r.fatal("schema/too-deep", v.at, node, "", "blocks are nested more than %d deep", MaxNesting)
		}
		return nil
	}
	return r.step(v, stepKinds, laterSteps, "a step")
}

// isStep reports whether a mapping has a key that introduces a step.
func isStep(v *value) bool {
	for _, e := range v.fields {
		if _, ok := stepKinds.named(e.key); ok {
			return true
		}
		for _, l := range laterSteps {
			if l.key == e.key {
				return true
			}
		}
	}
	return false
}

// consistent checks what keys of one step have to do with each other.
func (r *reader) consistent(s *step, v *value) {
	node, at := s.id.s, s.at
	has := func(key string) bool { return v.get(key) != nil }
	switch s.kind {
	case kindWait:
		r.exactlyOne(v, node, "for", "until", "message")
		if !has("message") {
			for _, key := range []string{"key", "out"} {
				if has(key) {
					r.fatal("schema/pointless", v.keyMark(key), node, `give it "message" too, or leave it out`, "%q belongs to a wait for a message", key)
				}
			}
		}
	case kindTimer:
		r.exactlyOne(v, node, "after", "at")
	case kindRepeat:
		r.exactlyOne(v, node, "until", "while")
		if v.empty("do") {
			r.fatal("schema/empty", v.keyMark("do"), node, "", "a repeat needs at least one step to repeat")
		}
	case kindScript:
		if !has("set") && !has("out") {
			r.fatal("schema/missing-key", at, node, "", `a script needs "set" or "out"`)
		}
		r.writtenTwice(s)
	case kindEnd:
		if s.kill && s.code.given() {
			r.fatal("schema/pointless", v.keyMark("terminate"), node, "", "an end either terminates or raises an error")
		}
	case kindParallel:
		if b := v.get("branches"); b != nil && (b.shape == shapeNull || b.shape == shapeList) && len(b.items) < 2 {
			r.fatal("schema/empty", v.keyMark("branches"), node, "", "a parallel needs at least two branches")
		}
	case kindRace:
		if v.empty("cases") {
			r.fatal("schema/empty", v.keyMark("cases"), node, "", "a race needs at least one event")
		}
	case kindSubprocess:
		if v.empty("do") {
			r.fatal("schema/empty", v.keyMark("do"), node, "", "a subprocess needs at least one step")
		}
	case kindChoose, kindSome:
		r.guards(s, v)
	case kindGateway:
		if s.split.given() {
			r.gateway(s, v)
		}
	}
	if len(s.bounds) > 0 {
		r.caught(s)
	}
	// What repeats a default is as if it were not there.
	if s.handler.s == s.id.s {
		s.handler = text{}
	}
	if s.kind == kindMessage && s.message.s == s.id.s {
		s.message = text{}
	}
}

// empty reports whether v has a key whose list has nothing in it. Items that are there but refused are another matter.
func (v *value) empty(key string) bool {
	list := v.get(key)
	return list != nil && (list.shape == shapeNull || list.shape == shapeList && len(list.items) == 0)
}

func (v *value) keyMark(key string) mark {
	for _, e := range v.fields {
		if e.key == key {
			return e.at
		}
	}
	return v.at
}

// exactlyOne checks that one of some keys is there.
func (r *reader) exactlyOne(v *value, node string, keys ...string) {
	seen := ""
	for _, key := range keys {
		if v.get(key) == nil {
			continue
		}
		if seen != "" {
			r.fatal("schema/either", v.keyMark(key), node, "remove one of the two", "%q excludes %q", key, seen)
		}
		seen = key
	}
	if seen == "" {
		r.fatal("schema/missing-key", v.at, node, "", "one of the keys %s is needed", enumerate(keys))
	}
}

// writtenTwice checks that a script gives each variable one value.
func (r *reader) writtenTwice(s *step) {
	seen := map[string]bool{}
	for _, w := range s.set {
		seen[w.variable.s] = true
	}
	for _, w := range s.out {
		if seen[w.variable.s] {
			r.fatal("schema/twice", w.variable.at, s.id.s, "remove one of the two", "%q is in set and in out", w.variable.s)
		}
	}
}

// caught checks that no two boundary events of a step catch the same error.
func (r *reader) caught(s *step) {
	seen := map[string]string{}
	for _, e := range s.bounds {
		if e.kind != kindError {
			continue
		}
		if s.kind == kindReceive {
			r.fatal("schema/pointless", e.id.at, e.id.s, "use a timer or message event", "a receive raises no errors")
		}
		if other, twice := seen[e.code.s]; twice {
			r.fatal("schema/twice", e.id.at, e.id.s, "give them different codes", "%q catches the same errors", other)
		}
		seen[e.code.s] = e.id.s
	}
}
