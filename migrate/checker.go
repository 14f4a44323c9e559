package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/replank/replank/internal/expr"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/program"
	"github.com/replank/replank/workflow/schema"
)

// TimerPolicy says when timers that are in both schemas are due after a move.
type TimerPolicy uint8

// Timer policies.
const (
	Rebase  TimerPolicy = iota // armed-at + new duration
	KeepDue                    // as before
	Reset                      // the move + new duration
)

// Options is how to check and where to land; the zero value is the Default criteria and the documented policies.
type Options struct {
	Criteria Criteria          // 0: Default
	Rename   map[string]string // old node id -> new one; adds to "was" in the schema
	Timers   TimerPolicy
}

// Checker checks runs of one schema against another. It is immutable and safe for concurrent use.
type Checker struct {
	from, to *schema.Process
	s, t     *kernel.Machine // of from, of to
	criteria Criteria        // to judge by
	possible Criteria        // that there may be at all, see relaxable
	timers   TimerPolicy
	needs    *schema.Needs

	renamings []kernel.Renaming // of Options.Rename, ascending
	lineage   Lineage
	variables map[string]string // renamed ones, by their name in from

	node    []int32   // node of from -> node of to, -1: deleted
	back    []int32   // node of to -> node of from, -1: inserted
	slot    []int32   // variable of from -> variable of to, -1: deleted or of another type
	convert []convert // by variable of to
	changed []string  // by variable of from: why its value cannot be taken over; ""
	scopes  []int32   // scope of from -> scope of to, -1
}

// convert says how a variable of the target gets its value where it is not simply taken over.
type convert struct {
	program *expr.Program // over the variables of from; nil: none
	reads   []int         // of from
}

// NewChecker prepares a check. A *schema.Error says what is wrong with the plan itself: the target is not verified, a
// rename names no node, one of the two has elements that no engine runs. opts may be nil.
//
// The target is taken for the version after the old schema; see NewCheckerOf for others.
func NewChecker(from, to *schema.Process, opts *Options) (*Checker, error) {
	return NewCheckerOf(from, to, Lineage{}, opts)
}

// NewCheckerOf is NewChecker for two versions of a process that do not follow on each other: a later one, or an older.
func NewCheckerOf(from, to *schema.Process, lineage Lineage, opts *Options) (*Checker, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Criteria == 0 {
		o.Criteria = Default
	}
	c := &Checker{
		from: from, to: to, s: kernel.New(from.Program()), t: kernel.New(to.Program()),
		criteria: o.Criteria & relaxations, possible: relaxations, timers: o.Timers, lineage: lineage,
	}
	if !relaxable(c.s.Program()) || !relaxable(c.t.Program()) {
		c.criteria, c.possible = 0, 0
	}
	var findings []schema.Finding
	if to.Verify(schema.Budget{}).Unverified {
		findings = append(findings, fatal(to, "migrate/unverified", "", "the target is not verified within the budget, so where its instances can get is not known",
			"split the process, or verify it with a larger budget"))
	}
	if o.Timers > Reset {
		findings = append(findings, fatal(to, "migrate/timers", "", fmt.Sprintf("%d is no policy for timers", o.Timers), "want Rebase, KeepDue or Reset"))
	}
	if unknown := o.Criteria &^ (Strict | relaxations); unknown != 0 {
		findings = append(findings, fatal(to, "migrate/criteria", "", fmt.Sprintf("%d is not among the criteria", uint8(unknown)), "want Strict, Loops, Order, Deletions, or a union of them"))
	}
	findings = append(findings, slices.Concat(from.Runs(), to.Runs())...)
	findings = append(findings, c.mapNodes(o.Rename)...)
	findings = append(findings, c.mapVars()...)
	if len(findings) > 0 {
		return nil, &schema.Error{Findings: findings}
	}
	c.needs = to.Needs()
	return c, nil
}

// Node is the node of the target that takes the place of a node of the old schema, by their numbers; -1: none does.
func (c *Checker) Node(old int32) int32 { return c.node[old] }

// converts reports whether a variable gets its value from a converter, which may fail by value.
func (c *Checker) converts() bool {
	return slices.ContainsFunc(c.convert, func(cv convert) bool { return cv.program != nil })
}

func fatal(p *schema.Process, code, node, message, hint string) schema.Finding {
	f := schema.Finding{Severity: schema.Fatal, Code: code, Node: node, Message: message, Hint: hint}
	if n := p.Node(node); n != nil {
		f.Pos = n.Pos()
	}
	return f
}

