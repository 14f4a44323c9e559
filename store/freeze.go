package store

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The disk stands still after a failure
//
// Pebble does not outlive an error of its log or manifest: it panics with locks
// held, in one place behind a deferred unlock of a mutex that is not locked,
// which ends the process; it ends the process by itself when the manifest fails;
// and while a table cannot be written it tries again without a pause and lets
// commits wait. So it never learns of an error of a write. freezeFS sees it
// first, fails the store, and from then on nothing on the disk changes: no file
// gets more bytes, none is made, removed or renamed. Pebble is told that they
// are, and what it makes from then on it can read back from memory, until it is
// closed or the process ends.
//
// Telling Pebble untruths is safe because the store is failed before the untruth
// is told, and whoever waits for a commit asks for that last (durable.settle).
// What a recovery finds is the disk as of the first error.
type freezeFS struct {
	vfs.FS
	verdict *verdict
	syncs   atomic.Uint64 // of logs

	once sync.Once
	mem  vfs.FS // what is written after the failure, by base name
}

// isLog reports whether name is a log of Pebble, which names them so.
func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// isMarker reports whether name is an empty file whose name names another file.
// The directory is synced before one is made: a file system that does not keep
// the order of names could otherwise keep the marker, and not what it names.
func isMarker(name string) bool { return strings.HasPrefix(base(name), "marker.") }

func base(name string) string { return path.Base(filepath.ToSlash(name)) }

// stands reports whether the disk stands still.
func (f *freezeFS) stands() bool { return f.verdict.first.Load() != nil }

// fail fails the store. It is a statement without a result: Pebble is not told.
func (f *freezeFS) fail(op, name string, err error) {
	f.verdict.fail(fmt.Errorf("%s %s: %w", op, name, err))
}

func (f *freezeFS) memory() vfs.FS {
	f.once.Do(func() { f.mem = vfs.NewMem() })
	return f.mem
}

func (f *freezeFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.make(name, "create", func() (vfs.File, error) {
		if isMarker(name) {
			if err := syncDir(f.FS, f.PathDir(name)); err != nil {
				return nil, err
			}
		}
		return f.FS.Create(name, c)
	})
}

func (f *freezeFS) ReuseForWrite(from, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.make(name, "reuse", func() (vfs.File, error) { return f.FS.ReuseForWrite(from, name, c) })
}

func (f *freezeFS) make(name, op string, create func() (vfs.File, error)) (vfs.File, error) {
	if !f.stands() {
		file, err := create()
		if err == nil {
			return &frozenFile{File: file, fs: f, name: name, log: isLog(name)}, nil
		}
		f.fail(op, name, err)
	}
	return f.memory().Create(base(name), vfs.WriteCategoryUnspecified)
}

func (f *freezeFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if f.stands() {
		if file, err := f.memory().Open(base(name), opts...); err == nil {
			return file, nil
		}
	}
	return f.FS.Open(name, opts...)
}

func (f *freezeFS) Stat(name string) (vfs.FileInfo, error) {
	if f.stands() {
		if info, err := f.memory().Stat(base(name)); err == nil {
			return info, nil
		}
	}
	return f.FS.Stat(name)
}

func (f *freezeFS) Remove(name string) error {
	if f.stands() {
		return nil
	}
	return f.FS.Remove(name)
}

func (f *freezeFS) RemoveAll(name string) error {
	if f.stands() {
		return nil
	}
	return f.FS.RemoveAll(name)
}

func (f *freezeFS) Rename(from, to string) error {
	if f.stands() {
		return nil
	}
	return f.FS.Rename(from, to)
}

// OpenDir opens a directory for syncing.
func (f *freezeFS) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &frozenFile{File: dir, fs: f, name: name}, nil
}

// Unwrap returns the file system below, as vfs.Root needs it.
func (f *freezeFS) Unwrap() vfs.FS { return f.FS }

// frozenFile is a file or directory that was opened for writing or syncing while
// all was well. What it is told after a failure it forgets, but for tables,
// which Pebble gives up when one cannot be finished: it must not find half of
// one. So a table that fails, or is open when something else does, has an error.
type frozenFile struct {
	vfs.File
	fs   *freezeFS
	name string
	log  bool
}

func (f *frozenFile) Write(p []byte) (int, error) {
	if err := f.do("write", func() error { _, err := f.File.Write(p); return err }); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *frozenFile) Sync() error {
	f.count()
	return f.do("sync", f.File.Sync)
}

func (f *frozenFile) SyncData() error {
	f.count()
	return f.do("sync", f.File.SyncData)
}

func (f *frozenFile) SyncTo(length int64) (full bool, err error) {
	err = f.do("sync", func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

func (f *frozenFile) Close() error {
	if err := f.File.Close(); err != nil {
		f.fs.fail("close", f.name, err)
	}
	return nil
}

func (f *frozenFile) count() {
	if f.log && !f.fs.stands() {
		f.fs.syncs.Add(1)
	}
}

// do runs op on the file unless the disk stands still.
func (f *frozenFile) do(name string, op func() error) error {
	if !f.fs.stands() {
		err := op()
		if err == nil {
			return nil
		}
		f.fs.fail(name, f.name, err)
	}
	switch path.Ext(f.name) {
	case ".sst", ".blob":
		return f.fs.verdict.err()
	}
	return nil
}
