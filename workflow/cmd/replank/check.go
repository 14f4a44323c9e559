package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/replank/replank/migrate"
	"github.com/replank/replank/workflow/schema"
)

const checkUsage = `Usage: replank check --from OLD --to NEW --trace TRACE.json [flags]

May an instance of OLD that has done what TRACE.json says move to NEW, and where does it land? The trace is replayed on
OLD first; one that OLD cannot produce is wrong input. OLD and NEW are YAML, JSON or BPMN 2.0.

TRACE.json is {"vars": {...}, "events": [...]}; "vars" start the instance, and each event is one of
  {"start": node}                      a person or program began it
  {"complete": node, "vars": {...}}    it was completed; without a start before it, both
  {"occur": node, "vars": {...}}       a timer, message or signal
  {"error": node, "code": code}        a business error
  {"decide": gateway, "flow": id}      where nothing else tells what it decided
with "at" (RFC 3339) if the moment matters. Scripts run by themselves; they may be listed, and with --control-only must be.

Criteria: strict, default, all, or a list of loops,order,deletions. Without the flag it is default; with --control-only
it is strict, the only one that can be judged without data.

With --control-only expressions are not compiled, gateways are free, and the answer lists every possible target. What
runs in copies is one activity then: an each, and what follows an event that interrupts nothing.

Exit codes: 0 it may move, 1 it may not, 2 wrong input or usage.
`

// check is the verb check.
func (t *terminal) check(args []string) (int, error) {
	f := t.flags("check", checkUsage)
	from := f.String("from", "", "`file` of the old version")
	to := f.String("to", "", "`file` of the new version")
	traceFile := f.String("trace", "", "`file` of what the instance has done; - is the standard input")
	process := f.String("process", "", "`id[:newid]` of the process, for files that have several")
	rename := f.String("rename", "", "`old=new,...`: steps that have another id in the new version, which does not say so itself")
	criteria := f.String("criteria", "", "`list` of relaxations")
	controlOnly := f.Bool("control-only", false, "judge by control flow alone")
	asJSON := f.Bool("json", false, "print one JSON object")
	rest, err := parse(f, args)
	if err == nil {
		err = errors.Join(nothing(rest), given(f, "from", "to", "trace"))
	}
	if err != nil {
		return wrong, err
	}
	c, err := readCriteria(*criteria, *controlOnly)
	if err != nil {
		return wrong, err
	}
	renames, err := readRenames(*rename)
	if err != nil {
		return wrong, err
	}
	a, err := t.answer(*from, *to, *traceFile, *process, migrate.Options{Criteria: c, Rename: renames}, *controlOnly)
	if err != nil {
		return wrong, err
	}
	return a.code(), a.print(t.stdout, *asJSON)
}

func given(f *flag.FlagSet, names ...string) error {
	for _, n := range names {
		if f.Lookup(n).Value.String() == "" {
			return fmt.Errorf("--%s is missing; replank %s --help tells more", n, f.Name())
		}
	}
	return nil
}

// readRenames reads the value of --rename.
func readRenames(list string) (map[string]string, error) {
	renames := map[string]string{}
	if list == "" {
		return renames, nil
	}
	for pair := range strings.SplitSeq(list, ",") {
		old, now, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if _, twice := renames[old]; !ok || old == "" || now == "" || twice {
			return nil, fmt.Errorf("--rename: %q is no renaming; want old=new, each old id once", pair)
		}
		renames[old] = now
	}
	return renames, nil
}

// readCriteria reads the value of --criteria.
func readCriteria(list string, controlOnly bool) (migrate.Criteria, error) {
	if list == "" && controlOnly {
		return migrate.Strict, nil
	}
	if list == "" {
		return migrate.Default, nil
	}
	c := migrate.Strict
	for name := range strings.SplitSeq(list, ",") {
		switch name = strings.TrimSpace(name); name {
		case "strict":
		case "default", "all":
			c |= migrate.Default
		case "loops":
			c |= migrate.Loops
		case "order":
			c |= migrate.Order
		case "deletions":
			c |= migrate.Deletions
		case "insertions", "grandfather":
			return 0, fmt.Errorf("--criteria: %s is not available yet", name)
		default:
			return 0, fmt.Errorf("--criteria: %q is none; want strict, default, all, or a list of loops, order, deletions", name)
		}
	}
	if controlOnly && c != migrate.Strict {
		return 0, errors.New("--criteria: with --control-only only strict is available: what may be left out or exchanged depends on data")
	}
	return c, nil
}

