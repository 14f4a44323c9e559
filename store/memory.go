package store

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// Mem is a Pebble that lives in memory, for tests. It runs in a synctest
// bubble, and leaves no ticking timer there.
type Mem struct {
	*db
	disk *Disk
}

// Memory returns a new, empty store in memory.
func Memory() *Mem {
	return mustOpen(NewDisk())
}

// Crash is what a power cut now would leave: every acknowledged commit, and
// nothing that was not synced. m stays usable, and closable. See Disk.Crash for
// less orderly crashes.
func (m *Mem) Crash() *Mem {
	return mustOpen(m.disk.Crash(0))
}

// Disk is what m is stored on.
func (m *Mem) Disk() *Disk { return m.disk }

// mustOpen opens a store on a disk without faults, where nothing can fail but
// this package.
func mustOpen(d *Disk) *Mem {
	m, err := d.Open(nil)
	if err != nil {
		panic(fmt.Sprintf("store: broken invariant: a store in memory does not open: %v", err))
	}
	return m
}

// Disk is a disk in memory on which a store can be opened, closed and opened
// again, and which can be told to misbehave. Its methods are safe for concurrent
// use; at most one store can be open on it at a time.
type Disk struct {
	mem *vfs.MemFS

	mu      sync.Mutex
	writes  int               // write operations so far
	onWrite func(n int) error // see OnWrite
	syncErr error             // see FailSyncs
	blocked chan struct{}     // see BlockSyncs; closed by release
}

// NewDisk returns an empty disk.
func NewDisk() *Disk { return &Disk{mem: vfs.NewCrashableMem()} }

// Sizes for stores in memory. The log of a memtable is copied at each sync, so
// it is kept short.
const (
	memoryMemTable = 1 << 20
	memoryCache    = 2 << 20
)

// Open opens the store on the disk, and creates it if there is none. opts may be
// nil.
func (d *Disk) Open(opts *PebbleOptions) (*Mem, error) {
	if opts == nil {
		opts = new(PebbleOptions)
	}
	cache := opts.CacheBytes
	if cache <= 0 {
		cache = memoryCache
	}
	return d.open(memoryMemTable, cache, *opts)
}

func (d *Disk) open(memTable, cache int64, opts PebbleOptions) (*Mem, error) {
	fs := errorfs.Wrap(d.mem, errorfs.InjectorFunc(d.before))
	inner, err := openDir(fs, "memory", memTable, cache, opts, true)
	if err != nil {
		return nil, err
	}
	inner.closeFailed = true
	return &Mem{db: inner, disk: d}, nil
}

// Crash returns a copy of the disk as a power cut now may leave it: with
// everything that was synced. With seed 0 nothing else is there; with any other
// seed each block of 4 KiB, and each name in a directory, that was not synced is
// there with probability one half, as the seed decides. The original goes on
// undisturbed; the copy has no faults.
func (d *Disk) Crash(seed uint64) *Disk {
	cfg := vfs.CrashCloneCfg{}
	if seed != 0 {
		cfg.UnsyncedDataPercent = 50
		cfg.RNG = rand.New(rand.NewPCG(seed, seed))
	}
	return &Disk{mem: d.mem.CrashClone(cfg)}
}

// OnWrite has f called before every operation that changes the disk (writing,
// syncing, creating, renaming, removing, closing), one at a time. n counts the
// operations of the disk from 1. An error of f is returned instead of the
// operation. f may call Crash, and must not call any other method of Disk. A nil
// f ends it.
func (d *Disk) OnWrite(f func(n int) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onWrite = f
}

// Writes is the number of operations that have changed the disk so far.
func (d *Disk) Writes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writes
}

// FailSyncs makes every sync of the log fail with err from now on, until
// FailSyncs(nil). The first one fails the store for good.
func (d *Disk) FailSyncs(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncErr = err
}

// BlockSyncs makes syncs of the log wait until release is called. release may be
// called twice. Commits go on, and what they return waits. A store must not be
// closed before release.
func (d *Disk) BlockSyncs() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.blocked == nil {
		d.blocked = make(chan struct{})
	}
	ch := d.blocked
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.blocked == ch {
			d.blocked = nil
			close(ch)
		}
	}
}

// before runs before every operation of the store on the disk.
func (d *Disk) before(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
		return nil
	}
	logSync := isLog(op.Path) && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData)
	if logSync {
		d.mu.Lock()
		blocked := d.blocked
		d.mu.Unlock()
		if blocked != nil {
			<-blocked
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if d.onWrite != nil {
		if err := d.onWrite(d.writes); err != nil {
			return err
		}
	}
	if logSync {
		return d.syncErr
	}
	return nil
}
