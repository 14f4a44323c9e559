package store

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// logFS passes everything to the file system below, and watches the log: it
// counts syncs, and it fails the store on the first write or sync of a log file
// that fails, before Pebble learns of it.
type logFS struct {
	vfs.FS
	verdict *verdict
	syncs   atomic.Uint64
}

func (l *logFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.Create(name, c)
	return l.watch(name, f, err, "create")
}

func (l *logFS) ReuseForWrite(from, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.ReuseForWrite(from, name, c)
	return l.watch(name, f, err, "reuse")
}

func (l *logFS) watch(name string, f vfs.File, err error, op string) (vfs.File, error) {
	if !isLog(name) {
		return f, err
	}
	if err != nil {
		l.failed(op, name, err)
		return nil, err
	}
	return &logFile{File: f, fs: l, name: name}, nil
}

// Unwrap returns the file system below, as vfs.Root needs it.
func (l *logFS) Unwrap() vfs.FS { return l.FS }

func (l *logFS) failed(op, name string, err error) {
	l.verdict.fail(fmt.Errorf("%s %s: %w", op, name, err))
}

// isLog reports whether name is a log file of Pebble, which names them so.
func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

type logFile struct {
	vfs.File
	fs   *logFS
	name string
}

func (f *logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	if err != nil {
		f.fs.failed("write", f.name, err)
	}
	return n, err
}

func (f *logFile) Sync() error {
	f.fs.syncs.Add(1)
	err := f.File.Sync()
	if err != nil {
		f.fs.failed("sync", f.name, err)
	}
	return err
}

func (f *logFile) SyncData() error {
	f.fs.syncs.Add(1)
	err := f.File.SyncData()
	if err != nil {
		f.fs.failed("sync", f.name, err)
	}
	return err
}

func (f *logFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	if err != nil {
		f.fs.failed("sync", f.name, err)
	}
	return full, err
}
