package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/replank/replank/internal/rawpebble"
)

// directory is a store directory that this process holds.
type directory struct {
	fs       vfs.FS
	path     string
	lock     *pebble.Lock
	creating bool // Pebble has not made its files yet
	memory   bool
}

// OpenPebble opens the store in dir, and creates it if dir is missing or empty;
// parents are created too. opts may be nil.
//
// Errors: ErrLocked names who holds the directory; ErrNewerFormat, ErrNotStore
// (dir holds something else) and a dir that is a file leave it untouched;
// ErrCorrupt.
func OpenPebble(dir string, opts *PebbleOptions) (*Pebble, error) {
	if opts == nil {
		opts = new(PebbleOptions)
	}
	if dir == "" {
		return nil, errors.New("store: open: no directory was named")
	}
	path, err := resolve(dir)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", dir, err)
	}
	cache := opts.CacheBytes
	if cache <= 0 {
		cache = rawpebble.CacheSize
	}
	d, err := openDir(vfs.Default, path, rawpebble.MemTableSize, cache, *opts, false)
	if err != nil {
		return nil, err
	}
	return &Pebble{db: d}, nil
}

// resolve makes path the one name of its directory in this process, since the
// lock within a process goes by name.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
		if err != nil {
			return abs, nil // created on the way
		}
		return filepath.Join(parent, filepath.Base(abs)), nil
	}
	return real, err
}

// openDir looks, locks, looks again, and opens.
func openDir(fsys vfs.FS, path string, memTable, cache int64, opts PebbleOptions, memory bool) (*db, error) {
	if info, err := fsys.Stat(path); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("store: open %s: it is a file: give a directory", path)
	}
	_, _, fresh, err := readFormat(fsys, path)
	if err != nil {
		return nil, err
	}
	if fresh {
		if err := makeDir(fsys, path); err != nil {
			return nil, fmt.Errorf("store: create %s: %w", path, err)
		}
	}
	dir := &directory{fs: fsys, path: path, memory: memory}
	if err := dir.hold(); err != nil {
		return nil, err
	}
	d, err := dir.open(memTable, cache, opts)
	if err != nil {
		_ = dir.close()
		return nil, err
	}
	return d, nil
}

// makeDir creates path and makes its name durable.
func makeDir(fsys vfs.FS, path string) error {
	if err := fsys.MkdirAll(path, 0o750); err != nil {
		return err
	}
	return syncDir(fsys, fsys.PathDir(path))
}

// open opens the database of a held directory.
func (dir *directory) open(memTable, cache int64, opts PebbleOptions) (*db, error) {
	// Another process may have been here before the lock was ours.
	format, creating, fresh, err := readFormat(dir.fs, dir.path)
	if err != nil {
		return nil, err
	}
	if fresh {
		format, creating = FormatNewest, true
		if err := writeFormat(dir.fs, dir.path, format, true); err != nil {
			return nil, fmt.Errorf("store: create %s: %w", dir.path, err)
		}
	}
	dir.creating = creating
	d, err := openDB(dir.fs, dir, memTable, cache, opts)
	if err != nil {
		return nil, err
	}
	if creating {
		if err := writeFormat(dir.fs, dir.path, format, false); err != nil {
			_ = d.pdb.Close()
			return nil, fmt.Errorf("store: create %s: %w", dir.path, err)
		}
		dir.creating = false
	}
	return d, nil
}

// hold locks the directory, and leaves word who did.
func (dir *directory) hold() error {
	lock, err := pebble.LockDirectory(dir.path, dir.fs)
	if err != nil {
		if !isLockHeld(err) {
			return fmt.Errorf("store: lock %s: %w", dir.path, err)
		}
		return fmt.Errorf("%w: %s is held by %s: close it there first", ErrLocked, dir.path, dir.readHolder())
	}
	dir.lock = lock
	if err := dir.writeHolder(); err != nil {
		_ = dir.close()
		return fmt.Errorf("store: open %s: %w", dir.path, err)
	}
	return nil
}

// close gives the directory back.
func (dir *directory) close() error {
	err := dir.fs.Remove(dir.fs.PathJoin(dir.path, holderFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if e := dir.lock.Close(); err == nil {
		err = e
	}
	return err
}

// The holder file is text, one "key value" a line. It serves error messages
// only: what counts is the lock, which the system drops when a process dies.
func (dir *directory) writeHolder() error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	text := fmt.Appendf(nil, "pid %d\nprogram %s\nhost %s\nsince %s\n",
		os.Getpid(), filepath.Base(os.Args[0]), host, time.Now().UTC().Format(time.RFC3339))
	return writeText(dir.fs, dir.fs.PathJoin(dir.path, holderFile), text)
}

func (dir *directory) readHolder() string {
	text, err := readText(dir.fs, dir.fs.PathJoin(dir.path, holderFile))
	if err != nil {
		return "another opener, which left no name"
	}
	field := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		field[key] = value
	}
	pid, err := strconv.Atoi(field["pid"])
	if err != nil {
		return "another opener, which left no name"
	}
	who := fmt.Sprintf("process %d (%s) on %s since %s", pid, field["program"], field["host"], field["since"])
	if host, err := os.Hostname(); err == nil && host == field["host"] && pid == os.Getpid() {
		return "this process, " + who
	}
	return who
}

// Format returns the format of the store's directory.
func (p *Pebble) Format() Format { return FormatNewest }

// Checkpoint copies the store to dir, mostly by links if dir is on the same file
// system. Nothing waits for it. dir must not exist; after an error it may be
// left incomplete, and is then refused by OpenPebble.
func (p *Pebble) Checkpoint(ctx context.Context, dir string) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: checkpoint: %s exists: name a new directory", dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return fmt.Errorf("store: checkpoint: %w", err)
	}
	if err := p.pdb.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("store: checkpoint of %s to %s: %w", p.dir.path, dir, err)
	}
	if err := writeFormat(vfs.Default, dir, p.Format(), false); err != nil {
		return fmt.Errorf("store: checkpoint of %s to %s: %w", p.dir.path, dir, err)
	}
	return nil
}
