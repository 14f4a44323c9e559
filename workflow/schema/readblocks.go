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
	return r.step(v, stepKinds, "a step")
}

// isStep reports whether a mapping has a key that introduces a step.
func isStep(v *value) bool {
	for _, e := range v.fields {
		if _, ok := stepKinds.named(e.key); ok {
			return true
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
		r.exactlyOne(v, node, "for", "until", "cron", "message", "signal", "condition")
		r.belongs(v, node, "a wait", "for a message", []string{"key", "partner"}, "message")
		r.belongs(v, node, "a wait", "for a message", []string{"out"}, "message", "signal")
	case kindTimer:
		r.exactlyOne(v, node, "after", "at", "every", "cron")
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
		r.end(s, v)
	case kindThrow:
		r.exactlyOne(v, node, "message", "signal", "error", "escalation")
		r.sent(v, node, "a throw")
		if s.code.given() && has("next") {
			r.fatal("schema/pointless", v.keyMark("next"), node, "lead the event that catches the error on", "nothing follows where an error is thrown")
		}
	case kindRules:
		r.ruleTable(s, v)
	case kindEach:
		r.each(s, v)
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
		r.handlers(s.handlers)
	case kindChoose, kindSome:
		r.guards(s, v)
	case kindGateway:
		if s.split.given() {
			r.gateway(s, v)
		}
	}
	r.caught(s.bounds)
	r.boundary(s)
	// What repeats a default is as if it were not there.
	if s.handler.s == s.id.s {
		s.handler = text{}
	}
	if s.kind == kindMessage && s.message.s == s.id.s {
		s.message = text{}
	}
	if s.kind == kindSignal && s.signal.s == s.id.s {
		s.signal = text{}
	}
	if s.hit.s == "first" {
		s.hit = text{}
	}
	if s.mode.s == "parallel" {
		s.mode = text{}
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
