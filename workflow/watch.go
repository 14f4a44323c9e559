package workflow

import (
	"sync"
	"sync/atomic"

	"github.com/replank/replank/internal/keys"
)

// watchers are who waits for instances to change.
type watchers struct {
	n  atomic.Int32
	mu sync.Mutex
	by map[address]*watcher // the first of a list
}

type watcher struct {
	ch   chan struct{} // capacity 1
	next *watcher
}

// watch returns a channel that gets a token after every durable step, from now on, that leaves the instance ended, with
// an incident, or at rest (see busy), and when the engine fails or is shut down. Tokens that nobody takes coalesce. stop
// must be called, once.
func (e *Engine) watch(t keys.Tenant, id keys.ID) (changed <-chan struct{}, stop func()) {
	w, a := &e.watchers, address{t, id}
	own := &watcher{ch: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = make(map[address]*watcher)
	}
	own.next = w.by[a]
	w.by[a] = own
	w.n.Add(1)
	return own.ch, func() { w.remove(a, own) }
}

func (w *watchers) remove(a address, own *watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n.Add(-1)
	first := w.by[a]
	if first == own {
		if own.next == nil {
			delete(w.by, a)
		} else {
			w.by[a] = own.next
		}
		return
	}
	for x := first; x != nil; x = x.next {
		if x.next == own {
			x.next = own.next
			return
		}
	}
}

// any reports whether anybody watches anything.
func (w *watchers) any() bool { return w.n.Load() > 0 }

// changed tells who watches the instance.
func (w *watchers) changed(a address) {
	if !w.any() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for x := w.by[a]; x != nil; x = x.next {
		token(x.ch)
	}
}

// poke tells everybody.
func (w *watchers) poke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, x := range w.by {
		for ; x != nil; x = x.next {
			token(x.ch)
		}
	}
}

func token(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// busy reports whether something will happen to the instance by itself and at once: a job runs or waits for a worker,
// a timer is due, or a message that was kept is looked for. A job that waits for its next attempt is not busy: time must
// come. Only for use in inspect.
func (e *Engine) busy(in *instance) bool {
	if in.dirty || e.messages.looking(in.address) {
		return true // a step follows, or was not compared with the messages yet
	}
	return running(in, e.now())
}

// running reports whether a job of in runs, or is about to, or a timer is due.
func running(in *instance, now int64) bool {
	for i := range in.head.State.Works {
		w := &in.head.State.Works[i]
		switch {
		case w.Incident:
		case w.Job && w.Due <= now: // after a delay it keeps its Due while it runs
			return true
		case timed(&in.v.prog.Nodes[w.Node], w) && w.Due <= now:
			return true
		}
	}
	return false
}
