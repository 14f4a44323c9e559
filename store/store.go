// Package store is the ordered key-value contract under an engine, and Pebble,
// the embedded default.
//
// The contract is small on purpose, so that a distributed ordered store, or a
// SQL database with serialisable transactions, can keep it too:
//
//   - keys are ordered bytewise and live in one flat space;
//   - a [Batch] becomes visible as a whole or not at all, and survives a crash
//     as a whole or not at all;
//   - commits are ordered: if a commit survives a crash, so does every earlier
//     one, and a reader who sees it sees them;
//   - [Store.Commit] returns before the batch is durable, and the batch is
//     visible from then on. Whoever lets an effect out (a reply, a call of a
//     handler) waits for [Durable.Wait] first;
//   - after the first write or sync that fails the store is failed: see
//     [ErrFailed].
//
// Package storetest checks all of this on any implementation.
package store

import (
	"context"
	"errors"
	"iter"
)

// Errors that callers branch on with errors.Is. The errors that are returned
// wrap these with what happened, where, and what to do.
var (
	// ErrNotFound: Get found no such key.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict: an expectation of the batch (Batch.Expect) does not hold.
	// Nothing of the batch was written.
	ErrConflict = errors.New("store: conflict")
	// ErrLocked: another opener holds the directory; the error names it.
	ErrLocked = errors.New("store: directory is open elsewhere")
	// ErrNewerFormat: a newer release wrote the data; they were not touched.
	ErrNewerFormat = errors.New("store: written by a newer version")
	// ErrCorrupt: what was read is not what was written; the error names the
	// key, file or directory.
	ErrCorrupt = errors.New("store: corrupt")
	// ErrFenced: another writer has taken over the same data. Pebble never
	// returns it, since its directory lock keeps a second writer out.
	ErrFenced = errors.New("store: another writer took over")
	// ErrFailed: a write or a sync failed. Whether a commit that was not yet
	// acknowledged survives is unknown, and the store answers nothing more: end
	// the process, and open the store in a new one.
	ErrFailed = errors.New("store: failed")
	// ErrClosed: the store, or the snapshot, was closed before the call.
	ErrClosed = errors.New("store: closed")
	// ErrNotStore: the directory holds something, and it is not a store. It was
	// not touched.
	ErrNotStore = errors.New("store: not a store directory")
)

// Limits of one batch. Commit refuses a batch beyond them, before anything is
// written, with an error that names the limit and the size.
const (
	// MaxKeySize is the length in bytes of the longest key. The shortest key
	// has one byte.
	MaxKeySize = 32 << 10
	// MaxValueSize is the length in bytes of the longest value.
	MaxValueSize = 256 << 20
	// MaxBatchSize bounds Batch.Size, in bytes.
	MaxBatchSize = 1 << 30
)

// Entry is one key and its value.
type Entry struct{ Key, Value []byte }

// Reader reads keys. Bounds of ranges are half-open, [lo, hi); a nil lo stands
// for the first key, a nil hi for past the last.
type Reader interface {
	// Get returns a copy that is the caller's, or ErrNotFound.
	Get(ctx context.Context, key []byte) ([]byte, error)
	// Scan yields [lo, hi) in key order. The slices are valid until the next
	// step and must not be changed. Every range over the result is a consistent
	// view of its own, as of its start. An error ends the sequence.
	Scan(ctx context.Context, lo, hi []byte) iter.Seq2[Entry, error]
	// ScanBack is Scan from the last key of [lo, hi) to the first.
	ScanBack(ctx context.Context, lo, hi []byte) iter.Seq2[Entry, error]
}

// Snapshot is a Reader that must be closed. Close may be called twice.
type Snapshot interface {
	Reader
	// Close releases the view and the space that it holds.
	Close() error
}

// Store keeps ordered keys. It is safe for concurrent use.
type Store interface {
	Reader
	// Snapshot returns a consistent view that later commits do not change. It
	// holds space until it is closed.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Commit orders b after every earlier Commit and returns at once, with b
	// visible to readers; Durable.Wait tells when it survives a crash.
	//
	// When Commit succeeds it has taken the content of b, which is empty
	// afterwards and may be filled again at once. When Commit fails, b keeps
	// its content, and nothing of it was written unless the error is ErrFailed.
	//
	// ErrConflict: an expectation does not hold (decided together with the
	// write, so that no other commit comes between). An empty batch is written
	// nowhere and is durable at once.
	Commit(ctx context.Context, b *Batch) (Durable, error)
	// Size estimates the bytes that [lo, hi) takes on disk, after compression.
	// What was written most recently may not be counted yet.
	Size(ctx context.Context, lo, hi []byte) (int64, error)
	// Close waits for running calls, then releases everything; open snapshots
	// end. It may be called twice. It must not be called from within a Scan.
	Close() error
}

// Durable awaits one commit.
type Durable interface {
	// Wait returns nil once the commit survives a crash. It may be called any
	// number of times, by several goroutines, and after Close of the store.
	//
	// When ctx ends first, Wait returns its error, and the commit may still
	// become durable. A ctx that cannot end is cheaper. Any other error wraps
	// ErrFailed: the outcome is unknown.
	Wait(ctx context.Context) error
}

// Checkpointer is a Store that can make a consistent copy of itself cheaply.
type Checkpointer interface {
	// Checkpoint writes to dir, which must not exist, a store with every commit
	// that returned before the call.
	Checkpoint(ctx context.Context, dir string) error
}

// Failer is a Store that tells when it has failed (see ErrFailed).
type Failer interface {
	// Failed is closed once the store is failed.
	Failed() <-chan struct{}
}

// Stats count what a store has written since it was opened.
type Stats struct {
	Commits uint64 // batches that were ordered, empty ones aside
	Syncs   uint64 // syncs of the log; several commits share one
	Bytes   uint64 // bytes of the batches
}

// Meter is a Store that counts.
type Meter interface {
	// Stats returns the counts so far.
	Stats() Stats
}
