package schema

import (
	"regexp"
	"strings"
	"time"

	"github.com/replank/replank/internal/period"
)

// value reads v, the value of key, in the given form. node is the step it belongs to.
func (r *reader) value(f form, v *value, into any, key, node string) {
	if v.refused {
		return
	}
	switch f {
	case formText:
		r.text(v, into.(*text), key, node)
	case formID:
		r.id(v, into.(*text), key, node)
	case formName:
		r.name(v, into.(*text), key, node)
	case formCEL:
		r.cel(v, into.(*text), key, node)
	case formType:
		r.text(v, into.(*text), key, node)
	case formSplit, formMode, formHit, formOn:
		r.word(v, into.(*text), key, node, wordsOf[f]...)
	case formFlag:
		r.flag(v, into.(*bool), key, node)
	case formInterrupt:
		interrupts := true
		r.flag(v, &interrupts, key, node)
		*into.(*bool) = !interrupts
	case formCron:
		r.cron(v, into.(*text), key, node)
	case formMapping:
		r.passed(v, into.(*literal), key, node)
	case formRequire:
		r.requirement(v, into.(*literal), key, node)
	case formCompensation:
		r.compensation(v, into.(**compensation), key, node)
	case formTable:
		r.table(v, into.(*[]*tableRow), key, node)
	case formElse:
		if v.shape != shapeNull && v.number != true {
			r.fatal("schema/form", v.at, node, `write "else:" beside "next", with nothing after it`, "the else of a flow has no value")
		}
		*into.(*bool) = true
	case formPeriod:
		r.period(v, into.(*span), key, node)
	case formLength:
		r.length(v, into.(*time.Duration), key, node)
	case formCount, formFactor:
		r.number(v, into, key, node)
	case formTexts:
		r.texts(v, into.(*[]text), key, node, r.text)
	case formIDs:
		r.texts(v, into.(*[]text), key, node, r.id)
	case formNames:
		r.texts(v, into.(*[]text), key, node, r.name)
	case formIn:
		r.in(v, into.(*[]param), key, node)
	case formOut, formOutMap:
		r.out(v, into.(*[]output), key, node, f == formOut)
	case formSet:
		r.set(v, into.(*[]setting), key, node)
	case formLiteral:
		r.literal(v, into.(*literal), key, node)
	case formRetry:
		r.retry(v, into.(**retry), key, node)
	case formRules:
		r.rules(v, into.(*[]*rule), key)
	case formDefaults:
		if r.mapping(v, key, node) {
			readRows(r, v, into.(*defaults), defaultsTable, "defaults", node, v.at)
		}
	case formTypes:
		r.types(v, into.(*[]*record))
	case formVars:
		r.vars(v, into.(*[]*variable), key, node)
	case formSteps:
		*into.(*[]*step) = r.stepList(v, key, node)
	case formBoundary, formEvents, formStarts:
		*into.(*[]*step) = r.eventList(v, eventsOf(f), key, node)
	case formRace:
		*into.(*[]*step) = r.eventList(v, eventsOf(f), key, node)
		r.oneOccurrence(*into.(*[]*step), "a case of a race")
	case formCases, formBranches, formFlows:
		*into.(*[]*branch) = r.branches(f, v, key, node)
	}
}

// text reads any scalar as the text it is written as.
func (r *reader) text(v *value, into *text, key, node string) {
	if v.refused {
		return
	}
	if !v.scalar() {
		r.fatal("schema/form", v.at, node, "", "%s is a text, not %s", key, v.shape)
		return
	}
	s := strings.TrimSpace(v.text)
	if s == "" {
		r.fatal("schema/empty", v.at, node, "give it one, or leave the key out", "%s has no value", key)
		return
	}
	if i := strings.IndexFunc(s, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7f }); i >= 0 {
		r.fatal("schema/form", v.at, node, "remove it", "%s has a control character (U+%04X)", key, s[i])
		return
	}
	*into = text{s, v.at}
}

// cel reads an expression. Whether it is one is the compiler's business.
func (r *reader) cel(v *value, into *text, key, node string) {
	r.text(v, into, key, node)
	if v.cut && (strings.Count(v.text, `"`)%2 == 1 || strings.Count(v.text, "'")%2 == 1) {
		r.fatal("schema/cut", v.at, node, "put the whole expression into quotes", `YAML takes what follows " #" in this line for a comment, which cuts the expression off`)
		*into = text{}
	}
}