// answer reads everything and judges.
func (t *terminal) answer(from, to, traceFile, process string, o migrate.Options, controlOnly bool) (*answer, error) {
	oldID, newID, two := strings.Cut(process, ":")
	if !two {
		newID = oldID
	}
	old, err := t.process(from, oldID, controlOnly)
	if err != nil {
		return nil, fmt.Errorf("the old version:\n%w", err)
	}
	if lacks := old.Runs(); !controlOnly && len(lacks) > 0 {
		return nil, fmt.Errorf("the old version, of which there can be no instances; --control-only leaves data aside:\n%w", &schema.Error{Findings: lacks})
	}
	src, err := t.read(traceFile)
	if err != nil {
		return nil, err
	}
	if traceFile == "-" {
		traceFile = "standard input"
	}
	tr, err := readTrace(traceFile, src, old)
	if err != nil {
		return nil, err
	}
	d := newDriver(old)
	if !controlOnly {
		if err := d.drive(tr); err != nil {
			return nil, fmt.Errorf("the trace: %w", err)
		}
	}
	now, err := t.process(to, newID, controlOnly)
	if fault := (*schema.Error)(nil); errors.As(err, &fault) && unsound(fault) {
		return atFault(fault.Findings), nil
	} else if err != nil {
		return nil, fmt.Errorf("the new version:\n%w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(o.Rename)) {
		for _, x := range []struct {
			p        *schema.Process
			id, what string
		}{{old, id, "old"}, {now, o.Rename[id], "new"}} {
			if x.p.Node(x.id) == nil {
				return nil, fmt.Errorf("--rename %s=%s: the %s version has no step %q", id, o.Rename[id], x.what, x.id)
			}
		}
	}
	if controlOnly {
		return checkControl(old, now, tr, o.Rename)
	}
	return checkData(old, now, d, &o)
}

// unsound reports whether a schema was refused only because of what its runs may do: then it can be read, and what is
// wrong is the plan.
func unsound(e *schema.Error) bool {
	return !slices.ContainsFunc(e.Findings, func(f schema.Finding) bool {
		return f.Severity == schema.Fatal && !strings.HasPrefix(f.Code, "sound/") && !strings.HasPrefix(f.Code, "data/")
	})
}

// maxStates bounds the verification that only warns.
const maxStates = 1 << 16

// checkControl judges by control flow alone.
func checkControl(old, now *schema.Process, tr *trace, rename map[string]string) (*answer, error) {
	c, err := migrate.NewControl(old, now, rename)
	if fault := (*schema.Error)(nil); errors.As(err, &fault) {
		return atFault(fault.Findings), nil
	}
	v, err := c.Check(tr.steps())
	if err != nil {
		return nil, fmt.Errorf("the trace: %w", err)
	}
	a := reply(&v.Verdict, func(n uint64) int { return int(n) - 1 })
	for _, x := range v.Targets {
		a.Targets = append(a.Targets, landing(x))
	}
	for _, f := range now.Verify(schema.Budget{States: maxStates}).Findings {
		text := "the new version could not be deployed: " + f.Message
		if f.Severity == schema.Fatal && !slices.Contains(a.Warnings, text) {
			a.Warnings = append(a.Warnings, text)
		}
	}
	return a, nil
}

// checkData judges the run that the kernel made of the trace.
func checkData(old, now *schema.Process, d *driver, o *migrate.Options) (*answer, error) {
	c, err := migrate.NewChecker(old, now, o)
	if fault := (*schema.Error)(nil); errors.As(err, &fault) {
		return atFault(fault.Findings), nil
	} else if err != nil {
		return nil, err
	}
	run, err := d.run()
	if err != nil {
		return nil, err
	}
	v, _ := c.CheckRun(run)
	a := reply(&v, d.event)
	if v.Accepted() {
		x := landing(v.Target)
		a.Target = &x
	}
	return a, nil
}
