package rawpebble

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The sizes of what one transition writes, in bytes: a head and a piece of
// history, under keys of instances.
const (
	HeadSize    = 110
	HistorySize = 30
)

// instances is how many instances take turns, and runs after how many
// transitions one is replaced by a new instance: about as an engine that runs
// processes of a few steps does.
const (
	instances = 4096
	runs      = 6
)

// Load makes the keys and values of the baseline, one transition after the
// other. The slices are valid until the next call.
type Load struct {
	rng        *rand.Rand
	ids        [][16]byte
	n          uint64
	Head, Hist []byte // values
	key        [22 + 8]byte
}

// NewLoad returns the load, the same every time.
func NewLoad() *Load {
	l := &Load{
		rng: rand.New(rand.NewPCG(1, 2)), ids: make([][16]byte, instances),
		Head: make([]byte, HeadSize), Hist: make([]byte, HistorySize),
	}
	for i := range l.ids {
		l.renew(i)
	}
	return l
}

// renew gives place i a new id that sorts after all earlier ones.
func (l *Load) renew(i int) {
	l.n++
	binary.BigEndian.PutUint64(l.ids[i][:], l.n)
	binary.BigEndian.PutUint64(l.ids[i][8:], l.rng.Uint64())
}

// Step makes the i-th transition, i from 0, and calls put for the head and for
// the history.
func (l *Load) Step(i int, put func(key, value []byte)) {
	at := i % instances
	if i%(instances*runs) < instances {
		l.renew(at)
	}
	binary.LittleEndian.PutUint64(l.Head, l.rng.Uint64())
	k := append(l.key[:0], 2, 0, 0, 0, 1, 'h')
	k = append(k, l.ids[at][:]...)
	put(k, l.Head)
	k[5] = 'i'
	put(binary.BigEndian.AppendUint32(k, uint32(i/instances)), l.Hist)
}

// warmBytes is written before the clock starts, in warmBatch pieces, so that the
// logs are recycled ones.
const (
	warmBytes = 6 * MemTableSize
	warmBatch = 1 << 20
)

// Warm calls write, which must write and sync a batch, until logs are recycled.
func Warm(write func(keys [][]byte, value []byte) error) error {
	value := make([]byte, 1000)
	keys := make([][]byte, warmBatch/len(value))
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "A%04d", i)
	}
	for range warmBytes / warmBatch {
		if err := write(keys, value); err != nil {
			return err
		}
	}
	return nil
}

// Run measures the baseline in dir, which must be empty: one goroutine that
// writes per transitions into each batch, with at most depth batches whose sync
// is awaited, for about d. It returns transitions in a second. Run it in the same
// process, and close in time, as what it is compared with.
func Run(dir string, per, depth int, d time.Duration) (perSecond float64, err error) {
	db, err := pebble.Open(dir, quiet(Options(vfs.Default, MemTableSize, CacheSize)))
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	err = Warm(func(keys [][]byte, value []byte) error {
		b := db.NewBatch()
		for _, k := range keys {
			if err := b.Set(k, value, nil); err != nil {
				return err
			}
		}
		if err := b.Commit(pebble.Sync); err != nil {
			return err
		}
		return b.Close()
	})
	if err != nil {
		return 0, err
	}
	waiting := make(chan *pebble.Batch, depth)
	tickets := make(chan struct{}, depth)
	done := make(chan error)
	go func() {
		var first error
		for b := range waiting {
			if err := b.SyncWait(); err != nil && first == nil {
				first = err
			}
			<-tickets
			_ = b.Close()
		}
		done <- first
	}()
	load := NewLoad()
	start := time.Now()
	n := 0
	var applyErr error
	for applyErr == nil && time.Since(start) < d {
		tickets <- struct{}{}
		b := db.NewBatchWithSize(64 << 10)
		for range per {
			load.Step(n, func(key, value []byte) { _ = b.Set(key, value, nil) }) // a plain batch has no error
			n++
		}
		if applyErr = db.ApplyNoSyncWait(b, pebble.Sync); applyErr == nil {
			waiting <- b
		}
	}
	close(waiting)
	syncErr := <-done
	perSecond = float64(n) / time.Since(start).Seconds()
	if applyErr != nil {
		return 0, applyErr
	}
	return perSecond, syncErr
}

type silent struct{}

func (silent) Infof(string, ...any)              {}
func (silent) Errorf(string, ...any)             {}
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func quiet(o *pebble.Options) *pebble.Options {
	o.Logger = silent{}
	return o
}
