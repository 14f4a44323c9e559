package workflow

import (
	"github.com/replank/replank/store"
)

// turn is the requests that a shard carried out together, with everything that must not happen before they are
// durable. Pooled.
type turn struct {
	n       uint64        // number in its shard, from 1
	now     int64         // unix milliseconds: the time of its steps
	durable store.Durable // nil: it wrote nothing

	steps int
	bytes int         // of events and values, roughly
	dirty []*instance // until written out

	extras   []extra
	replies  []*request
	jobs     []job
	armed    []timer
	disarmed []timer
	opened   []subscription
	touched  []address // instances that changed, if anybody watches
	begun    int       // instances that began
	over     int       // and ended
}

// extra adds writes to the batch on behalf of a request on in.
type extra struct {
	in  *instance
	add func(*store.Batch)
}

// subscription is a message that an instance waits for.
type subscription struct {
	address
	node      int32
	since     uint64
	process   uint32
	name, key string
}

// reset empties t and keeps its memory.
func (t *turn) reset() {
	clear(t.dirty)
	clear(t.extras)
	clear(t.replies)
	clear(t.jobs)
	clear(t.opened)
	*t = turn{
		dirty: t.dirty[:0], extras: t.extras[:0], replies: t.replies[:0], jobs: t.jobs[:0],
		armed: t.armed[:0], disarmed: t.disarmed[:0], opened: t.opened[:0], touched: t.touched[:0],
	}
}