var (
	idForm   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func (r *reader) id(v *value, into *text, key, node string) {
	var t text
	r.text(v, &t, key, node)
	switch {
	case !t.given():
		return
	case len(t.s) > MaxID:
		r.fatal("schema/id", t.at, node, "", "an id of %d bytes, more than %d", len(t.s), MaxID)
		return
	case !idForm.MatchString(t.s):
		r.fatal("schema/id", t.at, node, "ids are letters, digits, _, - and dots, and begin with a letter or _", "%q is no id", clip(t.s))
		return
	case strings.HasSuffix(t.s, ".join"):
		r.fatal("schema/id", t.at, node, `end it otherwise; x.join is where block x ends`, "an id may not end in .join")
		return
	}
	*into = t
}

func (r *reader) name(v *value, into *text, key, node string) {
	var t text
	r.text(v, &t, key, node)
	if t.given() && r.isName(t.s, t.at, node) {
		*into = t
	}
}

// isName checks the name of a variable, record or field.
func (r *reader) isName(s string, at mark, node string) bool {
	switch {
	case len(s) > MaxID:
		r.fatal("schema/name", at, node, "", "a name of %d bytes, more than %d", len(s), MaxID)
	case !nameForm.MatchString(s):
		r.fatal("schema/name", at, node, "names are letters, digits and _, and do not begin with a digit", "%q is no name", clip(s))
	default:
		return true
	}
	return false
}

func (r *reader) word(v *value, into *text, key, node string, known ...string) {
	var t text
	r.text(v, &t, key, node)
	if !t.given() {
		return
	}
	for _, w := range known {
		if w == t.s {
			*into = t
			return
		}
	}
	r.fatal("schema/form", t.at, node, "one of "+strings.Join(known, ", "), "%q is no %s", clip(t.s), key)
}

func (r *reader) flag(v *value, into *bool, key, node string) {
	if v.shape != shapeBool {
		r.fatal("schema/form", v.at, node, "", "%s is true or false, not %s", key, v.shape)
		return
	}
	*into = v.number == true
}

func (r *reader) period(v *value, into *span, key, node string) {
	var t text
	r.text(v, &t, key, node)
	if !t.given() {
		return
	}
	p, err := period.Parse(t.s)
	switch {
	case err != nil:
		r.fatal("schema/period", t.at, node, "", "%s: %v", key, err)
	case p.IsZero():
		r.fatal("schema/period", t.at, node, "", "%s: the period is zero", key)
	default:
		*into = span{t, p}
	}
}

func (r *reader) length(v *value, into *time.Duration, key, node string) {
	var s span
	r.period(v, &s, key, node)
	if !s.given() {
		return
	}
	d, ok := s.period.Exact()
	if !ok {
		r.fatal("schema/period", s.at, node, `use days, hours, minutes and seconds, as in "PT30S"`, "%s needs an exact time, and %q is none", key, clip(s.s))
		return
	}
	*into = d
}

// mostCount is the largest count or factor.
const mostCount = 1_000_000

// number reads a count or a factor, both at least 1.
func (r *reader) number(v *value, into any, key, node string) {
	const most = mostCount
	switch into := into.(type) {
	case *int:
		if n, ok := v.number.(int64); ok && n >= 1 && n <= most {
			*into = int(n)
			return
		}
		r.fatal("schema/form", v.at, node, "", "%s is a whole number from 1 to %d", key, most)
	case *float64:
		x, ok := v.number.(float64)
		if n, whole := v.number.(int64); whole {
			x, ok = float64(n), true
		}
		if ok && x >= 1 && x <= most {
			*into = x
			return
		}
		r.fatal("schema/form", v.at, node, "", "%s is a number from 1 to %d", key, most)
	}
}

func (r *reader) texts(v *value, into *[]text, key, node string, read func(*value, *text, string, string)) {
	items, _ := r.list(v, key, node)
	seen := map[string]bool{}
	for _, item := range items {
		var t text
		read(item, &t, key, node)
		switch {
		case !t.given():
		case seen[t.s]:
			r.fatal("schema/twice", t.at, node, "remove one", "%q stands in %s twice", clip(t.s), key)
		default:
			seen[t.s] = true
			*into = append(*into, t)
		}
	}
}

func (r *reader) mapping(v *value, key, node string) bool {
	if v.shape == shapeMap || v.shape == shapeNull {
		return true
	}
	r.fatal("schema/form", v.at, node, "", "%s is a mapping, not %s", key, v.shape)
	return false
}
