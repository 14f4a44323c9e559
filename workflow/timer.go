package workflow

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/replank/replank/internal/codec"
	"github.com/replank/replank/internal/kernel"
	"github.com/replank/replank/internal/keys"
	"github.com/replank/replank/tenant"
)

// Timers. Every armed timer, and every job that waits for its next attempt, has a key in the store, sorted by due time
// within its tenant. In memory are only those due next, at most about maxTimers; one time.Timer runs to the first of
// them. When they run out, the next ones are read from the store, tenant by tenant. What came due while nothing ran is
// found the same way, and fires once: firing is a command to the owner shard, which finds the timer armed or not.
//
// Due times are wall clock times, and the wall clock may jump. A timer that goes off while its time has not come is set
// again. When the clock jumps forward, a step of any instance or, at the latest, a re-check after maxSleep notices.

const (
	// maxTimers is how many timers are read from the store at a time. Twice as many may be in memory.
	maxTimers = 16 << 10
	// maxSleep is how long the engine sleeps at most while a timer is armed.
	maxSleep = time.Hour
)

// timer is one armed timer or delayed job.
type timer struct {
	due int64 // unix milliseconds
	jobRef
}

// inTurn orders timers by due time, and those due at one time in the order of their keys in the store within each
// tenant. So any number of timers can be due at one time, and what is in memory can end between them.
func inTurn(a, b timer) int {
	if c := cmp.Compare(a.due, b.due); c != 0 {
		return c
	}
	if c := cmp.Compare(a.tenant, b.tenant); c != 0 {
		return c
	}
	if c := bytes.Compare(a.id[:], b.id[:]); c != 0 {
		return c
	}
	return cmp.Compare(a.node, b.node)
}

// never is behind all timers.
var never = timer{due: maxTime}

// timers are the timers due next.
type timers struct {
	e    *Engine
	next atomic.Int64 // due time of the first one in memory, 0: none; for late
	busy sync.WaitGroup

	mu      sync.Mutex
	running bool
	byRef   map[jobRef]int // -> index in heap
	heap    []timer        // by due time: a binary heap
	// horizon: all timers before it (see inTurn) are in memory; it and those behind it are only in the store. never: all
	// are in memory.
	horizon timer
	reading bool // the store is being read: what is armed meanwhile is kept whenever it is due
	// changed are the timers that came or went while the store was being read: the reader may have seen them as they
	// were before. nil: nothing is being read.
	changed map[jobRef]struct{}
	stopper func() bool // nil: no time.Timer is set
	wakeAt  int64       // when it goes off: unix milliseconds, or atOnce
}

const atOnce = -1

func (x *timers) init(e *Engine) { x.e, x.byRef = e, make(map[jobRef]int) }

// start begins to fire timers.
func (x *timers) start() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.running = true
	x.schedule()
}

// stop ends it, and waits for what is on its way.
func (x *timers) stop() {
	x.mu.Lock()
	x.running = false
	if x.stopper != nil && x.stopper() {
		x.busy.Done()
	}
	x.stopper, x.wakeAt = nil, 0
	x.mu.Unlock()
	x.busy.Wait()
}

// change takes timers away and adds others. Both are durable.
func (x *timers) change(gone, armed []timer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.reading {
		for _, t := range gone {
			x.changed[t.jobRef] = struct{}{}
		}
		for _, t := range armed {
			x.changed[t.jobRef] = struct{}{}
		}
	}
	for _, t := range gone {
		if i, ok := x.byRef[t.jobRef]; ok {
			x.remove(i)
		}
	}
	for _, t := range armed {
		if x.reading || inTurn(t, x.horizon) < 0 {
			x.add(t)
		}
	}
	if len(x.heap) > 2*maxTimers && !x.reading {
		x.shrink()
	}
	x.schedule()
}

// late reports whether a timer is due that has not gone off: the clock has jumped.
func (x *timers) late(now int64) bool {
	next := x.next.Load()
	return next != 0 && next <= now
}

// poke looks after the clock now.
func (x *timers) poke() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.schedule()
}

// state returns how many timers are in memory, and when the first one is due (0: none).
func (x *timers) state() (n int, due int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.heap) > 0 {
		due = x.heap[0].due
	}
	return len(x.heap), due
}

// schedule sets the one time.Timer. It needs mu.
func (x *timers) schedule() {
	if len(x.heap) > 0 {
		x.next.Store(max(x.heap[0].due, 1))
	} else {
		x.next.Store(0)
	}
	if !x.running || x.stopper != nil && x.wakeAt == atOnce {
		return
	}
	now := x.e.now()
	var at int64
	switch {
	case len(x.heap) > 0:
		at = min(x.heap[0].due, now+maxSleep.Milliseconds())
	case x.horizon == never || x.reading:
		return
	default:
		at = now // to read more
	}
	if x.stopper != nil {
		if now < x.wakeAt && x.wakeAt <= at {
			return // early enough
		}
		if !x.stopper() {
			return // it is going off, and schedules again
		}
		x.busy.Done()
	}
	d := max(0, time.Duration(at-now)*time.Millisecond)
	if x.wakeAt = at; d == 0 {
		x.wakeAt = atOnce
	}
	x.busy.Add(1)
	x.stopper = x.e.clock.AfterFunc(d, x.wake)
}

const maxTime = int64(1<<63 - 1)

