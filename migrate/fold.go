package migrate

import (
	"iter"
	"time"

	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/workflow/history"
)

// Folded is a run on the schema that it is on now, folded from a history that may have moved.
type Folded struct {
	Run
	Version uint32 // of the schema it is on
}

// Versions leads a fold from one schema to the next.
type Versions struct {
	Machine  func(version uint32) (*kernel.Machine, error)
	Checker  func(mv *kernel.Move) (*Checker, error) // of a move that was made: its schemas, renames and timer policy
	Location *time.Location                          // in which calendar durations count
}

// Fold folds a whole history, which begins on the given version.
func Fold(events iter.Seq2[kernel.Event, error], version uint32, v Versions) (*Folded, error) {
	f, err := NewFolder(version, v)
	if err != nil {
		return nil, err
	}
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		if err := f.Add(&e); err != nil {
			return nil, err
		}
	}
	return &f.Folded, nil
}

// Folder folds a history event by event. After each, Folded is the run up to there.
type Folder struct {
	Folded
	versions Versions
	machine  *kernel.Machine
}

// NewFolder begins a fold on the given version.
func NewFolder(version uint32, v Versions) (*Folder, error) {
	m, err := v.Machine(version)
	if err != nil {
		return nil, err
	}
	return &Folder{Folded{Run{&kernel.Trace{}, m.NewState()}, version}, v, m}, nil
}

// Add folds one event. At a Migrated event the landing is computed again, by the rewrite that the event carries. After
// an error the folder is not to be used.
func (f *Folder) Add(e *kernel.Event) error {
	if e.Kind != history.Migrated || e.Move == nil {
		return f.machine.Fold(f.Trace, f.State, e)
	}
	c, err := f.versions.Checker(e.Move)
	if err != nil {
		return err
	}
	landing, err := c.again(f.Run, e.Move, f.versions.Location)
	if err != nil {
		return err
	}
	f.machine = c.t
	if !c.t.Fits(e.Rules) {
		return &kernel.Refusal{Node: "rules", Err: kernel.ErrBroken}
	}
	c.t.Settled(f.State, landing.State, e)
	landing.Trace.Carry(e)
	landing.Trace.Seen, landing.Trace.Moved = c.seen(f.Trace.Seen), true
	f.Run, f.Version = Run{landing.Trace, landing.State}, e.Move.To
	return nil
}
