package store

import (
	"math"
	"sync/atomic"
)

// What happens when a write fails
//
// A sync that failed once must not be tried again: the kernel may have dropped
// the pages and report success the next time. So the first error of the log or
// the manifest (seen below Pebble, in freeze.go; or told by Pebble itself)
// fails the store:
//
//   - the disk stands still, see freeze.go;
//   - commits and reads are refused: what a read would see may be lost;
//   - waiters get the failure, whose text says that the outcome is unknown;
//   - Close returns the failure at once. On disk, Pebble is not closed: it keeps
//     the directory lock until the process ends, so that nobody reads back from
//     the page cache what the disk has not got. In memory it is closed, to leave
//     no goroutine in a test.

// failure is why a store failed. It is ErrFailed, and the cause.
type failure struct{ cause error }

func (f *failure) Error() string {
	return "store: failed: " + f.cause.Error() +
		" (whether commits that were not acknowledged survive is unknown; end this process and open the store in a new one)"
}

func (f *failure) Is(target error) bool { return target == ErrFailed }
func (f *failure) Unwrap() error        { return f.cause }

// verdict holds the failure of a store, once there is one.
type verdict struct {
	first atomic.Pointer[failure]
	ch    chan struct{} // closed after first is set
}

func newVerdict() *verdict { return &verdict{ch: make(chan struct{})} }

// fail makes cause the failure, unless there is one already, and returns the
// failure that holds.
func (v *verdict) fail(cause error) error {
	if v.first.CompareAndSwap(nil, &failure{cause: cause}) {
		close(v.ch)
	}
	return v.first.Load()
}

// err returns the failure, or nil. (Not *failure: a nil one would be an error.)
func (v *verdict) err() error {
	if f := v.first.Load(); f != nil {
		return f
	}
	return nil
}

// gate counts running calls, so that Close can wait for them and refuse new
// ones. Invariant: n = running calls, minus gateClosed once shut.
type gate struct {
	n     atomic.Int64
	empty chan struct{} // capacity 1: a token when the last call left after shut
}

const gateClosed = math.MinInt64 / 2

func newGate() *gate { return &gate{empty: make(chan struct{}, 1)} }

// enter reports whether the gate is open; if so, leave must follow.
func (g *gate) enter() bool {
	if g.n.Add(1) > 0 {
		return true
	}
	g.leave()
	return false
}

func (g *gate) leave() {
	if g.n.Add(-1) == gateClosed {
		select {
		case g.empty <- struct{}{}:
		default:
		}
	}
}

// shut refuses later calls and reports whether this call was the one to shut
// the gate. The last running call leaves a token in empty.
func (g *gate) shut() bool {
	for {
		n := g.n.Load()
		if n < 0 {
			return false
		}
		if g.n.CompareAndSwap(n, n+gateClosed) {
			if n == 0 {
				g.empty <- struct{}{}
			}
			return true
		}
	}
}