// mapNodes maps nodes by id; "was" and renames make two different ids the same node, and then an equal id is not.
func (c *Checker) mapNodes(rename map[string]string) []schema.Finding {
	s, t := c.from.Program(), c.to.Program()
	c.node, c.back = fill(len(s.Nodes)), fill(len(t.Nodes))
	was := c.renamed(nodeNames, nodeIDs(s), nodeIDs(t)) // old id -> new id
	moved := make([]bool, len(t.Nodes))
	//lint:sorted each sets an element of its own
	for _, id := range was {
		moved[t.ByID[id]] = true
	}
	var findings []schema.Finding
	olds := make([]string, 0, len(rename))
	//lint:sorted sorted on the next line
	for old := range rename {
		olds = append(olds, old)
	}
	slices.Sort(olds)
	for _, old := range olds {
		to := rename[old]
		_, inOld := s.ByID[old]
		_, inNew := t.ByID[to]
		if !inOld || !inNew {
			findings = append(findings, fatal(c.to, "migrate/rename", to, fmt.Sprintf("rename %s -> %s: there is no such node in the %s schema", old, to,
				map[bool]string{true: "new", false: "old"}[inOld]), "name a node of the old schema and one of the new"))
			continue
		}
		was[old], moved[t.ByID[to]] = to, true
		c.renamings = append(c.renamings, kernel.Renaming{Old: old, New: to})
	}
	for i := range s.Nodes {
		id, renamed := was[s.Nodes[i].ID]
		if !renamed {
			id = s.Nodes[i].ID
		}
		j, ok := t.ByID[id]
		if !ok || !renamed && moved[j] || c.back[j] >= 0 {
			continue // deleted; or the id is now that of a renamed node
		}
		if class(&s.Nodes[i]) != class(&t.Nodes[j]) {
			continue // another thing under an old name
		}
		c.node[i], c.back[j] = int32(j), int32(i)
	}
	for _, x := range c.renamings {
		old, now := s.ByID[x.Old], t.ByID[x.New]
		if c.node[old] == int32(now) {
			continue
		}
		why := fmt.Sprintf("%s is another thing than %s was", x.New, x.Old)
		if other := c.back[now]; other >= 0 {
			why = fmt.Sprintf("%s takes the place of %s already", x.New, s.Nodes[other].ID)
		}
		findings = append(findings, fatal(c.to, "migrate/rename", x.New, fmt.Sprintf("rename %s -> %s: %s", x.Old, x.New, why), "leave it out, or name another node"))
	}
	c.scopes = fill(len(s.Scopes))
	c.scopes[0] = 0
	for i := range s.Scopes {
		for j := range t.Scopes {
			if s.Scopes[i].Node >= 0 && t.Scopes[j].Node >= 0 && c.node[s.Scopes[i].Node] == t.Scopes[j].Node {
				c.scopes[i] = int32(j)
			}
		}
	}
	return findings
}

func fill(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = -1
	}
	return list
}

// gateways is the class of gateways.
const gateways = 3

// class groups the kinds that can take each other's place: what a person did a program may do in the next version.
func class(n *program.Node) int {
	if many(n) { // whatever is done for each element, it is done otherwise than once
		return 4
	}
	switch n.Kind {
	case program.UserTask, program.ServiceTask, program.ScriptTask, program.ManualTask, program.SendTask, program.RuleTask:
		return 1
	case program.ReceiveTask, program.CatchEvent:
		return 2
	case program.ExclusiveGateway, program.InclusiveGateway, program.ParallelGateway, program.EventGateway:
		return gateways
	}
	return 10 + int(n.Kind)
}

// origin is the variable of the old schema that one of the target was, or -1: what the renamings tell, or else that of
// its name.
func (c *Checker) origin(slot int) int {
	if i := c.formerVar(c.to.Program().Vars[slot].Name); i >= 0 {
		return i
	}
	name := c.oldName(slot)
	if _, renamed := c.variables[name]; renamed {
		return -1 // by a version between the two, and this one is another
	}
	return variable(c.from.Program(), name)
}

// oldName is the name of a variable of the target in the old schema: another one, if it belongs to a sub-process that
// was renamed.
func (c *Checker) oldName(slot int) string {
	s, t := c.from.Program(), c.to.Program()
	name := t.Vars[slot].Name
	for i := range t.Scopes {
		sc := &t.Scopes[i]
		if sc.Node >= 0 && c.back[sc.Node] >= 0 && slices.Contains(sc.Locals, slot) {
			return s.Nodes[c.back[sc.Node]].ID + strings.TrimPrefix(name, t.Nodes[sc.Node].ID)
		}
	}
	return name
}

// mapVars maps variables by name or "was".
func (c *Checker) mapVars() []schema.Finding {
	s, t := c.from.Program(), c.to.Program()
	c.variables = c.renamed(varNames, varIDs(s), varIDs(t))
	c.slot, c.changed = fill(len(s.Vars)), make([]string, len(s.Vars))
	c.convert = make([]convert, len(t.Vars))
	var findings []schema.Finding
	for j := range t.Vars {
		v := &t.Vars[j]
		i := c.origin(j)
		if v.FromText != "" && (i < 0 || s.Vars[i].FromText != v.FromText || s.Vars[i].Type.String() != v.Type.String()) { // else it was converted before
			p, issues := s.Env.Compile(v.FromText, v.Type)
			if len(issues) > 0 {
				findings = append(findings, fatal(c.to, "migrate/from", "", fmt.Sprintf("from of variable %s: %s", v.Name, issues[0].Message), issues[0].Hint))
				continue
			}
			c.convert[j] = convert{p, p.Reads()}
			continue
		}
		if i < 0 {
			continue
		}
		if a, b := s.Vars[i].Type.String(), v.Type.String(); a != b && !v.Type.IsDyn() {
			c.changed[i] = fmt.Sprintf("variable %s was %s and is %s now", v.Name, a, b)
			continue
		}
		c.slot[i] = int32(j)
	}
	return findings
}
