package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/replank/replank/internal/ltlf"
)

// Rules of the domain: what must be true of every run, whatever its flows allow (docs/rules.md). They are read, resolved
// and printed here, compiled in rules_compile.go, held against all runs in rules_verify.go; internal/kernel watches
// them on running instances.

// MaxRules bounds the rules of a process.
const MaxRules = 64

// What happens to a step that violates a rule.
const (
	onRefuse = "refuse"
	onFlag   = "flag"
)

// Rule is a rule of the domain over the steps and events of one run. Exactly one of Declare and LTLf is given.
type Rule struct {
	ID      string // unique among the rules
	Doc     string
	Declare string // a template of Declare with its steps: "precedence(check, pay)"
	LTLf    string // a formula: "G(order -> F pay)"
	// On is what happens to a step that violates the rule at run time: "refuse" or "flag"; "": nothing, because the
	// process is refused unless all of its runs satisfy the rule.
	On string
}

// A rule is one entry of "rules".
type rule struct {
	at            mark
	id, doc       text
	declare, ltlf text // one of the two; declare in its canonical spelling
	on            text

	formula *ltlf.Formula // nil if the text is wrong
	active  []ltlf.Atom   // see ltlf.Constraint
}

// text is what the rule says.
func (x *rule) text() text {
	if x.ltlf.given() {
		return x.ltlf
	}
	return x.declare
}

var ruleTable = []row[rule]{
	{key: "rule", form: formID, need: true, at: func(r *rule) any { return &r.id }},
	{key: "doc", form: formText, at: func(r *rule) any { return &r.doc }},
	{key: "declare", form: formText, at: func(r *rule) any { return &r.declare }},
	{key: "ltlf", form: formText, at: func(r *rule) any { return &r.ltlf }},
	{key: "on", form: formOn, at: func(r *rule) any { return &r.on }},
}

// rules reads the list of rules.
func (r *reader) rules(v *value, into *[]*rule, key string) {
	items, _ := r.list(v, key, "")
	for i, item := range items {
		if i == MaxRules {
			r.fatal("schema/too-large", item.at, "", "join some of them with & in one formula", "more than %d rules", MaxRules)
			return
		}
		if item.refused {
			continue
		}
		if item.shape != shapeMap {
			r.fatal("schema/form", item.at, "", "as in {rule: paid-late, declare: \"precedence(check, pay)\"}", "a rule is a mapping, not %s", item.shape)
			continue
		}
		x := &rule{at: item.at}
		readRows(r, item, x, ruleTable, "a rule", "", item.at)
		switch given := x.declare.given(); {
		case given && x.ltlf.given():
			r.fatal("rule/two", x.ltlf.at, "", "make two rules of it", "a rule has either declare or ltlf")
		case given:
			r.declared(x)
		case x.ltlf.given():
			f, err := ltlf.Parse(x.ltlf.s)
			r.ruleText(x.ltlf, err)
			x.formula = f
		case item.get("declare") == nil && item.get("ltlf") == nil:
			r.fatal("schema/missing-key", item.at, "", "", `a rule needs the key "declare" or "ltlf"`)
		}
		*into = append(*into, x)
	}
}

func (r *reader) declared(x *rule) {
	c, err := ltlf.Declare(x.declare.s)
	r.ruleText(x.declare, err)
	if err == nil {
		x.formula, x.active, x.declare.s = c.Formula, c.Active, c.String()
	}
}

// ruleText reports what is wrong with the text of a rule.
func (r *reader) ruleText(t text, err error) {
	if wrong := (*ltlf.SyntaxError)(nil); errors.As(err, &wrong) {
		chars := len([]rune(t.s[:wrong.Offset]))
		r.fatal("rule/syntax", r.source.inside(t, chars), "", wrong.Hint, "%s", wrong.What)
	}
}

// rules checks the ids of rules and the steps that they name. Whether a step has events is the compiler's business.
func (r *resolver) rules() {
	ids := map[string]text{}
	for _, x := range r.p.rules {
		if first, twice := ids[x.id.s]; twice && x.id.given() {
			r.fatal("schema/duplicate-id", x.id.at, "", "give it another id", "the rule %q stands here a second time%s", x.id.s, inLine(first))
		}
		ids[x.id.s] = x.id
		if x.formula == nil {
			continue
		}
		for _, name := range x.formula.Steps() {
			if r.p.byID[name] == nil && !r.lost[name] {
				r.fatal("rule/unknown-step", r.naming(x, name), "", r.nearestAtom(name), "there is no step %q for the rule %q", name, x.id.s)
			}
		}
	}
}

// nearestAtom is the hint for a name that is no step: maybe its phase is misspelt.
func (r *resolver) nearestAtom(name string) string {
	if i := strings.LastIndexByte(name, '.'); i > 0 && r.p.byID[name[:i]] != nil {
		return fmt.Sprintf("write %s, %s.started or %s.completed", name[:i], name[:i], name[:i])
	}
	return r.nearestStep(name, anyOther)
}

// naming is where a rule names a step: the first place where its id stands by itself.
func (fs *findings) naming(x *rule, step string) mark {
	t := x.text()
	id := func(c byte) bool {
		return c == '_' || c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for from := 0; ; {
		i := strings.Index(t.s[from:], step)
		if i < 0 {
			return t.at
		}
		at, end := from+i, from+i+len(step)
		phase := strings.HasPrefix(t.s[end:], ".started") || strings.HasPrefix(t.s[end:], ".completed") || strings.HasPrefix(t.s[end:], "->")
		if (at == 0 || !id(t.s[at-1])) && (end == len(t.s) || !id(t.s[end]) || phase) {
			if t == x.declare && at > 0 { // the text was brought into its canonical spelling
				return t.at
			}
			return fs.source.inside(t, at)
		}
		from = at + 1
	}
}

func printRules(rules []*rule) *value {
	if len(rules) == 0 {
		return nil
	}
	list := listValue()
	for _, x := range rules {
		list.items = append(list.items, printRows(x, ruleTable))
	}
	return list
}

// Rules are the rules of the domain, in the order written. The slice is the caller's.
func (p *Process) Rules() []Rule {
	rules := make([]Rule, len(p.rules))
	for i, x := range p.rules {
		rules[i] = Rule{ID: x.id.s, Doc: x.doc.s, Declare: x.declare.s, LTLf: x.ltlf.s, On: x.on.s}
	}
	return rules
}

// Rule adds a rule of the domain that all runs must satisfy: a template of Declare with its steps.
func (b *Builder) Rule(id, declare string) *Builder {
	return b.Rules(Rule{ID: id, Declare: declare})
}

// Rules adds rules of the domain.
func (b *Builder) Rules(rules ...Rule) *Builder {
	for _, x := range rules {
		v := mapValue(entry{key: "rule", value: stringValue(x.ID)})
		for _, e := range [][2]string{{"doc", x.Doc}, {"declare", x.Declare}, {"ltlf", x.LTLf}, {"on", x.On}} {
			if e[1] != "" {
				v = v.set(e[0], stringValue(e[1]))
			}
		}
		b.doc = b.doc.appendTo("rules", v)
	}
	return b
}
