package workflow

import (
	"sync/atomic"
	"time"

	"github.com/replank/replank/store"
)

// Stats describe load: counters since Open, and gauges.
type Stats struct {
	Steps    uint64        // commands carried out
	Commits  uint64        // batches that became durable; one holds the steps of a turn
	Syncs    uint64        // syncs of the log, where the store counts them
	Live     int           // instances that have not ended
	Cached   int           // of them, in memory
	Queued   int           // commands that wait for their shard
	Jobs     int           // jobs that wait for a worker
	Handlers int           // handlers that run
	Timers   int           // timers and retries held in memory: those due next
	Overdue  time.Duration // how late the latest timer is; 0: none is
}

// counters are written by shards, releasers and workers.
type counters struct {
	steps, commits atomic.Uint64
	live           atomic.Int64
	handlers       atomic.Int64
}

// Stats returns counters since Open, and gauges.
func (e *Engine) Stats() Stats {
	s := Stats{
		Steps: e.counters.steps.Load(), Commits: e.counters.commits.Load(),
		Live: int(e.counters.live.Load()), Handlers: int(e.counters.handlers.Load()), Jobs: e.jobs.length(),
	}
	for _, sh := range e.shards {
		s.Queued += sh.inbox.length()
		s.Cached += int(sh.cached.Load())
	}
	if m, ok := e.store.(store.Meter); ok {
		s.Syncs = m.Stats().Syncs
	}
	var due int64
	s.Timers, due = e.timers.state()
	if due != 0 {
		s.Overdue = max(0, time.Duration(e.now()-due)*time.Millisecond)
	}
	return s
}
