package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// Data that is not what was written is ErrCorrupt to whoever opens or reads it, and the store goes on: what lies in other
// files and blocks is as good as before.

// advice is what to do about damaged data.
const advice = "restore the directory from a backup, on a disk that is well"

// damaged is ErrCorrupt of a read or of opening the store in dir. It names the file, as far as Pebble tells.
func damaged(op, dir string, err error) error {
	where, cause := dir, err
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		where, cause = info.Path, info.Details
	}
	return &damage{text: fmt.Sprintf("%v: %s %s: %v: %s", ErrCorrupt, op, where, cause, advice), cause: err}
}

// damage is ErrCorrupt, and the cause; its text is that of the cause without what Pebble adds for programs.
type damage struct {
	text  string
	cause error
}

func (d *damage) Error() string        { return d.text }
func (d *damage) Is(target error) bool { return target == ErrCorrupt }
func (d *damage) Unwrap() error        { return d.cause }

// openError says why the directory could not be opened.
func (dir *directory) openError(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, pebble.ErrDBDoesNotExist):
		return damaged("open", dir.path, fmt.Errorf("it says it is a store, but its data files are missing"))
	case pebble.IsCorruptionError(err):
		return damaged("open", dir.path, err)
	case strings.Contains(text, "unknown format major version"):
		return fmt.Errorf("%w: %s: %w: open it with the release that wrote it, or a newer one", ErrNewerFormat, dir.path, err)
	case !dir.creating && (errors.Is(err, fs.ErrNotExist) || strings.Contains(text, "object size mismatch") ||
		strings.Contains(text, "not pristine")): // Pebble does not mark these as corruption
		return damaged("open", dir.path, err)
	}
	return fmt.Errorf("store: open %s: %w", dir.path, err)
}

// tellDamage returns what Pebble calls when it finds damage, which it may do again and again: problem is told of each
// file once.
func (d *db) tellDamage(problem func(error)) func(pebble.DataCorruptionInfo) {
	var mu sync.Mutex
	told := make(map[string]bool)
	return func(info pebble.DataCorruptionInfo) {
		mu.Lock()
		first := !told[info.Path]
		told[info.Path] = true
		mu.Unlock()
		if first {
			problem(damaged("in the background: read", info.Path, info.Details))
		}
	}
}

// asError makes an error of what was recovered.
func asError(recovered any) error {
	if err, ok := recovered.(error); ok {
		return err
	}
	return fmt.Errorf("%v", recovered)
}
