package store

// OpenSmall opens the store on the disk with memtables of memTable bytes, so that
// a test rotates logs and flushes without writing much.
func (d *Disk) OpenSmall(memTable int64) (*Mem, error) {
	return d.open(memTable, memTable, PebbleOptions{})
}

// OpenAsOnDisk opens the store as OpenPebble would: once it has failed it is
// never closed.
func (d *Disk) OpenAsOnDisk() (*Mem, error) {
	m, err := d.Open(nil)
	if err == nil {
		m.closeFailed = false
	}
	return m, err
}
