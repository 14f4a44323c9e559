package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/migrate"
)

// checkers are the migration checks that were prepared, for the schemas and options they were asked with. To prepare one
// explores the target schema, which may take milliseconds; to use one does not.
type checkers struct {
	mu   sync.Mutex
	list map[checkerName]*migrate.Checker
}

// checkerName says what a checker is for: equal schemas with equal options share one.
type checkerName struct {
	from, to [32]byte // digests
	options  string   // and how the versions are related
}

// maxCheckers bounds the checkers in memory.
const maxCheckers = 256

// checker returns the check of runs of one version against another. A *schema.Error says what is wrong with the plan.
func (e *Engine) checker(from, to *version, opts migrate.Options) (*migrate.Checker, error) {
	lineage, err := e.lineage(from, to)
	if err != nil {
		return nil, err
	}
	name := checkerName{from.schema.Digest(), to.schema.Digest(), describe(&opts) + relation(&lineage)}
	c := &e.catalog.checkers
	c.mu.Lock()
	known := c.list[name]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	made, err := migrate.NewCheckerOf(from.schema, to.schema, lineage, &opts)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.list[name]; known != nil {
		return known, nil
	}
	if c.list == nil || len(c.list) >= maxCheckers {
		c.list = make(map[checkerName]*migrate.Checker)
	}
	c.list[name] = made
	return made, nil
}

// lineage is how two versions of a process are related. A schema that is not deployed (number 0) would be the next.
func (e *Engine) lineage(from, to *version) (migrate.Lineage, error) {
	var l migrate.Lineage
	r, err := e.realmOf(context.Background(), to.tenant)
	if err != nil {
		return l, err
	}
	first, last := from.number+1, to.number // of those between: [first, last)
	if to.number == 0 {
		_, _, latest, err := r.known(to.name)
		if err != nil {
			return l, err
		}
		last = latest + 1
	} else if to.number < from.number {
		l.Back, first, last = true, to.number+1, from.number
	}
	for n := first; n < last; n++ {
		v, err := e.version(to.tenant, to.process, n)
		if err != nil {
			return l, err
		}
		l.Between = append(l.Between, v.schema)
	}
	if l.Back {
		slices.Reverse(l.Between)
	}
	return l, nil
}

// relation is equal for versions that are related in the same way.
func relation(l *migrate.Lineage) string {
	text := fmt.Sprint(" ", l.Back)
	for _, p := range l.Between {
		digest := p.Digest()
		text += string(digest[:])
	}
	return text
}

// describe is equal for options that mean the same.
func describe(o *migrate.Options) string {
	text := fmt.Sprintf("%d %d", o.Criteria, o.Timers)
	for _, old := range slices.Sorted(maps.Keys(o.Rename)) {
		text += fmt.Sprintf(" %q %q", old, o.Rename[old])
	}
	return text
}

// optionsOf are the options of a move that was made, as far as computing its landing again needs them.
func optionsOf(mv *kernel.Move) migrate.Options {
	o := migrate.Options{Criteria: max(migrate.Criteria(mv.Criteria), migrate.Strict), Timers: migrate.TimerPolicy(mv.Timers)}
	if len(mv.Rename) > 0 {
		o.Rename = make(map[string]string, len(mv.Rename))
		for _, r := range mv.Rename {
			o.Rename[r.Old] = r.New
		}
	}
	return o
}

// made is the check that a move passed, of an instance that is on version v of the process now.
func (e *Engine) made(v *version, mv *kernel.Move) (*migrate.Checker, error) {
	from, err := e.version(v.tenant, v.process, mv.From)
	if err != nil {
		return nil, err
	}
	to, err := e.version(v.tenant, v.process, mv.To)
	if err != nil {
		return nil, err
	}
	return e.checker(from, to, optionsOf(mv))
}

// versions leads folds through the versions of v's process.
func (e *Engine) versions(v *version) migrate.Versions {
	return migrate.Versions{
		Machine: func(number uint32) (*kernel.Machine, error) {
			x, err := e.version(v.tenant, v.process, number)
			if err != nil {
				return nil, err
			}
			return x.machine, nil
		},
		Checker:  func(mv *kernel.Move) (*migrate.Checker, error) { return e.made(v, mv) },
		Location: v.location,
	}
}

// fold folds the whole history. The run that it returns shares no state with the instance.
func (in *stored) fold() (*migrate.Folded, error) {
	f, err := migrate.Fold(in.events(1), in.head.VersionAt(1), in.e.versions(in.version))
	if err == nil && (f.Version != in.version.number || f.State.Seq != in.head.State.Seq || !slices.Equal(f.State.Marking, in.head.State.Marking)) {
		err = fmt.Errorf("%w: instance %s is not what its history led to", ErrCorrupt, in.id)
	}
	return f, err
}

// at is the version whose numbering event seq is in.
func (in *stored) at(seq uint64) (*version, error) {
	number := in.head.VersionAt(seq)
	if number == in.version.number {
		return in.version, nil
	}
	return in.e.version(in.version.tenant, in.version.process, number)
}
