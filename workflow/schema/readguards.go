package schema

import (
	"regexp"
	"strings"
)

// guards checks the cases of a choose or some: at least one guard, no guard twice, the else last, once, and there
// unless the guards cover everything.
func (r *reader) guards(s *step, v *value) {
	node := s.id.s
	if v.get("cases") == nil {
		return // reported as missing
	}
	guarded, otherwise := r.elseLast(s)
	if r.free {
		return
	}
	if len(guarded) == 0 {
		r.fatal("schema/empty", v.keyMark("cases"), node, "", `%s needs a case with "when"`, article(s.kind))
		return
	}
	switch {
	case otherwise, covered(guarded):
	case s.kind == kindSome:
		r.fatal("schema/else", s.id.at, node, `end the cases with "- else: []" to do nothing then`, "it is not certain that a case is true: the some needs an else")
	default:
		r.fatal("schema/else", s.id.at, node, `end the cases with "- else: []" to go on then`, "it is not certain that a case is true: the choose needs an else")
	}
}

// elseLast returns the guards of s, checks that none stands there twice, and reports whether there is an else.
func (r *reader) elseLast(s *step) (guarded []string, otherwise bool) {
	seen := map[string]bool{}
	for i, b := range s.cases {
		switch {
		case b.otherwise && otherwise:
			r.fatal("schema/else", b.at, s.id.s, "remove one", "there is a second else")
		case b.otherwise:
			otherwise = true
			if i < len(s.cases)-1 && !s.cases[len(s.cases)-1].otherwise {
				r.fatal("schema/else", b.at, s.id.s, "move it to the end", "the else stands last")
			}
		case b.when.given() && seen[b.when.s] && !b.id.given() && !r.free:
			r.fatal("schema/twice", b.when.at, s.id.s, "change it, or merge the two", "the guard stands here a second time")
		case b.when.given():
			seen[b.when.s] = true
			guarded = append(guarded, b.when.s)
		default:
			guarded = append(guarded, "") // refused already, but a case
		}
	}
	return guarded, otherwise
}

// atom is an expression that "!" in front negates as a whole.
var atom = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// covered reports whether one of the guards is true in every case, as far as their text shows it: one is the negation
// of another, or the constant true.
func covered(guards []string) bool {
	all := map[string]bool{}
	for _, g := range guards {
		all[g] = true
	}
	for _, g := range guards {
		if g == "true" || g != "" && all["!("+g+")"] || atom.MatchString(g) && all["!"+g] {
			return true
		}
	}
	return false
}

// gateway checks the flows of a bare gateway. Without flows it only merges.
func (r *reader) gateway(s *step, v *value) {
	node := s.id.s
	if len(s.cases) == 0 {
		if s.split.s == "event" {
			r.fatal("schema/missing-key", s.id.at, node, `lead them to "receive" and "wait" steps`, `an event gateway needs "flows"`)
		}
		return
	}
	if s.next.given() {
		r.fatal("schema/pointless", s.next.at, node, "make it a flow", `a gateway with "flows" has no "next"`)
	}
	r.sameEnds(s)
	if kind := s.split.s; kind == "parallel" || kind == "event" {
		for _, b := range s.cases {
			if b.when.given() || b.otherwise {
				r.fatal("schema/pointless", b.at, node, "", "the flows of %s gateway have no conditions", anArticle(kind))
			}
		}
		return
	}
	if r.free {
		r.elseLast(s)
		return
	}
	if len(s.cases) == 1 {
		if b := s.cases[0]; b.when.given() {
			r.fatal("schema/else", b.when.at, node, "add a flow with else", "what if the guard is false?")
		}
		return
	}
	guarded, otherwise := r.elseLast(s)
	for _, b := range s.cases {
		if !b.when.given() && !b.otherwise && b.next.given() {
			r.fatal("schema/missing-key", b.at, node, "", `a flow of %s gateway needs "when" or "else"`, anArticle(s.split.s))
		}
	}
	if !otherwise && !covered(guarded) {
		r.fatal("schema/else", s.id.at, node, "add a flow {next: ..., else: true}", "it is not certain that a guard is true: the gateway needs an else")
	}
}

// sameEnds checks that flows with the same ends can be told apart in history.
func (r *reader) sameEnds(s *step) {
	seen := map[[2]string]bool{}
	for _, b := range s.cases {
		if b.id.given() || !b.next.given() {
			continue
		}
		key := [2]string{b.next.s, b.when.s}
		if seen[key] {
			r.fatal("schema/twice", b.next.at, s.id.s, "give them ids", "two flows lead to %q", b.next.s)
		}
		seen[key] = true
	}
}

func anArticle(word string) string {
	if strings.IndexByte("aeiou", word[0]) >= 0 {
		return "an " + word
	}
	return "a " + word
}

// enumerate is `"a", "b" and "c"`.
func enumerate(words []string) string {
	out := ""
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			out += " and "
		default:
			out += ", "
		}
		out += `"` + w + `"`
	}
	return out
}