// wake fires what is due, and reads more from the store if that is needed. It runs in its own goroutine.
func (x *timers) wake() {
	defer x.busy.Done()
	x.mu.Lock()
	x.stopper, x.wakeAt = nil, 0
	var due []timer
	for now := x.e.now(); x.running && len(x.heap) > 0 && x.heap[0].due <= now; {
		due = append(due, x.heap[0])
		x.remove(0)
	}
	read := x.running && len(x.heap) == 0 && x.horizon != never && !x.reading
	if read {
		x.reading, x.changed = true, make(map[jobRef]struct{})
	}
	x.mu.Unlock()
	for i := range due {
		x.fire(&due[i])
	}
	if read {
		x.read()
	}
	x.mu.Lock()
	x.schedule()
	x.mu.Unlock()
}

// fire sends the command. At is at least the due time, so that a clock that jumps back between here and the shard
// does not lose it.
func (x *timers) fire(t *timer) {
	cmd := kernel.Command{Kind: kernel.Fire, At: t.due, Node: t.node, Since: t.since}
	x.e.shardOf(t.id).inbox.push(x.e.own(request{op: opFire, tenant: t.tenant, id: t.id, cmd: cmd}))
}

// read reads the next timers from the store. Meanwhile everything that is armed is kept in memory, so nothing falls
// between what the scans saw and what came later; and of a timer that came or went meanwhile that is what counts, not
// what the scans saw.
func (x *timers) read() {
	x.mu.Lock()
	from := x.horizon
	x.mu.Unlock()
	found, upto, err := x.scan(from)
	x.mu.Lock()
	defer x.mu.Unlock()
	changed := x.changed
	x.reading, x.changed = false, nil
	if err != nil {
		if x.e.refusal() == nil {
			x.e.fail(err) // timers that are not known would be lost silently
		}
		return
	}
	for _, t := range found {
		if _, later := changed[t.jobRef]; !later {
			x.add(t)
		}
	}
	x.horizon = upto
	x.keep(func(t timer) bool { return inTurn(t, upto) < 0 }) // others were armed meanwhile, and are in the store
}

// keep drops the timers that are not to be kept. It needs mu.
func (x *timers) keep(yes func(timer) bool) {
	kept := x.heap[:0]
	for _, t := range x.heap {
		if yes(t) {
			kept = append(kept, t)
		} else {
			delete(x.byRef, t.jobRef)
		}
	}
	slices.SortFunc(kept, inTurn) // a sorted list is a heap
	x.heap = kept
	for i, t := range kept {
		x.byRef[t.jobRef] = i
	}
}

// scan returns the next timers, from on, and the one before which they are all.
func (x *timers) scan(from timer) ([]timer, timer, error) {
	ctx := context.Background()
	upto := never
	var found []timer
	trim := func() { // to the first maxTimers
		slices.SortFunc(found, inTurn)
		if len(found) > maxTimers {
			upto, found = found[maxTimers], found[:maxTimers]
		}
	}
	for info, err := range tenant.List(ctx, x.e.store) {
		if err != nil {
			return nil, never, err
		}
		t := keys.Tenant(info.ID)
		lo, hi := keys.TimerRange(t)
		switch {
		case from.due == 0: // the first scan
		case t < from.tenant:
			lo = keys.AppendTimer(nil, t, from.due+1, keys.ID{}, 0)
		case t == from.tenant:
			lo = keys.AppendTimer(nil, t, from.due, from.id, uint32(from.node))
		default:
			lo = keys.AppendTimer(nil, t, from.due, keys.ID{}, 0)
		}
		for entry, err := range x.e.store.Scan(ctx, lo, hi) {
			if err != nil {
				return nil, never, err
			}
			due, id, node, ok := keys.ParseTimer(entry.Key)
			since, err := codec.DecodeTimer(entry.Value)
			if !ok || err != nil {
				return nil, never, corrupt(entry.Key, err)
			}
			next := timer{due, jobRef{t, id, int32(node), since}}
			if inTurn(next, upto) >= 0 {
				break
			}
			found = append(found, next)
			if len(found) >= 4*maxTimers {
				trim()
			}
		}
	}
	trim()
	return found, upto, nil
}

// shrink drops the later half of what is in memory: it is in the store. It needs mu.
func (x *timers) shrink() {
	slices.SortFunc(x.heap, inTurn) // a sorted list is a heap
	for _, t := range x.heap[maxTimers:] {
		delete(x.byRef, t.jobRef)
	}
	x.horizon = x.heap[maxTimers] // it was before the old one
	x.heap = x.heap[:maxTimers]
	for i, t := range x.heap {
		x.byRef[t.jobRef] = i
	}
}

// add, remove, up and down keep the heap; they need mu.
func (x *timers) add(t timer) {
	if i, ok := x.byRef[t.jobRef]; ok {
		if x.heap[i].due == t.due {
			return
		}
		x.remove(i)
	}
	x.heap = append(x.heap, t)
	x.byRef[t.jobRef] = len(x.heap) - 1
	x.up(len(x.heap) - 1)
}

func (x *timers) remove(i int) {
	delete(x.byRef, x.heap[i].jobRef)
	last := len(x.heap) - 1
	if i != last {
		x.heap[i] = x.heap[last]
		x.byRef[x.heap[i].jobRef] = i
	}
	x.heap = x.heap[:last]
	if i != last {
		x.down(i)
		x.up(i)
	}
}

func (x *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if x.heap[parent].due <= x.heap[i].due {
			return
		}
		x.swap(i, parent)
		i = parent
	}
}

func (x *timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(x.heap) {
			return
		}
		if right := child + 1; right < len(x.heap) && x.heap[right].due < x.heap[child].due {
			child = right
		}
		if x.heap[i].due <= x.heap[child].due {
			return
		}
		x.swap(i, child)
		i = child
	}
}

func (x *timers) swap(i, j int) {
	x.heap[i], x.heap[j] = x.heap[j], x.heap[i]
	x.byRef[x.heap[i].jobRef], x.byRef[x.heap[j].jobRef] = i, j
}
