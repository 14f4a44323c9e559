package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/replank/replank/internal/rawpebble"
)

// The kinds of writes are numbered as Pebble numbers them; this does not
// compile if they differ.
var (
	_ = [1]struct{}{}[int(Delete)-int(pebble.InternalKeyKindDelete)]
	_ = [1]struct{}{}[int(Put)-int(pebble.InternalKeyKindSet)]
	_ = [1]struct{}{}[int(DeleteOnce)-int(pebble.InternalKeyKindSingleDelete)]
	_ = [1]struct{}{}[int(DeleteRange)-int(pebble.InternalKeyKindRangeDelete)]
)

// PebbleOptions tune the embedded store; the zero value is good.
type PebbleOptions struct {
	// CacheBytes is the size of the block cache; 0: 64 MiB (2 MiB in memory).
	// Memtables take up to 80 MiB (5 MiB in memory) beside it.
	CacheBytes int64
	// NoSync makes Durable.Wait return at once: a power cut may lose the last
	// commits, never their order. A crash of the process alone loses at most
	// what was not yet handed to the operating system.
	NoSync bool
	// Problem, if set, is told of errors in the background that Pebble tries
	// again, such as a full disk during a compaction. It is called from
	// goroutines of the store and must return soon.
	Problem func(error)
}

// Pebble is the embedded store in a directory. See OpenPebble.
type Pebble struct {
	*db
}

// db is a Pebble database under the contract, on disk or in memory.
type db struct {
	pdb     *pebble.DB
	verdict *verdict
	calls   *gate
	disk    *freezeFS
	dir     *directory
	noSync  bool
	// closeFailed: a failed store is closed nevertheless unless it is wedged.
	// Only for stores in memory, so that a test leaves no goroutine.
	closeFailed bool

	// turn is held (by sending) for the duration of one commit: commits are
	// ordered, expectations are decided together with the write, and a commit
	// that finds Pebble broken keeps no other one waiting inside Pebble. A
	// channel, so that waiting for it ends when the store fails.
	turn   chan struct{}
	wedged atomic.Bool // Pebble panicked during a commit and holds its locks

	commits, bytes atomic.Uint64
	free           freeList

	closing sync.Once
	closed  error // result of Close

	mu    sync.Mutex
	snaps map[*snapshot]struct{} // open ones
}

// openDB opens or creates the database of an open directory.
func openDB(fs vfs.FS, dir *directory, memTable, cache int64, opts PebbleOptions) (_ *db, err error) {
	d := &db{
		verdict: newVerdict(),
		calls:   newGate(),
		dir:     dir,
		noSync:  opts.NoSync,
		turn:    make(chan struct{}, 1),
		snaps:   make(map[*snapshot]struct{}),
	}
	d.disk = &freezeFS{FS: fs, verdict: d.verdict}
	problem := opts.Problem
	if problem == nil {
		problem = func(error) {}
	}
	o := rawpebble.Options(d.disk, memTable, cache)
	o.Logger = &fatal{verdict: d.verdict, problem: problem}
	o.Lock = dir.lock
	o.ErrorIfNotExists = !dir.creating
	if dir.memory {
		// The scheduler without periodic granting: the other one ticks every
		// 100 ms, of virtual time too.
		o.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	}
	o.EventListener = &pebble.EventListener{
		BackgroundError: func(err error) { problem(fmt.Errorf("store: %s: in the background: %w", dir.path, err)) },
		// Without this Pebble ends the process. Who reads the data gets the error too, see readError.
		DataCorruption: d.tellDamage(problem),
	}
	defer func() {
		if r := recover(); r != nil {
			err = dir.openError(asError(r))
		}
	}()
	d.pdb, err = pebble.Open(dir.path, o)
	switch {
	case err == nil && d.verdict.err() != nil:
		_ = d.pdb.Close() // the disk stands still
		return nil, fmt.Errorf("store: open %s: %w", dir.path, d.verdict.first.Load().cause)
	case err == nil:
		d.free.init(d.pdb)
		return d, nil
	}
	return nil, dir.openError(err)
}

// enter begins a call; leave must follow when it returns nil.
func (d *db) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.verdict.err(); err != nil {
		return err
	}
	if !d.calls.enter() {
		return fmt.Errorf("%w: %s", ErrClosed, d.dir.path)
	}
	return nil
}

func (d *db) leave() { d.calls.leave() }

// Failed is closed once the store is failed (see ErrFailed).
func (d *db) Failed() <-chan struct{} { return d.verdict.ch }

// Stats counts since the store was opened.
func (d *db) Stats() Stats {
	return Stats{Commits: d.commits.Load(), Syncs: d.disk.syncs.Load(), Bytes: d.bytes.Load()}
}

// Size estimates the bytes of [lo, hi) in files; what is still in memory and in
// the log is not counted.
func (d *db) Size(ctx context.Context, lo, hi []byte) (int64, error) {
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.leave()
	if lo == nil {
		lo = []byte{}
	}
	if hi == nil {
		hi = pastAll
	}
	if string(lo) >= string(hi) {
		return 0, nil
	}
	n, err := d.pdb.EstimateDiskUsage(lo, hi)
	if err != nil {
		return 0, d.readError("size", lo, err)
	}
	return int64(n), nil
}

// pastAll is after every key that a batch takes, as far as an estimate cares.
var pastAll = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// Close waits for running calls, ends open snapshots and closes the database.
// Of a failed store it returns the failure at once, and the directory stays
// locked until the process ends. It may be called twice.
func (d *db) Close() error {
	d.closing.Do(func() { d.closed = d.close() })
	return d.closed
}

func (d *db) close() error {
	d.calls.shut()
	idle := false
	select {
	case <-d.calls.empty:
		idle = true
	case <-d.verdict.ch:
	}
	if err := d.verdict.err(); err != nil {
		switch {
		case !d.closeFailed:
		case idle:
			d.closeQuietly()
		default:
			go func() {
				<-d.calls.empty
				d.closeQuietly()
			}()
		}
		return err
	}
	d.endSnapshots()
	err := d.closePebble()
	if failure := d.verdict.err(); failure != nil {
		return failure
	}
	if e := d.dir.close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("store: close %s: %w", d.dir.path, err)
	}
	return nil
}

// closePebble flushes first, or the next open would replay the log. A panic of
// Pebble fails the store.
func (d *db) closePebble() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = d.verdict.fail(fmt.Errorf("close: %v", r))
		}
	}()
	if !d.dir.memory {
		if err := d.pdb.Flush(); err != nil {
			return err
		}
		if err := d.verdict.err(); err != nil {
			return err
		}
	}
	return d.pdb.Close()
}

// closeQuietly ends the goroutines of a failed store in memory, unless Pebble
// would hang. No call is running.
func (d *db) closeQuietly() {
	if d.wedged.Load() {
		return
	}
	defer func() { _ = recover() }() // the failure is already told
	d.endSnapshots()
	_ = d.pdb.Close()
	_ = d.dir.close()
}

// fatal is what Pebble logs to. It keeps nothing; a fatal message fails the
// store.
type fatal struct {
	verdict *verdict
	problem func(error)
}

func (*fatal) Infof(string, ...any) {}

func (l *fatal) Errorf(format string, args ...any) {
	l.problem(fmt.Errorf("store: "+format, args...))
}

// Fatalf must not return. Since freeze.go keeps errors of the disk away, what is
// left are broken invariants of Pebble.
func (l *fatal) Fatalf(format string, args ...any) {
	panic(l.verdict.fail(fmt.Errorf(format, args...)))
}
