package store

// OpenSmall opens the store on the disk with memtables of memTable bytes, so that
// a test rotates logs and flushes without writing much.
func (d *Disk) OpenSmall(memTable int64) (*Mem, error) {
	return d.open(memTable, memTable, PebbleOptions{})
}
