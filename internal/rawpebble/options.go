// Package rawpebble is Pebble as package store opens it, without the contract
// around it: the options, and the baseline that throughput is compared with.
//
// A figure of Replank is a ratio to [Run] in the same run on the same machine;
// an absolute figure says more about the disk of the day.
package rawpebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Format is the Pebble format that stores are created with: FormatValueSeparation
// of v2.1.7. It is a number, and not "the newest", so that a newer Pebble does
// not silently write what an older release of Replank cannot read. To raise it,
// add a store format (see store.Format).
const Format pebble.FormatMajorVersion = 24

// MemTableSize is the size of a memtable on disk stores, in bytes. A small one
// has Pebble recycle logs sooner, and to overwrite a recycled log costs two
// thirds of appending to a new one.
const MemTableSize = 16 << 20

// CacheSize is the default block cache, in bytes, that is left for blocks.
const CacheSize = 64 << 20

// Options returns the options for one store on fs. memTable is the size of a
// memtable and cache that of the block cache, in bytes.
func Options(fs vfs.FS, memTable, cache int64) *pebble.Options {
	o := &pebble.Options{
		FS:                 fs,
		FormatMajorVersion: Format,
		// Memtables are reserved from the block cache: the four that may queue
		// and the one that is being written.
		CacheSize:                   cache + 5*memTable,
		MemTableSize:                uint64(memTable),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		WALBytesPerSync:             0,
		CompactionConcurrencyRange:  func() (lower, upper int) { return 1, 2 },
	}
	// An instance that ends leaves a tombstone where its live head was. By default Pebble rewrites what overlaps a table
	// that is dense with tombstones as soon as that is flushed, here all ended instances; a scan meets no more of them
	// than four tables hold.
	o.Experimental.TombstoneDenseCompactionThreshold = -1
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionBalanced })
	return o
}
